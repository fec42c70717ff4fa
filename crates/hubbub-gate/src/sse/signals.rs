//! Signals on an event stream: heard as events without an id, which no log keeps; said by requests that have the stream's ticket
//! ([`crate::signal_post`]).

use hubbub_hub::{Joined, Refusal, Reply, SessionKey, Signalled, Ticket};
use serde_json::Value;

use super::Stream;
use crate::dialect::sse_block;
use crate::outbox::Push;
use crate::reader::READING;
use crate::session::{Close, Cx, Letter};
use crate::session_id::SessionId;
use crate::signal_post::{Carried, Fate, TICKET};
use crate::signals::{Around, SIGNAL, keeping};

/// Signals that a stream may have under way.
const UNDER_WAY: usize = 1024;

/// Requests whose signals the stream says.
#[derive(Default)]
pub(super) struct Requests {
    /// When the stream came to its place.
    since_unix_ms: u64,
    waiting: Vec<(Ticket, SessionKey)>,
    last: Ticket,
}

impl Requests {
    /// Of a stream that has just come to its place.
    pub(super) fn begin(&mut self, cx: &Cx<'_>) {
        self.since_unix_ms = cx.now.unix_ms;
    }

    fn ticket(&mut self, from: SessionKey) -> Ticket {
        self.last = self.last.checked_add(1).unwrap_or(READING + 1);
        self.waiting.push((self.last, from));
        self.last
    }
}

impl Stream {
    /// Adds to the data of `hubbub:joined` at which address signals reach the stream, and the ticket by which it sends some.
    pub(super) fn introduce(&self, data: &mut Value, joined: &Joined, cx: &Cx<'_>) {
        let place = SessionId { host: cx.key, since_unix_ms: self.requests.since_unix_ms };
        if let Some(address) = self.reader.own_address(joined, cx) {
            data["session"] = address.into();
        }
        if let Some(ticket) = place.seal(TICKET, cx.doorman) {
            data["ticket"] = ticket.into();
        }
    }

    /// Says what a request that has a ticket wants to have said.
    pub(super) fn carried(&mut self, from: SessionKey, letter: Letter, cx: &mut Cx<'_>) {
        let Ok(carried) = letter.downcast::<Carried>() else { return };
        let fate = if carried.since_unix_ms != self.requests.since_unix_ms || !self.begun {
            Fate::Gone
        } else if carried.room != self.reader.room {
            Fate::Elsewhere
        } else if self.requests.waiting.len() >= UNDER_WAY {
            Fate::Answered(Reply::Refused(Refusal::TooFast))
        } else {
            let ticket = self.requests.ticket(from);
            return cx.command(&self.reader.room, &self.reader.who, carried.command, ticket);
        };
        cx.write_to(from, fate);
    }

    /// What became of a signal.
    pub(super) fn answered(&mut self, ticket: Ticket, reply: Reply, cx: &mut Cx<'_>) {
        let waiting = &mut self.requests.waiting;
        if let Some(at) = waiting.iter().position(|(waits, _)| *waits == ticket) {
            let (_, request) = waiting.swap_remove(at);
            cx.write_to(request, Fate::Answered(reply));
        }
    }

    /// Somebody in the room signals.
    pub(super) fn hear(&self, signalled: &Signalled, cx: &mut Cx<'_>) -> Result<(), Close> {
        if !self.begun {
            return Ok(());
        }
        let mut out = Vec::new();
        let data = Around::room(&self.reader.room, cx).written(signalled);
        sse_block(&mut out, None, Some(SIGNAL), data.as_bytes());
        match cx.out.push(out.into(), keeping(cx.settings.outbox)) {
            Push::Overrun => {
                cx.out.clear_unsent();
                Err(Close::TooSlow)
            }
            Push::Queued | Push::Dropped(_) => Ok(()),
        }
    }
}
