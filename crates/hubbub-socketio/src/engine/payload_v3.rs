//! Payloads of protocol 3 (EIO3 "Payload"): lengths before packets, as text or, if binary goes along, as bytes.

use super::packet::{decode_binary, decode_text, encode_base64};
use super::payload::utf8;
use super::{Malformed, Outgoing, Packet, PacketKind, Version};
use std::io::Write;

/// Digits of the longest length we read; 9,999,999,999 is more than anyone may send.
const MAX_DIGITS: usize = 10;

/// In a binary payload: begins a packet that is text, or one that is not, and ends its length.
const TEXT: u8 = 0;
const BINARY: u8 = 1;
const END_OF_LENGTH: u8 = 0xff;

/// `<length>:<packet>…`, where a length counts UTF-16 code units, as JavaScript does.
pub(super) fn decode_text_payload(mut body: &str, max_records: usize) -> Result<Vec<Packet<'_>>, Malformed> {
    if body.is_empty() {
        return Err(Malformed::Empty);
    }
    let mut records = Records::new(max_records);
    while !body.is_empty() {
        let (digits, rest) = body.split_once(':').ok_or(Malformed::Length)?;
        let length = number(digits.bytes().map(|digit| digit.wrapping_sub(b'0')))?;
        let (record, rest) = rest.split_at(utf16_prefix(rest, length)?);
        records.add(record.is_empty(), || decode_text(Version::V3, record))?;
        body = rest;
    }
    Ok(records.packets)
}

/// `<0 or 1><digits of the length, each a byte><255><packet>…`, where a length counts bytes.
pub(super) fn decode_binary_payload(
    mut body: &[u8],
    max_records: usize,
) -> Result<Vec<Packet<'_>>, Malformed> {
    if body.is_empty() {
        return Err(Malformed::Empty);
    }
    let mut records = Records::new(max_records);
    while let [kind, rest @ ..] = body {
        let header = &rest[..rest.len().min(MAX_DIGITS + 1)];
        let end = memchr::memchr(END_OF_LENGTH, header).ok_or(Malformed::Length)?;
        let length = number(rest[..end].iter().copied())?;
        let (record, rest) = rest[end + 1..].split_at_checked(length).ok_or(Malformed::Length)?;
        records.add(record.is_empty(), || match *kind {
            TEXT => decode_text(Version::V3, utf8(record)?),
            BINARY => decode_binary(Version::V3, record),
            _ => Err(Malformed::Kind),
        })?;
        body = rest;
    }
    Ok(records.packets)
}

/// What was read so far. Empty records are passed over as the reference server does, but count.
struct Records<'a> {
    packets: Vec<Packet<'a>>,
    left: usize,
}

impl<'a> Records<'a> {
    fn new(max: usize) -> Self {
        Self { packets: Vec::new(), left: max }
    }

    fn add(
        &mut self,
        empty: bool,
        packet: impl FnOnce() -> Result<Packet<'a>, Malformed>,
    ) -> Result<(), Malformed> {
        self.left = self.left.checked_sub(1).ok_or(Malformed::TooManyRecords)?;
        if !empty {
            self.packets.push(packet()?);
        }
        Ok(())
    }
}

/// The number that these digits, 0 to 9 each, are.
fn number(digits: impl ExactSizeIterator<Item = u8>) -> Result<usize, Malformed> {
    if !(1..=MAX_DIGITS).contains(&digits.len()) {
        return Err(Malformed::Length);
    }
    let mut number: u64 = 0;
    for digit in digits {
        if digit > 9 {
            return Err(Malformed::Length);
        }
        number = number * 10 + u64::from(digit);
    }
    usize::try_from(number).map_err(|_| Malformed::Length)
}

/// How many bytes of `text` its first `units` UTF-16 code units take.
fn utf16_prefix(text: &str, units: usize) -> Result<usize, Malformed> {
    let mut left = units;
    for (index, character) in text.char_indices() {
        if left == 0 {
            return Ok(index);
        }
        left = left.checked_sub(character.len_utf16()).ok_or(Malformed::Length)?;
    }
    if left == 0 { Ok(text.len()) } else { Err(Malformed::Length) }
}

/// UTF-16 code units of a text: one for every character, two for those of four bytes in UTF-8.
fn utf16_len(text: &[u8]) -> usize {
    text.iter().map(|&byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0)).sum()
}

/// Appends the packets; as bytes, which the answer says, if there is binary among them and the client takes it.
pub(super) fn encode_payload(base64: bool, packets: &[Outgoing], out: &mut Vec<u8>) -> bool {
    let binary = !base64 && packets.iter().any(|packet| matches!(packet, Outgoing::Binary(_)));
    for packet in packets {
        match packet {
            Outgoing::Text(text) if binary => put_bytes(TEXT, &[], text.as_bytes(), out),
            Outgoing::Binary(data) if binary => put_bytes(BINARY, &[PacketKind::Message.number()], data, out),
            Outgoing::Text(text) => put_text(text.as_bytes(), out),
            Outgoing::Binary(data) => {
                let mut text = String::new();
                encode_base64(Version::V3, data, &mut text);
                put_text(text.as_bytes(), out);
            }
        }
    }
    binary
}

fn put_text(text: &[u8], out: &mut Vec<u8>) {
    write!(out, "{}:", utf16_len(text)).expect("a vector takes all");
    out.extend_from_slice(text);
}

fn put_bytes(kind: u8, number: &[u8], data: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    let start = out.len();
    write!(out, "{}", number.len() + data.len()).expect("a vector takes all");
    out[start..].iter_mut().for_each(|digit| *digit -= b'0');
    out.push(END_OF_LENGTH);
    out.extend_from_slice(number);
    out.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Message;
    use bytes::Bytes;

    fn messages<'a>(packets: &[Packet<'a>]) -> Vec<Message<'a>> {
        assert!(packets.iter().all(|packet| packet.kind == PacketKind::Message));
        packets.iter().map(|packet| packet.data.clone()).collect()
    }

    fn encode(base64: bool, messages: &[Message<'_>]) -> (Vec<u8>, bool) {
        let packets: Vec<_> = messages.iter().cloned().map(Outgoing::message).collect();
        let mut out = Vec::new();
        let binary = encode_payload(base64, &packets, &mut out);
        (out, binary)
    }

    /// EIO3 "Payload".
    #[test]
    fn text_without_binary() {
        let both = [Message::Text("hello"), Message::Text("€")];
        assert_eq!(encode(false, &both), ("6:4hello2:4€".into(), false));
        assert_eq!(messages(&decode_text_payload("6:4hello2:4€", 9).unwrap()), both);
    }

    /// EIO3 "Payload".
    #[test]
    fn with_binary_as_bytes() {
        let both = [Message::Text("€"), Message::Binary(Bytes::from_static(&[1, 2, 3, 4]))];
        // The document's example leaves out the packet's number, which its own "Packet" section and every
        // implementation have.
        let bytes = b"\x00\x04\xff4\xe2\x82\xac\x01\x05\xff\x04\x01\x02\x03\x04";
        assert_eq!(encode(false, &both), (bytes.to_vec(), true));
        assert_eq!(messages(&decode_binary_payload(bytes, 9).unwrap()), both);
    }

    /// EIO3 "Payload".
    #[test]
    fn with_binary_as_base64() {
        let both = [Message::Text("€"), Message::Binary(Bytes::from_static(&[1, 2, 3, 4]))];
        assert_eq!(encode(true, &both), ("2:4€10:b4AQIDBA==".into(), false));
        assert_eq!(messages(&decode_text_payload("2:4€10:b4AQIDBA==", 9).unwrap()), both);
    }

    #[test]
    fn lengths_count_utf16() {
        assert_eq!(
            messages(&decode_text_payload("3:4😀2:4a", 9).unwrap()),
            [Message::Text("😀"), Message::Text("a")]
        );
        assert_eq!(encode(false, &[Message::Text("a😀é")]).0, "5:4a😀é".as_bytes());
        assert_eq!(decode_text_payload("2:4😀", 9), Err(Malformed::Length));
    }

    #[test]
    fn lengths_of_many_digits() {
        let long = "x".repeat(1234);
        let (text, _) = encode(false, &[Message::Text(&long)]);
        assert!(text.starts_with(b"1235:4x"));
        let (bytes, _) = encode(false, &[Message::Binary(Bytes::from(long))]);
        assert!(bytes.starts_with(b"\x01\x01\x02\x03\x05\xff\x04x"));
        assert_eq!(decode_binary_payload(&bytes, 9).unwrap().len(), 1);
    }

    #[test]
    fn malformed_text() {
        for body in [
            "4",
            ":",
            ":4a",
            "1",
            "x:4",
            "-1:4",
            "+1:4",
            " 1:4",
            "1.0:4",
            "2:4",
            "9999999999:4",
            "99999999999:4",
        ] {
            assert_eq!(decode_text_payload(body, 9), Err(Malformed::Length), "{body}");
        }
        assert_eq!(decode_text_payload("", 9), Err(Malformed::Empty));
        assert_eq!(decode_text_payload("1:9", 9), Err(Malformed::Kind));
        assert_eq!(decode_text_payload("0:", 9), Ok(vec![]));
        assert_eq!(decode_text_payload("0:0:0:", 2), Err(Malformed::TooManyRecords));
    }

    #[test]
    fn malformed_bytes() {
        for body in [
            &b"\x00"[..],
            b"\x00\xff",
            b"\x00\x01",
            b"\x00\x02\xff4",
            b"\x00\x0a\xff4",
            b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff4",
        ] {
            assert_eq!(decode_binary_payload(body, 9), Err(Malformed::Length), "{body:?}");
        }
        assert_eq!(decode_binary_payload(b"", 9), Err(Malformed::Empty));
        assert_eq!(decode_binary_payload(b"\x02\x01\xff4", 9), Err(Malformed::Kind));
        assert_eq!(decode_binary_payload(b"\x00\x02\xff4\xff", 9), Err(Malformed::Utf8));
        assert_eq!(decode_binary_payload(b"\x00\x00\xff\x00\x00\xff", 1), Err(Malformed::TooManyRecords));
    }
}
