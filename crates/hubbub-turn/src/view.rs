//! What an operator may see of allocations.

use std::net::SocketAddr;

use crate::{Client, Server};

/// One allocation, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationView {
    /// Whose it is.
    pub user: String,
    /// From where.
    pub client: Client,
    /// Its relayed addresses, IPv4 first.
    pub relays: Vec<SocketAddr>,
    /// When it began, in milliseconds of [`crate::Now::mono_ms`].
    pub since_ms: u64,
    /// When it ends unless it is refreshed.
    pub ends_ms: u64,
    /// Permissions, those that have ended and are not yet forgotten included.
    pub permissions: usize,
    /// Channels, the same.
    pub channels: usize,
    /// Bytes of payload to peers.
    pub bytes_to_peers: u64,
    /// Bytes of payload to the client.
    pub bytes_to_clients: u64,
}

impl Server {
    /// All allocations, in no order that means anything.
    pub fn allocations(&self) -> impl Iterator<Item = AllocationView> {
        self.tables.allocations.iter().map(|(_, allocation)| {
            let relays = allocation.relays.iter().flatten();
            AllocationView {
                user: self.tables.users.name(allocation.user).to_string(),
                client: allocation.client,
                relays: relays.clone().filter_map(|relay| relay.address).collect(),
                since_ms: allocation.since_ms,
                ends_ms: relays.map(|relay| relay.ends_ms).max().unwrap_or(0),
                permissions: allocation.permissions.len(),
                channels: allocation.channels.len(),
                bytes_to_peers: allocation.bytes_to_peers,
                bytes_to_clients: allocation.bytes_to_clients,
            }
        })
    }

    /// When the allocation of a client ends, if it has one.
    pub(crate) fn ends_ms(&self, client: &Client) -> Option<u64> {
        let allocation = &self.tables.allocations[*self.tables.by_client.get(client)?];
        allocation.relays.iter().flatten().map(|relay| relay.ends_ms).max()
    }

    /// Whether a client has an allocation, one that is being opened included.
    pub fn has_allocation(&self, client: &Client) -> bool {
        self.tables.by_client.contains_key(client)
    }

    /// How many connections to peers there are, those that are being made included.
    pub fn connections(&self) -> usize {
        self.tables.connections.len()
    }

    /// How many things are held: allocations, relays (reserved ones included), questions. For metrics.
    pub fn held(&self) -> (usize, usize, usize) {
        (self.tables.allocations.len(), self.tables.relays(), self.questions.len())
    }
}
