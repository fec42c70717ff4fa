//! Events as packets of Socket.IO (SIO5 "Packet encoding"): names, arguments, attachments, offsets.

use bytes::Bytes;
use hubbub_hub::{About, Args, Body, Content, Emission, Event, EventName, Happening, RoomName};
use hubbub_socketio::socketio::{self as sio, Kind, msgpack};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::about;
use crate::coder::{Coder, WsDeflate};
use crate::engineio::line::Packet;
use crate::envelope;
use crate::signals::SIGNAL;

/// The namespace of those who are in several rooms.
pub(crate) const MAIN: &str = "/";

/// The event by which things are said in a room, and told, in the namespace `/`.
pub(crate) const PUBLISH: &str = "publish";

/// What a client makes of itself when these happen; an application's events of such names would be taken for them.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// The wire form of seats that share bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Form {
    /// Compression.
    pub deflate: WsDeflate,
    /// Whether Engine.IO 3 is spoken, where binary has a number before it.
    pub v3: bool,
    /// Whether packets are msgpack.
    pub msgpack: bool,
    /// Whether events carry their offset.
    pub recovers: bool,
    /// Whether the namespace is `/`; else it is that of the room.
    pub main: bool,
}

impl Form {
    /// Appends what happened in `room`, in WebSocket frames.
    pub(crate) fn encode(self, room: &RoomName, what: &[Happening], coder: &mut Coder, out: &mut Vec<u8>) {
        let own = (!self.main).then(|| namespace(room));
        let wire = Wire { namespace: own.as_deref().unwrap_or(MAIN), msgpack: self.msgpack };
        let offset = |event: &Event| self.recovers.then(|| event.at.to_string());
        for one in what {
            for packet in wire.happening(room, one, self.recovers, &offset) {
                packet.frame(out, self.v3, self.deflate, coder);
            }
        }
    }
}

/// The namespace of a room.
pub(crate) fn namespace(room: &RoomName) -> String {
    format!("/{room}")
}

/// Where packets go, and how they are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire<'a> {
    /// As the client wrote it.
    pub(crate) namespace: &'a str,
    /// Whether packets are msgpack.
    pub(crate) msgpack: bool,
}

impl Wire<'_> {
    /// What happened in a room. `offset` is the last argument of what the log keeps; those who get such must not take another
    /// string for one, so nothing else they are told ends with a string.
    pub(crate) fn happening(
        &self,
        room: &RoomName,
        what: &Happening,
        recovers: bool,
        offset: &dyn Fn(&Event) -> Option<String>,
    ) -> Vec<Packet> {
        match what {
            what if !envelope::shows(what) => Vec::new(),
            Happening::Event(event) if !recovers && !is_understood(event) => Vec::new(),
            Happening::Event(event) => {
                let mut args = self.said(Some(room), &event.body);
                if about::is_more(event) && (recovers || about::is_named(&event.body)) {
                    args.raw(more(event).to_string().as_bytes());
                }
                if let Some(offset) = offset(event) {
                    args.string(&offset);
                }
                self.event(None, args)
            }
            Happening::Presence(change) => {
                let mut data = envelope::presence_change(change);
                data["room"] = room.to_string().into();
                self.server_event("hubbub:presence", &data, None)
            }
            Happening::Affair(affair) => {
                let mut data = envelope::put_out(affair);
                data["room"] = room.to_string().into();
                self.server_event("hubbub:presence", &data, None)
            }
            Happening::Emission(emission) => self.emission(emission, recovers, None),
            Happening::Passing(passing) => match about::typing(passing) {
                Some(mut data) => {
                    data["room"] = room.to_string().into();
                    self.server_event(about::TYPING, &data, None)
                }
                None => Vec::new(),
            },
        }
    }

    /// What the application says, to be acknowledged if it has an `id`.
    pub(crate) fn emission(&self, emission: &Emission, recovers: bool, id: Option<u64>) -> Vec<Packet> {
        let mut args = self.said(emission.room.as_ref(), &emission.body);
        if recovers && args.ends_with_string() {
            args.raw(b"null");
        }
        self.event(id, args)
    }

    /// An event of the server's own.
    pub(crate) fn server_event(&self, name: &str, data: &Value, offset: Option<&str>) -> Vec<Packet> {
        let mut args = Array::default();
        args.string(name);
        args.raw(data.to_string().as_bytes());
        if let Some(offset) = offset {
            args.string(offset);
        }
        self.event(None, args)
    }

    /// A signal of somebody in `room`; `data` is an object that says it.
    pub(crate) fn signal(&self, room: &RoomName, data: &str) -> Vec<Packet> {
        let mut whole = b"{\"room\":".to_vec();
        envelope::string(&mut whole, &room.to_string());
        whole.push(b',');
        whole.extend_from_slice(data.strip_prefix('{').unwrap_or(data).as_bytes());
        let mut args = Array::default();
        args.string(SIGNAL);
        args.raw(&whole);
        self.event(None, args)
    }

    fn said(&self, room: Option<&RoomName>, body: &Body) -> Array {
        let mut args = Array::default();
        if let Some(room) = room.filter(|_| self.namespace == MAIN) {
            args.string(PUBLISH);
            args.string(&room.to_string());
        } else if RESERVED.contains(&body.event.as_str()) {
            args.string("hubbub:event");
        }
        args.string(body.event.as_str());
        match &body.about {
            Some(About::Retraction(_)) => {}
            // What follows stands where it stands behind a content.
            Some(About::Retracted(_)) => args.raw(b"null"),
            _ => args.content(&body.content),
        }
        args
    }

    fn event(&self, id: Option<u64>, args: Array) -> Vec<Packet> {
        self.packets(Kind::Event, id, args)
    }

    /// An acknowledgement: `json` is an array.
    pub(crate) fn ack(&self, id: u64, json: &str) -> Vec<Packet> {
        self.packet(Kind::Ack, Some(id), Some(json), Vec::new())
    }

    /// That the client is in the namespace.
    pub(crate) fn connect(&self, json: Option<&str>) -> Vec<Packet> {
        self.packet(Kind::Connect, None, json, Vec::new())
    }

    /// That it may not come in.
    pub(crate) fn connect_error(&self, json: &str) -> Vec<Packet> {
        self.packet(Kind::ConnectError, None, Some(json), Vec::new())
    }

    /// That it is out.
    pub(crate) fn disconnect(&self) -> Vec<Packet> {
        self.packet(Kind::Disconnect, None, None, Vec::new())
    }

    fn packets(&self, kind: Kind, id: Option<u64>, args: Array) -> Vec<Packet> {
        let Array { mut json, attachments } = args;
        json.push(b']');
        let json = String::from_utf8(json).expect("text is checked where it comes in");
        self.packet(kind, id, Some(&json), attachments)
    }

    fn packet(
        &self,
        kind: Kind,
        id: Option<u64>,
        json: Option<&str>,
        attachments: Vec<Bytes>,
    ) -> Vec<Packet> {
        let kind = if attachments.is_empty() { kind } else { kind.with_attachments() };
        if self.msgpack {
            let mut out = Vec::new();
            let mut write =
                |json: Option<&str>| msgpack::encode(kind, self.namespace, id, json, &attachments, &mut out);
            let written = write(json).or_else(|_| write(json.map(in_words).as_deref()));
            return written.is_ok().then(|| Packet::Binary(out.into())).into_iter().collect();
        }
        let text = Packet::text(|out| self.text(kind, id, json.unwrap_or_default(), attachments.len(), out));
        std::iter::once(text).chain(attachments.into_iter().map(Packet::Binary)).collect()
    }

    fn text(&self, kind: Kind, id: Option<u64>, json: &str, attachments: usize, out: &mut Vec<u8>) {
        let namespace = self.namespace;
        match kind {
            Kind::Connect => sio::connect(out, namespace, (!json.is_empty()).then_some(json)),
            Kind::ConnectError => sio::connect_error(out, namespace, json),
            Kind::Disconnect => sio::disconnect(out, namespace),
            Kind::Event => sio::event(out, namespace, id, json),
            Kind::BinaryEvent => sio::binary_event(out, namespace, id, attachments, json),
            Kind::Ack => sio::ack(out, namespace, id.unwrap_or_default(), json),
            Kind::BinaryAck => sio::binary_ack(out, namespace, id.unwrap_or_default(), attachments, json),
        }
    }
}

/// Whether it makes sense to those who are given no arguments but an event's own: they would take others for some of those.
fn is_understood(event: &Event) -> bool {
    about::is_plain(event) || about::is_named(&event.body)
}

/// The argument behind an event's own, where it has to do with another, or is an own copy.
fn more(event: &Event) -> Value {
    let mut more = Map::new();
    more.insert("id".into(), event.id.to_string().into());
    more.insert("from".into(), event.from.user.as_str().into());
    more.insert("name".into(), (&*event.from.name).into());
    more.extend(about::members(event));
    Value::Object(more)
}

/// An array of JSON in which what msgpack has no form for is a string with its JSON: numbers that no double holds, half a
/// surrogate pair, what stands in others too deeply.
fn in_words(array: &str) -> String {
    let has_form = |one: &RawValue| serde_json::from_str::<Value>(&format!("[{one}]")).is_ok();
    let all: Vec<&RawValue> = serde_json::from_str(array).unwrap_or_default();
    let each = all.into_iter().map(|one| match has_form(one) {
        true => one.to_string(),
        false => Value::from(one.get()).to_string(),
    });
    format!("[{}]", each.collect::<Vec<_>>().join(","))
}

/// A JSON array in the making, without its last bracket, and what its placeholders stand for.
#[derive(Debug, Default)]
struct Array {
    json: Vec<u8>,
    attachments: Vec<Bytes>,
}

impl Array {
    fn next(&mut self) {
        self.json.push(if self.json.is_empty() { b'[' } else { b',' });
    }

    fn string(&mut self, text: &str) {
        self.next();
        envelope::string(&mut self.json, text);
    }

    fn raw(&mut self, json: &[u8]) {
        self.next();
        self.json.extend_from_slice(json);
    }

    fn content(&mut self, content: &Content) {
        match content {
            Content::Text(text) => {
                self.string(std::str::from_utf8(text).expect("text is checked where it comes in"))
            }
            Content::Json(json) => self.raw(json),
            Content::Binary(bytes) => {
                self.raw(sio::placeholder(0).as_bytes());
                self.attachments.push(bytes.clone());
            }
            Content::Args(args) => self.args(args),
        }
    }

    /// Placeholders are numbered anew: one client's numbers are not in the order of their places.
    fn args(&mut self, args: &Args) {
        let mut all = Vec::with_capacity(args.json().len());
        args.write_with(&mut all, |out, index, bytes| {
            out.extend_from_slice(sio::placeholder(index).as_bytes());
            self.attachments.push(bytes.clone());
        });
        let inner = all.trim_ascii().strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
        if let Some(inner) = inner.map(<[u8]>::trim_ascii).filter(|inner| !inner.is_empty()) {
            self.raw(inner);
        }
    }

    fn ends_with_string(&self) -> bool {
        self.json.trim_ascii_end().ends_with(b"\"")
    }
}

/// Whether an event of this name may be said by a client.
pub(crate) fn event_name(name: &str) -> Result<EventName, String> {
    EventName::parse(name).map_err(|error| format!("{name:?} cannot name an event: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_socketio::socketio::Limits;

    #[test]
    fn what_msgpack_cannot_say_is_said_in_words() {
        let wire = Wire { namespace: "/lobby", msgpack: true };
        let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
        let half = r#""\ud800""#;
        for odd in ["1e999", half, &deep] {
            let packets = wire.packet(Kind::Event, None, Some(&format!("[\"draw\",1,{odd}]")), Vec::new());
            let [Packet::Binary(bytes)] = &packets[..] else { panic!("{odd}: {packets:?}") };
            let packet = msgpack::decode(bytes, &Limits::default()).unwrap();
            let said: Value = serde_json::from_str(&packet.payload.unwrap()).unwrap();
            assert_eq!(said, serde_json::json!(["draw", 1, odd]));
        }
    }
}
