//! A session whose doings are told in words, one line each.
//!
//! `1 < 4hello` answers exchange 1, `1 ok` and `1 400` likewise; `9 > 4hello` is a frame on WebSocket 9, `9 closed` and
//! `9 upgraded` are what happens to it; `got hello` is a message for the application; `over: …` is the end.

use bytes::Bytes;
use hubbub_socketio::engine::{Engine, Frame, Message, Out, Peer, Reason, RequestError, Settings, Version};

/// Short times, so that tests are easy to follow.
pub(crate) const SETTINGS: Settings = Settings {
    ping_interval_ms: 300,
    ping_timeout_ms: 200,
    upgrade_timeout_ms: 100,
    max_payload: 1_000_000,
    max_records: 100,
    allow_upgrades: true,
};

pub(crate) const V4: Peer = Peer { version: Version::V4, base64: false };

pub(crate) const V3: Peer = Peer { version: Version::V3, base64: false };

pub(crate) struct Session {
    pub(crate) engine: Engine<u32>,
    pub(crate) now: u64,
}

impl Session {
    /// A session on polling whose open packet was sent.
    pub(crate) fn polling(peer: Peer) -> Self {
        let mut out = Vec::new();
        let engine = Engine::open_polling(peer, 0, "x", &SETTINGS, 0, &mut out);
        assert!(matches!(out[..], [Out::Payload { leg: 0, binary: false, .. }]));
        Self { engine, now: 0 }
    }

    /// A session on WebSocket 9 whose open packet was sent.
    pub(crate) fn websocket(peer: Peer) -> Self {
        let mut out = Vec::new();
        let engine = Engine::open_websocket(peer, 9, "x", &SETTINGS, 0, &mut out);
        assert!(matches!(out[..], [Out::Text { leg: 9, .. }]));
        Self { engine, now: 0 }
    }

    fn say(&mut self, act: impl FnOnce(&mut Engine<u32>, u64, &mut Vec<Out<u32>>)) -> Vec<String> {
        let mut out = Vec::new();
        act(&mut self.engine, self.now, &mut out);
        out.into_iter().map(words).collect()
    }

    pub(crate) fn poll(&mut self, leg: u32) -> Vec<String> {
        self.say(|engine, _, out| engine.poll(leg, out))
    }

    pub(crate) fn post(&mut self, leg: u32, body: &[u8]) -> Vec<String> {
        self.post_as(leg, body, false)
    }

    pub(crate) fn post_as(&mut self, leg: u32, body: &[u8], binary: bool) -> Vec<String> {
        let mut got = Vec::new();
        let mut said = self.say(|engine, now, out| {
            got = engine.post(leg, body, binary, now, out).into_iter().map(got_words).collect();
        });
        said.append(&mut got);
        said
    }

    pub(crate) fn upgrade(&mut self, leg: u32) -> Vec<String> {
        self.say(|engine, now, out| engine.upgrade(leg, now, out))
    }

    pub(crate) fn text(&mut self, leg: u32, text: &str) -> Vec<String> {
        self.frame(leg, Frame::Text(text))
    }

    pub(crate) fn bytes(&mut self, leg: u32, bytes: &[u8]) -> Vec<String> {
        self.frame(leg, Frame::Binary(bytes))
    }

    fn frame(&mut self, leg: u32, frame: Frame<'_>) -> Vec<String> {
        let mut got = None;
        let mut said = self.say(|engine, now, out| got = engine.frame(leg, frame, now, out).map(got_words));
        said.extend(got);
        said
    }

    pub(crate) fn lost(&mut self, leg: u32) -> Vec<String> {
        self.say(|engine, now, out| engine.leg_lost(leg, now, out))
    }

    /// Sends messages and flushes, as a turn does.
    pub(crate) fn send<'a>(&mut self, messages: impl IntoIterator<Item = Message<'a>>) -> Vec<String> {
        self.say(|engine, _, out| {
            messages.into_iter().for_each(|message| engine.send(message, out));
            engine.flush(out);
        })
    }

    pub(crate) fn close(&mut self) -> Vec<String> {
        self.say(|engine, now, out| engine.close(Reason::ForcedClose, now, out))
    }

    pub(crate) fn reject(&mut self, leg: u32) -> Vec<String> {
        self.say(|engine, _, out| engine.reject(leg, RequestError::BadRequest, out))
    }

    /// Lets time pass until the next deadline, which must be at this time.
    pub(crate) fn wait_until(&mut self, time: u64) -> Vec<String> {
        assert_eq!(self.engine.deadline(), Some(time), "the next deadline");
        self.now = time - 1;
        assert!(
            self.say(|engine, now, out| engine.timeout(now, out)).is_empty(),
            "nothing happens before it"
        );
        self.now = time;
        self.say(|engine, now, out| engine.timeout(now, out))
    }
}

pub(crate) fn binary(bytes: &'static [u8]) -> Message<'static> {
    Message::Binary(Bytes::from_static(bytes))
}

fn words(out: Out<u32>) -> String {
    match out {
        Out::Payload { leg, body, binary: true } => format!("{leg} < {body:?}"),
        Out::Payload { leg, body, .. } => {
            format!("{leg} < {}", String::from_utf8(body).unwrap().replace('\x1e', "|"))
        }
        Out::Posted { leg } => format!("{leg} ok"),
        Out::Refused { leg, why } => format!("{leg} {}", why.status()),
        Out::Text { leg, text } => format!("{leg} > {}", text.as_str()),
        Out::Binary { leg, bytes } => format!("{leg} > {:?}", &bytes[..]),
        Out::CloseLeg { leg } => format!("{leg} closed"),
        Out::Upgraded { leg } => format!("{leg} upgraded"),
        Out::Closed(reason) => format!("over: {reason}"),
    }
}

fn got_words(message: Message<'_>) -> String {
    match message {
        Message::Text(text) => format!("got {text}"),
        Message::Binary(bytes) => format!("got {:?}", &bytes[..]),
    }
}
