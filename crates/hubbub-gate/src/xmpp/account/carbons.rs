//! Copies of conversations for one's other devices (XEP-0280).

use std::borrow::Cow;

use hubbub_hub::SessionKey;
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::xml::{CLIENT, Tag};

use super::iq::{Answer, Asked, Reply};
use super::route::tell;
use super::{Account, Resource};
use crate::session::Cx;
use crate::xmpp::chat::people::USER;
use crate::xmpp::parcel::Parcel;

pub(in crate::xmpp) const NS: &str = "urn:xmpp:carbons:2";

/// A resource wants copies from now on (§4).
pub(super) fn enable(account: &mut Account, asked: &Asked<'_>, _: &mut Cx<'_>) -> Answer {
    turn(account, asked, true)
}

/// It wants them no more (§5).
pub(super) fn disable(account: &mut Account, asked: &Asked<'_>, _: &mut Cx<'_>) -> Answer {
    turn(account, asked, false)
}

fn turn(account: &mut Account, asked: &Asked<'_>, on: bool) -> Answer {
    if !asked.set {
        return Err(Condition::BadRequest);
    }
    let name = asked.parcel.from().resource().unwrap_or_default();
    if let Some(resource) = account.resources.get_mut(name) {
        resource.has_copies = on;
    }
    Ok(Reply::Now(None))
}

impl Account {
    /// Copies what one of the account's resources says to its others (§7).
    pub(super) fn copy_sent(&self, key: SessionKey, parcel: &Parcel, cx: &mut Cx<'_>) {
        let to_oneself = parcel.to().bare_str() == self.bare.as_str();
        if !to_oneself && is_copied(parcel) {
            self.copy("sent", parcel, |resource| resource.key == key, cx);
        }
    }

    /// Copies what the account was told to those who `have` not been told (§6).
    pub(super) fn copy_received(&self, parcel: &Parcel, have: impl Fn(&Resource) -> bool, cx: &mut Cx<'_>) {
        if is_copied(parcel) {
            self.copy("received", parcel, have, cx);
        }
    }

    fn copy(&self, way: &'static str, parcel: &Parcel, have: impl Fn(&Resource) -> bool, cx: &mut Cx<'_>) {
        let (message, kind) = (parcel.element(), parcel.kind_of());
        for resource in self.devices().filter(|one| one.has_copies && !have(one)) {
            let whole = Tag::new("message", CLIENT)
                .attr("from", parcel.from().as_str())
                .attr("to", parcel.to().as_str())
                .attr_opt("id", message.attr("id"))
                .attr_opt("type", message.attr("type"))
                .attr_opt("xml:lang", message.lang())
                .raw(message.inner());
            let forwarded = Tag::new("forwarded", "urn:xmpp:forward:0").child(whole);
            let tag = Tag::new("message", CLIENT)
                .attr_opt("type", (!kind.is_empty()).then_some(&*kind))
                .child(Tag::new(way, NS).child(forwarded));
            if let Some(copy) = Parcel::made(StanzaKind::Message, &tag, &self.bare, &resource.jid) {
                tell(resource, &copy, cx);
            }
        }
    }
}

/// What a client is told of a message: all but the wish that nobody have a copy, which is for its server (§9).
pub(super) fn told(parcel: &Parcel) -> Cow<'_, Parcel> {
    let message = parcel.element();
    if message.child("private", NS).is_none() {
        return Cow::Borrowed(parcel);
    }
    let mut tag = Tag::new("message", CLIENT)
        .attr_opt("id", message.attr("id"))
        .attr_opt("type", message.attr("type"))
        .attr_opt("xml:lang", message.lang());
    for child in message.children().filter(|child| !child.is("private", NS)) {
        tag = tag.node(child);
    }
    let told = Parcel::made(StanzaKind::Message, &tag, parcel.from(), parcel.to());
    told.map_or(Cow::Borrowed(parcel), Cow::Owned)
}

/// Whether others may have a copy: of chats, and of what else has a text, unless its sender minds or it came through a room (§6,
/// XEP-0334 §4.3).
pub(super) fn is_copied(parcel: &Parcel) -> bool {
    let message = parcel.element();
    let is_said = match &*parcel.kind_of() {
        "chat" => true,
        "" | "normal" => message.child("body", CLIENT).is_some(),
        _ => false,
    };
    let unwanted = [("private", NS), ("no-copy", "urn:xmpp:hints"), ("x", USER)];
    is_said && unwanted.iter().all(|(name, ns)| message.child(name, ns).is_none())
}
