//! What is answered to those who have proven nothing: so much for each source, in a table that never grows.
//!
//! Sources share places in the table by a keyed hash. Somebody who forges all sources at once uses up the places of
//! others, but then all answers together are no more than the places times the rate; there is nothing to fill up or to evict.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

use crate::Rate;
use crate::bucket::Bucket;

/// The allowances of all sources.
pub(crate) struct Budget {
    rate: Rate,
    places: Box<[Bucket]>,
    hasher: RandomState,
}

impl Budget {
    /// With `places` places, at least one.
    pub(crate) fn new(rate: Rate, places: usize) -> Self {
        Self { rate, places: vec![Bucket::default(); places.max(1)].into(), hasher: RandomState::new() }
    }

    /// Uses so many answers of the source, if they are left.
    pub(crate) fn take(&mut self, source: IpAddr, answers: u64, now_ms: u64) -> bool {
        let place = self.hasher.hash_one(network(source)) as usize % self.places.len();
        self.places[place].take(self.rate, answers, now_ms)
    }
}

/// An IPv4 address, or the 64 bits of IPv6 that are one subscriber's.
fn network(source: IpAddr) -> u64 {
    match source.to_canonical() {
        IpAddr::V4(ip) => u64::from(ip.to_bits()),
        IpAddr::V6(ip) => (ip.to_bits() >> 64) as u64,
    }
}
