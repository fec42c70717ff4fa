//! Allocate: a client gets a relay (RFC 8656 section 7.2).

use std::collections::HashMap;

use crate::allocation::{Allocation, Relay, Stage};
use crate::attribute::{
    ADDITIONAL_ADDRESS_FAMILY, ADDRESS_ERROR_CODE, DONT_FRAGMENT, EVEN_PORT, LIFETIME, MOBILITY_TICKET,
    REQUESTED_ADDRESS_FAMILY, REQUESTED_TRANSPORT, RESERVATION_TOKEN, XOR_MAPPED_ADDRESS,
    XOR_RELAYED_ADDRESS,
};
use crate::auth::{Identity, Refusal, reason};
use crate::client::canonical;
use crate::message::{Incoming, Reply, error_value};
use crate::tables::{Alarm, Owner, Reservation};
use crate::{Family, Now, Out, Port, RelayId, Server, TcpOut};

/// The protocols between relay and peers, as IP numbers them.
const UDP: u8 = 17;
const TCP: u8 = 6;

/// Which relays an allocation wants.
#[derive(Debug)]
pub(crate) enum Wish {
    /// New ones.
    New {
        families: Vec<Family>,
        port: WishedPort,
        /// A family that was asked for and is not to be had, and the code that says why.
        missing: Option<(Family, u16)>,
    },
    /// The one that was reserved under this token.
    Reserved([u8; 8]),
}

/// EVEN-PORT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WishedPort {
    Any,
    Even,
    EvenAndNext,
}

impl Server {
    /// `None`: it will be answered when its relays are open.
    pub(crate) fn allocate(
        &mut self,
        message: &Incoming<'_>,
        identity: &Identity,
        now: Now,
        out: &mut Vec<Out>,
    ) -> Result<Option<Reply>, Refusal> {
        if let Some(index) = self.tables.by_client.get(&message.from).copied() {
            return self.allocate_again(index, message, identity);
        }
        let connections = self.is_for_tcp(message)?.then(Vec::new);
        let is_mobile = self.wants_to_move(message)?;
        let wish = self.wish(message)?;
        let index = self.admit(message, identity, now)?;
        self.tables.allocations[index].connections = connections;
        if is_mobile {
            self.tables.make_mobile(index, self.rng.u64(..));
        }
        let done = match wish {
            Wish::New { families, port, missing } => {
                self.tables.allocations[index].stage =
                    Stage::Opening { request: message.packet.into(), missing };
                self.open_relays(index, &families, port, now, out)
            }
            Wish::Reserved(token) => self.take_reserved(index, token, message, now),
        };
        done.inspect_err(|_| self.tables.remove_allocation(index, out))
    }

    /// The same request once more gets the same answer; another one is refused.
    fn allocate_again(
        &self,
        index: usize,
        message: &Incoming<'_>,
        identity: &Identity,
    ) -> Result<Option<Reply>, Refusal> {
        let allocation = &self.tables.allocations[index];
        if allocation.transaction != message.transaction || allocation.username != identity.username {
            return Err(Refusal::ALLOCATION_MISMATCH);
        }
        Ok(allocation.is_open().then(|| self.allocated(index, message)))
    }

    /// Whether relays of TCP are wanted, and may be had (RFC 6062 section 5.1).
    fn is_for_tcp(&self, message: &Incoming<'_>) -> Result<bool, Refusal> {
        let transport = message.value(REQUESTED_TRANSPORT).ok_or(Refusal::BAD_REQUEST)?;
        match <&[u8; 4]>::try_from(transport).map_err(|_| Refusal::BAD_REQUEST)? {
            [UDP, ..] => return Ok(false),
            [TCP, ..] if self.settings.tcp_relays => {}
            _ => return Err(Refusal::TRANSPORT_NOT_SUPPORTED),
        }
        let of_udp = [EVEN_PORT, RESERVATION_TOKEN, DONT_FRAGMENT];
        if !message.from.transport.is_stream() || of_udp.iter().any(|it| message.has(*it)) {
            return Err(Refusal::BAD_REQUEST);
        }
        Ok(true)
    }

    /// Checks the request in the order of RFC 8656 section 7.2.
    fn wish(&self, message: &Incoming<'_>) -> Result<Wish, Refusal> {
        if message.has(DONT_FRAGMENT) && !self.settings.dont_fragment {
            return Err(Refusal::Unknown(vec![DONT_FRAGMENT]));
        }
        let has_family = message.has(REQUESTED_ADDRESS_FAMILY) || message.has(ADDITIONAL_ADDRESS_FAMILY);
        if let Some(token) = message.value(RESERVATION_TOKEN) {
            if has_family || message.has(EVEN_PORT) {
                return Err(Refusal::BAD_REQUEST);
            }
            return token.try_into().map(Wish::Reserved).map_err(|_| Refusal::BAD_REQUEST);
        }
        let port = wished_port(message)?;
        self.wished_families(message, port)
    }

    fn wished_families(&self, message: &Incoming<'_>, port: WishedPort) -> Result<Wish, Refusal> {
        let requested = family(message, REQUESTED_ADDRESS_FAMILY)?;
        let Some(additional) = family(message, ADDITIONAL_ADDRESS_FAMILY)? else {
            let family = requested.unwrap_or(Some(Family::V4)).filter(|family| self.has_family(*family));
            let families = vec![family.ok_or(Refusal::FAMILY_NOT_SUPPORTED)?];
            return Ok(Wish::New { families, port, missing: None });
        };
        let is_sound =
            additional == Some(Family::V6) && requested.is_none() && port != WishedPort::EvenAndNext;
        if !is_sound {
            return Err(Refusal::BAD_REQUEST);
        }
        let (families, missing): (Vec<_>, Vec<_>) =
            Family::ALL.into_iter().partition(|it| self.has_family(*it));
        if families.is_empty() {
            return Err(Refusal::FAMILY_NOT_SUPPORTED);
        }
        let missing = missing.first().map(|family| (*family, 440));
        Ok(Wish::New { families, port, missing })
    }

    fn has_family(&self, family: Family) -> bool {
        match family {
            Family::V4 => self.settings.ipv4,
            Family::V6 => self.settings.ipv6,
        }
    }

    /// An allocation without relays, if there may be one more.
    fn admit(&mut self, message: &Incoming<'_>, identity: &Identity, now: Now) -> Result<usize, Refusal> {
        if self.is_full() {
            return Err(Refusal::INSUFFICIENT_CAPACITY);
        }
        let most = self.settings.allocations_per_user;
        let user = self.tables.users.admit(&identity.user, most).ok_or(Refusal::QUOTA_REACHED)?;
        let index = self.tables.allocations.insert(Allocation {
            client: message.from,
            username: identity.username.clone(),
            user,
            key: identity.key.clone(),
            macs: identity.macs,
            transaction: message.transaction,
            relays: [None, None],
            stage: Stage::Opening { request: Box::default(), missing: None },
            since_ms: now.mono_ms,
            alarm_ms: 0,
            permissions: HashMap::new(),
            channels: HashMap::new(),
            bound: HashMap::new(),
            connections: None,
            mobility: None,
            bytes_to_peers: 0,
            bytes_to_clients: 0,
        });
        self.tables.by_client.insert(message.from, index);
        Ok(index)
    }

    fn is_full(&self) -> bool {
        self.tables.allocations.len() + self.tables.reservations.len() >= self.settings.allocations
    }

    fn open_relays(
        &mut self,
        index: usize,
        families: &[Family],
        port: WishedPort,
        now: Now,
        out: &mut Vec<Out>,
    ) -> Result<Option<Reply>, Refusal> {
        let port = match port {
            WishedPort::Any => Port::Any,
            WishedPort::Even => Port::Even,
            WishedPort::EvenAndNext => Port::EvenAndNext(self.reserve(index, now)?),
        };
        let ends_ms = now.mono_ms.saturating_add(self.settings.answer_ms);
        for family in families {
            let id = self.tables.name_relay(Owner::Allocation(index));
            self.tables.allocations[index].relays[family.index()] =
                Some(Relay { id, address: None, ends_ms });
            let family = *family;
            out.push(if self.tables.allocations[index].is_tcp() {
                Out::Tcp(TcpOut::Listen { relay: id, family })
            } else {
                Out::OpenRelay { relay: id, family, port }
            });
        }
        self.tables.reset_alarm(index);
        Ok(None)
    }

    /// A place for the next port, which counts like an allocation until it is one.
    fn reserve(&mut self, index: usize, now: Now) -> Result<RelayId, Refusal> {
        if self.is_full() {
            return Err(Refusal::INSUFFICIENT_CAPACITY);
        }
        let allocation = &self.tables.allocations[index];
        let username = allocation.username.clone();
        let name = self.tables.users.name(allocation.user).clone();
        let most = self.settings.allocations_per_user;
        let user = self.tables.users.admit(&name, most).ok_or(Refusal::QUOTA_REACHED)?;
        self.reserved += 1;
        let token = self.nonces.token(self.reserved);
        let relay = self.tables.name_relay(Owner::Token(token));
        let alarm_ms = now.mono_ms.saturating_add(self.settings.answer_ms);
        let reservation = Reservation { relay, address: None, username, user, alarm_ms };
        self.tables.reservations.insert(token, reservation);
        self.tables.set_alarm(alarm_ms, Alarm::Reservation(token));
        Ok(relay)
    }

    fn take_reserved(
        &mut self,
        index: usize,
        token: [u8; 8],
        message: &Incoming<'_>,
        now: Now,
    ) -> Result<Option<Reply>, Refusal> {
        let username = &self.tables.allocations[index].username;
        let reservation = self.tables.reservations.get(&token);
        let reservation = reservation.filter(|reservation| reservation.username == *username);
        let Some((relay, address)) = reservation.and_then(|it| Some((it.relay, it.address?))) else {
            return Err(Refusal::INSUFFICIENT_CAPACITY);
        };
        self.tables.forget_reservation(token);
        self.tables.give_relay(relay, Owner::Allocation(index));
        let family = Family::of(address.ip());
        self.tables.allocations[index].relays[family.index()] =
            Some(Relay { id: relay, address: Some(address), ends_ms: now.mono_ms });
        self.open_allocation(index, message, None, None, now)?;
        Ok(Some(self.allocated(index, message)))
    }

    /// What an allocation is told about itself, when it is made and whenever it asks again.
    pub(crate) fn allocated(&self, index: usize, message: &Incoming<'_>) -> Reply {
        let allocation = &self.tables.allocations[index];
        let mut reply = Reply::success(message);
        for address in allocation.relays.iter().flatten().filter_map(|relay| relay.address) {
            reply = reply.with_address(XOR_RELAYED_ADDRESS, address);
        }
        reply = reply.with_address(XOR_MAPPED_ADDRESS, canonical(allocation.client.remote));
        if let Stage::Open { lifetime_s, token, missing } = &allocation.stage {
            reply = reply.with(LIFETIME, &lifetime_s.to_be_bytes());
            if let Some(token) = token {
                reply = reply.with(RESERVATION_TOKEN, token);
            }
            if let Some(mobility) = &allocation.mobility {
                reply = reply.with(MOBILITY_TICKET, &self.ticket_of(mobility));
            }
            if let Some((family, code)) = missing {
                reply = reply.with(ADDRESS_ERROR_CODE, &address_error(*family, *code));
            }
        }
        reply
    }
}

/// The value of ADDRESS-ERROR-CODE (RFC 8656 section 18.12).
fn address_error(family: Family, code: u16) -> Vec<u8> {
    let mut value = error_value(code, reason(code));
    value[0] = family.to_wire();
    value
}

/// EVEN-PORT (RFC 8656 section 18.7).
fn wished_port(message: &Incoming<'_>) -> Result<WishedPort, Refusal> {
    match message.value(EVEN_PORT) {
        None => Ok(WishedPort::Any),
        Some([flags]) if flags & 0x80 == 0 => Ok(WishedPort::Even),
        Some([_]) => Ok(WishedPort::EvenAndNext),
        Some(_) => Err(Refusal::BAD_REQUEST),
    }
}

/// A family attribute: not there, one that does not exist, or one of the two.
fn family(message: &Incoming<'_>, attribute: u16) -> Result<Option<Option<Family>>, Refusal> {
    let Some(value) = message.value(attribute) else { return Ok(None) };
    let &[family, ..] = <&[u8; 4]>::try_from(value).map_err(|_| Refusal::BAD_REQUEST)?;
    Ok(Some(Family::from_wire(family)))
}
