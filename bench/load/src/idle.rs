//! Idle: open connections in one room, leave them alone, and see what each costs the server in memory and CPU.

use std::time::Duration;

use crate::args::Idle;
use crate::clock::Clock;
use crate::failure::Result;
use crate::fanout::Audience;
use crate::outcome::Outcome;
use crate::pool::Pool;
use crate::standstill::{self, Crowd};

/// Runs the scenario. One message to everybody at the end proves that all connections were alive and in the room.
pub(crate) fn run(options: &Idle) -> Result<Outcome> {
    standstill::measure("idle", &options.common, options.warmup, options.settle, |connections| {
        Room::open(options, connections)
    })
}

/// Everybody in the room.
struct Room {
    pool: Pool,
    audience: Audience,
}

impl Room {
    fn open(options: &Idle, connections: usize) -> Result<Self> {
        let (pool, audience) =
            Audience::gather(&options.common, &options.sockets, connections, Clock::start())?;
        let mut room = Self { pool, audience };
        // Whatever a server says unasked, such as a ping, is read before the measurement.
        room.watch(Duration::from_millis(100))?;
        Ok(room)
    }
}

impl Crowd for Room {
    fn watch(&mut self, time: Duration) -> Result<()> {
        self.pool.watch(&mut self.audience, time)
    }

    fn stir(&mut self) -> Result<()> {
        self.audience.round(&mut self.pool, 1)
    }
}
