//! Private XML: a drawer in which clients keep what is nobody else's business (XEP-0049).

use bytes::Bytes;
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{Node, Tag};

use super::Account;
use super::iq::{Answer, Asked, Reply};
use super::papers::PRIVATE;
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;

pub(super) const NS: &str = "jabber:iq:private";

/// Reads one element, or writes some.
pub(super) fn answer(account: &mut Account, asked: &Asked<'_>, cx: &mut Cx<'_>) -> Answer {
    if asked.set { set(account, asked, cx) } else { get(account, asked, cx) }
}

fn set(account: &mut Account, asked: &Asked<'_>, cx: &mut Cx<'_>) -> Answer {
    let mut changes = Vec::new();
    for element in asked.payload.children() {
        if is_reserved(element.ns()) {
            return Err(Condition::NotAcceptable);
        }
        let mut value = Vec::new();
        element.write(&mut value, "");
        changes.push((PRIVATE, key(element), Some(Bytes::from(value))));
    }
    if changes.is_empty() {
        return Err(Condition::NotAcceptable);
    }
    let parcel = asked.parcel.clone();
    account.keep(changes, asked.parcel, cx, move |account, cx| account.reply(&parcel, None, cx));
    Ok(Reply::Later)
}

fn get(account: &mut Account, asked: &Asked<'_>, cx: &mut Cx<'_>) -> Answer {
    let mut wanted = asked.payload.children();
    let (Some(wanted), None) = (wanted.next(), wanted.next()) else { return Err(Condition::BadRequest) };
    if is_reserved(wanted.ns()) {
        return Err(Condition::NotAcceptable);
    }
    account.fetch(PRIVATE, key(wanted), asked.parcel, fetched, cx);
    Ok(Reply::Later)
}

/// What is not there comes back as it was asked for: empty.
fn fetched(account: &mut Account, asked: &Parcel, found: Option<Bytes>, cx: &mut Cx<'_>) {
    let wanted = asked.element().children().next().and_then(|query| query.children().next());
    let query = Tag::new("query", NS);
    let query = match (found, wanted) {
        (Some(found), _) => query.raw(found),
        (None, Some(wanted)) => query.node(wanted),
        (None, None) => query,
    };
    account.reply(asked, Some(query), cx);
}

fn key(element: Node<'_>) -> String {
    format!("{} {}", element.name(), element.ns())
}

/// What belongs to the server's own protocols, and an element without a namespace of its own.
fn is_reserved(ns: &str) -> bool {
    ns == NS || ns == "vcard-temp" || ns.starts_with("jabber:") || ns.starts_with("http://jabber.org/")
}
