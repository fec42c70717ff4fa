//! Before login: STARTTLS (RFC 6120 §5), SASL (§6), and accounts that are made (XEP-0077).

use super::error::Fault;
use super::features::{NS_SASL, NS_TLS, may_start_tls};
use super::machine::State;
use super::send::fixed;
use super::{Out, Reason, Stream, StreamError, random};
use crate::jid::Jid;
use crate::sasl::{Failure, Known, Mechanism, Sasl, Step, decode, encode};
use crate::stanza::{Condition, IqRule, StanzaKind, error_reply, judge_iq, kind_of};
use crate::xml::{Element, Tag};

/// The namespace of registration (XEP-0077 §3).
pub const NS_REGISTER: &str = "jabber:iq:register";

/// A SASL exchange.
#[derive(Debug)]
pub(super) struct Login {
    sasl: Sasl,
    turn: Turn,
}

/// Whose turn it is.
#[derive(Debug)]
enum Turn {
    /// The client's, to respond.
    Client,
    /// The gate's, to find something out.
    Gate,
    /// The gate's, to say who that is; then this goes with the success.
    Confirm(Option<Vec<u8>>),
}

impl Login {
    pub(super) fn is_waiting(&self) -> bool {
        !matches!(self.turn, Turn::Client)
    }
}

impl Stream {
    /// The answer to [`Out::Ask`]. One that nobody waits for is ignored.
    pub fn known(&mut self, known: Known, now_ms: u64, out: &mut Vec<Out>) {
        self.set_now(now_ms);
        if let State::Login(login) = &mut self.state
            && matches!(login.turn, Turn::Gate)
        {
            let step = login.sasl.answer(known);
            self.step(step, out);
            self.go_on(out);
        }
    }

    /// [`Out::Authenticated`] is confirmed: the client is this user, or this guest. It begins a new stream after it has
    /// been told (RFC 6120 §6.4.6).
    pub fn authenticated(&mut self, user: Jid, now_ms: u64, out: &mut Vec<Out>) {
        self.set_now(now_ms);
        let State::Login(login) = &mut self.state else { return };
        let Turn::Confirm(data) = &mut login.turn else { return };
        let data = data.take();
        // Nothing and nothing said are told apart (RFC 6120 §6.4.6).
        let data = data.as_deref().map(encode).unwrap_or_default();
        self.put(&Tag::new("success", NS_SASL).text(data), out);
        self.user = Some(if user.is_bare() { user } else { user.bare() });
        self.restart();
        self.go_on(out);
    }

    /// [`Out::Authenticated`] is not confirmed: the account is locked, the server is full of guests.
    pub fn refused(&mut self, failure: Failure, now_ms: u64, out: &mut Vec<Out>) {
        self.set_now(now_ms);
        if let State::Login(login) = &self.state
            && matches!(login.turn, Turn::Confirm(_))
        {
            self.fail_login(failure, out);
            self.go_on(out);
        }
    }

    /// The answer to [`Out::Register`]. What `failed` counts as a failed login.
    pub fn registered(&mut self, answer: &Tag, failed: bool, now_ms: u64, out: &mut Vec<Out>) {
        self.set_now(now_ms);
        if matches!(self.state, State::Registering) {
            self.state = State::Choosing;
            self.put(answer, out);
            if failed {
                self.count_failure("too many failed registrations", out);
            }
            self.go_on(out);
        }
    }

    pub(super) fn before_login(&mut self, element: Element, out: &mut Vec<Out>) {
        match (element.ns(), element.name()) {
            (NS_TLS, "starttls") if matches!(self.state, State::Choosing) => self.start_tls(out),
            (NS_SASL, "auth") if matches!(self.state, State::Choosing) => self.auth(&element, out),
            (NS_SASL, "response") => self.response(&element, out),
            (NS_SASL, "abort") => self.fail_login(Failure::Aborted, out),
            (NS_SASL, "auth") => self.fail_login(Failure::MalformedRequest, out),
            _ => self.stanza_before_login(element, out),
        }
    }

    /// Who has not logged in sends no stanzas (RFC 6120 §4.9.3.12), but may ask for an account.
    fn stanza_before_login(&mut self, element: Element, out: &mut Vec<Out>) {
        let is_time = matches!(self.state, State::Choosing) && !self.needs_tls();
        match kind_of(&element) {
            Some(StanzaKind::Iq) if is_time && self.is_registration(&element) => self.register(element, out),
            Some(_) => self.fail(StreamError::NotAuthorized, out),
            None => self.fail(StreamError::UnsupportedStanzaType, out),
        }
    }

    /// XEP-0077 §3.1: where nobody registers, that is said by an error of the stanza.
    fn register(&mut self, iq: Element, out: &mut Vec<Out>) {
        if self.settings.register {
            self.state = State::Registering;
            return out.push(Out::Register(iq));
        }
        let why = Condition::ServiceUnavailable;
        if let Some(answer) = error_reply(&iq, None, why.default_type(), why, None) {
            self.put(&answer, out);
        }
    }

    fn is_registration(&self, iq: &Element) -> bool {
        judge_iq(iq) == IqRule::Good
            && matches!(iq.attr("type").as_deref(), Some("get" | "set"))
            && iq.attr("to").is_none_or(|to| *to == *self.settings.domain)
            && iq.child("query", NS_REGISTER).is_some()
    }

    /// RFC 6120 §5.4.2.
    fn start_tls(&mut self, out: &mut Vec<Out>) {
        if may_start_tls(self.kind, &self.settings, self.tls.as_deref()) {
            out.push(fixed(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
            return self.await_tls(out);
        }
        self.put(&Tag::new("failure", NS_TLS), out);
        self.end(Reason::NoTls, None, out);
    }

    /// RFC 6120 §6.4.2.
    fn auth(&mut self, auth: &Element, out: &mut Vec<Out>) {
        if self.needs_tls() {
            return self.fail_login(Failure::EncryptionRequired, out);
        }
        let Some(mechanism) = auth.attr("mechanism").and_then(|name| Mechanism::from_name(&name)) else {
            return self.fail_login(Failure::InvalidMechanism, out);
        };
        let text = auth.text();
        let initial = match (!text.is_empty()).then(|| decode(&text)).transpose() {
            Ok(initial) => initial,
            Err(failure) => return self.fail_login(failure, out),
        };
        let domain = &self.settings.domain;
        let mut sasl =
            Sasl::begin(mechanism, domain, &self.mechanisms(), self.tls.as_deref().cloned(), random::token());
        if let Some(decoy) = &self.settings.decoy {
            sasl = sasl.with_decoy(decoy.clone());
        }
        let step = sasl.start(initial.as_ref().map(|initial| initial.as_slice()));
        self.state = State::Login(Box::new(Login { sasl, turn: Turn::Client }));
        self.step(step, out);
    }

    /// RFC 6120 §6.4.4. What is no response to anything fails as well.
    fn response(&mut self, response: &Element, out: &mut Vec<Out>) {
        let State::Login(login) = &mut self.state else {
            return self.fail_login(Failure::MalformedRequest, out);
        };
        let step = decode(&response.text()).and_then(|response| login.sasl.step(&response));
        self.step(step, out);
    }

    fn step(&mut self, step: Result<Step, Failure>, out: &mut Vec<Out>) {
        let State::Login(login) = &mut self.state else { return };
        match step {
            Ok(Step::Challenge(data)) => {
                login.turn = Turn::Client;
                let data = if data.is_empty() { String::new() } else { encode(&data) };
                self.put(&Tag::new("challenge", NS_SASL).text(data), out);
            }
            Ok(Step::Ask(ask)) => {
                login.turn = Turn::Gate;
                out.push(Out::Ask(ask));
            }
            Ok(Step::Done { user, name, data }) => {
                login.turn = Turn::Confirm(data);
                out.push(Out::Authenticated { user, name });
            }
            Err(failure) => self.fail_login(failure, out),
        }
    }

    /// The exchange failed; the client may try again, a few times (RFC 6120 §6.4.5).
    fn fail_login(&mut self, failure: Failure, out: &mut Vec<Out>) {
        let text = Tag::new("text", NS_SASL).attr("xml:lang", "en").text(failure.text());
        let failed = Tag::new("failure", NS_SASL).child(Tag::new(failure.condition(), NS_SASL)).child(text);
        self.put(&failed, out);
        self.state = State::Choosing;
        self.count_failure("too many failed logins", out);
    }

    fn count_failure(&mut self, too_many: &'static str, out: &mut Vec<Out>) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.settings.failures {
            self.fail(Fault::saying(StreamError::PolicyViolation, too_many), out);
        }
    }
}
