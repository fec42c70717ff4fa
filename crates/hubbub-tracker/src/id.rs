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
    let mut rest = json.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut id = [0; LEN];
    for byte in &mut id {
        let char = match rest.next()? {
            '\\' => unescape(&mut rest)?,
            other => u32::from(other),
        };
        *byte = u8::try_from(char).ok()?;
    }
    rest.next().is_none().then_some(id)
}

/// What an escape stands for (RFC 8259 §7), after its backslash.
fn unescape(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    let char = match rest.next()? {
        'u' => {
            let (hex, after) = rest.as_str().split_at_checked(4)?;
            *rest = after.chars();
            return u32::from_str_radix(hex, 16).ok();
        }
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        itself => itself,
    };
    Some(u32::from(char))
}

/// Writes a binary string as JSON.
pub(crate) fn encode(out: &mut Vec<u8>, id: &[u8; LEN]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in id {
        match *byte {
            quoted @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', quoted]),
            control @ ..0x20 => {
                let digits = [HEX[usize::from(control >> 4)], HEX[usize::from(control & 15)]];
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&digits);
            }
            ascii @ ..0x80 => out.push(ascii),
            // U+0080 to U+00FF are two bytes in UTF-8 (RFC 3629 §3).
            latin => out.extend_from_slice(&[0xc0 | latin >> 6, 0x80 | latin & 0x3f]),
        }
    }
    out.push(b'"');
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
