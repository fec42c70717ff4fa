//! Swarms against a model that is slow and plainly right: whoever hears of an offer or an answer is in the swarm and was meant, and the
//! counts are those of the peers that are there.

#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use std::collections::BTreeMap;

use hubbub_tracker::{
    Announce, Announced, Asking, Counts, InfoHash, Limits, Message, Most, OfferId, PeerId, Refusal, Swarms,
    parse,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const MOST: Most = Most { offers: 10, hashes: 8 };
const LIMITS: Limits = Limits { peers: 24, peer_ms: 1000, offer_ms: 300 };
const SWARMS: usize = 3;

/// What somebody does. Sockets, hashes and peers are numbers.
#[derive(Debug, Clone)]
enum Step {
    Announce(Said),
    /// An answer to the offer of this number among all that were ever given, by this socket or by whom it was given.
    Answer {
        offer: prop::sample::Index,
        by: Option<u8>,
    },
    Leave {
        socket: u8,
        hash: u8,
        peer: u8,
    },
    Pass {
        ms: u64,
    },
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let event = prop::sample::select(vec!["started", "update", "update", "completed", "stopped", "paused"]);
    let announce = (0..40_u8, 0..4_u8, prop::option::weighted(0.1, 0..40_u8), event).prop_flat_map(
        |(socket, hash, other, event)| {
            let peer = other.unwrap_or(socket);
            (prop::option::of(0..2_u8), 0..4_u8).prop_map(move |(left, offers)| {
                Step::Announce(Said { socket, hash, peer, event, left, offers })
            })
        },
    );
    prop_oneof![
        8 => announce,
        4 => (any::<prop::sample::Index>(), prop::option::weighted(0.2, 0..40_u8))
            .prop_map(|(offer, by)| Step::Answer { offer, by }),
        1 => (0..40_u8, 0..4_u8, 0..40_u8).prop_map(|(socket, hash, peer)| Step::Leave { socket, hash, peer }),
        1 => (0..400_u64).prop_map(|ms| Step::Pass { ms }),
        1 => Just(Step::Sweep),
    ]
}

#[derive(Debug, Clone)]
struct Said {
    socket: u8,
    hash: u8,
    peer: u8,
    event: &'static str,
    left: Option<u8>,
    offers: u8,
}

#[derive(Debug, Clone)]
struct Member {
    socket: u8,
    seeds: bool,
    counted: bool,
    heard_ms: u64,
    /// Which of all that ever came.
    visit: usize,
}

#[derive(Debug, Clone)]
struct Given {
    hash: u8,
    from: (u8, usize),
    to: (u8, usize),
    id: u32,
    at_ms: u64,
    answered: bool,
}

#[derive(Default)]
struct Model {
    swarms: BTreeMap<u8, BTreeMap<u8, Member>>,
    completed: BTreeMap<u8, u32>,
    given: Vec<Given>,
    visits: usize,
    offers: u32,
    now_ms: u64,
}

impl Model {
    fn member(&self, hash: u8, peer: u8) -> Option<&Member> {
        self.swarms.get(&hash)?.get(&peer)
    }

    /// The peer that a socket is in a swarm.
    fn peer_of(&self, hash: u8, socket: u8) -> Option<u8> {
        let swarm = self.swarms.get(&hash)?;
        swarm.iter().find(|(_, member)| member.socket == socket).map(|(peer, _)| *peer)
    }

    fn counts(&self, hash: u8) -> Counts {
        let members = || self.swarms.get(&hash).into_iter().flat_map(BTreeMap::values);
        Counts {
            complete: members().filter(|member| member.seeds).count() as u32,
            incomplete: members().filter(|member| !member.seeds).count() as u32,
            downloaded: self.completed.get(&hash).copied().unwrap_or(0),
        }
    }

    fn remove(&mut self, hash: u8, peer: u8) {
        if let Some(swarm) = self.swarms.get_mut(&hash) {
            swarm.remove(&peer);
            if swarm.is_empty() {
                self.swarms.remove(&hash);
            }
        }
    }

    /// Who may come in, or why not.
    fn admits(&self, Said { socket, hash, peer, event, .. }: &Said) -> Result<(), Refusal> {
        match self.member(*hash, *peer) {
            Some(member) if member.socket != *socket => Err(Refusal::PeerIdTaken),
            Some(_) => Ok(()),
            None if *event == "stopped" => Ok(()),
            None => match self.swarms.get(hash) {
                Some(swarm) if swarm.len() >= LIMITS.peers => Err(Refusal::SwarmFull),
                None if self.swarms.len() >= SWARMS => Err(Refusal::TrackerFull),
                _ => Ok(()),
            },
        }
    }

    fn announce(&mut self, said: &Said) {
        let Said { socket, hash, peer, event, left, .. } = *said;
        if event == "stopped" {
            return self.remove(hash, peer);
        }
        self.visits += 1;
        let fresh = Member { socket, seeds: false, counted: false, heard_ms: 0, visit: self.visits };
        let is_new = self.member(hash, peer).is_none();
        let member = self.swarms.entry(hash).or_default().entry(peer).or_insert(fresh);
        member.heard_ms = self.now_ms;
        let was = member.seeds;
        member.seeds = event == "completed" || left.map_or(was, |left| left == 0);
        if member.seeds && !was {
            let counts = !member.counted && !is_new;
            member.counted = true;
            *self.completed.entry(hash).or_default() += u32::from(counts);
        }
    }

    fn sweep(&mut self) {
        let since_ms = self.now_ms.saturating_sub(LIMITS.peer_ms);
        for swarm in self.swarms.values_mut() {
            swarm.retain(|_, member| member.heard_ms >= since_ms);
        }
        self.swarms.retain(|_, swarm| !swarm.is_empty());
    }

    /// Whether an offer may be answered by this visit of this peer.
    fn may_be_answered(&self, given: &Given, by: (u8, usize)) -> bool {
        let is_there =
            |(peer, visit)| self.member(given.hash, peer).is_some_and(|member| member.visit == visit);
        !given.answered
            && by == given.to
            && is_there(given.from)
            && given.at_ms + LIMITS.offer_ms >= self.now_ms
    }
}

fn id(kind: u8, number: u32) -> [u8; 20] {
    let mut id = [kind; 20];
    id[..4].copy_from_slice(&number.to_be_bytes());
    id
}

fn text(id: [u8; 20]) -> String {
    id.iter().map(|byte| char::from(*byte)).collect()
}

fn read(message: &Value) -> Announce {
    match parse(&message.to_string(), MOST).unwrap() {
        Message::Announce(announce) => *announce,
        other => panic!("{other:?}"),
    }
}

struct Pair {
    swarms: Swarms<u8>,
    model: Model,
    rng: fastrand::Rng,
}

impl Pair {
    fn ask(&mut self, from: u8, message: &Value) -> (Announce, Result<Announced<u8>, Refusal>, Vec<u8>) {
        let announce = read(message);
        let mut to = Vec::new();
        let may = self.swarms.count() < SWARMS;
        let mut asking = Asking {
            limits: &LIMITS,
            now_ms: self.model.now_ms,
            may_begin: &|| may,
            rng: &mut self.rng,
            to: &mut to,
        };
        let result = self.swarms.announce(from, &announce, &mut asking);
        (announce, result, to)
    }

    fn announce(&mut self, said: &Said) {
        let Said { socket, hash, peer, event, left, offers } = *said;
        // A connection is one peer in a swarm: the gate sees to that.
        if self.model.peer_of(hash, socket).is_some_and(|other| other != peer) {
            return;
        }
        let first = self.model.offers;
        self.model.offers += u32::from(offers);
        let listed: Vec<_> = (first..self.model.offers)
            .map(|number| json!({"offer": number, "offer_id": text(id(b'o', number))}))
            .collect();
        let (hash_text, peer_text) = (text(id(b'h', hash.into())), text(id(b'p', peer.into())));
        let message = json!({"action": "announce", "info_hash": hash_text, "peer_id": peer_text, "event": event,
            "left": left, "offers": listed});
        let admitted = self.model.admits(said);
        let (announce, result, to) = self.ask(socket, &message);
        if let Err(why) = admitted {
            assert_eq!((result, to), (Err(why), vec![]));
            return;
        }
        self.model.announce(said);
        assert_eq!(result, Ok(Announced::Counted(self.model.counts(hash))));
        self.given(hash, peer, &announce, &to);
    }

    /// Offers go to others of the swarm, each to another one, as many as there are.
    fn given(&mut self, hash: u8, peer: u8, announce: &Announce, to: &[u8]) {
        let others = self.model.swarms.get(&hash).map_or(0, |swarm| swarm.len().saturating_sub(1));
        let is_in = self.model.member(hash, peer).is_some();
        assert_eq!(to.len(), if is_in { announce.offers.len().min(others) } else { 0 });
        let mut sockets = to.to_vec();
        sockets.sort_unstable();
        sockets.dedup();
        assert_eq!(sockets.len(), to.len(), "each to another one");
        for (offer, socket) in announce.offers.iter().zip(to) {
            let other = self.model.peer_of(hash, *socket).expect("whoever hears of an offer is in the swarm");
            assert_ne!(other, peer, "nobody hears of his own offer");
            let visit = |peer| (peer, self.model.member(hash, peer).unwrap().visit);
            let number: u32 = announce.offer(offer).parse().unwrap();
            assert_eq!(offer.id, OfferId(id(b'o', number)));
            let (from, to) = (visit(peer), visit(other));
            let at_ms = self.model.now_ms;
            self.model.given.push(Given { hash, from, to, id: number, at_ms, answered: false });
        }
    }

    fn answer(&mut self, offer: &prop::sample::Index, by: Option<u8>) {
        if self.model.given.is_empty() {
            return;
        }
        let at = offer.index(self.model.given.len());
        let given = self.model.given[at].clone();
        let peer = by.unwrap_or(given.to.0);
        let Some(member) = self.model.member(given.hash, peer).cloned() else { return };
        let message = json!({"action": "announce", "info_hash": text(id(b'h', given.hash.into())),
            "peer_id": text(id(b'p', peer.into())), "to_peer_id": text(id(b'p', given.from.0.into())),
            "offer_id": text(id(b'o', given.id)), "answer": {"sdp": "x"}});
        let may = self.model.may_be_answered(&given, (peer, member.visit));
        let (_, result, to) = self.ask(member.socket, &message);
        assert!(to.is_empty());
        self.model.swarms.get_mut(&given.hash).unwrap().get_mut(&peer).unwrap().heard_ms = self.model.now_ms;
        match result {
            Ok(Announced::Answered(socket)) => {
                assert!(may, "{given:?} was not for {peer}, or too late");
                assert_eq!(self.model.member(given.hash, given.from.0).map(|from| from.socket), Some(socket));
                self.model.given[at].answered = true;
            }
            other => {
                assert_eq!(other, Err(Refusal::NoSuchOffer));
                assert!(!may, "{given:?} is there");
            }
        }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Announce(ref said) => self.announce(said),
            Step::Answer { ref offer, by } => self.answer(offer, by),
            Step::Leave { socket, hash, peer } => {
                if self.model.member(hash, peer).is_some_and(|member| member.socket == socket) {
                    self.model.remove(hash, peer);
                }
                self.swarms.leave(socket, &InfoHash(id(b'h', hash.into())), &PeerId(id(b'p', peer.into())));
            }
            Step::Pass { ms } => self.model.now_ms += ms,
            Step::Sweep => {
                self.model.sweep();
                self.swarms.sweep(&LIMITS, self.model.now_ms);
            }
        }
    }

    fn check(&self) {
        assert_eq!(self.swarms.count(), self.model.swarms.len());
        assert_eq!(self.swarms.peers(), self.model.swarms.values().map(BTreeMap::len).sum::<usize>());
        for hash in 0..4 {
            assert_eq!(
                self.swarms.counts(&InfoHash(id(b'h', hash.into()))),
                self.model.counts(hash),
                "{hash}"
            );
            for peer in 0..40 {
                let (hash_id, peer_id) = (InfoHash(id(b'h', hash.into())), PeerId(id(b'p', peer.into())));
                let at = self.model.member(hash, peer).map(|member| member.socket);
                assert_eq!(self.swarms.whereabouts(&hash_id, &peer_id), at, "{peer} in {hash}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn swarms_are_what_they_should_be(steps in prop::collection::vec(step(), 1..250), seed: u64) {
        let rng = fastrand::Rng::with_seed(seed);
        let mut pair = Pair { swarms: Swarms::default(), model: Model::default(), rng };
        for step in steps {
            pair.take(&step);
            pair.check();
        }
    }
}
