//! What the machine wants to be done, and what it is on.

use super::{Outgoing, Peer, Reason, RequestError, Text};
use bytes::Bytes;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out<L> {
    /// Answer this GET: 200 with this body.
    Payload {
        /// The exchange to be answered.
        leg: L,
        /// The body.
        body: Vec<u8>,
        /// Whether it is `application/octet-stream`; else it is `text/plain; charset=UTF-8`.
        binary: bool,
    },
    /// Answer this POST: 200 with `ok`, `text/html`.
    Posted {
        /// The exchange to be answered.
        leg: L,
    },
    /// Answer this request with an error.
    Refused {
        /// The exchange to be answered.
        leg: L,
        /// Status and body.
        why: RequestError,
    },
    /// Send a text message on this WebSocket.
    Text {
        /// The WebSocket.
        leg: L,
        /// The payload of the text message.
        text: Text,
    },
    /// Send a binary message on this WebSocket.
    Binary {
        /// The WebSocket.
        leg: L,
        /// The payload of the binary message.
        bytes: Bytes,
    },
    /// Close this WebSocket, after what was sent on it. It is no longer a leg of the session.
    CloseLeg {
        /// The WebSocket.
        leg: L,
    },
    /// The session has gone from polling to this WebSocket.
    Upgraded {
        /// The WebSocket.
        leg: L,
    },
    /// The session is over.
    Closed(Reason),
}

/// What a session is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport<L> {
    /// HTTP long-polling, perhaps with an upgrade under way.
    Polling,
    /// This WebSocket. A text packet may also be sent on it past the machine.
    WebSocket(L),
    /// Nothing any more.
    Closed,
}

/// Sends a packet on a WebSocket.
pub(super) fn frame_out<L>(peer: Peer, leg: L, packet: Outgoing) -> Out<L> {
    match packet.into_frame(peer) {
        Ok(text) => Out::Text { leg, text },
        Err(bytes) => Out::Binary { leg, bytes },
    }
}
