//! Where allocations, relays and alarms are kept, so that each is found at once and nothing is left behind.

use std::collections::{BTreeSet, HashMap};

use slab::Slab;

use crate::allocation::Allocation;
use crate::connection::Connections;
use crate::quota::Users;
use crate::{Client, ConnectionId, Out, RelayId, Ticket};

/// All of them.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) allocations: Slab<Allocation>,
    /// By their clients' addresses; one that moves has two.
    pub(crate) by_client: HashMap<Client, usize>,
    /// Those that may move, by what their tickets call them.
    pub(crate) by_ticket: HashMap<u64, usize>,
    pub(crate) users: Users,
    pub(crate) reservations: HashMap<[u8; 8], Reservation>,
    pub(crate) connections: Connections,
    relays: Slab<Owned>,
    serial: u32,
    alarms: BTreeSet<(u64, Alarm)>,
}

/// Whose a relay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// An allocation, by its index.
    Allocation(usize),
    /// Nobody's yet: it is reserved for whoever has the token.
    Token([u8; 8]),
}

struct Owned {
    serial: u32,
    owner: Owner,
}

/// A port kept for an allocation to come (RFC 8656 section 7.2).
#[derive(Debug)]
pub(crate) struct Reservation {
    pub(crate) relay: RelayId,
    /// Where it relays; `None` until the pair has been opened.
    pub(crate) address: Option<std::net::SocketAddr>,
    /// Who may have it.
    pub(crate) username: std::sync::Arc<str>,
    /// In whose quota it counts.
    pub(crate) user: usize,
    pub(crate) alarm_ms: u64,
}

/// What happens when time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alarm {
    /// A relay of this allocation ends, or was not opened in time.
    Allocation(usize),
    /// A reservation ends.
    Reservation([u8; 8]),
    /// A connection was not made, or not wanted, in time.
    Connection(ConnectionId),
    /// A question about credentials was not answered in time.
    Question(Ticket),
}

impl Tables {
    /// A name for a relay that is to be opened.
    pub(crate) fn name_relay(&mut self, owner: Owner) -> RelayId {
        self.serial = self.serial.wrapping_add(1);
        let index = self.relays.insert(Owned { serial: self.serial, owner });
        RelayId { index: index as u32, serial: self.serial }
    }

    pub(crate) fn owner(&self, relay: RelayId) -> Option<Owner> {
        let owned = self.relays.get(relay.index as usize)?;
        (owned.serial == relay.serial).then_some(owned.owner)
    }

    pub(crate) fn give_relay(&mut self, relay: RelayId, owner: Owner) {
        debug_assert!(self.owner(relay).is_some());
        self.relays[relay.index as usize].owner = owner;
    }

    /// Forgets a relay that was never opened.
    pub(crate) fn forget_relay(&mut self, relay: RelayId) {
        debug_assert!(self.owner(relay).is_some());
        self.relays.remove(relay.index as usize);
    }

    /// Forgets a relay and has it closed. One that is still being opened is closed when that has happened.
    pub(crate) fn close_relay(&mut self, relay: RelayId, is_open: bool, out: &mut Vec<Out>) {
        self.forget_relay(relay);
        if is_open {
            out.push(Out::CloseRelay { relay });
        }
    }

    pub(crate) fn set_alarm(&mut self, at_ms: u64, alarm: Alarm) {
        self.alarms.insert((at_ms, alarm));
    }

    pub(crate) fn clear_alarm(&mut self, at_ms: u64, alarm: Alarm) {
        self.alarms.remove(&(at_ms, alarm));
    }

    /// When the next alarm rings.
    pub(crate) fn next_alarm(&self) -> Option<u64> {
        self.alarms.first().map(|(at_ms, _)| *at_ms)
    }

    /// An alarm that has rung.
    pub(crate) fn take_alarm(&mut self, now_ms: u64) -> Option<Alarm> {
        self.next_alarm().filter(|at_ms| *at_ms <= now_ms)?;
        self.alarms.pop_first().map(|(_, alarm)| alarm)
    }

    /// Moves the alarm of an allocation to where its first relay ends.
    pub(crate) fn reset_alarm(&mut self, index: usize) {
        let allocation = &mut self.allocations[index];
        let ends = allocation.relays.iter().flatten().map(|relay| relay.ends_ms).min();
        let before = std::mem::replace(&mut allocation.alarm_ms, ends.expect("one relay at least"));
        let after = allocation.alarm_ms;
        self.clear_alarm(before, Alarm::Allocation(index));
        self.set_alarm(after, Alarm::Allocation(index));
    }

    /// Ends an allocation.
    pub(crate) fn remove_allocation(&mut self, index: usize, out: &mut Vec<Out>) {
        let allocation = self.allocations.remove(index);
        self.by_client.remove(&allocation.client);
        if let Some(mobility) = &allocation.mobility {
            self.by_ticket.remove(&mobility.id);
            mobility.bound_for.and_then(|client| self.by_client.remove(&client));
        }
        self.users.leave(allocation.user);
        self.clear_alarm(allocation.alarm_ms, Alarm::Allocation(index));
        for connection in allocation.connections.into_iter().flatten() {
            self.close_connection(connection, out);
        }
        for relay in allocation.relays.iter().flatten() {
            self.close_relay(relay.id, relay.address.is_some(), out);
        }
    }

    /// Ends a reservation, if there is one; its relay is closed.
    pub(crate) fn remove_reservation(&mut self, token: [u8; 8], out: &mut Vec<Out>) {
        if let Some(reservation) = self.forget_reservation(token) {
            self.close_relay(reservation.relay, reservation.address.is_some(), out);
        }
    }

    /// Ends a reservation whose relay somebody takes.
    pub(crate) fn forget_reservation(&mut self, token: [u8; 8]) -> Option<Reservation> {
        let reservation = self.reservations.remove(&token)?;
        self.users.leave(reservation.user);
        self.clear_alarm(reservation.alarm_ms, Alarm::Reservation(token));
        Some(reservation)
    }

    /// How many relays have a name.
    pub(crate) fn relays(&self) -> usize {
        self.relays.len()
    }
}
