//! ChannelBind: a peer gets a number, and packets to and from it four bytes instead of 36 (RFC 8656 section 12).

use crate::attribute::CHANNEL_NUMBER;
use crate::auth::Refusal;
use crate::message::{Incoming, Reply};
use crate::{Now, Server};

impl Server {
    pub(crate) fn channel_bind(
        &mut self,
        index: usize,
        message: &Incoming<'_>,
        now: Now,
    ) -> Result<Reply, Refusal> {
        let number = self.channel_number(message).ok_or(Refusal::BAD_REQUEST)?;
        let peer = message.peer().ok_or(Refusal::BAD_REQUEST)?;
        self.check_family(index, peer, now)?;

        let allocation = &self.tables.allocations[index];
        if allocation.is_tcp() {
            // Peers of TCP have connections.
            return Err(Refusal::BAD_REQUEST);
        }
        let other_peer = allocation.peer_of(number, now.mono_ms).is_some_and(|bound| bound != peer);
        let other_number = allocation.channel_of(peer, now.mono_ms).is_some_and(|bound| bound != number);
        if other_peer || other_number {
            return Err(Refusal::BAD_REQUEST);
        }
        if !self.settings.peers.may_reach(peer) {
            self.counters.peers_refused += 1;
            return Err(Refusal::FORBIDDEN);
        }
        let allocation = &mut self.tables.allocations[index];
        let permitted = allocation.permit(peer.ip(), self.settings.permissions, now.mono_ms);
        if permitted && allocation.bind(number, peer, self.settings.channels, now.mono_ms) {
            Ok(Reply::success(message))
        } else {
            Err(Refusal::INSUFFICIENT_CAPACITY)
        }
    }

    /// CHANNEL-NUMBER, if it is one that RFC 8656 allows (section 12): those above are other protocols' on this port.
    fn channel_number(&self, message: &Incoming<'_>) -> Option<u16> {
        let &[high, low, ..] = <&[u8; 4]>::try_from(message.value(CHANNEL_NUMBER)?).ok()?;
        let last = if self.settings.old_channels { 0x7FFE } else { 0x4FFF };
        let number = u16::from_be_bytes([high, low]);
        (0x4000..=last).contains(&number).then_some(number)
    }
}
