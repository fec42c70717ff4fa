//! Several packets in one HTTP body (EIO4 "HTTP long-polling"; for protocol 3 see `payload_v3`).

use super::packet::{decode_text, encode_base64};
use super::{Malformed, Outgoing, Packet, Peer, Version, payload_v3};

/// Stands between the packets of a payload.
const SEPARATOR: u8 = 0x1e;

/// Reads the packets of a request body. `binary_body` says that its content type is `application/octet-stream`.
///
/// A record that protocol 3 allows to be empty is passed over.
///
/// # Errors
///
/// If anything in it is malformed, or it has more than `max_records` packets, none of it counts.
pub fn decode_payload(
    version: Version,
    body: &[u8],
    binary_body: bool,
    max_records: usize,
) -> Result<Vec<Packet<'_>>, Malformed> {
    match (version, binary_body) {
        (Version::V4, true) => Err(Malformed::BinaryPayload),
        (Version::V4, false) => decode_v4(utf8(body)?, max_records),
        (Version::V3, true) => payload_v3::decode_binary_payload(body, max_records),
        (Version::V3, false) => payload_v3::decode_text_payload(utf8(body)?, max_records),
    }
}

pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Malformed> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| Malformed::Utf8)
}

fn decode_v4(body: &str, max_records: usize) -> Result<Vec<Packet<'_>>, Malformed> {
    let mut packets = Vec::new();
    let mut start = 0;
    let ends = memchr::memchr_iter(SEPARATOR, body.as_bytes()).chain([body.len()]);
    for end in ends {
        if packets.len() == max_records {
            return Err(Malformed::TooManyRecords);
        }
        packets.push(decode_text(Version::V4, &body[start..end])?);
        start = end + 1;
    }
    Ok(packets)
}

/// Appends `packets` as the body of an answer to a poll, and says whether it is `application/octet-stream`
/// rather than `text/plain; charset=UTF-8`.
///
/// Protocol 4 has no way to carry its separator (U+001E) within a text. Such a text is sent as a binary message, so
/// that nobody can smuggle packets to others; the application's bytes arrive. JSON never contains it.
pub fn encode_payload(peer: Peer, packets: &[Outgoing], out: &mut Vec<u8>) -> bool {
    match peer.version {
        Version::V4 => encode_v4(packets, out),
        Version::V3 => return payload_v3::encode_payload(peer.base64, packets, out),
    }
    false
}

fn encode_v4(packets: &[Outgoing], out: &mut Vec<u8>) {
    let mut base64 = String::new();
    for (index, packet) in packets.iter().enumerate() {
        if index > 0 {
            out.push(SEPARATOR);
        }
        let data = match packet {
            Outgoing::Text(text) if memchr::memchr(SEPARATOR, text.as_bytes()).is_none() => {
                out.extend_from_slice(text.as_bytes());
                continue;
            }
            Outgoing::Text(text) => text.as_bytes().get(1..).unwrap_or_default(),
            Outgoing::Binary(data) => data,
        };
        base64.clear();
        encode_base64(Version::V4, data, &mut base64);
        out.extend_from_slice(base64.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Message, PacketKind};
    use bytes::Bytes;

    const V4: Peer = Peer { version: Version::V4, base64: false };

    fn encode(packets: &[Outgoing]) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(!encode_payload(V4, packets, &mut out));
        out
    }

    fn decode(body: &[u8]) -> Result<Vec<Packet<'_>>, Malformed> {
        decode_payload(Version::V4, body, false, 4)
    }

    fn text(kind: PacketKind, data: &str) -> Packet<'_> {
        Packet { kind, data: Message::Text(data) }
    }

    /// EIO4 "HTTP long-polling".
    #[test]
    fn examples_of_the_protocol() {
        let packets = [
            text(PacketKind::Message, "hello"),
            text(PacketKind::Ping, ""),
            text(PacketKind::Message, "world"),
        ];
        assert_eq!(decode(b"4hello\x1e2\x1e4world").unwrap(), packets);
        let out = [
            Outgoing::packet(PacketKind::Message, "hello"),
            Outgoing::packet(PacketKind::Ping, ""),
            Outgoing::packet(PacketKind::Message, "world"),
        ];
        assert_eq!(encode(&out), b"4hello\x1e2\x1e4world");

        let binary = Bytes::from_static(&[1, 2, 3, 4]);
        let packets = decode(b"4hello\x1ebAQIDBA==").unwrap();
        assert_eq!(packets[1].data, Message::Binary(binary.clone()));
        let out = [Outgoing::packet(PacketKind::Message, "hello"), Outgoing::Binary(binary)];
        assert_eq!(encode(&out), b"4hello\x1ebAQIDBA==");
    }

    #[test]
    fn what_is_malformed() {
        assert_eq!(decode(b""), Err(Malformed::Empty));
        assert_eq!(decode(b"4a\x1e"), Err(Malformed::Empty));
        assert_eq!(decode(b"\x1e4a"), Err(Malformed::Empty));
        assert_eq!(decode(b"abc"), Err(Malformed::Kind));
        assert_eq!(decode(b"4a\x1ex"), Err(Malformed::Kind));
        assert_eq!(decode(b"4\xff"), Err(Malformed::Utf8));
        assert_eq!(decode(b"4\x1e4\x1e4\x1e4").unwrap().len(), 4);
        assert_eq!(decode(b"4\x1e4\x1e4\x1e4\x1e4"), Err(Malformed::TooManyRecords));
        assert_eq!(decode_payload(Version::V4, b"4a", true, 4), Err(Malformed::BinaryPayload));
    }

    #[test]
    fn a_separator_in_a_text_smuggles_nothing() {
        let body = encode(&[Outgoing::message(Message::Text("hi\x1e1"))]);
        let packets = decode(&body).unwrap();
        let data = Message::Binary(Bytes::from_static(b"hi\x1e1"));
        assert_eq!(packets, [Packet { kind: PacketKind::Message, data }]);
    }
}
