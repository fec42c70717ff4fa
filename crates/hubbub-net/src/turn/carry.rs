//! Doing what the machine wants done.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::rc::Rc;

use hubbub_turn::{Client, ConnectionId, Known, Now, Out, Port, RelayId, Server, TcpOut};

use super::calls::Calls;
use super::links::Links;
use super::neighbours::{Call, Neighbours, Word, home_of};
use super::ports::Protocol;
use super::relays::Relays;
use super::splice::Splice;
use crate::udp::{Datagram, Outgoing};

/// A socket of UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum By {
    /// One that clients send to, by its place.
    Listening(usize),
    /// One that relays.
    Relay(RelayId),
}

/// A socket that clients send to.
pub(crate) struct Listening {
    pub(crate) socket: Rc<UdpSocket>,
    pub(crate) address: SocketAddr,
}

/// All ways out.
pub(crate) struct Carrier {
    pub(crate) listening: Vec<Listening>,
    pub(crate) relays: Relays,
    pub(crate) links: Links,
    pub(crate) calls: Calls,
    pub(crate) neighbours: Neighbours,
    pub(crate) outgoing: Outgoing<By>,
    /// The worker whose client is being answered, if it has to know something first.
    pub(crate) via: Option<u16>,
    /// Packets that found no room.
    pub(crate) dropped: u64,
}

/// The packet that the machine was just handed: a part of what came in.
#[derive(Clone)]
pub(crate) struct Packet<'a> {
    pub(crate) source: &'a [u8],
    pub(crate) place: Range<usize>,
}

impl Packet<'_> {
    /// Nothing came in: time has passed.
    pub(crate) const NONE: Self = Packet { source: &[], place: 0..0 };

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.source[self.place.clone()]
    }
}

impl Carrier {
    /// Carries out all of `outs`. Datagrams are gathered until [`Self::flush`].
    pub(crate) fn carry(&mut self, server: &mut Server, outs: &mut Vec<Out>, packet: &Packet<'_>, now: Now) {
        // What the machine wants when it is told of what was done comes behind, and seldom.
        while !outs.is_empty() {
            let mut wanted = std::mem::take(outs);
            wanted.drain(..).for_each(|out| self.carry_one(server, out, packet, now, outs));
            if outs.is_empty() {
                *outs = wanted;
                return;
            }
        }
    }

    fn carry_one(
        &mut self,
        server: &mut Server,
        out: Out,
        packet: &Packet<'_>,
        now: Now,
        more: &mut Vec<Out>,
    ) {
        match out {
            Out::Send { to, message } => self.send_to_client(to, &message, 0..0, 0, packet),
            Out::Deliver { to, prefix, padding } => {
                self.send_to_client(to, &prefix, packet.place.clone(), padding, packet)
            }
            Out::Forward { relay, peer, payload, dont_fragment } => {
                let start = packet.place.start;
                let Some(to) = self.relays.inward(Protocol::Udp, peer) else { return self.dropped += 1 };
                self.outgoing.push(Datagram {
                    by: By::Relay(relay),
                    from: None,
                    to,
                    head: &[],
                    body: start + payload.start..start + payload.end,
                    padding: 0,
                    whole: dont_fragment,
                });
            }
            Out::OpenRelay { relay, family, port } => {
                let address = self.relays.open(relay, family, port);
                server.opened(relay, port, address, now, more);
            }
            Out::CloseRelay { relay } => {
                self.relays.close(relay);
                self.calls.deafen(relay);
            }
            // Credentials that the machine cannot check itself are nobody's here.
            Out::Lookup { ticket, .. } => server.answer(ticket, Known::Nobody, now, more),
            Out::Tcp(out) => self.carry_call(server, out, now, more),
            Out::Elsewhere { worker, from, packet } => {
                self.neighbours.tell(worker, Word::Packet { from, via: self.neighbours.own, packet });
            }
            Out::Redirect { via, client, until_ms } => {
                let worker = self.neighbours.own;
                self.neighbours.tell(via, Word::Redirect { client, worker, until_ms });
            }
        }
    }

    fn carry_call(&mut self, server: &mut Server, out: TcpOut, now: Now, more: &mut Vec<Out>) {
        match out {
            TcpOut::Listen { relay, family } => {
                let address = self.calls.listen(relay, family, &mut self.relays);
                server.opened(relay, Port::Any, address, now, more);
            }
            TcpOut::Connect { connection, relay, peer } => {
                match self.relays.inward(Protocol::Tcp, peer).filter(|_| self.calls.has_room()) {
                    Some(peer) => self.calls.call(connection, relay, peer),
                    None => server.tcp_connected(connection, false, now, more),
                }
            }
            TcpOut::Splice { connection, link } => {
                if !self.splice(connection, link.link) {
                    self.calls.end(connection);
                    server.tcp_gone(connection, now, more);
                }
            }
            TcpOut::Close { connection } => {
                if let Some(link) = self.calls.end(connection) {
                    self.cut(link);
                }
            }
        }
    }

    /// The link may be another worker's: it stays there, and the connection goes to it. `false`: there is no such link, or it is one
    /// with another connection.
    fn splice(&mut self, connection: ConnectionId, link: u64) -> bool {
        let Some(stream) = self.calls.take(connection, link) else { return false };
        let (home, call) = (home_of(link), Call { connection, home: self.neighbours.own });
        if home == self.neighbours.own {
            return self.links.splice(link, Splice { stream, call }).is_ok();
        }
        let stream = stream.into_std();
        stream.is_ok_and(|stream| self.neighbours.tell(home, Word::Splice { link, stream, call }))
    }

    fn cut(&mut self, link: u64) {
        match home_of(link) {
            home if home == self.neighbours.own => self.links.cut(link),
            home => drop(self.neighbours.tell(home, Word::Cut { link })),
        }
    }

    pub(crate) fn send_to_client(
        &mut self,
        to: Client,
        head: &[u8],
        body: Range<usize>,
        padding: u8,
        packet: &Packet<'_>,
    ) {
        if to.transport.is_stream() && home_of(to.link) != self.neighbours.own {
            let message = [head, &packet.source[body], &[0; 3][..usize::from(padding)]].concat();
            self.dropped +=
                u64::from(!self.neighbours.tell(home_of(to.link), Word::Send { link: to.link, message }));
            return;
        }
        if to.transport.is_stream() {
            let zeros = &[0; 3][..usize::from(padding)];
            self.dropped += u64::from(!self.links.send(to.link, [head, &packet.source[body], zeros]));
            return;
        }
        if let Some(via) = self.via {
            self.neighbours.tell(via, Word::Answer { to, message: head.to_vec() });
            return;
        }
        let Some((by, from)) = self.way_to(to.local) else { return };
        self.outgoing.push(Datagram {
            by: By::Listening(by),
            from,
            to: to.remote,
            head,
            body,
            padding,
            whole: false,
        });
    }

    /// The socket at one of our addresses; and the address again, if that socket has several.
    fn way_to(&self, local: SocketAddr) -> Option<(usize, Option<IpAddr>)> {
        let by = self.listening.iter().position(|one| one.address == local);
        if let Some(by) = by {
            return Some((by, None));
        }
        let is_all = |one: &Listening| {
            one.address.port() == local.port()
                && one.address.ip().is_unspecified()
                && one.address.is_ipv4() == local.is_ipv4()
        };
        self.listening.iter().position(is_all).map(|by| (by, Some(local.ip())))
    }

    /// Sends the datagrams that were gathered.
    pub(crate) fn flush(&mut self, source: &[u8]) {
        let Self { listening, relays, outgoing, dropped, .. } = self;
        *dropped += outgoing.flush(source, |by| match by {
            By::Listening(place) => listening.get(place).map(|one| &*one.socket),
            By::Relay(relay) => relays.get(relay),
        });
    }
}
