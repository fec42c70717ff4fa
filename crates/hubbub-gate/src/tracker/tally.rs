//! What the tracker counts: each worker its own, read by whoever scrapes metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of all workers.
#[derive(Debug)]
pub struct Tally(Box<[Stripe]>);

/// One worker's counts.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Stripe {
    swarms: AtomicU64,
    peers: AtomicU64,
    announces: AtomicU64,
    refused: AtomicU64,
    withheld: AtomicU64,
}

impl Tally {
    /// Of so many workers.
    #[must_use]
    pub fn new(workers: u16) -> Self {
        Self((0..workers.max(1)).map(|_| Stripe::default()).collect())
    }

    /// Each worker's counts.
    pub fn workers(&self) -> impl Iterator<Item = &Stripe> {
        self.0.iter()
    }

    /// The counts of this worker.
    pub(super) fn at(&self, worker: u16) -> &Stripe {
        &self.0[usize::from(worker) % self.0.len()]
    }

    /// How many swarms there are on the whole server.
    pub(super) fn all_swarms(&self) -> u64 {
        self.0.iter().map(Stripe::swarms).sum()
    }
}

impl Stripe {
    /// Swarms that have peers.
    #[must_use]
    pub fn swarms(&self) -> u64 {
        self.swarms.load(Ordering::Relaxed)
    }

    /// Peers in them; one that is in several swarms counts in each.
    #[must_use]
    pub fn peers(&self) -> u64 {
        self.peers.load(Ordering::Relaxed)
    }

    /// Announces that were taken, answers to offers among them.
    #[must_use]
    pub fn announces(&self) -> u64 {
        self.announces.load(Ordering::Relaxed)
    }

    /// Messages that were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Offers that went to nobody, because they came too fast or whom they were for does not read.
    #[must_use]
    pub fn withheld(&self) -> u64 {
        self.withheld.load(Ordering::Relaxed)
    }

    /// A keeper that had so many swarms and peers now has so many.
    pub(super) fn changed(&self, from: (usize, usize), to: (usize, usize)) {
        // Modulo 2^64, so that a difference below zero is one as well.
        let change = |count: &AtomicU64, from: usize, to: usize| {
            if from != to {
                count.fetch_add((to as u64).wrapping_sub(from as u64), Ordering::Relaxed);
            }
        };
        change(&self.swarms, from.0, to.0);
        change(&self.peers, from.1, to.1);
    }

    pub(super) fn announced(&self) {
        self.announces.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn withhold(&self, offers: usize) {
        if offers > 0 {
            self.withheld.fetch_add(offers as u64, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_s_own_and_all_together() {
        let tally = Tally::new(2);
        tally.at(0).changed((0, 0), (3, 5));
        tally.at(1).changed((0, 0), (1, 1));
        tally.at(0).changed((3, 5), (2, 1));
        tally.at(1).announced();
        tally.at(1).refuse();
        tally.at(1).withhold(7);
        let read = |stripe: &Stripe| {
            let said = [stripe.announces(), stripe.refused(), stripe.withheld()];
            (stripe.swarms(), stripe.peers(), said)
        };
        assert_eq!(tally.workers().map(read).collect::<Vec<_>>(), [(2, 1, [0, 0, 0]), (1, 1, [1, 1, 7])]);
        assert_eq!(tally.all_swarms(), 3);
    }
}
