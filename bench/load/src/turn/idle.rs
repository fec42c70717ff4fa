//! Idle allocations, each with a permission and a channel: what each costs the server in memory and CPU.

use std::time::Duration;

use crate::args::Reserve;
use crate::clock::Clock;
use crate::failure::{Failure, Result};
use crate::outcome::{Idling, Outcome};
use crate::probe::Probe;
use crate::turn::ends::Ends;
use crate::turn::opening::{self, Opening};
use crate::turn::post::Transport;
use crate::turn::traffic::Traffic;

/// How many clients share a socket: one packet of each is under way at the end.
const GROUP: usize = 64;

/// Runs the scenario. A packet each way through every allocation at the end proves that all were alive.
pub(crate) fn run(options: &Reserve) -> Result<Outcome> {
    let common = &options.common;
    let pid = common.server_pid.ok_or_else(|| Failure::Usage("turn-idle needs --server-pid".to_owned()))?;
    let (probe, settle) = (Probe::new(pid)?, Duration::from_secs(options.settle));
    let (clock, run) = (Clock::start(), fastrand::u64(..));
    if options.warmup > 0 {
        let (mut ends, mut opening) = open(options, options.warmup, run.wrapping_add(1), clock)?;
        opening.end(&mut ends)?;
    }
    std::thread::sleep(settle);
    let before = probe.memory()?;

    let (mut ends, opening) = open(options, common.connections, run, clock)?;
    let mut traffic = Traffic::new(common, opening.allocations()?, 1, run, clock)?;
    ends.watch(&mut traffic, settle)?;
    let opened = probe.memory()?;
    let cpu_before = probe.cpu()?;
    ends.watch(&mut traffic, settle)?;
    let cpu = probe.cpu()? - cpu_before;

    traffic.once(&mut ends)?;
    ends.watch(&mut traffic, settle)?;
    let after = probe.memory()?;
    Ok(Outcome::of_idling("turn-idle", common, &Idling { before, opened, after, cpu, settle }))
}

/// So many allocations.
fn open(options: &Reserve, clients: usize, run: u64, clock: Clock) -> Result<(Ends, Opening)> {
    let plan = opening::plan(&options.common, Transport::Udp, clients, GROUP, run)?;
    opening::open(&options.common, &options.entrance, plan, clock)
}
