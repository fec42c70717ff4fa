//! All swarms of one keeper.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use crate::id::{InfoHash, PeerId};
use crate::parse::{Announce, Event};
use crate::past::Past;
use crate::refusal::Refusal;
use crate::swarm::{Counts, Swarm};

/// What swarms may hold, and for how long. Times are in milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Peers of one swarm.
    pub peers: usize,
    /// How long a peer is there after it has announced.
    pub peer_ms: u64,
    /// How long an offer may be answered.
    pub offer_ms: u64,
}

/// What became of an announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced<A> {
    /// This is how the swarm is now.
    Counted(Counts),
    /// It was an answer; it is for the peer there.
    Answered(A),
}

/// Swarms by what they are about. `A` says where a peer is: a connection.
#[derive(Debug)]
pub struct Swarms<A> {
    by_hash: HashMap<InfoHash, Swarm<A>, RandomState>,
    past: Past,
    peers: usize,
}

impl<A> Default for Swarms<A> {
    fn default() -> Self {
        Self { by_hash: HashMap::default(), past: Past::default(), peers: 0 }
    }
}

impl<A: Copy + PartialEq> Swarms<A> {
    /// How many swarms there are. All of them have peers.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_hash.len()
    }

    /// How many peers there are in all.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.peers
    }

    /// Whether there is nothing to keep: no peer, and no torrent of which it is known how often it was completed.
    #[must_use]
    pub fn keeps_nothing(&self) -> bool {
        self.by_hash.is_empty() && self.past.is_empty()
    }

    /// How a swarm is.
    #[must_use]
    pub fn counts(&self, hash: &InfoHash) -> Counts {
        match self.by_hash.get(hash) {
            Some(swarm) => swarm.counts(),
            None => Counts { downloaded: self.past.completed(hash), ..Counts::default() },
        }
    }

    /// Where the peer of this id is, if it is in that swarm.
    #[must_use]
    pub fn whereabouts(&self, hash: &InfoHash, id: &PeerId) -> Option<A> {
        self.by_hash.get(hash)?.whereabouts(id)
    }

    /// The peer of this id, if it is in that swarm, is at `to` from now on, with all that is known of it.
    pub fn move_to(&mut self, to: A, hash: &InfoHash, id: &PeerId) {
        if let Some(swarm) = self.by_hash.get_mut(hash) {
            swarm.move_to(id, to);
        }
    }

    /// Somebody at `from` announces. [`Asking::to`] gets where its offers are to go: the first offer to the first place, and so on; there
    /// may be fewer places than offers.
    ///
    /// # Errors
    /// Why the announce is refused; nothing has changed then, and nobody is to be told anything else.
    pub fn announce(
        &mut self,
        from: A,
        announce: &Announce,
        asking: &mut Asking<'_, A>,
    ) -> Result<Announced<A>, Refusal> {
        let hash = announce.info_hash;
        let found = match self.by_hash.get(&hash) {
            Some(swarm) => swarm.find(&announce.peer_id, from)?,
            None => None,
        };
        if announce.answer.is_some() {
            let at = found.ok_or(Refusal::NoSuchOffer)?;
            return self.answer(at, announce, asking).map(Announced::Answered);
        }
        match (announce.event, found) {
            (Event::Stopped, Some(_)) => self.leave(from, &hash, &announce.peer_id),
            (Event::Stopped, None) => {}
            (_, Some(at)) => self.stay(at, announce, false, asking),
            (_, None) => {
                let at = self.enter(from, announce, asking)?;
                self.stay(at, announce, true, asking);
            }
        }
        Ok(Announced::Counted(self.counts(&hash)))
    }

    fn answer(&mut self, at: usize, announce: &Announce, asking: &Asking<'_, A>) -> Result<A, Refusal> {
        let swarm = self.by_hash.get_mut(&announce.info_hash).ok_or(Refusal::NoSuchOffer)?;
        let answer = announce.answer.as_ref().ok_or(Refusal::NoSuchOffer)?;
        let since_ms = asking.now_ms.saturating_sub(asking.limits.offer_ms);
        swarm.answer(at, answer, since_ms, asking.now_ms)
    }

    fn enter(&mut self, from: A, announce: &Announce, asking: &Asking<'_, A>) -> Result<usize, Refusal> {
        let hash = announce.info_hash;
        let swarm = match self.by_hash.get_mut(&hash) {
            Some(swarm) if swarm.len() >= asking.limits.peers => return Err(Refusal::SwarmFull),
            Some(swarm) => swarm,
            None if !(asking.may_begin)() => return Err(Refusal::TrackerFull),
            None => {
                let completed = self.past.recall(&hash);
                self.by_hash.entry(hash).or_insert_with(|| Swarm::new(completed))
            }
        };
        self.peers += 1;
        Ok(swarm.enter(announce.peer_id, from, asking.now_ms))
    }

    fn stay(&mut self, at: usize, announce: &Announce, is_new: bool, asking: &mut Asking<'_, A>) {
        let Some(swarm) = self.by_hash.get_mut(&announce.info_hash) else { return };
        swarm.update(at, announce, is_new, asking.now_ms);
        swarm.spread(at, &announce.offers, asking.now_ms, asking.rng, asking.to);
    }

    /// The peer of this id goes, if it is at `from`.
    pub fn leave(&mut self, from: A, hash: &InfoHash, id: &PeerId) {
        let Some(swarm) = self.by_hash.get_mut(hash) else { return };
        let Ok(Some(at)) = swarm.find(id, from) else { return };
        swarm.remove(at);
        self.peers -= 1;
        if swarm.is_empty() {
            self.past.remember(*hash, swarm.completed());
            self.by_hash.remove(hash);
        }
    }

    /// Forgets peers that have not announced in time, offers that nobody has answered in time, and what memory they took.
    pub fn sweep(&mut self, limits: &Limits, now_ms: u64) {
        let heard_ms = now_ms.saturating_sub(limits.peer_ms);
        let offered_ms = now_ms.saturating_sub(limits.offer_ms);
        let mut peers = 0;
        let past = &mut self.past;
        self.by_hash.retain(|hash, swarm| {
            swarm.sweep(heard_ms, offered_ms);
            peers += swarm.len();
            if swarm.is_empty() {
                past.remember(*hash, swarm.completed());
            }
            !swarm.is_empty()
        });
        self.peers = peers;
        if self.by_hash.len() < self.by_hash.capacity() / 4 {
            self.by_hash.shrink_to_fit();
        }
    }
}

/// What an announce is answered by, beside the swarms.
pub struct Asking<'a, A> {
    /// What swarms may hold.
    pub limits: &'a Limits,
    /// The present moment, in milliseconds of any clock that does not go back.
    pub now_ms: u64,
    /// Whether there may be one more swarm.
    pub may_begin: &'a dyn Fn() -> bool,
    /// Who is chosen.
    pub rng: &'a mut fastrand::Rng,
    /// Where the offers go; cleared by whoever asks.
    pub to: &'a mut Vec<A>,
}
