//! ConnectionBind: a new link of the client becomes one with a connection to a peer (RFC 6062 section 5.4).

use crate::attribute::CONNECTION_ID;
use crate::auth::{Identity, Refusal};
use crate::connection::{ConnectionId, Progress};
use crate::message::{Incoming, Reply};
use crate::{Now, Out, Server, TcpOut};

impl Server {
    pub(crate) fn connection_bind(
        &mut self,
        message: &Incoming<'_>,
        identity: &Identity,
        out: &mut Vec<Out>,
    ) -> Result<(), Refusal> {
        let link = message.from;
        let is_new = !self.has_allocation(&link) && self.tables.connections.of_link(&link).is_none();
        let id = message.number(CONNECTION_ID)?.map(ConnectionId);
        let Some(id) = id.filter(|_| link.transport.is_stream() && is_new) else {
            return Err(Refusal::BAD_REQUEST);
        };
        if id.worker() != self.worker {
            out.push(Out::Elsewhere { worker: id.worker(), from: link, packet: message.packet.into() });
            return Ok(());
        }
        let waiting = self.tables.connections.get(id);
        let waiting = waiting.filter(|it| matches!(it.progress, Progress::Waiting { .. }));
        let index = waiting.ok_or(Refusal::BAD_REQUEST)?.allocation;
        if self.tables.allocations[index].username != identity.username {
            return Err(Refusal::WRONG_CREDENTIALS);
        }
        self.tables.advance_connection(id, Progress::Spliced { link });
        out.push(identity.sign(Reply::success(message), link));
        out.push(Out::Tcp(TcpOut::Splice { connection: id, link }));
        Ok(())
    }

    /// So many bytes have passed through a spliced connection. For how many milliseconds nothing more is to be read from
    /// either side: 0 unless its user has used up his bandwidth.
    pub fn tcp_passed(&mut self, connection: ConnectionId, to_peer: u64, to_client: u64, now: Now) -> u64 {
        let Some(connection) = self.tables.connections.get(connection) else { return 0 };
        let allocation = &mut self.tables.allocations[connection.allocation];
        allocation.bytes_to_peers += to_peer;
        allocation.bytes_to_clients += to_client;
        self.counters.bytes_to_peers += to_peer;
        self.counters.bytes_to_clients += to_client;
        let bytes = to_peer.saturating_add(to_client);
        self.tables.users.charge(allocation.user, self.settings.bandwidth, bytes, now.mono_ms)
    }
}
