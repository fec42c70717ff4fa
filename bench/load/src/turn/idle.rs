//! Idle allocations, each with a permission and a channel: what each costs the server in memory and CPU.

use std::time::Duration;

use crate::args::Reserve;
use crate::clock::Clock;
use crate::failure::Result;
use crate::outcome::Outcome;
use crate::standstill::{self, Crowd};
use crate::turn::ends::Ends;
use crate::turn::opening::{self, Opening};
use crate::turn::post::Transport;
use crate::turn::traffic::Traffic;

/// How many clients share a socket: one packet of each is under way at the end.
const GROUP: usize = 64;

/// Runs the scenario. A packet each way through every allocation at the end proves that all were alive.
pub(crate) fn run(options: &Reserve) -> Result<Outcome> {
    standstill::measure("turn-idle", &options.common, options.warmup, options.settle, |clients| {
        Allocations::open(options, clients)
    })
}

/// Allocations that nothing goes through yet.
struct Allocations {
    ends: Ends,
    opening: Opening,
    traffic: Traffic,
}

impl Allocations {
    fn open(options: &Reserve, clients: usize) -> Result<Self> {
        let (common, clock, run) = (&options.common, Clock::start(), fastrand::u64(..));
        let plan = opening::plan(common, Transport::Udp, clients, GROUP, run)?;
        let (ends, opening) = opening::open(common, &options.entrance, plan, clock)?;
        let traffic = Traffic::new(common, opening.allocations()?, 1, run, clock)?;
        Ok(Self { ends, opening, traffic })
    }
}

impl Crowd for Allocations {
    fn watch(&mut self, time: Duration) -> Result<()> {
        self.ends.watch(&mut self.traffic, time)
    }

    fn stir(&mut self) -> Result<()> {
        self.traffic.once(&mut self.ends)
    }

    fn leave(mut self) -> Result<()> {
        self.opening.end(&mut self.ends)
    }
}
