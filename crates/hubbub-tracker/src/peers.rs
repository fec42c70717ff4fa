//! The peers of one swarm: in no order, found by their ids, chosen at random.

use std::collections::HashMap;

use foldhash::quality::RandomState;

use crate::id::{OfferId, PeerId};

/// Peers of a swarm that are found by looking at all of them: most swarms are small, and an index of each would cost more than the peers.
const SMALL: usize = 16;

/// Offers of one peer that may be answered at a time; an older one makes way. As many as a client announces in some time.
const LIVE: usize = 32;

/// One peer.
#[derive(Debug)]
pub(crate) struct Peer<A> {
    pub(crate) id: PeerId,
    /// Where it is.
    pub(crate) address: A,
    /// Which of all peers that the swarm has had.
    pub(crate) number: u32,
    /// It has the whole torrent.
    pub(crate) seeds: bool,
    /// It has been counted among those who completed the torrent.
    pub(crate) completed: bool,
    /// When it has last announced.
    pub(crate) heard_ms: u64,
    /// Its offers that others were given and have not answered, the oldest first.
    offers: Vec<Live>,
}

/// An offer that somebody was given.
#[derive(Debug)]
struct Live {
    id: OfferId,
    /// Who: [`Peer::number`].
    to: u32,
    since_ms: u64,
}

impl<A> Peer<A> {
    pub(crate) fn new(id: PeerId, address: A, number: u32, now_ms: u64) -> Self {
        Self { id, address, number, seeds: false, completed: false, heard_ms: now_ms, offers: Vec::new() }
    }

    /// Makes room for so many offers that are about to be given to others.
    pub(crate) fn make_room(&mut self, offers: usize) {
        self.offers.reserve_exact(offers.min(LIVE - self.offers.len()));
    }

    /// Its offer was given to the peer of this number.
    pub(crate) fn offered(&mut self, id: OfferId, to: u32, now_ms: u64) {
        if self.offers.len() >= LIVE {
            self.offers.remove(0);
        }
        self.offers.push(Live { id, to, since_ms: now_ms });
    }

    /// The peer of this number answers an offer: whether it was given that, since that time at the earliest. It can do so once.
    pub(crate) fn take_offer(&mut self, id: OfferId, by: u32, since_ms: u64) -> bool {
        let is_it = |live: &Live| live.id == id && live.to == by && live.since_ms >= since_ms;
        let Some(at) = self.offers.iter().position(is_it) else { return false };
        self.offers.remove(at);
        if self.offers.is_empty() {
            // Most peers wait for nothing most of the time.
            self.offers = Vec::new();
        }
        true
    }

    /// Forgets the offers from before that time.
    pub(crate) fn forget_offers(&mut self, since_ms: u64) {
        self.offers.retain(|live| live.since_ms >= since_ms);
        if self.offers.len() < self.offers.capacity() / 2 {
            self.offers.shrink_to_fit();
        }
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Peers<A> {
    list: Vec<Peer<A>>,
    /// Where in the list; of large swarms only.
    index: Option<HashMap<PeerId, u32, RandomState>>,
}

impl<A> Peers<A> {
    pub(crate) fn new() -> Self {
        Self { list: Vec::new(), index: None }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Where the peer of this id is.
    pub(crate) fn find(&self, id: &PeerId) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(id).map(|at| *at as usize),
            None => self.list.iter().position(|peer| peer.id == *id),
        }
    }

    pub(crate) fn at(&self, at: usize) -> &Peer<A> {
        &self.list[at]
    }

    pub(crate) fn at_mut(&mut self, at: usize) -> &mut Peer<A> {
        &mut self.list[at]
    }

    /// Takes one in whose id nobody has. Says where it is.
    pub(crate) fn insert(&mut self, peer: Peer<A>) -> usize {
        let at = self.list.len();
        if at == 0 {
            self.list.reserve_exact(1);
        }
        if let Some(index) = &mut self.index {
            index.insert(peer.id, at as u32);
        }
        self.list.push(peer);
        if self.index.is_none() && self.list.len() > SMALL {
            self.make_index();
        }
        at
    }

    fn make_index(&mut self) {
        let places = self.list.iter().enumerate().map(|(at, peer)| (peer.id, at as u32));
        self.index = Some(places.collect());
    }

    /// Removes one; the last takes its place.
    pub(crate) fn remove(&mut self, at: usize) -> Peer<A> {
        let gone = self.list.swap_remove(at);
        if let Some(index) = &mut self.index {
            index.remove(&gone.id);
            if let Some(moved) = self.list.get(at) {
                index.insert(moved.id, at as u32);
            }
        }
        gone
    }

    /// Gives memory back that more peers than there are now needed.
    pub(crate) fn shrink(&mut self) {
        if self.list.len() < self.list.capacity() / 4 {
            self.list.shrink_to_fit();
            self.index = None;
            if self.list.len() > SMALL {
                self.make_index();
            }
        }
    }

    /// Chooses up to `count` others than the one at `but`, each at most once and any as likely as the others.
    pub(crate) fn choose(&self, but: usize, count: usize, rng: &mut fastrand::Rng, chosen: &mut Vec<usize>) {
        chosen.clear();
        let others = self.list.len().saturating_sub(1);
        let count = count.min(others);
        // Floyd's way to draw from 0..others without repetition. Who stands behind the one left out is one further.
        for most in others - count..others {
            let drawn = rng.usize(..=most);
            chosen.push(if chosen.contains(&drawn) { most } else { drawn });
        }
        // It draws each set alike, but not in each order, and the first offers go to the first.
        rng.shuffle(chosen);
        for at in chosen {
            *at += usize::from(*at >= but);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn id(number: u32) -> PeerId {
        let mut id = [0; 20];
        id[..4].copy_from_slice(&number.to_le_bytes());
        PeerId(id)
    }

    fn peers(count: u32) -> Peers<u32> {
        let mut peers = Peers::new();
        (0..count).for_each(|number| {
            peers.insert(Peer::new(id(number), number, number, 0));
        });
        peers
    }

    #[test]
    fn all_are_found_however_many_came_and_went() {
        let mut peers = peers(100);
        let mut rng = fastrand::Rng::with_seed(7);
        let mut left: HashSet<u32> = (0..100).collect();
        while !peers.is_empty() {
            for number in 0..100 {
                let found = peers.find(&id(number)).map(|at| peers.at(at).address);
                assert_eq!(found, left.contains(&number).then_some(number));
            }
            left.remove(&peers.remove(rng.usize(..peers.len())).address);
            peers.shrink();
        }
        assert!(left.is_empty() && peers.list.capacity() <= 4);
    }

    #[test]
    fn the_chosen_are_others_each_once_and_all_alike() {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut chosen = Vec::new();
        for (count, wanted) in [(1, 5), (2, 5), (6, 5), (7, 5), (40, 5), (40, 0), (12, 10)] {
            let peers = peers(count);
            let others = count as usize - 1;
            let mut seen = vec![0; count as usize];
            for _ in 0..2000 {
                let but = rng.usize(..count as usize);
                peers.choose(but, wanted, &mut rng, &mut chosen);
                let distinct: HashSet<_> = chosen.iter().collect();
                assert_eq!((chosen.len(), distinct.len()), (wanted.min(others), wanted.min(others)));
                assert!(!chosen.contains(&but) && chosen.iter().all(|at| *at < count as usize));
                chosen.first().into_iter().for_each(|at| seen[*at] += 1);
            }
            // 2000 draws of the first among `count`: the fair share within a half.
            let fair = if chosen.is_empty() { 0 } else { 2000 / count };
            assert!(seen.iter().all(|count| (fair / 2..=fair * 3 / 2).contains(count)), "{count} {seen:?}");
        }
    }

    #[test]
    fn an_offer_is_answered_once_in_time_by_whom_it_was_given() {
        let mut peer = Peer::new(id(1), (), 1, 0);
        let offer = OfferId([9; 20]);
        peer.offered(offer, 7, 1000);
        assert!(!peer.take_offer(offer, 8, 0), "given to somebody else");
        assert!(!peer.take_offer(OfferId([8; 20]), 7, 0), "another");
        assert!(!peer.take_offer(offer, 7, 1001), "too late");
        assert!(peer.take_offer(offer, 7, 1000));
        assert!(!peer.take_offer(offer, 7, 0), "once");
        assert_eq!(peer.offers.capacity(), 0, "nothing is kept for what is not awaited");
        peer.make_room(1000);
        assert_eq!(peer.offers.capacity(), LIVE);
    }

    #[test]
    fn old_offers_make_way() {
        let mut peer = Peer::new(id(1), (), 1, 0);
        let offer = |number| OfferId(id(number).0);
        (0..40).for_each(|number| peer.offered(offer(number), 7, u64::from(number)));
        assert!(!peer.take_offer(offer(7), 7, 0) && peer.take_offer(offer(8), 7, 0));
        peer.forget_offers(39);
        assert!(!peer.take_offer(offer(38), 7, 0) && peer.take_offer(offer(39), 7, 0));
    }
}
