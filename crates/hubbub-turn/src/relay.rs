//! What passes through: no allocation, no copy, and no more than two look-ups for each packet.

use std::net::SocketAddr;
use std::ops::Range;

use crate::client::canonical;
use crate::message::Transaction;
use crate::tables::Owner;
use crate::{Client, Family, Now, Out, Prefix, RelayId, Server};

/// Bytes of the longest payload that fits into a datagram together with a prefix.
const PAYLOAD_MOST: usize = 65_507 - Prefix::LONGEST;

/// A part of a client's packet that a peer may have.
pub(crate) struct Parcel {
    pub(crate) peer: SocketAddr,
    pub(crate) payload: Range<usize>,
    pub(crate) dont_fragment: bool,
}

impl Server {
    /// A datagram came to a relay. Only its length is looked at: what is to be sent comes as a prefix.
    pub fn handle_peer(
        &mut self,
        relay: RelayId,
        peer: SocketAddr,
        payload: &[u8],
        now: Now,
        out: &mut Vec<Out>,
    ) {
        if !self.deliver(relay, canonical(peer), payload.len(), now, out) {
            self.counters.unwanted += 1;
        }
    }

    /// `false`: nobody wants it.
    fn deliver(
        &mut self,
        relay: RelayId,
        peer: SocketAddr,
        length: usize,
        now: Now,
        out: &mut Vec<Out>,
    ) -> bool {
        let Some(Owner::Allocation(index)) = self.tables.owner(relay) else { return false };
        let allocation = &mut self.tables.allocations[index];
        if !allocation.permits(peer.ip(), now.mono_ms) || length > PAYLOAD_MOST {
            return false;
        }
        if !self.tables.users.may_relay(allocation.user, self.settings.bandwidth, length, now.mono_ms) {
            self.counters.over_bandwidth += 1;
            return true;
        }
        let to = allocation.client;
        let (prefix, is_padded) = match allocation.channel_of(peer, now.mono_ms) {
            Some(number) => (Prefix::channel(number, length as u16), to.transport.is_stream()),
            None => (Prefix::indication(peer, length as u16, transaction(&mut self.rng)), true),
        };
        let padding = if is_padded { (length.next_multiple_of(4) - length) as u8 } else { 0 };
        allocation.bytes_to_clients += length as u64;
        self.counters.packets_to_clients += 1;
        self.counters.bytes_to_clients += length as u64;
        out.push(Out::Deliver { to, prefix, padding });
        true
    }

    /// ChannelData of a client (RFC 8656 section 12.6).
    pub(crate) fn channel_data(&mut self, from: &Client, packet: &[u8], now: Now, out: &mut Vec<Out>) {
        let Some(&[n0, n1, l0, l1]) = packet.first_chunk() else {
            self.counters.malformed += 1;
            return;
        };
        let payload = 4..4 + usize::from(u16::from_be_bytes([l0, l1]));
        if payload.end > packet.len() {
            self.counters.malformed += 1;
            return;
        }
        let number = u16::from_be_bytes([n0, n1]);
        let index = self.tables.by_client.get(from).copied();
        let peer = index.and_then(|index| self.tables.allocations[index].peer_of(number, now.mono_ms));
        match (index, peer) {
            (Some(index), Some(peer)) => {
                self.heard(index, from);
                let parcel = Parcel { peer, payload, dont_fragment: false };
                self.forward(index, parcel, now, out);
            }
            _ => self.counters.unwanted += 1,
        }
    }

    /// Sends it, if the user may still send.
    pub(crate) fn forward(&mut self, index: usize, parcel: Parcel, now: Now, out: &mut Vec<Out>) {
        let Parcel { peer, payload, dont_fragment } = parcel;
        let allocation = &mut self.tables.allocations[index];
        let Some(relay) = allocation.relay(Family::of(peer.ip()), now.mono_ms).map(|relay| relay.id) else {
            self.counters.unwanted += 1;
            return;
        };
        let length = payload.len();
        if !self.tables.users.may_relay(allocation.user, self.settings.bandwidth, length, now.mono_ms) {
            self.counters.over_bandwidth += 1;
            return;
        }
        allocation.bytes_to_peers += length as u64;
        self.counters.packets_to_peers += 1;
        self.counters.bytes_to_peers += length as u64;
        out.push(Out::Forward { relay, peer, payload, dont_fragment });
    }
}

/// One that a client has not seen. Indications have no answers, so nobody gains by guessing it.
pub(crate) fn transaction(rng: &mut fastrand::Rng) -> Transaction {
    let mut transaction = [0; 12];
    rng.fill(&mut transaction);
    transaction
}
