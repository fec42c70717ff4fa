//! One switchboard: the test plays the peers and the other switchboards.

#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use bytes::Bytes;
use hubbub_auth::{Admit, Doorman, TokenKeys};
use hubbub_hub::{Identity, Now};

use super::*;
use crate::coder::Coder;
use crate::outbox::Outbox;
use crate::session::Deed;
use crate::settings::GateSettings;

struct Desk {
    office: Office,
    settings: GateSettings,
    doorman: Doorman,
    now: Now,
    /// What it said, in order: `1: Yours`, `board: EXPIRE for ann`.
    said: Vec<String>,
    end: Option<Close>,
}

impl Desk {
    fn new() -> Self {
        let admit = Admit { guests: true, accounts: false, tokens: false };
        let keys =
            TokenKeys { hmac: None, ed25519_public_pem: None, issuer: None, audience: None, leeway_s: 0 };
        Self {
            office: Office(None),
            settings: GateSettings::of("localhost"),
            doorman: Doorman::new("localhost", None, admit, &keys, None).unwrap(),
            now: Now { unix_ms: 1_763_800_000_000, mono_ms: 5000 },
            said: Vec::new(),
            end: None,
        }
    }

    fn input(&mut self, input: Input<'_>) {
        let mut deeds = Vec::new();
        let mut cx = Cx {
            key: key(0),
            now: self.now,
            out: &mut Outbox::new(),
            doorman: &self.doorman,
            settings: &self.settings,
            coder: &mut Coder::default(),
            rng: &mut fastrand::Rng::with_seed(1),
            deeds: &mut deeds,
        };
        self.end = self.office.handle(input, &mut cx).err();
        for deed in deeds {
            self.said.push(match deed {
                Deed::Letter(to, letter) => match *letter.downcast::<ToPeer>().unwrap() {
                    ToPeer::Told(_) => format!("{}: Told", to.slot),
                    other => format!("{}: {other:?}", to.slot),
                },
                Deed::Steward { letter, .. } => match *letter.downcast::<ToBoard>().unwrap() {
                    ToBoard::Carry(Parcel { kind, src, dst, .. }) => {
                        format!("board: {} for {dst:?} of {src:?}", kind.as_str())
                    }
                    other => panic!("a switchboard says {other:?} to another"),
                },
                _ => panic!("a switchboard only writes"),
            });
        }
    }

    fn letter(&mut self, from: u32, letter: ToBoard) {
        self.input(Input::Letter(key(from), Box::new(letter)));
    }

    fn claim(&mut self, from: u32, name: &str, token: &str) -> String {
        let proof = Proof::of(token, &Identity::server("localhost"));
        self.letter(from, ToBoard::Claim(id(name), proof));
        self.heard()
    }

    fn carry(&mut self, kind: Kind, src: &str, dst: &str) -> String {
        let frame = Bytes::from_static(b"x");
        let parcel = Parcel { kind, src: id(src), dst: id(dst), share: Arc::default(), frame };
        self.letter(9, ToBoard::Carry(parcel));
        self.heard()
    }

    fn heard(&mut self) -> String {
        std::mem::take(&mut self.said).join(", ")
    }

    fn peers(&self) -> usize {
        self.settings.peerjs.counts.peers()
    }
}

fn key(slot: u32) -> SessionKey {
    SessionKey { worker: 0, slot, generation: 0 }
}

fn id(text: &str) -> PeerId {
    PeerId::parse(text).unwrap()
}

#[test]
fn whoever_proves_it_has_the_id() {
    let mut desk = Desk::new();
    assert_eq!(desk.claim(1, "ann", "a"), "1: Yours");
    assert_eq!(desk.claim(2, "ann", "b"), "1: AreYouThere, 2: Taken");
    assert_eq!(desk.claim(3, "ann", "a"), "1: Replaced, 3: Yours");
    assert_eq!(desk.carry(Kind::Offer, "bo", "ann"), "3: Told");
    desk.letter(1, ToBoard::Gone);
    assert_eq!(
        (desk.carry(Kind::Offer, "bo", "ann"), desk.peers()),
        ("3: Told".into(), 1),
        "it had it no longer"
    );
    desk.letter(3, ToBoard::Gone);
    assert_eq!((desk.peers(), desk.end), (0, Some(Close::Done)), "there is nothing to keep");
}

#[test]
fn who_was_lost_without_a_word_is_found_out_by_the_next() {
    let mut desk = Desk::new();
    desk.claim(1, "ann", "a");
    desk.claim(2, "bo", "b");
    desk.claim(3, "ann", "c");
    desk.heard();
    desk.input(Input::Undelivered(key(1)));
    assert_eq!((desk.claim(3, "ann", "c"), desk.peers()), ("3: Yours".into(), 2));
}

#[test]
fn no_more_than_there_may_be() {
    let mut desk = Desk::new();
    desk.settings.peerjs.peers = 1;
    desk.claim(1, "ann", "a");
    assert_eq!(desk.claim(2, "bo", "b"), "2: Full");
    assert_eq!(desk.claim(3, "ann", "a"), "1: Replaced, 3: Yours");
    desk.letter(3, ToBoard::Gone);
    assert_eq!(desk.claim(2, "bo", "b"), "2: Yours");
}

#[test]
fn what_waits_is_told_or_given_up() {
    let mut desk = Desk::new();
    for (src, kind) in [("a", Kind::Offer), ("b", Kind::Candidate), ("a", Kind::Answer), ("c", Kind::Leave)] {
        assert_eq!(desk.carry(kind, src, "ann"), "");
    }
    assert_eq!(desk.carry(Kind::Offer, "c", "bo"), "");
    assert_eq!(desk.claim(1, "ann", "t"), "1: Yours, 1: Told, 1: Told, 1: Told");
    desk.letter(1, ToBoard::Gone);
    desk.now.mono_ms = 6000;
    desk.carry(Kind::Offer, "b", "ann");
    desk.carry(Kind::Offer, "a", "ann");
    desk.carry(Kind::Candidate, "a", "ann");
    assert_eq!(desk.office.deadline(), Some(10_000));
    desk.now.mono_ms = 11_000;
    desk.input(Input::Timeout);
    let told = "board: EXPIRE for c of bo, board: EXPIRE for a of ann, board: EXPIRE for b of ann";
    assert_eq!((desk.heard().as_str(), desk.end), (told, Some(Close::Done)));
}

#[test]
fn what_is_full_is_said_at_once() {
    let mut desk = Desk::new();
    desk.settings.peerjs.waiting = 1;
    assert_eq!(desk.carry(Kind::Offer, "a", "ann"), "");
    assert_eq!(desk.carry(Kind::Offer, "b", "ann"), "board: EXPIRE for b of ann");
}

#[test]
fn who_is_there() {
    let mut desk = Desk::new();
    desk.letter(7, ToBoard::Who);
    assert_eq!((desk.heard().as_str(), desk.end), ("7: These([])", Some(Close::Done)));
    for (slot, name) in ["c", "a", "b"].into_iter().enumerate() {
        desk.claim(slot as u32, name, "t");
    }
    desk.letter(7, ToBoard::Who);
    assert_eq!(desk.heard(), "7: These([a, b, c])");
}

#[test]
fn one_that_ends_counts_no_longer() {
    let mut desk = Desk::new();
    desk.claim(1, "ann", "a");
    desk.carry(Kind::Offer, "a", "bo");
    let counts = desk.settings.peerjs.counts.clone();
    assert!(counts.peers() == 1 && counts.waiting_bytes() > 0);
    desk.input(Input::Shutdown);
    assert_eq!(desk.end, Some(Close::Done));
    drop(desk);
    assert_eq!((counts.peers(), counts.waiting_bytes()), (0, 0));
}
