//! Idle peers: each has announced once and stays connected. What each costs the server in memory and CPU.

use std::time::Duration;

use crate::args::Peers;
use crate::clock::Clock;
use crate::failure::Result;
use crate::outcome::Outcome;
use crate::pool::Pool;
use crate::standstill::{self, Crowd};
use crate::tracker::swarms::{Stop, Swarms};

/// Runs the scenario. All announce once more at the end, which proves that all were alive and known to be there.
pub(crate) fn run(options: &Peers) -> Result<Outcome> {
    standstill::measure("tracker-idle", &options.common, options.warmup, options.settle, |connections| {
        let (pool, swarms) = Swarms::gather(&options.common, options.swarms, connections, Clock::start())?;
        Ok(Everybody { pool, swarms })
    })
}

/// Peers that have announced.
struct Everybody {
    pool: Pool,
    swarms: Swarms,
}

impl Crowd for Everybody {
    fn watch(&mut self, time: Duration) -> Result<()> {
        self.pool.watch(&mut self.swarms, time)
    }

    fn stir(&mut self) -> Result<()> {
        self.swarms.announce(&mut self.pool, Stop::Once)
    }
}
