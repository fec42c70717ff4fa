//! Deflating messages (RFC 7692 §7.2.1).

use flate2::{Compress, Compression, FlushCompress, Status};

/// What a flush ends with and the message is sent without (RFC 7692 §7.2.1).
const TAIL: &[u8] = b"\x00\x00\xff\xff";
/// The smallest piece of output space worth asking for.
const LEAST_SPACE: usize = 64;

/// The compressing end of permessage-deflate.
///
/// Without context takeover one per thread and window size serves all connections. It holds 250 KB (9 window
/// bits) to 380 KB (15).
#[derive(Debug)]
pub struct Deflater {
    raw: Compress,
    context_takeover: bool,
}

impl Deflater {
    /// A deflater with a window of 2 to the power of `window_bits` bytes, 9 to 15. With `context_takeover`
    /// each message may refer back to those before it, and the deflater belongs to one connection.
    ///
    /// # Panics
    ///
    /// If `window_bits` is not 9 to 15: zlib cannot compress with a window of 8 bits, and
    /// [`negotiate`](crate::negotiate) does not agree to it.
    pub fn new(window_bits: u8, context_takeover: bool) -> Self {
        Self::with_level(window_bits, context_takeover, 6)
    }

    /// The same with zlib's compression `level`, 0 (store) to 9 (small and slow). [`Deflater::new`] takes
    /// zlib's own default, 6; level 1 costs less than half of that, and a small message comes out about a
    /// tenth larger.
    ///
    /// # Panics
    ///
    /// As [`Deflater::new`].
    pub fn with_level(window_bits: u8, context_takeover: bool, level: u8) -> Self {
        let level = Compression::new(u32::from(level.min(9)));
        Self { raw: Compress::new_with_window_bits(level, false, window_bits), context_takeover }
    }

    /// Appends the compressed form of `payload` to `out`: what [`encode_deflated`](crate::encode_deflated)
    /// puts into a frame.
    pub fn compress_message(&mut self, payload: &[u8], out: &mut Vec<u8>) {
        if payload.is_empty() {
            // An empty block with its tail stripped (RFC 7692 §7.2.3.6). A flush would write nothing if
            // nothing came since the last one.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(deflater: &mut Deflater, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        deflater.compress_message(payload, &mut out);
        out
    }

    /// RFC 7692 §7.2.3.1, §7.2.3.2, §7.2.3.6.
    #[test]
    fn examples_of_the_rfc() {
        let mut sharing = Deflater::new(15, true);
        assert_eq!(compressed(&mut sharing, b"Hello"), b"\xf2\x48\xcd\xc9\xc9\x07\x00");
        assert_eq!(compressed(&mut sharing, b"Hello"), b"\xf2\x00\x11\x00\x00");
        assert_eq!(compressed(&mut sharing, b""), b"\x00");
    }

    #[test]
    fn without_takeover_every_message_stands_alone() {
        for bits in 9..=15 {
            let mut deflater = Deflater::new(bits, false);
            for _ in 0..3 {
                assert_eq!(compressed(&mut deflater, b"Hello"), b"\xf2\x48\xcd\xc9\xc9\x07\x00");
            }
        }
    }

    #[test]
    fn output_is_appended() {
        let mut out = b"before".to_vec();
        Deflater::new(15, false).compress_message(b"Hello", &mut out);
        assert_eq!(out, b"before\xf2\x48\xcd\xc9\xc9\x07\x00");
    }

    /// No copy reaches further back than the window: what repeats at a greater distance is not found again.
    #[test]
    fn the_window_is_kept_to() {
        let mut state = 1u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(1024)
        .collect();
        let twice = [&noise[..], &noise[..]].concat();
        let small = compressed(&mut Deflater::new(9, false), &twice).len();
        let large = compressed(&mut Deflater::new(12, false), &twice).len();
        assert!(small > 2 * noise.len() - 100, "{small}");
        assert!(large < noise.len() + 100, "{large}");
    }
}
