//! One allocation: a client's relays, and what may pass through them (RFC 8656 section 3.2).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::integrity::{Key, Mac};
use crate::message::Transaction;
use crate::mobility::Mobility;
use crate::{Client, ConnectionId, Family, RelayId};

/// Milliseconds a permission lasts (RFC 8656 section 9).
pub(crate) const PERMISSION_MS: u64 = 300_000;
/// Milliseconds a channel lasts (RFC 8656 section 12).
pub(crate) const CHANNEL_MS: u64 = 600_000;

/// Everything kept for one client.
#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) client: Client,
    /// As USERNAME said it.
    pub(crate) username: Arc<str>,
    /// His place among the users.
    pub(crate) user: usize,
    pub(crate) key: Key,
    pub(crate) macs: &'static [Mac],
    /// That of the Allocate request, to know it again.
    pub(crate) transaction: Transaction,
    /// One for each family.
    pub(crate) relays: [Option<Relay>; 2],
    pub(crate) stage: Stage,
    /// When it began.
    pub(crate) since_ms: u64,
    /// When the alarm rings that is set for it.
    pub(crate) alarm_ms: u64,
    pub(crate) permissions: HashMap<IpAddr, u64>,
    pub(crate) channels: HashMap<u16, Channel>,
    /// The same by their peers: a packet takes one look-up, whichever way it goes.
    pub(crate) bound: HashMap<SocketAddr, Bound>,
    /// Its connections to peers, if its relays are of TCP (RFC 6062).
    pub(crate) connections: Option<Vec<ConnectionId>>,
    /// If it may move (RFC 8016).
    pub(crate) mobility: Option<Box<Mobility>>,
    pub(crate) bytes_to_peers: u64,
    pub(crate) bytes_to_clients: u64,
}

/// How far it has come.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// Its relays are being opened.
    Opening {
        /// What will be answered then.
        request: Box<[u8]>,
        /// A family that is not to be had, and the error code that says why.
        missing: Option<(Family, u16)>,
    },
    /// It is there. What was answered, except addresses.
    Open {
        /// LIFETIME, in seconds.
        lifetime_s: u32,
        /// RESERVATION-TOKEN, if one was asked for.
        token: Option<[u8; 8]>,
        /// ADDRESS-ERROR-CODE, if there is one.
        missing: Option<(Family, u16)>,
    },
}

/// A relayed transport address.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Relay {
    pub(crate) id: RelayId,
    /// `None` while it is being opened.
    pub(crate) address: Option<SocketAddr>,
    /// When it ends.
    pub(crate) ends_ms: u64,
}

/// A channel: a short name for a peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Channel {
    peer: SocketAddr,
    ends_ms: u64,
}

/// A peer that has a channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bound {
    number: u16,
    ends_ms: u64,
}

impl Allocation {
    /// The relay of a family, if it is open and has not ended.
    pub(crate) fn relay(&self, family: Family, now_ms: u64) -> Option<&Relay> {
        let relay = self.relays[family.index()].as_ref()?;
        (relay.address.is_some() && relay.ends_ms > now_ms).then_some(relay)
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open { .. })
    }

    /// Whether its relays are of TCP.
    pub(crate) fn is_tcp(&self) -> bool {
        self.connections.is_some()
    }

    /// Whether packets may pass between the client and this address.
    pub(crate) fn permits(&self, peer: IpAddr, now_ms: u64) -> bool {
        self.permissions.get(&peer).is_some_and(|ends_ms| *ends_ms > now_ms)
    }

    /// The peer of a channel.
    pub(crate) fn peer_of(&self, number: u16, now_ms: u64) -> Option<SocketAddr> {
        let channel = self.channels.get(&number)?;
        (channel.ends_ms > now_ms).then_some(channel.peer)
    }

    /// The channel of a peer.
    pub(crate) fn channel_of(&self, peer: SocketAddr, now_ms: u64) -> Option<u16> {
        let bound = self.bound.get(&peer)?;
        (bound.ends_ms > now_ms).then_some(bound.number)
    }

    /// Begins or renews a permission. `false`: there are `most`, and they last.
    pub(crate) fn permit(&mut self, peer: IpAddr, most: usize, now_ms: u64) -> bool {
        if self.permissions.len() >= most && !self.permissions.contains_key(&peer) {
            self.permissions.retain(|_, ends_ms| *ends_ms > now_ms);
        }
        if self.permissions.len() >= most && !self.permissions.contains_key(&peer) {
            return false;
        }
        self.permissions.insert(peer, now_ms + PERMISSION_MS);
        true
    }

    /// Begins or renews a channel; the caller has made sure that neither number nor peer is another's. `false`: there are
    /// `most`, and they last.
    pub(crate) fn bind(&mut self, number: u16, peer: SocketAddr, most: usize, now_ms: u64) -> bool {
        if self.peer_of(number, now_ms) != Some(peer) {
            self.forget_ended_channels(now_ms);
            if self.channels.len() >= most {
                return false;
            }
        }
        let ends_ms = now_ms + CHANNEL_MS;
        self.channels.insert(number, Channel { peer, ends_ms });
        self.bound.insert(peer, Bound { number, ends_ms });
        true
    }

    fn forget_ended_channels(&mut self, now_ms: u64) {
        self.channels.retain(|_, channel| channel.ends_ms > now_ms);
        self.bound.retain(|_, bound| bound.ends_ms > now_ms);
    }
}
