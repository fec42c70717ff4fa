//! Echo: every connection keeps a window of messages in flight to itself; each that returns is followed by the next.

use std::time::Duration;

use crate::args::Echo;
use crate::check::{AFTERMATH, Checker};
use crate::clock::{Clock, Nanos, nanos};
use crate::failure::{Failure, Result};
use crate::frame;
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::pool::{Inbox, Pool};
use crate::speech::Speech;
use crate::ws;

/// When a connection stops to answer a returned message with the next one.
#[derive(Clone, Copy)]
enum Stop {
    /// When it has sent so many, counted from the start of the run.
    Sent(u64),
    /// At this time.
    At(Nanos),
}

/// All connections, each with a checker of its own.
struct Echoes {
    checkers: Vec<Checker>,
    meter: Meter,
    stop: Stop,
    /// Connections that have not got everything back yet.
    busy: usize,
}

impl Echoes {
    /// Sends on every connection, `window` at a time, until `stop`, and waits for all that was sent.
    fn phase(&mut self, pool: &mut Pool, stop: Stop, window: u64) -> Result<()> {
        self.stop = stop;
        self.busy = self.checkers.len();
        for (link, checker) in self.checkers.iter_mut().enumerate() {
            let mut wire = Vec::new();
            let now = self.meter.now();
            for _ in 0..window {
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
            let more = match self.stop {
                Stop::Sent(quota) => checker.sent() < quota,
                Stop::At(end) => now < end,
            };
            if more {
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
///
/// # Errors
/// Among others, if the window is larger than the number of messages: it could not be filled.
pub(crate) fn run(options: &Echo) -> Result<Outcome> {
    let common = &options.common;
    let fewest = options.seconds.map_or(options.messages, |_| options.window).min(match options.warmup {
        0 => u64::MAX,
        warmup => warmup,
    });
    if options.window == 0 || options.window > fewest {
        return Err(Failure::Usage(format!(
            "a window of {} needs as many messages and warm-up",
            options.window
        )));
    }
    let (clock, run) = (Clock::start(), fastrand::u64(..));
    let mut pool = ws::open(common, &Speech::Bare, common.connections, run, clock)?;
    let checker = |sender| Checker::new(run, sender, common.size as usize, 1);
    let mut echoes = Echoes {
        checkers: (0..common.connections as u32).map(checker).collect(),
        meter: Meter::new(common, clock)?,
        stop: Stop::Sent(0),
        busy: 0,
    };
    if options.warmup > 0 {
        echoes.phase(&mut pool, Stop::Sent(options.warmup), options.window)?;
    }
    echoes.meter.begin()?;
    let stop = match options.seconds {
        Some(seconds) => Stop::At(echoes.meter.now() + nanos(Duration::from_secs(seconds))),
        None => Stop::Sent(options.warmup + options.messages),
    };
    echoes.phase(&mut pool, stop, options.window)?;
    let measured = echoes.meter.finish()?;
    pool.watch(&mut echoes, AFTERMATH)?;
    Outcome::of_deliveries("echo", common, measured, &echoes.meter)
}
