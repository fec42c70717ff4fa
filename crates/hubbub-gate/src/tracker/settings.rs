//! Limits and switches of the tracker, and who keeps which swarm. Each limit is a documented setting.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hubbub_tracker::{InfoHash, Limits, Most};

use super::tally::Tally;
use crate::candidates::Candidates;

/// How many keepers there are. Each is at home on a worker by its name: many, so that the workers have alike many of them; but not too
/// many, for each has a place among the sessions without links.
const KEEPERS: usize = 64;

/// How fast something may be done.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// How often a second; 0 for any number.
    pub rate: u64,
    /// How often at once.
    pub burst: u64,
}

/// Limits and switches of the tracker.
#[derive(Debug, Clone)]
pub struct TrackerSettings {
    /// Whether there is one.
    pub enabled: bool,
    /// Which ICE candidates pass.
    pub candidates: Candidates,
    /// How often clients are told to announce, in seconds.
    pub interval_s: u64,
    /// What swarms may hold, and for how long.
    pub limits: Limits,
    /// How much one message may ask for.
    pub most: Most,
    /// Largest message, in bytes.
    pub message_bytes: usize,
    /// Most swarms of the whole server.
    pub swarms: usize,
    /// Most swarms that one connection may be in.
    pub hashes: usize,
    /// Messages a second that one connection may send; 0 for any number.
    pub rate: u64,
    /// How many of them may come at once.
    pub burst: u64,
    /// Offers a second that one connection may make in one swarm, and how many at once.
    pub offers: Allowed,
    /// Offers a second that one connection is told of, and how many at once.
    pub told: Allowed,
    /// Who keeps which swarm.
    pub keepers: Keepers,
    /// What is counted.
    pub tally: Arc<Tally>,
}

impl Default for TrackerSettings {
    /// What holds when nothing is set.
    fn default() -> Self {
        Self {
            enabled: true,
            candidates: Candidates::All,
            interval_s: 120,
            limits: Limits { peers: 10_000, peer_ms: 360_000, offer_ms: 60_000 },
            most: Most { offers: 10, hashes: 64 },
            message_bytes: 64 << 10,
            swarms: 100_000,
            hashes: 128,
            rate: 50,
            burst: 500,
            offers: Allowed { rate: 1, burst: 60 },
            told: Allowed { rate: 10, burst: 100 },
            keepers: Keepers::default(),
            tally: Arc::new(Tally::new(1)),
        }
    }
}

/// The keepers' names. The same in every worker.
#[derive(Debug, Clone)]
pub struct Keepers {
    names: Arc<[Arc<str>]>,
    /// Keyed anew in each process: clients choose hashes, and must not choose the keeper.
    hash: RandomState,
}

impl Default for Keepers {
    fn default() -> Self {
        let names = (0..KEEPERS).map(|number| format!("tracker:{number}").into());
        Self { names: names.collect(), hash: RandomState::new() }
    }
}

impl Keepers {
    /// Who keeps this swarm.
    pub(super) fn of(&self, hash: &InfoHash) -> &Arc<str> {
        let number = self.hash.hash_one(hash.0) % self.names.len() as u64;
        &self.names[number as usize]
    }
}
