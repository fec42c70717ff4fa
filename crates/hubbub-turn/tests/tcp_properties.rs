//! Relays of TCP, whatever happens in whatever order: what is called, taken, spliced and closed is what a much simpler reckoning
//! says, and no call ever leaves to a peer that is refused.

#[cfg(test)]
#[path = "turn/world.rs"]
#[allow(dead_code)]
mod world;

use std::collections::BTreeMap;

use hubbub_turn::{ConnectionId, Settings};
use proptest::collection::vec;
use proptest::prelude::*;

use world::*;

const AT: &str = "198.41.0.4:1234";
const PEERS: [&str; 7] = [
    PEER,
    "192.88.98.7:4001",
    "192.88.98.8:1024",
    "192.88.98.8:1023",
    "10.0.0.1:4000",
    "[::ffff:10.0.0.1]:4000",
    "192.88.97.1:443",
];
const MOST: usize = 3;

/// One thing that happens. Peers and connections are meant by their places.
#[derive(Debug, Clone)]
enum Step {
    Allocate,
    End,
    Permit(usize),
    Connect(usize),
    Connected(usize, bool),
    Call(usize),
    Join(usize),
    HangUp(usize),
    Lose(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let peer = 0..PEERS.len();
    let nth = 0..MOST;
    prop_oneof![
        2 => Just(Step::Allocate),
        1 => Just(Step::End),
        3 => peer.clone().prop_map(Step::Permit),
        5 => peer.clone().prop_map(Step::Connect),
        4 => (nth.clone(), any::<bool>()).prop_map(|(nth, is_made)| Step::Connected(nth, is_made)),
        3 => peer.prop_map(Step::Call),
        4 => nth.clone().prop_map(Step::Join),
        1 => nth.clone().prop_map(Step::HangUp),
        1 => nth.prop_map(Step::Lose),
        2 => prop_oneof![0..1000u64, 10_000..40_000u64, Just(300_000)].prop_map(Step::Pass),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Calling,
    Waiting,
    Joined(u64),
}

struct Both {
    world: World,
    user: User,
    links: u64,
    ends: u64,
    permissions: BTreeMap<usize, u64>,
    /// Peer, state, and when it ends.
    connections: BTreeMap<ConnectionId, (usize, State, u64)>,
}

/// Whether a relay may call this peer, by hand.
fn may_call(peer: usize) -> bool {
    peer < 3
}

impl Both {
    fn new() -> Self {
        let mut settings = Settings { tcp_relays: true, connections: MOST, ..settings() };
        settings.peers.own = vec![address("192.88.97.1:0").ip()];
        settings.peers.relay_ports = Some(50_000..=60_000);
        let mut world = World::new(Settings { nonce_ms: u64::MAX / 2, ..settings });
        let minted = world::settings().rest.mint("ann", u64::MAX / 2).expect("there is a secret");
        let mut user = User::with_password(tcp(AT, 0), &minted.username, &minted.password);
        user.learn_nonce(&mut world);
        Self { world, user, links: 1, ends: 0, permissions: BTreeMap::new(), connections: BTreeMap::new() }
    }

    fn now(&self) -> u64 {
        self.world.now.mono_ms
    }

    fn is_there(&self) -> bool {
        self.ends > self.now()
    }

    fn nth(&self, nth: usize) -> Option<(ConnectionId, State)> {
        self.connections.iter().nth(nth).map(|(id, (_, state, _))| (*id, *state))
    }

    fn has(&self, peer: usize) -> bool {
        self.connections.values().any(|(other, _, _)| *other == peer)
    }

    fn end(&mut self) {
        self.ends = 0;
        self.permissions.clear();
        self.connections.clear();
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Allocate => self.allocate(),
            Step::End => {
                let code = self.user.refresh(&mut self.world, 0).code();
                assert_eq!(code, if self.is_there() { 0 } else { 437 });
                self.end();
            }
            Step::Permit(peer) => self.permit(peer),
            Step::Connect(peer) => self.connect(peer),
            Step::Connected(nth, is_made) => self.connected(nth, is_made),
            Step::Call(peer) => self.call(peer),
            Step::Join(nth) => self.join(nth),
            Step::HangUp(nth) => {
                if let Some((id, _)) = self.nth(nth) {
                    self.world.hang_up(id);
                    self.world.answers.clear();
                    self.connections.remove(&id);
                }
            }
            Step::Lose(nth) => {
                if let Some((id, State::Joined(link))) = self.nth(nth) {
                    self.world.lose(&tcp(AT, link));
                    self.connections.remove(&id);
                }
            }
            Step::Pass(ms) => self.pass(ms),
        }
        let there = usize::from(self.is_there());
        assert_eq!(self.world.held(), (there, there, 0));
        let open: Vec<_> = self.world.calls.keys().collect();
        assert_eq!(open, self.connections.keys().collect::<Vec<_>>());
        assert_eq!(self.world.server.connections(), open.len());
        for (id, (peer, state, _)) in &self.connections {
            let call = self.world.calls[id];
            let link = if let State::Joined(link) = state { Some(*link) } else { None };
            assert_eq!((call.peer, call.link.map(|link| link.link)), (address(PEERS[*peer]), link));
        }
    }

    fn allocate(&mut self) {
        let code = self.user.ask(&mut self.world, ALLOCATE, &[TCP]).code();
        assert_eq!(code, if self.is_there() { 437 } else { 0 });
        if code == 0 {
            self.end();
            self.ends = self.now() + 600_000;
        }
    }

    fn permit(&mut self, peer: usize) {
        let expected = match peer {
            _ if !self.is_there() => 437,
            4 => 403,
            5 => 443,
            _ => 0,
        };
        assert_eq!(self.user.permit(&mut self.world, PEERS[peer]), expected);
        if expected == 0 {
            let ends = self.now() + 300_000;
            let same = (0..PEERS.len()).filter(|it| address(PEERS[*it]).ip() == address(PEERS[peer]).ip());
            self.permissions.extend(same.map(|peer| (peer, ends)));
        }
    }

    fn connect(&mut self, peer: usize) {
        let expected = match peer {
            _ if !self.is_there() => Err(437),
            5 => Err(443),
            _ if self.has(peer) => Err(446),
            _ if !may_call(peer) => Err(403),
            _ if self.connections.len() == MOST => Err(508),
            _ => Ok(()),
        };
        let found = self.user.connect(&mut self.world, PEERS[peer]);
        assert_eq!(found.map(|_| ()), expected, "{}", PEERS[peer]);
        if let Ok(id) = found {
            self.connections.insert(id, (peer, State::Calling, self.now() + 30_000));
        }
    }

    fn connected(&mut self, nth: usize, is_made: bool) {
        let Some((id, State::Calling)) = self.nth(nth) else { return };
        self.world.connected(id, is_made);
        let answer = self.world.take_answer(self.user.at).expect("an answer");
        assert_eq!(answer.code(), if is_made { 0 } else { 447 });
        if is_made {
            let (peer, _, _) = self.connections[&id];
            self.connections.insert(id, (peer, State::Waiting, self.now() + 30_000));
        } else {
            self.connections.remove(&id);
        }
    }

    fn call(&mut self, peer: usize) {
        if !self.is_there() {
            return;
        }
        let is_permitted = self.permissions.get(&peer).is_some_and(|ends| *ends > self.now());
        let may = is_permitted && !self.has(peer) && self.connections.len() < MOST;
        let relay = *self.world.relays.values().next().expect("it is there");
        let id = self.world.call(relay, PEERS[peer]);
        assert_eq!(id.is_some(), may, "{}", PEERS[peer]);
        if let Some(id) = id {
            assert!(self.world.take_answer(self.user.at).is_some());
            self.connections.insert(id, (peer, State::Waiting, self.now() + 30_000));
        }
    }

    fn join(&mut self, nth: usize) {
        let Some((id, state)) = self.nth(nth) else { return };
        self.links += 1;
        let mut data = User { at: tcp(AT, self.links), ..self.user.clone() };
        let code = data.ask(&mut self.world, CONNECTION_BIND, &[(CONNECTION_ID, &id.0.to_be_bytes())]).code();
        assert_eq!(code, if state == State::Waiting { 0 } else { 400 });
        if code == 0 {
            let (peer, _, _) = self.connections[&id];
            self.connections.insert(id, (peer, State::Joined(self.links), u64::MAX));
        }
    }

    fn pass(&mut self, ms: u64) {
        self.world.pass(ms);
        // Calls that nobody took are answered.
        self.world.answers.clear();
        let now = self.now();
        if self.is_there() {
            self.connections.retain(|_, (_, _, ends)| *ends > now);
        } else {
            self.end();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn connections_are_those_of_the_model(steps in vec(step(), 1..60)) {
        let mut both = Both::new();
        steps.iter().for_each(|step| both.step(step));
    }
}
