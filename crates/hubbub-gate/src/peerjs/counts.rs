//! What is counted of PeerJS, by all workers together: some of it is what limits are kept by.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::message::Kind;

/// Numbers that every worker changes and anybody reads. None of them orders anything else.
#[derive(Debug, Default)]
pub struct Counts {
    peers: AtomicUsize,
    waiting_bytes: AtomicUsize,
    messages: [AtomicU64; Kind::ALL.len()],
}

impl Counts {
    /// Peers that have an id now.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.peers.load(Ordering::Relaxed)
    }

    /// Bytes that wait now for ids that nobody has.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes.load(Ordering::Relaxed)
    }

    /// Messages from peers to others, by what they are.
    pub fn messages(&self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::ALL.into_iter().map(|kind| (kind, self.messages[kind as usize].load(Ordering::Relaxed)))
    }

    /// One more peer, unless there are `most`.
    pub(super) fn add_peer(&self, most: usize) -> bool {
        grow(&self.peers, 1, most)
    }

    pub(super) fn remove_peers(&self, count: usize) {
        self.peers.fetch_sub(count, Ordering::Relaxed);
    }

    /// So many bytes more wait, unless that makes more than `most`.
    pub(super) fn add_waiting(&self, bytes: usize, most: usize) -> bool {
        grow(&self.waiting_bytes, bytes, most)
    }

    pub(super) fn remove_waiting(&self, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// A peer has said something to another.
    pub(super) fn said(&self, kind: Kind) {
        self.messages[kind as usize].fetch_add(1, Ordering::Relaxed);
    }
}

fn grow(number: &AtomicUsize, by: usize, most: usize) -> bool {
    let more = |now: usize| now.checked_add(by).filter(|then| *then <= most);
    number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_there_may_be() {
        let counts = Counts::default();
        assert!(counts.add_peer(2) && counts.add_peer(2) && !counts.add_peer(2));
        counts.remove_peers(1);
        assert!(counts.add_peer(2));
        assert!(counts.add_waiting(7, 10) && !counts.add_waiting(4, 10) && counts.add_waiting(3, 10));
        assert_eq!((counts.peers(), counts.waiting_bytes()), (2, 10));
    }
}
