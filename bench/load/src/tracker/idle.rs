//! Idle peers: each has announced once and stays connected. What each costs the server in memory and CPU.

use std::time::Duration;

use crate::args::Peers;
use crate::clock::Clock;
use crate::failure::{Failure, Result};
use crate::outcome::{Idling, Outcome};
use crate::probe::Probe;
use crate::tracker::swarms::{Stop, Swarms};

/// Runs the scenario. All announce once more at the end, which proves that all were alive and known to be there.
pub(crate) fn run(options: &Peers) -> Result<Outcome> {
    let (common, clock) = (&options.common, Clock::start());
    let pid =
        common.server_pid.ok_or_else(|| Failure::Usage("tracker-idle needs --server-pid".to_owned()))?;
    let (probe, settle) = (Probe::new(pid)?, Duration::from_secs(options.settle));
    drop(Swarms::gather(common, options.swarms, options.warmup, clock)?);
    std::thread::sleep(settle);
    let before = probe.memory()?;

    let (mut pool, mut swarms) = Swarms::gather(common, options.swarms, common.connections, clock)?;
    pool.watch(&mut swarms, settle)?;
    let opened = probe.memory()?;
    let cpu_before = probe.cpu()?;
    pool.watch(&mut swarms, settle)?;
    let cpu = probe.cpu()? - cpu_before;

    swarms.announce(&mut pool, Stop::Once)?;
    pool.watch(&mut swarms, settle)?;
    let after = probe.memory()?;
    Ok(Outcome::of_idling("tracker-idle", common, &Idling { before, opened, after, cpu, settle }))
}
