//! Announces: every peer announces with offers, others of its swarm get and answer them, and when all answers are back it
//! announces again.

use std::time::Duration;

use crate::args::Announce;
use crate::check::AFTERMATH;
use crate::clock::{Clock, nanos};
use crate::failure::Result;
use crate::outcome::Outcome;
use crate::tracker::swarms::{Stop, Swarms};

/// Runs the scenario. A delivery is an announce with all that comes of it.
pub(crate) fn run(options: &Announce) -> Result<Outcome> {
    let common = &options.common;
    let (mut pool, mut swarms) = Swarms::gather(common, options.swarms, common.connections, Clock::start())?;
    for _ in 0..options.warmup {
        swarms.announce(&mut pool, Stop::Once)?;
    }
    swarms.meter.begin()?;
    let end = swarms.meter.now() + nanos(Duration::from_secs(options.seconds));
    swarms.announce(&mut pool, Stop::At(end))?;
    let measured = swarms.meter.finish()?;
    pool.watch(&mut swarms, AFTERMATH)?;
    Outcome::of_deliveries("tracker-announce", common, measured, &swarms.meter)
}
