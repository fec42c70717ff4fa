//! One socket without worker, link or clock: the test plays all three.

#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use hubbub_auth::{Admit, Credentials, Doorman, TokenKeys, Verdict};
use hubbub_hub::{Now, SessionKey};
use hubbub_ws::{Incoming, Inflater, client};

use super::*;
use crate::coder::Coder;
use crate::outbox::Outbox;

/// Answers what it hears, and ends when it is told to.
#[derive(Default)]
struct Echo {
    due_ms: Option<u64>,
}

impl Talk for Echo {
    fn opened(&mut self, cx: &mut Cx<'_>) -> Result<(), End> {
        answer("hello", cx);
        Ok(())
    }

    fn text(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), End> {
        match text {
            "bye" => Err(End::with(CloseCode::POLICY, "as you say")),
            "soon" => {
                self.due_ms = Some(cx.now.mono_ms + 10);
                Ok(())
            }
            "much" => tell(frame(&"x".repeat(100)), cx),
            _ => {
                answer(text, cx);
                Ok(())
            }
        }
    }

    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), End> {
        if let Input::Letter(_, letter) = input {
            answer(letter.downcast_ref::<&str>().unwrap(), cx);
        }
        Ok(())
    }

    fn deadline(&self) -> Option<u64> {
        self.due_ms
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) -> Result<(), End> {
        self.due_ms = None;
        answer("time", cx);
        Ok(())
    }

    fn left(&mut self, cx: &mut Cx<'_>) {
        cx.write_to(cx.key, "left");
    }
}

/// Writes what the peer sends.
type Write = fn(&mut Vec<u8>);

struct Desk {
    socket: TextSocket<Echo>,
    now: Now,
    settings: GateSettings,
    doorman: Doorman,
    out: Outbox,
    reader: Decoder,
    /// What became of it.
    end: Option<Close>,
    /// How often the talk said that it is over.
    left: usize,
}

impl Desk {
    fn new() -> Self {
        Self::until(None)
    }

    fn until(expires_unix_ms: Option<u64>) -> Self {
        let now = Now { unix_ms: 1_763_800_000_000, mono_ms: 5000 };
        let admit = Admit { guests: true, accounts: false, tokens: false };
        let keys =
            TokenKeys { hmac: None, ed25519_public_pem: None, issuer: None, audience: None, leeway_s: 0 };
        let doorman = Doorman::new("localhost", None, admit, &keys, None).unwrap();
        let nobody = Credentials::Nobody { name: None };
        let Verdict::In(who) = doorman.admit(nobody, now.unix_ms, &mut fastrand::Rng::with_seed(1)) else {
            panic!("guests are admitted");
        };
        let who = Arc::new(Identity { expires_unix_ms, ..(*who).clone() });
        let settings = GateSettings::of("localhost");
        let head = Box::new(http::Response::new(()).into_parts().0);
        let handshake = Handshake { head, protocol: None, deflate: None };
        let limits = Limits { frame: 1000, message: 1000, fragments: 1 };
        let mut desk = Self {
            socket: TextSocket::new(handshake, Echo::default(), who, 16, &settings),
            now,
            settings,
            doorman,
            out: Outbox::new(),
            reader: Decoder::new(Config { role: Role::Client, limits, deflate: None }),
            end: None,
            left: 0,
        };
        desk.input(Input::Opened);
        desk
    }

    fn input(&mut self, input: Input<'_>) {
        assert_eq!(self.end, None, "it is over");
        let mut deeds = Vec::new();
        let mut cx = Cx {
            key: SessionKey { worker: 0, slot: 1, generation: 0 },
            now: self.now,
            out: &mut self.out,
            doorman: &self.doorman,
            settings: &self.settings,
            coder: &mut Coder::default(),
            rng: &mut fastrand::Rng::with_seed(1),
            deeds: &mut deeds,
        };
        self.end = self.socket.handle(input, &mut cx).err();
        self.left += deeds.iter().filter(|deed| matches!(deed, Deed::Letter(..))).count();
    }

    fn send(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = Vec::new();
        write(&mut bytes);
        self.input(Input::Stream(&mut bytes));
    }

    fn say(&mut self, text: &str) {
        self.send(|out| client::encode_message(out, Kind::Text, text.as_bytes(), [1, 2, 3, 4]));
    }

    fn pass(&mut self, ms: u64) {
        self.now.mono_ms += ms;
        self.now.unix_ms += ms;
        if self.socket.deadline().is_some_and(|due| due <= self.now.mono_ms) {
            self.input(Input::Timeout);
        }
    }

    /// What was written since it was last asked.
    fn heard(&mut self) -> Vec<String> {
        let mut bytes: Vec<u8> = std::iter::from_fn(|| self.out.pop()).flatten().collect();
        let (mut input, mut inflater, mut heard) = (&mut bytes[..], Inflater::new(), Vec::new());
        while let Some(incoming) = self.reader.next(&mut input, &mut inflater).unwrap() {
            heard.push(match incoming {
                Incoming::Text(text) => text.to_owned(),
                Incoming::Ping(_) => "ping".to_owned(),
                Incoming::Pong(payload) => format!("pong {}", payload.escape_ascii()),
                Incoming::Close(frame) => format!("close {}", frame.map_or(0, |frame| frame.code)),
                Incoming::Binary(_) => panic!("all is text"),
            });
        }
        heard
    }
}

#[test]
fn words_go_both_ways() {
    let mut desk = Desk::new();
    assert!(desk.out.take_head().is_some());
    desk.say("one");
    desk.send(|out| client::encode_ping(out, b"abc", [0; 4]));
    desk.input(Input::Letter(SessionKey { worker: 0, slot: 2, generation: 0 }, Box::new("a letter")));
    assert_eq!(desk.heard(), ["hello", "one", "pong abc", "a letter"]);
}

#[test]
fn a_talk_that_ends_waits_for_the_peer_and_hears_no_more() {
    let mut desk = Desk::new();
    desk.say("bye");
    assert_eq!((desk.end, desk.left), (None, 1));
    desk.say("more");
    desk.input(Input::Letter(SessionKey { worker: 0, slot: 2, generation: 0 }, Box::new("a letter")));
    assert_eq!(desk.heard(), ["hello", "close 1008"]);
    desk.send(|out| client::encode_close(out, 1008_u16, "", [0; 4]));
    assert_eq!((desk.end, desk.left), (Some(Close::Refused), 1));
}

#[test]
fn a_peer_that_does_not_answer_the_close_frame_is_not_waited_for_long() {
    let mut desk = Desk::new();
    desk.say("bye");
    desk.pass(4999);
    assert_eq!(desk.end, None);
    desk.pass(1);
    assert_eq!((desk.end, desk.left), (Some(Close::Timeout), 1));
}

#[test]
fn the_peer_closes() {
    let mut desk = Desk::new();
    desk.send(|out| client::encode_close(out, 4000_u16, "", [0; 4]));
    assert_eq!(desk.heard(), ["hello", "close 4000"]);
    assert_eq!((desk.end, desk.left), (Some(Close::Done), 1));
}

#[test]
fn what_is_no_text_and_what_is_no_frame() {
    let binary: Write = |out| client::encode_message(out, Kind::Binary, b"1", [0; 4]);
    let long: Write = |out| client::encode_message(out, Kind::Text, &[b'a'; 17], [0; 4]);
    let naked: Write = |out| encode_message(out, Kind::Text, b"1");
    let not_utf8: Write = |out| client::encode_message(out, Kind::Text, b"\xff", [0; 4]);
    let compressed: Write = |out| client::encode_deflated(out, Kind::Text, b"\0", [0; 4]);
    let all: [(Write, &str); 5] = [
        (binary, "close 1003"),
        (long, "close 1009"),
        (naked, "close 1002"),
        (not_utf8, "close 1007"),
        (compressed, "close 1002"),
    ];
    for (write, close) in all {
        let mut desk = Desk::new();
        desk.send(write);
        assert_eq!(desk.heard(), ["hello", close]);
        assert_eq!(desk.left, 1, "{close}");
    }
}

#[test]
fn silence_is_asked_about_and_then_ended() {
    let mut desk = Desk::new();
    desk.pass(25_000);
    desk.send(|out| client::encode_pong(out, b"", [0; 4]));
    desk.pass(25_000);
    assert_eq!(desk.heard(), ["hello", "ping", "ping"]);
    desk.pass(20_000);
    assert_eq!(desk.heard(), ["close 4408"]);
    assert_eq!((desk.end, desk.left), (Some(Close::Timeout), 1));
}

#[test]
fn its_own_time_and_the_token_s() {
    let mut desk = Desk::until(Some(1_763_800_001_000));
    desk.say("soon");
    desk.pass(10);
    desk.pass(990);
    assert_eq!(desk.heard(), ["hello", "time", "close 4401"]);
    assert_eq!(desk.left, 1);
}

#[test]
fn who_does_not_read() {
    let mut desk = Desk::new();
    desk.settings.outbox.bytes = 150;
    desk.say("much");
    desk.say("much");
    assert_eq!(desk.heard(), ["close 1013"]);
    assert_eq!((desk.end, desk.left), (Some(Close::TooSlow), 1));
}

#[test]
fn the_server_and_the_application_end_it() {
    let ends = [
        (Input::Shutdown, "close 1001"),
        (Input::Act(Act::Disconnect("no".into())), "close 4403"),
        (Input::Act(Act::Removed), "close 4401"),
    ];
    for (input, close) in ends {
        let mut desk = Desk::new();
        desk.input(input);
        assert_eq!(desk.heard(), ["hello", close]);
        assert_eq!((desk.end, desk.left), (None, 1));
    }
}

#[test]
fn a_lost_link_is_the_end() {
    let mut desk = Desk::new();
    desk.input(Input::LinkLost);
    assert_eq!((desk.end, desk.left), (Some(Close::Done), 1));
}

#[test]
fn an_idle_socket_is_small() {
    assert!(size_of::<TextSocket<()>>() <= 168, "{}", size_of::<TextSocket<()>>());
}
