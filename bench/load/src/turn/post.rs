//! What is to be sent, sorted by socket: everything for one goes in one call.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::turn::datagrams::{Card, Outbox};

/// How many addresses there are for clients on one socket. The numbers of clients go round in them.
pub(crate) const ADDRESSES: usize = 51_200;
/// How many of them share the first three numbers.
const NEIGHBOURS: usize = 200;

/// How clients reach the server.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Transport {
    /// Several on each UDP socket.
    Udp,
    /// Each with a TCP connection.
    Tcp,
}

/// Where everybody is.
pub(crate) struct Plan {
    /// How clients reach the server.
    pub(crate) transport: Transport,
    /// What datagrams go through.
    pub(crate) card: Card,
    /// The server.
    pub(crate) server: SocketAddrV4,
    /// How many clients there are at a time; those with higher numbers take the places of others.
    pub(crate) clients: usize,
    /// How many of them share a socket, on their side and on their peers'.
    pub(crate) group: usize,
    /// Random number of the run: clients of the next have other addresses.
    pub(crate) run: u64,
}

impl Plan {
    /// How many sockets there are for the peers.
    pub(crate) fn peers(&self) -> usize {
        self.clients.div_ceil(self.group)
    }

    /// How many UDP sockets there are for clients.
    pub(crate) fn doors(&self) -> usize {
        match self.transport {
            Transport::Udp => self.peers(),
            Transport::Tcp => 0,
        }
    }

    /// The socket of client `n`, of its peer's.
    pub(crate) fn door(&self, n: usize) -> usize {
        n % self.clients / self.group
    }

    /// The address of client `n` on UDP.
    pub(crate) fn address(&self, n: usize) -> Ipv4Addr {
        let (third, fourth) = (n / NEIGHBOURS % 256, n % NEIGHBOURS + 1);
        Ipv4Addr::new(127, 1 + (self.run % 250) as u8, third as u8, fourth as u8)
    }

    /// Which of those on this socket has this address: its number, less the times that numbers went round.
    pub(crate) fn client(&self, door: usize, address: Ipv4Addr) -> Option<usize> {
        let [_, _, third, fourth] = address.octets();
        let n = usize::from(third) * NEIGHBOURS + usize::from(fourth).checked_sub(1)?;
        (self.address(n) == address && self.door(n) == door).then_some(n)
    }
}

/// What waits to be sent. Sockets are numbered: those of clients on UDP first, then those of peers, then TCP connections.
pub(crate) struct Post {
    plan: Plan,
    outboxes: Vec<Outbox>,
    streams: Vec<Vec<u8>>,
    /// Sockets for which something waits.
    waiting: Vec<usize>,
}

impl Post {
    /// Nothing yet.
    pub(crate) fn new(plan: Plan) -> Self {
        let (udp, tcp) = (plan.doors() + plan.peers(), if plan.doors() == 0 { plan.clients } else { 0 });
        Self {
            plan,
            outboxes: std::iter::repeat_with(Outbox::default).take(udp).collect(),
            streams: vec![Vec::new(); tcp],
            waiting: Vec::new(),
        }
    }

    /// Where everybody is.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// From client `n` to the server; `write` appends the bytes.
    pub(crate) fn for_server(&mut self, n: usize, write: impl FnOnce(&mut Vec<u8>)) {
        if self.plan.transport == Transport::Tcp {
            let stream = &mut self.streams[n];
            if stream.is_empty() {
                self.waiting.push(self.outboxes.len() + n);
            }
            write(stream);
            // All pieces are multiples of four bytes (RFC 8656 §12.5).
            stream.resize(stream.len().next_multiple_of(4), 0);
            return;
        }
        let (from, to) = (self.plan.address(n), self.plan.server);
        self.add(self.plan.door(n), from, to, write);
    }

    /// From the peer of client `n` to this address.
    pub(crate) fn for_relay(&mut self, n: usize, relay: SocketAddrV4, write: impl FnOnce(&mut Vec<u8>)) {
        let socket = self.plan.doors() + self.plan.door(n);
        self.add(socket, Ipv4Addr::UNSPECIFIED, relay, write);
    }

    fn add(&mut self, socket: usize, from: Ipv4Addr, to: SocketAddrV4, write: impl FnOnce(&mut Vec<u8>)) {
        let outbox = &mut self.outboxes[socket];
        if outbox.is_empty() {
            self.waiting.push(socket);
        }
        outbox.add(from, to, write);
    }

    /// The next socket for which something waits.
    pub(crate) fn next(&mut self) -> Option<usize> {
        self.waiting.pop()
    }

    /// That something waits for it still.
    pub(crate) fn keep(&mut self, sockets: impl Iterator<Item = usize>) {
        self.waiting.extend(sockets);
    }

    /// What waits for a UDP socket.
    pub(crate) fn outbox(&mut self, socket: usize) -> &mut Outbox {
        &mut self.outboxes[socket]
    }

    /// What waits for a TCP connection.
    pub(crate) fn stream(&mut self, link: usize) -> &mut Vec<u8> {
        &mut self.streams[link]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(transport: Transport) -> Plan {
        Plan {
            transport,
            card: Card::Plain,
            server: "127.0.0.1:1".parse().unwrap(),
            clients: 40,
            group: 16,
            run: 3,
        }
    }

    #[test]
    fn clients_have_addresses_of_their_own() {
        let plan = plan(Transport::Udp);
        let all: std::collections::HashSet<_> = (0..ADDRESSES).map(|n| plan.address(n)).collect();
        assert_eq!(all.len(), ADDRESSES);
        assert_eq!(plan.address(ADDRESSES), plan.address(0));
        assert_eq!((plan.door(15), plan.door(16), plan.door(39), plan.door(40)), (0, 1, 2, 0));
        assert!((0..1000).all(|n| plan.client(plan.door(n), plan.address(n)) == Some(n)));
        assert_eq!(plan.client(1, plan.address(0)), None, "another socket");
        assert_eq!(plan.client(0, "127.0.0.1".parse().unwrap()), None);
        assert_eq!(plan.client(0, "127.4.0.250".parse().unwrap()), None);
    }

    #[test]
    fn what_waits_is_named_once() {
        let mut post = Post::new(plan(Transport::Udp));
        let relay = "127.0.0.1:2".parse().unwrap();
        for n in [0, 1, 39, 0] {
            post.for_server(n, |bytes| bytes.push(1));
            post.for_relay(n, relay, |bytes| bytes.push(1));
        }
        let mut waiting: Vec<usize> = std::iter::from_fn(|| post.next()).collect();
        waiting.sort_unstable();
        assert_eq!(waiting, [0, 2, 3, 5], "two sockets of clients, two of peers");
    }

    #[test]
    fn streams_are_padded() {
        let mut post = Post::new(plan(Transport::Tcp));
        post.for_server(39, |bytes| bytes.extend_from_slice(b"five!"));
        assert_eq!(post.next(), Some(3 + 39));
        assert_eq!(post.stream(39), b"five!\0\0\0");
    }
}
