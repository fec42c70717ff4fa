//! A circuit breaker: an application that fails again and again is left in peace for a while, and then tried by one question.

/// Whether questions may go to one application.
#[derive(Debug)]
pub struct Breaker {
    failures_max: u32,
    pause_ms: u64,
    /// Failures in a row.
    failures: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// Nobody may ask until then, in process time.
    Open(u64),
    /// One question is on its way; the others wait for what becomes of it.
    Probing,
}

impl Breaker {
    /// Opens after `failures_max` failures in a row (0: never), for `pause_ms` each time.
    #[must_use]
    pub fn new(failures_max: u32, pause_ms: u64) -> Self {
        Self { failures_max, pause_ms, failures: 0, state: State::Closed }
    }

    /// Whether a question may go now. Once after each pause the answer is yes to one.
    pub fn admits(&mut self, now_ms: u64) -> bool {
        match self.state {
            State::Closed => true,
            State::Open(until) if until <= now_ms => {
                self.state = State::Probing;
                true
            }
            State::Open(_) | State::Probing => false,
        }
    }

    /// The application has answered.
    pub fn succeeded(&mut self) {
        self.failures = 0;
        self.state = State::Closed;
    }

    /// It has not. Says whether that opens the breaker.
    pub fn failed(&mut self, now_ms: u64) -> bool {
        self.failures = self.failures.saturating_add(1);
        let opens = match self.state {
            State::Closed => self.failures_max > 0 && self.failures >= self.failures_max,
            State::Probing => true,
            State::Open(_) => false,
        };
        if opens {
            self.state = State::Open(now_ms.saturating_add(self.pause_ms));
        }
        opens
    }

    /// Whether questions are turned away.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_failures_in_a_row_and_closes_by_a_probe() {
        let mut breaker = Breaker::new(2, 100);
        assert!(!breaker.failed(0));
        breaker.succeeded();
        assert!(!breaker.failed(0));
        assert!(breaker.failed(10));
        assert!(!breaker.admits(109));
        assert!(breaker.admits(110));
        assert!(!breaker.admits(110), "one probe at a time");
        assert!(breaker.failed(120));
        assert!(!breaker.admits(219));
        assert!(breaker.admits(220));
        breaker.succeeded();
        assert!(breaker.admits(220) && breaker.admits(220) && !breaker.is_open());
    }

    #[test]
    fn what_was_sent_before_it_opened_changes_nothing_but_for_the_better() {
        let mut breaker = Breaker::new(1, 100);
        assert!(breaker.failed(0));
        assert!(!breaker.failed(50));
        assert!(breaker.admits(100), "a late failure does not make the pause longer");
        let mut breaker = Breaker::new(1, 100);
        assert!(breaker.failed(0));
        breaker.succeeded();
        assert!(breaker.admits(1));
    }

    #[test]
    fn none_never_opens() {
        let mut breaker = Breaker::new(0, 100);
        assert!((0..1000).all(|now| !breaker.failed(now) && breaker.admits(now)));
    }
}
