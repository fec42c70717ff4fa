//! How what happens in a room looks on a stream: the same for all occupants, but for the beginning.
//!
//! Everything here begins after `<message to='…'` or `<presence to='…'`, which each stream writes for itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hubbub_hub::presence::Movement;
use hubbub_hub::{
    About, Affair, Body, Change, Content, Event, Happening, Passing, RoomConfig, RoomName, Whois,
};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::xml::{Limits, Tag, escape_attr, escape_text, parse};

pub(in crate::xmpp) use super::people::occupant;
use super::people::{USER, View, status_tag};
use crate::coder::Coder;
use crate::envelope;
use crate::xmpp::about::{Place, typing_tag, written};
use crate::xmpp::stamp;

/// The form of a message that came by a stream: the whole of it, under its sender's own id.
pub(in crate::xmpp) const MESSAGE: &str = "xmpp-message";
const CLIENT: &str = "jabber:client";

/// Appends what all occupants of `room` who see addresses, or do not, are told of `what`; nothing where each is told by itself.
pub(crate) fn encode(room: &RoomName, sees: bool, coder: &Coder, what: &[Happening], out: &mut Vec<u8>) {
    let Ok(at) = Jid::from_parts(Some(room.as_str()), coder.rooms_host(), None) else { return };
    let view = View { at: &at, sees, pseudonyms: coder.pseudonyms() };
    for one in what {
        match one {
            Happening::Event(event) => self::event(&view, event, None, out),
            Happening::Emission(emission) => {
                attribute("from", at.as_str(), out);
                attribute("type", "groupchat", out);
                out.push(b'>');
                content(&emission.body, out);
                out.extend_from_slice(b"</message>");
            }
            Happening::Presence(change) => match &change.who {
                Some((person, Movement::Join | Movement::Show)) => {
                    out.extend(view.available(person, &[], None));
                }
                Some((person, Movement::Leave)) => out.extend(view.gone(person, &[], None)),
                Some((_, Movement::Rename { .. })) | None => {}
            },
            Happening::Affair(affair) => self::affair(&view, affair, out),
            Happening::Passing(passing) => self::passing(&view, passing, out),
        }
    }
}

fn affair(view: &View<'_>, affair: &Affair, out: &mut Vec<u8>) {
    match &affair.what {
        Change::Standing(person) if affair.listed => out.extend(view.standing(person, affair, &[])),
        Change::Removed(person, why) if affair.listed => {
            out.extend(view.removed(person, why, affair, false));
        }
        Change::Configured { was, is } => configured(view.at, was, is, out),
        Change::Standing(_) | Change::Removed(..) | Change::Affiliation(..) => {}
    }
}

/// How the room is set up has changed (§10.2.1): 104, and 172 or 173 where that is about addresses.
fn configured(at: &Jid, was: &RoomConfig, is: &RoomConfig, out: &mut Vec<u8>) {
    let privacy = (was.whois != is.whois).then_some(match is.whois {
        Whois::Anyone => "172",
        Whois::Moderators => "173",
    });
    let codes = ["104"].into_iter().chain(privacy);
    attribute("from", at.as_str(), out);
    attribute("type", "groupchat", out);
    out.push(b'>');
    Tag::new("x", USER).children(codes.map(status_tag)).write(out, CLIENT);
    out.extend_from_slice(b"</message>");
}

/// What was said in passing: by another stream in its own words; of other protocols, that somebody is writing.
fn passing(view: &View<'_>, passing: &Passing, out: &mut Vec<u8>) {
    let what = passing.what.as_ref().filter(|what| what.form() == MESSAGE);
    let whole = what.and_then(|what| parse(what.bytes(), &Limits::OWN).ok());
    if whole.is_none() && passing.typing.is_none() {
        return;
    }
    attribute("from", &occupant(view.at, &passing.from.name), out);
    attribute("type", "groupchat", out);
    let said = |name| whole.as_ref().and_then(|whole| whole.attr(name));
    for name in ["id", "xml:lang"] {
        if let Some(value) = said(name) {
            attribute(name, &value, out);
        }
    }
    out.push(b'>');
    match (&whole, passing.typing) {
        (Some(whole), _) => out.extend_from_slice(&whole.inner()),
        (None, typing) => typing_tag(typing == Some(true)).write(out, CLIENT),
    }
    view.occupant_id(&passing.from, out);
    out.extend_from_slice(b"</message>");
}

/// A message, with when it was said if that is some time ago.
pub(super) fn event(view: &View<'_>, event: &Event, said_ms: Option<u64>, out: &mut Vec<u8>) {
    let at = view.at;
    let whole = event.body.carried.as_ref().filter(|carried| carried.form() == MESSAGE);
    let whole = whole.filter(|_| !moderated(event));
    let whole = whole.and_then(|carried| parse(carried.bytes(), &Limits::OWN).ok());
    match moderated(event) {
        // What a moderator takes back, the room takes back (XEP-0425 §4).
        true => attribute("from", at.as_str(), out),
        false => attribute("from", &occupant(at, &event.from.name), out),
    }
    attribute("type", "groupchat", out);
    match (whole.as_ref().and_then(|whole| whole.attr("id")), &event.body.own_id) {
        (Some(id), _) => attribute("id", &id, out),
        // What was taken back is still called so (XEP-0424 §5).
        (None, Some(id)) => attribute("id", id, out),
        (None, None) => attribute("id", &event.id.to_string(), out),
    }
    if let Some(lang) = whole.as_ref().and_then(|whole| whole.lang()) {
        attribute("xml:lang", &lang, out);
    }
    out.push(b'>');
    match &whole {
        Some(whole) => out.extend_from_slice(&whole.inner()),
        None if event.body.event.is_subject() => subject(&event.body, out),
        None => written(&event.body, &event.from, Place::Room(at), out),
    }
    // XEP-0359 §3: the room says under which id its archive has it.
    let id = Tag::new("stanza-id", "urn:xmpp:sid:0").attr("by", at.as_str()).attr("id", event.id.to_string());
    id.write(out, CLIENT);
    view.occupant_id(&event.from, out);
    if let Some(ms) = said_ms {
        delay(at, ms).write(out, CLIENT);
    }
    out.extend_from_slice(b"</message>");
}

/// Whether somebody takes back what another said.
fn moderated(event: &Event) -> bool {
    matches!(&event.body.about, Some(About::Retraction(original)) if original.from.user != event.from.user)
}

/// When something was said (XEP-0203).
pub(super) fn delay(at: &Jid, unix_ms: u64) -> Tag {
    Tag::new("delay", "urn:xmpp:delay").attr("from", at.as_str()).attr("stamp", stamp::datetime(unix_ms))
}

fn subject(body: &Body, out: &mut Vec<u8>) {
    Tag::new("subject", CLIENT).text(String::from_utf8_lossy(body.content.bytes())).write(out, CLIENT);
}

/// What was said by another protocol (docs/xmpp.md): text as it is, JSON also as such (XEP-0335), anything else described.
pub(in crate::xmpp) fn content(body: &Body, out: &mut Vec<u8>) {
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

/// An attribute, with its blank before it.
pub(super) fn attribute(name: &str, value: &str, out: &mut Vec<u8>) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"='");
    escape_attr(out, value);
    out.push(b'\'');
}
