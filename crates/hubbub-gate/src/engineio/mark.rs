//! Requests that come twice.
//!
//! A browser whose connection breaks before an answer has arrived sends the request again on another connection, and tells nobody (RFC 9112
//! §9.3.1 allows it for what is safe to repeat; browsers do it for POST as well). Neither is safe here: what the
//! lost answer to a poll said would be missing in silence, and what a POST says would be said twice. The clients of Engine.IO mark each
//! request by a parameter of its own, `t`, against caches; by that a repetition is known.

use std::hash::{DefaultHasher, Hash, Hasher};

/// What a request is known by again: a hash of its mark and body. 0 if its client does not mark each request, or only by the
/// time: clients that count seconds may send two in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark(u64);

impl Mark {
    /// The mark of a request with this `t`, and these bytes in its body.
    pub(super) fn of(t: Option<&str>, body: &[u8]) -> Self {
        let Some(t) = t.filter(|t| t.bytes().any(|byte| byte.is_ascii_alphabetic())) else {
            return Self::default();
        };
        let mut hasher = DefaultHasher::new();
        (t, body).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Notes the mark of the newest request; whether that is the one before once more.
    pub(super) fn is_again(&mut self, newest: Self) -> bool {
        std::mem::replace(self, newest) == newest && newest != Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::Mark;

    #[test]
    fn the_same_request_again_is_known() {
        let mut last = Mark::default();
        assert!(!last.is_again(Mark::of(Some("w6ztme51"), b"")));
        assert!(last.is_again(Mark::of(Some("w6ztme51"), b"")));
        assert!(last.is_again(Mark::of(Some("w6ztme51"), b"")));
        assert!(!last.is_again(Mark::of(Some("w6zttuze"), b"")));
        assert!(!last.is_again(Mark::of(Some("w6zttuze"), b"4hello")));
    }

    #[test]
    fn what_is_not_marked_is_never_known() {
        let mut last = Mark::default();
        for t in [None, Some(""), Some("1763800000"), Some("1763800000.25")] {
            assert!(!last.is_again(Mark::of(t, b"")));
            assert!(!last.is_again(Mark::of(t, b"")));
        }
    }
}
