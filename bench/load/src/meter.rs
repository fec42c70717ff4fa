//! Measuring: deliveries, their latency, and what the server used meanwhile.

use hdrhistogram::Histogram;

use crate::args::Common;
use crate::clock::{Clock, Nanos};
use crate::failure::{Failure, Result};
use crate::outcome::{Latency, Measured, Server};
use crate::probe::{Memory, Probe};

/// Longest latency that is told apart from longer ones: a minute, beyond any patience.
const LONGEST: Nanos = 60_000_000_000;

/// Counts from the last [`Meter::begin`] on.
pub(crate) struct Meter {
    clock: Clock,
    probe: Option<Probe>,
    latency: Histogram<u64>,
    begun: Nanos,
    cpu: Nanos,
}

impl Meter {
    /// Finds the server's processes, if the command line names any.
    pub(crate) fn new(common: &Common, clock: Clock) -> Result<Self> {
        let probe = common.server_pid.map(Probe::new).transpose()?;
        let latency = Histogram::new_with_max(LONGEST, 3)
            .map_err(|error| Failure::Usage(format!("histogram: {error}")))?;
        Ok(Self { clock, probe, latency, begun: 0, cpu: 0 })
    }

    /// The time.
    pub(crate) fn now(&self) -> Nanos {
        self.clock.now()
    }

    /// A delivery of something sent at `sent` has arrived at `now`.
    pub(crate) fn record(&mut self, sent: Nanos, now: Nanos) {
        self.latency.saturating_record(now - sent);
    }

    /// Forgets what was counted so far: the warm-up is over.
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.latency.reset();
        self.cpu = self.server_cpu()?.unwrap_or(0);
        self.begun = self.clock.now();
        Ok(())
    }

    /// Seconds since the beginning.
    pub(crate) fn seconds(&self) -> f64 {
        (self.clock.now() - self.begun) as f64 / 1e9
    }

    /// What was counted since the beginning.
    pub(crate) fn finish(&self) -> Result<Measured> {
        let elapsed = self.clock.now() - self.begun;
        let deliveries = self.latency.len();
        let server = self.server_cpu()?.map(|cpu| server(cpu - self.cpu, elapsed, deliveries));
        let micros = |nanos: u64| nanos as f64 / 1e3;
        Ok(Measured {
            deliveries,
            seconds: elapsed as f64 / 1e9,
            deliveries_per_second: deliveries as f64 * 1e9 / elapsed as f64,
            lost: None,
            latency_us: Latency {
                p50: micros(self.latency.value_at_quantile(0.5)),
                p99: micros(self.latency.value_at_quantile(0.99)),
                max: micros(self.latency.max()),
            },
            server,
        })
    }

    /// What the server's processes hold now.
    pub(crate) fn server_memory(&self) -> Result<Option<Memory>> {
        self.probe.as_ref().map(Probe::memory).transpose()
    }

    fn server_cpu(&self) -> Result<Option<Nanos>> {
        self.probe.as_ref().map(Probe::cpu).transpose()
    }
}

fn server(cpu: Nanos, elapsed: Nanos, deliveries: u64) -> Server {
    Server {
        cpu_seconds: cpu as f64 / 1e9,
        cpu_us_per_delivery: cpu as f64 / 1e3 / deliveries as f64,
        cores: cpu as f64 / elapsed as f64,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Args, Scenario};

    fn meter() -> Meter {
        let args = Args::try_parse_from(["hubbub-load", "fanout", "--url", "ws://127.0.0.1:1/"]).unwrap();
        let Scenario::Fanout(options) = args.scenario else { panic!("asked for fanout") };
        Meter::new(&options.common, Clock::start()).unwrap()
    }

    #[test]
    fn tells_latencies_apart() {
        let mut meter = meter();
        meter.begin().unwrap();
        for at in 1..=100u64 {
            meter.record(0, at * 1_000_000);
        }
        let measured = meter.finish().unwrap();
        let near = |got: f64, want: f64| (got / want - 1.0).abs() < 0.002;
        assert_eq!(measured.deliveries, 100);
        assert!(near(measured.latency_us.p50, 50_000.0), "{}", measured.latency_us.p50);
        assert!(near(measured.latency_us.p99, 99_000.0), "{}", measured.latency_us.p99);
        assert!(near(measured.latency_us.max, 100_000.0), "{}", measured.latency_us.max);
    }

    #[test]
    fn forgets_the_warm_up() {
        let mut meter = meter();
        meter.record(0, 5);
        meter.begin().unwrap();
        meter.record(10, 30);
        assert_eq!(meter.finish().unwrap().deliveries, 1);
    }
}
