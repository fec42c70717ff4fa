//! Messages as an inbox has them, and back.

use hubbub_hub::{Body, Carried, Content, Event, EventName, MessageId, Passing, RoomName, Wish};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::StanzaKind;
use hubbub_xmpp::xml::{CLIENT, Element, Limits, Tag, parse};

use crate::session::Cx;
use crate::xmpp::about::{self, Place, Said, written};
use crate::xmpp::chat::form::MESSAGE;
use crate::xmpp::parcel::Parcel;
use crate::xmpp::stamp;

/// Hints of what to do with a message (XEP-0334).
const HINTS: &str = "urn:xmpp:hints";

/// The inbox of whoever has this address. Guests and other servers' people have none here.
pub(in crate::xmpp) fn room(jid: &Jid, cx: &Cx<'_>) -> Option<RoomName> {
    let local = jid.local().filter(|_| jid.domain() == &*cx.settings.domain)?;
    let name = RoomName::from_localpart(local).ok()?;
    Some(RoomName::inbox_of(name.as_str()))
}

/// Whether a message is to be kept: it says something, and its sender does not mind (XEP-0160 §3, XEP-0334 §4).
pub(super) fn is_kept(parcel: &Parcel) -> bool {
    let message = parcel.element();
    let hints = |name| message.child(name, HINTS).is_some();
    let says = about::said(message, Place::Inbox).is_some() || hints("store");
    parcel.kind() == StanzaKind::Message
        && matches!(&*parcel.kind_of(), "" | "chat" | "normal")
        && says
        && !hints("no-store")
        && !hints("no-permanent-store")
}

/// What the log has of a message: what it says for everybody, and all of it for streams; and what it wants to say of another.
pub(super) fn body(parcel: &Parcel) -> (Body, Option<Wish>) {
    let message = parcel.element();
    let silence = || Said { event: EventName::carried(), content: Content::Text("".into()), wish: None };
    let Said { event, content, wish } = about::said(message, Place::Inbox).unwrap_or_else(silence);
    let whole = head(message)
        .attr("from", parcel.from().as_str())
        .attr("to", parcel.to().as_str())
        .raw(message.inner());
    let carried = Some(Carried::new(MESSAGE, whole.to_vec("").into()));
    let own_id = about::own_id_of(message);
    (Body { event, content, carried, own_id, about: None }, wish)
}

/// What a client is told of what is in the inbox of `bare`; with its time if it has `waited`.
pub(super) fn parcel(event: &Event, bare: &Jid, waited: bool) -> Option<Parcel> {
    let said_ms = waited.then_some(event.unix_ms);
    if let Some(parcel) = of_stream(event) {
        return stamped(&parcel, bare, event.id, said_ms);
    }
    let mut inner = Vec::new();
    written(&event.body, &event.from, Place::Inbox, &mut inner);
    let id = event.body.own_id.as_ref().map_or_else(|| event.id.to_string(), |own_id| own_id.to_string());
    let tag = Tag::new("message", CLIENT).attr("type", "chat").attr("id", id).raw(inner);
    let from = Jid::parse(event.from.user.as_str()).ok()?;
    let to = event.to.as_ref().map_or_else(|| Some(bare.clone()), |to| Jid::parse(to.as_str()).ok())?;
    stamped(&Parcel::made(StanzaKind::Message, &tag, &from, &to)?, bare, event.id, said_ms)
}

/// What the archive of `bare` has of it: as it was told, or as it was said by the account itself (XEP-0313 §4.2).
pub(in crate::xmpp) fn archived(event: &Event, bare: &Jid) -> Option<Parcel> {
    parcel(event, bare, false)
}

/// Whether a message came from this device, or was for it.
pub(in crate::xmpp) fn is_between(event: &Event, device: &Jid) -> bool {
    of_stream(event).is_some_and(|parcel| parcel.from() == device || parcel.to() == device)
}

/// Whether somebody is writing, if a message says that.
pub(super) fn typing(parcel: &Parcel) -> Option<bool> {
    about::typing(parcel.element()).filter(|_| matches!(&*parcel.kind_of(), "" | "chat" | "normal"))
}

/// That somebody is writing to `bare`, or not any more.
pub(super) fn typist(passing: &Passing, bare: &Jid) -> Option<Parcel> {
    let state = about::typing_tag(passing.typing?);
    let tag = Tag::new("message", CLIENT).attr("type", "chat").child(state);
    Parcel::made(StanzaKind::Message, &tag, &Jid::parse(passing.from.user.as_str()).ok()?, bare)
}

/// The message as its sender's stream had it, if it came by one.
fn of_stream(event: &Event) -> Option<Parcel> {
    let whole = event.body.carried.as_ref().filter(|carried| carried.form() == MESSAGE)?;
    let element = parse(whole.bytes(), &Limits::OWN).ok()?;
    let address = |name| Jid::parse(&element.attr(name)?).ok();
    let (from, to) = (address("from")?, address("to")?);
    Some(Parcel::new(StanzaKind::Message, element, from, to))
}

/// A message with its id in the archive of `by` (XEP-0359 §3.2), and when it was said if that is some time ago (XEP-0203).
pub(super) fn stamped(parcel: &Parcel, by: &Jid, id: MessageId, said_ms: Option<u64>) -> Option<Parcel> {
    let message = parcel.element();
    let id = Tag::new("stanza-id", "urn:xmpp:sid:0").attr("by", by.as_str()).attr("id", id.to_string());
    let delay = said_ms.map(|ms| {
        Tag::new("delay", "urn:xmpp:delay").attr("from", by.domain()).attr("stamp", stamp::datetime(ms))
    });
    let tag = head(message).raw(message.inner()).child(id).children(delay);
    Parcel::made(StanzaKind::Message, &tag, parcel.from(), parcel.to())
}

/// A message's element with what it says of itself, without its addresses.
fn head(message: &Element) -> Tag {
    Tag::new("message", CLIENT)
        .attr_opt("id", message.attr("id"))
        .attr_opt("type", message.attr("type"))
        .attr_opt("xml:lang", message.lang())
}
