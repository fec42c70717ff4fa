//! Relays of TCP (RFC 6062): sockets that listen to peers, and connections to and from these until they are spliced to a client's link.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Weak;
use std::time::Duration;

use hubbub_turn::{ConnectionId, Family, RelayId};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::AbortHandle;

use super::ports::{OpenPorts, Protocol as Relayed};
use super::relays::Relays;
use super::service::Turn;

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 16;
/// Connections to peers that one worker has at a time, whoever's they are.
pub const CALLS: usize = 1024;
/// After an error such as too many open files, so long until the next try.
const PAUSE: Duration = Duration::from_millis(50);

/// All of one worker's.
pub(crate) struct Calls {
    turn: Weak<Turn>,
    listening: HashMap<RelayId, Listening>,
    calls: HashMap<ConnectionId, State>,
}

struct Listening {
    /// What it is bound to.
    address: SocketAddr,
    task: AbortHandle,
    taken: OpenPorts,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        self.taken.close(Relayed::Tcp, self.address.port());
    }
}

/// How far a connection has come.
enum State {
    /// It is being made.
    Calling(AbortHandle),
    /// It waits for a link. Nobody reads it: what the peer sends waits in the kernel.
    Waiting(TcpStream),
    /// It is one with this link.
    Spliced(u64),
}

impl Calls {
    pub(crate) fn new(turn: Weak<Turn>) -> Self {
        Self { turn, listening: HashMap::new(), calls: HashMap::new() }
    }

    /// Has a relay listen. Gives the address that is announced of it.
    pub(crate) fn listen(
        &mut self,
        relay: RelayId,
        family: Family,
        relays: &mut Relays,
    ) -> Option<SocketAddr> {
        let (socket, announced) = relays.bind_free(family, listening_socket)?;
        let address = socket.local_addr().ok()?;
        let listener = TcpListener::from_std(socket).ok()?;
        let task = tokio::task::spawn_local(accept(self.turn.clone(), relay, listener)).abort_handle();
        let taken = relays.taken().clone();
        taken.open(Relayed::Tcp, address.port());
        self.listening.insert(relay, Listening { address, task, taken });
        Some(announced)
    }

    /// A relay listens no longer.
    pub(crate) fn deafen(&mut self, relay: RelayId) {
        self.listening.remove(&relay);
    }

    /// Whether there may be one more.
    pub(crate) fn has_room(&self) -> bool {
        self.calls.len() < CALLS
    }

    /// Begins to call a peer from the address of a relay.
    pub(crate) fn call(&mut self, connection: ConnectionId, relay: RelayId, peer: SocketAddr) {
        let from = self.listening.get(&relay).map(|listening| listening.address);
        let task = tokio::task::spawn_local(call(self.turn.clone(), connection, from, peer));
        self.calls.insert(connection, State::Calling(task.abort_handle()));
    }

    /// A connection is there, and waits.
    pub(crate) fn made(&mut self, connection: ConnectionId, stream: TcpStream) {
        self.calls.insert(connection, State::Waiting(stream));
    }

    /// Takes a connection that waits, for a link.
    pub(crate) fn take(&mut self, connection: ConnectionId, link: u64) -> Option<TcpStream> {
        match self.calls.insert(connection, State::Spliced(link))? {
            State::Waiting(stream) => Some(stream),
            State::Calling(_) | State::Spliced(_) => None,
        }
    }

    /// Ends a connection. Gives the link that it is one with.
    pub(crate) fn end(&mut self, connection: ConnectionId) -> Option<u64> {
        match self.calls.remove(&connection)? {
            State::Calling(task) => {
                task.abort();
                None
            }
            State::Waiting(_) => None,
            State::Spliced(link) => Some(link),
        }
    }
}

/// Bound alone first, so that no two relays have one port; then others may share it, which are the connections from it.
fn listening_socket(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts the connections of peers, until the relay is closed.
async fn accept(turn: Weak<Turn>, relay: RelayId, listener: TcpListener) {
    loop {
        let accepted = listener.accept().await;
        let Some(turn) = turn.upgrade() else { return };
        match accepted {
            Ok((stream, peer)) => turn.accepted(relay, stream, peer),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn call(turn: Weak<Turn>, connection: ConnectionId, from: Option<SocketAddr>, peer: SocketAddr) {
    let made = connect(from, peer).await;
    if let Some(turn) = turn.upgrade() {
        turn.called(connection, made.ok());
    }
}

async fn connect(from: Option<SocketAddr>, peer: SocketAddr) -> io::Result<TcpStream> {
    let from = from.ok_or(io::ErrorKind::NotConnected)?;
    let socket = if peer.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(from)?;
    let stream = socket.connect(peer).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
