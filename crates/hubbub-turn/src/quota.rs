//! What one user may have: allocations, and bytes per second over all of them.

use std::collections::HashMap;
use std::sync::Arc;

use slab::Slab;

use crate::Rate;
use crate::bucket::Bucket;

/// The users that have allocations.
#[derive(Default)]
pub(crate) struct Users {
    by_name: HashMap<Arc<str>, usize>,
    all: Slab<User>,
}

struct User {
    name: Arc<str>,
    allocations: usize,
    bytes: Bucket,
}

impl Users {
    /// Counts one more allocation of the user; `None` if there are `most` already.
    pub(crate) fn admit(&mut self, name: &Arc<str>, most: usize) -> Option<usize> {
        let known = self.by_name.get(name).copied();
        if known.map_or(0, |index| self.all[index].allocations) >= most {
            return None;
        }
        let index = known.unwrap_or_else(|| self.insert(name));
        self.all[index].allocations += 1;
        Some(index)
    }

    fn insert(&mut self, name: &Arc<str>) -> usize {
        let index = self.all.insert(User { name: name.clone(), allocations: 0, bytes: Bucket::default() });
        self.by_name.insert(name.clone(), index);
        index
    }

    /// Counts one less.
    pub(crate) fn leave(&mut self, index: usize) {
        let user = &mut self.all[index];
        user.allocations -= 1;
        if user.allocations == 0 {
            let user = self.all.remove(index);
            self.by_name.remove(&user.name);
        }
    }

    /// Whether the user may relay so many more bytes now.
    pub(crate) fn may_relay(&mut self, index: usize, rate: Option<Rate>, bytes: usize, now_ms: u64) -> bool {
        rate.is_none_or(|rate| self.all[index].bytes.take(rate, bytes as u64, now_ms))
    }

    /// The user has relayed so many bytes. For how many milliseconds he is to relay no more.
    pub(crate) fn charge(&mut self, index: usize, rate: Option<Rate>, bytes: u64, now_ms: u64) -> u64 {
        rate.map_or(0, |rate| self.all[index].bytes.charge(rate, bytes, now_ms))
    }

    pub(crate) fn name(&self, index: usize) -> &Arc<str> {
        &self.all[index].name
    }
}
