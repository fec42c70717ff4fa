//! One keeper, or one connection: the test plays all others.

#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use bytes::Bytes;
use hubbub_auth::{Admit, Doorman, TokenKeys};
use hubbub_hub::{Now, SessionKey};
use hubbub_tracker::Announce;
use serde_json::json;

use super::keeper;
use super::letters::{IsThere, Leave, ToLink};
use super::link::Link;
use super::settings::Allowed;
use super::tally::Stripe;
use crate::coder::Coder;
use crate::outbox::Outbox;
use crate::session::{Close, Cx, Deed, Input, Letter, Session};
use crate::settings::GateSettings;
use crate::text_socket::{End, Talk};

const HASH: &str = "hhhhhhhhhhhhhhhhhhhh";
const ANN: &str = "annannannannannannan";
const BO: &str = "bobobobobobobobobobo";

/// What one session is given to work with, and what it has done.
struct Desk {
    settings: GateSettings,
    doorman: Doorman,
    now: Now,
    out: Outbox,
    deeds: Vec<Deed>,
}

impl Desk {
    fn new() -> Self {
        let admit = Admit { guests: true, accounts: false, tokens: false };
        let keys =
            TokenKeys { hmac: None, ed25519_public_pem: None, issuer: None, audience: None, leeway_s: 0 };
        Self {
            settings: GateSettings::of("localhost"),
            doorman: Doorman::new("localhost", None, admit, &keys, None).unwrap(),
            now: Now { unix_ms: 1_763_800_000_000, mono_ms: 5000 },
            out: Outbox::new(),
            deeds: Vec::new(),
        }
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Cx<'_>) -> T) -> T {
        work(&mut Cx {
            key: key(0),
            now: self.now,
            out: &mut self.out,
            doorman: &self.doorman,
            settings: &self.settings,
            coder: &mut Coder::default(),
            rng: &mut fastrand::Rng::with_seed(1),
            deeds: &mut self.deeds,
        })
    }

    /// What it has written to others since this was asked last: `1: counted`, `announce with 2 offers`.
    fn written(&mut self) -> String {
        let written: Vec<_> = self.deeds.drain(..).map(describe).collect();
        written.join(", ")
    }

    /// How many bytes it has written to its client since this was asked last.
    fn sent(&mut self) -> usize {
        std::iter::from_fn(|| self.out.pop()).map(|bytes| bytes.len()).sum()
    }
}

fn describe(deed: Deed) -> String {
    match deed {
        Deed::Letter(to, letter) => {
            let what = match *letter.downcast::<ToLink>().unwrap() {
                ToLink::Answer(frame) if says(&frame, "failure reason") => "refused",
                ToLink::Answer(_) => "counted",
                ToLink::Forward(_) => "answer",
                ToLink::Offer(_) => "offer",
                ToLink::AreYouThere(..) => "are you there?",
            };
            format!("{}: {what}", to.slot)
        }
        Deed::Steward { letter, .. } => match letter.downcast::<Announce>() {
            Ok(announce) => format!("announce with {} offers", announce.offers.len()),
            Err(other) if other.is::<Leave>() => "leave".to_owned(),
            Err(other) => other.downcast::<IsThere>().map(|_| "is there".to_owned()).unwrap(),
        },
        _ => panic!("others are only written to"),
    }
}

fn says(frame: &Bytes, word: &str) -> bool {
    frame.windows(word.len()).any(|part| part == word.as_bytes())
}

fn key(slot: u32) -> SessionKey {
    SessionKey { worker: 0, slot, generation: 0 }
}

fn announce(hash: &str, peer: &str, event: &str, offers: usize) -> String {
    let offers: Vec<_> =
        (0..offers).map(|number| json!({"offer": 1, "offer_id": format!("{number:020}")})).collect();
    json!({"action": "announce", "info_hash": hash, "peer_id": peer, "event": event, "offers": offers})
        .to_string()
}

/// A keeper, and what its test has it hear.
struct Keeper {
    desk: Desk,
    keeper: Box<dyn Session>,
    end: Option<Close>,
}

impl Keeper {
    /// Bo is in the swarm at 9, and Ann at 1.
    fn new() -> Self {
        let mut keeper = Self { desk: Desk::new(), keeper: keeper::appoint(&"tracker:0".into()), end: None };
        keeper.announce(9, BO, "started", 0);
        assert_eq!(keeper.announce(1, ANN, "started", 0), "1: counted");
        keeper
    }

    fn input(&mut self, input: Input<'_>) -> String {
        self.end = self.desk.with(|cx| self.keeper.handle(input, cx)).err();
        self.desk.written()
    }

    fn letter(&mut self, from: u32, letter: Letter) -> String {
        self.input(Input::Letter(key(from), letter))
    }

    fn announce(&mut self, from: u32, peer: &str, event: &str, offers: usize) -> String {
        let most = self.desk.settings.tracker.most;
        let message = hubbub_tracker::parse(&announce(HASH, peer, event, offers), most).unwrap();
        let hubbub_tracker::Message::Announce(announce) = message else { panic!("it is an announce") };
        self.letter(from, announce)
    }

    fn later(&mut self, ms: u64) -> String {
        self.desk.now.mono_ms += ms;
        self.input(Input::Timeout)
    }
}

fn ids(peer: &str) -> (hubbub_tracker::InfoHash, hubbub_tracker::PeerId) {
    let bytes = |text: &str| <[u8; 20]>::try_from(text.as_bytes()).unwrap();
    (hubbub_tracker::InfoHash(bytes(HASH)), hubbub_tracker::PeerId(bytes(peer)))
}

fn is_there(peer: &str) -> Letter {
    let (hash, peer) = ids(peer);
    Box::new(IsThere(hash, peer))
}

fn leaves(peer: &str) -> Letter {
    let (hash, peer) = ids(peer);
    Box::new(Leave(hash, peer))
}

#[test]
fn nobody_takes_the_id_of_whoever_is_there() {
    let mut keeper = Keeper::new();
    assert_eq!(keeper.announce(2, ANN, "started", 1), "1: are you there?");
    assert_eq!(keeper.keeper.deadline(), Some(8000));
    assert_eq!(keeper.letter(9, is_there(ANN)), "", "that is for Ann to say");
    assert_eq!(keeper.letter(1, is_there(ANN)), "2: refused");
    assert_eq!(keeper.later(3000), "");
    assert_eq!(keeper.announce(1, ANN, "update", 1), "1: counted, 9: offer");
    assert_eq!(keeper.announce(2, ANN, "stopped", 0), "2: refused", "that need not be asked");
}

#[test]
fn who_comes_back_takes_the_place_of_who_says_nothing() {
    let mut keeper = Keeper::new();
    assert_eq!(keeper.announce(2, ANN, "started", 1), "1: are you there?");
    assert_eq!(keeper.later(2999), "");
    assert_eq!(keeper.later(1), "2: counted, 9: offer");
    assert_eq!(keeper.letter(1, leaves(ANN)), "", "it is not his any more");
    assert_eq!(keeper.announce(2, ANN, "update", 1), "2: counted, 9: offer");
}

#[test]
fn who_is_heard_too_late_has_his_own_place_again() {
    let mut keeper = Keeper::new();
    keeper.announce(2, ANN, "started", 0);
    assert_eq!(keeper.later(3000), "2: counted");
    keeper.announce(3, ANN, "started", 0);
    assert_eq!(keeper.later(3000), "3: counted");
    assert_eq!(keeper.letter(2, is_there(ANN)), "", "it was Ann's before");
    assert_eq!(keeper.announce(3, ANN, "update", 0), "3: counted");
    assert_eq!(keeper.letter(1, is_there(ANN)), "");
    assert_eq!(keeper.announce(1, ANN, "update", 1), "1: counted, 9: offer");
    assert_eq!(keeper.announce(3, ANN, "update", 0), "1: are you there?");
    assert_eq!(keeper.letter(1, is_there(ANN)), "3: refused");
}

#[test]
fn but_not_who_has_left_or_was_silent_for_too_long() {
    for leaves_it in [true, false] {
        let mut keeper = Keeper::new();
        keeper.announce(2, ANN, "started", 0);
        keeper.later(3000);
        match leaves_it {
            true => assert_eq!(keeper.letter(1, leaves(ANN)), ""),
            false => {
                keeper.desk.now.mono_ms += 300_000;
                keeper.announce(2, ANN, "update", 0);
                keeper.later(60_000);
            }
        }
        keeper.letter(1, is_there(ANN));
        assert_eq!(keeper.announce(2, ANN, "update", 0), "2: counted");
    }
}

#[test]
fn who_waits_is_answered_though_nobody_is_there_any_more() {
    let mut keeper = Keeper::new();
    keeper.letter(9, leaves(BO));
    keeper.desk.now.mono_ms += 358_000;
    assert_eq!(keeper.announce(2, ANN, "started", 0), "1: are you there?");
    assert_eq!((keeper.later(2500).as_str(), keeper.end), ("", None));
    assert_eq!(keeper.later(500), "2: counted");
}

#[test]
fn or_of_who_has_gone_meanwhile() {
    let mut keeper = Keeper::new();
    keeper.announce(2, ANN, "started", 1);
    assert_eq!(keeper.letter(1, leaves(ANN)), "2: counted, 9: offer");
    assert_eq!(keeper.announce(3, ANN, "started", 1), "2: are you there?");
    assert_eq!(keeper.input(Input::Undelivered(key(2))), "3: counted, 9: offer");
}

#[test]
fn who_has_gone_while_he_waited_comes_in_no_more() {
    for stops in [true, false] {
        let mut keeper = Keeper::new();
        keeper.announce(2, ANN, "started", 1);
        match stops {
            true => assert_eq!(keeper.announce(2, ANN, "stopped", 0), "2: refused"),
            false => assert_eq!(keeper.letter(2, leaves(ANN)), ""),
        }
        assert_eq!(keeper.letter(1, leaves(ANN)), "");
        keeper.letter(9, leaves(BO));
        assert_eq!(keeper.end, Some(Close::Done), "there is nobody");
    }
}

#[test]
fn not_more_wait_than_there_is_room_for() {
    let mut keeper = Keeper::new();
    let asked = (0..1024).filter(|_| keeper.announce(2, ANN, "update", 0) == "1: are you there?").count();
    assert_eq!((asked, keeper.announce(2, ANN, "update", 0).as_str()), (1024, "2: refused"));
    assert_eq!(keeper.letter(1, is_there(ANN)).matches("2: refused").count(), 1024);
    assert_eq!(keeper.announce(2, ANN, "update", 0), "1: are you there?");
}

/// A connection, and what its test has it hear.
struct Line {
    desk: Desk,
    link: Link,
}

impl Line {
    fn new() -> Self {
        Self { desk: Desk::new(), link: Link::default() }
    }

    /// How many offers its keeper hears of, if it announces itself with so many.
    fn announce(&mut self, hash: &str, event: &str, offers: usize) -> String {
        let text = announce(hash, ANN, event, offers);
        self.desk.with(|cx| self.link.text(&text, cx)).unwrap();
        self.desk.written()
    }

    fn told(&mut self, letter: ToLink) -> usize {
        self.waits(letter).unwrap();
        self.desk.sent()
    }

    /// As [`Self::told`] to a client that does not read.
    fn waits(&mut self, letter: ToLink) -> Result<(), End> {
        let letter: Letter = Box::new(letter);
        self.desk.with(|cx| self.link.handle(Input::Letter(key(7), letter), cx))
    }

    fn withheld(&self) -> u64 {
        self.desk.settings.tracker.tally.workers().map(Stripe::withheld).sum()
    }
}

#[test]
fn no_more_offers_of_one_than_may_be_in_a_swarm() {
    let mut line = Line::new();
    line.desk.settings.tracker.offers = Allowed { rate: 2, burst: 15 };
    assert_eq!(line.announce(HASH, "started", 10), "announce with 10 offers");
    assert_eq!(line.announce(HASH, "update", 10), "announce with 5 offers");
    line.announce(HASH, "stopped", 0);
    assert_eq!(
        line.announce(HASH, "started", 10),
        "announce with 0 offers",
        "who goes and comes is no other"
    );
    assert_eq!(line.announce("another hash........", "started", 10), "announce with 10 offers");
    line.desk.now.mono_ms += 1500;
    assert_eq!(line.announce(HASH, "update", 10), "announce with 3 offers");
    assert_eq!(line.withheld(), 5 + 10 + 7);
    line.desk.settings.tracker.offers.rate = 0;
    assert_eq!(line.announce(HASH, "update", 10), "announce with 10 offers");
}

#[test]
fn a_swarm_that_was_left_takes_no_place() {
    let mut line = Line::new();
    line.desk.settings.tracker.hashes = 2;
    let hashes = ["1", "2", "3"].map(|digit| digit.repeat(20));
    for hash in &hashes[..2] {
        line.announce(hash, "started", 0);
    }
    assert_eq!(line.announce(&hashes[2], "started", 0), "", "it is in as many as it may be");
    line.announce(&hashes[0], "stopped", 0);
    assert_eq!(line.announce(&hashes[2], "started", 0), "announce with 0 offers");
    line.announce(&hashes[2], "stopped", 0);
    line.desk.with(|cx| line.link.left(cx));
    assert_eq!(line.desk.written(), "leave", "where it still is");
}

#[test]
fn no_more_offers_for_one_than_may_be() {
    let mut line = Line::new();
    line.desk.settings.tracker.told = Allowed { rate: 2, burst: 3 };
    let offer = || ToLink::Offer(Bytes::from_static(b"0123456789"));
    assert_eq!((0..10).map(|_| line.told(offer())).sum::<usize>(), 30);
    assert_eq!(line.told(ToLink::Forward(Bytes::from_static(b"0123"))), 4, "an answer is none");
    line.desk.now.mono_ms += 1000;
    assert_eq!((0..10).map(|_| line.told(offer())).sum::<usize>(), 20);
    assert_eq!(line.withheld(), 7 + 8);
}

#[test]
fn who_does_not_read_hears_of_no_offers_but_of_answers() {
    let mut line = Line::new();
    line.desk.settings.outbox.bytes = 100;
    let frame = |length| Bytes::from(vec![b'o'; length]);
    assert!(line.waits(ToLink::Offer(frame(90))).is_ok(), "the first, however long it is");
    assert_eq!(line.desk.sent(), 90);
    for _ in 0..3 {
        assert!(line.waits(ToLink::Offer(frame(20))).is_ok());
    }
    assert_eq!((line.desk.out.len(), line.withheld()), (40, 1));
    assert!(line.waits(ToLink::Forward(frame(60))).is_ok());
    assert!(line.waits(ToLink::Offer(frame(1))).is_ok());
    assert_eq!((line.desk.out.len(), line.withheld()), (100, 2));
    assert_eq!(line.waits(ToLink::Forward(frame(1))), Err(End::TooSlow));
}

#[test]
fn who_is_asked_shows_that_he_is_there() {
    let mut line = Line::new();
    line.announce(HASH, "started", 0);
    let (hash, peer) = ids(ANN);
    assert_eq!(line.told(ToLink::AreYouThere(hash, peer)), 2, "a ping");
    assert_eq!(line.told(ToLink::AreYouThere(hash, peer)), 0, "one is enough");
    line.desk.with(|cx| line.link.heard(cx));
    assert_eq!(line.desk.written(), "is there");
    line.desk.with(|cx| line.link.heard(cx));
    assert_eq!(line.desk.written(), "");
}
