//! What happens in a room: events, their bodies and their senders.

use std::sync::Arc;

use bytes::Bytes;

use crate::address::{RoomName, UserAddress};
use crate::command::SessionKey;
use crate::id::MessageId;
use crate::offset::Offset;

/// Something that happened in a room, stamped once by the room's home and immutable ever after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it happened.
    pub room: RoomName,
    /// Its place in the room's order.
    pub at: Offset,
    /// Its name in every protocol and archive.
    pub id: MessageId,
    /// When the home stamped it, in milliseconds since 1970.
    pub unix_ms: u64,
    /// Who said it.
    pub from: Sender,
    /// What was said.
    pub body: Body,
    /// The session that said it, while it may still be told apart from others; not kept.
    pub origin: Option<SessionKey>,
}

impl Event {
    /// Bytes that this event counts for against a history's or a queue's limit: its content and a flat share for the rest.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.body.content.bytes().len() + 160
    }
}

/// Who said something: an address that can be answered, and the name that others see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The bare address.
    pub user: UserAddress,
    /// The name to show.
    pub name: Arc<str>,
}

/// An event's name and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// What kind of thing was said.
    pub event: EventName,
    /// What was said.
    pub content: Content,
}

/// Content, kept exactly as the sender wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// UTF-8, checked where it came in.
    Text(Bytes),
    /// One JSON value, checked where it came in and never written anew.
    Json(Bytes),
    /// Anything.
    Binary(Bytes),
}

impl Content {
    /// The content's bytes, whatever they are.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Text(bytes) | Self::Json(bytes) | Self::Binary(bytes) => bytes,
        }
    }
}

/// An event's name: `message` unless the sender says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventName(Arc<str>);

/// Why a string cannot name an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventNameError {
    /// Empty, over 128 bytes, or with control characters.
    #[error("an event's name has 1 to 128 bytes and no control characters")]
    Malformed,
    /// Begins with `hubbub:`.
    #[error("names that begin with hubbub: are the server's own")]
    Reserved,
}

impl EventName {
    /// What an event is called when nobody named it.
    pub const MESSAGE: &'static str = "message";

    /// Checks a name that a client gave.
    ///
    /// # Errors
    /// The name is malformed, or reserved for the server.
    pub fn parse(text: &str) -> Result<Self, EventNameError> {
        if text.is_empty() || text.len() > 128 || text.chars().any(char::is_control) {
            return Err(EventNameError::Malformed);
        }
        if text.starts_with("hubbub:") {
            return Err(EventNameError::Reserved);
        }
        Ok(Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the default name, which most protocols need not say.
    #[must_use]
    pub fn is_message(&self) -> bool {
        &*self.0 == Self::MESSAGE
    }
}

thread_local! {
    /// The default name is in nearly every event: one allocation per thread serves them all.
    static MESSAGE: EventName = EventName(EventName::MESSAGE.into());
}

impl Default for EventName {
    fn default() -> Self {
        MESSAGE.with(Clone::clone)
    }
}
