//! Whenever links break, and however often: a session that is resumed loses nothing and repeats nothing, either way.

use crate::management::{managed, returning};
use crate::talk::{Talk, settings, shown};
use hubbub_xmpp::stream::{Kind, Out};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::VecDeque;

#[derive(Debug, Clone)]
enum Happens {
    /// The server sends a message to the client.
    Tell,
    /// The client sends one.
    Say,
    /// So many elements arrive at the client, at the server.
    Down(usize),
    Up(usize),
    /// The client acknowledges what it has.
    Acknowledge,
    /// The link breaks; the client returns over this one.
    Break(Kind),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => Just(Happens::Tell),
        4 => Just(Happens::Say),
        3 => (0..6_usize).prop_map(Happens::Down),
        3 => (0..6_usize).prop_map(Happens::Up),
        1 => Just(Happens::Acknowledge),
        1 => prop_oneof![Just(Kind::Tcp), Just(Kind::WebSocket)].prop_map(Happens::Break),
    ]
}

/// Both ends, and what is on the way between them.
struct World {
    talk: Talk,
    up: VecDeque<String>,
    down: VecDeque<String>,
    /// Messages that were sent by the server, and that the client has got.
    told: usize,
    heard: usize,
    /// Messages that were sent by the client, and that the server has got.
    said: usize,
    taken: usize,
}

impl World {
    fn new() -> Self {
        let talk = managed(Kind::Tcp, settings());
        Self { talk, up: VecDeque::new(), down: VecDeque::new(), told: 0, heard: 0, said: 0, taken: 0 }
    }

    fn happen(&mut self, happens: &Happens) {
        match *happens {
            Happens::Tell => {
                self.told += 1;
                let stanza = format!("<message{} id='{}'/>", self.talk.stream.head_ns(), self.told);
                self.talk.act(|stream, out| stream.send(stanza.into_bytes(), true, out));
            }
            Happens::Say => {
                self.said += 1;
                self.up.push_back(message(self.said));
            }
            Happens::Down(count) => (0..count).for_each(|_| self.arrive_below()),
            Happens::Up(count) => (0..count).for_each(|_| {
                if let Some(element) = self.up.pop_front() {
                    self.talk.receive(element.as_bytes());
                }
            }),
            Happens::Acknowledge => self.up.push_back(self.acknowledgement()),
            Happens::Break(kind) => self.come_back(kind),
        }
        self.carry_out();
    }

    fn acknowledgement(&self) -> String {
        format!("<a xmlns='urn:xmpp:sm:3' h='{}'/>", self.heard)
    }

    fn carry_out(&mut self) {
        for out in std::mem::take(&mut self.talk.outs) {
            match &out {
                Out::Send(_) => self.down.push_back(shown(&out)),
                Out::Stanza(stanza, _) => {
                    self.taken += 1;
                    assert_eq!(stanza.attr("id").unwrap(), self.taken.to_string(), "the server missed one");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn arrive_below(&mut self) {
        let Some(element) = self.down.pop_front() else { return };
        if element.starts_with("<message") {
            self.heard += 1;
            assert!(element.contains(&format!(" id='{}'", self.heard)), "the client missed one: {element}");
        } else if element.starts_with("<r ") {
            self.up.push_back(self.acknowledgement());
        } else {
            panic!("{element}");
        }
    }

    /// All that is on the way is lost. The client says what it has, is told what the server has, and sends the rest again.
    fn come_back(&mut self, kind: Kind) {
        self.up.clear();
        self.down.clear();
        let state = self.talk.stream.export_sm().unwrap();
        self.talk = returning(kind);
        let h = u32::try_from(self.heard).unwrap();
        self.talk
            .receive(format!("<resume xmlns='urn:xmpp:sm:3' previd='{}' h='{h}'/>", state.id()).as_bytes());
        assert!(matches!(self.talk.outs.pop_front(), Some(Out::Resume { .. })));
        self.talk.act(|stream, out| stream.resume_with(state, h, out).unwrap());
        let resumed = shown(&self.talk.outs.pop_front().unwrap());
        let (_, h) = resumed.split_once(" h='").unwrap();
        let handled: usize = h.split_once('\'').unwrap().0.parse().unwrap();
        self.up.extend((handled + 1..=self.said).map(message));
    }

    fn finish(&mut self) {
        while !self.up.is_empty() || !self.down.is_empty() {
            self.happen(&Happens::Down(1));
            self.happen(&Happens::Up(1));
        }
        assert_eq!((self.heard, self.taken), (self.told, self.said));
    }
}

fn message(nth: usize) -> String {
    format!("<message xmlns='jabber:client' id='{nth}'/>")
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_comes_twice(all in vec(happens(), 0..120)) {
        let mut world = World::new();
        all.iter().for_each(|happens| world.happen(happens));
        world.finish();
    }
}
