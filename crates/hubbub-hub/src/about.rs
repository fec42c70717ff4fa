//! What one message says of another: that it answers it, takes its place, likes it, takes it back.
//!
//! Whoever says so names the message as his protocol can ([`Named`]); the room's home finds it and writes down what others need to
//! understand him ([`Original`]), so nobody has to look anything up afterwards. A message that names no message is one like any other.

mod record;

use std::sync::Arc;

use crate::event::{Content, Sender};
use crate::id::MessageId;
use crate::offset::Offset;

/// Most bytes of a message's text that go along with an answer to it.
pub const QUOTE_BYTES: usize = 256;

/// What a message has to do with an earlier one of the same room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// An answer to it.
    Reply(Arc<Original>),
    /// What its author wants to have said instead. Always of the first form of a message, also if that was edited before.
    Edit(Arc<Original>),
    /// All that the sender feels about it: the content is a JSON array of strings, and replaces what he felt before.
    Reactions(Arc<Original>),
    /// It is taken back. What was said is not kept any more; in its place is [`Self::Retracted`].
    Retraction(Arc<Original>),
    /// This message itself was taken back: nothing is left of it but its place.
    Retracted(Arc<Retracted>),
}

impl About {
    /// The message that is meant; nothing where it is this one.
    #[must_use]
    pub fn original(&self) -> Option<&Arc<Original>> {
        match self {
            Self::Reply(original)
            | Self::Edit(original)
            | Self::Reactions(original)
            | Self::Retraction(original) => Some(original),
            Self::Retracted(_) => None,
        }
    }

    /// Bytes that this counts for against limits.
    #[must_use]
    pub fn weight(&self) -> usize {
        let own_id = |original: &Original| original.own_id.as_ref().map_or(0, |own_id| own_id.len());
        self.original().map_or(0, |original| original.text.len() + own_id(original)) + 128
    }
}

/// The message that another is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its name in every protocol.
    pub id: MessageId,
    /// What its sender's client called it, if it called it anything: see [`crate::Body::own_id`].
    pub own_id: Option<Arc<str>>,
    /// Who said it.
    pub from: Sender,
    /// How its text begins, of what answers it: at most [`QUOTE_BYTES`]. Empty if it has none, or it was taken back.
    pub text: Arc<str>,
}

/// How a message was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retracted {
    /// The message that took it back.
    pub id: MessageId,
    /// Who did: its author, or a moderator.
    pub by: Sender,
    /// When, in milliseconds since 1970.
    pub unix_ms: u64,
}

/// What a client wants to say of an earlier message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What.
    pub act: Act,
    /// Of which.
    pub named: Named,
    /// If there is no such message, or the client may not say so of it, to be taken as a message like any other: for protocols
    /// whose clients understand each other without us. Otherwise it is refused.
    pub or_plain: bool,
}

/// What may be said of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// See [`About::Reply`].
    Reply,
    /// See [`About::Edit`]. Only of one's own messages.
    Edit,
    /// See [`About::Reactions`].
    React,
    /// See [`About::Retraction`]. Of one's own messages, and of all for moderators.
    Retract,
}

/// How a client names a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its id.
    Id(MessageId),
    /// By its place in the room.
    At(Offset),
    /// As a client called it when it was said: found as long as it is in memory. The newest counts; for edits and retractions
    /// of those of the same sender. If none was called so and it is an id, by that.
    Own(Arc<str>),
}

/// How a content's text begins, in whole characters.
pub(crate) fn quote(content: &Content) -> Arc<str> {
    let Content::Text(text) = content else { return "".into() };
    let text = std::str::from_utf8(text).unwrap_or_default();
    text[..text.floor_char_boundary(QUOTE_BYTES)].into()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_quote_ends_with_a_whole_character() {
        let text = format!("{}é", "x".repeat(QUOTE_BYTES - 1));
        assert_eq!(quote(&Content::Text(Bytes::from(text))).len(), QUOTE_BYTES - 1);
        assert_eq!(&*quote(&Content::Text(Bytes::from_static(b"short"))), "short");
        assert_eq!(&*quote(&Content::Json(Bytes::from_static(b"1"))), "");
    }
}
