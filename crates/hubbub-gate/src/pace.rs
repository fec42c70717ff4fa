//! How fast somebody may do something: a rate, and a burst that may come at once.

/// What is left of an allowance, in thousandths, and when that was reckoned.
#[derive(Debug, Default)]
pub(crate) struct Pace(Option<(u64, u64)>);

impl Pace {
    /// Spends one, if there is one. `rate` is by the second, 0 for any; `burst` of them may come at once.
    pub(crate) fn spend(&mut self, rate: u64, burst: u64, now_ms: u64) -> bool {
        if rate == 0 {
            return true;
        }
        let most = burst.max(1) * 1000;
        let (left, reckoned) = self.0.unwrap_or((most, now_ms));
        let gained = now_ms.saturating_sub(reckoned).saturating_mul(rate);
        let left = left.saturating_add(gained).min(most);
        let may = left >= 1000;
        self.0 = Some((if may { left - 1000 } else { left }, now_ms));
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_the_rate() {
        let mut pace = Pace::default();
        let at_once = (0..10).filter(|_| pace.spend(2, 3, 5000)).count();
        assert_eq!(at_once, 3);
        assert!(!pace.spend(2, 3, 5499) && pace.spend(2, 3, 5500) && !pace.spend(2, 3, 5500));
        assert!((0..10).all(|_| Pace::default().spend(0, 0, 1)));
    }
}
