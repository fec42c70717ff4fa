//! One peer: the test plays its client and its switchboard.

#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use hubbub_auth::{Admit, Doorman, TokenKeys};
use hubbub_hub::{Now, SessionKey};

use super::*;
use crate::coder::Coder;
use crate::outbox::Outbox;
use crate::session::Deed;
use crate::settings::GateSettings;

struct Desk {
    peer: Peer,
    settings: GateSettings,
    doorman: Doorman,
    out: Outbox,
    /// What it wrote to switchboards, in order: `Claim`, `OFFER bo`, `Gone`.
    written: Vec<String>,
}

const NOW: Now = Now { unix_ms: 1_763_800_000_000, mono_ms: 5000 };

fn key(slot: u32) -> SessionKey {
    SessionKey { worker: 0, slot, generation: 0 }
}

impl Desk {
    fn new() -> Self {
        let admit = Admit { guests: true, accounts: false, tokens: false };
        let keys =
            TokenKeys { hmac: None, ed25519_public_pem: None, issuer: None, audience: None, leeway_s: 0 };
        let hello = Hello { id: PeerId::parse("ann").unwrap(), token: "t".to_owned() };
        let mut desk = Self {
            peer: Peer::new(hello, &Arc::new(Identity::server("localhost"))),
            settings: GateSettings::of("localhost"),
            doorman: Doorman::new("localhost", None, admit, &keys, None).unwrap(),
            out: Outbox::new(),
            written: Vec::new(),
        };
        desk.with(|peer, cx| peer.opened(cx)).unwrap();
        desk
    }

    fn with(&mut self, work: impl FnOnce(&mut Peer, &mut Cx<'_>) -> Result<(), End>) -> Result<(), End> {
        let mut deeds = Vec::new();
        let mut cx = Cx {
            key: key(1),
            now: NOW,
            out: &mut self.out,
            doorman: &self.doorman,
            settings: &self.settings,
            coder: &mut Coder::default(),
            rng: &mut fastrand::Rng::with_seed(1),
            deeds: &mut deeds,
        };
        let result = work(&mut self.peer, &mut cx);
        for deed in deeds {
            let Deed::Steward { letter, .. } = deed else { panic!("a peer writes to switchboards") };
            self.written.push(match *letter.downcast::<ToBoard>().unwrap() {
                ToBoard::Carry(Parcel { kind, dst, .. }) => format!("{} {dst:?}", kind.as_str()),
                ToBoard::Claim(id, _) => format!("Claim {id:?}"),
                other => format!("{other:?}"),
            });
        }
        result
    }

    fn say(&mut self, text: &str) -> Result<(), End> {
        self.with(|peer, cx| peer.text(text, cx))
    }

    fn told(&mut self, letter: ToPeer) -> Result<(), End> {
        self.with(|peer, cx| peer.handle(Input::Letter(key(0), Box::new(letter)), cx))
    }

    /// What was written to its client, without the heads of frames.
    fn heard(&mut self) -> String {
        let bytes: Vec<u8> = std::iter::from_fn(|| self.out.pop()).flatten().collect();
        bytes.into_iter().filter(|byte| byte.is_ascii_graphic() || *byte == b' ').map(char::from).collect()
    }
}

fn code(end: Result<(), End>) -> u16 {
    match end {
        Err(End::Close(code, _)) => code.0,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_said_too_early_waits_until_it_is_known_who_says_it() {
    let mut desk = Desk::new();
    for dst in ["bo", "carl", "bo"] {
        desk.say(&format!(r#"{{"type":"OFFER","dst":"{dst}"}}"#)).unwrap();
    }
    assert_eq!(desk.written, ["Claim ann"]);
    assert_eq!(desk.peer.deadline(), Some(15_000), "it is not silence that it waits for");
    desk.told(ToPeer::Yours).unwrap();
    desk.say(r#"{"type":"LEAVE","dst":"bo"}"#).unwrap();
    assert_eq!(desk.written, ["Claim ann", "OFFER bo", "OFFER carl", "OFFER bo", "LEAVE bo"]);
    assert_eq!(desk.peer.deadline(), Some(95_000));
    assert!(desk.heard().ends_with(r#"{"type":"OPEN"}"#));
}

#[test]
fn not_too_much_of_it() {
    let mut desk = Desk::new();
    let text = format!(r#"{{"type":"OFFER","dst":"bo","payload":"{}"}}"#, "x".repeat(60_000));
    for _ in 0..4 {
        desk.say(&text).unwrap();
    }
    assert_eq!(code(desk.say(&text)), 1008);
    assert!(desk.heard().contains("Too much was said before OPEN"));
}

#[test]
fn nobody_settles_its_id() {
    let mut desk = Desk::new();
    assert_eq!(code(desk.with(|peer, cx| peer.handle(Input::Undelivered(key(0)), cx))), 1013);
    let mut desk = Desk::new();
    assert_eq!(code(desk.with(Peer::timeout)), 1013);
    assert!(desk.heard().contains("The server is busy"));
}

#[test]
fn that_a_message_is_lost_is_not_its_end() {
    let mut desk = Desk::new();
    desk.told(ToPeer::Yours).unwrap();
    desk.with(|peer, cx| peer.handle(Input::Undelivered(key(0)), cx)).unwrap();
    assert_eq!(code(desk.with(Peer::timeout)), 4408);
}

fn parcel(kind: Kind, length: usize) -> Parcel {
    let id = |text| PeerId::parse(text).unwrap();
    let frame = vec![b'x'; length].into();
    Parcel { kind, src: id("mallory"), dst: id("ann"), share: Arc::default(), frame }
}

#[test]
fn what_it_does_not_read_goes_back_to_whoever_says_it() {
    let mut desk = Desk::new();
    desk.settings.outbox.bytes = 100;
    desk.told(ToPeer::Yours).unwrap();
    desk.heard();
    let mut say = |kind, length| {
        desk.told(ToPeer::Told(parcel(kind, length))).unwrap();
        (desk.out.len(), desk.written.drain(..).skip_while(|said| said.starts_with("Claim")).collect())
    };
    let none = Vec::<String>::new;
    assert_eq!(say(Kind::Offer, 90), (90, none()), "one, however large it is");
    assert_eq!(say(Kind::Offer, 1), (90, vec!["EXPIRE mallory".to_owned()]));
    assert_eq!(say(Kind::Leave, 1), (90, none()), "what would not wait is lost");
    assert_eq!(desk.heard().len(), 90);
    desk.told(ToPeer::Told(parcel(Kind::Candidate, 50))).unwrap();
    assert_eq!(desk.out.len(), 50);
}

#[test]
fn a_message_counts_as_another_for_each_4_kib() {
    let mut desk = Desk::new();
    desk.told(ToPeer::Yours).unwrap();
    desk.settings.peerjs.burst = 20;
    let large = format!(r#"{{"type":"OFFER","dst":"bo","payload":"{}"}}"#, "x".repeat(60_000));
    for _ in 0..5 {
        desk.say(r#"{"type":"HEARTBEAT"}"#).unwrap();
    }
    desk.say(&large).unwrap();
    assert_eq!(code(desk.say(r#"{"type":"HEARTBEAT"}"#)), 1008);
    assert!(desk.heard().contains("Too many messages"));
}

#[test]
fn how_it_goes() {
    for (letter, wanted) in [(ToPeer::Taken, 4409), (ToPeer::Full, 1013), (ToPeer::Replaced, 4409)] {
        assert_eq!(code(Desk::new().told(letter)), wanted);
    }
    let mut desk = Desk::new();
    desk.told(ToPeer::Yours).unwrap();
    assert_eq!(code(desk.say(r#"{"type":"LEAVE"}"#)), 1000);
    desk.with(|peer, cx| {
        peer.left(cx);
        Ok(())
    })
    .unwrap();
    assert_eq!(desk.written.last().unwrap(), "Gone");
}
