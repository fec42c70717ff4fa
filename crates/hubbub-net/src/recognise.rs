//! Which protocol a peer speaks, from its first bytes: one port serves them all.

/// What speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// A handshake of TLS, with anything inside: a record of type 22 and a version that begins with 3 (RFC 8446 §5.1).
    Tls,
    /// HTTP/1.1: a method in capitals.
    Http1,
    /// HTTP/2 with prior knowledge: its preface (RFC 9113 §3.4).
    Http2,
    /// XMPP: XML, whose first tag may come after white space (RFC 6120 §4.2).
    Xmpp,
    /// STUN or TURN, whose first message on a connection is always one of STUN (RFC 8489 §5, RFC 8656 §3.1).
    Turn,
    /// None of what this server speaks.
    Unknown,
}

/// RFC 8446 §5.1.
const TLS_HANDSHAKE: u8 = 22;
/// Of every version since SSL 3.0.
const TLS_MAJOR: u8 = 3;
/// RFC 9113 §3.4.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The first byte of a STUN message (RFC 7983 §7), and after the next three bytes its magic cookie (RFC 8489 §5).
const STUN_FIRST: std::ops::RangeInclusive<u8> = 0..=3;
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// Most white space before what can be recognised.
const LONGEST_BLANK: usize = 4;
/// No method that HTTP knows is longer.
const LONGEST_METHOD: usize = 20;

/// Recognises what `bytes` begin; `None` if more are needed. The answer never changes when more come.
#[must_use]
pub fn recognise(bytes: &[u8]) -> Option<Spoken> {
    match bytes {
        [TLS_HANDSHAKE] => return None,
        [TLS_HANDSHAKE, TLS_MAJOR, ..] => return Some(Spoken::Tls),
        [first, ..] if STUN_FIRST.contains(first) => return stun(bytes),
        _ => {}
    }
    if bytes.len() >= HTTP2_PREFACE.len() && bytes.starts_with(HTTP2_PREFACE) {
        return Some(Spoken::Http2);
    }
    if HTTP2_PREFACE.starts_with(bytes) {
        return None;
    }
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let blank = bytes.iter().take_while(|byte| is_blank(byte)).count();
    match bytes.get(blank) {
        Some(b'<') if blank <= LONGEST_BLANK => return Some(Spoken::Xmpp),
        None if blank <= LONGEST_BLANK => return None,
        _ => {}
    }
    // Empty lines before a request are allowed (RFC 9112 §2.2).
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
    let method = &bytes[start..];
    let length =
        method.iter().position(|byte| !byte.is_ascii_uppercase() && *byte != b'-').unwrap_or(method.len());
    match method.get(length) {
        Some(b' ') if (1..=LONGEST_METHOD).contains(&length) && start <= LONGEST_BLANK => Some(Spoken::Http1),
        None if length <= LONGEST_METHOD && start <= LONGEST_BLANK => None,
        _ => Some(Spoken::Unknown),
    }
}

/// Whether it is, once it has its cookie.
fn stun(bytes: &[u8]) -> Option<Spoken> {
    let cookie = bytes.get(4..bytes.len().min(8)).unwrap_or_default();
    match (STUN_COOKIE.starts_with(cookie), cookie.len() == STUN_COOKIE.len()) {
        (true, true) => Some(Spoken::Turn),
        (true, false) => None,
        (false, _) => Some(Spoken::Unknown),
    }
}

/// What an agreed name (ALPN, RFC 7301) stands for.
pub(crate) fn by_name(name: &[u8]) -> Option<Spoken> {
    match name {
        b"h2" => Some(Spoken::Http2),
        b"http/1.1" => Some(Spoken::Http1),
        b"xmpp-client" => Some(Spoken::Xmpp),
        // RFC 7443.
        b"stun.turn" | b"stun.nat-discovery" => Some(Spoken::Turn),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_spoken() {
        assert_eq!(recognise(b"GET / HTTP/1.1\r\n"), Some(Spoken::Http1));
        assert_eq!(recognise(b"\r\nPOST /"), Some(Spoken::Http1));
        assert_eq!(recognise(HTTP2_PREFACE), Some(Spoken::Http2));
        assert_eq!(recognise(b"PRI /x HTTP/1.1"), Some(Spoken::Http1));
        assert_eq!(recognise(b"\x16\x03\x01\x02\x00"), Some(Spoken::Tls));
        assert_eq!(recognise(b"\x16\x03"), Some(Spoken::Tls));
        for xmpp in [&b"<?xml"[..], b"<", b" <stream:stream", b"\r\n\t <"] {
            assert_eq!(recognise(xmpp), Some(Spoken::Xmpp), "{xmpp:?}");
        }
        for unknown in [
            &b"\x16\x02\x01\x02\x00"[..],
            b"\x17\x03\x03\x02\x00",
            b"\0\x01\0\0\x21\x12\xa4\x43",
            b"\0\x01\0\0\x20",
            b"\x04\x01\0\0\x21\x12\xa4\x42",
            b"get / ",
            b"SSH-2.0-x",
            b" GET",
            b"\r\n\r\n\r\n\r\nGET /",
            b"     <",
        ] {
            assert_eq!(recognise(unknown), Some(Spoken::Unknown), "{unknown:?}");
        }
        assert_eq!(recognise(b"\0\x01\0\0\x21\x12\xa4\x42"), Some(Spoken::Turn));
        for short in [
            &b""[..],
            b"\x16",
            b"\0\x01\0\0",
            b"\0\x03\0\x24\x21\x12\xa4",
            b"P",
            b"PRI * HTTP/2.0\r\n\r\nSM",
            b"GET",
            b"\r\n",
            b" \t",
        ] {
            assert_eq!(recognise(short), None, "{short:?}");
        }
    }

    proptest! {
        #[test]
        fn more_bytes_never_change_the_answer(bytes in prop::collection::vec(any::<u8>(), 0..64), cut in 0usize..64) {
            let cut = cut.min(bytes.len());
            if let Some(early) = recognise(&bytes[..cut]) {
                prop_assert_eq!(recognise(&bytes), Some(early));
            }
        }

        #[test]
        fn enough_bytes_always_have_an_answer(bytes in prop::collection::vec(any::<u8>(), 32..64)) {
            prop_assert!(recognise(&bytes).is_some());
        }
    }
}
