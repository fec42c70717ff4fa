//! What a client sends while an answer is being looked for: kept in order, to a limit.

use std::collections::VecDeque;

/// What an entry costs besides its bytes, so that many empty ones are bounded too.
const ENTRY: usize = 64;

/// Input that waits for its turn.
#[derive(Debug, Default)]
pub(super) struct Held {
    chunks: VecDeque<Vec<u8>>,
    cost: usize,
}

impl Held {
    /// Keeps this, or says that it would be more than `limit`.
    pub(super) fn push(&mut self, bytes: &[u8], limit: usize) -> Result<(), ()> {
        let cost = self.cost + bytes.len() + ENTRY;
        if cost > limit {
            return Err(());
        }
        self.cost = cost;
        self.chunks.push_back(bytes.to_vec());
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        let chunk = self.chunks.pop_front()?;
        self.cost -= chunk.len() + ENTRY;
        Some(chunk)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
