//! What an Engine.IO session and the exchanges that carry its words tell each other.

use bytes::Bytes;
use hubbub_hub::{Happening, Reply, RoomName, Ticket};
use hubbub_socketio::engine::{Frame, RequestError, Text};

use super::client::Client;
use super::mark::Mark;
use crate::session::{Act, Answer};

/// From an exchange, or from a WebSocket that wants to take over.
#[derive(Debug)]
pub(super) enum ToHost {
    /// A request, from the holder of an id that says when the session began.
    Request(u64, Requested),
    /// The body of a POST is on its way, from the holder of an id that says when the session began.
    Coming(u64),
    /// It has come, or never will.
    Come,
    /// A message on the WebSocket.
    Frame(Carried),
    /// The link is gone before it was answered.
    Lost,
    /// The session is whole in its new place: the old one can go.
    Settled,
}

/// What is requested.
#[derive(Debug)]
pub(super) enum Requested {
    /// To hear.
    Poll(Mark),
    /// To say something.
    Post {
        /// The whole body.
        body: Bytes,
        /// Whether it is `application/octet-stream`.
        binary: bool,
        /// By which it is known if it comes again.
        mark: Mark,
    },
    /// To go on over this WebSocket.
    Upgrade,
}

/// To an exchange, or a WebSocket.
pub(super) enum ToLeg {
    /// The answer to a poll.
    Payload {
        /// Its body.
        body: Vec<u8>,
        /// Whether it is `application/octet-stream`.
        binary: bool,
    },
    /// The answer to a POST.
    Posted,
    /// The answer to any.
    Refused(RequestError),
    /// The WebSocket may be opened.
    Open,
    /// To be sent on the WebSocket.
    Text(Text),
    /// The same, in binary.
    Binary(Bytes),
    /// The WebSocket is not wanted (any more).
    Close,
    /// The session goes on over the WebSocket, in its place.
    Take(Box<Client>),
    /// What came for the session at its old place.
    Reply(RoomName, Ticket, Reply),
    /// The same.
    Answer(Ticket, Answer),
    /// The same.
    Act(Act),
    /// What happened in a room while the session was on its way, and no log keeps.
    Happened(RoomName, Vec<Happening>),
    /// From here on the session is told itself what happens there.
    HandedOver(RoomName),
}

/// A WebSocket message that travels.
#[derive(Debug)]
pub(super) enum Carried {
    /// Text.
    Text(String),
    /// Binary.
    Binary(Vec<u8>),
}

impl Carried {
    /// As the machine takes it.
    pub(super) fn frame(&self) -> Frame<'_> {
        match self {
            Self::Text(text) => Frame::Text(text),
            Self::Binary(bytes) => Frame::Binary(bytes),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}
