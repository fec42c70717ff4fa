//! Wire forms of what happens in a room. All seats of one dialect get the same bytes, made once.

use std::borrow::Cow;

use hubbub_hub::{Body, Content, Happening, RoomName};
use hubbub_ws::Kind;

use crate::about;
use crate::coder::{Coder, WsDeflate};
use crate::engineio::raw;
use crate::envelope;
use crate::socketio::form;
use crate::xmpp::chat::form as form_of_chat;

/// One wire form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// A WebSocket whose frames are messages.
    WsRaw(WsDeflate),
    /// A WebSocket with the subprotocol `hubbub.json`.
    WsJson(WsDeflate),
    /// Engine.IO over a WebSocket: messages, as on a raw one.
    EngineIo(raw::Form),
    /// Socket.IO over a WebSocket.
    SocketIo(form::Form),
    /// Server-Sent Events.
    Sse,
    /// A stream in a multi-user chat: what follows the address of each occupant.
    XmppChat {
        /// Whether he sees the others' real addresses.
        sees: bool,
    },
    /// The body of a poll's answer. Only what the log keeps shows in it.
    Poll,
}

impl Dialect {
    /// Appends `what` happened in `room`, in order. What this dialect cannot show adds nothing.
    pub fn encode(self, room: &RoomName, what: &[Happening], coder: &mut Coder, out: &mut Vec<u8>) {
        match self {
            Self::WsRaw(deflate) => what.iter().for_each(|one| ws_raw(one, deflate, coder, out)),
            Self::WsJson(deflate) => said(what).for_each(|one| ws_json(one, deflate, coder, out)),
            Self::EngineIo(form) => form.encode(what, coder, out),
            Self::SocketIo(form) => form.encode(room, what, coder, out),
            Self::Sse => said(what).for_each(|one| sse(one, out)),
            Self::XmppChat { sees } => form_of_chat::encode(room, sees, coder, what, out),
            Self::Poll => poll(what, out),
        }
    }
}

/// What there are words for.
fn said(what: &[Happening]) -> impl Iterator<Item = &Happening> {
    what.iter().filter(|one| envelope::shows(one))
}

/// The message in a frame of its own kind (docs/websocket.md), if it is one. A subject is not: it would pass for a message. Nor is what
/// is said of a message, and what the reader has said himself elsewhere: there are no words for whose it is.
pub fn raw_frame(what: &Happening) -> Option<(Kind, Cow<'_, [u8]>)> {
    let body = match what {
        Happening::Event(event) if event.body.event.is_subject() || !about::is_plain(event) => return None,
        Happening::Event(event) => &event.body,
        Happening::Emission(emission) => &emission.body,
        Happening::Presence(_) | Happening::Affair(_) | Happening::Passing(_) => return None,
    };
    Some(match &body.content {
        Content::Text(text) | Content::Json(text) => (Kind::Text, Cow::Borrowed(text)),
        Content::Binary(bytes) => (Kind::Binary, Cow::Borrowed(bytes)),
        Content::Args(args) if args.parts().is_empty() => (Kind::Text, Cow::Borrowed(args.json())),
        Content::Args(args) => {
            let mut text = Vec::new();
            envelope::args(&mut text, args);
            (Kind::Text, Cow::Owned(text))
        }
    })
}

fn ws_raw(what: &Happening, deflate: WsDeflate, coder: &mut Coder, out: &mut Vec<u8>) {
    if let Some((kind, payload)) = raw_frame(what) {
        coder.frame(out, kind, &payload, deflate);
    }
}

fn ws_json(what: &Happening, deflate: WsDeflate, coder: &mut Coder, out: &mut Vec<u8>) {
    coder.frame_of(out, deflate, |text| json_frame(what, text));
}

/// What a `hubbub.json` frame says, of what [`envelope::shows`].
pub fn json_frame(what: &Happening, out: &mut Vec<u8>) {
    match what {
        Happening::Event(event) => envelope::event(out, event),
        Happening::Presence(change) => {
            let data = envelope::presence_change(change).to_string();
            server_event(out, "hubbub:presence", data.as_bytes());
        }
        Happening::Affair(affair) => {
            let data = envelope::put_out(affair).to_string();
            server_event(out, "hubbub:presence", data.as_bytes());
        }
        Happening::Emission(emission) => envelope::emission(out, emission),
        Happening::Passing(passing) => {
            if let Some(data) = about::typing(passing) {
                server_event(out, about::TYPING, data.to_string().as_bytes());
            }
        }
    }
}

/// Appends `{"event":…,"data":…}`; `data` is JSON.
pub fn server_event(out: &mut Vec<u8>, event: &str, data: &[u8]) {
    out.extend_from_slice(b"{\"event\":");
    envelope::string(out, event);
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(data);
    out.push(b'}');
}

fn sse(what: &Happening, out: &mut Vec<u8>) {
    match what {
        Happening::Event(event) => {
            let mut data = Vec::with_capacity(event.body.content.weight() + 256);
            envelope::event(&mut data, event);
            sse_block(out, Some(&event.at.to_string()), sse_name(&event.body), &data);
        }
        Happening::Presence(change) => {
            let data = envelope::presence_change(change).to_string();
            sse_block(out, None, Some("hubbub:presence"), data.as_bytes());
        }
        Happening::Affair(affair) => {
            let data = envelope::put_out(affair).to_string();
            sse_block(out, None, Some("hubbub:presence"), data.as_bytes());
        }
        Happening::Emission(emission) => {
            let mut data = Vec::with_capacity(emission.body.content.weight() + 64);
            envelope::emission(&mut data, emission);
            sse_block(out, None, sse_name(&emission.body), &data);
        }
        Happening::Passing(passing) => {
            if let Some(data) = about::typing(passing) {
                sse_block(out, None, Some(about::TYPING), data.to_string().as_bytes());
            }
        }
    }
}

/// `message` is what an event without a name is called.
fn sse_name(body: &Body) -> Option<&str> {
    (!body.event.is_message()).then(|| body.event.as_str())
}

/// Appends one event of a stream (WHATWG HTML §9.2.6). Line breaks in the data, which in JSON can only stand between
/// tokens, become `data:` lines of their own.
pub fn sse_block(out: &mut Vec<u8>, id: Option<&str>, event: Option<&str>, data: &[u8]) {
    if let Some(id) = id {
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(id.as_bytes());
        out.push(b'\n');
    }
    if let Some(event) = event {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(event.as_bytes());
        out.push(b'\n');
    }
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
}

fn poll(what: &[Happening], out: &mut Vec<u8>) {
    let events = || {
        what.iter().filter_map(|one| match one {
            Happening::Event(event) => Some(&**event),
            _ => None,
        })
    };
    if let Some(last) = events().next_back() {
        envelope::page(out, &last.room, last.at, false, events());
    }
}
