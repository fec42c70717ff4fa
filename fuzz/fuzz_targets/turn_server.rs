//! Any sequence of packets, calls, answers, losses, moves and time: nothing panics; no packet ever leaves to a peer that the policy
//! refuses or nobody was permitted, and no call to one that it refuses; every answer is a message and goes to who asked, one
//! at most; relays and connections are opened and closed once; and what is held stays within its limits.
//!
//! Input: whether there are accounts, and with which allocations it begins; then what happens.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use arbitrary::{Arbitrary, Unstructured};
use hubbub_turn::{
    Client, ConnectionId, Discovery, Family, IcmpError, Known, Now, Out, Port, Rate, RelayId, RestSecrets,
    Seeds, Server, Settings, TcpOut, Ticket, Transport, Who,
};
use libfuzzer_sys::fuzz_target;
use stun_types::attribute::{AttributeType, RawAttribute};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageType, MessageWrite,
    MessageWriteExt, MessageWriteVec, Method, TransactionId,
};

const REALM: &str = "example.org";
const MOST_ALLOCATIONS: usize = 3;
const MOST_QUESTIONS: usize = 2;
const MOST_CONNECTIONS: usize = 2;

const METHODS: &[u16] = &[3, 4, 8, 9, 1, 6, 10, 11];
const ALLOCATE: u16 = 3;
const REFRESH: u16 = 4;
const CREATE_PERMISSION: u16 = 8;
const CHANNEL_BIND: u16 = 9;
const CONNECT: u16 = 10;
const CONNECTION_BIND: u16 = 11;
const XOR_PEER_ADDRESS: u16 = 0x12;
const NONCE: u16 = 0x15;
const RESERVATION_TOKEN: u16 = 0x22;
const CONNECTION_ID: u16 = 0x2A;
const MOBILITY_TICKET: u16 = 0x8030;
/// The worker that packets come through which are not ours to begin with.
const VIA: u16 = 9;

/// Some may be reached, most not.
const PEERS: &[&str] = &[
    "192.88.98.7:4000",
    "192.88.98.7:4001",
    "192.88.98.8:1",
    "[2600::7]:4000",
    "192.88.97.1:50001",
    "192.88.97.1:443",
    "127.0.0.1:80",
    "10.0.0.1:80",
    "192.88.98.9:0",
    "[::ffff:127.0.0.1]:80",
    "[::ffff:192.88.98.7]:4000",
    "[64:ff9b::a00:1]:80",
    "[::1]:80",
    "[fe80::1]:80",
];

const CLIENTS: &[(Transport, &str, u64)] = &[
    (Transport::Udp, "198.41.0.4:1234", 0),
    (Transport::Udp, "[2600::4]:1234", 0),
    (Transport::Tcp, "198.41.0.4:1234", 1),
    (Transport::Tls, "198.41.0.5:1", 2),
    (Transport::Udp, "198.41.0.6:9", 0),
    (Transport::Tcp, "198.41.0.4:1235", 3),
    (Transport::Tcp, "198.41.0.4:1236", 4),
];

/// Clients that may begin with an allocation.
const STREAM: u8 = 2;
const DATAGRAMS: u8 = 0;

#[derive(Debug, Arbitrary)]
enum Happens<'a> {
    Bytes(u8, &'a [u8]),
    Ask {
        client: u8,
        user: u8,
        method: u8,
        attributes: [Option<Part<'a>>; 4],
        sha256: bool,
        transaction: u8,
        by_another: bool,
    },
    Indicate(u8, [Option<Part<'a>>; 3]),
    Data(u8, u8, &'a [u8]),
    Arrive(u8, u8, &'a [u8]),
    Icmp(u8, u8, u8, u8),
    Opened(u8, bool),
    /// The client that begins with an allocation of TCP has it call a peer.
    Connect(u8),
    /// A link is to be one with a connection.
    Join(u8, u8),
    /// A client comes with a ticket.
    Move(u8, u8, bool),
    Connected(u8, bool),
    Passed(u8, u16),
    Gone(u8),
    Redirect(u8, u16),
    Answer(u8, u8),
    Lost(u8),
    Time(u16),
    Deadline,
}

#[derive(Debug, Arbitrary)]
enum Part<'a> {
    Peer(u8),
    Channel(u8),
    Lifetime(u16),
    Transport(u8),
    Family(u8),
    Additional(u8),
    Even(bool),
    Token(u8),
    Connection(u8),
    Mobility(u8),
    DontFragment,
    Data(&'a [u8]),
    Raw(u16, &'a [u8]),
}

struct World {
    settings: Arc<Settings>,
    server: Server,
    now: Now,
    open: BTreeMap<RelayId, SocketAddr>,
    opening: Vec<(RelayId, Family, Port)>,
    asked: Vec<(Ticket, Who)>,
    nonces: BTreeMap<usize, Vec<u8>>,
    tokens: Vec<Vec<u8>>,
    tickets: Vec<Vec<u8>>,
    /// Relays that listen to peers.
    listening: BTreeSet<RelayId>,
    /// Connections to peers, and the links that they are one with.
    calls: BTreeMap<ConnectionId, Option<Client>>,
    /// Whether an allocation has moved from one client to another.
    has_moved: bool,
    /// Peers that were asked for by whom: what was granted is among them.
    granted: BTreeSet<(usize, IpAddr)>,
    next_port: u16,
}

fuzz_target!(|data: &[u8]| {
    let mut input = Unstructured::new(data);
    let Ok([accounts, has_tcp, has_mobile]) = input.arbitrary::<[bool; 3]>() else { return };
    let mut world = World::begin(accounts);
    if has_tcp {
        world.allocate(STREAM, None);
    }
    if has_mobile {
        world.allocate(DATAGRAMS, Some(0));
    }
    while !input.is_empty() {
        let Ok(happens) = input.arbitrary() else { return };
        world.happen(happens);
    }
});

fn settings(accounts: bool) -> Settings {
    let mut settings = Settings {
        realm: REALM.into(),
        rest: RestSecrets::new([b"secret".to_vec()]),
        accounts,
        ipv6: true,
        dont_fragment: true,
        tcp_relays: true,
        mobility: true,
        other: Discovery::new(address("192.88.97.1:3478"), address("192.88.97.2:3479")),
        connections: MOST_CONNECTIONS,
        pending: MOST_QUESTIONS,
        allocations: MOST_ALLOCATIONS,
        allocations_per_user: 2,
        permissions: 3,
        channels: 2,
        bandwidth: Some(Rate { per_second: 1000, burst: 5000 }),
        challenges: Rate { per_second: 100, burst: 100 },
        budget_places: 8,
        ..Settings::default()
    };
    settings.peers.own = vec![address("192.88.97.1:0").ip()];
    settings.peers.relay_ports = Some(50_000..=60_000);
    settings
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("it is an address")
}

fn client(nth: usize) -> Client {
    let (transport, remote, link) = CLIENTS[nth];
    Client { transport, local: address("192.88.97.1:3478"), remote: address(remote), link }
}

fn pick<T: Copy>(all: &[T], nth: u8) -> T {
    all[usize::from(nth) % all.len()]
}

/// Two with time-limited credentials, one with an account, one with a wrong password.
fn user(nth: u8, settings: &Settings) -> (String, String) {
    let minted = |name| {
        let minted = settings.rest.mint(name, u64::MAX / 2000).expect("there is a secret");
        (minted.username, minted.password)
    };
    match nth % 4 {
        0 => minted("ann"),
        1 => minted("bo"),
        2 => ("romeo".to_owned(), "moon".to_owned()),
        _ => ("juliet".to_owned(), "wrong".to_owned()),
    }
}

fn xored(peer: SocketAddr, transaction: u8) -> Vec<u8> {
    let id = u128::from(transaction) | 0x2112_A442 << 96;
    let mask = id.to_be_bytes();
    let mut value = vec![0, if peer.is_ipv4() { 1 } else { 2 }];
    value.extend((peer.port() ^ 0x2112).to_be_bytes());
    let octets = match peer.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    value.extend(octets.iter().zip(mask).map(|(octet, mask)| octet ^ mask));
    value
}

impl World {
    fn begin(accounts: bool) -> Self {
        let settings = Arc::new(settings(accounts));
        Self {
            server: Server::new(settings.clone(), Seeds { secret: [1; 32], rng: 1 }),
            settings,
            now: Now::default(),
            open: BTreeMap::new(),
            opening: Vec::new(),
            asked: Vec::new(),
            nonces: BTreeMap::new(),
            tokens: Vec::new(),
            tickets: Vec::new(),
            listening: BTreeSet::new(),
            calls: BTreeMap::new(),
            has_moved: false,
            granted: BTreeSet::new(),
            next_port: 50_000,
        }
    }

    /// An allocation, of TCP for a client on a stream.
    fn allocate(&mut self, client: u8, mobility: Option<u8>) {
        self.ask(client, ALLOCATE, || mobility.map(Part::Mobility), false);
        self.happen(Happens::Opened(0, true));
    }

    /// A request with the right credentials. By chance alone few come to be.
    fn ask(&mut self, client: u8, method: u16, part: impl Fn() -> Option<Part<'static>>, by_another: bool) {
        let method = METHODS.iter().position(|it| *it == method).expect("it is one of them") as u8;
        // The first request is told a nonce.
        let times = if self.nonces.contains_key(&(usize::from(client) % CLIENTS.len())) { 1 } else { 2 };
        for _ in 0..times {
            let attributes = [part(), None, None, None];
            let (user, sha256, transaction) = (0, false, 2);
            self.happen(Happens::Ask { client, user, method, attributes, sha256, transaction, by_another });
        }
    }

    fn happen(&mut self, happens: Happens<'_>) {
        match happens {
            Happens::Bytes(from, bytes) => self.packet(usize::from(from) % CLIENTS.len(), bytes, false),
            Happens::Ask { client, user, method, attributes, sha256, transaction, by_another } => {
                let from = usize::from(client) % CLIENTS.len();
                let method = pick(METHODS, method);
                self.note_wishes(from, method, &attributes);
                let packet = self.signed(from, user, method, &attributes, sha256, transaction);
                self.packet(from, &packet, by_another && method == REFRESH);
            }
            Happens::Indicate(from, attributes) => {
                let values = self.values(&attributes, 0);
                let packet = message(MessageClass::Indication, 6, 0, &values).finish();
                self.packet(usize::from(from) % CLIENTS.len(), &packet, false);
            }
            Happens::Data(from, number, payload) => {
                let length = payload.len().min(2000) as u16;
                let packet = [&channel(number)[..], &length.to_be_bytes(), payload].concat();
                self.packet(usize::from(from) % CLIENTS.len(), &packet, false);
            }
            Happens::Arrive(relay, peer, payload) => self.arrive(relay, address(pick(PEERS, peer)), payload),
            Happens::Icmp(relay, peer, kind, code) => {
                self.icmp(relay, address(pick(PEERS, peer)), kind, code)
            }
            Happens::Opened(nth, well) => self.opened(nth, well),
            Happens::Connect(peer) => self.ask(STREAM, CONNECT, || Some(Part::Peer(peer)), false),
            Happens::Join(link, nth) => {
                self.ask(link, CONNECTION_BIND, || Some(Part::Connection(nth)), false)
            }
            Happens::Move(to, nth, by_another) => {
                self.ask(to, REFRESH, || Some(Part::Mobility(nth)), by_another)
            }
            Happens::Connected(nth, is_made) => self.connected(nth, is_made),
            Happens::Passed(nth, bytes) => {
                if let Some(call) = self.call(nth) {
                    self.server.tcp_passed(call, bytes.into(), bytes.into(), self.now);
                }
            }
            Happens::Gone(nth) => self.gone(nth),
            Happens::Redirect(from, ms) => {
                let until_ms = self.now.mono_ms + u64::from(ms);
                self.server.redirect(client(usize::from(from) % CLIENTS.len()), VIA, until_ms, self.now);
            }
            Happens::Answer(nth, how) => self.answer(nth, how),
            Happens::Lost(from) => {
                let mut out = Vec::new();
                self.server.link_gone(&client(usize::from(from) % CLIENTS.len()), &mut out);
                self.judge(out, 0, None);
            }
            Happens::Time(ms) => self.pass(self.now.mono_ms + u64::from(ms) * 20),
            Happens::Deadline => self.pass(self.server.deadline().unwrap_or(0)),
        }
        let (allocations, relays, questions) = self.server.held();
        assert!(
            allocations <= MOST_ALLOCATIONS && relays <= 2 * MOST_ALLOCATIONS && questions <= MOST_QUESTIONS
        );
        assert!(relays <= self.open.len() + self.opening.len() * 2 && self.open.len() <= relays);
        assert!(self.server.connections() <= MOST_ALLOCATIONS * MOST_CONNECTIONS);
        assert_eq!(self.server.connections(), self.calls.len());
        for allocation in self.server.allocations() {
            assert!(allocation.permissions <= 3 && allocation.channels <= 2);
        }
    }

    fn packet(&mut self, from: usize, packet: &[u8], by_another: bool) {
        let mut out = Vec::new();
        if by_another {
            self.server.handle_moved(client(from), VIA, packet, self.now, &mut out);
        } else {
            self.server.handle_client(client(from), packet, self.now, &mut out);
        }
        assert!(out.iter().filter(|out| matches!(out, Out::Send { .. })).count() <= 1);
        self.judge(out, packet.len(), Some(from));
    }

    fn arrive(&mut self, relay: u8, peer: SocketAddr, payload: &[u8]) {
        let Some(relay) = self.open.keys().nth(usize::from(relay) % self.open.len().max(1)).copied() else {
            return;
        };
        if self.listening.contains(&relay) {
            return self.called(relay, peer);
        }
        let mut out = Vec::new();
        self.server.handle_peer(relay, peer, payload, self.now, &mut out);
        for out in &out {
            let Out::Deliver { to, prefix, padding } = out else { panic!("{out:?}") };
            assert!((4..=48).contains(&prefix.len()) && *padding < 4);
            let to = (0..CLIENTS.len()).find(|nth| client(*nth) == *to).expect("it is a client");
            assert!(self.is_granted(to, peer.ip().to_canonical()), "{peer} was permitted by nobody");
        }
    }

    /// Whether the peer was permitted by this client, or by one whose allocation it may have now.
    fn is_granted(&self, to: usize, peer: IpAddr) -> bool {
        let by_anybody = (0..CLIENTS.len()).any(|nth| self.granted.contains(&(nth, peer)));
        self.granted.contains(&(to, peer)) || (self.has_moved && by_anybody)
    }

    fn called(&mut self, relay: RelayId, peer: SocketAddr) {
        let mut out = Vec::new();
        if let Some(connection) = self.server.tcp_accepted(relay, peer, self.now, &mut out) {
            let is_permitted = self.granted.iter().any(|(_, ip)| *ip == peer.ip().to_canonical());
            assert!(is_permitted, "{peer} was permitted by nobody");
            assert_eq!(self.calls.insert(connection, None), None);
            assert_eq!(out.len(), 1);
        }
        self.judge(out, 0, None);
    }

    fn call(&self, nth: u8) -> Option<ConnectionId> {
        self.calls.keys().nth(usize::from(nth) % self.calls.len().max(1)).copied()
    }

    fn connected(&mut self, nth: u8, is_made: bool) {
        let Some(connection) = self.call(nth) else { return };
        let mut out = Vec::new();
        // Word of a connection that was made long ago changes nothing.
        self.server.tcp_connected(connection, is_made, self.now, &mut out);
        if !is_made && self.server.connections() < self.calls.len() {
            self.calls.remove(&connection);
        }
        self.judge(out, 0, None);
    }

    fn gone(&mut self, nth: u8) {
        let Some(connection) = self.call(nth) else { return };
        self.calls.remove(&connection);
        let mut out = Vec::new();
        self.server.tcp_gone(connection, self.now, &mut out);
        self.judge(out, 0, None);
    }

    fn icmp(&mut self, relay: u8, peer: SocketAddr, kind: u8, code: u8) {
        let Some(relay) = self.open.keys().nth(usize::from(relay) % self.open.len().max(1)).copied() else {
            return;
        };
        let mut out = Vec::new();
        self.server.handle_icmp(relay, peer, IcmpError { kind, code, mtu: 1280 }, self.now, &mut out);
        self.judge(out, 0, None);
    }

    fn opened(&mut self, nth: u8, well: bool) {
        if self.opening.is_empty() {
            return;
        }
        let (relay, family, port) = self.opening.remove(usize::from(nth) % self.opening.len());
        let address = well.then(|| self.bind(relay, family, port));
        let mut out = Vec::new();
        self.server.opened(relay, port, address, self.now, &mut out);
        self.judge(out, 0, None);
    }

    fn bind(&mut self, relay: RelayId, family: Family, port: Port) -> SocketAddr {
        self.next_port = 50_000 + (self.next_port + 2) % 5000;
        let ip = if family == Family::V4 { "192.88.97.1" } else { "2600::1" };
        let address = SocketAddr::new(ip.parse().expect("it is one"), self.next_port);
        self.open.insert(relay, address);
        if let Port::EvenAndNext(next) = port {
            self.open.insert(next, SocketAddr::new(address.ip(), self.next_port + 1));
        }
        address
    }

    fn answer(&mut self, nth: u8, how: u8) {
        if self.asked.is_empty() {
            return;
        }
        let (ticket, _) = self.asked.remove(usize::from(nth) % self.asked.len());
        let known = match how % 4 {
            0 => Known::Nobody,
            1 => Known::Unavailable,
            _ => Known::Password { username: "romeo".into(), password: "moon".into() },
        };
        let mut out = Vec::new();
        self.server.answer(ticket, known, self.now, &mut out);
        self.judge(out, 0, None);
    }

    fn pass(&mut self, until: u64) {
        self.now.mono_ms = self.now.mono_ms.max(until);
        self.now.unix_ms = self.now.mono_ms;
        let mut out = Vec::new();
        self.server.timeout(self.now, &mut out);
        assert!(self.server.deadline().is_none_or(|deadline| deadline > self.now.mono_ms), "kept busy");
        self.judge(out, 0, None);
    }

    fn judge(&mut self, out: Vec<Out>, input: usize, from: Option<usize>) {
        for out in out {
            match out {
                Out::Send { to, message } => self.read(to, &message, from),
                Out::Deliver { .. } => panic!("nothing came from a peer"),
                Out::Forward { relay, peer, payload, .. } => {
                    let from = from.expect("it came from a client");
                    assert!(self.open.contains_key(&relay) && payload.end <= input);
                    assert!(!self.listening.contains(&relay), "a datagram from a relay of TCP");
                    assert!(self.settings.peers.may_reach(peer), "{peer} is refused");
                    assert!(self.is_granted(from, peer.ip()), "{peer} was permitted by nobody");
                }
                Out::OpenRelay { relay, family, port } => {
                    assert!(!self.is_named(relay.index), "{relay:?} twice");
                    self.opening.push((relay, family, port));
                }
                Out::CloseRelay { relay } => {
                    assert!(self.open.remove(&relay).is_some(), "{relay:?} is not open");
                    self.listening.remove(&relay);
                }
                Out::Tcp(out) => self.judge_tcp(out, from),
                Out::Elsewhere { worker, from: of, .. } => {
                    assert!(worker != 0 && from.is_none_or(|from| client(from) == of));
                }
                Out::Redirect { via, client: of, until_ms } => {
                    assert_eq!((via, Some(of)), (VIA, from.map(client)));
                    assert!(until_ms > self.now.mono_ms);
                }
                Out::Lookup { ticket, who } => {
                    assert!(self.asked.iter().all(|(other, _)| *other != ticket));
                    self.asked.push((ticket, who));
                }
            }
        }
    }

    fn judge_tcp(&mut self, out: TcpOut, from: Option<usize>) {
        match out {
            TcpOut::Listen { relay, family } => {
                assert!(!self.is_named(relay.index), "{relay:?} twice");
                self.listening.insert(relay);
                self.opening.push((relay, family, Port::Any));
            }
            TcpOut::Connect { connection, relay, peer } => {
                assert!(self.open.contains_key(&relay) && self.listening.contains(&relay));
                assert!(self.settings.peers.may_reach(peer) && peer.port() >= 1024, "{peer} is refused");
                assert_eq!(self.calls.insert(connection, None), None);
            }
            TcpOut::Splice { connection, link } => {
                assert!(link.transport.is_stream() && from.is_none_or(|from| client(from) == link));
                assert!(!self.calls.values().any(|other| *other == Some(link)), "one link, two connections");
                let call = self.calls.get_mut(&connection).expect("it is there");
                assert_eq!(call.replace(link), None, "spliced twice");
            }
            TcpOut::Close { connection } => {
                assert!(self.calls.remove(&connection).is_some(), "{connection:?} is not open");
            }
        }
    }

    fn is_named(&self, index: u32) -> bool {
        // What is being opened for nobody any more may share its index with what came after it.
        self.open.keys().any(|relay| relay.index == index)
    }

    /// Reads an answer as a client does.
    fn read(&mut self, to: Client, bytes: &[u8], from: Option<usize>) {
        let nth = (0..CLIENTS.len()).find(|nth| client(*nth) == to).expect("it is a client");
        assert!(from.is_none_or(|from| from == nth), "an answer to somebody else");
        let message = Message::from_bytes(bytes).expect("we write messages");
        if let Some(nonce) = message.raw_attribute(AttributeType::new(NONCE)) {
            self.nonces.insert(nth, nonce.value.to_vec());
        }
        if let Some(token) = message.raw_attribute(AttributeType::new(RESERVATION_TOKEN)) {
            self.tokens.push(token.value.to_vec());
        }
        if let Some(ticket) = message.raw_attribute(AttributeType::new(MOBILITY_TICKET)) {
            self.has_moved |= message.method().value() == REFRESH;
            self.tickets.push(ticket.value.to_vec());
        }
    }

    /// Peers that this request asks for and that may be had.
    fn note_wishes(&mut self, from: usize, method: u16, attributes: &[Option<Part<'_>>]) {
        if ![CREATE_PERMISSION, CHANNEL_BIND].contains(&method) {
            return;
        }
        for part in attributes.iter().flatten() {
            if let Part::Peer(peer) = part {
                let ip = address(pick(PEERS, *peer)).ip();
                if self.settings.peers.may_permit(ip) {
                    self.granted.insert((from, ip));
                }
            }
        }
    }

    fn values(&self, attributes: &[Option<Part<'_>>], transaction: u8) -> Vec<(u16, Vec<u8>)> {
        attributes.iter().flatten().map(|part| self.value(part, transaction)).collect()
    }

    fn value(&self, part: &Part<'_>, transaction: u8) -> (u16, Vec<u8>) {
        match part {
            Part::Peer(peer) => (XOR_PEER_ADDRESS, xored(address(pick(PEERS, *peer)), transaction)),
            Part::Channel(number) => (0x0C, [&channel(*number)[..], &[0, 0]].concat()),
            Part::Lifetime(seconds) => (0x0D, u32::from(*seconds).to_be_bytes().to_vec()),
            Part::Transport(number) => (0x19, vec![pick(&[17, 6, 132], *number), 0, 0, 0]),
            Part::Family(family) => (0x17, vec![family % 4, 0, 0, 0]),
            Part::Additional(family) => (0x8000, vec![family % 4, 0, 0, 0]),
            Part::Even(next) => (0x18, vec![if *next { 0x80 } else { 0 }]),
            Part::Token(nth) => {
                let token = self.tokens.get(usize::from(*nth) % self.tokens.len().max(1));
                (RESERVATION_TOKEN, token.cloned().unwrap_or_else(|| vec![0; 8]))
            }
            Part::Connection(nth) => {
                let number = self.call(*nth).map_or(u32::from(*nth) << 10, |call| call.0);
                (CONNECTION_ID, number.to_be_bytes().to_vec())
            }
            Part::Mobility(nth) => {
                let ticket = self.tickets.get(usize::from(*nth) % (self.tickets.len() + 1));
                (MOBILITY_TICKET, ticket.cloned().unwrap_or_default())
            }
            Part::DontFragment => (0x1A, Vec::new()),
            Part::Data(data) => (0x13, data[..data.len().min(500)].to_vec()),
            // What protects a message is written by whoever signs it.
            Part::Raw(0x08 | 0x1C | 0x8028, _) => (0x7FFF, Vec::new()),
            Part::Raw(attribute, value) => (*attribute, value[..value.len().min(500)].to_vec()),
        }
    }

    fn signed(
        &self,
        from: usize,
        nth: u8,
        method: u16,
        attributes: &[Option<Part<'_>>],
        sha256: bool,
        transaction: u8,
    ) -> Vec<u8> {
        let (name, password) = user(nth, &self.settings);
        let mut values = self.values(attributes, transaction);
        // Allocate requests mostly say what they must.
        if method == ALLOCATE && !transaction.is_multiple_of(8) {
            let of_tcp = CLIENTS[from].0.is_stream() && transaction.is_multiple_of(2);
            values.insert(0, (0x19, vec![if of_tcp { 6 } else { 17 }, 0, 0, 0]));
        }
        let Some(nonce) = self.nonces.get(&from) else {
            return message(MessageClass::Request, method, transaction, &values).finish();
        };
        values.push((0x06, name.clone().into_bytes()));
        values.push((0x14, REALM.into()));
        values.push((NONCE, nonce.clone()));
        let algorithm = if sha256 { IntegrityAlgorithm::Sha256 } else { IntegrityAlgorithm::Sha1 };
        if sha256 {
            values.push((0x8002, vec![0, 2, 0, 0, 0, 1, 0, 0]));
            values.push((0x1D, vec![0, 2, 0, 0]));
        }
        let mut message = message(MessageClass::Request, method, transaction, &values);
        let key = LongTermKeyCredentials::new(name, password, REALM.to_owned()).make_key(algorithm);
        message.add_message_integrity_with_key(&key, algorithm).expect("it is the first");
        if transaction.is_multiple_of(3) {
            message.add_fingerprint().expect("it is the first");
        }
        message.finish()
    }
}

/// Mostly one that may be had.
fn channel(number: u8) -> [u8; 2] {
    [if number > 250 { 0x50 } else { 0x40 }, number % 4]
}

fn message(class: MessageClass, method: u16, transaction: u8, values: &[(u16, Vec<u8>)]) -> MessageWriteVec {
    let kind = MessageType::from_class_method(class, Method::new(method));
    let mut message =
        Message::builder(kind, TransactionId::from(u128::from(transaction)), MessageWriteVec::new());
    for (attribute, value) in values {
        message.push_attribute_unchecked(&RawAttribute::new(AttributeType::new(*attribute), value));
    }
    message
}
