//! Positions in a room's log.

use std::fmt;
use std::str::FromStr;

/// A position in a room's log. Within an epoch `seq` counts 1, 2, 3, …; position 0 is before the first message.
/// A new epoch means that the old history is gone, and no offset of the old one can be resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset {
    /// Which life of the log: a number from the time when it began.
    pub epoch: u32,
    /// Which message within the epoch.
    pub seq: u64,
}

impl Offset {
    /// The offset `seq` of `epoch`.
    #[must_use]
    pub fn new(epoch: u32, seq: u64) -> Self {
        Self { epoch, seq }
    }
}

/// Written `EPOCH-SEQ`, as cursors and event ids show it.
impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

/// The text is not an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an offset is written EPOCH-SEQ, such as 1763800000-42")]
pub struct NotAnOffset;

impl FromStr for Offset {
    type Err = NotAnOffset;

    fn from_str(text: &str) -> Result<Self, NotAnOffset> {
        let (epoch, seq) = text.split_once('-').ok_or(NotAnOffset)?;
        Ok(Self { epoch: decimal(epoch)?, seq: decimal(seq)? })
    }
}

/// Plain digits only: `u64::from_str` would also take a plus sign.
fn decimal<T: FromStr>(text: &str) -> Result<T, NotAnOffset> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NotAnOffset);
    }
    text.parse().map_err(|_| NotAnOffset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        let offset = Offset::new(u32::MAX, u64::MAX);
        assert_eq!(offset.to_string().parse(), Ok(offset));
    }

    #[test]
    fn what_is_not_an_offset() {
        for text in [
            "",
            "-",
            "1-",
            "-1",
            "1",
            "+1-2",
            "1-+2",
            "1-2-3",
            "4294967296-1",
            "1-18446744073709551616",
            "١-1",
        ] {
            assert_eq!(text.parse::<Offset>(), Err(NotAnOffset), "{text}");
        }
    }
}
