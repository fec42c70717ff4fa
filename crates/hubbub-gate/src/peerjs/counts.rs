//! What is counted of PeerJS, by all workers together: some of it is what limits are kept by.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::message::Kind;
use super::switchboard::BOARDS;
use super::{PeerId, PeerJsSettings};

/// How many bytes of one peer wait, wherever they do. All that it sends shares it.
#[derive(Debug, Default)]
pub(super) struct Share {
    bytes: AtomicUsize,
    left: AtomicBool,
}

impl Share {
    /// Its peer is gone.
    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    /// Who is to make room first: the more, the sooner. What somebody has said who is gone makes room for everybody else's.
    pub(super) fn weight(&self) -> usize {
        if self.left.load(Ordering::Relaxed) { usize::MAX } else { self.bytes.load(Ordering::Relaxed) }
    }
}

/// Why a message does not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// Its sender has as much waiting as it may.
    Share,
    /// All together have.
    All,
}

/// Numbers that every worker changes and anybody reads. None of them orders anything else.
#[derive(Debug, Default)]
pub struct Counts {
    peers: AtomicUsize,
    waiting_bytes: AtomicUsize,
    /// Which switchboard has which id. Keyed anew in each process: clients choose ids, and must not choose the switchboard.
    boards: RandomState,
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

    /// The number of the switchboard that has this id.
    pub(super) fn board_of(&self, id: &PeerId) -> u64 {
        self.boards.hash_one(id.as_str()) % BOARDS
    }

    /// One more peer, unless there are `most`.
    pub(super) fn add_peer(&self, most: usize) -> bool {
        grow(&self.peers, 1, most)
    }

    pub(super) fn remove_peers(&self, count: usize) {
        self.peers.fetch_sub(count, Ordering::Relaxed);
    }

    /// So many bytes more of whose `share` this is wait, unless that is more than may wait of one, or of all. Of whom nothing waits one
    /// message may, whatever its size.
    ///
    /// # Errors
    /// It is more.
    pub(super) fn add_waiting(
        &self,
        bytes: usize,
        share: &Share,
        settings: &PeerJsSettings,
    ) -> Result<(), Full> {
        if !grow(&share.bytes, bytes, settings.waiting_share.max(bytes)) {
            return Err(Full::Share);
        }
        if !grow(&self.waiting_bytes, bytes, settings.waiting_bytes) {
            share.bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Full::All);
        }
        Ok(())
    }

    /// So many bytes of whose `share` this is wait no longer.
    pub(super) fn remove_waiting(&self, bytes: usize, share: &Share) {
        share.bytes.fetch_sub(bytes, Ordering::Relaxed);
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
        assert_eq!(counts.peers(), 2);
    }

    #[test]
    fn one_peer_leaves_room_for_others() {
        let settings = PeerJsSettings { waiting_share: 10, waiting_bytes: 30, ..PeerJsSettings::default() };
        let counts = Counts::default();
        let [ann, bo, lee] = [(); 3].map(|()| Share::default());
        let add = |bytes, share| counts.add_waiting(bytes, share, &settings).is_ok();
        assert!(add(7, &ann) && !add(4, &ann) && add(3, &ann), "its share");
        assert!(add(12, &bo) && !add(1, &bo), "one message, whatever its size");
        assert!(!add(9, &lee) && add(8, &lee), "what is left of all");
        counts.remove_waiting(12, &bo);
        assert!(add(2, &lee) && !add(1, &lee) && add(10, &bo), "what did not fit does not count");
        assert_eq!(counts.waiting_bytes(), 30);
    }
}
