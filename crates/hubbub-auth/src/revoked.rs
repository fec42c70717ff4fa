//! Accounts that were removed, as far as tokens issued to them may still be about.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

/// Whose account was removed, and when. Told by the store, asked by all workers about tokens of the server's own; as long as nobody was
/// removed that costs nothing.
#[derive(Debug, Default)]
pub struct Revoked {
    any: AtomicBool,
    /// By prepared localpart, in seconds since 1970.
    by_user: RwLock<HashMap<String, u64>>,
}

impl Revoked {
    /// The account of this prepared localpart was removed at `unix_s`, in seconds since 1970.
    pub fn note(&self, user: &str, unix_s: u64) {
        let mut by_user = self.by_user.write().unwrap_or_else(PoisonError::into_inner);
        let last = by_user.entry(user.to_owned()).or_default();
        *last = unix_s.max(*last);
        self.any.store(true, Ordering::Release);
    }

    /// When the account of this name was last removed, if it was.
    #[must_use]
    pub fn since(&self, user: &str) -> Option<u64> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        self.by_user.read().unwrap_or_else(PoisonError::into_inner).get(user).copied()
    }
}
