//! Fan-out: connection 0 publishes, every connection (itself too) receives; the next round begins when all have.

use std::time::Duration;

use crate::args::Fanout;
use crate::check::Checker;
use crate::clock::Clock;
use crate::failure::Result;
use crate::frame;
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::pool::{Inbox, Pool};
use crate::ws;

/// After the last round, a duplicate gets this long to show itself.
const AFTERMATH: Duration = Duration::from_millis(200);

/// Everybody in the room.
pub(crate) struct Audience {
    /// Who still waits for what.
    pub(crate) checker: Checker,
    /// Latency and cost.
    pub(crate) meter: Meter,
}

impl Audience {
    /// Sends `burst` messages on connection 0, in one write, and waits until everybody has them.
    pub(crate) fn round(&mut self, pool: &mut Pool, burst: u64) -> Result<()> {
        let mut wire = Vec::new();
        let now = self.meter.now();
        for _ in 0..burst {
            frame::text(self.checker.send(now), fastrand::u32(..).to_ne_bytes(), &mut wire);
        }
        pool.send(0, &wire)?;
        pool.settle(self)
    }
}

impl Inbox for Audience {
    fn take(&mut self, link: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let now = self.meter.now();
        ws::messages(link, bytes, out, |payload, _| {
            let sent = self.checker.receive(link, payload)?;
            self.meter.record(sent, now);
            Ok(())
        })
    }

    fn settled(&self) -> bool {
        self.checker.settled()
    }

    fn missing(&self) -> String {
        self.checker.missing()
    }
}

/// Runs the scenario.
pub(crate) fn run(options: &Fanout) -> Result<Outcome> {
    let common = &options.common;
    let (clock, run) = (Clock::start(), fastrand::u64(..));
    let mut pool = ws::open(common, common.connections, run, clock)?;
    let mut audience = Audience {
        checker: Checker::new(run, 0, common.size as usize, common.connections),
        meter: Meter::new(common, clock)?,
    };
    for _ in 0..options.warmup {
        audience.round(&mut pool, options.burst)?;
    }
    audience.meter.begin()?;
    for round in 1.. {
        audience.round(&mut pool, options.burst)?;
        if options.seconds.map_or(round >= options.rounds, |limit| audience.meter.seconds() >= limit as f64) {
            break;
        }
    }
    let measured = audience.meter.finish()?;
    pool.watch(&mut audience, AFTERMATH)?;
    Ok(Outcome {
        scenario: "fanout",
        connections: common.connections,
        size: common.size,
        measured: Some(measured),
        memory: audience.meter.probe().map(|probe| probe.memory()).transpose()?,
        idle: None,
    })
}
