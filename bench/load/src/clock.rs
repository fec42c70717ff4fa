//! The one place that reads the time.

use std::time::{Duration, Instant};

/// Nanoseconds since the clock was made.
pub(crate) type Nanos = u64;

/// A monotonic clock with an origin of its own.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that stands at zero.
    #[expect(clippy::disallowed_methods, reason = "a load generator is all about time; it is read only here")]
    pub(crate) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Time since the start.
    pub(crate) fn now(&self) -> Nanos {
        nanos(self.origin.elapsed())
    }
}

/// A duration in nanoseconds; anything over 584 years is as good as that.
pub(crate) fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
