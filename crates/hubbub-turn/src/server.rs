//! The machine: its verbs, and which message goes where.

use std::sync::Arc;

use crate::auth::{Identity, Refusal, Verdict};
use crate::budget::Budget;
use crate::message::{Incoming, Kind, Reply};
use crate::nonce::Nonces;
use crate::pending::Questions;
use crate::redirects::Redirects;
use crate::tables::{Alarm, Tables};
use crate::{Client, Counters, Now, Out, Settings};

/// Bytes of the longest request that is considered: room for all attributes there are, and 100 peers. Some requests are
/// kept for a while.
const REQUEST_MOST: usize = 4096;
/// How Allocate and Refresh requests begin.
const ALLOCATE: [u8; 2] = [0x00, 0x03];
const REFRESH: [u8; 2] = [0x00, 0x04];

/// What must be random.
#[derive(Debug, Clone, Copy)]
pub struct Seeds {
    /// The secret that signs nonces: 32 bytes nobody can guess, the same for all servers that may be sent one client's
    /// packets.
    pub secret: [u8; 32],
    /// For numbers that need not be secret.
    pub rng: u64,
}

/// A STUN and TURN server: all allocations of one worker.
pub struct Server {
    pub(crate) settings: Arc<Settings>,
    pub(crate) nonces: Nonces,
    pub(crate) tables: Tables,
    pub(crate) questions: Questions,
    pub(crate) challenges: Budget,
    pub(crate) bindings: Budget,
    pub(crate) counters: Counters,
    pub(crate) rng: fastrand::Rng,
    pub(crate) worker: u16,
    pub(crate) workers: u16,
    pub(crate) redirects: Redirects,
    /// How many reservations there have been.
    pub(crate) reserved: u64,
}

impl Server {
    /// A server without allocations.
    pub fn new(settings: Arc<Settings>, seeds: Seeds) -> Self {
        Self {
            nonces: Nonces::new(&seeds.secret, settings.sha256, settings.userhash, settings.nonce_ms),
            challenges: Budget::new(settings.challenges, settings.budget_places),
            bindings: Budget::new(settings.bindings, settings.budget_places),
            tables: Tables::default(),
            questions: Questions::default(),
            counters: Counters::default(),
            rng: fastrand::Rng::with_seed(seeds.rng),
            worker: 0,
            workers: 1,
            redirects: Redirects::default(),
            reserved: u64::from(seeds.rng as u32) << 32,
            settings,
        }
    }

    /// The same as one of `workers`, 1,024 at most, that share addresses: `worker` is its number, from 0 on. What one of them gives a
    /// name to, the others know to be its.
    pub fn numbered(self, worker: u16, workers: u16) -> Self {
        Self { worker, workers, nonces: self.nonces.numbered(worker), ..self }
    }

    /// A packet of a client: one STUN message or one ChannelData message. In a byte stream [`crate::next_message`] finds them.
    pub fn handle_client(&mut self, from: Client, packet: &[u8], now: Now, out: &mut Vec<Out>) {
        if !self.hand_over(&from, packet, now, out) {
            self.take(from, packet, now, out);
        }
    }

    /// A packet that came to the worker `via`, and is for this one ([`Out::Elsewhere`]).
    pub fn handle_moved(&mut self, from: Client, via: u16, packet: &[u8], now: Now, out: &mut Vec<Out>) {
        self.take(from, packet, now, out);
        // Its client has an allocation here, maybe since just now: more of it will come that way.
        if (packet.starts_with(&REFRESH) || packet.starts_with(&ALLOCATE))
            && let Some(until_ms) = self.ends_ms(&from)
        {
            out.push(Out::Redirect { via, client: from, until_ms });
        }
    }

    fn take(&mut self, from: Client, packet: &[u8], now: Now, out: &mut Vec<Out>) {
        match packet.first() {
            // RFC 7983, RFC 8656 section 12. No channel above 0x4FFF is ever bound, unless the operator wants it.
            Some(0x40..=0x7F) => self.channel_data(&from, packet, now, out),
            Some(0x00..=0x03) => match Incoming::parse(from, packet) {
                Some(message) => self.message(&message, now, out),
                None => self.counters.malformed += 1,
            },
            _ => self.counters.malformed += 1,
        }
    }

    /// The connection of a client is lost: its allocation ends (RFC 8656 section 3.1), or the connection to a peer that it was
    /// one with. Not for UDP, where nobody can tell.
    pub fn link_gone(&mut self, client: &Client, out: &mut Vec<Out>) {
        if let Some(index) = self.tables.by_client.get(client).copied() {
            self.tables.remove_allocation(index, out);
        }
        if let Some(connection) = self.tables.connections.of_link(client) {
            self.tables.close_connection(connection, out);
        }
        if let Some(question) = self.questions.remove_of(client) {
            self.tables.clear_alarm(question.alarm_ms, Alarm::Question(question.ticket));
        }
    }

    /// Time has passed.
    pub fn timeout(&mut self, now: Now, out: &mut Vec<Out>) {
        while let Some(alarm) = self.tables.take_alarm(now.mono_ms) {
            match alarm {
                Alarm::Allocation(index) => self.allocation_alarm(index, now, out),
                Alarm::Connection(id) => self.connection_alarm(id, now, out),
                Alarm::Reservation(token) => self.tables.remove_reservation(token, out),
                Alarm::Question(ticket) => drop(self.questions.take(ticket)),
            }
        }
    }

    /// When [`Self::timeout`] is to be called, in milliseconds of [`Now::mono_ms`].
    pub fn deadline(&self) -> Option<u64> {
        self.tables.next_alarm()
    }

    /// What has been counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn message(&mut self, message: &Incoming<'_>, now: Now, out: &mut Vec<Out>) {
        match message.kind {
            Kind::Binding => self.binding(message, now, out),
            Kind::Send => self.send(message, now, out),
            // What is not on offer means nothing.
            Kind::Connect | Kind::ConnectionBind if !self.settings.tcp_relays => self.counters.malformed += 1,
            _ => self.request(message, now, out),
        }
    }

    /// A request that needs credentials.
    fn request(&mut self, message: &Incoming<'_>, now: Now, out: &mut Vec<Out>) {
        if message.packet.len() > REQUEST_MOST {
            return self.refuse(message, None, &Refusal::BAD_REQUEST, now, out);
        }
        if let Some(worker) = self.worker_of(message, now) {
            out.push(Out::Elsewhere { worker, from: message.from, packet: message.packet.into() });
            return;
        }
        match self.authenticate(message, now) {
            Ok(Verdict::Is(identity)) => self.perform(message, &identity, now, out),
            Ok(Verdict::Ask(who)) => self.ask(who, message, now, out),
            Err(refusal) => self.refuse(message, None, &refusal, now, out),
        }
    }

    /// Does what somebody who is known asks.
    pub(crate) fn perform(
        &mut self,
        message: &Incoming<'_>,
        identity: &Identity,
        now: Now,
        out: &mut Vec<Out>,
    ) {
        let unknown = message.unknown(crate::attribute::is_known);
        let done = if !unknown.is_empty() {
            Err(Refusal::Unknown(unknown))
        } else if message.kind == Kind::Allocate {
            self.allocate(message, identity, now, out)
        } else if message.kind == Kind::ConnectionBind {
            self.connection_bind(message, identity, out).map(|()| None)
        } else {
            self.on_allocation(message, identity, now, out)
        };
        match done {
            Ok(reply) => out.extend(reply.map(|reply| identity.sign(reply, message.from))),
            Err(refusal) => self.refuse(message, Some(identity), &refusal, now, out),
        }
    }

    /// A request about an allocation that must be there, and be the user's own (RFC 8656 section 5).
    fn on_allocation(
        &mut self,
        message: &Incoming<'_>,
        identity: &Identity,
        now: Now,
        out: &mut Vec<Out>,
    ) -> Result<Option<Reply>, Refusal> {
        let ticket = self.good_ticket(message)?;
        let index = self.meant(message).ok_or(Refusal::ALLOCATION_MISMATCH)?;
        let allocation = &self.tables.allocations[index];
        if !allocation.is_open() {
            return Err(Refusal::ALLOCATION_MISMATCH);
        }
        if allocation.username != identity.username {
            return Err(Refusal::WRONG_CREDENTIALS);
        }
        if ticket.is_none() {
            self.heard(index, &message.from);
        }
        let reply = match message.kind {
            Kind::Refresh if let Some(ticket) = ticket => {
                self.refresh_and_move(index, ticket, message, now, out)
            }
            Kind::Refresh => self.refresh(index, message, now, out),
            Kind::CreatePermission => self.create_permission(index, message, now),
            Kind::Connect => return self.connect(index, message, identity, now, out).map(|()| None),
            _ => self.channel_bind(index, message, now),
        };
        reply.map(Some)
    }
}
