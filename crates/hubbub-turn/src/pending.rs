//! Requests that wait until it is known who sends them.

use std::collections::HashMap;

use crate::message::Incoming;
use crate::tables::Alarm;
use crate::{Client, Known, Now, Out, Server, Ticket, Who};

/// All of them. A client has one at most: it is told nothing meanwhile, and sends again what is not answered.
#[derive(Default)]
pub(crate) struct Questions {
    waiting: HashMap<Ticket, Question>,
    by_client: HashMap<Client, Ticket>,
    last: u64,
}

/// A request that waits.
pub(crate) struct Question {
    pub(crate) ticket: Ticket,
    client: Client,
    packet: Box<[u8]>,
    pub(crate) alarm_ms: u64,
}

impl Questions {
    /// The question is answered, or will not be.
    pub(crate) fn take(&mut self, ticket: Ticket) -> Option<Question> {
        let question = self.waiting.remove(&ticket)?;
        self.by_client.remove(&question.client);
        Some(question)
    }

    pub(crate) fn remove_of(&mut self, client: &Client) -> Option<Question> {
        let ticket = *self.by_client.get(client)?;
        self.take(ticket)
    }

    fn add(&mut self, client: Client, packet: &[u8], alarm_ms: u64) -> Ticket {
        self.last += 1;
        let ticket = Ticket(self.last);
        self.by_client.insert(client, ticket);
        self.waiting.insert(ticket, Question { ticket, client, packet: packet.into(), alarm_ms });
        ticket
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl Server {
    /// Answers [`Out::Lookup`]. A ticket that has become old means nothing any more.
    pub fn answer(&mut self, ticket: Ticket, known: Known, now: Now, out: &mut Vec<Out>) {
        let Some(question) = self.questions.take(ticket) else { return };
        self.tables.clear_alarm(question.alarm_ms, Alarm::Question(ticket));
        let from = question.client;
        let message = Incoming::parse(from, &question.packet).expect("it was parsed when it came");
        match self.authenticate_with(&message, known, now) {
            Ok(identity) => self.perform(&message, &identity, now, out),
            Err(refusal) => self.refuse(&message, None, &refusal, now, out),
        }
    }

    /// Has credentials looked up. Each question is one of the answers that its source may have.
    pub(crate) fn ask(&mut self, who: Who, message: &Incoming<'_>, now: Now, out: &mut Vec<Out>) {
        let from = message.from;
        if self.questions.by_client.contains_key(&from) {
            return;
        }
        let is_full = self.questions.len() >= self.settings.pending;
        if is_full || !self.challenges.take(from.remote.ip(), 1, now.mono_ms) {
            self.counters.over_budget += 1;
            return;
        }
        let alarm_ms = now.mono_ms.saturating_add(self.settings.answer_ms);
        let ticket = self.questions.add(from, message.packet, alarm_ms);
        self.tables.set_alarm(alarm_ms, Alarm::Question(ticket));
        out.push(Out::Lookup { ticket, who });
    }
}
