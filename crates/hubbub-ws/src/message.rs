//! A message that is not all there yet.

use crate::{Error, Kind, utf8};

/// What arrived so far of a message, unmasked. Exists only from a message's first incomplete piece until it
/// was handed out.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) kind: Kind,
    /// The bytes are deflated; they are inflated, and text is checked, when the message is complete.
    pub(crate) compressed: bool,
    /// Frames begun so far.
    pub(crate) fragments: u32,
    bytes: Vec<u8>,
    /// How many bytes, from the start, are known to be whole characters.
    checked: usize,
}

impl Message {
    pub(crate) fn new(kind: Kind, compressed: bool) -> Self {
        Self { kind, compressed, fragments: 1, bytes: Vec::new(), checked: 0 }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends a piece of the current frame, of which `missing` bytes are still to come.
    ///
    /// Memory follows what arrived, never what was only announced, and never exceeds what was announced.
    pub(crate) fn append(&mut self, piece: &[u8], missing: usize) -> Result<(), Error> {
        let len = self.bytes.len() + piece.len();
        if len > self.bytes.capacity() {
            let capacity = (2 * len).min(len + missing);
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        if self.kind == Kind::Text && !self.compressed {
            utf8::check_growing(&self.bytes, &mut self.checked)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_follows_what_arrived() {
        let mut message = Message::new(Kind::Binary, false);
        message.append(&[0; 10], 1_000_000).unwrap();
        assert!(message.bytes.capacity() <= 20);
        message.append(&[0; 90], 10).unwrap();
        assert_eq!(message.bytes.capacity(), 110);
    }

    #[test]
    fn text_fails_at_its_first_bad_byte() {
        let mut message = Message::new(Kind::Text, false);
        assert_eq!(message.append(b"abc\xe2", 9), Ok(()));
        assert_eq!(message.append(b"\x28", 8), Err(Error::InvalidUtf8));
    }
}
