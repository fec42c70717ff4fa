//! A peer calls a relay of TCP: the client is told, and may take the call (RFC 6062 section 5.3).

use std::net::SocketAddr;

use crate::attribute::{CONNECTION_ID, XOR_PEER_ADDRESS, xor_address};
use crate::client::canonical;
use crate::connect::PATIENCE_MS;
use crate::connection::{Connection, ConnectionId, Progress};
use crate::message::{CONNECTION_ATTEMPT, indication};
use crate::relay::transaction;
use crate::tables::Owner;
use crate::{Now, Out, RelayId, Server};

impl Server {
    /// A relay that listens has accepted a connection. How it is called from now on; `None`: nobody wants it, close it.
    pub fn tcp_accepted(
        &mut self,
        relay: RelayId,
        peer: SocketAddr,
        now: Now,
        out: &mut Vec<Out>,
    ) -> Option<ConnectionId> {
        let peer = canonical(peer);
        let Some(index) = self.called(relay, peer, now) else {
            self.counters.unwanted += 1;
            return None;
        };
        let progress = Progress::Waiting { alarm_ms: now.mono_ms + PATIENCE_MS };
        let connection = Connection { allocation: index, peer, progress };
        let connection = self.tables.add_connection(connection, self.worker, &mut self.rng);
        let transaction = transaction(&mut self.rng);
        let (address, length) = xor_address(peer, transaction);
        let attributes =
            [(XOR_PEER_ADDRESS, &address[..length]), (CONNECTION_ID, &connection.0.to_be_bytes()[..])];
        let message = indication(CONNECTION_ATTEMPT, transaction, &attributes);
        out.push(Out::Send { to: self.tables.allocations[index].client, message });
        Some(connection)
    }

    /// The allocation that takes calls of this peer at this relay.
    fn called(&self, relay: RelayId, peer: SocketAddr, now: Now) -> Option<usize> {
        let Owner::Allocation(index) = self.tables.owner(relay)? else { return None };
        let allocation = &self.tables.allocations[index];
        let has_room = allocation.connections.as_ref()?.len() < self.settings.connections;
        let may_call = allocation.is_open() && allocation.permits(peer.ip(), now.mono_ms);
        (has_room && may_call && !self.tables.is_connected(index, peer)).then_some(index)
    }
}
