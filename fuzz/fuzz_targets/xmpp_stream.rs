//! Any sequence of bytes, messages, answers, losses and time: nothing panics, what goes out is XML, every question is asked
//! once and nothing more is done until it is answered, the end comes once and last, and what waits for an
//! acknowledgement is bounded.
//!
//! Input: what the stream runs on, then what happens to it.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::sasl::{Ask, Binding, Failure, Known, Offer, Verifier};
use hubbub_xmpp::stanza::{Condition, iq_result};
use hubbub_xmpp::stream::{Kind, Out, Settings, SmState, Stream, StreamError};
use hubbub_xmpp::xml::{Framer, Limits, parse};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

const MOST_STANZAS: usize = 20;

/// What clients say, right or wrong.
const WORDS: &[&str] = &[
    "<?xml version='1.0'?><stream:stream to='example.org' version='1.0' xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams'>",
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>",
    "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
    "</stream:stream>",
    "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj1hbGljZSxyPXg=</auth>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='OAUTHBEARER'/>",
    "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>biws</response>",
    "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    "<iq xmlns='jabber:client' type='set' id='&lt;&apos;'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
     <resource>a&amp;b</resource></bind></iq>",
    "<iq xmlns='jabber:client' type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
    "<iq xmlns='jabber:client' type='get' id='r'><query xmlns='jabber:iq:register'/></iq>",
    "<iq xmlns='jabber:client' type='result' id='alive-1'/>",
    "<iq xmlns='jabber:client' type='get' from='ann@guest.example.org'/>",
    "<message xmlns='jabber:client' to='b'><body>hi</body></message>",
    "<presence xmlns='jabber:client' from='ann@guest.example.org/phone'/>",
    "<enable xmlns='urn:xmpp:sm:3' resume='true'/>",
    "<r xmlns='urn:xmpp:sm:3'/>",
    "<a xmlns='urn:xmpp:sm:3' h='1'/>",
    "<a xmlns='urn:xmpp:sm:3' h='9'/>",
    "<inactive xmlns='urn:xmpp:csi:0'/>",
    "<stream:error xmlns:stream='http://etherx.jabber.org/streams'/>",
    " ",
    "<",
];

#[derive(Debug, Arbitrary)]
enum Happens<'a> {
    Word(u8),
    /// Several at once.
    Words([u8; 4]),
    Bytes(&'a [u8]),
    /// The client wants the session back that was lost last.
    Resume(u8),
    Answer(u8),
    Send(bool),
    Time(u16),
    Deadline,
    Close(u8),
    /// The link is lost; the client comes again, perhaps over another.
    Lost(bool),
}

struct World {
    settings: Arc<Settings>,
    stream: Stream,
    framer: Framer,
    rng: fastrand::Rng,
    now: u64,
    /// What is being asked.
    asked: Option<Out>,
    over: bool,
    lost: Option<SmState>,
}

fuzz_target!(|data: &[u8]| {
    let mut input = Unstructured::new(data);
    let Ok((websocket, secure)) = input.arbitrary::<(bool, bool)>() else { return };
    let mut world = World::begin(websocket, secure);
    while !input.is_empty() {
        let Ok(happens) = input.arbitrary() else { return };
        world.happen(&happens);
    }
});

fn settings() -> Settings {
    Settings {
        require_tls: false,
        offer: Offer { accounts: true, guests: true, tokens: true },
        register: true,
        auth_ms: 50_000,
        idle_ms: 3000,
        ping_ms: 500,
        failures: 5,
        sm_queue_stanzas: MOST_STANZAS,
        ..Settings::new("example.org")
    }
}

fn tls() -> Binding {
    Binding { exporter: Some([1; 32]), end_point: None }
}

fn ann() -> Jid {
    Jid::parse("ann@guest.example.org").expect("it is an address")
}

fn stream(settings: &Arc<Settings>, websocket: bool, secure: bool, now: u64) -> Stream {
    let kind = if websocket { Kind::WebSocket } else { Kind::Tcp };
    Stream::new(kind, settings.clone(), secure.then(tls), now)
}

impl World {
    fn begin(websocket: bool, secure: bool) -> Self {
        let settings = Arc::new(settings());
        Self {
            stream: stream(&settings, websocket, secure, 0),
            settings,
            framer: Framer::new(Limits::default()),
            rng: fastrand::Rng::with_seed(1),
            now: 0,
            asked: None,
            over: false,
            lost: None,
        }
    }

    fn happen(&mut self, happens: &Happens<'_>) {
        let mut out = Vec::new();
        match *happens {
            Happens::Word(nth) => self.receive(word(nth).as_bytes(), &mut out),
            Happens::Words(all) => self.receive(all.map(word).concat().as_bytes(), &mut out),
            Happens::Bytes(bytes) => self.receive(bytes, &mut out),
            Happens::Resume(h) => {
                let previd = self.lost.as_ref().map_or("x", SmState::id);
                let resume = format!("<resume xmlns='urn:xmpp:sm:3' previd='{previd}' h='{h}'/>");
                self.receive(resume.as_bytes(), &mut out);
            }
            Happens::Answer(how) => self.answer(how, &mut out),
            Happens::Send(is_stanza) => {
                let stanza = format!("<message{}/>", self.stream.head_ns());
                self.stream.send(stanza.into_bytes(), is_stanza, &mut out);
            }
            Happens::Time(ms) => self.pass(self.now + u64::from(ms), &mut out),
            Happens::Deadline => self.pass(self.stream.deadline().unwrap_or(0), &mut out),
            Happens::Close(error) => {
                let error = StreamError::ALL[usize::from(error) % StreamError::ALL.len()];
                self.stream.close(error, &mut out);
            }
            Happens::Lost(websocket) => self.lose(websocket),
        }
        self.judge(out);
    }

    fn receive(&mut self, bytes: &[u8], out: &mut Vec<Out>) {
        self.stream.received(bytes, self.now, &mut self.rng, out);
    }

    fn pass(&mut self, until: u64, out: &mut Vec<Out>) {
        self.now = self.now.max(until);
        self.stream.timeout(self.now, out);
        assert!(self.stream.deadline().is_none_or(|deadline| deadline > self.now), "kept busy");
    }

    fn lose(&mut self, websocket: bool) {
        if let Some(state) = self.stream.export_sm() {
            assert!(state.waiting() <= MOST_STANZAS + 1);
            self.lost = Some(state);
        }
        assert!(self.stream.take_unacked().len() <= MOST_STANZAS + 1);
        self.stream = stream(&self.settings, websocket, true, self.now);
        self.framer = Framer::new(Limits::default());
        self.asked = None;
        self.over = false;
    }

    /// Answers what is asked, well or badly.
    fn answer(&mut self, how: u8, out: &mut Vec<Out>) {
        let well = how % 4 != 0;
        match self.asked.take() {
            Some(Out::StartTls) => self.stream.secured(tls(), self.now, out),
            Some(Out::Ask(ask)) => self.stream.known(known(&ask, how), self.now, out),
            Some(Out::Authenticated { .. }) if well => self.stream.authenticated(ann(), self.now, out),
            Some(Out::Authenticated { .. }) => {
                self.stream.refused(Failure::AccountDisabled, self.now, out);
            }
            Some(Out::Bind { wanted, .. }) if well => {
                let resource = wanted.unwrap_or_else(|| "phone".to_owned());
                self.stream.bound(ann().with_resource(&resource).expect("it was prepared"), out);
            }
            Some(Out::Bind { .. }) => self.stream.bind_refused(Condition::Conflict, out),
            Some(Out::Register(_)) => {
                self.stream.registered(&iq_result("r", None, None, None), !well, self.now, out);
            }
            Some(Out::Resume { h, .. }) => match self.lost.take() {
                Some(state) => self.lost = self.stream.resume_with(state, h, out).err(),
                None => self.stream.resume_failed(Some(h), out),
            },
            _ => {}
        }
    }

    fn judge(&mut self, out: Vec<Out>) {
        for out in out {
            assert!(!self.over, "{out:?} after the end");
            match out {
                Out::Send(pieces) => self.read(&pieces.to_bytes()),
                Out::Closed(_) => self.over = true,
                Out::StartTls
                | Out::Ask(_)
                | Out::Authenticated { .. }
                | Out::Bind { .. }
                | Out::Register(_)
                | Out::Resume { .. } => {
                    assert!(self.asked.is_none(), "{out:?} while {:?} waits", self.asked);
                    self.asked = Some(out);
                }
                Out::Stanza(..) | Out::SmEnabled { .. } | Out::Csi(_) => {
                    assert!(self.asked.is_none(), "{out:?} while {:?} waits", self.asked);
                }
            }
        }
        if self.over {
            self.asked = None;
        }
        assert_eq!(self.over, self.stream.is_over());
    }

    /// Reads as a client does: whole elements, in streams one after the other, or one in each message.
    fn read(&mut self, bytes: &[u8]) {
        if self.stream.kind() == Kind::WebSocket {
            parse(bytes, &Limits::default()).expect("a message is a document");
            return;
        }
        if bytes.starts_with(b"<?xml") {
            self.framer = Framer::new(Limits::default());
        }
        self.framer.push(bytes);
        while self.framer.next().expect("it is XML").is_some() {}
        assert_eq!(self.framer.buffered(), 0, "half an element");
    }
}

fn word(nth: u8) -> &'static str {
    WORDS[usize::from(nth) % WORDS.len()]
}

/// An answer that fits, or does not.
fn known(ask: &Ask, how: u8) -> Known {
    match (ask, how % 4) {
        (Ask::Verifier { .. }, 1) => Known::Verifier(Some(Verifier {
            salt: vec![1],
            iterations: 1,
            stored_key: vec![0; 20],
            server_key: vec![0; 20],
        })),
        (_, 1) => Known::Yes,
        (_, 2) => Known::No,
        (_, 3) => Known::Verifier(None),
        _ => Known::Unavailable,
    }
}
