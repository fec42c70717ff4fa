//! Idle: open connections in one room, leave them alone, and see what each costs the server in memory and CPU.

use std::time::Duration;

use crate::args::Idle;
use crate::clock::Clock;
use crate::failure::{Failure, Result};
use crate::fanout::Audience;
use crate::outcome::{Idling, Outcome};
use crate::pool::Pool;
use crate::probe::Probe;

/// Runs the scenario. One message to everybody at the end proves that all connections were alive and in the room.
pub(crate) fn run(options: &Idle) -> Result<Outcome> {
    let common = &options.common;
    let pid = common.server_pid.ok_or_else(|| Failure::Usage("idle needs --server-pid".to_owned()))?;
    let probe = Probe::new(pid)?;
    let settle = Duration::from_secs(options.settle);
    let clock = Clock::start();
    drop(room(options, options.warmup, clock)?);
    std::thread::sleep(settle);
    let before = probe.memory()?;

    let (mut pool, mut audience) = room(options, common.connections, clock)?;
    pool.watch(&mut audience, settle)?;
    let opened = probe.memory()?;
    let cpu_before = probe.cpu()?;
    pool.watch(&mut audience, settle)?;
    let cpu = probe.cpu()? - cpu_before;

    audience.round(&mut pool, 1)?;
    pool.watch(&mut audience, settle)?;
    let after = probe.memory()?;
    Ok(Outcome::of_idling("idle", common, &Idling { before, opened, after, cpu, settle }))
}

/// So many connections, in the room.
fn room(options: &Idle, connections: usize, clock: Clock) -> Result<(Pool, Audience)> {
    let (mut pool, mut audience) = Audience::gather(&options.common, &options.sockets, connections, clock)?;
    // Whatever a server says unasked, such as a ping, is read before the measurement.
    pool.watch(&mut audience, Duration::from_millis(100))?;
    Ok((pool, audience))
}
