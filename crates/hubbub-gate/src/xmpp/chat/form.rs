//! How what happens in a room looks on a stream: the same for all occupants, but for the beginning.
//!
//! Everything here begins after `<message to='…'` or `<presence to='…'`, which each stream writes for itself.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hubbub_hub::presence::{Movement, Person};
use hubbub_hub::{Body, Carried, Content, Event, Happening, RoomName, Sender};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::xml::{Element, Limits, Tag, escape_attr, escape_text, parse};

use crate::envelope;
use crate::xmpp::stamp;

/// The form of a message that came by a stream: the whole of it, under its sender's own id.
pub(in crate::xmpp) const MESSAGE: &str = "xmpp-message";
/// The form of what a presence says of its sender: the whole of it, from his full address.
pub(in crate::xmpp) const STATUS: &str = "xmpp-presence";

const USER: &str = "http://jabber.org/protocol/muc#user";
const CLIENT: &str = "jabber:client";

/// Appends what all occupants of `room` (whose service is at `host`) are told of `what`; nothing where each is told by itself.
pub(crate) fn encode(room: &RoomName, host: &str, what: &[Happening], out: &mut Vec<u8>) {
    let Ok(at) = Jid::from_parts(Some(room.as_str()), host, None) else { return };
    for one in what {
        match one {
            Happening::Event(event) => self::event(&at, event, None, out),
            Happening::Emission(emission) => {
                attribute("from", at.as_str(), out);
                attribute("type", "groupchat", out);
                out.push(b'>');
                content(&emission.body, out);
                out.extend_from_slice(b"</message>");
            }
            Happening::Presence(change) => match &change.who {
                Some((person, Movement::Join | Movement::Show)) => out.extend(available(&at, person)),
                Some((person, Movement::Leave)) => out.extend(gone(&at, person)),
                Some((_, Movement::Rename { .. })) | None => {}
            },
            Happening::Affair(_) => {}
        }
    }
}

/// A message, with when it was said if that is some time ago.
pub(super) fn event(at: &Jid, event: &Event, said_ms: Option<u64>, out: &mut Vec<u8>) {
    let whole = event.body.carried.as_ref().filter(|carried| carried.form() == MESSAGE);
    let whole = whole.and_then(|carried| parse(carried.bytes(), &Limits::default()).ok());
    attribute("from", &occupant(at, &event.from.name), out);
    attribute("type", "groupchat", out);
    match whole.as_ref().and_then(|whole| whole.attr("id")) {
        Some(id) => attribute("id", &id, out),
        None => attribute("id", &event.id.to_string(), out),
    }
    if let Some(lang) = whole.as_ref().and_then(|whole| whole.lang()) {
        attribute("xml:lang", &lang, out);
    }
    out.push(b'>');
    match &whole {
        Some(whole) => out.extend_from_slice(&whole.inner()),
        None => content(&event.body, out),
    }
    // XEP-0359 §3: the room says under which id its archive has it.
    let id = Tag::new("stanza-id", "urn:xmpp:sid:0").attr("by", at.as_str()).attr("id", event.id.to_string());
    id.write(out, CLIENT);
    if let Some(ms) = said_ms {
        let delay =
            Tag::new("delay", "urn:xmpp:delay").attr("from", at.as_str()).attr("stamp", stamp::datetime(ms));
        delay.write(out, CLIENT);
    }
    out.extend_from_slice(b"</message>");
}

/// What was said by another protocol (docs/xmpp.md): text as it is, JSON also as such (XEP-0335), anything else described.
fn content(body: &Body, out: &mut Vec<u8>) {
    match &body.content {
        Content::Text(text) => said(&String::from_utf8_lossy(text), out),
        Content::Json(json) => json_content(&String::from_utf8_lossy(json), out),
        Content::Args(args) => {
            let mut json = Vec::new();
            envelope::args(&mut json, args);
            json_content(&String::from_utf8_lossy(&json), out);
        }
        Content::Binary(bytes) => {
            said(&format!("[binary, {} bytes]", bytes.len()), out);
            // XEP-0231 §3: at most 8 KiB travel along.
            if bytes.len() <= 8192 {
                Tag::new("data", "urn:xmpp:bob")
                    .attr("type", "application/octet-stream")
                    .text(STANDARD.encode(bytes))
                    .write(out, CLIENT);
            }
        }
    }
}

fn json_content(json: &str, out: &mut Vec<u8>) {
    said(json, out);
    Tag::new("json", "urn:xmpp:json:0").text(json).write(out, CLIENT);
}

fn said(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"<body>");
    escape_text(out, text);
    out.extend_from_slice(b"</body>");
}

/// Somebody is there.
pub(super) fn available(at: &Jid, person: &Person) -> Vec<u8> {
    let status = Status::of(person.status.as_ref());
    let x = user_tag(Some(&status.address(&person.who)), "none", "participant");
    presence(at, &person.who.name, None, None, &status, &x)
}

/// Oneself is there (XEP-0045 §7.2.2: status 110).
pub(super) fn own(
    at: &Jid,
    me: &Sender,
    status: Option<&Carried>,
    codes: &[&str],
    id: Option<&str>,
) -> Vec<u8> {
    let status = Status::of(status);
    let x = user_tag(Some(&status.address(me)), "none", "participant");
    let x = codes.iter().fold(x, |x, code| x.child(status_tag(code)));
    presence(at, &me.name, None, id, &status, &x)
}

/// Somebody has left.
fn gone(at: &Jid, person: &Person) -> Vec<u8> {
    let status = Status::of(person.status.as_ref());
    let x = user_tag(Some(&status.address(&person.who)), "none", "none");
    presence(at, &person.who.name, Some("unavailable"), None, &Status(None), &x)
}

/// Somebody is called otherwise from now on (XEP-0045 §7.6).
pub(super) fn renamed(at: &Jid, former: &str, person: &Person, codes: &[&str]) -> Vec<u8> {
    let status = Status::of(person.status.as_ref());
    let item = item_tag(Some(&status.address(&person.who)), "none", "participant");
    let item = item.attr("nick", &*person.who.name);
    let x = codes.iter().fold(Tag::new("x", USER).child(item), |x, code| x.child(status_tag(code)));
    presence(at, former, Some("unavailable"), None, &Status(None), &x)
}

/// What somebody's stream has said of him, if he has one.
pub(super) struct Status(Option<Element>);

impl Status {
    fn of(carried: Option<&Carried>) -> Self {
        let said = carried.filter(|carried| carried.form() == STATUS);
        Self(said.and_then(|said| parse(said.bytes(), &Limits::default()).ok()))
    }

    /// His full address where it is known, else his bare one.
    fn address<'a>(&'a self, who: &'a Sender) -> Cow<'a, str> {
        let full = self.0.as_ref().and_then(|said| said.attr("from"));
        full.unwrap_or(Cow::Borrowed(who.user.as_str()))
    }
}

/// What a room says of somebody.
pub(super) fn user_tag(address: Option<&str>, affiliation: &str, role: &str) -> Tag {
    Tag::new("x", USER).child(item_tag(address, affiliation, role))
}

fn item_tag(address: Option<&str>, affiliation: &str, role: &str) -> Tag {
    Tag::new("item", USER).attr("affiliation", affiliation).attr("role", role).attr_opt("jid", address)
}

/// A status code (XEP-0045 §15.6.2).
pub(super) fn status_tag(code: &str) -> Tag {
    Tag::new("status", USER).attr("code", code)
}

fn presence(at: &Jid, nick: &str, kind: Option<&str>, id: Option<&str>, status: &Status, x: &Tag) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    attribute("from", &occupant(at, nick), &mut out);
    for (name, value) in [("type", kind), ("id", id)] {
        if let Some(value) = value {
            attribute(name, value, &mut out);
        }
    }
    out.push(b'>');
    if let Some(said) = &status.0 {
        out.extend_from_slice(&said.inner());
    }
    x.write(&mut out, CLIENT);
    out.extend_from_slice(b"</presence>");
    out
}

/// The address of somebody in a room: by a name that is a resource as it stands, or as near as can be.
fn occupant(at: &Jid, nick: &str) -> String {
    at.with_resource(nick).map_or_else(|_| format!("{at}/?"), |jid| jid.as_str().to_owned())
}

fn attribute(name: &str, value: &str, out: &mut Vec<u8>) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"='");
    escape_attr(out, value);
    out.push(b'\'');
}
