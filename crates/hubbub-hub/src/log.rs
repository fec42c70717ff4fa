//! The durable log as a room's home sees it: questions that leave, answers that come back.

use std::sync::Arc;

use bytes::Bytes;

use crate::address::RoomName;
use crate::archive::{Archive, ArchiveAsk};
use crate::event::Event;
use crate::id::MessageId;
use crate::idempotency::{IdempotencyKey, Remembered};
use crate::policy::Keep;

/// What a home asks of the store. Answered in order for each room.
#[derive(Debug)]
pub enum LogAsk {
    /// Open the room's log, or make it. Answered by [`LogAnswer::Opened`].
    Open {
        /// Whose log.
        room: RoomName,
        /// Make it only if an account of this (prepared) name exists or the log is already there.
        only_for_account: Option<String>,
        /// How much the store keeps of it, from now on.
        keep: Keep,
        /// How many of the newest messages to bring along, at most.
        tail_count: u32,
        /// How many bytes of them, at most.
        tail_bytes: usize,
        /// Bring the idempotency keys of messages stamped since then (milliseconds since 1970).
        keys_since_ms: u64,
        /// The epoch to begin with if the log is new.
        new_epoch: u32,
    },
    /// Keep one message. Answered by [`LogAnswer::Kept`] when it is on disk, or [`LogAnswer::Failed`].
    Append {
        /// The message.
        event: Arc<Event>,
        /// Its sender's key.
        key: Option<IdempotencyKey>,
    },
    /// Keep how a room's affairs stand, in the place of what was kept before. Answered only if that fails, by
    /// [`LogAnswer::AffairsLost`].
    Affairs {
        /// Whose.
        room: RoomName,
        /// As [`Opened::affairs`] is to bring them back.
        affairs: Bytes,
    },
    /// Bring older messages. Answered by [`LogAnswer::Page`].
    Read {
        /// From which log.
        room: RoomName,
        /// After this sequence number.
        after: u64,
        /// At most so many.
        limit: u32,
        /// Comes back with the answer.
        ticket: u64,
    },
    /// Find one message. Answered by [`LogAnswer::Found`].
    Find {
        /// In which log.
        room: RoomName,
        /// Which.
        what: Find,
        /// Comes back with the answer.
        ticket: u64,
    },
    /// Look something up. Answered by [`LogAnswer::Archive`].
    Archive {
        /// In which log.
        room: RoomName,
        /// What.
        what: Box<ArchiveAsk>,
        /// Up to this sequence number: of what comes after it nobody has been told yet.
        through: u64,
        /// Comes back with the answer.
        ticket: u64,
    },
}

/// How a message is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Find {
    /// By its id.
    Id(MessageId),
    /// By its sequence number.
    Seq(u64),
}

/// What the store answers.
#[derive(Debug)]
pub enum LogAnswer {
    /// The log is open, or there is none to open.
    Opened {
        /// Which.
        room: RoomName,
        /// Where it stands; `Ok(None)`: no such account and no such log.
        log: Result<Option<Opened>, Fault>,
    },
    /// All messages of the room up to here are on disk.
    Kept {
        /// Which room.
        room: RoomName,
        /// The last sequence number.
        through: u64,
        /// The oldest sequence number still kept.
        oldest: u64,
    },
    /// Messages from here on are not kept.
    Failed {
        /// Which room.
        room: RoomName,
        /// The first sequence number that is not.
        from: u64,
    },
    /// The log is no more, and no part of it will be in another: its owner's account was removed. Told without having been
    /// asked.
    Gone {
        /// Whose log it was.
        room: RoomName,
    },
    /// Messages asked for by [`LogAsk::Read`].
    Page {
        /// From which log.
        room: RoomName,
        /// As asked.
        ticket: u64,
        /// In order.
        events: Result<Vec<Arc<Event>>, Fault>,
    },
    /// The message asked for by [`LogAsk::Find`], if it is there.
    Found {
        /// In which log.
        room: RoomName,
        /// As asked.
        ticket: u64,
        /// It.
        event: Result<Option<Arc<Event>>, Fault>,
    },
    /// What was looked for by [`LogAsk::Archive`].
    Archive {
        /// In which log.
        room: RoomName,
        /// As asked.
        ticket: u64,
        /// What was found; nothing if a message that the question names is not there.
        found: Result<Option<Archive>, Fault>,
    },
    /// The room's affairs could not be kept.
    AffairsLost {
        /// Which room's.
        room: RoomName,
    },
}

/// Where an opened log stands.
#[derive(Debug)]
pub struct Opened {
    /// Its epoch.
    pub epoch: u32,
    /// The last sequence number; 0 in a new log.
    pub head: u64,
    /// The oldest sequence number still kept; `head + 1` if none is.
    pub oldest: u64,
    /// The newest messages, in order.
    pub tail: Vec<Arc<Event>>,
    /// Keys of messages that may still be repeated, oldest first.
    pub keys: Vec<Remembered>,
    /// How the room's affairs stood, if they were ever kept.
    pub affairs: Option<Bytes>,
}

/// The store failed; it has logged why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault;
