//! CreatePermission: peers that may write to the client (RFC 8656 section 10).

use std::net::SocketAddr;

use crate::attribute::{XOR_PEER_ADDRESS, read_xor_address};
use crate::auth::Refusal;
use crate::message::{Incoming, Reply};
use crate::{Family, Now, Server};

impl Server {
    pub(crate) fn create_permission(
        &mut self,
        index: usize,
        message: &Incoming<'_>,
        now: Now,
    ) -> Result<Reply, Refusal> {
        let mut peers = Vec::new();
        for value in message.values(XOR_PEER_ADDRESS) {
            let peer = read_xor_address(value, message.transaction).ok_or(Refusal::BAD_REQUEST)?;
            self.check_family(index, peer, now)?;
            if !self.settings.peers.may_permit(peer.ip()) {
                self.counters.peers_refused += 1;
                return Err(Refusal::FORBIDDEN);
            }
            peers.push(peer.ip());
        }
        if peers.is_empty() {
            return Err(Refusal::BAD_REQUEST);
        }
        let allocation = &mut self.tables.allocations[index];
        if peers.iter().all(|peer| allocation.permit(*peer, self.settings.permissions, now.mono_ms)) {
            Ok(Reply::success(message))
        } else {
            Err(Refusal::INSUFFICIENT_CAPACITY)
        }
    }

    /// 443 for a peer to whom no relay of the allocation can write.
    pub(crate) fn check_family(&self, index: usize, peer: SocketAddr, now: Now) -> Result<(), Refusal> {
        let relay = self.tables.allocations[index].relay(Family::of(peer.ip()), now.mono_ms);
        relay.map(|_| ()).ok_or(Refusal::PEER_FAMILY_MISMATCH)
    }
}
