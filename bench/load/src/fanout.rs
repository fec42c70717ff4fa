//! Fan-out: connection 0 publishes, every connection (itself too) receives; the next round begins when all have, or as soon
//! as there is room in the window.

use crate::args::{Common, Fanout, Sockets};
use crate::check::{AFTERMATH, Checker};
use crate::clock::Clock;
use crate::failure::{Failure, Result};
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::pool::{Inbox, Pool};
use crate::speech::Speech;
use crate::ws;
use crate::xmpp::session::{self, Session};

/// Everybody in the room.
pub(crate) struct Audience {
    /// Who still waits for what.
    pub(crate) checker: Checker,
    /// Latency and cost.
    pub(crate) meter: Meter,
    /// How they speak.
    speech: Speech,
    /// How many messages may be under way when the next are sent.
    left: u64,
}

impl Audience {
    /// So many connections that speak so, all in the room.
    pub(crate) fn gather(
        common: &Common,
        sockets: &Sockets,
        connections: usize,
        clock: Clock,
    ) -> Result<(Pool, Self)> {
        let (run, speech) = (fastrand::u64(..), Speech::new(sockets));
        let pool = match &speech {
            Speech::Xmpp(room) => {
                let enter = |n, session: &mut Session| room.enter(n, session);
                session::open(common, &sockets.entrance, run, connections, clock, enter)?
            }
            _ => ws::open(common, &speech, connections, run, clock)?,
        };
        let checker = Checker::new(run, 0, common.size as usize, connections);
        Ok((pool, Self { checker, meter: Meter::new(common, clock)?, speech, left: 0 }))
    }

    /// Sends `burst` messages on connection 0, in one write, and waits until everybody has them, but for those that may
    /// be left under way.
    pub(crate) fn round(&mut self, pool: &mut Pool, burst: u64) -> Result<()> {
        let mut wire = Vec::new();
        let now = self.meter.now();
        for _ in 0..burst {
            self.speech.say(self.checker.send(now), &mut wire);
        }
        pool.send(0, &wire)?;
        pool.settle(self)
    }

    /// Waits until everybody has everything.
    fn last(&mut self, pool: &mut Pool) -> Result<()> {
        let left = std::mem::take(&mut self.left);
        pool.settle(self)?;
        self.left = left;
        Ok(())
    }
}

impl Inbox for Audience {
    fn take(&mut self, link: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let now = self.meter.now();
        self.speech.hear(link, bytes, out, |payload| {
            let sent = self.checker.receive(link, payload)?;
            self.meter.record(sent, now);
            Ok(())
        })
    }

    fn settled(&self) -> bool {
        self.checker.under_way() <= self.left
    }

    fn missing(&self) -> String {
        self.checker.missing()
    }
}

/// Runs the scenario.
///
/// # Errors
/// Among others, if the window is smaller than a burst: nothing could be sent.
pub(crate) fn run(options: &Fanout) -> Result<Outcome> {
    let common = &options.common;
    let left = options
        .window
        .unwrap_or(options.burst)
        .checked_sub(options.burst)
        .ok_or_else(|| Failure::Usage(format!("a burst of {} needs as large a window", options.burst)))?;
    let (mut pool, mut audience) =
        Audience::gather(common, &options.sockets, common.connections, Clock::start())?;
    audience.left = left;
    for _ in 0..options.warmup {
        audience.round(&mut pool, options.burst)?;
    }
    audience.last(&mut pool)?;
    audience.meter.begin()?;
    for round in 1.. {
        audience.round(&mut pool, options.burst)?;
        if options.seconds.map_or(round >= options.rounds, |limit| audience.meter.seconds() >= limit as f64) {
            break;
        }
    }
    audience.last(&mut pool)?;
    let measured = audience.meter.finish()?;
    pool.watch(&mut audience, AFTERMATH)?;
    Outcome::of_deliveries("fanout", common, measured, &audience.meter)
}
