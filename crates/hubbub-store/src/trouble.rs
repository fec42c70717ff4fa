//! Says once that something fails, and once that it works again: a full disk must not be filled further with logs.

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
