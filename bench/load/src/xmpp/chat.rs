//! Pairs that talk: each message of the one is answered by the next of the other. Every message must reach the other once and in
//! order.

use std::time::Duration;

use crate::args::Chat;
use crate::check::{AFTERMATH, Checker};
use crate::clock::{Clock, Nanos, nanos};
use crate::failure::{Failure, Result};
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::pool::{Inbox, Pool};
use crate::xmpp::piece;
use crate::xmpp::session;

/// All clients; 2N and 2N + 1 are a pair.
struct Pairs {
    /// What each has said to the other.
    said: Vec<Checker>,
    /// What each message to the other begins with.
    heads: Vec<String>,
    meter: Meter,
    /// Answers are given until then.
    stop: Stop,
}

/// When nobody answers any more.
#[derive(Clone, Copy)]
enum Stop {
    /// When the client has said so much, counted from the start of the run.
    Said(u64),
    /// At this time.
    At(Nanos),
}

impl Pairs {
    /// One of each pair begins, with `window` messages; waits until nobody says anything any more.
    fn talk(&mut self, pool: &mut Pool, stop: Stop, window: u64) -> Result<()> {
        self.stop = stop;
        for link in (0..self.said.len()).step_by(2) {
            let mut wire = Vec::new();
            let now = self.meter.now();
            (0..window).for_each(|_| self.say(link, now, &mut wire));
            pool.send(link, &wire)?;
        }
        pool.settle(self)
    }

    /// Appends the next message that this client says to the other.
    fn say(&mut self, link: usize, now: Nanos, out: &mut Vec<u8>) {
        out.extend_from_slice(self.heads[link].as_bytes());
        out.extend_from_slice(self.said[link].send(now));
        out.extend_from_slice(b"</body></message>");
    }

    fn heard(&mut self, link: usize, stanza: &[u8], out: &mut Vec<u8>) -> Result<()> {
        if stanza.starts_with(b"<presence") {
            return Ok(());
        }
        let body = piece::body(stanza).filter(|_| piece::tag_has(stanza, b"chat"));
        let body = body.ok_or_else(|| piece::unexpected("not said by the other", stanza))?;
        let (sent, now) = (self.said[link ^ 1].receive(0, body)?, self.meter.now());
        self.meter.record(sent, now);
        let more = match self.stop {
            Stop::Said(quota) => self.said[link].sent() < quota,
            Stop::At(end) => now < end,
        };
        if more {
            self.say(link, now, out);
        }
        Ok(())
    }
}

impl Inbox for Pairs {
    fn take(&mut self, link: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        piece::elements(link, bytes, |stanza| self.heard(link, stanza, out))
    }

    fn settled(&self) -> bool {
        self.said.iter().all(Checker::settled)
    }

    fn missing(&self) -> String {
        self.said.iter().find(|checker| !checker.settled()).map(Checker::missing).unwrap_or_default()
    }
}

/// Runs the scenario.
///
/// # Errors
/// Among others, if the number of clients is odd.
pub(crate) fn run(options: &Chat) -> Result<Outcome> {
    let common = &options.common;
    if !common.connections.is_multiple_of(2) || options.window == 0 {
        return Err(Failure::Usage("pairs need an even number of clients and a window".to_owned()));
    }
    let (clock, run) = (Clock::start(), fastrand::u64(..));
    let mut addresses = Vec::new();
    let mut pool = session::open(common, &options.entrance, run, common.connections, clock, |_, session| {
        addresses.push(session.address.split('/').next().unwrap_or_default().to_owned());
        Ok(())
    })?;
    let head = |n: usize| format!("<message type='chat' to='{}'><body>", addresses[n ^ 1]);
    let checker = |sender| Checker::new(run, sender, common.size as usize, 1);
    let mut pairs = Pairs {
        said: (0..common.connections as u32).map(checker).collect(),
        heads: (0..common.connections).map(head).collect(),
        meter: Meter::new(common, clock)?,
        stop: Stop::Said(0),
    };
    if options.warmup > 0 {
        pairs.talk(&mut pool, Stop::Said(options.warmup), options.window)?;
    }
    pairs.meter.begin()?;
    let end = pairs.meter.now() + nanos(Duration::from_secs(options.seconds));
    pairs.talk(&mut pool, Stop::At(end), options.window)?;
    let measured = pairs.meter.finish()?;
    pool.watch(&mut pairs, AFTERMATH)?;
    Outcome::of_deliveries("chat", common, measured, &pairs.meter)
}
