//! Repetitions of the same message, told by their sender's key.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use crate::address::UserAddress;
use crate::command::Published;

/// A sender's name for one message: 1 to 128 visible ASCII characters, unique to the sender.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// Checks what a client sent.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A message that may be repeated.
#[derive(Debug, Clone)]
pub struct Remembered {
    /// Who sent it.
    pub user: UserAddress,
    /// Under which key.
    pub key: IdempotencyKey,
    /// What became of it.
    pub published: Published,
}

/// What a key is known for.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    /// Stamped with this sequence number; the log has not said yet whether it is kept.
    Pending(u64),
    /// Kept.
    Kept(Published),
    /// Taken by the room's application for itself, with this answer.
    Answered(Option<Bytes>),
}

/// The keys of a room's recent messages, bounded in age and number.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    known: HashMap<(UserAddress, IdempotencyKey), Known>,
    /// In order of age, with the time each was stamped.
    order: VecDeque<(u64, (UserAddress, IdempotencyKey))>,
}

impl Keys {
    pub(crate) fn get(&self, user: &UserAddress, key: &IdempotencyKey) -> Option<&Known> {
        self.known.get(&(user.clone(), key.clone()))
    }

    pub(crate) fn insert(&mut self, unix_ms: u64, user: UserAddress, key: IdempotencyKey, known: Known) {
        let entry = (user, key);
        if self.known.insert(entry.clone(), known).is_none() {
            self.order.push_back((unix_ms, entry));
        }
    }

    pub(crate) fn forget(&mut self, user: &UserAddress, key: &IdempotencyKey) {
        let entry = (user.clone(), key.clone());
        self.known.remove(&entry);
        self.order.retain(|(_, other)| *other != entry);
    }

    /// Drops what is older than `since_ms` or over `limit`.
    pub(crate) fn expire(&mut self, since_ms: u64, limit: usize) {
        while let Some((stamped, _)) = self.order.front() {
            if *stamped >= since_ms && self.order.len() <= limit {
                break;
            }
            if let Some((_, entry)) = self.order.pop_front() {
                self.known.remove(&entry);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}
