//! References and the values they stand in: `&amp;`, `&#233;`, line ends, white space in attributes
//! (XML 1.0 §2.11, §3.3.3, §4.1, §4.6).

use super::XmlError;
use super::chars::{is_legal, is_name, starts_name};
use memchr::{memchr, memchr2, memchr3, memmem};
use std::borrow::Cow;

const CDATA: &[u8] = b"<![CDATA[";
const CDATA_END: &[u8] = b"]]>";

/// The character that the reference at the start of `bytes` stands for and how long it is, from `&` to `;`.
///
/// # Errors
/// It is malformed, stands for no legal character, or names an entity that is not predefined.
pub(super) fn reference(bytes: &[u8]) -> Result<(char, usize), XmlError> {
    let end = memchr(b';', bytes).ok_or(XmlError::NotWellFormed)?;
    let c = match &bytes[1..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"apos" => '\'',
        b"quot" => '"',
        [b'#', b'x', digits @ ..] => character(digits, 16)?,
        [b'#', digits @ ..] => character(digits, 10)?,
        name => return Err(unknown(name)),
    };
    Ok((c, end + 1))
}

fn character(digits: &[u8], radix: u32) -> Result<char, XmlError> {
    let mut code = 0u32;
    for &digit in digits {
        let digit = char::from(digit).to_digit(radix).ok_or(XmlError::NotWellFormed)?;
        code = (code * radix + digit).min(1 << 24);
    }
    let legal = char::from_u32(code).filter(|&c| !digits.is_empty() && is_legal(c));
    legal.ok_or(XmlError::NotWellFormed)
}

/// A sound reference to an entity that could only come from a document type is restricted; anything else is nonsense.
fn unknown(name: &[u8]) -> XmlError {
    let first = name.first().is_some_and(|&first| starts_name(first) || first >= 0x80 || first == b':');
    if first && name.iter().all(|&byte| is_name(byte) || byte >= 0x80 || byte == b':') {
        XmlError::RestrictedXml
    } else {
        XmlError::NotWellFormed
    }
}

/// Checks all references in `raw`.
pub(super) fn check_references(raw: &[u8]) -> Result<(), XmlError> {
    let mut at = 0;
    while let Some(next) = memchr(b'&', &raw[at..]) {
        at += next;
        at += reference(&raw[at..])?.1;
    }
    Ok(())
}

/// Checks text that stands between tags: its references, and that it has no `]]>` (XML 1.0 §2.4).
pub(super) fn check_text(raw: &[u8]) -> Result<(), XmlError> {
    if memchr2(b'&', b']', raw).is_none() {
        return Ok(());
    }
    check_references(raw)?;
    if memmem::find(raw, CDATA_END).is_some() { Err(XmlError::NotWellFormed) } else { Ok(()) }
}

/// What an attribute says, from what stands between its quotes and was checked.
pub(super) fn attribute_value(raw: &str) -> Cow<'_, str> {
    let special = |byte: &u8| matches!(byte, b'&' | b'\t' | b'\n' | b'\r');
    if !raw.as_bytes().iter().any(special) {
        return Cow::Borrowed(raw);
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.as_bytes().iter().position(special) {
        value.push_str(&rest[..at]);
        rest = match rest.as_bytes()[at] {
            b'&' => push_reference(&mut value, &rest[at..]),
            _ => {
                value.push(' ');
                after_line_end(&rest[at..])
            }
        };
    }
    value.push_str(rest);
    Cow::Owned(value)
}

/// Appends what `raw` says, which is what stands between two tags, CDATA sections included, and was checked.
pub(super) fn push_text(text: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some(at) = memchr3(b'&', b'\r', b'<', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        rest = match rest.as_bytes()[at] {
            b'&' => push_reference(text, &rest[at..]),
            b'<' => push_cdata(text, &rest[at..]),
            _ => {
                text.push('\n');
                after_line_end(&rest[at..])
            }
        };
    }
    text.push_str(rest);
}

/// Whether text is what it says: no reference, no CDATA section, no line end to be made one character.
pub(super) fn is_plain(raw: &str) -> bool {
    memchr3(b'&', b'\r', b'<', raw.as_bytes()).is_none()
}

fn push_reference<'a>(out: &mut String, raw: &'a str) -> &'a str {
    let (c, len) = reference(raw.as_bytes()).expect("references were checked when they were read");
    out.push(c);
    &raw[len..]
}

fn push_cdata<'a>(text: &mut String, raw: &'a str) -> &'a str {
    let inside = &raw[CDATA.len()..];
    let end = memmem::find(inside.as_bytes(), CDATA_END).expect("only whole sections were let through");
    let mut section = &inside[..end];
    while let Some(at) = memchr(b'\r', section.as_bytes()) {
        text.push_str(&section[..at]);
        text.push('\n');
        section = after_line_end(&section[at..]);
    }
    text.push_str(section);
    &inside[end + CDATA_END.len()..]
}

/// What follows the white space character that `raw` begins with; a carriage return and a line feed are one.
fn after_line_end(raw: &str) -> &str {
    raw.strip_prefix("\r\n").unwrap_or(&raw[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stand_for_one_character() {
        let good = [
            ("&amp;", '&'),
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("&apos;", '\''),
            ("&quot;", '"'),
            ("&#65;", 'A'),
            ("&#x1F389;", '🎉'),
            ("&#x0000000000000041;", 'A'),
            ("&#9;", '\t'),
            ("&#x10FFFF;", '\u{10ffff}'),
        ];
        for (raw, c) in good {
            assert_eq!(reference(format!("{raw}tail;").as_bytes()), Ok((c, raw.len())), "{raw}");
        }
    }

    #[test]
    fn other_references_are_restricted_or_nonsense() {
        for raw in ["&nbsp;", "&lol9;", "&a:b;", "&é;", "&AMP;"] {
            assert_eq!(reference(raw.as_bytes()), Err(XmlError::RestrictedXml), "{raw}");
        }
        let nonsense = [
            "&;",
            "& ;",
            "&amp",
            "&#;",
            "&#x;",
            "&#0;",
            "&#x1F;",
            "&#xD800;",
            "&#xFFFE;",
            "&#1114112;",
            "&#99999999999;",
            "&#X41;",
            "&#4a;",
            "&#-1;",
            "&#x+41;",
            "&1;",
            "&a b;",
            "&lt\n;",
        ];
        for raw in nonsense {
            assert_eq!(reference(raw.as_bytes()), Err(XmlError::NotWellFormed), "{raw}");
        }
    }

    #[test]
    fn values_are_what_xml_says_they_are() {
        assert!(matches!(attribute_value("plain"), Cow::Borrowed("plain")));
        assert_eq!(attribute_value("a\tb\r\nc\rd\n&#10;&lt;"), "a b c d \n<");
        let mut text = String::new();
        push_text(&mut text, "1\r\n2\r3&#13;4<![CDATA[&amp;\r\n]]]]><![CDATA[>]]>&gt;");
        assert_eq!(text, "1\n2\n3\r4&amp;\n]]>>");
    }
}
