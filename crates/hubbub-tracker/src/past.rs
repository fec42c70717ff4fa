//! How often torrents were completed whose swarms are empty: remembered for the newest of them, so that a scrape tells it still when
//! peers come back.

use std::collections::VecDeque;

use crate::id::InfoHash;

/// Most torrents remembered; the oldest are forgotten.
const MOST: usize = 64;

/// Torrents whose last peer has gone.
#[derive(Debug, Default)]
pub(crate) struct Past(VecDeque<(InfoHash, u32)>);

impl Past {
    /// The last peer of a swarm has gone, which so many peers completed.
    pub(crate) fn remember(&mut self, hash: InfoHash, completed: u32) {
        if completed == 0 {
            return;
        }
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((hash, completed));
    }

    /// How many completed it, as far as is known.
    pub(crate) fn completed(&self, hash: &InfoHash) -> u32 {
        self.0.iter().find(|(other, _)| other == hash).map_or(0, |(_, completed)| *completed)
    }

    /// The swarm has peers again: it remembers for itself.
    pub(crate) fn recall(&mut self, hash: &InfoHash) -> u32 {
        let Some(at) = self.0.iter().position(|(other, _)| other == hash) else { return 0 };
        self.0.remove(at).map_or(0, |(_, completed)| completed)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u8) -> InfoHash {
        InfoHash([number; 20])
    }

    #[test]
    fn the_newest_are_remembered_until_they_are_recalled() {
        let mut past = Past::default();
        past.remember(hash(99), 0);
        assert!(past.is_empty(), "nothing to remember");
        for number in 0..=64 {
            past.remember(hash(number), u32::from(number) + 1);
        }
        assert_eq!((past.completed(&hash(0)), past.completed(&hash(1))), (0, 2));
        assert_eq!((past.recall(&hash(64)), past.recall(&hash(64))), (65, 0));
    }
}
