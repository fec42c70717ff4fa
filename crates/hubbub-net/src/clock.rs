//! The clock: read here, and handed to everybody else.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use hubbub_hub::Now;

/// When the process started.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock whose process time begins now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// The present moment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { unix_ms: millis(unix), mono_ms: self.mono_ms() }
    }

    /// The present moment in process time alone, which costs half as much.
    #[must_use]
    pub fn mono_ms(&self) -> u64 {
        millis(self.started.elapsed())
    }

    /// A moment of process time, as tokio's timer wants it.
    #[must_use]
    pub fn instant(&self, mono_ms: u64) -> tokio::time::Instant {
        tokio::time::Instant::from_std(self.started + std::time::Duration::from_millis(mono_ms))
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
