//! Send indications: a packet for a peer without a channel (RFC 8656 section 11.2).

use crate::attribute::{DATA, DONT_FRAGMENT, is_known};
use crate::message::Incoming;
use crate::relay::Parcel;
use crate::{Now, Out, Server};

impl Server {
    /// Whatever is wrong, an indication is dropped in silence.
    pub(crate) fn send(&mut self, message: &Incoming<'_>, now: Now, out: &mut Vec<Out>) {
        if !self.may_send(message) {
            self.counters.malformed += 1;
            return;
        }
        let (Some(peer), Some(payload)) = (message.peer(), message.range(DATA)) else {
            self.counters.malformed += 1;
            return;
        };
        // Nobody is reached by a permission that the policy would not give now.
        if !self.settings.peers.may_reach(peer) {
            self.counters.peers_refused += 1;
            return;
        }
        let Some(index) = self.tables.by_client.get(&message.from).copied() else {
            self.counters.unwanted += 1;
            return;
        };
        let allocation = &self.tables.allocations[index];
        if allocation.is_tcp() || !allocation.permits(peer.ip(), now.mono_ms) {
            self.counters.unwanted += 1;
            return;
        }
        self.heard(index, &message.from);
        let parcel = Parcel { peer, payload, dont_fragment: message.has(DONT_FRAGMENT) };
        self.forward(index, parcel, now, out);
    }

    /// Whether all of the indication is understood.
    fn may_send(&self, message: &Incoming<'_>) -> bool {
        let may_fragment = self.settings.dont_fragment;
        message.unknown(|known| is_known(known) && (known != DONT_FRAGMENT || may_fragment)).is_empty()
    }
}
