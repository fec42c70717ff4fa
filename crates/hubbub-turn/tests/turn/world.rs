//! A network around the server: sockets that are only names, a clock that is turned by hand, and clients whose messages are
//! written and protected by `stun-types`, not by the crate that is tested.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use hubbub_turn::{
    Client, ConnectionId, Family, Known, Now, Out, Port, RelayId, RestSecrets, Seeds, Server, Settings,
    TcpOut, Ticket, Transport, Who,
};
use stun_types::attribute::{Attribute as _, AttributeType, RawAttribute};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageType, MessageWrite,
    MessageWriteExt, MessageWriteVec, Method, TransactionId,
};

pub(crate) const BINDING: u16 = 1;
pub(crate) const ALLOCATE: u16 = 3;
pub(crate) const REFRESH: u16 = 4;
pub(crate) const SEND: u16 = 6;
pub(crate) const CREATE_PERMISSION: u16 = 8;
pub(crate) const CHANNEL_BIND: u16 = 9;
pub(crate) const CONNECT: u16 = 10;
pub(crate) const CONNECTION_BIND: u16 = 11;

pub(crate) const MAPPED_ADDRESS: u16 = 0x0001;
pub(crate) const CHANGE_REQUEST: u16 = 0x0003;
pub(crate) const USERNAME: u16 = 0x0006;
pub(crate) const MESSAGE_INTEGRITY: u16 = 0x0008;
pub(crate) const ERROR_CODE: u16 = 0x0009;
pub(crate) const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
pub(crate) const CHANNEL_NUMBER: u16 = 0x000C;
pub(crate) const LIFETIME: u16 = 0x000D;
pub(crate) const XOR_PEER_ADDRESS: u16 = 0x0012;
pub(crate) const DATA: u16 = 0x0013;
pub(crate) const REALM: u16 = 0x0014;
pub(crate) const NONCE: u16 = 0x0015;
pub(crate) const XOR_RELAYED_ADDRESS: u16 = 0x0016;
pub(crate) const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
pub(crate) const EVEN_PORT: u16 = 0x0018;
pub(crate) const REQUESTED_TRANSPORT: u16 = 0x0019;
pub(crate) const DONT_FRAGMENT: u16 = 0x001A;
pub(crate) const MESSAGE_INTEGRITY_SHA256: u16 = 0x001C;
pub(crate) const PASSWORD_ALGORITHM: u16 = 0x001D;
pub(crate) const USERHASH: u16 = 0x001E;
pub(crate) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
pub(crate) const RESERVATION_TOKEN: u16 = 0x0022;
pub(crate) const PADDING: u16 = 0x0026;
pub(crate) const RESPONSE_PORT: u16 = 0x0027;
pub(crate) const CONNECTION_ID: u16 = 0x002A;
pub(crate) const ADDITIONAL_ADDRESS_FAMILY: u16 = 0x8000;
pub(crate) const ADDRESS_ERROR_CODE: u16 = 0x8001;
pub(crate) const PASSWORD_ALGORITHMS: u16 = 0x8002;
pub(crate) const ICMP: u16 = 0x8004;
pub(crate) const MOBILITY_TICKET: u16 = 0x8030;
pub(crate) const FINGERPRINT: u16 = 0x8028;
pub(crate) const RESPONSE_ORIGIN: u16 = 0x802B;
pub(crate) const OTHER_ADDRESS: u16 = 0x802C;

pub(crate) const UDP: (u16, &[u8]) = (REQUESTED_TRANSPORT, &[17, 0, 0, 0]);
pub(crate) const TCP: (u16, &[u8]) = (REQUESTED_TRANSPORT, &[6, 0, 0, 0]);
pub(crate) const OFFERED: &[u8] = &[0, 2, 0, 0, 0, 1, 0, 0];

pub(crate) const SECRET: &[u8] = b"between application and relay";
pub(crate) const PEER: &str = "192.88.98.7:4000";
pub(crate) const PEER_V6: &str = "[2600::7]:4000";
/// Seconds after 1970 when the world begins.
pub(crate) const BEGIN_S: u64 = 1_800_000_000;

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn settings() -> Settings {
    Settings {
        realm: "example.org".into(),
        rest: RestSecrets::new([SECRET.to_vec(), b"the old one".to_vec()]),
        ipv6: true,
        ..Settings::default()
    }
}

pub(crate) fn udp(remote: &str) -> Client {
    Client { transport: Transport::Udp, local: address("192.88.97.1:3478"), remote: address(remote), link: 0 }
}

pub(crate) fn tcp(remote: &str, link: u64) -> Client {
    Client { transport: Transport::Tcp, link, ..udp(remote) }
}

/// A datagram that left a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Datagram {
    pub(crate) relay: SocketAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) payload: Vec<u8>,
    pub(crate) dont_fragment: bool,
}

/// A connection to a peer, made or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) relay: SocketAddr,
    pub(crate) peer: SocketAddr,
    /// The client's link that it is one with.
    pub(crate) link: Option<Client>,
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) now: Now,
    pub(crate) relays: BTreeMap<RelayId, SocketAddr>,
    next_port: u16,
    /// Families whose sockets cannot be opened.
    pub(crate) broken: Vec<Family>,
    /// Whether sockets stay unopened until [`Self::open_late`].
    pub(crate) slow: bool,
    late: Vec<(RelayId, Family, Port)>,
    pub(crate) answers: Vec<(Client, Vec<u8>)>,
    pub(crate) datagrams: Vec<Datagram>,
    pub(crate) asked: Vec<(Ticket, Who)>,
    /// Connections to peers.
    pub(crate) calls: BTreeMap<ConnectionId, Call>,
    /// What was for another worker.
    pub(crate) elsewhere: Vec<(u16, Client, Vec<u8>)>,
    /// What another worker is to be told.
    pub(crate) redirects: Vec<(u16, Client, u64)>,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            server: Server::new(Arc::new(settings), Seeds { secret: [7; 32], rng: 1 }),
            now: Now { unix_ms: BEGIN_S * 1000, mono_ms: 5_000_000 },
            relays: BTreeMap::new(),
            next_port: 50_001,
            broken: Vec::new(),
            slow: false,
            late: Vec::new(),
            answers: Vec::new(),
            datagrams: Vec::new(),
            asked: Vec::new(),
            calls: BTreeMap::new(),
            elsewhere: Vec::new(),
            redirects: Vec::new(),
        }
    }

    /// A packet comes from a client.
    pub(crate) fn receive(&mut self, from: Client, packet: &[u8]) {
        let mut out = Vec::new();
        self.server.handle_client(from, packet, self.now, &mut out);
        self.carry_out(out, packet);
    }

    /// A packet comes from a client through another worker; the answer, if there is one.
    pub(crate) fn hand_over(&mut self, from: Client, via: u16, packet: &[u8]) -> Option<Answer> {
        let mut out = Vec::new();
        self.server.handle_moved(from, via, packet, self.now, &mut out);
        self.carry_out(out, packet);
        self.take_answer(from)
    }

    /// The one answer to a packet.
    pub(crate) fn ask(&mut self, from: Client, packet: &[u8]) -> Answer {
        self.try_ask(from, packet).expect("an answer")
    }

    pub(crate) fn try_ask(&mut self, from: Client, packet: &[u8]) -> Option<Answer> {
        self.receive(from, packet);
        self.take_answer(from)
    }

    pub(crate) fn take_answer(&mut self, to: Client) -> Option<Answer> {
        let (client, bytes) = self.answers.pop()?;
        assert!(self.answers.is_empty(), "one answer at most");
        assert_eq!(client, to);
        Some(Answer::read(bytes))
    }

    /// A datagram comes to a relay; what its client gets.
    pub(crate) fn arrive(&mut self, relay: SocketAddr, peer: &str, payload: &[u8]) -> Option<Vec<u8>> {
        let (id, _) = self.relays.iter().find(|(_, address)| **address == relay).expect("it is open");
        let mut out = Vec::new();
        self.server.handle_peer(*id, address(peer), payload, self.now, &mut out);
        self.carry_out(out, payload);
        self.answers.pop().map(|(_, bytes)| bytes)
    }

    /// Sends to every relay; how many there are.
    pub(crate) fn arrive_anywhere(&mut self) -> usize {
        let relays: Vec<_> = self.relays.values().copied().collect();
        for relay in &relays {
            assert_eq!(self.arrive(*relay, PEER, b"hi"), None);
        }
        relays.len()
    }

    pub(crate) fn answer(&mut self, ticket: Ticket, known: Known) {
        let mut out = Vec::new();
        self.server.answer(ticket, known, self.now, &mut out);
        self.carry_out(out, &[]);
    }

    pub(crate) fn lose(&mut self, client: &Client) {
        let mut out = Vec::new();
        self.server.link_gone(client, &mut out);
        self.carry_out(out, &[]);
    }

    /// Lets time pass, with the alarms on its way.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.now.mono_ms + ms;
        while let Some(at) = self.server.deadline().filter(|at| *at <= end) {
            self.turn_clock(at);
            let mut out = Vec::new();
            self.server.timeout(self.now, &mut out);
            assert!(self.server.deadline().is_none_or(|next| next > self.now.mono_ms), "kept busy");
            self.carry_out(out, &[]);
        }
        self.turn_clock(end);
    }

    fn turn_clock(&mut self, mono_ms: u64) {
        self.now.unix_ms += mono_ms.saturating_sub(self.now.mono_ms);
        self.now.mono_ms = self.now.mono_ms.max(mono_ms);
    }

    /// Opens what could not be opened at once.
    pub(crate) fn open_late(&mut self) {
        for (relay, family, port) in std::mem::take(&mut self.late) {
            self.open(relay, family, port);
        }
    }

    fn carry_out(&mut self, out: Vec<Out>, input: &[u8]) {
        for out in out {
            match out {
                Out::Send { to, message } => self.answers.push((to, message)),
                Out::Deliver { to, prefix, padding } => {
                    let zeros = vec![0; padding.into()];
                    self.answers.push((to, [&prefix, input, &zeros].concat()));
                }
                Out::Forward { relay, peer, payload, dont_fragment } => {
                    let relay = self.relays[&relay];
                    let payload = input[payload].to_vec();
                    self.datagrams.push(Datagram { relay, peer, payload, dont_fragment });
                }
                Out::OpenRelay { relay, family, port } if self.slow => self.late.push((relay, family, port)),
                Out::OpenRelay { relay, family, port } => self.open(relay, family, port),
                Out::CloseRelay { relay } => {
                    assert!(self.relays.remove(&relay).is_some(), "closed twice");
                }
                Out::Lookup { ticket, who } => self.asked.push((ticket, who)),
                Out::Tcp(out) => self.carry_out_tcp(out),
                Out::Elsewhere { worker, from, packet } => self.elsewhere.push((worker, from, packet)),
                Out::Redirect { via, client, until_ms } => self.redirects.push((via, client, until_ms)),
            }
        }
    }

    fn carry_out_tcp(&mut self, out: TcpOut) {
        match out {
            TcpOut::Listen { relay, family } => self.open(relay, family, Port::Any),
            TcpOut::Connect { connection, relay, peer } => {
                let call = Call { relay: self.relays[&relay], peer, link: None };
                assert_eq!(self.calls.insert(connection, call), None, "one of that name");
            }
            TcpOut::Splice { connection, link } => {
                let call = self.calls.get_mut(&connection).expect("it is there");
                assert_eq!(call.link.replace(link), None, "spliced once");
            }
            TcpOut::Close { connection } => {
                assert!(self.calls.remove(&connection).is_some(), "closed twice");
            }
        }
    }

    /// A peer takes a call, or does not.
    pub(crate) fn connected(&mut self, connection: ConnectionId, is_made: bool) {
        if !is_made {
            self.calls.remove(&connection);
        }
        let mut out = Vec::new();
        self.server.tcp_connected(connection, is_made, self.now, &mut out);
        self.carry_out(out, &[]);
    }

    /// A peer calls a relay; how the connection is called if it is taken.
    pub(crate) fn call(&mut self, relay: SocketAddr, peer: &str) -> Option<ConnectionId> {
        let (id, _) = self.relays.iter().find(|(_, address)| **address == relay).expect("it is open");
        let peer = address(peer);
        let mut out = Vec::new();
        let connection = self.server.tcp_accepted(*id, peer, self.now, &mut out)?;
        assert_eq!(self.calls.insert(connection, Call { relay, peer, link: None }), None);
        self.carry_out(out, &[]);
        Some(connection)
    }

    /// Both sides of a connection have ended.
    pub(crate) fn hang_up(&mut self, connection: ConnectionId) {
        self.calls.remove(&connection).expect("it is there");
        let mut out = Vec::new();
        self.server.tcp_gone(connection, self.now, &mut out);
        self.carry_out(out, &[]);
    }

    fn open(&mut self, relay: RelayId, family: Family, port: Port) {
        let address = (!self.broken.contains(&family)).then(|| self.bind(relay, family, port));
        let mut out = Vec::new();
        self.server.opened(relay, port, address, self.now, &mut out);
        self.carry_out(out, &[]);
    }

    fn bind(&mut self, relay: RelayId, family: Family, port: Port) -> SocketAddr {
        self.next_port += 1;
        if port != Port::Any {
            self.next_port += self.next_port % 2;
        }
        let ip = if family == Family::V4 { "192.88.97.1" } else { "2600::1" };
        let address = SocketAddr::new(ip.parse().unwrap(), self.next_port);
        assert_eq!(self.relays.insert(relay, address), None);
        if let Port::EvenAndNext(next) = port {
            self.next_port += 1;
            assert_eq!(self.relays.insert(next, SocketAddr::new(address.ip(), self.next_port)), None);
        }
        address
    }

    /// How many allocations, relays and questions there are.
    pub(crate) fn held(&self) -> (usize, usize, usize) {
        assert_eq!(self.server.held().1, self.relays.len() + self.late_relays());
        self.server.held()
    }

    fn late_relays(&self) -> usize {
        self.late.iter().map(|(_, _, port)| if matches!(port, Port::EvenAndNext(_)) { 2 } else { 1 }).sum()
    }
}

/// An answer of the server, taken apart by `stun-types`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn read(bytes: Vec<u8>) -> Self {
        Message::from_bytes(&bytes).expect("we write messages");
        Self { bytes }
    }

    fn message(&self) -> Message<'_> {
        Message::from_bytes(&self.bytes).unwrap()
    }

    pub(crate) fn is_success(&self) -> bool {
        self.message().has_class(MessageClass::Success)
    }

    pub(crate) fn value(&self, attribute: u16) -> Option<Vec<u8>> {
        let message = self.message();
        let found = message.raw_attribute(AttributeType::new(attribute))?;
        Some(found.value.to_vec())
    }

    pub(crate) fn has(&self, attribute: u16) -> bool {
        self.value(attribute).is_some()
    }

    pub(crate) fn attributes(&self) -> Vec<u16> {
        self.message().iter_attributes().map(|(_, attribute)| attribute.get_type().value()).collect()
    }

    /// 0 for success.
    pub(crate) fn code(&self) -> u16 {
        self.value(ERROR_CODE).map_or(0, |value| u16::from(value[2]) * 100 + u16::from(value[3]))
    }

    /// All addresses of a kind.
    pub(crate) fn addresses(&self, attribute: u16) -> Vec<SocketAddr> {
        let message = self.message();
        let transaction = &self.bytes[8..20];
        let all = message.iter_attributes().filter(|(_, found)| found.get_type().value() == attribute);
        all.map(|(_, found)| unxor(&found.value, transaction)).collect()
    }

    /// An address that is written in the clear.
    pub(crate) fn plain_address(&self, attribute: u16) -> SocketAddr {
        unmask(&self.value(attribute).expect("it is there"), &[0; 16])
    }

    pub(crate) fn relayed(&self) -> SocketAddr {
        self.addresses(XOR_RELAYED_ADDRESS)[0]
    }

    pub(crate) fn lifetime(&self) -> u32 {
        u32::from_be_bytes(self.value(LIFETIME).expect("LIFETIME").try_into().unwrap())
    }

    /// Whether it is protected with these credentials.
    pub(crate) fn is_signed_by(&self, user: &User) -> bool {
        self.message().validate_integrity_with_key(&user.credentials().make_key(user.algorithm)).is_ok()
    }
}

fn mask(transaction: &[u8]) -> Vec<u8> {
    [&[0x21, 0x12, 0xA4, 0x42], transaction].concat()
}

fn unxor(value: &[u8], transaction: &[u8]) -> SocketAddr {
    unmask(value, &mask(transaction))
}

fn unmask(value: &[u8], mask: &[u8]) -> SocketAddr {
    let port = u16::from_be_bytes([value[2] ^ mask[0], value[3] ^ mask[1]]);
    let ip: Vec<u8> = value[4..].iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    match value[1] {
        1 => SocketAddr::new(<[u8; 4]>::try_from(ip).unwrap().into(), port),
        _ => SocketAddr::new(<[u8; 16]>::try_from(ip).unwrap().into(), port),
    }
}

/// The value of XOR-PEER-ADDRESS.
pub(crate) fn xored(peer: SocketAddr, transaction: &[u8]) -> Vec<u8> {
    let mask = mask(transaction);
    let mut value = vec![0, if peer.is_ipv4() { 1 } else { 2 }];
    value.extend(peer.port().to_be_bytes().iter().zip(&mask).map(|(byte, mask)| byte ^ mask));
    let ip = match peer.ip() {
        std::net::IpAddr::V4(ip) => ip.octets().to_vec(),
        std::net::IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    value.extend(ip.iter().zip(&mask).map(|(byte, mask)| byte ^ mask));
    value
}

/// Somebody with credentials.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) at: Client,
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) realm: String,
    pub(crate) nonce: Vec<u8>,
    pub(crate) algorithm: IntegrityAlgorithm,
    pub(crate) by_hash: bool,
    pub(crate) transaction: u128,
}

impl User {
    /// With time-limited credentials, good for an hour.
    pub(crate) fn new(at: Client) -> Self {
        Self::named(at, "ann")
    }

    pub(crate) fn named(at: Client, name: &str) -> Self {
        let minted = settings().rest.mint(name, BEGIN_S + 3600).unwrap();
        Self::with_password(at, &minted.username, &minted.password)
    }

    pub(crate) fn with_password(at: Client, name: &str, password: &str) -> Self {
        Self {
            at,
            name: name.into(),
            password: password.into(),
            realm: "example.org".into(),
            nonce: Vec::new(),
            algorithm: IntegrityAlgorithm::Sha1,
            by_hash: false,
            transaction: 1,
        }
    }

    fn credentials(&self) -> LongTermKeyCredentials {
        LongTermKeyCredentials::new(self.name.clone(), self.password.clone(), self.realm.clone())
    }

    /// The transaction of the message that is written next.
    pub(crate) fn id(&self) -> [u8; 12] {
        self.transaction.to_be_bytes()[4..].try_into().unwrap()
    }

    pub(crate) fn peer(&self, peer: &str) -> Vec<u8> {
        xored(address(peer), &self.id())
    }

    /// A message without credentials.
    pub(crate) fn bare(
        &self,
        class: MessageClass,
        method: u16,
        attributes: &[(u16, &[u8])],
    ) -> MessageWriteVec {
        let id = TransactionId::from(self.transaction);
        let kind = MessageType::from_class_method(class, Method::new(method));
        let mut message = Message::builder(kind, id, MessageWriteVec::new());
        for (attribute, value) in attributes {
            message.push_attribute_unchecked(&RawAttribute::new(AttributeType::new(*attribute), value));
        }
        message
    }

    /// A request without credentials.
    pub(crate) fn plain(&self, method: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        self.bare(MessageClass::Request, method, attributes).finish()
    }

    /// A request with credentials.
    pub(crate) fn signed(&self, method: u16, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let hash = stun_types::attribute::Userhash::compute(&self.name, &self.realm);
        let mut all = attributes.to_vec();
        all.push(if self.by_hash { (USERHASH, &hash) } else { (USERNAME, self.name.as_bytes()) });
        all.push((REALM, self.realm.as_bytes()));
        all.push((NONCE, &self.nonce));
        if self.algorithm == IntegrityAlgorithm::Sha256 {
            all.push((PASSWORD_ALGORITHMS, OFFERED));
            all.push((PASSWORD_ALGORITHM, &[0, 2, 0, 0]));
        }
        let mut message = self.bare(MessageClass::Request, method, &all);
        let key = self.credentials().make_key(self.algorithm);
        message.add_message_integrity_with_key(&key, self.algorithm).unwrap();
        message.finish()
    }

    /// Gets a nonce by asking without credentials.
    pub(crate) fn learn_nonce(&mut self, world: &mut World) {
        self.transaction += 1;
        let answer = world.ask(self.at, &self.plain(ALLOCATE, &[UDP]));
        assert_eq!(answer.code(), 401);
        self.nonce = answer.value(NONCE).unwrap();
    }

    /// A signed request and its answer, which must be protected with our key.
    pub(crate) fn ask(&mut self, world: &mut World, method: u16, attributes: &[(u16, &[u8])]) -> Answer {
        self.transaction += 1;
        let packet = self.signed(method, attributes);
        let answer = world.ask(self.at, &packet);
        assert!(answer.is_signed_by(self), "{answer:?}");
        answer
    }

    /// An allocation with nothing special.
    pub(crate) fn allocate(&mut self, world: &mut World) -> SocketAddr {
        self.allocate_with(world, &[UDP]).relayed()
    }

    pub(crate) fn allocate_with(&mut self, world: &mut World, attributes: &[(u16, &[u8])]) -> Answer {
        self.learn_nonce(world);
        let answer = self.ask(world, ALLOCATE, attributes);
        assert!(answer.is_success(), "{}", answer.code());
        answer
    }

    pub(crate) fn refresh(&mut self, world: &mut World, lifetime: u32) -> Answer {
        self.ask(world, REFRESH, &[(LIFETIME, &lifetime.to_be_bytes())])
    }

    /// Asks for a permission; the code of the answer.
    pub(crate) fn permit(&mut self, world: &mut World, peer: &str) -> u16 {
        self.transaction += 1;
        let peer = self.peer(peer);
        self.transaction -= 1;
        self.ask(world, CREATE_PERMISSION, &[(XOR_PEER_ADDRESS, &peer)]).code()
    }

    /// Asks for a channel; the code of the answer.
    pub(crate) fn bind(&mut self, world: &mut World, number: u16, peer: &str) -> u16 {
        self.transaction += 1;
        let peer = self.peer(peer);
        self.transaction -= 1;
        let [high, low] = number.to_be_bytes();
        let attributes: [(u16, &[u8]); 2] = [(CHANNEL_NUMBER, &[high, low, 0, 0]), (XOR_PEER_ADDRESS, &peer)];
        self.ask(world, CHANNEL_BIND, &attributes).code()
    }

    /// An allocation whose relay is of TCP.
    pub(crate) fn allocate_tcp(&mut self, world: &mut World) -> SocketAddr {
        self.allocate_with(world, &[TCP]).relayed()
    }

    /// Has the relay call a peer: how the connection is called, or the code of the refusal.
    pub(crate) fn connect(&mut self, world: &mut World, peer: &str) -> Result<ConnectionId, u16> {
        let before: Vec<_> = world.calls.keys().copied().collect();
        self.transaction += 1;
        let packet = self.signed(CONNECT, &[(XOR_PEER_ADDRESS, &self.peer(peer))]);
        match world.try_ask(self.at, &packet) {
            Some(answer) => {
                assert!(answer.is_signed_by(self));
                Err(answer.code())
            }
            None => Ok(*world.calls.keys().find(|id| !before.contains(id)).expect("a call")),
        }
    }

    /// Makes `self.at`, a new link, one with a connection; the code of the answer.
    pub(crate) fn join(&mut self, world: &mut World, connection: ConnectionId) -> u16 {
        self.learn_nonce(world);
        self.ask(world, CONNECTION_BIND, &[(CONNECTION_ID, &connection.0.to_be_bytes())]).code()
    }

    /// Sends to a peer by an indication; what left the relay.
    pub(crate) fn send(&mut self, world: &mut World, peer: &str, payload: &[u8]) -> Option<Datagram> {
        self.transaction += 1;
        let peer = self.peer(peer);
        self.indicate(world, &[(XOR_PEER_ADDRESS, &peer), (DATA, payload)])
    }

    pub(crate) fn indicate(&self, world: &mut World, attributes: &[(u16, &[u8])]) -> Option<Datagram> {
        let packet = self.bare(MessageClass::Indication, SEND, attributes).finish();
        world.receive(self.at, &packet);
        assert_eq!(world.answers, [], "indications are not answered");
        world.datagrams.pop()
    }

    /// Sends by a channel; what left the relay.
    pub(crate) fn say(&self, world: &mut World, number: u16, payload: &[u8]) -> Option<Datagram> {
        world.receive(self.at, &channel_data(number, payload));
        assert_eq!(world.answers, [], "data is not answered");
        world.datagrams.pop()
    }
}

pub(crate) fn channel_data(number: u16, payload: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &(payload.len() as u16).to_be_bytes(), payload].concat()
}
