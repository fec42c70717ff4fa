//! What the shell of STUN and TURN is told. Each is a documented setting.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::desk::Place;
use super::ports::OpenPorts;

/// STUN and TURN, on every address that the server listens on: over UDP on the same port, over TCP and TLS among everything else.
pub struct TurnSettings {
    /// What each worker's machine is told. Its limits that count are one worker's share already.
    pub machine: hubbub_turn::Settings,
    /// Signs nonces: 32 bytes nobody can guess, the same for all workers.
    pub secret: [u8; 32],
    /// Where relays of IPv4 and IPv6 are; a family without has none.
    pub relays: Vec<RelayAddress>,
    /// The ports that relays take, each a random one that is free.
    pub relay_ports: RangeInclusive<u16>,
    /// Bytes that may wait for one client on TCP or TLS; what a peer sends it beyond that is dropped, as a full link would do.
    pub stream_bytes: usize,
    /// Bytes that the kernel may hold for each socket of UDP that clients send to, if it is to be other than the system's default.
    pub socket_bytes: Option<usize>,
    /// A second address for clients that want to know what NAT they are behind (RFC 5780), with another IP and port than the first
    /// in `server.listen`. Both must be real addresses of this machine.
    pub other: Option<SocketAddr>,
    /// Says which addresses the machine has. Asked once a minute, for they change: nobody is led to a new one but to a relay there.
    pub interfaces: fn() -> Vec<IpAddr>,
    /// One for each worker, from [`super::desk`].
    pub places: Vec<Place>,
}

impl TurnSettings {
    /// The other addresses of RFC 5780, when the server listens on these: its second IP with either port, and its first with the second.
    pub(crate) fn other_addresses(&self, bound: &[SocketAddr]) -> Vec<SocketAddr> {
        let (Some(other), Some(first)) = (self.other, bound.first()) else { return Vec::new() };
        let all = [(other.ip(), other.port()), (other.ip(), first.port()), (first.ip(), other.port())];
        all.into_iter().map(SocketAddr::from).filter(|address| !bound.contains(address)).collect()
    }

    /// What all workers have in common, and each one's place.
    pub(crate) fn split(self) -> (Common, Vec<Place>) {
        let Self { machine, secret, relays, relay_ports, stream_bytes, interfaces, places, .. } = self;
        let (machine, taken) = (machine.into(), OpenPorts::default());
        (Common { machine, secret, relays, relay_ports, stream_bytes, taken, interfaces }, places)
    }
}

/// What all workers have in common.
pub(crate) struct Common {
    pub(crate) machine: Arc<hubbub_turn::Settings>,
    pub(crate) secret: [u8; 32],
    pub(crate) relays: Vec<RelayAddress>,
    pub(crate) relay_ports: RangeInclusive<u16>,
    pub(crate) stream_bytes: usize,
    pub(crate) taken: OpenPorts,
    pub(crate) interfaces: fn() -> Vec<IpAddr>,
}

/// The address of relays of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayAddress {
    /// What their sockets are bound to; an unspecified address leaves it to the system.
    pub bind: IpAddr,
    /// Under which address peers reach them, which is what clients are told.
    pub announce: IpAddr,
}
