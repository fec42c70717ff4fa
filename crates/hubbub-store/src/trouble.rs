//! Says once that something fails, and once that it works again: a full disk must not be filled further with logs.

use std::sync::atomic::{AtomicU64, Ordering};

use hubbub_hub::RoomName;

/// Says that a message cannot be read: the 1st, 2nd, 4th, 8th … time, for whoever polls it again and again.
pub(crate) fn damaged(room: &RoomName, seq: u64) {
    static FOUND: AtomicU64 = AtomicU64::new(0);
    let found = FOUND.fetch_add(1, Ordering::Relaxed) + 1;
    if found.is_power_of_two() {
        tracing::error!(%room, seq, found, "a message in the database is damaged or missing");
    }
}

/// Whether one kind of work fails at present, and how often it has.
#[derive(Debug)]
pub(crate) struct Trouble {
    work: &'static str,
    failures: u64,
}

impl Trouble {
    pub(crate) fn new(work: &'static str) -> Self {
        Self { work, failures: 0 }
    }

    /// Takes note of how it went; `None` if it failed.
    pub(crate) fn note<T>(&mut self, result: rusqlite::Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                self.over();
                Some(value)
            }
            Err(cause) => {
                self.failed(&cause);
                None
            }
        }
    }

    /// It works, perhaps again.
    pub(crate) fn over(&mut self) {
        if self.failures > 0 {
            tracing::info!(failures = self.failures, "{} works again", self.work);
            self.failures = 0;
        }
    }

    /// It failed.
    pub(crate) fn failed(&mut self, cause: &rusqlite::Error) {
        if self.failures == 0 {
            tracing::error!(%cause, "{} fails; this is said once until it works again", self.work);
        }
        self.failures += 1;
    }

    /// Whether the last time failed.
    pub(crate) fn is_on(&self) -> bool {
        self.failures > 0
    }
}
