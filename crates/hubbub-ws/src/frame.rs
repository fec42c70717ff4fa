//! The frame header (RFC 6455 §5.2): reading and writing it.

use crate::Error;
use bytes::BufMut;

/// The longest frame header in bytes: two, a 64-bit length and a masking key.
pub const MAX_HEADER: usize = 14;

/// Payload lengths below this stand in the second byte itself; 126 and 127 announce a longer form.
const SHORT_LENGTHS: u64 = 126;
const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV2_RSV3: u8 = 0x30;
const MASKED: u8 = 0x80;

/// Whether a message is text or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

/// What a frame is (RFC 6455 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of the message begun before.
    Continuation = 0,
    /// A text message, or its first fragment.
    Text = 1,
    /// A binary message, or its first fragment.
    Binary = 2,
    /// The end of the connection, with an optional reason.
    Close = 8,
    /// A question whether the peer is there.
    Ping = 9,
    /// The answer to a ping.
    Pong = 10,
}

impl Opcode {
    /// Whether frames of this kind may stand between the fragments of a message (RFC 6455 §5.5).
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    fn from_bits(bits: u8) -> Result<Self, Error> {
        Ok(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            reserved => return Err(Error::ReservedOpcode(reserved)),
        })
    }
}

impl From<Kind> for Opcode {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::Binary => Self::Binary,
        }
    }
}

/// A frame header as received, sound in itself; whether it fits its connection is the decoder's question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) fin: bool,
    pub(crate) rsv1: bool,
    pub(crate) opcode: Opcode,
    pub(crate) len: u64,
    pub(crate) mask: Option<[u8; 4]>,
}

impl Header {
    /// Reads the header at the start of `bytes` and says how long it is; `None` if it is not all there yet.
    /// What is wrong in the part that is there is an error already.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Error> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        if first & RSV2_RSV3 != 0 {
            return Err(Error::ReservedBits);
        }
        let opcode = Opcode::from_bits(first & 0x0f)?;
        let fin = first & FIN != 0;
        if opcode.is_control() && !fin {
            return Err(Error::FragmentedControl);
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        let Some((len, at)) = parse_length(second & !MASKED, opcode, &bytes[2..])? else { return Ok(None) };
        let mut end = 2 + at;
        let mut mask = None;
        if second & MASKED != 0 {
            let Some(key) = bytes[end..].first_chunk::<4>() else { return Ok(None) };
            mask = Some(*key);
            end += key.len();
        }
        Ok(Some((Self { fin, rsv1: first & RSV1 != 0, opcode, len, mask }, end)))
    }
}

/// The payload length and how many bytes of `rest` it took. The form must be the shortest (RFC 6455 §5.2).
fn parse_length(short: u8, opcode: Opcode, rest: &[u8]) -> Result<Option<(u64, usize)>, Error> {
    if u64::from(short) >= SHORT_LENGTHS && opcode.is_control() {
        return Err(Error::LongControl);
    }
    let (len, size, least) = match short {
        126 => (rest.first_chunk().map(|len| u64::from(u16::from_be_bytes(*len))), 2, SHORT_LENGTHS),
        127 => (rest.first_chunk().map(|len| u64::from_be_bytes(*len)), 8, 1 << 16),
        short => (Some(u64::from(short)), 0, 0),
    };
    match len {
        None => Ok(None),
        Some(len) if len < least => Err(Error::LengthNotMinimal),
        Some(len) if len > i64::MAX as u64 => Err(Error::LengthTooLong),
        Some(len) => Ok(Some((len, size))),
    }
}

/// Writes a frame header: 2 to 14 bytes. `len` is the number of payload bytes, which the caller writes next,
/// [masked](crate::apply_mask) if a `mask` is given. `rsv1` marks the first frame of a compressed message.
pub fn frame_header(
    out: &mut impl BufMut,
    fin: bool,
    rsv1: bool,
    opcode: Opcode,
    len: usize,
    mask: Option<[u8; 4]>,
) {
    let masked = if mask.is_some() { MASKED } else { 0 };
    out.put_u8(if fin { FIN } else { 0 } | if rsv1 { RSV1 } else { 0 } | opcode as u8);
    match len {
        0..126 => out.put_u8(masked | len as u8),
        126..=0xffff => {
            out.put_u8(masked | 126);
            out.put_u16(len as u16);
        }
        _ => {
            out.put_u8(masked | 127);
            out.put_u64(len as u64);
        }
    }
    if let Some(key) = mask {
        out.put_slice(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(len: usize, mask: Option<[u8; 4]>) -> Vec<u8> {
        let mut out = Vec::new();
        frame_header(&mut out, true, false, Opcode::Binary, len, mask);
        out
    }

    /// RFC 6455 §5.7: 256 bytes and 64 KiB in a single unmasked frame.
    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(written(0, None), [0x82, 0]);
        assert_eq!(written(125, None), [0x82, 125]);
        assert_eq!(written(126, None), [0x82, 126, 0, 126]);
        assert_eq!(written(256, None), [0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(written(65535, None), [0x82, 126, 0xff, 0xff]);
        assert_eq!(written(65536, None), [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(written(1, Some([1, 2, 3, 4])), [0x82, 0x81, 1, 2, 3, 4]);
    }

    #[test]
    fn what_is_written_is_read() {
        for len in [0, 1, 125, 126, 127, 65535, 65536, 1 << 40] {
            for mask in [None, Some([9, 8, 7, 6])] {
                let bytes = written(len, mask);
                let header = Header { fin: true, rsv1: false, opcode: Opcode::Binary, len: len as u64, mask };
                assert_eq!(Header::parse(&bytes), Ok(Some((header, bytes.len()))));
                for cut in 0..bytes.len() {
                    assert_eq!(Header::parse(&bytes[..cut]), Ok(None), "cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn longer_forms_of_short_lengths_are_refused() {
        assert_eq!(Header::parse(&[0x82, 126, 0, 125]), Err(Error::LengthNotMinimal));
        assert_eq!(Header::parse(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), Err(Error::LengthNotMinimal));
        assert_eq!(Header::parse(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]), Err(Error::LengthTooLong));
    }

    #[test]
    fn reserved_bits_and_opcodes_are_refused_from_the_first_byte() {
        assert_eq!(Header::parse(&[0x91]), Err(Error::ReservedBits));
        assert_eq!(Header::parse(&[0xa1]), Err(Error::ReservedBits));
        for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            assert_eq!(Header::parse(&[0x80 | opcode]), Err(Error::ReservedOpcode(opcode)));
        }
    }

    #[test]
    fn control_frames_are_short_and_whole() {
        for opcode in [8, 9, 10] {
            assert_eq!(Header::parse(&[opcode]), Err(Error::FragmentedControl));
            assert_eq!(Header::parse(&[0x80 | opcode, 126]), Err(Error::LongControl));
            assert_eq!(Header::parse(&[0x80 | opcode, 127]), Err(Error::LongControl));
        }
    }
}
