//! One worker's share of STUN and TURN: its machine, its sockets, and the tasks that read them.

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use hubbub_turn::{
    Client, ConnectionId, Framed, IcmpError, NotTurn, Now, Out, RelayId, Seeds, Server, Transport,
    next_message,
};
use tokio::io::unix::AsyncFd;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::calls::Calls;
use super::carry::{Carrier, Listening, Packet};
use super::desk::{Ask, Place, Tallies};
use super::links::{Links, Outlet};
use super::neighbours::{Call, Heard, Word};
use super::relays::{Ready, Relays};
use super::settings::Common;
use crate::clock::Clock;
use crate::serve::abort;
use crate::udp::{Inbox, NetworkError, Outgoing, next_error, watch};

/// Bytes of a stream that one message may take: the longest ChannelData there is, padded.
const LONGEST: usize = 4 + 65_536;
/// How often links look whether they have an allocation still, in seconds.
const LOOK_S: u64 = 10;
/// How often the machine is asked for its addresses, in seconds.
const INTERFACES_S: u64 = 60;
/// Messages from the network that are taken in a row from one relay.
const ERRORS: usize = 16;

/// STUN and TURN on one worker.
pub(crate) struct Turn {
    inner: RefCell<Inner>,
    clock: Clock,
    tallies: Arc<Tallies>,
    interfaces: fn() -> Vec<IpAddr>,
}

pub(super) struct Inner {
    pub(super) server: Server,
    pub(super) carrier: Carrier,
    inbox: Inbox,
    pub(super) outs: Vec<Out>,
    ready: Vec<Ready>,
}

impl Turn {
    /// Starts the tasks that serve these sockets, on the worker's own thread.
    ///
    /// # Errors
    /// The system gives no descriptors.
    pub(crate) fn start(
        common: &Common,
        sockets: Vec<UdpSocket>,
        place: Place,
        clock: Clock,
    ) -> io::Result<Rc<Self>> {
        let seeds = Seeds { secret: common.secret, rng: fastrand::u64(..) };
        let listening: Vec<_> = sockets
            .into_iter()
            .map(|socket| Ok(Listening { address: socket.local_addr()?, socket: Rc::new(socket) }))
            .collect::<io::Result<_>>()?;
        let tasks: Vec<_> = listening.iter().map(|one| (one.socket.clone(), one.address)).collect();
        let own = common.machine.peers.own.clone();
        let relays = Relays::new(&common.relays, common.relay_ports.clone(), common.taken.clone(), own)?;
        let watched = watch(relays.watch()?)?;
        let links = Links::new(common.stream_bytes);
        let Place { asked, tallies, neighbours, heard } = place;
        let server = Server::new(common.machine.clone(), seeds).numbered(neighbours.own, neighbours.count());
        let turn = Rc::new_cyclic(|turn: &Weak<Self>| {
            let calls = Calls::new(turn.clone());
            let carrier = Carrier {
                listening,
                relays,
                links,
                calls,
                neighbours,
                outgoing: Outgoing::new(),
                via: None,
                dropped: 0,
            };
            let inner = Inner { server, carrier, inbox: Inbox::new(), outs: Vec::new(), ready: Vec::new() };
            Self { inner: RefCell::new(inner), clock, tallies, interfaces: common.interfaces }
        });
        let mut readers = JoinSet::new();
        for (socket, address) in tasks {
            readers.spawn_local(turn.clone().read_clients(watch(socket)?, address));
        }
        readers.spawn_local(turn.clone().read_relays(watched));
        readers.spawn_local(turn.clone().answer(asked));
        readers.spawn_local(turn.clone().hear(heard));
        tokio::task::spawn_local(stay(readers));
        Ok(turn)
    }

    /// Reads a socket that clients send to, for ever.
    async fn read_clients(self: Rc<Self>, socket: AsyncFd<Rc<UdpSocket>>, address: SocketAddr) {
        while let Ok(mut ready) = socket.readable().await {
            match self.read_batch(socket.get_ref(), address) {
                Ok(true) | Err(io::ErrorKind::Interrupted) => {
                    ready.retain_ready();
                    drop(ready);
                    tokio::task::yield_now().await;
                }
                // Whatever came since then makes it ready again.
                Ok(false) | Err(_) => ready.clear_ready(),
            }
        }
    }

    /// `true`: more may wait.
    fn read_batch(&self, socket: &UdpSocket, address: SocketAddr) -> Result<bool, io::ErrorKind> {
        let inner = &mut *self.inner.borrow_mut();
        let more = inner.inbox.receive(socket).map_err(|error| error.kind())?;
        let now = self.now();
        for arrival in inner.inbox.arrivals() {
            let local = SocketAddr::new(arrival.to.unwrap_or(address.ip()), address.port());
            let client = Client { transport: Transport::Udp, local, remote: arrival.from, link: 0 };
            let packet = Packet { source: inner.inbox.bytes(), place: arrival.place.clone() };
            inner.server.handle_client(client, packet.bytes(), now, &mut inner.outs);
            inner.carrier.carry(&mut inner.server, &mut inner.outs, &packet, now);
        }
        inner.carrier.flush(inner.inbox.bytes());
        self.note(inner);
        Ok(more)
    }

    /// Reads the relays, for ever.
    async fn read_relays(self: Rc<Self>, watched: AsyncFd<OwnedFd>) {
        while let Ok(mut ready) = watched.readable().await {
            match self.read_ready() {
                // What is ready stays so, and is shown again, until it has been read.
                Ok(true) => {
                    ready.retain_ready();
                    drop(ready);
                    tokio::task::yield_now().await;
                }
                Ok(false) => ready.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => ready.retain_ready(),
                Err(error) => panic!("relays cannot be watched: {error}"),
            }
        }
    }

    /// `false`: none had anything.
    fn read_ready(&self) -> io::Result<bool> {
        let inner = &mut *self.inner.borrow_mut();
        let mut ready = std::mem::take(&mut inner.ready);
        inner.carrier.relays.ready(&mut ready)?;
        let (now, any) = (self.now(), !ready.is_empty());
        for Ready { relay, has_error } in ready.drain(..) {
            if has_error {
                inner.take_errors(relay, now);
            }
            inner.read_relay(relay, now);
        }
        inner.ready = ready;
        self.note(inner);
        Ok(any)
    }

    /// Answers who asks what is relayed, for ever.
    async fn answer(self: Rc<Self>, mut asked: mpsc::UnboundedReceiver<Ask>) {
        while let Some(ask) = asked.recv().await {
            ask.add(self.inner.borrow().server.allocations());
        }
    }

    /// Hears what the other workers say, for ever.
    async fn hear(self: Rc<Self>, mut heard: Heard) {
        while let Some(word) = heard.next().await {
            let inner = &mut *self.inner.borrow_mut();
            let now = self.now();
            inner.hear(word, now);
            self.note(inner);
        }
    }

    /// A peer has called a relay.
    pub(crate) fn accepted(&self, relay: RelayId, stream: TcpStream, peer: SocketAddr) {
        let inner = &mut *self.inner.borrow_mut();
        let now = self.now();
        if !inner.carrier.calls.has_room() {
            return;
        }
        let peer = inner.carrier.relays.outward(peer);
        if let Some(connection) = inner.server.tcp_accepted(relay, peer, now, &mut inner.outs) {
            inner.carrier.calls.made(connection, stream);
        }
        inner.finish(&Packet::NONE, now);
    }

    /// A peer was called: the connection, if it could be made.
    pub(crate) fn called(&self, connection: ConnectionId, stream: Option<TcpStream>) {
        let inner = &mut *self.inner.borrow_mut();
        let (now, is_made) = (self.now(), stream.is_some());
        match stream {
            Some(stream) => inner.carrier.calls.made(connection, stream),
            None => drop(inner.carrier.calls.end(connection)),
        }
        inner.server.tcp_connected(connection, is_made, now, &mut inner.outs);
        inner.finish(&Packet::NONE, now);
    }

    /// So much has passed through a connection. For how many milliseconds it is to rest.
    pub(crate) async fn passed(&self, call: Call, to_peer: u64, to_client: u64) -> u64 {
        let Call { connection, home } = call;
        let answer = {
            let inner = &mut *self.inner.borrow_mut();
            if home == inner.carrier.neighbours.own {
                let now = self.now();
                let rest_ms = inner.server.tcp_passed(connection, to_peer, to_client, now);
                self.note(inner);
                return rest_ms;
            }
            let (rest_ms, answer) = oneshot::channel();
            let _ =
                inner.carrier.neighbours.tell(home, Word::Passed { connection, to_peer, to_client, rest_ms });
            answer
        };
        answer.await.unwrap_or_default()
    }

    /// A link and a connection are one no longer; both are closed.
    pub(crate) fn splice_ended(&self, Call { connection, home }: Call) {
        let inner = &mut *self.inner.borrow_mut();
        match inner.carrier.neighbours.own == home {
            true => inner.gone(connection, self.now()),
            false => drop(inner.carrier.neighbours.tell(home, Word::Gone { connection })),
        }
    }

    /// Ends what has run out. Called once a second.
    pub(crate) fn look(&self) {
        let inner = &mut *self.inner.borrow_mut();
        let now = self.now();
        if inner.server.deadline().is_some_and(|at_ms| at_ms <= now.mono_ms) {
            inner.server.timeout(now, &mut inner.outs);
            inner.finish(&Packet::NONE, now);
            // Maybe one of them has no allocation any more.
            inner.carrier.links.wake_all();
        } else if (now.mono_ms / 1000).is_multiple_of(LOOK_S) {
            // Or it was another worker's.
            inner.carrier.links.wake_all();
        }
        if (now.mono_ms / 1000).is_multiple_of(INTERFACES_S) {
            inner.carrier.relays.note_interfaces((self.interfaces)());
        }
        self.note(inner);
    }

    /// A client on a stream: its number, and what waits for it.
    pub(crate) fn open_link(&self) -> (u64, Rc<Outlet>) {
        let carrier = &mut self.inner.borrow_mut().carrier;
        carrier.links.open(&carrier.neighbours)
    }

    /// Its link is lost.
    pub(crate) fn close_link(&self, client: &Client) {
        let inner = &mut *self.inner.borrow_mut();
        let now = self.now();
        inner.carrier.links.close(client.link);
        inner.server.link_gone(client, &mut inner.outs);
        if let Some(worker) = inner.server.redirected(client, now) {
            let _ = inner.carrier.neighbours.tell(worker, Word::LinkGone { client: *client });
        }
        inner.finish(&Packet::NONE, now);
        self.note(inner);
    }

    /// What came on a stream. Gives how much of it was used up: the rest is the beginning of a message.
    ///
    /// # Errors
    /// It is something else, and nothing after it can be read.
    pub(crate) fn read_stream(&self, client: Client, source: &[u8]) -> Result<usize, NotTurn> {
        let inner = &mut *self.inner.borrow_mut();
        let now = self.now();
        let (mut used, mut fault) = (0, None);
        loop {
            match next_message(&source[used..], LONGEST) {
                Ok(Framed::Message { length, taken }) => {
                    let packet = Packet { source, place: used..used + length };
                    inner.server.handle_client(client, packet.bytes(), now, &mut inner.outs);
                    inner.carrier.carry(&mut inner.server, &mut inner.outs, &packet, now);
                    used += taken;
                    if inner.carrier.links.is_spliced(client.link) {
                        // All that follows is the peer's.
                        break;
                    }
                }
                Ok(Framed::Part { .. }) => break,
                Err(NotTurn) => {
                    fault = Some(NotTurn);
                    break;
                }
            }
        }
        inner.carrier.flush(source);
        self.note(inner);
        fault.map_or(Ok(used), Err)
    }

    /// Whether a client has an allocation, here or at another worker.
    pub(crate) fn has_allocation(&self, client: &Client) -> bool {
        let server = &self.inner.borrow().server;
        server.has_allocation(client) || server.redirected(client, self.now()).is_some()
    }

    fn now(&self) -> Now {
        let now = self.clock.now();
        Now { unix_ms: now.unix_ms, mono_ms: now.mono_ms }
    }

    /// Shows others what was counted.
    fn note(&self, inner: &Inner) {
        self.tallies.note(&inner.server, inner.carrier.dropped);
    }
}

/// A worker whose readers are gone would be sent its share of packets, and lose them all.
async fn stay(mut readers: JoinSet<()>) {
    while let Some(ended) = readers.join_next().await {
        if ended.is_err_and(|error| error.is_panic()) {
            abort();
        }
    }
}

impl Inner {
    fn read_relay(&mut self, relay: RelayId, now: Now) {
        let Some(socket) = self.carrier.relays.get(relay) else { return };
        // What is wrong with it is told by its error queue.
        if self.inbox.receive(socket).is_err() {
            return;
        }
        for arrival in self.inbox.arrivals() {
            let peer = self.carrier.relays.outward(arrival.from);
            let packet = Packet { source: self.inbox.bytes(), place: arrival.place.clone() };
            self.server.handle_peer(relay, peer, packet.bytes(), now, &mut self.outs);
            self.carrier.carry(&mut self.server, &mut self.outs, &packet, now);
        }
        self.carrier.flush(self.inbox.bytes());
    }

    fn take_errors(&mut self, relay: RelayId, now: Now) {
        for _ in 0..ERRORS {
            let Some(socket) = self.carrier.relays.get(relay) else { return };
            let Ok(error) = next_error(socket) else { break };
            if let Some(NetworkError { peer, kind, code, info }) = error {
                let peer = self.carrier.relays.outward(peer);
                let error = IcmpError { kind, code, mtu: info };
                self.server.handle_icmp(relay, peer, error, now, &mut self.outs);
            }
        }
        self.finish(&Packet::NONE, now);
    }

    /// Carries out what the machine wants.
    pub(super) fn finish(&mut self, packet: &Packet<'_>, now: Now) {
        self.carrier.carry(&mut self.server, &mut self.outs, packet, now);
        self.carrier.flush(packet.source);
    }
}
