//! Announces that wait until it is known whether who has their peer id is still there. A page whose network has changed comes back at
//! once, while its old connection seems to be open; and clients that are refused then do not announce themselves again.

use std::collections::HashMap;

use hubbub_hub::SessionKey;
use hubbub_tracker::{Announce, InfoHash, PeerId};

/// How long somebody has to show that he is there, in milliseconds.
const PATIENCE_MS: u64 = 3000;
/// Most bytes that wait with one keeper.
const MOST_BYTES: usize = 1 << 20;
/// What an announce takes beside its offers.
const OVERHEAD: usize = 1024;

/// All that wait with one keeper, the first first.
#[derive(Debug, Default)]
pub(super) struct Held {
    list: Vec<Waiting>,
    bytes: usize,
}

/// An announce under a peer id that another has.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) from: SessionKey,
    /// Who has it, and has been asked whether he is there.
    pub(super) holder: SessionKey,
    pub(super) announce: Box<Announce>,
    /// In process time.
    pub(super) since_ms: u64,
}

impl Waiting {
    fn is_of(&self, hash: &InfoHash, peer: &PeerId) -> bool {
        self.announce.info_hash == *hash && self.announce.peer_id == *peer
    }

    /// Whether it is `holder` who has been asked for it, as that peer.
    pub(super) fn asks(&self, holder: SessionKey, hash: &InfoHash, peer: &PeerId) -> bool {
        self.holder == holder && self.is_of(hash, peer)
    }

    /// Whether who was asked has had all the time there is.
    pub(super) fn is_over(&self, now_ms: u64) -> bool {
        self.since_ms + PATIENCE_MS <= now_ms
    }
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether there is room for one more.
    pub(super) fn has_room_for(&self, announce: &Announce) -> bool {
        self.bytes + cost(announce) <= MOST_BYTES
    }

    pub(super) fn hold(&mut self, waiting: Waiting) {
        self.bytes += cost(&waiting.announce);
        self.list.push(waiting);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.list.iter()
    }

    /// Takes out all for which this holds.
    pub(super) fn take(&mut self, which: impl Fn(&Waiting) -> bool) -> Vec<Waiting> {
        let taken: Vec<_> = self.list.extract_if(.., |waiting| which(waiting)).collect();
        self.bytes -= taken.iter().map(|waiting| cost(&waiting.announce)).sum::<usize>();
        if self.list.is_empty() {
            self.list = Vec::new();
        }
        taken
    }

    /// Who waited there to be this peer does so no more.
    pub(super) fn forget(&mut self, from: SessionKey, hash: &InfoHash, peer: &PeerId) {
        self.take(|waiting| waiting.from == from && waiting.is_of(hash, peer));
    }

    /// When the first of them has waited for all the time there is, in process time.
    pub(super) fn deadline(&self) -> u64 {
        self.list.first().map_or(u64::MAX, |waiting| waiting.since_ms + PATIENCE_MS)
    }
}

/// Connections of which nothing was heard in time, so that others have their peer ids now. As soon as one is heard it has its own again:
/// a line that stood still, or a page that was asleep, is no reason to lose it for good.
#[derive(Debug, Default)]
pub(super) struct Displaced(HashMap<(InfoHash, PeerId), (SessionKey, u64)>);

impl Displaced {
    /// `holder` is this peer no more. Who was it before him, and may come back, is it first.
    pub(super) fn note(&mut self, holder: SessionKey, hash: InfoHash, peer: PeerId, now_ms: u64) {
        self.0.entry((hash, peer)).or_insert((holder, now_ms));
    }

    /// Whether `holder` was this peer; and forgets it.
    pub(super) fn take(&mut self, holder: SessionKey, hash: &InfoHash, peer: &PeerId) -> bool {
        let key = (*hash, *peer);
        let was = self.0.get(&key).is_some_and(|(former, _)| *former == holder);
        if was {
            self.0.remove(&key);
        }
        was
    }

    /// `holder` has ended.
    pub(super) fn forget(&mut self, holder: SessionKey) {
        self.0.retain(|_, (former, _)| *former != holder);
    }

    /// Forgets those who have been silent for longer than a peer may be.
    pub(super) fn sweep(&mut self, since_ms: u64) {
        self.0.retain(|_, (_, displaced_ms)| *displaced_ms > since_ms);
    }
}

fn cost(announce: &Announce) -> usize {
    announce.weight() + OVERHEAD
}
