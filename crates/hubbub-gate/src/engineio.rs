//! Engine.IO: one session over polling, over a WebSocket, or over the one and then the other.
//!
//! The machine of the protocol is in `hubbub-socketio`; here it meets workers and links. A session on polling has no link: it is a
//! `polled::Polled`, and each of its HTTP exchanges is a `leg::Leg`, on whatever worker the request came to. They write
//! to each other (`letters`). The session's id names its place (`session_id`), so no balancer needs to know about it. A session on a
//! WebSocket is a `socket::Socket`; one that goes from polling to WebSocket moves there (`probe`), to another worker if need be.
//!
//! What is said on it is Socket.IO's affair ([`crate::socketio`]) or, at `/engine.io/`, the messages of a room (`raw`).

pub(crate) mod address;
pub(crate) mod client;
mod coming;
mod exchange;
pub(crate) mod leg;
mod letters;
pub(crate) mod line;
mod mark;
mod polled;
mod probe;
pub(crate) mod raw;
pub(crate) mod socket;

pub use address::{Asked, asked};
pub use coming::Coming;
pub use exchange::Exchange;

/// What its session ids are sealed for.
const SESSION: &str = "engine.io session";
