//! A conversation as a table, and the streams it is held on.

use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::sasl::{Ask, Binding, Offer};
use hubbub_xmpp::stream::{Kind, Out, Settings, Stream};
use std::collections::VecDeque;
use std::str;
use std::sync::Arc;

/// One line of a conversation.
#[derive(Clone, Copy)]
pub(crate) enum Row<'a> {
    /// The client sends this.
    C(&'a str),
    /// The client gets this, in one piece; `*` is anything.
    S(&'a str),
    /// This is to be done, as [`shown`]; `*` is anything.
    Do(&'a str),
    /// The gate does this.
    Gate(fn(&mut Stream, &mut Vec<Out>)),
    /// It is this time now, in milliseconds, and the stream is told.
    At(u64),
}

pub(crate) use Row::{At, C, Do, Gate, S};

/// What a client of TCP opens with.
pub(crate) const OPEN: &str = "<?xml version='1.0'?><stream:stream to='example.org' version='1.0' xml:lang='de' \
     xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
/// What it gets, up to the features.
pub(crate) const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams' id='*' from='example.org' version='1.0' xml:lang='en'>";
/// What a bound client was offered.
pub(crate) const AFTER_LOGIN: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
     <session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>\
     <sm xmlns='urn:xmpp:sm:3'/><csi xmlns='urn:xmpp:csi:0'/>\
     <limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>262144</max-bytes></limits>";

/// A stream, the time, and what it wants that nobody has looked at.
pub(crate) struct Talk {
    pub(crate) stream: Stream,
    pub(crate) now: u64,
    pub(crate) outs: VecDeque<Out>,
    rng: fastrand::Rng,
}

/// The settings of most tests: accounts and guests, clear text allowed.
pub(crate) fn settings() -> Settings {
    Settings {
        require_tls: false,
        tls_available: false,
        offer: Offer { accounts: true, guests: true, tokens: false },
        idle_ms: 0,
        ..Settings::new("example.org")
    }
}

/// A link that can be bound to.
pub(crate) fn tls() -> Binding {
    Binding { exporter: Some([7; 32]), end_point: Some(vec![8; 32]) }
}

impl Talk {
    pub(crate) fn new(kind: Kind, settings: Settings, tls: Option<Binding>) -> Self {
        let stream = Stream::new(kind, Arc::new(settings), tls, 0);
        Self { stream, now: 0, outs: VecDeque::new(), rng: fastrand::Rng::with_seed(1) }
    }

    pub(crate) fn tcp() -> Self {
        Self::new(Kind::Tcp, settings(), None)
    }

    /// A stream on which Ann, a guest, has bound a resource.
    pub(crate) fn bound(kind: Kind, settings: Settings) -> Self {
        let mut talk = Self::new(kind, settings, Some(tls()));
        let open = match kind {
            Kind::Tcp => OPEN,
            Kind::WebSocket => {
                "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>"
            }
        };
        for bytes in [open, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"] {
            talk.receive(bytes.as_bytes());
        }
        talk.act(|stream, out| stream.authenticated(jid("ann@guest.example.org"), 0, out));
        let bind = "<iq type='set' id='b' xmlns='jabber:client'>\
                    <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
        for bytes in [open, bind] {
            talk.receive(bytes.as_bytes());
        }
        talk.act(|stream, out| stream.bound(jid("ann@guest.example.org/phone"), out));
        assert!(talk.stream.is_bound());
        talk.outs.clear();
        talk
    }

    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        let mut out = Vec::new();
        self.stream.received(bytes, self.now, &mut self.rng, &mut out);
        self.outs.extend(out);
    }

    pub(crate) fn act(&mut self, act: impl FnOnce(&mut Stream, &mut Vec<Out>)) {
        let mut out = Vec::new();
        act(&mut self.stream, &mut out);
        self.outs.extend(out);
    }

    /// Holds a conversation: every line is met by what the stream wants, in order, and nothing is left over.
    pub(crate) fn hold(&mut self, rows: &[Row<'_>]) -> &mut Self {
        for (nth, row) in rows.iter().enumerate() {
            if !matches!(row, S(_) | Do(_)) {
                self.assert_nothing_more(nth);
            }
            match *row {
                C(text) => self.receive(text.as_bytes()),
                Gate(act) => self.act(act),
                At(now) => {
                    self.now = now;
                    self.act(|stream, out| stream.timeout(now, out));
                }
                S(expected) | Do(expected) => self.meet(nth, matches!(row, S(_)), expected),
            }
        }
        self.assert_nothing_more(rows.len());
        self
    }

    fn assert_nothing_more(&self, nth: usize) {
        let left: Vec<_> = self.outs.iter().map(shown).collect();
        assert!(left.is_empty(), "before line {nth} nobody expected {left:#?}");
    }

    fn meet(&mut self, nth: usize, sent: bool, expected: &str) {
        let Some(out) = self.outs.pop_front() else { panic!("line {nth}: nothing came, but not {expected}") };
        assert_eq!(sent, matches!(out, Out::Send(_)), "line {nth}: {}", shown(&out));
        let got = shown(&out);
        assert!(is_like(&got, expected), "line {nth}\n     got {got}\nexpected {expected}");
    }
}

/// Holds a conversation on a fresh stream.
pub(crate) fn hold(kind: Kind, settings: Settings, rows: &[Row<'_>]) {
    Talk::new(kind, settings, None).hold(rows);
}

pub(crate) fn jid(jid: &str) -> Jid {
    Jid::parse(jid).unwrap()
}

/// A line for each thing that is wanted.
pub(crate) fn shown(out: &Out) -> String {
    match out {
        Out::Send(pieces) => str::from_utf8(&pieces.to_bytes()).unwrap().to_owned(),
        Out::Ask(Ask::Verifier { user, hash }) => format!("Ask Verifier {user} {hash:?}"),
        Out::Ask(Ask::Password { user, password }) => format!("Ask Password {user} {password}"),
        Out::Ask(Ask::Token { user, token }) => format!("Ask Token {user:?} {token}"),
        Out::Stanza(element, _) => format!("Stanza {}", str::from_utf8(element.bytes()).unwrap()),
        Out::Register(element) => format!("Register {}", str::from_utf8(element.bytes()).unwrap()),
        other => format!("{other:?}"),
    }
}

/// Whether `text` is `pattern`, where a `*` is anything.
fn is_like(text: &str, pattern: &str) -> bool {
    let text = text.replace('"', "'");
    let pattern = pattern.replace('"', "'");
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}
