//! The JSON forms of what happens in a room: the same in polls, event streams and `hubbub.json` WebSockets.

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use hubbub_hub::presence::{Movement, Person, PresenceChange, PresenceView};
use hubbub_hub::{
    Affair, Args, Body, Content, Emission, Event, Happening, Joined, Offset, Page, Published, RoomName,
    Sender,
};
use serde_json::json;

use crate::about;

/// Appends `text` as a JSON string.
pub fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a string is always JSON, and a Vec takes all that is written");
}

fn display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    use std::io::Write;
    write!(out, "{value}").expect("a Vec takes all that is written");
}

/// Appends a whole event: `{"id","offset","time","from","name","event","data"}`, and what it has to do with another.
pub fn event(out: &mut Vec<u8>, event: &Event) {
    stamp(out, event);
    if about::is_more(event) {
        members(out, &about::members(event));
    }
    data_of(out, &event.body);
    out.push(b'}');
}

/// Appends what the application says and no log keeps: `{"event","data"}`.
pub fn emission(out: &mut Vec<u8>, emission: &Emission) {
    out.push(b'{');
    message(out, &emission.body);
    out.push(b'}');
}

/// Appends the members of an envelope that its sender chooses, without braces: `"event","data"`, and between them what it says of another.
pub fn message(out: &mut Vec<u8>, body: &Body) {
    out.extend_from_slice(b"\"event\":");
    string(out, body.event.as_str());
    if let Some(about) = &body.about {
        members(out, &about::relation(about));
    }
    data_of(out, body);
}

/// Appends members to others.
fn members(out: &mut Vec<u8>, members: &serde_json::Map<String, serde_json::Value>) {
    for (name, value) in members {
        out.push(b',');
        string(out, name);
        out.push(b':');
        display(out, value);
    }
}

/// Appends the content of a message, if it has one that says something.
fn data_of(out: &mut Vec<u8>, body: &Body) {
    match about::has_content(body) {
        true => data(out, &body.content),
        false => out.extend_from_slice(b",\"data\":null"),
    }
}

/// Appends the members of an envelope that carry the content.
fn data(out: &mut Vec<u8>, content: &Content) {
    out.extend_from_slice(b",\"data\":");
    match content {
        Content::Text(text) => {
            string(out, std::str::from_utf8(text).expect("text is checked where it comes in"));
        }
        Content::Json(json) => out.extend_from_slice(json),
        Content::Binary(bytes) => {
            base64(out, bytes);
            out.extend_from_slice(b",\"encoding\":\"base64\"");
        }
        Content::Args(args) => {
            self::args(out, args);
            out.extend_from_slice(b",\"args\":true");
        }
    }
}

fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(BASE64_STANDARD.encode(bytes).as_bytes());
    out.push(b'"');
}

/// Appends an argument list for those who have no attachments: a binary part becomes `{"base64":"…"}`.
pub fn args(out: &mut Vec<u8>, args: &Args) {
    args.write_with(out, |out, _, bytes| {
        out.extend_from_slice(b"{\"base64\":");
        base64(out, bytes);
        out.push(b'}');
    });
}

/// Appends an event's envelope up to, and without, its data; the brace stays open.
fn stamp(out: &mut Vec<u8>, event: &Event) {
    out.extend_from_slice(b"{\"id\":\"");
    display(out, event.id);
    out.extend_from_slice(b"\",\"offset\":\"");
    display(out, event.at);
    out.extend_from_slice(b"\",\"time\":");
    display(out, event.unix_ms);
    sender(out, &event.from);
    out.extend_from_slice(b",\"event\":");
    string(out, event.body.event.as_str());
}

fn sender(out: &mut Vec<u8>, from: &Sender) {
    out.extend_from_slice(b",\"from\":");
    string(out, from.user.as_str());
    out.extend_from_slice(b",\"name\":");
    string(out, &from.name);
}

/// The answer to a publish: the envelope without the data, which its sender has.
#[must_use]
pub fn published(published: &Published, event: &str) -> serde_json::Value {
    json!({
        "id": published.id.to_string(),
        "offset": published.at.to_string(),
        "time": published.unix_ms,
        "from": published.from.user.as_str(),
        "name": &*published.from.name,
        "event": event,
    })
}

/// `object` as text, with the application's answer (a JSON array, as it wrote it) if there is one.
#[must_use]
pub fn with_answer(object: &serde_json::Value, answer: Option<&Bytes>) -> String {
    let mut text = object.to_string();
    if let Some(answer) = answer.and_then(|answer| std::str::from_utf8(answer).ok()) {
        text.pop();
        text.push_str(if text.len() > 1 { ",\"answer\":" } else { "\"answer\":" });
        text.push_str(answer);
        text.push('}');
    }
    text
}

/// Appends a poll's answer.
pub fn page<'a>(
    out: &mut Vec<u8>,
    room: &RoomName,
    cursor: Offset,
    more: bool,
    events: impl Iterator<Item = &'a Event>,
) {
    out.extend_from_slice(b"{\"room\":");
    string(out, &room.to_string());
    out.extend_from_slice(b",\"cursor\":\"");
    display(out, cursor);
    out.extend_from_slice(if more {
        b"\",\"more\":true,\"messages\":["
    } else {
        b"\",\"more\":false,\"messages\":["
    });
    for (index, one) in events.enumerate() {
        out.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
        event(out, one);
    }
    out.extend_from_slice(b"\n]}\n");
}

/// The data of `hubbub:joined`.
#[must_use]
pub fn joined(room: &RoomName, joined: &Joined) -> serde_json::Value {
    let mut data = json!({
        "room": room.to_string(),
        "cursor": joined.page.from.to_string(),
        "head": joined.page.head.to_string(),
        "recovered": joined.recovered,
    });
    if let Some(presence) = presence(&joined.presence) {
        data["presence"] = presence;
    }
    data
}

/// Who is there: `{"count", "occupants"?}`, or nothing where the room does not tell.
#[must_use]
pub fn presence(view: &PresenceView) -> Option<serde_json::Value> {
    match view {
        PresenceView::Off => None,
        PresenceView::Count(count) => Some(json!({ "count": count })),
        PresenceView::List(people) => {
            let occupants: Vec<_> = people
                .iter()
                .map(|person| {
                    json!({
                        "user": person.who.user.as_str(),
                        "name": &*person.who.name,
                        "sessions": person.sessions,
                        "since": person.since_unix_ms,
                    })
                })
                .collect();
            Some(json!({ "count": people.len(), "occupants": occupants }))
        }
    }
}

/// Whether there are words for it. How somebody is there is said in forms that only some protocols understand.
#[must_use]
pub fn shows(what: &Happening) -> bool {
    match what {
        Happening::Presence(change) => !matches!(&change.who, Some((_, Movement::Show))),
        Happening::Affair(affair) => affair.listed && affair.removed().is_some(),
        Happening::Event(_) | Happening::Emission(_) => true,
        // The rest has a form that is for those protocols that have it.
        Happening::Passing(passing) => passing.typing.is_some(),
    }
}

/// The data of `hubbub:presence`.
#[must_use]
pub fn presence_change(change: &PresenceChange) -> serde_json::Value {
    match &change.who {
        None => json!({ "count": change.count }),
        Some((Person { who, .. }, movement)) => {
            let mut data = json!({
                "action": action(movement),
                "user": who.user.as_str(),
                "name": &*who.name,
                "count": change.count,
            });
            if let Movement::Rename { former } = movement {
                data["former"] = (&**former).into();
            }
            data
        }
    }
}

/// The data of `hubbub:presence` where somebody was put out: as if he had left, with the reason.
#[must_use]
pub fn put_out(affair: &Affair) -> serde_json::Value {
    let mut data = json!({ "action": "leave" });
    if let Some((Person { who, .. }, _)) = affair.removed() {
        data["user"] = who.user.as_str().into();
        data["name"] = (&*who.name).into();
    }
    data["count"] = affair.count.into();
    if let Some(reason) = &affair.reason {
        data["reason"] = (&**reason).into();
    }
    data
}

fn action(movement: &Movement) -> &'static str {
    match movement {
        Movement::Join => "join",
        Movement::Leave => "leave",
        Movement::Rename { .. } => "rename",
        // Nobody is told: see `shows`.
        Movement::Show => "show",
    }
}

/// How far a page reaches, as an entity tag: it changes whenever the answer to the same address would.
#[must_use]
pub fn etag(page: &Page) -> String {
    format!("\"{}.{}.{}\"", page.head, page.from.seq, page.cursor().seq)
}
