//! Which characters may stand where (XML 1.0 §2.2 and §2.3, Namespaces in XML 1.0 §3).

use super::XmlError;

const START: u8 = 1;
const NAME: u8 = 2;
const SPACE: u8 = 4;

/// What the ASCII characters are; the others are decoded first.
const CLASS: [u8; 128] = {
    let mut class = [0; 128];
    let mut at = 0;
    while at < 128 {
        class[at as usize] = match at as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => START | NAME,
            b'0'..=b'9' | b'-' | b'.' => NAME,
            b' ' | b'\t' | b'\r' | b'\n' => SPACE,
            _ => 0,
        };
        at += 1;
    }
    class
};

/// Whether `byte` is an ASCII character that a name without a colon may begin with.
pub(super) fn starts_name(byte: u8) -> bool {
    byte < 128 && CLASS[usize::from(byte)] & START != 0
}

/// Whether `byte` is an ASCII character that may stand in a name without a colon.
pub(super) fn is_name(byte: u8) -> bool {
    byte < 128 && CLASS[usize::from(byte)] & NAME != 0
}

/// Whether `byte` is white space (XML 1.0 §2.3).
pub(super) fn is_space(byte: u8) -> bool {
    byte < 128 && CLASS[usize::from(byte)] & SPACE != 0
}

/// Whether a name may begin with this character, which is not ASCII.
pub(super) fn wide_starts_name(wide: char) -> bool {
    matches!(wide,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// Whether this character, which is not ASCII, may stand in a name.
pub(super) fn wide_is_name(wide: char) -> bool {
    wide_starts_name(wide) || matches!(wide, '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// Whether `c` may stand in a document at all (XML 1.0 §2.2).
pub(super) fn is_legal(c: char) -> bool {
    !is_control(c) && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn is_control(c: char) -> bool {
    c < ' ' && !matches!(c, '\t' | '\n' | '\r')
}

/// How many bytes at the start of `bytes` are whole characters that may stand in a document, and what is wrong with the
/// next ones. If nothing is, they are the beginning of a character.
pub(super) fn legal(bytes: &[u8]) -> (usize, Option<XmlError>) {
    let (len, fault) = match simdutf8::compat::from_utf8(bytes) {
        Ok(_) => (bytes.len(), None),
        Err(e) => (e.valid_up_to(), e.error_len().map(|_| XmlError::UnsupportedEncoding)),
    };
    match first_illegal(&bytes[..len]) {
        Some(at) => (at, Some(XmlError::NotWellFormed)),
        None => (len, fault),
    }
}

/// Where the first character that no document may have stands in `text`, which is UTF-8.
fn first_illegal(text: &[u8]) -> Option<usize> {
    let control = |byte: u8| byte < b' ' && byte != b'\t' && byte != b'\n' && byte != b'\r';
    // One branchless pass that the compiler makes vectors of: bit 7 says that something is not ASCII.
    let seen = text.iter().fold(0, |seen, &byte| seen | byte & 0x80 | u8::from(control(byte)));
    if seen == 0 {
        return None;
    }
    let control = (seen & 1 != 0).then(|| text.iter().position(|&byte| control(byte))).flatten();
    let noncharacter =
        memchr::memchr_iter(0xef, text).find(|&at| matches!(text[at..], [0xef, 0xbf, 0xbe | 0xbf, ..]));
    [control, noncharacter].into_iter().flatten().min()
}

/// The character that begins at `at`, if all of it is there. `bytes` are UTF-8, perhaps cut off.
pub(super) fn wide_at(bytes: &[u8], at: usize) -> Option<char> {
    let len = match bytes[at] {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    };
    str::from_utf8(bytes.get(at..at + len)?).ok()?.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_text_ends_where_the_first_fault_is() {
        let encoding = Some(XmlError::UnsupportedEncoding);
        let illegal = Some(XmlError::NotWellFormed);
        let cases: [(&[u8], usize, Option<XmlError>); 14] = [
            (b"", 0, None),
            (b"plain \t\r\n~\x7f", 11, None),
            ("grüße, 世界 🎉".as_bytes(), 20, None),
            (b"nul\0", 3, illegal),
            (b"escape\x1b[0m", 6, illegal),
            (b"x\xef\xbf\xbe", 1, illegal),
            (b"\xc3\xa9\xef\xbf\xbf", 2, illegal),
            (b"replacement \xef\xbf\xbd", 15, None),
            (b"ab\xff", 2, encoding),
            (b"over\xc0\xaflong", 4, encoding),
            (b"surrogate\xed\xa0\x80", 9, encoding),
            (b"beyond\xf4\x90\x80\x80", 6, encoding),
            (b"cut\xf0\x9f\x8e", 3, None),
            (b"\x01\xff", 0, illegal),
        ];
        for (bytes, len, fault) in cases {
            assert_eq!(legal(bytes), (len, fault), "{bytes:?}");
        }
    }

    #[test]
    fn every_character_is_classed_as_the_grammar_says() {
        for c in (0..128u8).map(char::from) {
            assert_eq!(starts_name(c as u8), c.is_ascii_alphabetic() || c == '_');
            assert_eq!(is_name(c as u8), c.is_ascii_alphanumeric() || "_-.".contains(c));
            assert_eq!(is_space(c as u8), " \t\r\n".contains(c));
        }
        assert!(!starts_name(0xc3) && !is_name(0xc3) && !is_space(0x85));
        assert!(wide_starts_name('é') && wide_starts_name('世') && !wide_starts_name('×'));
        assert!(wide_is_name('\u{b7}') && !wide_starts_name('\u{b7}') && !wide_is_name('\u{f0000}'));
    }
}
