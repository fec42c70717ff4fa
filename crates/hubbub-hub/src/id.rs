//! Message ids: 128 bits that sort by time.

use std::fmt;

/// A message's name in every protocol and archive: a UUID of version 7 (RFC 9562 §5.7), made by the room's home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u128);

/// The usual form of a UUID: 36 characters, hexadecimal with hyphens.
impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            id >> 96,
            (id >> 80) & 0xffff,
            (id >> 64) & 0xffff,
            (id >> 48) & 0xffff,
            id & 0xffff_ffff_ffff
        )
    }
}

/// Not an id as the server writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message's id looks like 019aaaac-2600-7000-8000-000000000000")]
pub struct NotAnId;

/// The form in which ids are shown, and no other; letters may be large.
impl std::str::FromStr for MessageId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let hyphens = [8, 13, 18, 23];
        let fits = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| {
                if hyphens.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
            });
        let digits = fits.then(|| text.replace('-', "")).ok_or(NotAnId)?;
        u128::from_str_radix(&digits, 16).map(Self).map_err(|_| NotAnId)
    }
}

impl MessageId {
    /// An id of this moment that no order depends on.
    #[must_use]
    pub fn random(unix_ms: u64, rng: &mut fastrand::Rng) -> Self {
        let (millis, random) = (u128::from(unix_ms) << 80, rng.u128(..));
        Self(millis | (0x7 << 76) | (random & (0xfff << 64)) | (0b10 << 62) | (random & ((1 << 62) - 1)))
    }
}

/// Makes ids that grow strictly, also within a millisecond and when the clock is set back.
#[derive(Debug)]
pub struct MessageIds {
    rng: fastrand::Rng,
    /// Milliseconds and the 12-bit counter of RFC 9562 §6.2 method 1, as one number that only grows.
    last: u64,
}

impl MessageIds {
    /// A maker of its own for each worker; `seed` keeps them apart.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rng: fastrand::Rng::with_seed(seed), last: 0 }
    }

    /// The next id, stamped `unix_ms` or as little later as order demands.
    pub fn next(&mut self, unix_ms: u64) -> MessageId {
        self.last = (unix_ms << 12).max(self.last + 1);
        let millis = u128::from(self.last >> 12) << 80;
        let counter = u128::from(self.last & 0xfff) << 64;
        let random = u128::from(self.rng.u64(..) >> 2);
        MessageId(millis | (0x7 << 76) | counter | (0b10 << 62) | random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_does_not() {
        let mut ids = MessageIds::new(1);
        let made: Vec<_> = (0..10_000)
            .map(|i| ids.next(if i % 3 == 0 { 1_763_800_000_000 } else { 1_763_799_999_000 }))
            .collect();
        assert!(made.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn what_is_not_an_id() {
        for text in ["", "x", "019aaaac26007000800000000000000000000", "+19aaaac-2600-7000-8000-000000000000"]
        {
            assert_eq!(text.parse::<MessageId>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn version_and_variant_are_those_of_rfc_9562() {
        let random = MessageId::random(1_763_800_000_000, &mut fastrand::Rng::with_seed(7));
        for id in [MessageIds::new(7).next(1_763_800_000_000), random] {
            let text = id.to_string();
            assert_eq!(text.len(), 36);
            assert_eq!(&text[14..15], "7");
            assert!("89ab".contains(&text[19..20]), "{text}");
            assert!(text.starts_with("019aaaac-2600-"), "{text}");
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(text.to_uppercase().parse(), Ok(id));
        }
    }
}
