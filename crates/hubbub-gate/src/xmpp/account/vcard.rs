//! A card that others may read (XEP-0054). The hash of its photo is in presence (XEP-0153), where clients put it.

use bytes::Bytes;
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{self, Limits, Tag};

use super::Account;
use super::iq::{Answer, Asked, Reply};
use super::papers::VCARD;
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;

pub(super) const NS: &str = "vcard-temp";

/// There is one card.
const KEY: &str = "";

/// Reads the account's card, or writes it as a whole (§3.2).
pub(super) fn answer(account: &mut Account, asked: &Asked<'_>, cx: &mut Cx<'_>) -> Answer {
    if !asked.set {
        account.fetch(VCARD, KEY.to_owned(), asked.parcel, fetched, cx);
        return Ok(Reply::Later);
    }
    let mut card = Vec::new();
    asked.payload.write(&mut card, "");
    let parcel = asked.parcel.clone();
    account.keep(vec![(VCARD, KEY.to_owned(), Some(card.into()))], asked.parcel, cx, move |account, cx| {
        account.reply(&parcel, None, cx);
    });
    Ok(Reply::Later)
}

/// §3.1, §3.3: who has none, and who is nobody, look alike to others.
fn fetched(account: &mut Account, asked: &Parcel, card: Option<Bytes>, cx: &mut Cx<'_>) {
    let card = card.and_then(|card| xml::parse(&card, &Limits::default()).ok());
    match card {
        Some(card) => {
            let inside = card.inner();
            account.reply(asked, Some(Tag::new("vCard", NS).raw(inside)), cx);
        }
        None if asked.from().bare() == account.bare => account.refuse(asked, Condition::ItemNotFound, cx),
        None => account.refuse(asked, Condition::ServiceUnavailable, cx),
    }
}
