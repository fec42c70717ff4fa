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
/// Nothing in it belongs to a connection, so one per thread serves all connections whose peers compress each message
/// by itself; connections with context takeover borrow only the output space. It is empty until it is first
/// needed, and keeps about 110 KB from then on.
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
    /// [`Error::Inflate`] if the payload is not deflated data or ends within a block, [`Error::MessageTooBig`] as
    /// soon as the message is longer than `limit` bytes.
    pub fn inflate(&mut self, payload: &[u8], limit: usize) -> Result<&[u8], Error> {
        // A window of 15 bits inflates what any smaller window deflated.
        let raw = self.stateless.get_or_insert_with(|| Decompress::new(false));
        raw.reset(false);
        let mut run = Run { raw, out: &mut self.out, limit };
        run.begin();
        if !payload.is_empty() {
            run.feed(payload)?;
            run.feed(TAIL)?;
            run.finish()?;
        }
        Ok(&self.out)
    }

    /// Inflates a message that may refer back to those before it, whose window is in `context`: created when first
    /// needed, and of no use after an error.
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
        if !payload.is_empty() {
            run.feed(payload)?;
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

    /// Inflates all of `input`.
    ///
    /// A block marked as the last one does not end the message (RFC 7692 §7.2.3.4): what follows it is a new stream.
    fn feed(&mut self, mut input: &[u8]) -> Result<(), Error> {
        loop {
            let status = self.step(&mut input)?;
            if status == Status::StreamEnd {
                self.raw.reset(false);
            } else if self.out.len() < self.out.capacity() {
                // Output space is left, so nothing is held back.
                return if input.is_empty() { Ok(()) } else { Err(Error::Inflate) };
            }
            if input.is_empty() && status == Status::StreamEnd {
                return Ok(());
            }
        }
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
