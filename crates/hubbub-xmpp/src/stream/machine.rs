//! The machine itself: what it is doing, what comes in, what goes out, and the end.

use super::alive::{Alive, Beat};
use super::error::Fault;
use super::held::Held;
use super::login::Login;
use super::manage::Owed;
use super::{Kind, Out, Reason, Settings, SmState, StreamError, features, header};
use crate::jid::Jid;
use crate::sasl::{Binding, Mechanism, mechanisms};
use crate::xml::{Element, Framer, Limits, Piece, STREAMS, parse};
use std::sync::Arc;

/// So many elements may come before the resource is bound; nobody needs more than a third of it.
const EARLY: u16 = 64;

/// One stream of a client, the server's side of it.
///
/// Methods say what happened, with the time in milliseconds (of any clock that does not go back), and append to
/// `out` what is to be done about it, in order. What the machine asks ([`Out::Ask`], [`Out::Authenticated`], [`Out::Bind`],
/// [`Out::Resume`]) is asked once, and until it is answered nothing that the client sends is looked at. After
/// [`Out::Closed`], which comes once and last, everything is ignored.
///
/// Call [`timeout`](Self::timeout) when [`deadline`](Self::deadline) has come; asking for the deadline costs nothing.
///
/// # Security
///
/// Before login the client gets small limits for each element, a number of elements, of failures and a deadline that
/// nothing it sends puts off. What it sends in clear text after STARTTLS was agreed is thrown away. A stanza with a foreign
/// `from` ends the stream (RFC 6120 §8.1.2.1).
#[derive(Debug)]
pub struct Stream {
    pub(super) kind: Kind,
    pub(super) settings: Arc<Settings>,
    pub(super) state: State,
    /// Boxed: it is looked at while somebody logs in, and streams last.
    pub(super) tls: Option<Box<Binding>>,
    pub(super) framer: Framer,
    pub(super) held: Held,
    /// Our header of the present stream was sent, and the stream is not over.
    pub(super) open: bool,
    /// Who has logged in: a bare address.
    pub(super) user: Option<Jid>,
    /// The bound, full address.
    pub(super) jid: Option<Jid>,
    lang: Option<String>,
    pub(super) failures: u8,
    /// Elements since the beginning, while there is no resource.
    early: u16,
    /// When the resource has to be bound.
    by: u64,
    pub(super) alive: Alive,
    /// How many pings were sent by us; they are numbered.
    pub(super) pings: u32,
    pub(super) sm: Option<Box<SmState>>,
    /// The client has asked what was handled.
    pub(super) owed: Option<Owed>,
    /// The id by which the session is going to be resumed, where the server gives it one.
    pub(super) sm_name: Option<Box<str>>,
    pub(super) now: u64,
}

const _: () = assert!(size_of::<Stream>() <= 768, "an idle client must stay small");

/// What the stream is doing.
#[derive(Debug)]
pub(super) enum State {
    /// A header is due.
    Opening,
    /// Features were sent; the client is to choose TLS, a mechanism, or to register.
    Choosing,
    /// TLS was agreed: what comes now in clear text is nobody's.
    Securing,
    /// A SASL exchange is under way.
    Login(Box<Login>),
    /// The gate looks at what was said about an account that is to be made.
    Registering,
    /// Logged in; a resource is due, or the return of a former session.
    Nameless,
    /// The gate looks for a resource; this is the id of the request.
    Binding(String),
    /// The gate looks for the former session of this id.
    Resuming(String),
    /// Stanzas go both ways.
    Bound,
    /// The end.
    Over,
}

impl Stream {
    /// A stream that begins now. `tls` is given where the link is secure already: direct TLS, `wss:`, or a proxy that is
    /// trusted to have seen to it.
    pub fn new(kind: Kind, settings: Arc<Settings>, tls: Option<Binding>, now_ms: u64) -> Self {
        Self {
            kind,
            framer: Framer::new(settings.before_auth),
            state: State::Opening,
            tls: tls.map(Box::new),
            held: Held::default(),
            open: false,
            user: None,
            jid: None,
            lang: None,
            failures: 0,
            early: 0,
            by: now_ms.saturating_add(settings.auth_ms),
            alive: Alive::Heard(u64::MAX),
            pings: 0,
            sm: None,
            owed: None,
            sm_name: None,
            now: now_ms,
            settings,
        }
    }

    /// What the client sent: bytes of the TCP stream, cut anywhere, or one WebSocket text message. `rng` is for
    /// what need not be secret; ids and nonces come from the operating system.
    pub fn received(&mut self, bytes: &[u8], now_ms: u64, rng: &mut fastrand::Rng, out: &mut Vec<Out>) {
        self.now = now_ms;
        match self.state {
            // RFC 6120 §5.3.3: whoever gets between could have sent it.
            State::Over | State::Securing => return,
            State::Bound => self.heard(rng.f64()),
            _ => {}
        }
        if self.is_waiting() {
            return self.hold(bytes, out);
        }
        self.take(bytes, out);
        self.go_on(out);
    }

    /// TLS is on, after [`Out::StartTls`]; the client begins a new stream (RFC 6120 §5.4.3.3).
    pub fn secured(&mut self, tls: Binding, now_ms: u64, _out: &mut Vec<Out>) {
        self.now = now_ms;
        if matches!(self.state, State::Securing) {
            self.tls = Some(Box::new(tls));
            self.state = State::Opening;
        }
    }

    /// The time has come that [`deadline`](Self::deadline) named. Called too early, it does nothing.
    pub fn timeout(&mut self, now_ms: u64, out: &mut Vec<Out>) {
        self.now = now_ms;
        match self.state {
            State::Over => {}
            State::Bound if self.owed.as_ref().is_some_and(|owed| owed.look_ms <= now_ms) => self.settle(out),
            State::Bound => match self.alive.tick(now_ms, self.settings.ping_ms) {
                Beat::Wait => {}
                Beat::Ask => self.ask_for_life(out),
                Beat::Gone => {
                    let fault = Fault::saying(StreamError::ConnectionTimeout, "no sign of life");
                    self.end(Reason::Silent, Some(&fault), out);
                }
            },
            _ if now_ms >= self.by => {
                self.fail(Fault::saying(StreamError::ConnectionTimeout, "login took too long"), out);
            }
            _ => {}
        }
    }

    /// When [`timeout`](Self::timeout) wants to be called, in milliseconds.
    pub fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Over => None,
            State::Bound => {
                let look = self.owed.as_ref().map(|owed| owed.look_ms);
                [self.alive.due(), look].into_iter().flatten().min()
            }
            _ => Some(self.by),
        }
    }

    /// Whether stanzas go both ways.
    pub fn is_bound(&self) -> bool {
        matches!(self.state, State::Bound)
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// The bound, full address.
    pub fn jid(&self) -> Option<&Jid> {
        self.jid.as_ref()
    }

    /// What the stream runs on.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the link is secure.
    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// The language of the client's stanzas that name none: `xml:lang` of its stream header (RFC 6120 §8.1.5).
    pub fn lang(&self) -> Option<&str> {
        self.lang.as_deref()
    }

    pub(super) fn set_now(&mut self, now_ms: u64) {
        self.now = now_ms;
    }

    pub(super) fn heard(&mut self, part: f64) {
        self.alive = Alive::heard(self.now, self.settings.idle_ms, part);
    }

    pub(super) fn limits(&self) -> Limits {
        if self.user.is_some() { self.settings.stanza } else { self.settings.before_auth }
    }

    pub(super) fn mechanisms(&self) -> Vec<Mechanism> {
        mechanisms(&self.settings.offer, self.tls.as_deref())
    }

    pub(super) fn needs_tls(&self) -> bool {
        features::needs_tls(&self.settings, self.tls.as_deref())
    }

    /// Whether an answer of the gate is due, before which nothing more is looked at.
    fn is_waiting(&self) -> bool {
        match &self.state {
            State::Login(login) => login.is_waiting(),
            State::Registering | State::Binding(_) | State::Resuming(_) => true,
            _ => false,
        }
    }

    fn hold(&mut self, bytes: &[u8], out: &mut Vec<Out>) {
        if self.held.push(bytes, self.limits().bytes).is_err() {
            self.fail(Fault::saying(StreamError::PolicyViolation, "wait for the answer"), out);
        }
    }

    fn take(&mut self, bytes: &[u8], out: &mut Vec<Out>) {
        match self.kind {
            Kind::Tcp => self.framer.push(bytes),
            Kind::WebSocket => self.message(bytes, out),
        }
    }

    /// Looks at what has come, as long as nothing is being waited for.
    pub(super) fn go_on(&mut self, out: &mut Vec<Out>) {
        while !matches!(self.state, State::Over | State::Securing) && !self.is_waiting() {
            match self.framer.next() {
                Ok(Some(piece)) => self.piece(piece, out),
                Ok(None) => match self.held.pop() {
                    Some(bytes) => self.take(&bytes, out),
                    None => return,
                },
                Err(error) => return self.fail(error, out),
            }
        }
    }

    fn piece(&mut self, piece: Piece, out: &mut Vec<Out>) {
        match piece {
            Piece::Open(head) => self.begin(&head, out),
            Piece::Stanza(element) => self.element(element, out),
            Piece::Close => self.finish(out),
        }
    }

    /// One WebSocket message is one element (RFC 7395 §3.3.3). White space, which on TCP keeps a link alive, some
    /// clients send here as well.
    fn message(&mut self, bytes: &[u8], out: &mut Vec<Out>) {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let element = match parse(bytes, &self.limits()) {
            Ok(element) => element,
            Err(error) => return self.fail(error, out),
        };
        match (element.ns(), element.name()) {
            (header::NS_FRAMING, "close") => self.finish(out),
            (header::NS_FRAMING, _) => self.begin(&element, out),
            _ => self.element(element, out),
        }
    }

    fn begin(&mut self, head: &Element, out: &mut Vec<Out>) {
        if !matches!(self.state, State::Opening) {
            return self.fail(Fault::saying(StreamError::BadFormat, "the stream has begun already"), out);
        }
        if self.kind == Kind::WebSocket && self.needs_tls() {
            return self.fail(Fault::saying(StreamError::PolicyViolation, "this needs wss:"), out);
        }
        match header::Header::read(head, self.kind, &self.settings) {
            Ok(header) => self.greet(header, out),
            Err(fault) => self.fail(fault, out),
        }
    }

    fn greet(&mut self, client: header::Header, out: &mut Vec<Out>) {
        self.lang = client.lang;
        let mut buffer = Vec::with_capacity(768);
        header::write(&mut buffer, self.kind, &self.settings, client.from.as_ref());
        self.open = true;
        self.cut(&mut buffer, out);
        if self.user.is_some() {
            features::after_login(&mut buffer, self.kind, &self.settings);
            self.state = State::Nameless;
        } else {
            let mechanisms = self.mechanisms();
            features::before_login(&mut buffer, self.kind, &self.settings, &mechanisms, self.tls.as_deref());
            self.state = State::Choosing;
        }
        out.push(Out::Send(buffer.into()));
    }

    fn element(&mut self, element: Element, out: &mut Vec<Out>) {
        if element.is("error", STREAMS) && self.open {
            return self.end(Reason::Reported, None, out);
        }
        if !matches!(self.state, State::Bound) {
            self.early += 1;
            if self.early > EARLY {
                return self.fail(Fault::saying(StreamError::PolicyViolation, "too much before login"), out);
            }
        }
        match self.state {
            State::Bound => self.in_session(element, out),
            State::Choosing | State::Login(_) => self.before_login(element, out),
            State::Nameless => self.before_bind(&element, out),
            // On WebSocket something may come before the header.
            _ => self.begin(&element, out),
        }
    }

    /// A restart: the client has logged in and begins a new stream (RFC 6120 §6.4.6).
    pub(super) fn restart(&mut self) {
        self.framer.restart();
        self.framer.set_limits(self.limits());
        self.open = false;
        self.early = 0;
        self.state = State::Opening;
    }

    /// TLS was agreed: forgets what came with it (RFC 6120 §5.3.3).
    pub(super) fn await_tls(&mut self, out: &mut Vec<Out>) {
        self.framer.clear();
        self.held.clear();
        self.open = false;
        self.state = State::Securing;
        out.push(Out::StartTls);
    }
}
