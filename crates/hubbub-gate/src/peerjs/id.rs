//! Ids that peers go by, and `GET …/id`, which makes one up.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};

use crate::problem::{self, Problem};
use crate::respond::{respond, respond_problem};
use crate::session::{Close, Cx, Input, Session};

/// Longest id, in bytes.
const MOST_BYTES: usize = 128;

/// An id that a peer goes by: words of ASCII letters and digits, with one space, `_` or `-` between two of them, at most 128 bytes.
/// It is what the client allows its own user, and needs no escape in JSON.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(Arc<str>);

impl PeerId {
    /// Reads an id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let fits = text.len() <= MOST_BYTES && text.split([' ', '_', '-']).all(is_word);
        fits.then(|| Self(text.into()))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A UUID of version 4 (RFC 9562 §5.4) of these bytes.
    fn of_random(bytes: [u8; 16]) -> Self {
        let bits = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0b11 << 62) | 4 << 76 | 0b10 << 62;
        let hex = format!("{bits:032x}");
        let pieces = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        Self(pieces.join("-").into())
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Somebody who wants an id. It is nobody's until a peer comes with it; that it is hard to guess keeps it free until then.
pub(super) struct NewId;

impl NewId {
    fn make(cx: &mut Cx<'_>) -> Result<(), Close> {
        let mut bytes = [0; 16];
        if aws_lc_rs::rand::fill(&mut bytes).is_err() {
            return respond_problem(&Problem::unavailable("The system gives no randomness."), cx);
        }
        let mut head = problem::head(StatusCode::OK, "text/plain; charset=utf-8");
        head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        respond(head, PeerId::of_random(bytes).as_str().to_owned().into(), cx)
    }
}

impl Session for NewId {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => Self::make(cx),
            _ => Err(Close::Done),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use super::*;

    #[test]
    fn what_is_an_id() {
        for text in ["a", "Ann", "my-id_7 x", "0", &"a".repeat(128), "11111111-2222-4333-8444-555555555555"] {
            assert_eq!(PeerId::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_none() {
        let long = "a".repeat(129);
        for text in
            ["", " ", "-", "a-", "-a", "a--b", "a _b", "é", "a.b", "a/b", "a\"", "a\n", "a\0", "<b>", &long]
        {
            assert_eq!(PeerId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_made_up_one_is_a_uuid_of_version_4() {
        let all = |byte| PeerId::of_random([byte; 16]).as_str().to_owned();
        assert_eq!(all(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(all(0xff), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert!(PeerId::parse(&all(0xa5)).is_some());
    }
}
