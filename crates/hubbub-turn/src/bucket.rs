//! How much of something is allowed per second.

/// A rate and what may be used at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Units per second in the long run. 0 allows nothing beyond the first burst.
    pub per_second: u64,
    /// Units at once after a rest.
    pub burst: u64,
}

/// What has been used and is not yet forgiven. All zero is a full allowance.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bucket {
    /// In thousandths of a unit.
    debt: u64,
    /// When that was, in milliseconds.
    at: u64,
}

impl Bucket {
    /// Uses `amount` units, if they are there.
    pub(crate) fn take(&mut self, rate: Rate, amount: u64, now_ms: u64) -> bool {
        let forgiven = now_ms.saturating_sub(self.at).saturating_mul(rate.per_second);
        let debt = self.debt.saturating_sub(forgiven);
        let after = debt.saturating_add(amount.saturating_mul(1000));
        let may = after <= rate.burst.saturating_mul(1000);
        *self = Self { debt: if may { after } else { debt }, at: self.at.max(now_ms) };
        may
    }

    /// Uses `amount` units that are gone already. Milliseconds until no more are used than may be.
    pub(crate) fn charge(&mut self, rate: Rate, amount: u64, now_ms: u64) -> u64 {
        let forgiven = now_ms.saturating_sub(self.at).saturating_mul(rate.per_second);
        let debt = self.debt.saturating_sub(forgiven).saturating_add(amount.saturating_mul(1000));
        *self = Self { debt, at: self.at.max(now_ms) };
        debt.saturating_sub(rate.burst.saturating_mul(1000)).div_ceil(rate.per_second.max(1))
    }
}
