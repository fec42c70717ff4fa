//! Inflating messages (RFC 7692 §7.2.2), never beyond a limit.

use crate::Error;
use flate2::{Decompress, FlushDecompress, Status};

/// What the sender strips from the end of each message and the receiver puts back (RFC 7692 §7.2.2).
const TAIL: &[u8] = b"\x00\x00\xff\xff";
/// A last, empty block. It ends the stream if, and only if, the data before it ended with a whole block.
const LAST_BLOCK: &[u8] = b"\x01\x00\x00\xff\xff";
/// The inflater keeps up to this much output space for the next message.
const KEEP: usize = 64 * 1024;
/// Output space to begin with.
const FIRST: usize = 4 * 1024;

/// Scratch space for inflating: zlib's state and the last message inflated.
///
/// Nothing in it belongs to a connection, so one per thread serves all connections whose peers compress each
/// message by itself; connections with context takeover borrow only the output space. It is empty until it is
/// first needed, and keeps up to 115 KB from then on.
#[derive(Debug, Default)]
pub struct Inflater {
    stateless: Option<Decompress>,
    out: Vec<u8>,
}

impl Inflater {
    /// An empty inflater.
    pub fn new() -> Self {
        Self::default()
    }

    /// Inflates a message that was compressed by itself.
    ///
    /// # Errors
    ///
    /// [`Error::Inflate`] if the payload is not deflated data or ends within a block,
    /// [`Error::MessageTooBig`] as soon as the message is longer than `limit` bytes.
    pub fn inflate(&mut self, payload: &[u8], limit: usize) -> Result<&[u8], Error> {
        // A window of 15 bits inflates what any smaller window deflated.
        let raw = self.stateless.get_or_insert_with(|| Decompress::new(false));
        raw.reset(false);
        let mut run = Run { raw, out: &mut self.out, limit };
        run.begin();
        if !run.feed(payload)? {
            run.feed(TAIL)?;
            run.finish()?;
        }
        Ok(&self.out)
    }

    /// Inflates a message that may refer back to those before it, whose window is in `context`: created when
    /// first needed, and of no use after an error.
    pub(crate) fn inflate_in_context(
        &mut self,
        context: &mut Option<Box<Decompress>>,
        window_bits: u8,
        payload: &[u8],
        limit: usize,
    ) -> Result<&[u8], Error> {
        // zlib has no raw stream with a window of 8 bits; the next larger one reads it as well.
        let bits = window_bits.clamp(9, 15);
        let raw = context.get_or_insert_with(|| Box::new(Decompress::new_with_window_bits(false, bits)));
        let mut run = Run { raw, out: &mut self.out, limit };
        run.begin();
        if !run.feed(payload)? {
            run.feed(TAIL)?;
        }
        Ok(&self.out)
    }
}

/// One message being inflated.
struct Run<'a> {
    raw: &'a mut Decompress,
    out: &'a mut Vec<u8>,
    limit: usize,
}

impl Run<'_> {
    fn begin(&mut self) {
        self.out.clear();
        self.out.shrink_to(KEEP);
    }

    /// Inflates all of `input`. Says whether it is complete without the tail, because it is empty or its last
    /// block is marked as the last.
    ///
    /// A block so marked does not end the message (RFC 7692 §7.2.3.4): what follows it is a new stream.
    fn feed(&mut self, mut input: &[u8]) -> Result<bool, Error> {
        let mut ended = input.is_empty();
        while !ended {
            if self.step(&mut input)? == Status::StreamEnd {
                self.raw.reset(false);
                ended = input.is_empty();
            } else if self.out.len() < self.out.capacity() {
                // Output space is left, so all that the input gives has come out.
                return if input.is_empty() { Ok(false) } else { Err(Error::Inflate) };
            }
        }
        Ok(true)
    }

    /// Puts a last block behind the message, which must then be over.
    fn finish(&mut self) -> Result<(), Error> {
        let mut input = LAST_BLOCK;
        match self.step(&mut input)? {
            Status::StreamEnd if input.is_empty() => Ok(()),
            _ => Err(Error::Inflate),
        }
    }

    /// Inflates as much as there is space for, and counts it against the limit.
    fn step(&mut self, input: &mut &[u8]) -> Result<Status, Error> {
        self.make_space();
        let before = self.raw.total_in();
        let status = self.raw.decompress_vec(input, self.out, FlushDecompress::Sync);
        let used = (self.raw.total_in() - before) as usize;
        *input = &input[used..];
        if self.out.len() > self.limit {
            return Err(Error::MessageTooBig);
        }
        status.map_err(|_| Error::Inflate)
    }

    /// Makes room for more output, up to one byte beyond the limit.
    fn make_space(&mut self) {
        let len = self.out.len();
        if len == self.out.capacity() {
            let most = self.limit.saturating_add(1);
            let capacity = (2 * len).max(FIRST).min(most);
            self.out.reserve_exact(capacity - len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 20;

    /// RFC 7692 §7.2.3.
    #[test]
    fn examples_of_the_rfc() {
        let mut inflater = Inflater::new();
        let examples: [(&str, &[u8]); 5] = [
            ("§7.2.3.1: one block", b"\xf2\x48\xcd\xc9\xc9\x07\x00"),
            ("§7.2.3.3: no compression", b"\x00\x05\x00\xfa\xffHello\x00"),
            ("§7.2.3.4: BFINAL", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
            ("§7.2.3.5: two blocks", b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"),
            ("BFINAL without the empty block", b"\xf3\x48\xcd\xc9\xc9\x07\x00"),
        ];
        for (name, deflated) in examples {
            assert_eq!(inflater.inflate(deflated, LIMIT), Ok(&b"Hello"[..]), "{name}");
        }
        assert_eq!(inflater.inflate(b"\x00", LIMIT), Ok(&b""[..]), "§7.2.3.6: an empty message");
        assert_eq!(inflater.inflate(b"", LIMIT), Ok(&b""[..]), "an empty payload");
    }

    /// RFC 7692 §7.2.3.2.
    #[test]
    fn a_window_is_shared_between_messages() {
        let mut inflater = Inflater::new();
        let mut context = None;
        for deflated in [&b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..], b"\xf2\x00\x11\x00\x00"] {
            assert_eq!(inflater.inflate_in_context(&mut context, 15, deflated, LIMIT), Ok(&b"Hello"[..]));
        }
        assert_eq!(
            inflater.inflate(b"\xf2\x00\x11\x00\x00", LIMIT),
            Err(Error::Inflate),
            "without the first"
        );
    }

    #[test]
    fn blocks_after_a_last_one_are_inflated() {
        let deflated =
            b"\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00";
        assert_eq!(Inflater::new().inflate(deflated, LIMIT), Ok(&b"HelloHelloHello"[..]));
    }

    #[test]
    fn what_does_not_inflate_is_refused() {
        let mut inflater = Inflater::new();
        for bad in [&b"\xff\xff\xff"[..], b"\x07", b"\xf2\x48\xcd", b"\x00\x05\x00\xfa\xffHe"] {
            assert_eq!(inflater.inflate(bad, LIMIT), Err(Error::Inflate), "{bad:x?}");
        }
        assert_eq!(
            inflater.inflate(b"\xf2\x48\xcd\xc9\xc9\x07\x00", LIMIT),
            Ok(&b"Hello"[..]),
            "and forgotten"
        );
    }

    #[test]
    fn the_limit_is_exact() {
        let mut inflater = Inflater::new();
        for len in [1, 5, FIRST, FIRST + 1, KEEP, 3 * KEEP] {
            let mut deflated = Vec::new();
            crate::Deflater::new(15, false).compress_message(&vec![b'a'; len], &mut deflated);
            assert_eq!(inflater.inflate(&deflated, len).map(<[u8]>::len), Ok(len));
            assert_eq!(inflater.inflate(&deflated, len - 1), Err(Error::MessageTooBig));
        }
    }

    #[test]
    fn a_bomb_is_given_up_where_it_passes_the_limit() {
        let mut deflated = Vec::new();
        crate::Deflater::new(15, false).compress_message(&vec![0; 4 << 20], &mut deflated);
        let mut inflater = Inflater::new();
        assert_eq!(inflater.inflate(&deflated, LIMIT), Err(Error::MessageTooBig));
        assert_eq!(inflater.out.capacity(), LIMIT + 1);
        assert_eq!(inflater.inflate(b"\x00", LIMIT), Ok(&b""[..]));
        assert_eq!(inflater.out.capacity(), KEEP, "a large message is not remembered by its space");
    }
}
