//! Signs of life (RFC 6120 §4.6): anything that comes is one; who is silent for long is asked, and then given up.

/// When the client has to be looked at, in milliseconds; `u64::MAX`: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alive {
    /// Heard of; to be asked at this time.
    Heard(u64),
    /// Asked; to be given up at this time.
    Asked(u64),
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing yet.
    Wait,
    /// Ask for a sign of life.
    Ask,
    /// It is gone.
    Gone,
}

impl Alive {
    /// Something came at `now`. `part` of the idle time, a random number from 0 to 1, is what keeps the clients who came
    /// together, after a restart, from being asked together for ever.
    pub(super) fn heard(now: u64, idle_ms: u64, part: f64) -> Self {
        match idle_ms {
            0 => Self::Heard(u64::MAX),
            _ => Self::Heard(now.saturating_add(idle_ms - (idle_ms as f64 * part / 8.0) as u64)),
        }
    }

    pub(super) fn due(self) -> Option<u64> {
        let (Self::Heard(at) | Self::Asked(at)) = self;
        Some(at).filter(|at| *at != u64::MAX)
    }

    pub(super) fn tick(&mut self, now: u64, ping_ms: u64) -> Beat {
        match *self {
            Self::Heard(at) | Self::Asked(at) if now < at => Beat::Wait,
            Self::Heard(_) => {
                *self = Self::Asked(now.saturating_add(ping_ms));
                Beat::Ask
            }
            Self::Asked(_) => Beat::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_silent_are_asked_and_then_given_up() {
        let mut alive = Alive::heard(1000, 800, 0.0);
        assert_eq!(alive.due(), Some(1800));
        assert_eq!(alive.tick(1799, 50), Beat::Wait);
        assert_eq!(alive.tick(1800, 50), Beat::Ask);
        assert_eq!(alive.tick(1849, 50), Beat::Wait);
        assert_eq!(alive.tick(1850, 50), Beat::Gone);
    }

    #[test]
    fn luck_takes_an_eighth_at_most() {
        assert_eq!(Alive::heard(0, 800, 1.0), Alive::Heard(700));
    }

    #[test]
    fn nobody_is_asked_where_that_is_off() {
        let mut alive = Alive::heard(5, 0, 0.5);
        assert_eq!(alive.due(), None);
        assert_eq!(alive.tick(u64::MAX - 1, 50), Beat::Wait);
    }
}
