//! Signals between an occupant of a multi-user chat and those who are there by other protocols (docs/signals.md): JSON in a private message
//! (XEP-0045 §7.5), as Simple JSON Messaging has it (XEP-0432), kept by nobody (XEP-0334).

use hubbub_hub::{RoomName, Signalled};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{CLIENT, Node, Tag};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::people::{USER, occupant};
use super::{Asked, Chats, Line, form};
use crate::problem::Problem;
use crate::session::Cx;
use crate::signals::Around;
use crate::xmpp::parcel::Parcel;

/// JSON of a type that somebody has defined (XEP-0432).
const NS_PAYLOAD: &str = "urn:xmpp:json-msg:0";
/// JSON in XML (XEP-0335).
const NS_JSON: &str = "urn:xmpp:json:0";
/// The type of a signal.
const DATATYPE: &str = "urn:hubbub:signal";

/// By what a room says that it has signals (XEP-0432 §2).
pub(super) const FEATURES: [&str; 2] = [NS_PAYLOAD, "urn:xmpp:json-msg:0#urn:hubbub:signal"];

/// What a client writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words<'a> {
    /// One of the occupant's sessions, or somebody's address; else it is for all of the occupant's.
    to: Option<String>,
    #[serde(borrow)]
    signal: &'a RawValue,
}

/// Whether a message to an occupant is a signal, or might be taken for one; any other goes to his client as it is. What the room hands on
/// as a signal says truly who it is from: nobody is to write such a thing himself, wherever in a message.
pub(super) fn is_signal(parcel: &Parcel) -> bool {
    fn names_signals(node: &Node<'_>) -> bool {
        is_typed(node) || node.children().any(|child| names_signals(&child))
    }
    parcel.element().children().any(|child| names_signals(&child))
}

fn is_typed(node: &Node<'_>) -> bool {
    node.ns() == NS_PAYLOAD && node.attr("datatype").is_some_and(|datatype| datatype.trim() == DATATYPE)
}

fn payload(parcel: &Parcel) -> Option<Node<'_>> {
    parcel.element().children().find(|child| child.is("payload", NS_PAYLOAD) && is_typed(child))
}

impl Chats {
    /// A signal for somebody in a room.
    pub(super) fn signal(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let is_in = self.rooms.get(room).is_some_and(|chat| chat.me.is_some());
        if !is_in {
            return line.refuse(&parcel, Condition::NotAcceptable, None);
        }
        let json = payload(&parcel).and_then(|payload| payload.child("json", NS_JSON));
        let json = json.map(|json| json.text().into_owned()).unwrap_or_default();
        let command = serde_json::from_str(&json).map_err(|error| {
            Problem::bad_request(format!("A signal is {{\"to\"?:ADDRESS,\"signal\":…}}: {error}."))
        });
        let command = command.and_then(|Words { to, signal }| {
            let to = to.as_deref().unwrap_or(parcel.to().as_str());
            Around::room(room, cx).command(to, signal.get())
        });
        match command {
            Ok(command) => self.command(room, line.who, command, Asked::Said(parcel, None), cx),
            Err(problem) => line.refuse(&parcel, condition(&problem), Some(&problem.detail)),
        }
    }

    /// Somebody in a room signals.
    pub(super) fn hear(&self, room: &RoomName, signalled: &Signalled, line: &mut Line<'_>, cx: &Cx<'_>) {
        let Some(chat) = self.rooms.get(room).filter(|chat| chat.me.is_some()) else { return };
        let data = Around::room(room, cx).written(signalled);
        let json = Tag::new("json", NS_JSON).text(legal(&data));
        let mut rest = Vec::with_capacity(data.len() + 512);
        form::attribute("from", &occupant(&chat.at, &signalled.from.name), &mut rest);
        form::attribute("type", "chat", &mut rest);
        rest.push(b'>');
        Tag::new("payload", NS_PAYLOAD).attr("datatype", DATATYPE).child(json).write(&mut rest, CLIENT);
        Tag::new("x", USER).write(&mut rest, CLIENT);
        Tag::new("no-store", "urn:xmpp:hints").write(&mut rest, CLIENT);
        rest.extend_from_slice(b"</message>");
        line.out.push(chat.addressed(line.heads.message, rest.into(), line));
    }
}

/// What is wrong with a signal, in the words of RFC 6120 §8.3.3: too large is against a policy, anything else no signal.
fn condition(problem: &Problem) -> Condition {
    match problem.status {
        http::StatusCode::PAYLOAD_TOO_LARGE => Condition::PolicyViolation,
        _ => Condition::BadRequest,
    }
}

/// The same JSON in characters that XML has (XML 1.0 §2.2). Those that it has not stand in JSON only within strings.
fn legal(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

#[cfg(test)]
mod tests {
    use super::legal;

    #[test]
    fn json_is_the_same_in_characters_that_xml_has() {
        let odd = "[\"a\u{ffff}b\u{fffe}\",\t\"\u{1f514}\"]";
        let written = legal(odd);
        assert_eq!(written, "[\"a\\uffffb\\ufffe\",\t\"\u{1f514}\"]");
        let (one, other): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(odd).unwrap(), serde_json::from_str(&written).unwrap());
        assert_eq!(one, other);
    }
}
