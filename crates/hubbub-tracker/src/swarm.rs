//! One swarm: who takes part, who has all of it, and who was offered what by whom.

use crate::id::PeerId;
use crate::parse::{Announce, Answer, Event, Left, Offer};
use crate::peers::{Peer, Peers};
use crate::refusal::Refusal;

/// How a swarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Peers that have the whole torrent (seeders).
    pub complete: u32,
    /// Peers that do not (leechers).
    pub incomplete: u32,
    /// Peers that have become complete while they were here, also those that have gone since.
    pub downloaded: u32,
}

#[derive(Debug)]
pub(crate) struct Swarm<A> {
    peers: Peers<A>,
    seeders: u32,
    completed: u32,
    /// The number of the next peer.
    next: u32,
}

impl<A: Copy + PartialEq> Swarm<A> {
    /// A swarm without peers, of a torrent that so many have completed before.
    pub(crate) fn new(completed: u32) -> Self {
        Self { peers: Peers::new(), seeders: 0, completed, next: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    pub(crate) fn counts(&self) -> Counts {
        let complete = self.seeders;
        let incomplete = self.peers.len() as u32 - complete;
        Counts { complete, incomplete, downloaded: self.completed }
    }

    /// Where this peer is, if it is there.
    ///
    /// # Errors
    /// [`Refusal::PeerIdTaken`]: it is, elsewhere.
    pub(crate) fn find(&self, id: &PeerId, from: A) -> Result<Option<usize>, Refusal> {
        match self.peers.find(id) {
            Some(at) if self.peers.at(at).address != from => Err(Refusal::PeerIdTaken),
            found => Ok(found),
        }
    }

    pub(crate) fn whereabouts(&self, id: &PeerId) -> Option<A> {
        self.peers.find(id).map(|at| self.peers.at(at).address)
    }

    /// The peer of this id, if it is there, is at `to` from now on.
    pub(crate) fn move_to(&mut self, id: &PeerId, to: A) {
        if let Some(at) = self.peers.find(id) {
            self.peers.at_mut(at).address = to;
        }
    }

    /// Takes a new one in. Says where it is.
    pub(crate) fn enter(&mut self, id: PeerId, from: A, now_ms: u64) -> usize {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.peers.insert(Peer::new(id, from, number, now_ms))
    }

    /// A peer that is there tells how far it is. `is_new`: it came as it is, and has completed nothing here.
    pub(crate) fn update(&mut self, at: usize, announce: &Announce, is_new: bool, now_ms: u64) {
        let peer = self.peers.at_mut(at);
        peer.heard_ms = now_ms;
        let seeds = match (announce.event, announce.left) {
            (Event::Completed, _) | (_, Left::Nothing) => true,
            (_, Left::Some) => false,
            (_, Left::Unknown) => peer.seeds,
        };
        let was = std::mem::replace(&mut peer.seeds, seeds);
        if seeds && !was && !std::mem::replace(&mut peer.completed, true) && !is_new {
            self.completed = self.completed.saturating_add(1);
        }
        self.seeders = self.seeders - u32::from(was) + u32::from(seeds);
    }

    pub(crate) fn remove(&mut self, at: usize) {
        let gone = self.peers.remove(at);
        self.seeders -= u32::from(gone.seeds);
    }

    /// Gives the offers of the peer at `at` to others, one each. `to` gets where the others are, in the order of the offers.
    pub(crate) fn spread(
        &mut self,
        at: usize,
        offers: &[Offer],
        now_ms: u64,
        rng: &mut fastrand::Rng,
        to: &mut Vec<A>,
    ) {
        let mut chosen = Vec::new();
        self.peers.choose(at, offers.len(), rng, &mut chosen);
        self.peers.at_mut(at).make_room(chosen.len());
        for (offer, other) in offers.iter().zip(chosen) {
            let other = self.peers.at(other);
            let number = other.number;
            to.push(other.address);
            self.peers.at_mut(at).offered(offer.id, number, now_ms);
        }
    }

    /// The peer at `at` answers an offer that was made since that time at the earliest. Says where whoever made it is.
    ///
    /// # Errors
    /// [`Refusal::NoSuchOffer`]
    pub(crate) fn answer(
        &mut self,
        at: usize,
        answer: &Answer,
        since_ms: u64,
        now_ms: u64,
    ) -> Result<A, Refusal> {
        let by = self.peers.at_mut(at);
        by.heard_ms = now_ms;
        let number = by.number;
        let to = self.peers.find(&answer.to).ok_or(Refusal::NoSuchOffer)?;
        let to = self.peers.at_mut(to);
        match to.take_offer(answer.offer_id, number, since_ms) {
            true => Ok(to.address),
            false => Err(Refusal::NoSuchOffer),
        }
    }

    /// Forgets whom nobody has heard of since, and the offers of the others from before that other time.
    pub(crate) fn sweep(&mut self, heard_ms: u64, offered_ms: u64) {
        for at in (0..self.peers.len()).rev() {
            if self.peers.at(at).heard_ms < heard_ms {
                self.remove(at);
            } else {
                self.peers.at_mut(at).forget_offers(offered_ms);
            }
        }
        self.peers.shrink();
    }

    pub(crate) fn completed(&self) -> u32 {
        self.completed
    }
}
