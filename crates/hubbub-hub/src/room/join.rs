//! Coming in, and reading from a position without a gap.
//!
//! A reader is given pages until one reaches the head of the log. In the same step it becomes live: its worker is told all
//! that happens from then on, through the same ordered mailbox that carries the page.

use std::sync::Arc;

use super::people::place_of;
use super::{Room, RoomCx, refuse, reply};
use crate::command::{Asked, Command, Effect, Joined, Refusal, Reply, Start};
use crate::event::Event;
use crate::log::{Fault, LogAsk};
use crate::policy::LogKind;

/// A join that waits for older messages from the store.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) asked: Asked,
    after: u64,
    recovered: bool,
}

/// From where somebody reads.
#[derive(Clone, Copy)]
struct Reading {
    after: u64,
    /// That is where he wanted to begin.
    recovered: bool,
    /// The room is his own from now on.
    created: bool,
}

impl Room {
    pub(super) fn join(&mut self, asked: Asked, cx: &mut RoomCx<'_>) {
        let Command::Join { start, limit, .. } = asked.command else { return };
        if let Some(missing) = self.policy.missing(&asked.identity, &asked.command, &self.name) {
            return refuse(&asked, Refusal::Forbidden(missing), cx);
        }
        if let Err(why) = self.may_enter(&asked) {
            return refuse(&asked, why, cx);
        }
        if let Some(kind) = self.must_ask_to_join(&asked) {
            return self.ask_to_join(kind, asked, cx);
        }
        let created = self.claim(&asked, cx);
        if let Err(why) = self.be_present(&asked, cx) {
            return refuse(&asked, why, cx);
        }
        self.note_inside(&asked);
        self.expire(cx);
        let (after, recovered) = self.position(start);
        if after + 1 >= self.history.first() {
            let events = self.history.after(after, limit, cx.settings.page_bytes);
            return self.seat(&asked, Reading { after, recovered, created }, events, cx);
        }
        debug_assert_eq!(self.policy.log, LogKind::Durable);
        let ticket = self.next_park;
        self.next_park += 1;
        cx.effects.push(Effect::Log(LogAsk::Read { room: self.name.clone(), after, limit, ticket }));
        self.parked.insert(ticket, Parked { asked, after, recovered });
    }

    /// The sequence number after which `start` reads, and whether that is where it wanted to be.
    fn position(&self, start: Start) -> (u64, bool) {
        let (head, bottom) = (self.history.head(), self.oldest - 1);
        match start {
            Start::Now => (head, true),
            Start::Oldest => (bottom, true),
            Start::Last(count) => (head.saturating_sub(u64::from(count)).max(bottom), true),
            Start::After(at) if at.epoch == self.epoch && (bottom..=head).contains(&at.seq) => (at.seq, true),
            Start::After(_) => (bottom, false),
        }
    }

    /// Gives a page, and a seat if the page reaches the head.
    fn seat(&mut self, asked: &Asked, reading: Reading, events: Vec<Arc<Event>>, cx: &mut RoomCx<'_>) {
        let Reading { after, recovered, created } = reading;
        let page = self.page(after, events);
        let live = page.cursor() == page.head && matches!(asked.command, Command::Join { follow: true, .. });
        if live && self.seats.insert(asked.session, asked.identity.clone()).is_none() {
            self.interest[usize::from(asked.session.worker)] += 1;
            self.take_over(asked.session, cx);
        }
        let presence = self.presence(cx.settings);
        let person = place_of(asked).and_then(|place| self.occupants.at(&place));
        let me = person.map(|person| person.who.clone());
        let role = person.map_or_else(|| self.role_of_entry(&asked.identity), |person| person.role);
        let affiliation = self.affiliation(&asked.identity);
        let (whois, subject) = (self.affairs.config.whois, self.affairs.subject.clone());
        let joined =
            Joined { page, recovered, live, presence, me, affiliation, role, created, whois, subject };
        reply(asked, Reply::Joined(Box::new(joined)), cx);
    }

    pub(super) fn unpark(
        &mut self,
        ticket: u64,
        events: Result<Vec<Arc<Event>>, Fault>,
        cx: &mut RoomCx<'_>,
    ) {
        let Some(Parked { asked, after, recovered }) = self.parked.remove(&ticket) else { return };
        let Ok(mut events) = events else { return refuse(&asked, Refusal::LogFailed, cx) };
        // The store may know messages that are on disk but not told yet: they come in their turn.
        events.retain(|event| event.at.seq <= self.history.head());
        let from = events.first().map_or(after, |event| event.at.seq - 1);
        // What was trimmed while the store looked is gone, and said to be.
        let recovered = recovered && from == after;
        self.seat(&asked, Reading { after: from, recovered, created: false }, events, cx);
    }
}
