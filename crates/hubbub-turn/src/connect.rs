//! Connect: a relay of TCP calls a peer (RFC 6062 sections 4.3 and 5.2).

use crate::attribute::CONNECTION_ID;
use crate::auth::{Identity, Refusal};
use crate::connection::{Connection, ConnectionId, Progress};
use crate::message::{Incoming, Reply};
use crate::{Client, Family, Now, Out, Server, TcpOut};

/// Milliseconds for which a connection may take to be made, and then wait for its ConnectionBind (RFC 6062 sections 5.2 and 5.3).
pub(crate) const PATIENCE_MS: u64 = 30_000;
/// No relay calls a port below, whatever the policy allows: services of the system live there, and nobody whom a client
/// meets by ICE.
const FIRST_PORT: u16 = 1024;

impl Server {
    /// It is answered when the connection is made, or cannot be.
    pub(crate) fn connect(
        &mut self,
        index: usize,
        message: &Incoming<'_>,
        identity: &Identity,
        now: Now,
        out: &mut Vec<Out>,
    ) -> Result<(), Refusal> {
        let allocation = &self.tables.allocations[index];
        let connections = allocation.connections.as_ref().ok_or(Refusal::ALLOCATION_MISMATCH)?.len();
        let peer = message.peer().ok_or(Refusal::BAD_REQUEST)?;
        let relay = allocation.relay(Family::of(peer.ip()), now.mono_ms);
        let relay = relay.ok_or(Refusal::PEER_FAMILY_MISMATCH)?.id;
        if self.tables.is_connected(index, peer) {
            return Err(Refusal::CONNECTION_EXISTS);
        }
        if peer.port() < FIRST_PORT || !self.settings.peers.may_reach(peer) {
            self.counters.peers_refused += 1;
            return Err(Refusal::FORBIDDEN);
        }
        if connections >= self.settings.connections {
            return Err(Refusal::INSUFFICIENT_CAPACITY);
        }
        let progress = Progress::Connecting {
            request: message.packet.into(),
            identity: Box::new(identity.clone()),
            alarm_ms: now.mono_ms + PATIENCE_MS,
        };
        let connection = Connection { allocation: index, peer, progress };
        let connection = self.tables.add_connection(connection, self.worker, &mut self.rng);
        out.push(Out::Tcp(TcpOut::Connect { connection, relay, peer }));
        Ok(())
    }

    /// Answers [`TcpOut::Connect`]: whether the connection is made.
    pub fn tcp_connected(&mut self, connection: ConnectionId, is_made: bool, now: Now, out: &mut Vec<Out>) {
        let known = self.tables.connections.get(connection);
        if !known.is_some_and(|it| matches!(it.progress, Progress::Connecting { .. })) {
            // Nobody waits for it any more.
            return;
        }
        if !is_made {
            return self.not_connected(connection, now, out);
        }
        let waiting = Progress::Waiting { alarm_ms: now.mono_ms + PATIENCE_MS };
        let Progress::Connecting { request, identity, .. } =
            self.tables.advance_connection(connection, waiting)
        else {
            return;
        };
        let client = self.client_of(connection);
        let message = Incoming::parse(client, &request).expect("it was parsed when it came");
        let reply = Reply::success(&message).with(CONNECTION_ID, &connection.0.to_be_bytes());
        out.push(identity.sign(reply, client));
    }

    /// A connection could not be made: 447.
    fn not_connected(&mut self, id: ConnectionId, now: Now, out: &mut Vec<Out>) {
        let Some(connection) = self.tables.forget_connection(id) else { return };
        let Progress::Connecting { request, identity, .. } = connection.progress else { return };
        let client = self.tables.allocations[connection.allocation].client;
        let message = Incoming::parse(client, &request).expect("it was parsed when it came");
        self.refuse(&message, Some(&identity), &Refusal::CONNECTION_FAILED, now, out);
    }

    /// A connection has ended: the peer has, or what it was spliced with, or both. The caller has closed it.
    pub fn tcp_gone(&mut self, connection: ConnectionId, now: Now, out: &mut Vec<Out>) {
        self.not_connected(connection, now, out);
    }

    /// A connection was not made, or not wanted, in time.
    pub(crate) fn connection_alarm(&mut self, id: ConnectionId, now: Now, out: &mut Vec<Out>) {
        out.push(Out::Tcp(TcpOut::Close { connection: id }));
        self.not_connected(id, now, out);
    }

    fn client_of(&self, connection: ConnectionId) -> Client {
        let connection = self.tables.connections.get(connection).expect("the caller has found it");
        self.tables.allocations[connection.allocation].client
    }
}
