//! A desk at which one session works without worker, socket or clock: the test plays the hub and the link.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own share of this")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use hubbub_auth::{Admit, Doorman, TokenKeys};
use hubbub_gate::coder::Coder;
use hubbub_gate::outbox::Outbox;
use hubbub_gate::request::{Opening, Request, open, origin};
use hubbub_gate::session::{Close, Cx, Deed, Delivery, Input, Letter, Session};
use hubbub_gate::settings::{GateSettings, WsSettings};
use hubbub_hub::id::MessageIds;
use hubbub_hub::presence::PresenceView;
use hubbub_hub::{
    Affiliation, Body, Command, Content, Event, EventName, Happening, Joined, MessageId, Notice, Now, Offset,
    Page, Published, Refusal, Reply, Role, RoomName, Sender, SessionKey, Ticket, UserAddress,
};
use hubbub_ws::Limits;
use serde_json::Value;

/// The epoch of every log here.
pub const EPOCH: u32 = 1_763_800_000;

/// A whole answer over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The last part of a problem's type, which must fit the status.
    pub fn problem(&self) -> String {
        let problem = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], self.status.as_u16());
        problem["type"].as_str().unwrap().strip_prefix("urn:hubbub:problem:").unwrap().to_owned()
    }
}

/// One session and all it needs.
pub struct Desk {
    pub now: Now,
    pub settings: GateSettings,
    pub doorman: Doorman,
    pub out: Outbox,
    /// What the session asked rooms for and was not answered yet.
    pub asked: Vec<(RoomName, Command, Ticket)>,
    /// What it wrote to other sessions, which nobody delivers but the test.
    pub letters: Vec<(SessionKey, Letter)>,
    /// The seats it took.
    pub seats: Vec<(RoomName, Delivery, bool)>,
    /// How it ended.
    pub end: Option<Close>,
    /// A refusal that came before there was a session.
    refused: Option<Answer>,
    session: Option<Box<dyn Session>>,
    coder: Coder,
    rng: fastrand::Rng,
}

impl Desk {
    pub fn new() -> Self {
        let admit = Admit { guests: true, accounts: true, tokens: false };
        let keys =
            TokenKeys { hmac: None, ed25519_public_pem: None, issuer: None, audience: None, leeway_s: 0 };
        Self {
            now: Now { unix_ms: 1_763_800_000_000, mono_ms: 5000 },
            settings: settings(),
            doorman: Doorman::new("localhost", None, admit, &keys, Some([7; 32]))
                .unwrap()
                .sealing_with(&[7; 32]),
            out: Outbox::new(),
            asked: Vec::new(),
            letters: Vec::new(),
            seats: Vec::new(),
            end: None,
            refused: None,
            session: None,
            coder: Coder::default(),
            rng: fastrand::Rng::with_seed(1),
        }
    }

    /// Brings a request, and hands its session the first input.
    pub fn request(mut self, method: Method, address: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut request = http::Request::builder().method(method).uri(address).version(Version::HTTP_11);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        parts.headers.entry(header::HOST).or_insert(HeaderValue::from_static("localhost"));
        let origin = match origin(&parts, &self.settings) {
            Ok(origin) => origin,
            Err(problem) => {
                let (head, body) = problem.response();
                return self.turned_away(head, &body);
            }
        };
        let body = Bytes::copy_from_slice(body);
        let request = Request {
            parts,
            body,
            websocket_connect: false,
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            secured: None,
        };
        match open(request, &origin, &self.settings) {
            Opening::Session(session) => {
                self.session = Some(session);
                self.input(Input::Opened);
                self
            }
            Opening::Answer(head, body) => self.turned_away(head, &body),
        }
    }

    fn turned_away(mut self, head: http::response::Parts, body: &[u8]) -> Self {
        let body = String::from_utf8(body.to_vec()).unwrap();
        self.refused = Some(Answer { status: head.status, headers: head.headers, body });
        self
    }

    pub fn get(address: &str, headers: &[(&str, &str)]) -> Self {
        Self::new().request(Method::GET, address, headers, b"")
    }

    /// A token that an account gets for so many seconds.
    pub fn token(&self, seconds: u64) -> String {
        let account = self.doorman.account_in("ann", "Ann");
        self.doorman.issue(&account, seconds, self.now.unix_ms).unwrap().0
    }

    /// Hands the session an input and does what a worker does with what comes of it.
    pub fn input(&mut self, input: Input<'_>) {
        let Some(mut session) = self.session.take() else { return };
        let mut deeds = Vec::new();
        let mut cx = Cx {
            key: SessionKey { worker: 0, slot: 0, generation: 0 },
            now: self.now,
            out: &mut self.out,
            doorman: &self.doorman,
            settings: &self.settings,
            coder: &mut self.coder,
            rng: &mut self.rng,
            deeds: &mut deeds,
        };
        let result = session.handle(input, &mut cx);
        self.session = Some(session);
        if let Err(close) = result {
            self.session = None;
            self.end = Some(close);
        }
        deeds.into_iter().for_each(|deed| self.deed(deed));
    }

    fn deed(&mut self, deed: Deed) {
        match deed {
            Deed::Command(room, _, command, ticket) => self.asked.push((room, command, ticket)),
            Deed::Seat { room, delivery, echo } => self.seats.push((room, delivery, echo)),
            Deed::Unseat(None) => self.seats.clear(),
            Deed::Unseat(Some((room, how))) => {
                self.seats.retain(|(seat, kept, _)| (seat, kept) != (&room, &how))
            }
            Deed::Leave(room) => self.seats.retain(|(seat, ..)| *seat != room),
            Deed::TurnInto(next) => {
                self.session = Some(next);
                self.input(Input::Opened);
            }
            Deed::Unknown | Deed::Belong(_) => {}
            Deed::Ask(..) | Deed::Name(..) | Deed::Acked(..) => panic!("no test here does that"),
            Deed::Letter(to, letter) => self.letters.push((to, letter)),
            Deed::Steward { .. } | Deed::Spawn(_) => panic!("no session here begins another"),
            Deed::Secure | Deed::Part => panic!("no session here has a link of its own"),
        }
    }

    /// What the session asked last, which must be all it asked.
    pub fn only_question(&mut self) -> (RoomName, Command, Ticket) {
        assert_eq!(self.asked.len(), 1, "{:?}", self.asked);
        self.asked.remove(0)
    }

    pub fn reply(&mut self, ticket: Ticket, reply: Reply) {
        self.input(Input::Notice(Notice::Reply { room: &lobby(), ticket, reply }));
    }

    /// Answers the one question there is.
    pub fn answer(&mut self, reply: Reply) {
        let (_, _, ticket) = self.only_question();
        self.reply(ticket, reply);
    }

    pub fn refuse(&mut self, why: Refusal) {
        self.answer(Reply::Refused(why));
    }

    /// Lets time pass, up to where the session wants to be told if that comes first. Says whether it was told.
    pub fn wait(&mut self, ms: u64) -> bool {
        let end = self.now.mono_ms + ms;
        let due = self.session.as_ref().and_then(|session| session.deadline()).filter(|due| *due <= end);
        let until = due.unwrap_or(end).max(self.now.mono_ms);
        self.now.unix_ms += until - self.now.mono_ms;
        self.now.mono_ms = until;
        if due.is_some() {
            self.input(Input::Timeout);
        }
        due.is_some()
    }

    /// The head of the answer, if it was given.
    pub fn head(&mut self) -> Option<(StatusCode, HeaderMap)> {
        self.out.take_head().map(|head| (head.status, head.headers))
    }

    /// All that was written since the last time.
    pub fn written(&mut self) -> Vec<u8> {
        let bytes: Vec<_> = self.out.pieces().flatten().copied().collect();
        self.out.sent(bytes.len());
        if self.out.take_drained() {
            self.input(Input::Drained);
        }
        bytes
    }

    pub fn text(&mut self) -> String {
        String::from_utf8(self.written()).unwrap()
    }

    /// The whole answer of an exchange that is over.
    pub fn whole(&mut self) -> Answer {
        if let Some(refused) = self.refused.take() {
            return refused;
        }
        assert!(self.end.is_some(), "the exchange goes on; asked: {:?}", self.asked);
        let (status, headers) = self.head().unwrap();
        Answer { status, headers, body: self.text() }
    }
}

pub fn lobby() -> RoomName {
    RoomName::parse("lobby").unwrap()
}

pub fn text(text: &str) -> Content {
    Content::Text(Bytes::copy_from_slice(text.as_bytes()))
}

pub fn id(seq: u64) -> MessageId {
    let mut ids = MessageIds::new(1);
    (0..seq).map(|_| ids.next(1_763_800_000_000)).last().unwrap()
}

pub fn event(seq: u64, content: Content) -> Arc<Event> {
    named_event(seq, "message", content)
}

pub fn named_event(seq: u64, name: &str, content: Content) -> Arc<Event> {
    Arc::new(Event {
        room: lobby(),
        at: Offset::new(EPOCH, seq),
        id: id(seq),
        unix_ms: 1_763_800_000_123,
        from: bob(),
        to: None,
        body: Body::new(EventName::parse(name).unwrap(), content),
        origin: None,
    })
}

pub fn bob() -> Sender {
    Sender { user: UserAddress::new("Bob", "guest.localhost").unwrap(), name: "Bob".into() }
}

pub fn happens(event: &Arc<Event>) -> Vec<Happening> {
    vec![Happening::Event(event.clone())]
}

/// A page of `events` that begins after `from`, in a log that ends at `head`; live if it gets that far.
pub fn joined(from: u64, events: Vec<Arc<Event>>, head: u64) -> Joined {
    let at = |seq| Offset::new(EPOCH, seq);
    let page = Page { events, from: at(from), oldest: at(0), head: at(head) };
    let live = page.cursor() == page.head;
    Joined {
        page,
        recovered: true,
        live,
        presence: PresenceView::Off,
        me: None,
        affiliation: Affiliation::None,
        role: Role::None,
        created: false,
        whois: hubbub_hub::Whois::Anyone,
        subject: None,
    }
}

pub fn join_reply(joined: Joined) -> Reply {
    Reply::Joined(Box::new(joined))
}

pub fn published(seq: u64, repeated: bool) -> Reply {
    let at = Offset::new(EPOCH, seq);
    Reply::Published(Published {
        id: id(seq),
        at,
        unix_ms: 1_763_800_000_123,
        from: bob(),
        repeated,
        answer: None,
    })
}

pub fn settings() -> GateSettings {
    let limits = Limits { frame: 1000, message: 1000, fragments: 10 };
    let times = WsSettings {
        ping_after_ms: 20_000,
        pong_wait_ms: 5000,
        close_wait_ms: 2000,
        ..WsSettings::default()
    };
    let ws = WsSettings { limits, deflate_min_bytes: 64, ..times };
    GateSettings { message_bytes: 1 << 16, ws, ..GateSettings::of("localhost") }
}
