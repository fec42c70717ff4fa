//! A small TURN server with a known fault, over UDP and TCP on one port.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

/// What credentials are made with.
pub(crate) const SECRET: &str = "known to both";

const REALM: &str = "bench.invalid";
const NONCE: &str = "once";
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

/// What the server does wrong.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    None,
    /// Answers nothing at all.
    Silent,
    /// Does not hear what each client says first.
    Deaf,
    /// Refuses every allocation.
    Refuse,
    /// Does not sign what it grants.
    Unsealed,
    /// Each client does not get the fourth packet.
    LoseOne,
    /// Each client does not get one in a hundred.
    LoseMany,
    /// No client gets a packet.
    LoseAll,
    /// Each client gets the fourth packet twice.
    Repeat,
    /// Each client gets the fifth packet before the fourth.
    Swap,
    /// Each client gets the fourth packet with other bytes.
    Damage,
    /// Each client gets the fourth packet on another channel.
    Channel,
    /// Each client gets the fourth packet in a message.
    Indication,
    /// Each peer gets the fourth packet from elsewhere.
    Source,
}

/// The fourth packet, by its number.
const FOURTH: usize = 3;

/// A server with the fault; answers where it is.
pub(crate) fn start(fault: Fault) -> SocketAddr {
    let (stream, datagrams) = loop {
        let stream = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(datagrams) = UdpSocket::bind(stream.local_addr().unwrap()) {
            break (stream, datagrams);
        }
    };
    let address = stream.local_addr().unwrap();
    thread::spawn(move || serve_datagrams(&datagrams, fault));
    thread::spawn(move || {
        for stream in stream.incoming() {
            thread::spawn(move || serve_stream(stream.unwrap(), fault));
        }
    });
    address
}

fn serve_datagrams(socket: &UdpSocket, fault: Fault) {
    let mut clients: HashMap<SocketAddr, Client> = HashMap::new();
    let mut bytes = [0; 2048];
    loop {
        let (size, from) = socket.recv_from(&mut bytes).unwrap();
        let way = || Way::Datagrams(socket.try_clone().unwrap(), from);
        clients.entry(from).or_insert_with(|| Client::new(way(), fault)).take(&bytes[..size]);
    }
}

fn serve_stream(mut stream: TcpStream, fault: Fault) {
    let mut client = Client::new(Way::Stream(stream.try_clone().unwrap()), fault);
    let mut head = [0; 4];
    while stream.read_exact(&mut head).is_ok() {
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (whole, padding) =
            if head[0] < 0x40 { (20 + length, 0) } else { (4 + length, length.wrapping_neg() % 4) };
        let mut piece = vec![0; whole + padding];
        piece[..4].copy_from_slice(&head);
        if stream.read_exact(&mut piece[4..]).is_err() {
            return;
        }
        client.take(&piece[..whole]);
    }
}

/// How a client is reached.
enum Way {
    Datagrams(UdpSocket, SocketAddr),
    Stream(TcpStream),
}

impl Way {
    fn send(&self, bytes: &[u8]) {
        // A client that is gone has seen what it wanted to see.
        let _ = match self {
            Self::Datagrams(socket, to) => socket.send_to(bytes, to).map(drop),
            Self::Stream(stream) => {
                let mut padded = bytes.to_vec();
                padded.resize(bytes.len().next_multiple_of(4), 0);
                (&*stream).write_all(&padded)
            }
        };
    }
}

/// One client, with at most one allocation, one channel and one peer.
struct Client {
    way: Arc<Way>,
    fault: Fault,
    relay: Arc<UdpSocket>,
    peer: Option<SocketAddr>,
    deaf: bool,
    relayed: usize,
}

impl Client {
    fn new(way: Way, fault: Fault) -> Self {
        let relay = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
        Self { way: Arc::new(way), fault, relay, peer: None, deaf: fault == Fault::Deaf, relayed: 0 }
    }

    fn take(&mut self, bytes: &[u8]) {
        if std::mem::take(&mut self.deaf) || self.fault == Fault::Silent {
            return;
        }
        if bytes[0] < 0x40 {
            return self.answer(bytes);
        }
        let elsewhere = self.fault == Fault::Source && self.relayed == FOURTH;
        self.relayed += 1;
        let packet = &bytes[4..4 + usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))];
        let sent = match elsewhere {
            true => UdpSocket::bind("127.0.0.1:0").unwrap().send_to(packet, self.peer.unwrap()),
            false => self.relay.send_to(packet, self.peer.unwrap()),
        };
        assert_eq!(sent.unwrap(), packet.len());
    }

    fn answer(&mut self, request: &[u8]) {
        let Some(user) = attribute(request, 0x0006) else {
            let refusal = [(0x0009, b"\0\0\x04\x01Unauthorized".to_vec()), realm(), nonce()];
            return self.way.send(&message(request, 0x0110, &refusal, None));
        };
        let key = key(user);
        let (fault, right) = (self.fault, is_sealed(request, &key));
        if !right || fault == Fault::Refuse {
            let why: &[u8] =
                if right { b"\0\0\x04\x56Allocation Quota Reached" } else { b"\0\0\x04\x01Wrong" };
            return self.way.send(&message(request, 0x0110, &[(0x0009, why.to_vec())], Some(&key)));
        }
        let mut attributes = Vec::new();
        match request[1] {
            3 => attributes.push((0x0016, xored(self.relay.local_addr().unwrap()))),
            9 => self.bind(request),
            _ => {}
        }
        self.way.send(&message(
            request,
            0x0100,
            &attributes,
            Some(&key).filter(|_| fault != Fault::Unsealed),
        ));
    }

    /// Binds the channel: what the peer sends comes there from now on.
    fn bind(&mut self, request: &[u8]) {
        let channel = attribute(request, 0x000C).unwrap()[..2].try_into().unwrap();
        let peer = unxored(attribute(request, 0x0012).unwrap());
        self.peer = Some(peer);
        let (way, relay, fault) = (self.way.clone(), self.relay.clone(), self.fault);
        thread::spawn(move || relay_down(&way, &relay, peer, channel, fault));
    }
}

/// Relays what the peer sends, with the fault.
fn relay_down(way: &Way, relay: &UdpSocket, peer: SocketAddr, channel: [u8; 2], fault: Fault) {
    let mut kept = None;
    let mut bytes = [0; 2048];
    for number in 0.. {
        let (size, from) = relay.recv_from(&mut bytes).unwrap();
        assert_eq!(from, peer);
        let packet = &mut bytes[..size];
        let fourth = number == FOURTH;
        let data = |channel: [u8; 2], packet: &[u8]| {
            [&channel, &(packet.len() as u16).to_be_bytes(), packet].concat()
        };
        match fault {
            Fault::LoseAll => continue,
            Fault::LoseMany if number % 100 == 0 => continue,
            Fault::LoseOne if fourth => continue,
            Fault::Swap if fourth => {
                kept = Some(data(channel, packet));
                continue;
            }
            Fault::Damage if fourth => *packet.last_mut().unwrap() ^= 1,
            Fault::Repeat if fourth => way.send(&data(channel, packet)),
            Fault::Channel if fourth => way.send(&data([channel[0], channel[1] + 1], packet)),
            Fault::Indication if fourth => {
                way.send(&message(&[0; 20], 0x0017, &[(0x0013, packet.to_vec())], None))
            }
            _ => {}
        }
        way.send(&data(channel, packet));
        kept.take().iter().for_each(|kept: &Vec<u8>| way.send(kept));
    }
}

/// A message of this class (and method, unless it is that of the request), with these attributes, and a seal if there is a key.
fn message(request: &[u8], class: u16, attributes: &[(u16, Vec<u8>)], key: Option<&hmac::Key>) -> Vec<u8> {
    let mut bytes = (class | u16::from(request[1])).to_be_bytes().to_vec();
    bytes.extend([0; 2]);
    bytes.extend(COOKIE);
    bytes.extend(&request[8..20]);
    attributes.iter().for_each(|(kind, value)| append(&mut bytes, *kind, value));
    if let Some(key) = key {
        set_length(&mut bytes, 24);
        let seal = hmac::sign(key, &bytes);
        append(&mut bytes, 0x0008, seal.as_ref());
    }
    set_length(&mut bytes, 0);
    bytes
}

fn append(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    bytes.extend(kind.to_be_bytes());
    bytes.extend((value.len() as u16).to_be_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn set_length(bytes: &mut [u8], more: usize) {
    let length = (bytes.len() - 20 + more) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
}

fn realm() -> (u16, Vec<u8>) {
    (0x0014, REALM.into())
}

fn nonce() -> (u16, Vec<u8>) {
    (0x0015, NONCE.into())
}

/// Where each attribute begins, with its kind and its value.
fn attributes(message: &[u8]) -> Vec<(usize, u16, &[u8])> {
    let (mut at, mut found) = (20, Vec::new());
    while at < message.len() {
        let short = |at: usize| u16::from_be_bytes([message[at], message[at + 1]]);
        let length = usize::from(short(at + 2));
        found.push((at, short(at), &message[at + 4..at + 4 + length]));
        at += 4 + length.next_multiple_of(4);
    }
    found
}

fn attribute(message: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(message).into_iter().find(|(_, found, _)| *found == kind).map(|(_, _, value)| value)
}

fn is_sealed(message: &[u8], key: &hmac::Key) -> bool {
    let found = attributes(message).into_iter().find(|(_, kind, _)| *kind == 0x0008);
    found.is_some_and(|(at, _, seal)| {
        let mut covered = message[..at].to_vec();
        set_length(&mut covered, 24);
        hmac::verify(key, &covered, seal).is_ok()
    })
}

fn key(user: &[u8]) -> hmac::Key {
    let sha1 = |key: &[u8]| hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let password = STANDARD.encode(hmac::sign(&sha1(SECRET.as_bytes()), user));
    sha1(&Md5::digest([user, b":", REALM.as_bytes(), b":", password.as_bytes()].concat()))
}

fn xored(address: SocketAddr) -> Vec<u8> {
    let SocketAddr::V4(address) = address else { unreachable!("bound to 127.0.0.1") };
    let mut value = vec![0, 1];
    value.extend((address.port() ^ 0x2112).to_be_bytes());
    value.extend(address.ip().octets().iter().zip(COOKIE).map(|(octet, cookie)| octet ^ cookie));
    value
}

fn unxored(value: &[u8]) -> SocketAddr {
    let port = u16::from_be_bytes([value[2], value[3]]) ^ 0x2112;
    let octets: [u8; 4] = std::array::from_fn(|at| value[4 + at] ^ COOKIE[at]);
    SocketAddr::from((Ipv4Addr::from(octets), port))
}
