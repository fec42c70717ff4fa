//! What comes from a TURN server, one after another: messages, and data of channels (RFC 8656 §12.4 and §12.5).

use crate::failure::{Failure, Result};
use crate::turn::stun;

/// Length of what stands before a channel's data.
pub(crate) const HEAD: usize = 4;
/// The channel numbers there are (RFC 8656 §12).
pub(crate) const CHANNELS: std::ops::RangeInclusive<u16> = 0x4000..=0x4FFF;

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A STUN message.
    Message(&'a [u8]),
    /// What came on a channel.
    Data(u16, &'a [u8]),
}

/// Writes what stands before so many bytes on a channel.
pub(crate) fn head(channel: u16, length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&channel.to_be_bytes());
    out.extend_from_slice(&(length as u16).to_be_bytes());
}

/// The only piece in a datagram; up to three bytes may follow it.
pub(crate) fn in_datagram(bytes: &[u8]) -> Result<Piece<'_>> {
    match cut(bytes)? {
        Some((piece, length)) if bytes.len() < length + 4 => Ok(piece),
        _ => Err(unexpected("a datagram that is not what it says", bytes)),
    }
}

/// The first piece in a stream, and how many bytes it takes there; `None` while it is not whole.
pub(crate) fn in_stream(bytes: &[u8]) -> Result<Option<(Piece<'_>, usize)>> {
    let found = cut(bytes)?.map(|(piece, length)| (piece, length.next_multiple_of(4)));
    Ok(found.filter(|(_, taken)| *taken <= bytes.len()))
}

/// The first piece and its length without padding.
fn cut(bytes: &[u8]) -> Result<Option<(Piece<'_>, usize)>> {
    let Some(&[a, b, c, d]) = bytes.first_chunk() else { return Ok(None) };
    let (first, length) = (u16::from_be_bytes([a, b]), usize::from(u16::from_be_bytes([c, d])));
    let begin = match first {
        0..0x4000 => stun::HEADER,
        _ if CHANNELS.contains(&first) => HEAD,
        _ => return Err(unexpected("neither a message nor a channel's data", bytes)),
    };
    let Some(whole) = bytes.get(..begin + length) else { return Ok(None) };
    let piece = if begin == HEAD { Piece::Data(first, &whole[HEAD..]) } else { Piece::Message(whole) };
    Ok(Some((piece, whole.len())))
}

/// Says what came, and how it begins.
pub(crate) fn unexpected(what: &str, bytes: &[u8]) -> Failure {
    Failure::Protocol(format!("{what}: {:02x?}", &bytes[..bytes.len().min(32)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_streams_apart() {
        let stream =
            b"\x40\x01\x00\x05hello___\x00\x04\x00\x04\x21\x12\xa4\x42............four\x4f\xff\x00\x02o";
        let (piece, taken) = in_stream(stream).unwrap().unwrap();
        assert_eq!((piece, taken), (Piece::Data(0x4001, b"hello"), 12));
        let (piece, taken) = in_stream(&stream[12..]).unwrap().unwrap();
        assert_eq!((piece, taken), (Piece::Message(&stream[12..36]), 24));
        assert_eq!(in_stream(&stream[36..]).unwrap(), None);
        assert_eq!(in_stream(&stream[..11]).unwrap(), None, "its padding is not there yet");
        assert_eq!(in_stream(b"\x40\x01\x00").unwrap(), None);
        assert!(in_stream(b"RTP/1.1").is_err());
    }

    #[test]
    fn datagrams_have_one_piece() {
        assert_eq!(in_datagram(b"\x40\x01\x00\x02hi").unwrap(), Piece::Data(0x4001, b"hi"));
        assert_eq!(in_datagram(b"\x40\x01\x00\x02hi__").unwrap(), Piece::Data(0x4001, b"hi"));
        for wrong in [&b"\x40\x01\x00\x03hi"[..], b"\x40\x01\x00\x02hi____", b"\x40\x01", b"\x50\x00\x00\x00"]
        {
            assert!(in_datagram(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        let mut wire = Vec::new();
        head(0x4abc, 3, &mut wire);
        wire.extend_from_slice(b"abc");
        assert_eq!(in_datagram(&wire).unwrap(), Piece::Data(0x4abc, b"abc"));
    }
}
