//! Both ends of every allocation, clients and their peers, on one epoll, in one thread.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

use crate::args::{Common, Waiting};
use crate::clock::{Clock, Nanos, nanos};
use crate::failure::{Doing, Failure, Result};
use crate::link::{self, Link};
use crate::target::source;
use crate::turn::datagrams::{self, Receiver, Sender};
use crate::turn::piece::{self, Piece, unexpected};
use crate::turn::post::{Plan, Post, Transport};

/// One read of a TCP connection takes at most this much.
const SCRATCH: usize = 64 * 1024;
/// Events taken from the kernel at once.
const EVENTS: usize = 256;
/// How often scenarios look for what is late.
const TICK: Nanos = 50_000_000;

/// What a scenario does with what comes.
pub(crate) trait Ear {
    /// The server has sent something to the client with this number.
    fn client(&mut self, n: usize, piece: Piece<'_>, now: Nanos, post: &mut Post) -> Result<()>;

    /// Something has come to a peer's socket.
    fn peer(
        &mut self,
        door: usize,
        from: SocketAddrV4,
        bytes: &[u8],
        now: Nanos,
        post: &mut Post,
    ) -> Result<()>;

    /// A good moment to look for what is late.
    fn tick(&mut self, now: Nanos, post: &mut Post) -> Result<()>;

    /// Whether all that was asked for has come.
    fn settled(&self) -> bool;

    /// Says what has not.
    fn missing(&self) -> String;
}

/// All sockets, and what is to be sent on them.
pub(crate) struct Ends {
    poll: Poll,
    sockets: Vec<UdpSocket>,
    links: Vec<Link>,
    /// What is to be sent.
    pub(crate) post: Post,
    receiver: Receiver,
    sender: Sender,
    scratch: Vec<u8>,
    clock: Clock,
    ticked: Nanos,
    spin: bool,
    patience: Nanos,
}

impl Ends {
    /// Opens all sockets.
    pub(crate) fn open(common: &Common, plan: Plan, clock: Clock) -> Result<Self> {
        let card = plan.card;
        let mut ends = Self {
            poll: Poll::new().doing(|| "making an epoll".to_owned())?,
            sockets: Vec::new(),
            links: Vec::new(),
            post: Post::new(plan),
            receiver: Receiver::new(card),
            sender: Sender::new(card),
            scratch: vec![0; SCRATCH],
            clock,
            ticked: 0,
            spin: common.waiting == Waiting::Spin,
            patience: nanos(Duration::from_secs(common.patience)),
        };
        let plan = ends.post.plan();
        let doors = std::iter::repeat_n(Ipv4Addr::UNSPECIFIED, plan.doors());
        let peers = std::iter::repeat_n(Ipv4Addr::LOCALHOST, plan.peers());
        ends.sockets = doors.chain(peers).map(|ip| datagrams::open(ip, card)).collect::<Result<_>>()?;
        if plan.transport == Transport::Tcp {
            let connect = |n| Link::new(link::connect(plan.server, source(plan.run, n))?, Vec::new());
            ends.links = (0..plan.clients).map(connect).collect::<Result<_>>()?;
        }
        ends.register().doing(|| "watching sockets".to_owned())?;
        Ok(ends)
    }

    fn register(&mut self) -> std::io::Result<()> {
        let registry = self.poll.registry();
        for (number, socket) in self.sockets.iter_mut().enumerate() {
            registry.register(socket, Token(number), Interest::READABLE)?;
        }
        for (number, link) in self.links.iter_mut().enumerate() {
            let token = Token(self.sockets.len() + number);
            registry.register(link.source(), token, Interest::READABLE | Interest::WRITABLE)?;
        }
        Ok(())
    }

    /// The time.
    pub(crate) fn now(&self) -> Nanos {
        self.clock.now()
    }

    /// Where the peer of client `n` is.
    pub(crate) fn peer(&self, n: usize) -> Result<SocketAddrV4> {
        let plan = self.post.plan();
        let socket = &self.sockets[plan.doors() + plan.door(n)];
        let port = socket.local_addr().doing(|| "asking for an address".to_owned())?.port();
        Ok(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
    }

    /// Sends what waits, and handles what comes until `ear` has all.
    ///
    /// # Errors
    /// [`Failure::Stalled`] if nothing comes for longer than the patience.
    pub(crate) fn settle(&mut self, ear: &mut impl Ear) -> Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let mut last = self.clock.now();
        while !ear.settled() {
            if self.turn(&mut events, ear)? {
                last = self.clock.now();
            } else if self.ticked > last + self.patience && !ear.settled() {
                // At that tick the ear had its chance to count as lost what it waits for.
                let seconds = self.patience / 1_000_000_000;
                return Err(Failure::Stalled { seconds, missing: ear.missing() });
            }
        }
        Ok(())
    }

    /// Sends what waits, and handles what comes for as long as `time` says.
    pub(crate) fn watch(&mut self, ear: &mut impl Ear, time: Duration) -> Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let end = self.clock.now() + nanos(time);
        while self.clock.now() < end {
            self.turn(&mut events, ear)?;
        }
        Ok(())
    }

    /// One look at the kernel; answers whether there was anything.
    fn turn(&mut self, events: &mut Events, ear: &mut impl Ear) -> Result<bool> {
        self.flush()?;
        let now = self.clock.now();
        if now >= self.ticked + TICK {
            self.ticked = now;
            ear.tick(now, &mut self.post)?;
            self.flush()?;
        }
        let timeout = if self.spin { Duration::ZERO } else { Duration::from_nanos(TICK) };
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(false),
            polled => polled.doing(|| "waiting for events".to_owned())?,
        }
        for event in events.iter() {
            match event.token().0.checked_sub(self.sockets.len()) {
                None => self.datagrams(event.token().0, ear)?,
                Some(link) => self.stream(link, event.is_writable(), ear)?,
            }
            self.flush()?;
        }
        Ok(!events.is_empty())
    }

    /// Takes all that has come to a UDP socket.
    fn datagrams(&mut self, socket: usize, ear: &mut impl Ear) -> Result<()> {
        let doors = self.post.plan().doors();
        loop {
            let more = self.receiver.receive(&self.sockets[socket])?;
            let now = self.clock.now();
            for n in 0..self.receiver.count() {
                let got = self.receiver.datagram(n)?;
                if socket >= doors {
                    ear.peer(socket - doors, got.from, got.bytes, now, &mut self.post)?;
                    continue;
                }
                let client =
                    self.post.plan().client(socket, got.to).filter(|_| got.from == self.post.plan().server);
                let client = client.ok_or_else(|| {
                    unexpected(
                        &format!("from {} to {}, where nobody waits for it", got.from, got.to),
                        got.bytes,
                    )
                })?;
                ear.client(client, piece::in_datagram(got.bytes)?, now, &mut self.post)?;
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Takes what has come on a TCP connection.
    fn stream(&mut self, number: usize, writable: bool, ear: &mut impl Ear) -> Result<()> {
        let (link, post, now) = (&mut self.links[number], &mut self.post, self.clock.now());
        if writable {
            link.flush()?;
        }
        while link.read(number, &mut self.scratch, |bytes| pieces(number, bytes, now, ear, post))? {}
        Ok(())
    }

    /// Sends what waits; what the kernel has no room for waits on.
    fn flush(&mut self) -> Result<()> {
        let mut kept = Vec::new();
        while let Some(number) = self.post.next() {
            if let Some(link) = number.checked_sub(self.sockets.len()) {
                let bytes = self.post.stream(link);
                self.links[link].send(bytes)?;
                bytes.clear();
            } else if !self.sender.send(&self.sockets[number], self.post.outbox(number))? {
                kept.push(number);
            }
        }
        self.post.keep(kept.into_iter());
        Ok(())
    }
}

/// Hands out all whole pieces of a stream; answers how many bytes they take.
fn pieces(n: usize, bytes: &[u8], now: Nanos, ear: &mut impl Ear, post: &mut Post) -> Result<usize> {
    let mut used = 0;
    while let Some((piece, taken)) = piece::in_stream(&bytes[used..])? {
        ear.client(n, piece, now, post)?;
        used += taken;
    }
    Ok(used)
}
