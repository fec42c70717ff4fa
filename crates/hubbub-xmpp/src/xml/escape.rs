//! Writing text so that it is read as it is meant (XML 1.0 §2.4, §2.11, §3.3.3).

use super::chars::is_legal;

/// Appends text to stand between tags. Characters that no document may have become U+FFFD.
pub fn escape_text(out: &mut Vec<u8>, text: &str) {
    escape(out, text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        // A bare one would be read as a line feed.
        b'\r' => Some("&#13;"),
        _ => None,
    });
}

/// Appends text to stand between quotes of either kind. Characters that no document may have become U+FFFD.
pub fn escape_attr(out: &mut Vec<u8>, text: &str) {
    escape(out, text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\'' => Some("&apos;"),
        b'"' => Some("&quot;"),
        // Bare ones would be read as spaces.
        b'\t' => Some("&#9;"),
        b'\n' => Some("&#10;"),
        b'\r' => Some("&#13;"),
        _ => None,
    });
}

/// Copies what is plain in one go; `replace` knows the ASCII characters that are not.
fn escape(out: &mut Vec<u8>, text: &str, replace: fn(u8) -> Option<&'static str>) {
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        // U+FFFE and U+FFFF begin with 0xEF.
        let (replacement, len) = match byte {
            0xef if text[at..].starts_with(['\u{fffe}', '\u{ffff}']) => ("\u{fffd}", 3),
            0..0x80 => match replace(byte) {
                Some(replacement) => (replacement, 1),
                None if is_legal(char::from(byte)) => continue,
                None => ("\u{fffd}", 1),
            },
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[copied..at]);
        out.extend_from_slice(replacement.as_bytes());
        copied = at + len;
    }
    out.extend_from_slice(&text.as_bytes()[copied..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(escape: fn(&mut Vec<u8>, &str), text: &str) -> String {
        let mut out = Vec::new();
        escape(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(written(escape_text, "plain"), "plain");
        assert_eq!(written(escape_text, "a<b>&]]>'\"\t\n\r"), "a&lt;b&gt;&amp;]]&gt;'\"\t\n&#13;");
        assert_eq!(written(escape_attr, "a<b>&'\"\t\n\r"), "a&lt;b&gt;&amp;&apos;&quot;&#9;&#10;&#13;");
    }

    #[test]
    fn what_no_document_may_have_is_replaced() {
        for escape in [escape_text, escape_attr] {
            assert_eq!(
                written(escape, "a\0b\u{1b}é\u{fffe}\u{ffff}\u{fffd}z"),
                "a\u{fffd}b\u{fffd}é\u{fffd}\u{fffd}\u{fffd}z"
            );
        }
    }
}
