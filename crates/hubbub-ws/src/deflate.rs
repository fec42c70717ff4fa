//! Deflating messages (RFC 7692 §7.2.1).

use flate2::{Compress, Compression, FlushCompress, Status};

/// What a flush ends with and the message is sent without (RFC 7692 §7.2.1).
const TAIL: &[u8] = b"\x00\x00\xff\xff";
/// The smallest piece of output space worth asking for.
const LEAST_SPACE: usize = 64;

/// The compressing end of permessage-deflate.
///
/// Without context takeover one per thread and window size serves all connections. With 15 window bits it holds about
/// 270 KB.
#[derive(Debug)]
pub struct Deflater {
    raw: Compress,
    context_takeover: bool,
}

impl Deflater {
    /// A deflater with a window of 2 to the power of `window_bits` bytes, 9 to 15. With `context_takeover` each
    /// message may refer back to those before it, and the deflater belongs to one connection.
    ///
    /// # Panics
    ///
    /// If `window_bits` is not 9 to 15: zlib cannot compress with a window of 8 bits, and [`negotiate`](crate::negotiate)
    /// does not agree to it.
    pub fn new(window_bits: u8, context_takeover: bool) -> Self {
        Self::with_level(window_bits, context_takeover, 6)
    }

    /// The same with zlib's compression `level`, 0 (store) to 9 (small and slow).
    ///
    /// # Panics
    ///
    /// As [`Deflater::new`].
    pub fn with_level(window_bits: u8, context_takeover: bool, level: u8) -> Self {
        let level = Compression::new(u32::from(level.min(9)));
        Self { raw: Compress::new_with_window_bits(level, false, window_bits), context_takeover }
    }

    /// Appends the compressed form of `payload` to `out`: what [`encode_deflated`](crate::encode_deflated) puts
    /// into a frame.
    pub fn compress_message(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        if payload.is_empty() {
            // An empty block with its tail stripped (RFC 7692 §7.2.3.6). A flush would write nothing if nothing
            // came since the last one.
            out.push(0);
            return;
        }
        self.flush(payload, out);
        debug_assert!(out.ends_with(TAIL), "a flush ends with an empty stored block");
        out.truncate(out.len() - TAIL.len());
        if !self.context_takeover {
            self.raw.reset();
        }
    }

    fn flush(&mut self, mut payload: &[u8], out: &mut Vec<u8>) {
        out.reserve(payload.len() / 2 + LEAST_SPACE);
        loop {
            let before = self.raw.total_in();
            let status = self.raw.compress_vec(payload, out, FlushCompress::Sync);
            debug_assert!(matches!(status, Ok(Status::Ok | Status::BufError)), "{status:?}");
            payload = &payload[(self.raw.total_in() - before) as usize..];
            if payload.is_empty() && out.len() < out.capacity() {
                return;
            }
            out.reserve(payload.len() / 2 + LEAST_SPACE);
        }
    }
}
