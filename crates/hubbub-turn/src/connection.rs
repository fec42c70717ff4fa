//! Connections between relays and peers (RFC 6062): what is kept of each, and how each is found.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::auth::Identity;
use crate::tables::{Alarm, Tables};
use crate::{Client, Out, TcpOut};

/// Bits of a name that say whose it is.
const WORKER_BITS: u32 = 10;

/// A connection to a peer, as long as there is one: the value of CONNECTION-ID (RFC 6062 section 6.2.1).
///
/// Unique among the connections of all workers: the last ten bits are the worker's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u32);

impl ConnectionId {
    /// A name of this worker's.
    fn new(random: u32, worker: u16) -> Self {
        Self(random << WORKER_BITS | u32::from(worker))
    }

    /// Whose it is.
    pub(crate) fn worker(self) -> u16 {
        (self.0 & ((1 << WORKER_BITS) - 1)) as u16
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Connections {
    all: HashMap<ConnectionId, Connection>,
    by_link: HashMap<Client, ConnectionId>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Whose it is, by its index.
    pub(crate) allocation: usize,
    pub(crate) peer: SocketAddr,
    pub(crate) progress: Progress,
}

/// How far a connection has come.
#[derive(Debug)]
pub(crate) enum Progress {
    /// It is being made.
    Connecting {
        /// What will be answered then.
        request: Box<[u8]>,
        /// Who asked.
        identity: Box<Identity>,
        alarm_ms: u64,
    },
    /// It waits for the client (ConnectionBind).
    Waiting { alarm_ms: u64 },
    /// It is one with this link of the client.
    Spliced { link: Client },
}

impl Progress {
    fn alarm_ms(&self) -> Option<u64> {
        match self {
            Self::Connecting { alarm_ms, .. } | Self::Waiting { alarm_ms } => Some(*alarm_ms),
            Self::Spliced { .. } => None,
        }
    }
}

impl Connections {
    pub(crate) fn get(&self, id: ConnectionId) -> Option<&Connection> {
        self.all.get(&id)
    }

    /// The connection that a client's link is one with.
    pub(crate) fn of_link(&self, link: &Client) -> Option<ConnectionId> {
        self.by_link.get(link).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// A name that no connection has.
    fn name(&self, worker: u16, rng: &mut fastrand::Rng) -> ConnectionId {
        loop {
            let id = ConnectionId::new(rng.u32(..), worker);
            if !self.all.contains_key(&id) {
                return id;
            }
        }
    }
}

impl Tables {
    /// One more connection of an allocation.
    pub(crate) fn add_connection(
        &mut self,
        connection: Connection,
        worker: u16,
        rng: &mut fastrand::Rng,
    ) -> ConnectionId {
        let id = self.connections.name(worker, rng);
        let connections = self.allocations[connection.allocation].connections.as_mut();
        connections.expect("it is an allocation of TCP").push(id);
        if let Some(alarm_ms) = connection.progress.alarm_ms() {
            self.set_alarm(alarm_ms, Alarm::Connection(id));
        }
        self.connections.all.insert(id, connection);
        id
    }

    /// A connection has come further; what it was before.
    pub(crate) fn advance_connection(&mut self, id: ConnectionId, progress: Progress) -> Progress {
        if let Progress::Spliced { link } = &progress {
            self.connections.by_link.insert(*link, id);
        }
        let after_ms = progress.alarm_ms();
        let connection = self.connections.all.get_mut(&id).expect("the caller has found it");
        let before = std::mem::replace(&mut connection.progress, progress);
        // In this order: they may be for the same moment.
        if let Some(alarm_ms) = before.alarm_ms() {
            self.clear_alarm(alarm_ms, Alarm::Connection(id));
        }
        if let Some(alarm_ms) = after_ms {
            self.set_alarm(alarm_ms, Alarm::Connection(id));
        }
        before
    }

    /// Forgets a connection, if there is one of that name.
    pub(crate) fn forget_connection(&mut self, id: ConnectionId) -> Option<Connection> {
        let connection = self.connections.all.remove(&id)?;
        if let Some(alarm_ms) = connection.progress.alarm_ms() {
            self.clear_alarm(alarm_ms, Alarm::Connection(id));
        }
        if let Progress::Spliced { link } = &connection.progress {
            self.connections.by_link.remove(link);
        }
        // An allocation that ends has none any more.
        if let Some(allocation) = self.allocations.get_mut(connection.allocation) {
            allocation.connections.iter_mut().for_each(|all| all.retain(|other| *other != id));
        }
        Some(connection)
    }

    /// Forgets a connection and has it closed.
    pub(crate) fn close_connection(&mut self, id: ConnectionId, out: &mut Vec<Out>) {
        if self.forget_connection(id).is_some() {
            out.push(Out::Tcp(TcpOut::Close { connection: id }));
        }
    }

    /// Whether an allocation has a connection to this peer, however far it has come.
    pub(crate) fn is_connected(&self, index: usize, peer: SocketAddr) -> bool {
        let connections = self.allocations[index].connections.iter().flatten();
        connections.filter_map(|id| self.connections.get(*id)).any(|connection| connection.peer == peer)
    }
}
