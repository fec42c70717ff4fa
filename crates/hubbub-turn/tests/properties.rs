//! What holds for every input and every order of things: nothing panics, little is kept, and what passes is what a much
//! simpler reckoning says.

#[cfg(test)]
#[path = "turn/world.rs"]
#[allow(dead_code)]
mod world;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use hubbub_turn::{Framed, Settings, next_message};
use proptest::collection::vec;
use proptest::prelude::*;

use world::*;

const AT: &str = "198.41.0.4:1234";
const PEERS: [&str; 5] = [PEER, "192.88.98.7:4001", "192.88.98.8:1", "10.0.0.1:1", "[2600::7]:1"];
const NUMBERS: [u16; 4] = [0x4000, 0x4001, 0x4FFF, 0x5000];

/// One thing that happens. Peers and channels are meant by their places in the lists above.
#[derive(Debug, Clone)]
enum Step {
    Allocate(Option<u32>),
    Refresh(u32),
    Permit(usize),
    Bind(usize, usize),
    Send(usize),
    Say(usize),
    Arrive(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let lifetime = prop_oneof![Just(0), 1..4000u32];
    prop_oneof![
        2 => proptest::option::of(lifetime.clone()).prop_map(Step::Allocate),
        1 => lifetime.prop_map(Step::Refresh),
        3 => (0..PEERS.len()).prop_map(Step::Permit),
        3 => (0..NUMBERS.len(), 0..PEERS.len()).prop_map(|(number, peer)| Step::Bind(number, peer)),
        4 => (0..PEERS.len()).prop_map(Step::Send),
        4 => (0..NUMBERS.len()).prop_map(Step::Say),
        4 => (0..PEERS.len()).prop_map(Step::Arrive),
        4 => prop_oneof![0..1000u64, 100_000..700_000u64, Just(300_000), Just(600_000)].prop_map(Step::Pass),
    ]
}

/// RFC 8656 in a few lines: when what is there ends.
#[derive(Default)]
struct Model {
    now: u64,
    ends: u64,
    permissions: BTreeMap<IpAddr, u64>,
    channels: BTreeMap<u16, (SocketAddr, u64)>,
}

impl Model {
    fn is_there(&self) -> bool {
        self.ends > self.now
    }

    fn grant(&mut self, lifetime: u32) {
        self.ends = self.now + u64::from(lifetime.clamp(600, 3600)) * 1000;
    }

    /// Why a peer cannot be had, or 0.
    fn why_not(&self, peer: SocketAddr) -> u16 {
        match peer {
            _ if !self.is_there() => 437,
            peer if peer.is_ipv6() => 443,
            peer if peer == address("10.0.0.1:1") => 403,
            _ => 0,
        }
    }

    fn permit(&mut self, peer: SocketAddr) -> u16 {
        let code = self.why_not(peer);
        if code == 0 {
            self.permissions.insert(peer.ip(), self.now + 300_000);
        }
        code
    }

    fn bind(&mut self, number: u16, peer: SocketAddr) -> u16 {
        let now = self.now;
        self.channels.retain(|_, (_, ends)| *ends > now);
        let is_free = self.channels.get(&number).is_none_or(|(bound, _)| *bound == peer)
            && self.channels.iter().all(|(bound, (other, _))| *other != peer || *bound == number);
        match self.why_not(peer) {
            437 => 437,
            _ if number > 0x4FFF => 400,
            443 => 443,
            _ if !is_free => 400,
            0 => {
                self.channels.insert(number, (peer, self.now + 600_000));
                self.permit(peer)
            }
            code => code,
        }
    }

    fn may_pass(&self, peer: SocketAddr) -> bool {
        self.is_there() && self.permissions.get(&peer.ip()).is_some_and(|ends| *ends > self.now)
    }

    fn channel(&self, number: u16) -> Option<SocketAddr> {
        let (peer, ends) = self.channels.get(&number)?;
        (self.is_there() && *ends > self.now).then_some(*peer)
    }

    fn number(&self, peer: SocketAddr) -> Option<u16> {
        let found = self.channels.iter().find(|(_, (bound, ends))| *bound == peer && *ends > self.now);
        found.map(|(number, _)| *number)
    }
}

/// The world, the model, and the user between them.
struct Both {
    world: World,
    model: Model,
    user: User,
}

impl Both {
    fn new() -> Self {
        let mut world = World::new(Settings { nonce_ms: u64::MAX / 2, ..settings() });
        let minted = settings().rest.mint("ann", u64::MAX / 2).expect("there is a secret");
        let mut user = User::with_password(udp(AT), &minted.username, &minted.password);
        user.learn_nonce(&mut world);
        Self { world, model: Model::default(), user }
    }

    fn step(&mut self, step: &Step) {
        let Self { world, model, user } = self;
        match *step {
            Step::Allocate(lifetime) => {
                let lifetime_bytes = lifetime.unwrap_or(0).to_be_bytes();
                let attributes = [UDP, (LIFETIME, &lifetime_bytes)];
                let some = if lifetime.is_some() { 2 } else { 1 };
                let answer = user.ask(world, ALLOCATE, &attributes[..some]);
                assert_eq!(answer.code(), if model.is_there() { 437 } else { 0 });
                if answer.is_success() {
                    *model = Model { now: model.now, ..Model::default() };
                    model.grant(lifetime.unwrap_or(0));
                    assert_eq!(u64::from(answer.lifetime()) * 1000, model.ends - model.now);
                }
            }
            Step::Refresh(lifetime) => {
                let code = user.refresh(world, lifetime).code();
                assert_eq!(code, if model.is_there() { 0 } else { 437 });
                match lifetime {
                    _ if code != 0 => {}
                    0 => model.ends = 0,
                    _ => model.grant(lifetime),
                }
            }
            Step::Permit(peer) => {
                assert_eq!(user.permit(world, PEERS[peer]), model.permit(address(PEERS[peer])))
            }
            Step::Bind(number, peer) => {
                let expected = model.bind(NUMBERS[number], address(PEERS[peer]));
                assert_eq!(user.bind(world, NUMBERS[number], PEERS[peer]), expected);
            }
            Step::Send(peer) => {
                let sent = user.send(world, PEERS[peer], b"hi");
                assert_eq!(sent.is_some(), model.may_pass(address(PEERS[peer])));
            }
            Step::Say(number) => {
                let sent = user.say(world, NUMBERS[number], b"hi");
                assert_eq!(sent.map(|sent| sent.peer), model.channel(NUMBERS[number]));
            }
            Step::Arrive(peer) => self.arrive(PEERS[peer]),
            Step::Pass(ms) => {
                world.pass(ms);
                model.now += ms;
            }
        }
        let there = usize::from(self.model.is_there());
        assert_eq!(self.world.held(), (there, there, 0));
    }

    fn arrive(&mut self, peer: &str) {
        let Some(relay) = self.world.relays.values().next().copied() else {
            assert!(!self.model.is_there());
            return;
        };
        let got = self.world.arrive(relay, peer, b"hi");
        assert_eq!(got.is_some(), self.model.may_pass(address(peer)));
        let number = got.map(|got| u16::from_be_bytes([got[0], got[1]]));
        let data = 0x17;
        assert!(number.is_none_or(|number| number == self.model.number(address(peer)).unwrap_or(data)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn lifetimes_are_those_of_the_model(steps in vec(step(), 1..60)) {
        let mut both = Both::new();
        steps.iter().for_each(|step| both.step(step));
    }

    #[test]
    fn any_bytes_from_strangers_are_harmless(packets in vec(vec(any::<u8>(), 0..200), 1..20), first in 0..4u8) {
        let mut world = World::new(settings());
        for mut packet in packets {
            if let Some(byte) = packet.first_mut() {
                *byte = first;
            }
            let answer = world.try_ask(udp(AT), &packet);
            prop_assert!(answer.is_none_or(|answer| answer.bytes.len() < 500));
        }
        prop_assert_eq!(world.held(), (0, 0, 0));
    }

    #[test]
    fn a_message_with_anything_changed_is_harmless(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut world = World::new(settings());
        let mut user = User::new(udp(AT));
        user.allocate(&mut world);
        user.transaction += 1;
        let peer = user.peer(PEER);
        let mut packet = user.signed(CREATE_PERMISSION, &[(XOR_PEER_ADDRESS, &peer)]);
        let before = packet.clone();
        for (at, byte) in changes {
            let at = at.index(packet.len());
            packet[at] = byte;
        }
        if cut {
            packet.truncate(length.index(packet.len()));
        }
        let answer = world.try_ask(user.at, &packet);
        let is_success = answer.is_some_and(|answer| answer.is_success());
        // Nobody but who has the key can have what is asked; what is my address? anybody may ask.
        prop_assert!(!is_success || packet == before || world.server.allocations().all(|it| it.permissions == 0));
    }

    #[test]
    fn a_stream_is_cut_at_the_same_places_however_it_comes(
        lengths in vec((any::<bool>(), 0..60usize), 1..10),
        piece in 1..70usize,
    ) {
        let user = User::new(tcp(AT, 1));
        let mut stream = Vec::new();
        let mut messages = Vec::new();
        for (is_data, length) in lengths {
            let payload = vec![b'x'; length];
            let data: (u16, &[u8]) = (DATA, &payload);
            let message = if is_data { channel_data(0x4ABC, &payload) } else { user.plain(SEND, &[data]) };
            stream.extend(&message);
            stream.resize(stream.len().next_multiple_of(4), 0xAA);
            messages.push(message);
        }
        let (mut buffer, mut found) = (Vec::new(), Vec::new());
        for bytes in stream.chunks(piece) {
            buffer.extend(bytes);
            loop {
                match next_message(&buffer, 100).expect("it is one after the other") {
                    Framed::Message { length, taken } => {
                        found.push(buffer[..length].to_vec());
                        buffer.drain(..taken);
                    }
                    Framed::Part { wanted } => {
                        prop_assert!(wanted > buffer.len());
                        break;
                    }
                }
            }
        }
        prop_assert_eq!(found, messages);
    }
}
