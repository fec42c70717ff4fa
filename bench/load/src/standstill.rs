//! Standing still: what connections that say nothing cost the server in memory and CPU, whatever they are.

use std::time::Duration;

use crate::args::Common;
use crate::failure::{Failure, Result};
use crate::outcome::{Idling, Outcome};
use crate::probe::Probe;

/// Connections that say nothing until they are asked to.
pub(crate) trait Crowd: Sized {
    /// Handles what arrives for as long as `time` says.
    fn watch(&mut self, time: Duration) -> Result<()>;

    /// Has every connection get or say something, which proves that all were alive.
    fn stir(&mut self) -> Result<()>;

    /// Ends them all, where closing them is not enough.
    fn leave(self) -> Result<()> {
        Ok(())
    }
}

/// Measures the connections of `common`, which `open` opens, so many at a time. First `warmup` of them come and go; what a server
/// keeps of those is not counted. After every change it has `settle` seconds.
///
/// # Errors
/// Among others, if the command line does not name the server's process.
pub(crate) fn measure<C: Crowd>(
    scenario: &'static str,
    common: &Common,
    warmup: usize,
    settle: u64,
    open: impl Fn(usize) -> Result<C>,
) -> Result<Outcome> {
    let pid = common.server_pid.ok_or_else(|| Failure::Usage(format!("{scenario} needs --server-pid")))?;
    let (probe, settle) = (Probe::new(pid)?, Duration::from_secs(settle));
    if warmup > 0 {
        open(warmup)?.leave()?;
    }
    std::thread::sleep(settle);
    let before = probe.memory()?;

    let mut crowd = open(common.connections)?;
    crowd.watch(settle)?;
    let opened = probe.memory()?;
    let cpu_before = probe.cpu()?;
    crowd.watch(settle)?;
    let cpu = probe.cpu()? - cpu_before;

    crowd.stir()?;
    crowd.watch(settle)?;
    let after = probe.memory()?;
    Ok(Outcome::of_idling(scenario, common, &Idling { before, opened, after, cpu, settle }))
}
