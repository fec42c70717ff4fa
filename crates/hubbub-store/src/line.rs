//! A line of questions that wait. What homes ask is bounded by the homes; what sessions ask is bounded here, where it
//! shares a queue with that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// As much of this kind is waiting as may, passwords to check or papers to write: try again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much of this kind is waiting: try again in a moment")]
pub struct Busy;

/// Counts what waits. Its copies count together.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    waiting: Arc<AtomicUsize>,
    most: usize,
}

impl Line {
    /// A line for so much.
    pub(crate) fn new(most: usize) -> Self {
        Self { waiting: Arc::default(), most }
    }

    /// A place for something of this weight. The first in the line always has one.
    pub(crate) fn join(&self, weight: usize) -> Result<Place, Busy> {
        let before = self.waiting.fetch_add(weight, Ordering::Relaxed);
        let place = Place { line: self.waiting.clone(), weight };
        if before > 0 && before.saturating_add(weight) > self.most { Err(Busy) } else { Ok(place) }
    }
}

/// A place in a line, given up when dropped: before the answer is on its way, or when the question is lost with its thread.
#[derive(Debug)]
pub(crate) struct Place {
    line: Arc<AtomicUsize>,
    weight: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.line.fetch_sub(self.weight, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_an_end_and_moves_on() {
        let line = Line::new(10);
        let copy = line.clone();
        let first = line.join(4).unwrap();
        let second = copy.join(6).unwrap();
        assert_eq!(line.join(1).unwrap_err(), Busy);
        drop(first);
        let third = line.join(4).unwrap();
        assert_eq!(line.join(1).unwrap_err(), Busy);
        drop((second, third));
        assert_eq!(line.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_is_too_heavy_for_the_line_goes_alone() {
        let line = Line::new(10);
        let heavy = line.join(1000).unwrap();
        assert_eq!(line.join(1).unwrap_err(), Busy);
        drop(heavy);
        assert!(line.join(1).is_ok());
    }
}
