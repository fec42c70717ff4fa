//! Any sequence of requests, frames, losses, messages and time: nothing panics, every leg is answered exactly once, the
//! end comes once and last and leaves nobody waiting, what waits never exceeds what was sent, and the client reads the
//! messages in the order in which they were sent, none twice and none left out.
//!
//! Input: how the session begins, then what happens to it.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;
use hubbub_socketio::engine::{
    Engine, Frame, Message, Out, Outgoing, Packet, PacketKind, Peer, Reason, RequestError, Settings,
    Transport, Version, decode_frame, decode_payload,
};
use libfuzzer_sys::fuzz_target;
use std::collections::{BTreeMap, VecDeque};

const SETTINGS: Settings = Settings {
    ping_interval_ms: 300,
    ping_timeout_ms: 200,
    upgrade_timeout_ms: 100,
    max_payload: 60,
    max_records: 6,
    allow_upgrades: true,
};

/// What is put on queues besides messages: at most so much for each thing that happens.
const OWN_PACKETS: usize = 200;

const TEXTS: &[&str] = &["2probe", "5", "3", "2", "4hi", "1", "6", "b4AAA=", "x", "4", "0", ""];
const BODIES: &[&[u8]] = &[
    b"4a",
    b"3",
    b"4a\x1e4b\x1ebAAA=",
    b"1",
    b"2",
    b"4a\x1e1\x1e4b",
    b"1:3",
    b"1:2",
    b"2:4a1:12:4b",
    b"\x00\x02\xff4a",
    b"",
];

#[derive(Debug, Arbitrary)]
enum Happens<'a> {
    Poll,
    Post(Option<&'a [u8]>, u8, bool),
    Upgrade,
    Text(u8, Option<&'a str>, u8),
    Bytes(u8, &'a [u8]),
    Lost(u8),
    SendText(&'a str),
    SendBytes(&'a [u8]),
    Flush,
    Time(u8),
    ToDeadline,
    Close,
    Reject,
    Relabel(u8),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Leg {
    Get,
    Post,
    WebSocket,
}

struct World {
    engine: Engine<u32>,
    peer: Peer,
    now: u64,
    /// The legs that are open.
    legs: BTreeMap<u32, Leg>,
    next: u32,
    /// What the client has not read yet of what was sent.
    unread: VecDeque<Vec<u8>>,
    /// What may at most be waiting.
    allowance: usize,
    over: bool,
}

fuzz_target!(|data: &[u8]| {
    let mut input = Unstructured::new(data);
    let Ok((v3, base64, websocket)) = input.arbitrary::<(bool, bool, bool)>() else { return };
    let version = if v3 { Version::V3 } else { Version::V4 };
    let mut world = World::begin(Peer { version, base64 }, websocket);
    while !input.is_empty() {
        let Ok(happens) = input.arbitrary() else { return };
        world.happen(&happens);
    }
});

impl World {
    fn begin(peer: Peer, websocket: bool) -> Self {
        let mut out = Vec::new();
        let (engine, leg) = if websocket {
            (Engine::open_websocket(peer, 0, "x", &SETTINGS, 0, &mut out), Leg::WebSocket)
        } else {
            (Engine::open_polling(peer, 0, "x", &SETTINGS, 0, &mut out), Leg::Get)
        };
        let legs = BTreeMap::from([(0, leg)]);
        let mut world =
            Self { engine, peer, now: 0, legs, next: 1, unread: VecDeque::new(), allowance: 0, over: false };
        world.judge(out);
        world
    }

    fn happen(&mut self, happens: &Happens<'_>) {
        let mut out = Vec::new();
        self.allowance += OWN_PACKETS;
        match *happens {
            Happens::Poll => {
                let leg = self.open(Leg::Get);
                self.engine.poll(leg, &mut out);
            }
            Happens::Post(body, common, binary) => {
                let leg = self.open(Leg::Post);
                let body = body.unwrap_or(BODIES[usize::from(common) % BODIES.len()]);
                let messages = self.engine.post(leg, body, binary, self.now, &mut out);
                assert!(messages.len() <= SETTINGS.max_records as usize);
            }
            Happens::Upgrade => {
                let leg = self.open(Leg::WebSocket);
                self.engine.upgrade(leg, self.now, &mut out);
            }
            Happens::Text(leg, text, common) => {
                let text = text.unwrap_or(TEXTS[usize::from(common) % TEXTS.len()]);
                self.frame(leg, Frame::Text(text), &mut out);
            }
            Happens::Bytes(leg, bytes) => self.frame(leg, Frame::Binary(bytes), &mut out),
            Happens::Lost(leg) => self.lose(leg, &mut out),
            Happens::SendText(text) => self.send(Message::Text(text), &mut out),
            Happens::SendBytes(bytes) => self.send(Message::Binary(Bytes::copy_from_slice(bytes)), &mut out),
            Happens::Flush => self.engine.flush(&mut out),
            Happens::Time(ms) => self.let_pass(self.now + u64::from(ms) * 4, &mut out),
            Happens::ToDeadline => self.let_pass(self.engine.deadline().unwrap_or(0), &mut out),
            Happens::Close => self.engine.close(Reason::ForcedClose, self.now, &mut out),
            Happens::Reject => {
                let leg = self.open(Leg::Post);
                self.engine.reject(leg, RequestError::BadRequest, &mut out);
            }
            Happens::Relabel(leg) => self.relabel(leg),
        }
        self.judge(out);
    }

    fn open(&mut self, leg: Leg) -> u32 {
        self.next += 1;
        self.legs.insert(self.next, leg);
        self.next
    }

    /// One of the open legs.
    fn pick(&self, leg: u8) -> Option<u32> {
        let nth = usize::from(leg) % self.legs.len().max(1);
        self.legs.keys().nth(nth).copied()
    }

    fn frame(&mut self, leg: u8, frame: Frame<'_>, out: &mut Vec<Out<u32>>) {
        let Some(leg) = self.pick(leg).filter(|leg| self.legs[leg] == Leg::WebSocket) else { return };
        let message = self.engine.frame(leg, frame, self.now, out);
        assert!(message.is_none() || self.engine.transport() == Transport::WebSocket(leg));
    }

    fn lose(&mut self, leg: u8, out: &mut Vec<Out<u32>>) {
        if let Some(leg) = self.pick(leg) {
            self.legs.remove(&leg);
            self.engine.leg_lost(leg, self.now, out);
        }
    }

    fn relabel(&mut self, leg: u8) {
        if let Some(old) = self.pick(leg) {
            let kind = self.legs.remove(&old).expect("it was picked from them");
            let new = self.open(kind);
            self.engine.relabel(old, new);
        }
    }

    fn send(&mut self, message: Message<'_>, out: &mut Vec<Out<u32>>) {
        if self.engine.is_open() {
            self.unread.push_back(content(&message));
            self.allowance += Outgoing::message(message.clone()).cost();
        }
        self.engine.send(message, out);
    }

    fn let_pass(&mut self, until: u64, out: &mut Vec<Out<u32>>) {
        self.now = self.now.max(until);
        self.engine.timeout(self.now, out);
        // A driver that asks again must not be kept busy. A rest that ends may leave a ping overdue, once.
        if self.engine.deadline().is_some_and(|deadline| deadline <= self.now) {
            self.engine.timeout(self.now, out);
        }
        assert!(self.engine.deadline().is_none_or(|deadline| deadline > self.now));
    }

    /// Does what the machine wants, and checks that it may.
    fn judge(&mut self, out: Vec<Out<u32>>) {
        for out in out {
            assert!(
                !self.over || matches!(out, Out::Refused { .. } | Out::CloseLeg { .. }),
                "{out:?} after the end"
            );
            match out {
                Out::Payload { leg, body, binary } => {
                    assert_eq!(self.legs.remove(&leg), Some(Leg::Get));
                    let packets =
                        decode_payload(self.peer.version, &body, binary, usize::MAX).expect("we wrote it");
                    packets.into_iter().for_each(|packet| self.read(packet));
                }
                Out::Posted { leg } => assert_eq!(self.legs.remove(&leg), Some(Leg::Post)),
                Out::Refused { leg, .. } => {
                    assert!(matches!(self.legs.remove(&leg), Some(Leg::Get | Leg::Post)));
                }
                Out::Text { leg, text } => self.read_frame(leg, Frame::Text(text.as_str())),
                Out::Binary { leg, bytes } => self.read_frame(leg, Frame::Binary(&bytes)),
                Out::CloseLeg { leg } => assert_eq!(self.legs.remove(&leg), Some(Leg::WebSocket)),
                Out::Upgraded { leg } => assert_eq!(self.engine.transport(), Transport::WebSocket(leg)),
                Out::Closed(_) => {
                    self.over = true;
                    assert!(self.legs.is_empty(), "{:?} still wait", self.legs);
                }
            }
        }
        assert!(!self.legs.values().any(|leg| *leg == Leg::Post), "posts are answered at once");
        assert!(self.legs.values().filter(|leg| **leg == Leg::Get).count() <= 1);
        assert!(self.legs.values().filter(|leg| **leg == Leg::WebSocket).count() <= 1);
        assert!(self.engine.queued_bytes() <= self.allowance);
        assert_eq!(self.over, self.engine.transport() == Transport::Closed);
        if self.engine.queued_bytes() == 0 && self.engine.is_open() {
            assert!(self.unread.is_empty(), "what is neither queued nor read is lost");
        }
    }

    fn read_frame(&mut self, leg: u32, frame: Frame<'_>) {
        assert_eq!(self.legs.get(&leg), Some(&Leg::WebSocket));
        self.read(decode_frame(self.peer.version, frame).expect("we wrote it"));
    }

    fn read(&mut self, packet: Packet<'_>) {
        if packet.kind == PacketKind::Message {
            assert_eq!(self.unread.pop_front(), Some(content(&packet.data)));
        }
    }
}

fn content(message: &Message<'_>) -> Vec<u8> {
    match message {
        Message::Text(text) => text.as_bytes().to_vec(),
        Message::Binary(bytes) => bytes.to_vec(),
    }
}
