//! Workers without threads, sockets or clock: the test takes their turns and carries what they send.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "this is a test, also outside the functions that say so")]

pub(crate) mod sessions;
pub(crate) mod websocket;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method};
use hubbub_auth::{Admit, Doorman, TokenKeys};
use hubbub_gate::origin::Origin;
use hubbub_gate::outbox::{OutboxLimits, WhenFull};
use hubbub_gate::request::{Opening, Request, open};
use hubbub_gate::session::{Input, Session};
use hubbub_gate::settings::{GateSettings, SocketIoSettings, WsSettings};
use hubbub_hub::hook::Hook;
use hubbub_hub::{
    HeardPace, Hub, HubSettings, Keep, LogKind, Now, Policies, PresenceMode, RoomPolicy, SessionKey, Who,
    WorkerId,
};
use hubbub_worker::worker::Parts;
use hubbub_worker::{Counters, Mail, Post, Worker, WorkerSettings, mailboxes};
use hubbub_ws::DeflatePolicy;

/// When every test begins: 2025-11-22 08:26:40 UTC.
pub(crate) const START: Now = Now { unix_ms: 1_763_800_000_000, mono_ms: 1000 };

/// What a test sets otherwise than the others.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) outbox: OutboxLimits,
    pub(crate) publish_rate: u64,
    pub(crate) publish_burst: u64,
    pub(crate) context_takeover: bool,
    /// Whether clients of Engine.IO 3 may come.
    pub(crate) eio3: bool,
    /// The application behind every room.
    pub(crate) hook: Option<Hook>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            outbox: OutboxLimits { bytes: 1 << 20, when_full: WhenFull::Close },
            publish_rate: 0,
            publish_burst: 0,
            context_takeover: false,
            eio3: false,
            hook: None,
        }
    }
}

/// All workers of one server.
pub(crate) struct House {
    pub(crate) workers: Vec<Worker<()>>,
    pub(crate) gate: Arc<GateSettings>,
    pub(crate) doorman: Arc<Doorman>,
    pub(crate) now: Now,
    pub(crate) post: Post,
}

impl House {
    pub(crate) fn new(workers: u16, rules: &Rules) -> Self {
        let (post, boxes) = mailboxes(workers);
        let gate = Arc::new(gate(rules));
        let doorman = Arc::new(doorman());
        let settings = WorkerSettings {
            mailbox_max: 10_000,
            detached_max: 100,
            publish_rate: rules.publish_rate,
            publish_burst: rules.publish_burst,
            signal_rate: 0,
            signal_burst: 0,
        };
        let make = |(id, mailbox)| {
            let mut worker = Worker::new(Parts {
                id,
                settings,
                gate: gate.clone(),
                doorman: doorman.clone(),
                hub: Hub::new(hub_settings(workers), policies(rules), u64::from(id)),
                post: post.clone(),
                mailbox,
                counters: Arc::new(Counters::default()),
                seed: 100 + u64::from(id),
            });
            worker.set_now(START);
            worker
        };
        Self { workers: (0..workers).zip(boxes).map(make).collect(), gate, doorman, now: START, post }
    }

    pub(crate) fn turn(&mut self, worker: WorkerId) {
        self.workers[usize::from(worker)].turn(self.now);
    }

    /// Takes turns until nobody has anything to do.
    pub(crate) fn settle(&mut self) {
        let all = 0..self.post.workers();
        loop {
            all.clone().for_each(|worker| self.turn(worker));
            let idle = |worker| self.post.waiting(worker) == 0;
            if all.clone().all(idle) {
                return;
            }
        }
    }

    /// Lets time pass, and what comes due happen.
    pub(crate) fn wait(&mut self, ms: u64) {
        self.now.mono_ms += ms;
        self.now.unix_ms += ms;
        self.settle();
    }

    pub(crate) fn open(&mut self, worker: WorkerId, session: impl Session + 'static) -> SessionKey {
        self.workers[usize::from(worker)].open(Box::new(session), ())
    }

    /// Opens what an HTTP request opens.
    pub(crate) fn request(
        &mut self,
        worker: WorkerId,
        method: Method,
        address: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> SessionKey {
        let mut request = http::Request::builder().method(method).uri(address);
        for (name, value) in headers {
            request = request.header(HeaderName::from_bytes(name.as_bytes()).unwrap(), *value);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        let body = Bytes::copy_from_slice(body.as_bytes());
        let request = Request {
            parts,
            body,
            websocket_connect: false,
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            secured: None,
        };
        match open(request, &Origin::Own, &self.gate) {
            Opening::Session(session) => self.workers[usize::from(worker)].open(session, ()),
            Opening::Answer(_, body) => panic!("{}", String::from_utf8_lossy(&body)),
        }
    }

    pub(crate) fn get(&mut self, worker: WorkerId, address: &str) -> SessionKey {
        self.request(worker, Method::GET, address, &[], "")
    }

    pub(crate) fn stream(&mut self, worker: WorkerId, address: &str) -> SessionKey {
        self.request(worker, Method::GET, address, &[("accept", "text/event-stream")], "")
    }

    /// Publishes text in the lobby; the answer is left in the outbox.
    pub(crate) fn publish(&mut self, worker: WorkerId, text: &str) -> SessionKey {
        let address = "/rooms/lobby/messages?name=Sayer";
        self.request(worker, Method::POST, address, &[("content-type", "text/plain")], text)
    }

    pub(crate) fn input(&mut self, key: SessionKey, input: Input<'_>) {
        self.workers[usize::from(key.worker)].input(key, input);
    }

    pub(crate) fn release(&mut self, key: SessionKey) {
        self.workers[usize::from(key.worker)].release(key);
    }

    /// The server is closing.
    pub(crate) fn shut_down(&mut self) {
        (0..self.post.workers()).for_each(|worker| self.post.send(worker, Mail::Shutdown));
        self.settle();
    }

    /// Takes all that is queued for a session's link, as a link that is not slow does.
    pub(crate) fn sent(&mut self, key: SessionKey) -> Vec<u8> {
        let worker = &mut self.workers[usize::from(key.worker)];
        let Some(place) = worker.slot_mut(key) else { return Vec::new() };
        let bytes: Vec<_> = place.outbox.pieces().flatten().copied().collect();
        place.outbox.sent(bytes.len());
        worker.drained(key.slot);
        bytes
    }

    pub(crate) fn sent_text(&mut self, key: SessionKey) -> String {
        String::from_utf8(self.sent(key)).unwrap()
    }

    pub(crate) fn queued(&self, key: SessionKey) -> usize {
        self.workers[usize::from(key.worker)].slot(key).map_or(0, |place| place.outbox.len())
    }

    /// The status and headers of an answer.
    pub(crate) fn head(&mut self, key: SessionKey) -> Option<(u16, HeaderMap)> {
        let place = self.workers[usize::from(key.worker)].slot_mut(key)?;
        place.outbox.take_head().map(|head| (head.status.as_u16(), head.headers))
    }

    pub(crate) fn is_over(&self, key: SessionKey) -> bool {
        self.workers[usize::from(key.worker)].slot(key).is_none_or(|place| place.is_over())
    }

    pub(crate) fn counters(&self, worker: WorkerId) -> &Counters {
        self.workers[usize::from(worker)].counters()
    }
}

/// The texts of the messages in an event stream's bytes.
pub(crate) fn said(stream: &str) -> Vec<String> {
    messages(stream).map(|(_, text)| text).collect()
}

/// The sequence number and the text of each message in an event stream's bytes. For texts that JSON does not escape.
pub(crate) fn messages(stream: &str) -> impl Iterator<Item = (u64, String)> {
    stream.split("\n\n").filter(|block| !block.contains("event: hubbub:")).filter_map(|block| {
        let (_, rest) = block.split_once("id: ")?;
        let (id, data) = rest.split_once('\n')?;
        let (_, seq) = id.split_once('-')?;
        let (_, text) = data.split_once("\"data\":\"")?;
        Some((seq.parse().ok()?, text.strip_suffix("\"}")?.to_owned()))
    })
}

fn gate(rules: &Rules) -> GateSettings {
    let deflate = Some(DeflatePolicy { context_takeover: rules.context_takeover, window_bits: 15 });
    GateSettings {
        outbox: rules.outbox,
        ws: WsSettings { deflate, deflate_min_bytes: 1, ..WsSettings::default() },
        socketio: SocketIoSettings { eio3: rules.eio3, ..SocketIoSettings::default() },
        ..GateSettings::of("localhost")
    }
}

fn doorman() -> Doorman {
    let admit = Admit { guests: true, accounts: true, tokens: false };
    let keys = TokenKeys { hmac: None, ed25519_public_pem: None, issuer: None, audience: None, leeway_s: 0 };
    Doorman::new("localhost", None, admit, &keys, Some([7; 32])).unwrap().sealing_with(&[7; 32])
}

fn hub_settings(workers: u16) -> HubSettings {
    HubSettings {
        workers,
        rooms_max: 100,
        room_idle_ms: 60_000,
        presence_list_max: 100,
        linger_ms: 30_000,
        key_window_ms: 60_000,
        key_limit: 100,
        pending_limit: 100,
        pending_bytes: 1 << 26,
        tail_count: 1000,
        tail_bytes: 1 << 20,
        page_bytes: 1 << 16,
        heard: HeardPace { rate: 0, burst: 0 },
    }
}

fn policies(rules: &Rules) -> Policies {
    let room = RoomPolicy {
        log: LogKind::Memory,
        keep: Keep { count: 10_000, bytes: 1 << 24, age_ms: u64::MAX },
        presence: PresenceMode::List,
        join: vec![Who::Anyone],
        publish: vec![Who::Anyone],
        read: vec![Who::Anyone],
        hook: rules.hook.clone(),
        owners: Vec::new(),
        creator_owns: true,
        signals: true,
    };
    Policies::new(Vec::new(), room.clone(), room)
}
