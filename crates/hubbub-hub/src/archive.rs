//! Looking things up in a log: older messages by time, by whom they were exchanged with, and around a message that is known.
//!
//! A page of an archive (XEP-0313), of a log's memory or of the store: one question, one answer.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::address::UserAddress;
use crate::event::Event;
use crate::id::MessageId;

/// What is looked for. What is not said does not limit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArchiveAsk {
    /// In an inbox: exchanged with this person.
    pub with: Option<UserAddress>,
    /// Stamped then or later, in milliseconds since 1970.
    pub start_ms: Option<u64>,
    /// Stamped then or earlier.
    pub end_ms: Option<u64>,
    /// After all of these messages.
    pub after: Vec<MessageId>,
    /// Before all of these messages.
    pub before: Vec<MessageId>,
    /// Exactly these messages.
    pub ids: Option<Vec<MessageId>>,
    /// The newest of what is found rather than the oldest.
    pub newest: bool,
    /// At most so many.
    pub limit: u32,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    /// The messages, oldest first. Fewer than the limit also where they would be too large together.
    pub events: Vec<Arc<Event>>,
    /// Nothing that is looked for lies beyond them, in the direction of the question.
    pub complete: bool,
}

impl ArchiveAsk {
    /// Whether a message is looked for, wherever it is in the log.
    #[must_use]
    pub fn takes(&self, event: &Event) -> bool {
        let with = self.with.as_ref().is_none_or(|with| event.peer() == with);
        let ids = self.ids.as_ref().is_none_or(|ids| ids.contains(&event.id));
        let start = self.start_ms.is_none_or(|start| event.unix_ms >= start);
        let end = self.end_ms.is_none_or(|end| event.unix_ms <= end);
        with && ids && start && end
    }
}

impl Archive {
    /// Takes messages as they come, up to so many and about so many bytes, but one if there is one. Says whether that was all.
    pub fn fill(
        &mut self,
        events: impl Iterator<Item = impl Borrow<Arc<Event>>>,
        limit: u32,
        bytes: usize,
    ) -> bool {
        let mut room_left = bytes;
        for event in events {
            let event = event.borrow();
            let full = event.weight() > room_left && !self.events.is_empty();
            if full || self.events.len() >= limit as usize {
                return false;
            }
            room_left = room_left.saturating_sub(event.weight());
            self.events.push(event.clone());
        }
        true
    }
}
