//! The sockets that an allocation asked for are open, or cannot be had.

use std::net::SocketAddr;

use crate::allocation::Stage;
use crate::auth::{Identity, Refusal};
use crate::message::Incoming;
use crate::tables::{Alarm, Owner};
use crate::{Family, Now, Out, Port, RelayId, Server};

/// Milliseconds for which a port is reserved (RFC 8656 section 7.2).
const RESERVATION_MS: u64 = 30_000;

impl Server {
    /// Answers [`Out::OpenRelay`]: `port` as it was asked for, and under which address peers reach the relay, `None` if it
    /// could not be opened. Of a pair this is the even one; the other has the next port.
    pub fn opened(
        &mut self,
        relay: RelayId,
        port: Port,
        address: Option<SocketAddr>,
        now: Now,
        out: &mut Vec<Out>,
    ) {
        let token =
            if let Port::EvenAndNext(next) = port { self.opened_next(next, address, now, out) } else { None };
        let Some(Owner::Allocation(index)) = self.tables.owner(relay) else {
            // Nobody waits for it any more.
            out.extend(address.map(|_| Out::CloseRelay { relay }));
            return;
        };
        match address {
            Some(_) => {
                let relays = self.tables.allocations[index].relays.iter_mut().flatten();
                relays.filter(|it| it.id == relay).for_each(|it| it.address = address);
            }
            None => self.failed(index, relay),
        }
        self.go_on(index, token, now, out);
    }

    /// The other one of a pair. Its token, if it is kept.
    fn opened_next(
        &mut self,
        next: RelayId,
        address: Option<SocketAddr>,
        now: Now,
        out: &mut Vec<Out>,
    ) -> Option<[u8; 8]> {
        let Some(Owner::Token(token)) = self.tables.owner(next) else {
            out.extend(address.map(|_| Out::CloseRelay { relay: next }));
            return None;
        };
        let Some(address) = address else {
            self.tables.remove_reservation(token, out);
            return None;
        };
        let alarm_ms = now.mono_ms + RESERVATION_MS;
        let reservation =
            self.tables.reservations.get_mut(&token).expect("relay and reservation go together");
        reservation.address = Some(SocketAddr::new(address.ip(), address.port().wrapping_add(1)));
        let before = std::mem::replace(&mut reservation.alarm_ms, alarm_ms);
        self.tables.clear_alarm(before, Alarm::Reservation(token));
        self.tables.set_alarm(alarm_ms, Alarm::Reservation(token));
        Some(token)
    }

    /// A relay cannot be had. The allocation may live on the other one.
    fn failed(&mut self, index: usize, relay: RelayId) {
        self.tables.forget_relay(relay);
        let allocation = &mut self.tables.allocations[index];
        for family in Family::ALL {
            let place = &mut allocation.relays[family.index()];
            if place.is_some_and(|it| it.id == relay) {
                *place = None;
                if let Stage::Opening { missing, .. } = &mut allocation.stage {
                    *missing = Some((family, 508));
                }
            }
        }
    }

    /// Answers the Allocate request if none of its relays is still being opened.
    fn go_on(&mut self, index: usize, token: Option<[u8; 8]>, now: Now, out: &mut Vec<Out>) {
        let allocation = &mut self.tables.allocations[index];
        if allocation.relays.iter().flatten().any(|relay| relay.address.is_none()) {
            return;
        }
        let Stage::Opening { request, missing } = &mut allocation.stage else { return };
        let (request, missing) = (std::mem::take(request), *missing);
        let identity = Identity {
            username: allocation.username.clone(),
            user: self.tables.users.name(allocation.user).clone(),
            key: allocation.key.clone(),
            macs: allocation.macs,
        };
        let client = allocation.client;
        let message = Incoming::parse(client, &request).expect("it was parsed when it came");
        match self.open_allocation(index, &message, token, missing, now) {
            Ok(()) => out.push(identity.sign(self.allocated(index, &message), client)),
            Err(refusal) => {
                self.tables.remove_allocation(index, out);
                self.refuse(&message, Some(&identity), &refusal, now, out);
            }
        }
    }

    /// From now on packets pass.
    pub(crate) fn open_allocation(
        &mut self,
        index: usize,
        message: &Incoming<'_>,
        token: Option<[u8; 8]>,
        missing: Option<(Family, u16)>,
        now: Now,
    ) -> Result<(), Refusal> {
        let since_ms = self.tables.allocations[index].since_ms;
        let lifetime_s = self.grant(crate::refresh::wanted_lifetime(message)?, since_ms, now);
        let allocation = &mut self.tables.allocations[index];
        if allocation.relays.iter().flatten().next().is_none() {
            return Err(Refusal::INSUFFICIENT_CAPACITY);
        }
        allocation.stage = Stage::Open { lifetime_s, token, missing };
        let ends_ms = now.mono_ms + u64::from(lifetime_s) * 1000;
        allocation.relays.iter_mut().flatten().for_each(|relay| relay.ends_ms = ends_ms);
        self.tables.reset_alarm(index);
        self.counters.allocations += 1;
        Ok(())
    }
}
