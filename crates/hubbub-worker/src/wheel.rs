//! A timer wheel: deadlines by the tick in which they fall. Arming is O(1), and nothing is ever cancelled: what has become
//! stale is recognised when it comes round.

/// Milliseconds of one tick. Deadlines are met within one.
const TICK_MS: u64 = 50;
/// Ticks of one turn of the wheel: 51 s. What is further away comes round and is put back.
const TICKS: u64 = 1024;

/// What comes due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alarm {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    /// In process time.
    pub(crate) due_ms: u64,
}

/// The wheel of one worker.
#[derive(Debug)]
pub(crate) struct Wheel {
    buckets: Vec<Vec<Alarm>>,
    /// All ticks before this one have been looked at.
    tick: u64,
    armed: usize,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        Self { buckets: (0..TICKS).map(|_| Vec::new()).collect(), tick: 0, armed: 0 }
    }

    pub(crate) fn arm(&mut self, alarm: Alarm) {
        let due = alarm.due_ms.div_ceil(TICK_MS).clamp(self.tick, self.tick + TICKS - 1);
        self.buckets[(due % TICKS) as usize].push(alarm);
        self.armed += 1;
    }

    /// Moves what is due at `now_ms` into `out`.
    pub(crate) fn fire(&mut self, now_ms: u64, out: &mut Vec<Alarm>) {
        let end = now_ms / TICK_MS;
        if self.armed == 0 {
            self.tick = self.tick.max(end + 1);
            return;
        }
        while self.tick <= end {
            let bucket = std::mem::take(&mut self.buckets[(self.tick % TICKS) as usize]);
            self.tick += 1;
            self.armed -= bucket.len();
            for alarm in bucket {
                if alarm.due_ms <= now_ms { out.push(alarm) } else { self.arm(alarm) }
            }
        }
    }

    /// When to look again, in process time.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        if self.armed == 0 {
            return None;
        }
        let tick =
            (self.tick..self.tick + TICKS).find(|tick| !self.buckets[(tick % TICKS) as usize].is_empty())?;
        Some(tick * TICK_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_alarm_fires_once_and_never_early(dues in prop::collection::vec(0u64..300_000, 1..40), step in 1u64..9_000) {
            let mut wheel = Wheel::new();
            for (slot, due_ms) in dues.iter().enumerate() {
                wheel.arm(Alarm { slot: slot as u32, generation: 0, due_ms: *due_ms });
            }
            let mut fired = vec![0; dues.len()];
            let mut now = 0;
            while now < 320_000 {
                let mut out = Vec::new();
                wheel.fire(now, &mut out);
                for alarm in out {
                    prop_assert!(alarm.due_ms <= now);
                    prop_assert!(alarm.due_ms + step + 2 * TICK_MS >= now, "late: due {} at {}", alarm.due_ms, now);
                    fired[alarm.slot as usize] += 1;
                }
                now += step;
            }
            prop_assert!(fired.iter().all(|count| *count == 1));
            prop_assert_eq!(wheel.next_ms(), None);
        }
    }
}
