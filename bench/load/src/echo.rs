//! Echo: every connection keeps a window of messages in flight to itself; each that returns is followed by the next.

use std::time::Duration;

use crate::args::Echo;
use crate::check::Checker;
use crate::clock::Clock;
use crate::failure::Result;
use crate::frame;
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::pool::{Inbox, Pool};
use crate::ws;

/// After the last message, a duplicate gets this long to show itself.
const AFTERMATH: Duration = Duration::from_millis(200);

/// All connections, each with a checker of its own.
struct Echoes {
    checkers: Vec<Checker>,
    meter: Meter,
    /// Messages that each connection is to send in all.
    quota: u64,
    /// Connections that have not got their quota back yet.
    busy: usize,
}

impl Echoes {
    /// Sends `quota` more messages per connection, `window` at a time, and waits for all of them.
    fn phase(&mut self, pool: &mut Pool, quota: u64, window: u64) -> Result<()> {
        self.quota += quota;
        self.busy = self.checkers.len();
        for (link, checker) in self.checkers.iter_mut().enumerate() {
            let mut wire = Vec::new();
            let now = self.meter.now();
            for _ in 0..window.min(quota) {
                frame::text(checker.send(now), fastrand::u32(..).to_ne_bytes(), &mut wire);
            }
            pool.send(link, &wire)?;
        }
        pool.settle(self)
    }
}

impl Inbox for Echoes {
    fn take(&mut self, link: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let now = self.meter.now();
        let checker = &mut self.checkers[link];
        ws::messages(link, bytes, out, |payload, out| {
            let sent = checker.receive(0, payload)?;
            self.meter.record(sent, now);
            if checker.sent() < self.quota {
                frame::text(checker.send(now), fastrand::u32(..).to_ne_bytes(), out);
            } else if checker.settled() {
                self.busy -= 1;
            }
            Ok(())
        })
    }

    fn settled(&self) -> bool {
        self.busy == 0
    }

    fn missing(&self) -> String {
        let late = self.checkers.iter().find(|checker| !checker.settled());
        let detail = late.map(Checker::missing).unwrap_or_default();
        format!("{} connections have not got everything back; {detail}", self.busy)
    }
}

/// Runs the scenario.
pub(crate) fn run(options: &Echo) -> Result<Outcome> {
    let common = &options.common;
    let (clock, run) = (Clock::start(), fastrand::u64(..));
    let mut pool = ws::open(common, common.connections, run, clock)?;
    let checker = |sender| Checker::new(run, sender, common.size as usize, 1);
    let mut echoes = Echoes {
        checkers: (0..common.connections as u32).map(checker).collect(),
        meter: Meter::new(common, clock)?,
        quota: 0,
        busy: 0,
    };
    if options.warmup > 0 {
        echoes.phase(&mut pool, options.warmup, options.window)?;
    }
    echoes.meter.begin()?;
    echoes.phase(&mut pool, options.messages, options.window)?;
    let measured = echoes.meter.finish()?;
    pool.watch(&mut echoes, AFTERMATH)?;
    Ok(Outcome {
        scenario: "echo",
        connections: common.connections,
        size: common.size,
        measured: Some(measured),
        memory: echoes.meter.probe().map(|probe| probe.memory()).transpose()?,
        idle: None,
    })
}
