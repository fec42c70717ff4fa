//! The newest part of a room's log, in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::event::Event;
use crate::policy::Keep;

/// Consecutive events up to the head of the log, oldest first, within limits.
#[derive(Debug)]
pub(crate) struct History {
    events: VecDeque<Arc<Event>>,
    bytes: u64,
    /// The last sequence number given out and kept.
    head: u64,
}

impl History {
    /// A history that ends at `head`; `events` are the newest of it.
    pub(crate) fn new(head: u64, events: Vec<Arc<Event>>) -> Self {
        let bytes = events.iter().map(|event| event.weight() as u64).sum();
        Self { events: events.into(), bytes, head }
    }

    pub(crate) fn head(&self) -> u64 {
        self.head
    }

    /// The sequence number of the oldest event here; `head + 1` when there is none.
    pub(crate) fn first(&self) -> u64 {
        self.head + 1 - self.events.len() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(crate) fn push(&mut self, event: Arc<Event>) {
        debug_assert_eq!(event.at.seq, self.head + 1);
        self.head = event.at.seq;
        self.bytes += event.weight() as u64;
        self.events.push_back(event);
    }

    /// All events, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Event>> {
        self.events.iter()
    }

    /// The newest event of which that is true.
    pub(crate) fn newest(&self, is_it: impl Fn(&Event) -> bool) -> Option<Arc<Event>> {
        self.events.iter().rev().find(|event| is_it(event)).cloned()
    }

    /// Puts something else in the place of those events for which there is something.
    pub(crate) fn replace(&mut self, other: impl Fn(&Event) -> Option<Event>) {
        for event in &mut self.events {
            if let Some(other) = other(event) {
                self.bytes = self.bytes - event.weight() as u64 + other.weight() as u64;
                *event = Arc::new(other);
            }
        }
    }

    /// Drops the oldest events until every limit holds.
    pub(crate) fn trim(&mut self, keep: &Keep, unix_ms: u64) {
        let since = unix_ms.saturating_sub(keep.age_ms);
        while let Some(oldest) = self.events.front() {
            let over = self.events.len() as u64 > keep.count || self.bytes > keep.bytes;
            if !over && oldest.unix_ms >= since {
                break;
            }
            self.bytes -= oldest.weight() as u64;
            self.events.pop_front();
        }
        if self.events.is_empty() && self.events.capacity() > 64 {
            self.events.shrink_to_fit();
        }
    }

    /// Events after `seq`, at most `limit` of them and about `bytes` bytes, but always one if there is one.
    /// `seq + 1` must not lie before [`Self::first`].
    pub(crate) fn after(&self, seq: u64, limit: u32, bytes: usize) -> Vec<Arc<Event>> {
        debug_assert!(seq + 1 >= self.first());
        let skip = usize::try_from((seq + 1).saturating_sub(self.first())).unwrap_or(usize::MAX);
        let mut room_left = bytes;
        let mut page = Vec::new();
        for event in self.events.iter().skip(skip).take(limit as usize) {
            if event.weight() > room_left && !page.is_empty() {
                break;
            }
            room_left = room_left.saturating_sub(event.weight());
            page.push(event.clone());
        }
        page
    }
}
