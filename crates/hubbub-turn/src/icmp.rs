//! ICMP errors: the network says that a packet did not reach a peer, and the client is told (RFC 8656 section 11.5).

use std::net::SocketAddr;

use crate::attribute::{ICMP, XOR_PEER_ADDRESS, xor_address};
use crate::client::canonical;
use crate::message::{DATA_INDICATION, indication};
use crate::relay::transaction;
use crate::tables::Owner;
use crate::{Now, Out, RelayId, Server};

/// An ICMP message, of the version that fits the peer's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpError {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// The MTU of the next hop, where the type has one: "fragmentation needed" and "packet too big".
    pub mtu: u32,
}

impl Server {
    /// The error queue of a relay's socket has something about a packet to `peer`.
    pub fn handle_icmp(
        &mut self,
        relay: RelayId,
        peer: SocketAddr,
        error: IcmpError,
        now: Now,
        out: &mut Vec<Out>,
    ) {
        let peer = canonical(peer);
        let IcmpError { kind, code, mtu } = error;
        let Some(Owner::Allocation(index)) = self.tables.owner(relay) else { return };
        let allocation = &self.tables.allocations[index];
        if !is_error(peer, kind) || !allocation.permits(peer.ip(), now.mono_ms) {
            return;
        }
        let transaction = transaction(&mut self.rng);
        let (address, length) = xor_address(peer, transaction);
        let has_mtu = if peer.is_ipv4() { (kind, code) == (3, 4) } else { kind == 2 };
        // Type in 7 bits and code in 9 (RFC 8656 section 18.13).
        let what = u32::from(kind) << 9 | u32::from(code);

        let mtu = if has_mtu { mtu } else { 0 };
        let value = [what.to_be_bytes(), mtu.to_be_bytes()].concat();
        let attributes = [(XOR_PEER_ADDRESS, &address[..length]), (ICMP, &value[..])];
        let message = indication(DATA_INDICATION, transaction, &attributes);
        out.push(Out::Send { to: allocation.client, message });
    }
}

/// Whether a client is told: unreachable and time exceeded; with IPv6 too big as well.
fn is_error(peer: SocketAddr, kind: u8) -> bool {
    if peer.is_ipv4() { matches!(kind, 3 | 11) } else { matches!(kind, 1..=3) }
}
