//! The client's half of WebSocket framing (RFC 6455 §5.2), as little as a load generator needs.

use crate::failure::{Failure, Result};

/// Longest payload with a one-byte and with a two-byte length.
const SHORT: usize = 125;
const MEDIUM: usize = 0xffff;

/// What a frame is (§11.8); a fragmented message is an error here, since no server fragments a small message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole text or binary message.
    Message,
    /// The peer closes.
    Close,
    /// The peer asks for a pong.
    Ping,
    /// An answer to a ping.
    Pong,
}

/// A frame that has arrived whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// What it is.
    pub(crate) kind: Kind,
    /// What it carries.
    pub(crate) payload: &'a [u8],
    /// Bytes it takes on the wire.
    pub(crate) length: usize,
}

/// Reads the first frame in `bytes`; `None` until it is whole.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Frame<'_>>> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let kind = kind(*first)?;
    if second & 0x80 != 0 {
        return Err(Failure::Protocol("a masked frame from the server".to_owned()));
    }
    let Some((head, size)) = payload_length(second & 0x7f, rest) else { return Ok(None) };
    let payload = bytes.get(head..head + size);
    Ok(payload.map(|payload| Frame { kind, payload, length: head + size }))
}

fn kind(first: u8) -> Result<Kind> {
    match first {
        0x81 | 0x82 => Ok(Kind::Message),
        0x88 => Ok(Kind::Close),
        0x89 => Ok(Kind::Ping),
        0x8a => Ok(Kind::Pong),
        other => Err(Failure::Protocol(format!("a frame that begins with 0x{other:02x}"))),
    }
}

/// Length of the head and of the payload.
fn payload_length(short: u8, rest: &[u8]) -> Option<(usize, usize)> {
    Some(match short {
        126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
        short => (2, usize::from(short)),
    })
}

/// Appends a text message, masked as a client must (§5.3).
pub(crate) fn text(payload: &[u8], mask: [u8; 4], out: &mut Vec<u8>) {
    append(0x81, payload, mask, out);
}

/// Appends the answer to a ping.
pub(crate) fn pong(payload: &[u8], out: &mut Vec<u8>) {
    append(0x8a, payload, [0x5a; 4], out);
}

fn append(first: u8, payload: &[u8], mask: [u8; 4], out: &mut Vec<u8>) {
    out.push(first);
    match payload.len() {
        0..=SHORT => out.push(0x80 | payload.len() as u8),
        size @ ..=MEDIUM => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(size as u16).to_be_bytes());
        }
        size => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_examples_of_the_rfc() {
        let hello = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
        assert_eq!(parse(&hello).unwrap(), Some(Frame { kind: Kind::Message, payload: b"Hello", length: 7 }));
        let ping = [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
        assert_eq!(parse(&ping).unwrap().unwrap().kind, Kind::Ping);
    }

    #[test]
    fn writes_the_example_of_the_rfc() {
        let mut out = Vec::new();
        text(b"Hello", [0x37, 0xfa, 0x21, 0x3d], &mut out);
        assert_eq!(out, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn waits_for_every_byte_at_every_length() {
        for size in [0, 125, 126, 65_535, 65_536] {
            let mut wire = Vec::new();
            text(&vec![b'x'; size], [0; 4], &mut wire);
            let head = wire.len() - size - 4;
            wire.drain(head..head + 4);
            wire[1] &= 0x7f;
            for cut in [0, 1, head - 1, wire.len() - 1] {
                assert_eq!(parse(&wire[..cut.min(wire.len() - 1)]).unwrap(), None, "{cut} of {size}");
            }
            assert_eq!(parse(&wire).unwrap().unwrap().length, wire.len());
        }
    }

    #[test]
    fn refuses_fragments_masks_and_reserved_bits() {
        for wrong in [[0x01, 0x00], [0x80, 0x00], [0xc1, 0x00], [0x83, 0x00], [0x81, 0x80]] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
    }
}
