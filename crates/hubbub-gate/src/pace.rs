//! How fast somebody may do something: a rate, and a burst that may come at once.

/// What is left of an allowance, in thousandths, and when that was reckoned.
#[derive(Debug, Default)]
pub(crate) struct Pace(Option<(u64, u64)>);

impl Pace {
    /// Spends one, if there is one. `rate` is by the second, 0 for any; `burst` of them may come at once.
    pub(crate) fn spend(&mut self, rate: u64, burst: u64, now_ms: u64) -> bool {
        self.spend_all(1, rate, burst, now_ms)
    }

    /// Spends `count`, if there are as many. Who wants more than there ever are takes all.
    pub(crate) fn spend_all(&mut self, count: u64, rate: u64, burst: u64, now_ms: u64) -> bool {
        if rate == 0 {
            return true;
        }
        let most = burst.max(1) * 1000;
        let (left, reckoned) = self.0.unwrap_or((most, now_ms));
        let gained = now_ms.saturating_sub(reckoned).saturating_mul(rate);
        let left = left.saturating_add(gained).min(most);
        let wanted = count.saturating_mul(1000).min(most);
        let may = left >= wanted;
        self.0 = Some((if may { left - wanted } else { left }, now_ms));
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

    #[test]
    fn several_at_once_or_none_of_them() {
        let mut pace = Pace::default();
        assert!(pace.spend_all(2, 1, 3, 0) && !pace.spend_all(2, 1, 3, 0) && pace.spend_all(1, 1, 3, 0));
        assert!(!pace.spend_all(9, 1, 3, 2999) && pace.spend_all(9, 1, 3, 3000) && !pace.spend(1, 3, 3000));
    }
}
