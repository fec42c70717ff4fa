//! Engine.IO and Socket.IO without I/O: packets, payloads, one session's machine, and the two Socket.IO parsers.
//!
//! Engine.IO protocols 4 and 3, Socket.IO protocols 5 and 4 (that of Socket.IO 2.x clients). Nothing here reads a
//! socket, a clock or a random number: requests and frames come in, answers and frames go out.
//!
//! - [`engine`] is the transport: [`Engine`](engine::Engine) is one session, on HTTP long-polling or WebSocket, with its
//!   upgrade from one to the other and its heartbeat.
//! - [`socketio`] is what travels on it: [`Packet`](socketio::Packet)s with namespaces, events, acknowledgements
//!   and binary attachments, as text ([`Assembler`](socketio::Assembler)) or as [`msgpack`](socketio::msgpack).
//!
//! ```
//! use hubbub_socketio::engine::{Engine, Frame, Message, Out, Peer, Settings, Version};
//! use hubbub_socketio::socketio::{Assembler, Limits, Protocol};
//!
//! let (mut out, leg) = (Vec::new(), 7);
//! let peer = Peer { version: Version::V4, base64: false };
//! let mut engine = Engine::open_websocket(peer, leg, "sid1", &Settings::default(), 0, &mut out);
//! assert!(matches!(&out[..], [Out::Text { leg: 7, text }] if text.as_str().starts_with(r#"0{"sid":"sid1""#)));
//!
//! let mut assembler = Assembler::new();
//! let Some(Message::Text(text)) = engine.frame(leg, Frame::Text(r#"42["hello",1]"#), 5, &mut out) else { panic!() };
//! let Some(packet) = assembler.text(Protocol::V5, text, &Limits::default())? else { panic!() };
//! assert_eq!(packet.event.unwrap().name, "hello");
//! # Ok::<(), hubbub_socketio::socketio::Fault>(())
//! ```
#![forbid(unsafe_code)]

pub mod engine;
pub mod socketio;
