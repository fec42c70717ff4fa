//! Engine.IO packets, and how one stands in a WebSocket frame (EIO4 "Packet encoding", EIO3 "Packet").

use super::Malformed;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

/// Some clients leave the padding out, and the reference server does not mind.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A revision of the Engine.IO protocol: the `EIO` parameter of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// `EIO=3`, spoken by Socket.IO 1.x and 2.x clients.
    V3,
    /// `EIO=4`, spoken by Socket.IO 3.x and 4.x clients.
    V4,
}

/// What a packet is for (EIO4 "Protocol").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum PacketKind {
    /// 0: the server's answer to a handshake.
    Open,
    /// 1: the transport is about to be closed.
    Close,
    /// 2: heartbeat, or the probe of an upgrade.
    Ping,
    /// 3: the answer to a ping.
    Pong,
    /// 4: data.
    Message,
    /// 5: the client completes an upgrade.
    Upgrade,
    /// 6: nothing, to end a waiting poll.
    Noop,
}

impl PacketKind {
    const ALL: [Self; 7] =
        [Self::Open, Self::Close, Self::Ping, Self::Pong, Self::Message, Self::Upgrade, Self::Noop];

    /// The kind of this number, 0 to 6.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The kind of this ASCII digit, `0` to `6`.
    pub fn from_digit(digit: u8) -> Option<Self> {
        Self::from_number(digit.wrapping_sub(b'0'))
    }

    /// The number, 0 to 6.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The number as the ASCII digit that begins a text packet.
    pub fn digit(self) -> u8 {
        b'0' + self.number()
    }
}

/// What a packet carries; of a [`PacketKind::Message`], the application's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message<'a> {
    /// Text, often empty in packets other than messages.
    Text(&'a str),
    /// Bytes. Only messages have them.
    Binary(Bytes),
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What it is for.
    pub kind: PacketKind,
    /// What it carries.
    pub data: Message<'a>,
}

/// A WebSocket message as it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
}

/// Reads the packet in a WebSocket message.
///
/// In protocol 4 a binary message is the data of a message packet; in protocol 3 its first byte is the packet's
/// number. In both a text may be base64, marked with a `b`.
///
/// # Errors
///
/// An unknown kind, base64 that does not decode, or binary in something other than a message.
pub fn decode_frame(version: Version, frame: Frame<'_>) -> Result<Packet<'_>, Malformed> {
    match frame {
        Frame::Text(text) => decode_text(version, text),
        Frame::Binary(bytes) => decode_binary(version, bytes),
    }
}

/// Reads a packet that is text.
pub(super) fn decode_text(version: Version, text: &str) -> Result<Packet<'_>, Malformed> {
    // A record beginning with `b` is base64 whatever follows, even if that begins with the digit of a message.
    if let Some(encoded) = text.strip_prefix('b') {
        return decode_base64(version, encoded);
    }
    let digit = text.as_bytes().first().ok_or(Malformed::Empty)?;
    let kind = PacketKind::from_digit(*digit).ok_or(Malformed::Kind)?;
    Ok(Packet { kind, data: Message::Text(&text[1..]) })
}

/// Reads a packet from bytes that are not text.
pub(super) fn decode_binary(version: Version, bytes: &[u8]) -> Result<Packet<'_>, Malformed> {
    let data = match version {
        Version::V4 => bytes,
        Version::V3 => {
            let (number, data) = bytes.split_first().ok_or(Malformed::Empty)?;
            binary_kind(PacketKind::from_number(*number))?;
            data
        }
    };
    Ok(message(Bytes::copy_from_slice(data)))
}

fn decode_base64(version: Version, encoded: &str) -> Result<Packet<'_>, Malformed> {
    let encoded = match version {
        Version::V4 => encoded,
        Version::V3 => {
            binary_kind(encoded.bytes().next().and_then(PacketKind::from_digit))?;
            &encoded[1..]
        }
    };
    let bytes = BASE64.decode(encoded).map_err(|_| Malformed::Base64)?;
    Ok(message(bytes.into()))
}

/// Protocol 3 says of binary packets what kind they are; there is use for one only.
fn binary_kind(kind: Option<PacketKind>) -> Result<(), Malformed> {
    match kind {
        Some(PacketKind::Message) => Ok(()),
        _ => Err(Malformed::Kind),
    }
}

fn message(bytes: Bytes) -> Packet<'static> {
    Packet { kind: PacketKind::Message, data: Message::Binary(bytes) }
}

/// Appends a binary message as a text packet: `b`, in protocol 3 the digit of a message, and base64.
pub(super) fn encode_base64(version: Version, bytes: &[u8], out: &mut String) {
    out.push('b');
    if version == Version::V3 {
        out.push('4');
    }
    BASE64.encode_string(bytes, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: PacketKind, data: &str) -> Result<Packet<'_>, Malformed> {
        Ok(Packet { kind, data: Message::Text(data) })
    }

    fn binary(bytes: &'static [u8]) -> Result<Packet<'static>, Malformed> {
        Ok(message(Bytes::from_static(bytes)))
    }

    #[test]
    fn every_kind_has_its_digit() {
        for (number, kind) in (0..).zip(PacketKind::ALL) {
            assert_eq!(kind.number(), number);
            assert_eq!(PacketKind::from_digit(kind.digit()), Some(kind));
        }
        assert_eq!(PacketKind::from_number(7), None);
        assert_eq!(PacketKind::from_digit(b'7'), None);
        assert_eq!(PacketKind::from_digit(0), None);
    }

    #[test]
    fn text_frames() {
        for version in [Version::V3, Version::V4] {
            let decode = |text| decode_frame(version, Frame::Text(text));
            assert_eq!(decode("4hello"), text(PacketKind::Message, "hello"));
            assert_eq!(decode("4"), text(PacketKind::Message, ""));
            assert_eq!(decode("2probe"), text(PacketKind::Ping, "probe"));
            assert_eq!(decode("6"), text(PacketKind::Noop, ""));
            assert_eq!(decode(""), Err(Malformed::Empty));
            assert_eq!(decode("abc"), Err(Malformed::Kind));
            assert_eq!(decode("7"), Err(Malformed::Kind));
            assert_eq!(decode("€"), Err(Malformed::Kind));
        }
    }

    #[test]
    fn binary_frames() {
        assert_eq!(decode_frame(Version::V4, Frame::Binary(&[1, 2, 3, 4])), binary(&[1, 2, 3, 4]));
        assert_eq!(decode_frame(Version::V4, Frame::Binary(&[])), binary(&[]));
        assert_eq!(decode_frame(Version::V3, Frame::Binary(&[4, 0, 1, 2])), binary(&[0, 1, 2]));
        assert_eq!(decode_frame(Version::V3, Frame::Binary(&[])), Err(Malformed::Empty));
        assert_eq!(decode_frame(Version::V3, Frame::Binary(&[2, 1])), Err(Malformed::Kind));
        assert_eq!(decode_frame(Version::V3, Frame::Binary(b"4")), Err(Malformed::Kind));
    }

    #[test]
    fn base64_is_never_taken_for_text() {
        let v4 = |text| decode_frame(Version::V4, Frame::Text(text));
        assert_eq!(v4("bAQIDBA=="), binary(&[1, 2, 3, 4]));
        assert_eq!(v4("bAQIDBA"), binary(&[1, 2, 3, 4]));
        assert_eq!(v4("b4AAA"), binary(&[0xe0, 0, 0]));
        assert_eq!(v4("b"), binary(&[]));
        assert_eq!(v4("bA"), Err(Malformed::Base64));
        assert_eq!(v4("bAQ ID"), Err(Malformed::Base64));
        let v3 = |text| decode_frame(Version::V3, Frame::Text(text));
        assert_eq!(v3("b4AQIDBA=="), binary(&[1, 2, 3, 4]));
        assert_eq!(v3("bAQIDBA=="), Err(Malformed::Kind));
        assert_eq!(v3("b"), Err(Malformed::Kind));
        assert_eq!(v3("b€"), Err(Malformed::Kind));
    }
}
