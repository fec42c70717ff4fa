//! What names torrents, peers and offers: 20 bytes, which JSON carries as "binary strings" of 20 characters, one for each byte.

use std::fmt;

/// Bytes of every id.
const LEN: usize = 20;

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $Name:ident,)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $Name(pub [u8; LEN]);

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($Name), self.0.escape_ascii())
            }
        }
    )+};
}

ids! {
    /// Names a torrent, and so its swarm: the SHA-1 of its description (BEP 3).
    InfoHash,
    /// Names a peer in a swarm. It has chosen it itself (BEP 20).
    PeerId,
    /// Names an offer among those of its peer, which has chosen it.
    OfferId,
}

/// The bytes of a binary string, given as JSON that is known to be well-formed. Nothing if it is not a string of 20 characters up to
/// U+00FF.
pub(crate) fn decode(json: &str) -> Option<[u8; LEN]> {
    let mut rest = json.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    let mut id = [0; LEN];
    for byte in &mut id {
        let first = *rest.first()?;
        if first == b'\\' {
            (*byte, rest) = unescape(&rest[1..])?;
            continue;
        }
        // Ids are random: what asked of each character how long it is would be wrong half of the time. U+0080 to U+00FF are two bytes in
        // UTF-8, the first of which is C2 or C3 and ends with the two highest bits (RFC 3629 §3). Of others the only byte is the last.
        let more = usize::from(first >> 7);
        if first > 0xc3 {
            return None;
        }
        let last = rest.get(more)?;
        *byte = first << (6 * more) | last & 0x3f;
        rest = &rest[1 + more..];
    }
    rest.is_empty().then_some(id)
}

/// What an escape stands for (RFC 8259 §7), after its backslash, and what follows it.
fn unescape(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (first, rest) = rest.split_first()?;
    let byte = match first {
        b'u' => {
            let (digits, rest) = rest.split_first_chunk::<4>()?;
            let digit = |number: u32, digit: &u8| Some(number << 4 | char::from(*digit).to_digit(16)?);
            let number = digits.iter().try_fold(0, digit)?;
            return Some((u8::try_from(number).ok()?, rest));
        }
        b'b' => 0x8,
        b'f' => 0xc,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        itself => *itself,
    };
    Some((byte, rest))
}

/// How each byte is written in a string of JSON: up to [`WIDEST`] bytes, and behind them how many. Ids are random, so that whatever asked
/// of each byte what it is would be wrong half of the time.
const WRITTEN: [[u8; WIDEST + 2]; 256] = {
    let mut written = [[0; WIDEST + 2]; 256];
    let mut byte = 0;
    while byte < written.len() {
        written[byte] = as_json(byte as u8);
        byte += 1;
    }
    written
};

/// Most bytes of one: an escape with four digits.
const WIDEST: usize = 6;

const fn as_json(byte: u8) -> [u8; WIDEST + 2] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' | b'\\' => [b'\\', byte, 0, 0, 0, 0, 0, 2],
        ..0x20 => [b'\\', b'u', b'0', b'0', HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize], 0, 6],
        0x20..0x80 => [byte, 0, 0, 0, 0, 0, 0, 1],
        _ => [0xc0 | byte >> 6, 0x80 | byte & 0x3f, 0, 0, 0, 0, 0, 2],
    }
}

/// Writes a binary string as JSON.
pub(crate) fn encode(out: &mut Vec<u8>, id: &[u8; LEN]) {
    let mut text = [0; 2 + LEN * WIDEST + 2];
    text[0] = b'"';
    let mut length = 1;
    for byte in id {
        let written = &WRITTEN[usize::from(*byte)];
        // All of it, also what means nothing: the next one is written over that.
        text[length..length + written.len()].copy_from_slice(written);
        length += usize::from(written[WIDEST + 1]);
    }
    text[length] = b'"';
    out.extend_from_slice(&text[..=length]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_by_us_and_by_everybody(id: [u8; LEN]) {
            let mut out = Vec::new();
            encode(&mut out, &id);
            let json = std::str::from_utf8(&out).unwrap();
            prop_assert_eq!(decode(json), Some(id));
            let text: String = serde_json::from_str(json).unwrap();
            prop_assert_eq!(text, id.iter().map(|byte| char::from(*byte)).collect::<String>());
        }

        #[test]
        fn what_others_write_is_read(id: [u8; LEN]) {
            let text: String = id.iter().map(|byte| char::from(*byte)).collect();
            prop_assert_eq!(decode(&serde_json::to_string(&text).unwrap()), Some(id));
            let escaped: String = id.iter().map(|byte| format!("\\u00{byte:02X}")).collect();
            prop_assert_eq!(decode(&format!("\"{escaped}\"")), Some(id));
        }
    }

    #[test]
    fn what_is_none() {
        for json in [
            "null",
            "20",
            "\"\"",
            "\"1234567890123456789\"",
            "\"123456789012345678901\"",
            "\"1234567890123456789\u{100}\"",
            r#""1234567890123456789\u0100""#,
            r#""1234567890123456789\ud83d\ude00""#,
            "[\"12345678901234567890\"]",
            "\"",
        ] {
            assert_eq!(decode(json), None, "{json}");
        }
    }

    #[test]
    fn escapes_of_every_kind() {
        assert_eq!(
            decode(r#""\"\\\/\b\f\n\r\t\u00ff\u0000abcdefghij""#),
            Some(*b"\"\\/\x08\x0c\n\r\t\xff\0abcdefghij")
        );
    }
}
