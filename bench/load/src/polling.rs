//! Socket.IO clients that poll: each opens a session, goes to the namespace and parks a poll. One of them emits an event;
//! everybody (it too) must get it and poll again.
//!
//! Polls go over one kept-alive connection for each client, as does what a client has to post (a pong). Only events are posted
//! over a connection of their own, since the client that emits them has a poll parked on its first.

use std::time::Duration;

use serde::Deserialize;

use crate::args::Polling;
use crate::check::Checker;
use crate::clock::Clock;
use crate::failure::{Failure, Result};
use crate::link::{self, Link};
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::pool::{Inbox, Pool};
use crate::reply::{self, Reply};
use crate::socketio::{Namespace, PONG, Packet};
use crate::target::{Target, source};

/// Time for the first polls to be parked, and at the end for a duplicate to show itself.
const CALM: Duration = Duration::from_millis(300);
/// What separates packets in the answer to a poll (Engine.IO 4, "Payload").
const SEPARATOR: u8 = 0x1e;

/// What the server says of a new session, as far as it matters here.
#[derive(Deserialize)]
struct Description<'a> {
    sid: &'a str,
}

/// One client's session.
struct Client {
    /// The path with its session id, once it has one.
    path: String,
    /// Whether the request that is under way is a POST.
    posting: bool,
    /// Whether it is not in the namespace yet.
    outside: bool,
}

/// All clients; events are posted on the connection after theirs.
struct Pollers {
    checker: Checker,
    meter: Meter,
    target: Target,
    namespace: Namespace,
    clients: Vec<Client>,
    /// Clients that are not in the namespace yet.
    outside: usize,
    /// Events that the server has not confirmed to the client that emits.
    unconfirmed: usize,
}

impl Pollers {
    fn get(&self, path: &str) -> Vec<u8> {
        format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.target.address).into_bytes()
    }

    fn post(&self, path: &str, packet: &[u8]) -> Vec<u8> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n",
            self.target.address,
            packet.len()
        );
        [head.as_bytes(), packet].concat()
    }

    /// Handles an answer to a client and gives its next request.
    fn answered(&mut self, n: usize, reply: &Reply<'_>) -> Result<Vec<u8>> {
        let next = match (self.clients[n].posting, reply.body) {
            (false, packets) => self.polled(n, packets)?,
            (true, b"ok") => None,
            (true, _) => return Err(reply.unexpected()),
        };
        self.clients[n].posting = next.is_some();
        let path = &self.clients[n].path;
        Ok(next.map_or_else(|| self.get(path), |packet| self.post(path, &packet)))
    }

    /// Handles the packets that a poll got; answers what has to be posted before the next.
    fn polled(&mut self, n: usize, body: &[u8]) -> Result<Option<Vec<u8>>> {
        let now = self.meter.now();
        let mut next = None;
        for packet in body.split(|&byte| byte == SEPARATOR) {
            match self.namespace.read(packet)? {
                Packet::Open(description) => {
                    self.open(n, description)?;
                    next = Some(self.namespace.connect().to_vec());
                }
                Packet::Connected => self.enter(n)?,
                Packet::Message(message) => {
                    let sent = self.checker.receive(n, message)?;
                    self.meter.record(sent, now);
                }
                Packet::Ping => next = Some(PONG.to_vec()),
                Packet::Aside => {}
            }
        }
        Ok(next)
    }

    fn open(&mut self, n: usize, description: &[u8]) -> Result<()> {
        let Description { sid } = serde_json::from_slice(description)
            .map_err(|error| Failure::Protocol(format!("open packet: {error}")))?;
        self.clients[n].path = format!("{}&sid={sid}", self.target.path(n));
        Ok(())
    }

    fn enter(&mut self, n: usize) -> Result<()> {
        if !std::mem::take(&mut self.clients[n].outside) {
            return Err(Failure::Protocol(format!("client {n} was let in twice")));
        }
        self.outside -= 1;
        Ok(())
    }

    /// Client 0 emits one event; waits until everybody has it and has asked again.
    fn round(&mut self, pool: &mut Pool, pause: Duration) -> Result<()> {
        let now = self.meter.now();
        let event = self.namespace.event(self.checker.send(now));
        self.unconfirmed += 1;
        pool.send(self.clients.len(), &self.post(&self.clients[0].path, &event))?;
        pool.settle(self)?;
        pool.watch(self, pause)
    }
}

impl Inbox for Pollers {
    fn take(&mut self, link: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let mut used = 0;
        while let Some(reply) = reply::parse(&bytes[used..])? {
            if reply.status != 200 {
                return Err(reply.unexpected());
            }
            if link < self.clients.len() {
                out.extend(self.answered(link, &reply)?);
            } else {
                self.unconfirmed = self.unconfirmed.checked_sub(1).ok_or_else(|| reply.unexpected())?;
            }
            used += reply.length;
        }
        Ok(used)
    }

    fn settled(&self) -> bool {
        self.outside == 0 && self.unconfirmed == 0 && self.checker.settled()
    }

    fn missing(&self) -> String {
        format!(
            "{} clients are not in the namespace, {} events not confirmed; {}",
            self.outside,
            self.unconfirmed,
            self.checker.missing()
        )
    }
}

/// Opens all sessions, and has every poll parked.
fn park(options: &Polling, pollers: &mut Pollers, run: u64, clock: Clock) -> Result<Pool> {
    let mut pool = Pool::new(&options.common, clock)?;
    for n in 0..=pollers.clients.len() {
        pool.add(Link::new(link::connect(pollers.target.address, source(run, n))?, Vec::new())?)?;
    }
    for n in 0..pollers.clients.len() {
        pool.send(n, &pollers.get(&pollers.target.path(n)))?;
    }
    pool.settle(pollers)?;
    pool.watch(pollers, CALM)?;
    Ok(pool)
}

/// Runs the scenario.
pub(crate) fn run(options: &Polling) -> Result<Outcome> {
    let common = &options.common;
    let (clock, run) = (Clock::start(), fastrand::u64(..));
    let client = || Client { path: String::new(), posting: false, outside: true };
    let mut pollers = Pollers {
        checker: Checker::new(run, 0, common.size as usize, common.connections),
        meter: Meter::new(common, clock)?,
        target: Target::parse(&common.url)?,
        namespace: Namespace::new(&options.socketio, options.offsets),
        clients: std::iter::repeat_with(client).take(common.connections).collect(),
        outside: common.connections,
        unconfirmed: 0,
    };
    let mut pool = park(options, &mut pollers, run, clock)?;
    let pause = Duration::from_millis(options.pause);
    for _ in 0..options.warmup {
        pollers.round(&mut pool, pause)?;
    }
    pollers.meter.begin()?;
    for _ in 0..options.rounds {
        pollers.round(&mut pool, pause)?;
    }
    let measured = pollers.meter.finish()?;
    pool.watch(&mut pollers, CALM)?;
    Outcome::of_deliveries("polling", common, measured, &pollers.meter)
}
