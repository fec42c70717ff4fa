//! The WebTorrent tracker: what the configuration says of it, and what is counted.

use std::sync::Arc;
use std::time::Duration;

use hubbub_config::Config;
use hubbub_gate::tracker::{Allowed, Keepers, Stripe, Tally, TrackerSettings};
use hubbub_net::Reading;
use hubbub_tracker::{Limits, Most};
use hubbub_worker::counters::Kind;

use crate::assemble;

/// Its limits and switches, for so many workers.
pub(crate) fn settings(config: &Config, workers: u16) -> TrackerSettings {
    let config = &config.tracker;
    TrackerSettings {
        enabled: config.enabled,
        candidates: assemble::candidates(config.candidates),
        interval_s: config.interval.as_millis().div_ceil(1000) as u64,
        limits: Limits {
            peers: config.peers,
            peer_ms: millis(config.peer_timeout),
            offer_ms: millis(config.offer_timeout),
        },
        most: Most { offers: config.offers, hashes: config.scrape },
        message_bytes: config.message_bytes,
        swarms: config.swarms,
        hashes: config.hashes,
        rate: u64::from(config.message_rate),
        burst: u64::from(config.message_burst),
        offers: Allowed { rate: config.offer_rate.into(), burst: config.offer_burst.into() },
        told: Allowed { rate: config.told_rate.into(), burst: config.told_burst.into() },
        keepers: Keepers::default(),
        tally: Arc::new(Tally::new(workers)),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

type Count = (&'static str, &'static str, Kind, fn(&Stripe) -> u64);

const COUNTS: [Count; 5] = [
    (
        "tracker_swarms",
        "Swarms of WebTorrent kept here, all of which have peers",
        Kind::Gauge,
        Stripe::swarms,
    ),
    (
        "tracker_peers",
        "Peers in swarms kept here, each counted in every swarm it is in",
        Kind::Gauge,
        Stripe::peers,
    ),
    (
        "tracker_announces",
        "Announces that were taken, and answers to offers",
        Kind::Counter,
        Stripe::announces,
    ),
    ("tracker_refused", "Messages to the tracker that were refused", Kind::Counter, Stripe::refused),
    (
        "tracker_withheld",
        "Offers that went to nobody: they came too fast, or whom they were for does not read",
        Kind::Counter,
        Stripe::withheld,
    ),
];

/// What is counted, for `/metrics`.
pub(crate) fn readings(tally: &Tally) -> Vec<Reading> {
    let of_all = |&(name, help, kind, read): &Count| {
        let workers = tally.workers().enumerate();
        let reading = move |(worker, stripe): (usize, &Stripe)| {
            let label = ("worker", worker.to_string());
            Reading { name, help, kind, label, value: read(stripe) }
        };
        workers.map(reading).collect::<Vec<_>>()
    };
    COUNTS.iter().flat_map(of_all).collect()
}
