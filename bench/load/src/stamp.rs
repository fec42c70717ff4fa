//! What a message looks like: `RUN.SENDER.SEQ.` in hexadecimal, then letters up to the wanted size.
//!
//! Only characters that JSON, form bodies and text frames carry as they are, so every server can pass it on untouched.

/// Length of the fixed part: 16 + 8 + 16 digits and three dots.
pub(crate) const HEAD: usize = 43;

/// Who sent a message, in which run, and which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Random number of the run, so that nothing left over from another is mistaken for this one's.
    pub(crate) run: u64,
    /// Number of the sending connection.
    pub(crate) sender: u32,
    /// 0, 1, 2, … for each sender.
    pub(crate) seq: u64,
}

impl Stamp {
    /// The whole message, `size` bytes long (at least [`HEAD`]).
    pub(crate) fn message(&self, size: usize) -> Vec<u8> {
        let mut message = format!("{:016x}.{:08x}.{:016x}.", self.run, self.sender, self.seq).into_bytes();
        // Letters that shift with `seq`: a payload of one message under the head of another is found out.
        message.extend(
            (0..size.saturating_sub(HEAD) as u64).map(|i| b'a' + (i.wrapping_add(self.seq) % 26) as u8),
        );
        message
    }

    /// Reads the fixed part; `None` if it is none of ours.
    pub(crate) fn parse(message: &[u8]) -> Option<Self> {
        let head = std::str::from_utf8(message.get(..HEAD)?).ok()?;
        let mut parts = head.strip_suffix('.')?.split('.');
        let (run, sender, seq) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            run: u64::from_str_radix(run, 16).ok()?,
            sender: u32::from_str_radix(sender, 16).ok()?,
            seq: u64::from_str_radix(seq, 16).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let stamp = Stamp { run: 0x1234_5678_9abc_def0, sender: 7, seq: u64::MAX - 1 };
        let message = stamp.message(128);
        assert_eq!(message.len(), 128);
        assert_eq!(Stamp::parse(&message), Some(stamp));
    }

    #[test]
    fn refuses_what_is_not_ours() {
        assert_eq!(Stamp::parse(b"hello"), None);
        assert_eq!(Stamp::parse(&[b'z'; 128]), None);
        assert_eq!(Stamp::parse(&[0xff; 128]), None);
    }

    #[test]
    fn filler_differs_between_neighbours() {
        let one = Stamp { run: 1, sender: 0, seq: 1 }.message(128);
        let two = Stamp { run: 1, sender: 0, seq: 2 }.message(128);
        assert_ne!(one[HEAD..], two[HEAD..]);
    }
}
