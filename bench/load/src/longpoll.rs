//! Long poll: parked requests on one channel; a message wakes them all, and each asks again with its new cursor.

use std::time::Duration;

use serde::Deserialize;

use crate::args::{Longpoll, Resume};
use crate::check::Checker;
use crate::clock::Clock;
use crate::failure::{Failure, Result};
use crate::link::{self, Link};
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::pool::{Inbox, Pool};
use crate::reply::{self, Reply};
use crate::target::{Target, source};

/// Seconds that a poll may stay parked.
const WAIT: u32 = 20;
/// Time for the first polls to be parked, and at the end for a duplicate to show itself.
const CALM: Duration = Duration::from_millis(300);

/// What Hubbub answers to a poll, as far as it matters here.
#[derive(Deserialize)]
struct Batch<'a> {
    cursor: &'a str,
    #[serde(borrow)]
    messages: Vec<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    data: &'a str,
}

/// All pollers, and the publisher as the last connection.
struct Pollers {
    checker: Checker,
    meter: Meter,
    target: Target,
    resume: Resume,
    connections: usize,
    /// Pollers that do not know yet where the log stands.
    starting: usize,
    /// Messages that the server has not confirmed to the publisher.
    unconfirmed: usize,
}

impl Pollers {
    /// The first request: Hubbub is asked where the log stands, nchan is polled at once.
    fn first_request(&self) -> String {
        format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", self.target.path(0), self.target.address)
    }

    /// Handles what a poller got and appends its next request.
    fn woken(&mut self, link: usize, reply: &Reply<'_>, out: &mut Vec<u8>) -> Result<()> {
        if reply.status != 200 {
            return Err(reply.unexpected());
        }
        let now = self.meter.now();
        let Target { address, .. } = self.target;
        let path = self.target.path(0);
        let next = match self.resume {
            Resume::Cursor => {
                let batch: Batch<'_> = serde_json::from_slice(reply.body)
                    .map_err(|error| Failure::Protocol(format!("poll answer: {error}")))?;
                for message in &batch.messages {
                    self.delivered(link, message.data.as_bytes(), now)?;
                }
                self.starting = self.starting.saturating_sub(1);
                format!("GET {path}?since={}&wait={WAIT} HTTP/1.1\r\nHost: {address}\r\n\r\n", batch.cursor)
            }
            Resume::Validators => {
                self.delivered(link, reply.body, now)?;
                format!(
                    "GET {path} HTTP/1.1\r\nHost: {address}\r\nIf-Modified-Since: {}\r\nIf-None-Match: {}\r\n\r\n",
                    reply.modified, reply.etag
                )
            }
        };
        out.extend_from_slice(next.as_bytes());
        Ok(())
    }

    fn delivered(&mut self, link: usize, payload: &[u8], now: u64) -> Result<()> {
        let sent = self.checker.receive(link, payload)?;
        self.meter.record(sent, now);
        Ok(())
    }

    /// Publishes one message and waits until every poller has it and has asked again.
    fn round(&mut self, pool: &mut Pool, publish: &Target, pause: Duration) -> Result<()> {
        let now = self.meter.now();
        let message = self.checker.send(now);
        let mut request = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
            publish.path(0),
            publish.address,
            message.len()
        )
        .into_bytes();
        request.extend_from_slice(message);
        self.unconfirmed += 1;
        pool.send(self.connections, &request)?;
        pool.settle(self)?;
        pool.watch(self, pause)
    }
}

impl Inbox for Pollers {
    fn take(&mut self, link: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let mut used = 0;
        while let Some(reply) = reply::parse(&bytes[used..])? {
            if link < self.connections {
                self.woken(link, &reply, out)?;
            } else if matches!(reply.status, 200..=202) && self.unconfirmed > 0 {
                self.unconfirmed -= 1;
            } else {
                return Err(reply.unexpected());
            }
            used += reply.length;
        }
        Ok(used)
    }

    fn settled(&self) -> bool {
        self.starting == 0 && self.unconfirmed == 0 && self.checker.settled()
    }

    fn missing(&self) -> String {
        format!(
            "{} pollers not started, {} messages not confirmed; {}",
            self.starting,
            self.unconfirmed,
            self.checker.missing()
        )
    }
}

/// Connects the pollers and the publisher, and has every poll parked.
fn park(options: &Longpoll, pollers: &mut Pollers, publish: &Target, run: u64, clock: Clock) -> Result<Pool> {
    let mut pool = Pool::new(&options.common, clock)?;
    for n in 0..pollers.connections {
        pool.add(Link::new(link::connect(pollers.target.address, source(run, n))?, Vec::new())?)?;
    }
    pool.add(Link::new(link::connect(publish.address, source(run, pollers.connections))?, Vec::new())?)?;
    let request = pollers.first_request();
    for n in 0..pollers.connections {
        pool.send(n, request.as_bytes())?;
    }
    pool.settle(pollers)?;
    pool.watch(pollers, CALM)?;
    Ok(pool)
}

/// Runs the scenario.
pub(crate) fn run(options: &Longpoll) -> Result<Outcome> {
    let common = &options.common;
    let (clock, run) = (Clock::start(), fastrand::u64(..));
    let publish = Target::parse(options.publish_url.as_ref().unwrap_or(&common.url))?;
    let mut pollers = Pollers {
        checker: Checker::new(run, 0, common.size as usize, common.connections),
        meter: Meter::new(common, clock)?,
        target: Target::parse(&common.url)?,
        resume: options.resume,
        connections: common.connections,
        starting: if options.resume == Resume::Cursor { common.connections } else { 0 },
        unconfirmed: 0,
    };
    let mut pool = park(options, &mut pollers, &publish, run, clock)?;
    let pause = Duration::from_millis(options.pause);
    for _ in 0..options.warmup {
        pollers.round(&mut pool, &publish, pause)?;
    }
    pollers.meter.begin()?;
    for _ in 0..options.rounds {
        pollers.round(&mut pool, &publish, pause)?;
    }
    let measured = pollers.meter.finish()?;
    pool.watch(&mut pollers, CALM)?;
    Outcome::of_deliveries("longpoll", common, measured, &pollers.meter)
}
