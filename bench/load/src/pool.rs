//! All connections of a run, on one epoll, in one thread.

use std::time::Duration;

use mio::{Events, Interest, Poll, Token};

use crate::args::{Common, Waiting};
use crate::clock::{Clock, Nanos, nanos};
use crate::failure::{Doing, Failure, Result};
use crate::link::Link;

/// One read takes at most this much; a full burst of small messages fits.
const SCRATCH: usize = 64 * 1024;
/// Events taken from the kernel at once.
const EVENTS: usize = 1024;
/// Longest sleep, so that patience is checked now and then.
const NAP: Duration = Duration::from_millis(20);

/// What a scenario does with bytes that arrive.
pub(crate) trait Inbox {
    /// Looks at what has arrived on `link` and answers how many bytes of it are used. What is appended to `out` is sent
    /// on the same connection.
    fn take(&mut self, link: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize>;

    /// Whether all that was asked for has arrived.
    fn settled(&self) -> bool;

    /// Says what has not.
    fn missing(&self) -> String;
}

/// The connections, numbered from 0.
pub(crate) struct Pool {
    poll: Poll,
    links: Vec<Link>,
    scratch: Vec<u8>,
    out: Vec<u8>,
    clock: Clock,
    spin: bool,
    patience: Nanos,
}

impl Pool {
    /// No connections yet.
    pub(crate) fn new(common: &Common, clock: Clock) -> Result<Self> {
        Ok(Self {
            poll: Poll::new().doing(|| "making an epoll".to_owned())?,
            links: Vec::with_capacity(common.connections + 1),
            scratch: vec![0; SCRATCH],
            out: Vec::new(),
            clock,
            spin: common.waiting == Waiting::Spin,
            patience: nanos(Duration::from_secs(common.patience)),
        })
    }

    /// Adds a connection; its number is how many there were.
    pub(crate) fn add(&mut self, mut link: Link) -> Result<()> {
        self.watch_link(&mut link, self.links.len())?;
        self.links.push(link);
        Ok(())
    }

    /// Puts another connection in the place of one that is over.
    pub(crate) fn replace(&mut self, number: usize, mut link: Link) -> Result<()> {
        let registry = self.poll.registry();
        registry.deregister(self.links[number].source()).doing(|| "leaving a socket".to_owned())?;
        self.watch_link(&mut link, number)?;
        self.links[number] = link;
        Ok(())
    }

    fn watch_link(&self, link: &mut Link, number: usize) -> Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = self.poll.registry().register(link.source(), Token(number), interest);
        registered.doing(|| "watching a socket".to_owned())
    }

    /// Sends on one connection.
    pub(crate) fn send(&mut self, link: usize, bytes: &[u8]) -> Result<()> {
        self.links[link].send(bytes)
    }

    /// Handles what arrives until the inbox is settled.
    ///
    /// # Errors
    /// [`Failure::Stalled`] if nothing arrives for longer than the patience.
    pub(crate) fn settle(&mut self, inbox: &mut impl Inbox) -> Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let mut last = self.clock.now();
        self.take_early(inbox)?;
        while !inbox.settled() {
            if self.turn(&mut events, inbox)? {
                last = self.clock.now();
            } else if self.clock.now() - last > self.patience {
                let seconds = self.patience / 1_000_000_000;
                return Err(Failure::Stalled { seconds, missing: inbox.missing() });
            }
        }
        Ok(())
    }

    /// Handles what arrives for as long as `time` says.
    pub(crate) fn watch(&mut self, inbox: &mut impl Inbox, time: Duration) -> Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let end = self.clock.now() + nanos(time);
        while self.clock.now() < end {
            self.turn(&mut events, inbox)?;
        }
        Ok(())
    }

    /// What came together with the answer to a handshake causes no event of its own.
    fn take_early(&mut self, inbox: &mut impl Inbox) -> Result<()> {
        for (number, link) in self.links.iter_mut().enumerate().filter(|(_, link)| link.has_unread()) {
            link.reread(|bytes| inbox.take(number, bytes, &mut self.out))?;
            answer(link, &mut self.out)?;
        }
        Ok(())
    }

    /// One look at the kernel; answers whether there was anything.
    fn turn(&mut self, events: &mut Events, inbox: &mut impl Inbox) -> Result<bool> {
        let timeout = if self.spin { Duration::ZERO } else { NAP };
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(false),
            polled => polled.doing(|| "waiting for events".to_owned())?,
        }
        for event in events.iter() {
            let number = event.token().0;
            let link = &mut self.links[number];
            if event.is_writable() {
                link.flush()?;
            }
            if event.is_readable() {
                let mut more = true;
                while more {
                    more = link
                        .read(number, &mut self.scratch, |bytes| inbox.take(number, bytes, &mut self.out))?;
                    answer(link, &mut self.out)?;
                }
            }
        }
        Ok(!events.is_empty())
    }
}

fn answer(link: &mut Link, out: &mut Vec<u8>) -> Result<()> {
    if !out.is_empty() {
        link.send(out)?;
        out.clear();
    }
    Ok(())
}
