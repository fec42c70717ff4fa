//! NAT discovery: a client learns how its NAT maps and filters by asking, and being answered, at two addresses and two ports
//! of this server (RFC 5780).
//!
//! Who asks over UDP has proven nothing, so nothing here makes a better weapon than a plain Binding: an answer is padded to
//! the length of its request at most, goes to the IP address of the request always, and costs as much of the budget of its
//! source as it is longer than a plain one.

use std::net::{IpAddr, SocketAddr};

use crate::attribute::{
    CHANGE_REQUEST, MAPPED_ADDRESS, OTHER_ADDRESS, PADDING, RESPONSE_ORIGIN, RESPONSE_PORT,
    XOR_MAPPED_ADDRESS,
};
use crate::auth::Refusal;
use crate::client::canonical;
use crate::message::{Incoming, Reply};
use crate::{Client, Family, Transport};

/// The flags of CHANGE-REQUEST (section 7.2).
const CHANGE_IP: u32 = 4;
const CHANGE_PORT: u32 = 2;
/// Bytes of an answer that cost as much as a plain Binding.
const UNIT: usize = 44;
/// What a discovery answer costs without padding: four addresses of IPv4 and a header, or of IPv6.
const COST: u64 = 3;
/// Answers go to no port below: those are services', never a NAT's mapping for a client.
const FIRST_PORT: u16 = 1024;

/// The sockets of NAT discovery: all four pairs of two IP addresses and two ports of this server, as clients see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discovery {
    ips: [IpAddr; 2],
    ports: [u16; 2],
}

impl Discovery {
    /// Where clients ask first, and what OTHER-ADDRESS tells them there. `None` unless the two are of one family and differ in
    /// both IP address and port (section 6).
    pub fn new(primary: SocketAddr, alternate: SocketAddr) -> Option<Self> {
        let (primary, alternate) = (canonical(primary), canonical(alternate));
        let is_one_family = Family::of(primary.ip()) == Family::of(alternate.ip());
        let differ = primary.ip() != alternate.ip() && primary.port() != alternate.port();
        (is_one_family && differ).then_some(Self {
            ips: [primary.ip(), alternate.ip()],
            ports: [primary.port(), alternate.port()],
        })
    }

    /// All that must be bound to UDP sockets, the primary address first and the alternate one last. An answer leaves from any of
    /// them, wherever its request came in.
    pub fn sockets(&self) -> [SocketAddr; 4] {
        let [here, there] = self.ips;
        let [first, second] = self.ports;
        [(here, first), (here, second), (there, first), (there, second)].map(SocketAddr::from)
    }

    /// Whether this client asks at one of the sockets.
    pub(crate) fn is_asked_by(&self, client: &Client) -> bool {
        let local = canonical(client.local);
        client.transport == Transport::Udp
            && self.ips.contains(&local.ip())
            && self.ports.contains(&local.port())
    }

    /// How many answers to plain requests the answer counts for.
    pub(crate) fn cost(message: &Incoming<'_>) -> u64 {
        let padded = if message.has(PADDING) { message.packet.len().div_ceil(UNIT) as u64 } else { 0 };
        COST.max(padded)
    }

    /// The answer, and where it goes from and to (section 6.1).
    pub(crate) fn answer(&self, message: &Incoming<'_>) -> Result<(Client, Reply), Refusal> {
        let from = message.from;
        let local = canonical(from.local);
        let flags = message.number(CHANGE_REQUEST)?.unwrap_or(0);
        let origin = self.change(local, flags);
        let port = response_port(message)?;
        if port.is_some() && message.has(PADDING) {
            return Err(Refusal::BAD_REQUEST);
        }
        let mapped = canonical(from.remote);
        let reply = Reply::success(message)
            .with_address(XOR_MAPPED_ADDRESS, mapped)
            .with_plain_address(MAPPED_ADDRESS, mapped)
            .with_plain_address(RESPONSE_ORIGIN, origin)
            .with_plain_address(OTHER_ADDRESS, self.change(local, CHANGE_IP | CHANGE_PORT));
        let reply = match message.value(PADDING) {
            Some(padding) => reply.with_padding(PADDING, padding.len(), message.packet.len()),
            None => reply,
        };
        let remote = port.map_or(from.remote, |port| SocketAddr::new(from.remote.ip(), port));
        let local = if origin == local { from.local } else { origin };
        Ok((Client { local, remote, ..from }, reply))
    }

    /// Table 1 of section 6.1: the address that differs from `local` in what the flags say.
    fn change(&self, local: SocketAddr, flags: u32) -> SocketAddr {
        let [here, there] = self.ips;
        let [first, second] = self.ports;
        let other_ip = if local.ip() == here { there } else { here };
        let other_port = if local.port() == first { second } else { first };
        SocketAddr::new(
            if flags & CHANGE_IP == 0 { local.ip() } else { other_ip },
            if flags & CHANGE_PORT == 0 { local.port() } else { other_port },
        )
    }
}

/// RESPONSE-PORT (section 7.5): to which port of its own address the client wants the answer.
fn response_port(message: &Incoming<'_>) -> Result<Option<u16>, Refusal> {
    let port = match message.value(RESPONSE_PORT) {
        None => return Ok(None),
        // "Followed by 2 bytes of padding", which some count as part of the value.
        Some(&[high, low] | &[high, low, _, _]) => u16::from_be_bytes([high, low]),
        Some(_) => return Err(Refusal::BAD_REQUEST),
    };
    if port < FIRST_PORT { Err(Refusal::BAD_REQUEST) } else { Ok(Some(port)) }
}
