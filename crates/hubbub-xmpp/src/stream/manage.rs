//! Stream management (XEP-0198), the server's side: enabled, acknowledged, resumed.

use super::error::Fault;
use super::machine::State;
use super::send::fixed;
use super::sm::{Acked, NS_SM, SmState};
use super::{Out, Pieces, Stream, StreamError, random};
use crate::stanza::Condition;
use crate::xml::{Element, Tag};

/// How often it is looked whether what a request for an acknowledgement is about has been kept, in milliseconds.
const LOOK_MS: u64 = 5;
/// How long a client waits for an answer at most, in milliseconds; then it is told what was kept until now.
const WAIT_MS: u64 = 1000;

/// A request for an acknowledgement that waits.
#[derive(Debug)]
pub(super) struct Owed {
    /// What had come before it.
    through: u32,
    since_ms: u64,
    pub(super) look_ms: u64,
}

impl Stream {
    /// The id by which the session may be resumed, where stream management is on.
    pub fn sm_id(&self) -> Option<&str> {
        self.sm.as_ref().map(|sm| sm.id())
    }

    /// Gives the session the id by which it may be resumed: one that nobody can guess. To be said before the client is bound;
    /// without it the id is made up.
    pub fn name_session(&mut self, id: impl Into<Box<str>>) {
        self.sm_name = Some(id.into());
    }

    /// How long the session waits to be resumed, in seconds; `None`: it does not.
    pub fn sm_max_s(&self) -> Option<u32> {
        self.sm.as_ref().and_then(|sm| sm.max_s())
    }

    /// Whether more than half of what may wait for the client's acknowledgement does: not the time to tell it much.
    pub fn is_pressed(&self) -> bool {
        self.sm.as_ref().is_some_and(|sm| sm.is_pressed())
    }

    /// Whether stream management is on.
    pub fn is_managed(&self) -> bool {
        self.sm.is_some()
    }

    /// Takes the session out, when its link is lost or another stream wants to resume it. `None` where it cannot be
    /// resumed: stream management is off, the client did not ask for it, or one side has closed the stream properly.
    ///
    /// From then on this stream counts nothing and keeps nothing; it is to be closed.
    pub fn export_sm(&mut self) -> Option<SmState> {
        self.sm.take_if(|sm| sm.max_s().is_some()).map(|sm| *sm)
    }

    /// What the client has not acknowledged, oldest first: for a session that is over and not resumed.
    pub fn take_unacked(&mut self) -> Vec<Pieces> {
        self.sm.as_mut().map(|sm| sm.take_unacked()).unwrap_or_default()
    }

    /// The answer to [`Out::Resume`]: this is the session. The client is told what was handled, and gets what it has not
    /// (XEP-0198 §5).
    ///
    /// # Errors
    ///
    /// The session is another user's, or not the one that was asked for: it is given back. Where one was asked for, the
    /// client has been told that there is no such session.
    pub fn resume_with(&mut self, state: SmState, h: u32, out: &mut Vec<Out>) -> Result<(), SmState> {
        let State::Resuming(previd) = &self.state else { return Err(state) };
        if previd != state.id() || self.user.as_ref() != Some(&state.jid().bare()) {
            self.resume_failed(None, out);
            return Err(state);
        }
        self.take_over(state, h, out);
        self.go_on(out);
        Ok(())
    }

    fn take_over(&mut self, mut state: SmState, h: u32, out: &mut Vec<Out>) {
        state.carry_over(self.kind);
        let acked = state.acknowledge(h);
        self.enter(state.jid().clone());
        let sent = state.sent();
        let state = self.sm.insert(Box::new(state));
        if acked == Acked::TooHigh {
            return self.fail(too_high(h, sent), out);
        }
        let resumed = Tag::new("resumed", NS_SM)
            .attr("previd", state.id())
            .attr("h", state.handled().to_string())
            .to_vec("");
        out.push(Out::Send(resumed.into()));
        out.extend(state.unacked().cloned().map(Out::Send));
        if state.waiting() > 0 {
            state.asked();
            out.push(request());
        }
    }

    /// The answer to [`Out::Resume`]: there is no such session (any more). With `handled`, how many stanzas of the client
    /// it had handled, the client knows what it need not send again. It may bind a resource now.
    pub fn resume_failed(&mut self, handled: Option<u32>, out: &mut Vec<Out>) {
        if matches!(self.state, State::Resuming(_)) {
            self.state = State::Nameless;
            self.put(&failed(Condition::ItemNotFound, handled), out);
            self.go_on(out);
        }
    }

    /// Stream management before there is a resource: a session may be resumed, and that is all (XEP-0198 §3).
    pub(super) fn resume_or_refuse(&mut self, element: &Element, out: &mut Vec<Out>) {
        if element.name() != "resume" {
            return self.put(&failed(Condition::UnexpectedRequest, None), out);
        }
        match (element.attr("previd"), count(element)) {
            (Some(previd), Some(h)) => {
                let previd = previd.into_owned();
                self.state = State::Resuming(previd.clone());
                out.push(Out::Resume { previd, h });
            }
            _ => self.put(&failed(Condition::BadRequest, None), out),
        }
    }

    /// Stream management of a bound client.
    pub(super) fn manage(&mut self, element: &Element, out: &mut Vec<Out>) {
        match (element.name(), self.sm.as_deref()) {
            ("enable", None) => self.enable(element, out),
            ("r", Some(sm)) if sm.handled() == sm.came() => self.put(&ack(sm), out),
            ("r", Some(sm)) => {
                let look_ms = self.now.saturating_add(LOOK_MS);
                let through = sm.came();
                self.owed.get_or_insert(Owed { through, since_ms: self.now, look_ms });
            }
            ("a", Some(_)) => self.acknowledged(element, out),
            ("enable" | "resume" | "r" | "a", _) => {
                self.put(&failed(Condition::UnexpectedRequest, None), out)
            }
            _ => self.fail(StreamError::UnsupportedStanzaType, out),
        }
    }

    /// Answers a request that waits for what came before it to be kept, if it is, or if the client has waited long enough.
    pub fn settle(&mut self, out: &mut Vec<Out>) {
        let (Some(owed), Some(sm)) = (&mut self.owed, self.sm.as_deref()) else { return };
        let is_kept = sm.handled().wrapping_sub(owed.through).cast_signed() >= 0;
        if is_kept || self.now.saturating_sub(owed.since_ms) >= WAIT_MS {
            let ack = ack(sm);
            self.owed = None;
            self.put(&ack, out);
        } else {
            owed.look_ms = self.now.saturating_add(LOOK_MS);
        }
    }

    /// XEP-0198 §3.
    fn enable(&mut self, enable: &Element, out: &mut Vec<Out>) {
        let Some(jid) = self.jid.clone() else { return };
        let wants = matches!(enable.attr("resume").as_deref(), Some("true" | "1"));
        let wished = enable.attr("max").and_then(|max| max.parse().ok()).filter(|max| *max > 0);
        let ours = self.settings.sm_resume_s;
        let max_s = (wants && ours > 0).then(|| wished.map_or(ours, |wished: u32| wished.min(ours)));
        let made_up = || format!("{}{}", self.settings.sm_prefix, random::token());
        let id = self.sm_name.take().map_or_else(made_up, String::from);
        let mut enabled = Tag::new("enabled", NS_SM);
        if let Some(max_s) = max_s {
            enabled = enabled.attr("id", &id).attr("resume", "true").attr("max", max_s.to_string());
        }
        let limits = (self.settings.sm_queue_bytes, self.settings.sm_queue_stanzas);
        self.sm = Some(Box::new(SmState::new(id, jid, self.kind, max_s, limits)));
        self.put(&enabled, out);
        out.push(Out::SmEnabled { resume: max_s.is_some() });
    }

    /// XEP-0198 §4.
    fn acknowledged(&mut self, a: &Element, out: &mut Vec<Out>) {
        let Some(h) = count(a) else {
            return self.put(&failed(Condition::BadRequest, None), out);
        };
        let Some(sm) = &mut self.sm else { return };
        if sm.acknowledge(h) == Acked::TooHigh {
            let fault = too_high(h, sm.sent());
            self.fail(fault, out);
        }
    }
}

/// How many stanzas the other side has handled.
fn count(element: &Element) -> Option<u32> {
    element.attr("h")?.parse().ok()
}

pub(super) fn request() -> Out {
    fixed(b"<r xmlns='urn:xmpp:sm:3'/>")
}

pub(super) fn ack(sm: &SmState) -> Tag {
    Tag::new("a", NS_SM).attr("h", sm.handled().to_string())
}

/// XEP-0198 §6.
fn failed(condition: Condition, handled: Option<u32>) -> Tag {
    Tag::new("failed", NS_SM).attr_opt("h", handled.map(|h| h.to_string())).child(condition.tag())
}

/// More was acknowledged than was sent (XEP-0198 §4).
fn too_high(h: u32, sent: u32) -> Fault {
    let detail = Tag::new("handled-count-too-high", NS_SM)
        .attr("h", h.to_string())
        .attr("send-count", sent.to_string());
    let text = format!("You acknowledged {h} stanzas, but I only sent you {sent} so far.");
    Fault { detail: Some(detail), ..Fault::saying(StreamError::UndefinedCondition, text) }
}
