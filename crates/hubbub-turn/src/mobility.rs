//! Mobility: an allocation stays when its client's address changes (RFC 8016).
//!
//! A ticket says which allocation it is for, and is proven by a code over that, so none has to be kept. With it and the same
//! credentials a Refresh comes from a new address. Both addresses serve until the client speaks from the new one.

use crate::attribute::{MOBILITY_TICKET, NONCE, RESERVATION_TOKEN};
use crate::auth::Refusal;
use crate::message::{Incoming, Kind, Reply, Transaction};
use crate::tables::Tables;
use crate::{Client, Now, Out, Server};

/// Bytes of a ticket: worker, allocation, serial number, code.
const LENGTH: usize = 2 + 8 + 4 + CODE;
/// Bytes of its code.
const CODE: usize = 16;

/// What MOBILITY-TICKET says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// Whose the allocation is.
    pub(crate) worker: u16,
    /// Which it is.
    pub(crate) id: u64,
    /// How often it had moved.
    serial: u32,
}

/// What an allocation that may move knows of its moves.
#[derive(Debug)]
pub(crate) struct Mobility {
    /// What its tickets call it.
    pub(crate) id: u64,
    serial: u32,
    /// Where the client is going; its address changes when it speaks from there.
    pub(crate) bound_for: Option<Client>,
    /// The request that moved it last, to know it again.
    last: Option<(Client, Transaction)>,
}

impl Mobility {
    pub(crate) fn new(id: u64) -> Self {
        Self { id, serial: 0, bound_for: None, last: None }
    }
}

impl Server {
    /// Whether an Allocate request wants an allocation that may move (RFC 8016 section 3.1.2).
    pub(crate) fn wants_to_move(&self, message: &Incoming<'_>) -> Result<bool, Refusal> {
        match message.value(MOBILITY_TICKET) {
            None => Ok(false),
            Some([]) if self.may_move(&message.from) => Ok(true),
            Some([]) => Err(Refusal::MOBILITY_FORBIDDEN),
            Some(_) => Err(Refusal::BAD_REQUEST),
        }
    }

    /// Streams never move: an allocation on one ends with its connection.
    fn may_move(&self, client: &Client) -> bool {
        self.settings.mobility && !client.transport.is_stream()
    }

    /// The ticket of a Refresh request, if it has one that is ours.
    pub(crate) fn ticket(&self, message: &Incoming<'_>) -> Option<Ticket> {
        if message.kind != Kind::Refresh || !self.may_move(&message.from) {
            return None;
        }
        let ticket: &[u8; LENGTH] = message.value(MOBILITY_TICKET)?.try_into().ok()?;
        let (said, code) = ticket.split_at(LENGTH - CODE);
        self.nonces.is_code_of(b"ticket", said, code).then(|| Ticket {
            worker: u16::from_be_bytes(said[..2].try_into().expect("two bytes")),
            id: u64::from_be_bytes(said[2..10].try_into().expect("eight bytes")),
            serial: u32::from_be_bytes(said[10..14].try_into().expect("four bytes")),
        })
    }

    /// The same, where one that is not ours is refused.
    pub(crate) fn good_ticket(&self, message: &Incoming<'_>) -> Result<Option<Ticket>, Refusal> {
        if message.kind != Kind::Refresh || !message.has(MOBILITY_TICKET) {
            return Ok(None);
        }
        if !self.may_move(&message.from) {
            return Err(Refusal::MOBILITY_FORBIDDEN);
        }
        self.ticket(message).map(Some).ok_or(Refusal::BAD_REQUEST)
    }

    /// The value of MOBILITY-TICKET for an allocation as it is now.
    pub(crate) fn ticket_of(&self, mobility: &Mobility) -> [u8; LENGTH] {
        let mut ticket = [0; LENGTH];
        let (said, code) = ticket.split_at_mut(LENGTH - CODE);
        said[..2].copy_from_slice(&self.worker.to_be_bytes());
        said[2..10].copy_from_slice(&mobility.id.to_be_bytes());
        said[10..].copy_from_slice(&mobility.serial.to_be_bytes());
        code.copy_from_slice(&self.nonces.code_of(b"ticket", said)[..CODE]);
        ticket
    }

    /// Which allocation a request is about: the one its ticket names, or its client's.
    pub(crate) fn meant(&self, message: &Incoming<'_>) -> Option<usize> {
        match self.ticket(message) {
            Some(ticket) => self.tables.by_ticket.get(&ticket.id).copied(),
            None => self.tables.by_client.get(&message.from).copied(),
        }
    }

    /// The other worker whose allocation a request is about, if its client receives what is sent to its address.
    pub(crate) fn worker_of(&self, message: &Incoming<'_>, now: Now) -> Option<u16> {
        let moved = self.ticket(message).map(|ticket| ticket.worker);
        let worker = moved.or_else(|| reserved_at(message).filter(|worker| *worker < self.workers))?;
        let nonce = message.value(NONCE)?;
        let is_free = !self.has_allocation(&message.from);
        (worker != self.worker && is_free && self.nonces.is_good(nonce, &message.from, now)).then_some(worker)
    }

    /// A Refresh with a ticket (RFC 8016 section 3.2.2).
    pub(crate) fn refresh_and_move(
        &mut self,
        index: usize,
        ticket: Ticket,
        message: &Incoming<'_>,
        now: Now,
        out: &mut Vec<Out>,
    ) -> Result<Reply, Refusal> {
        let is_known = self.check_move(index, ticket, message)?;
        let reply = self.refresh(index, message, now, out)?;
        if self.tables.by_ticket.get(&ticket.id) != Some(&index) {
            // It has ended.
            return Ok(reply);
        }
        if !is_known {
            self.tables.begin_move(index, message.from, message.transaction);
        }
        let mobility = self.tables.allocations[index].mobility.as_ref().expect("it has a ticket");
        Ok(reply.with(MOBILITY_TICKET, &self.ticket_of(mobility)))
    }

    /// Whether the request has been seen before: it is answered once more, and nothing moves. Refused are old tickets, and
    /// addresses that the client has already or that are another allocation's.
    fn check_move(&self, index: usize, ticket: Ticket, message: &Incoming<'_>) -> Result<bool, Refusal> {
        let allocation = &self.tables.allocations[index];
        let mobility = allocation.mobility.as_ref().ok_or(Refusal::BAD_REQUEST)?;
        if ticket.serial.wrapping_add(1) == mobility.serial
            && mobility.last == Some((message.from, message.transaction))
        {
            return Ok(true);
        }
        let is_here = mobility.bound_for.unwrap_or(allocation.client) == message.from;
        if ticket.serial != mobility.serial || is_here {
            return Err(Refusal::BAD_REQUEST);
        }
        match self.tables.by_client.get(&message.from) {
            Some(other) if *other != index => Err(Refusal::ALLOCATION_MISMATCH),
            _ => Ok(false),
        }
    }

    /// A client has said something that it may say. If it has said that it would be there, that is where it is.
    pub(crate) fn heard(&mut self, index: usize, from: &Client) {
        let allocation = &mut self.tables.allocations[index];
        let Some(mobility) = &mut allocation.mobility else { return };
        if mobility.bound_for == Some(*from) {
            mobility.bound_for = None;
            let before = std::mem::replace(&mut allocation.client, *from);
            self.tables.by_client.remove(&before);
        }
    }
}

impl Tables {
    /// An allocation may move. `id` is a number that no other has.
    pub(crate) fn make_mobile(&mut self, index: usize, id: u64) {
        self.by_ticket.insert(id, index);
        self.allocations[index].mobility = Some(Box::new(Mobility::new(id)));
    }

    /// From now on an allocation has a second address, instead of one that it may have had before.
    fn begin_move(&mut self, index: usize, to: Client, transaction: Transaction) {
        let allocation = &mut self.allocations[index];
        let mobility = allocation.mobility.as_mut().expect("it has a ticket");
        mobility.serial = mobility.serial.wrapping_add(1);
        mobility.last = Some((to, transaction));
        // Back to where it was is no move any more.
        let bound_for = (allocation.client != to).then_some(to);
        if let Some(before) = std::mem::replace(&mut mobility.bound_for, bound_for) {
            self.by_client.remove(&before);
        }
        self.by_client.insert(to, index);
    }
}

/// The worker that has what an Allocate request wants, if that was reserved: a token begins with its number.
fn reserved_at(message: &Incoming<'_>) -> Option<u16> {
    let token = message.value(RESERVATION_TOKEN).filter(|_| message.kind == Kind::Allocate)?;
    let [high, low, ..] = <&[u8; 8]>::try_from(token).ok()?;
    Some(u16::from_be_bytes([*high, *low]))
}
