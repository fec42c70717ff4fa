//! The grammar of handshake headers: comma-separated lists of tokens with parameters (RFC 6455 §9.1, RFC 9110
//! §5.6).

/// An element of `Sec-WebSocket-Extensions`: a name and its parameters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Extension<'a> {
    pub(crate) name: &'a str,
    /// Names and values, quotes removed.
    pub(crate) params: Vec<(&'a str, Option<String>)>,
}

/// The extensions in one header value, in order. An element that does not follow the grammar is `None`.
pub(crate) fn extensions(value: &str) -> impl Iterator<Item = Option<Extension<'_>>> {
    split(value, b',').filter(|element| !trim(element).is_empty()).map(extension)
}

fn extension(element: &str) -> Option<Extension<'_>> {
    let mut parts = split(element, b';').map(trim);
    let name = parts.next().filter(|name| is_token(name))?;
    let params = parts.map(param).collect::<Option<_>>()?;
    Some(Extension { name, params })
}

fn param(part: &str) -> Option<(&str, Option<String>)> {
    let (name, value) = match part.split_once('=') {
        None => (part, None),
        Some((name, value)) => (trim(name), Some(unquote(trim(value))?)),
    };
    is_token(name).then_some((name, value))
}

/// A token as it is, a quoted one without quotes and backslashes (RFC 6455 §9.1: it must be a token then).
fn unquote(value: &str) -> Option<String> {
    let plain = match value.strip_prefix('"') {
        None => value.to_owned(),
        Some(rest) => {
            let mut plain = String::new();
            let mut chars = rest.strip_suffix('"')?.chars();
            while let Some(char) = chars.next() {
                plain.push(if char == '\\' { chars.next()? } else { char });
            }
            plain
        }
    };
    is_token(&plain).then_some(plain)
}

/// Splits at `separator` where it stands outside quotes.
fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = unquoted(text, separator);
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

/// Where the first `wanted` outside quotes is. All bytes looked for are ASCII, so the result is a char
/// boundary.
fn unquoted(text: &str, wanted: u8) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.bytes().position(|byte| {
        let found = !quoted && byte == wanted;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        found
    })
}

/// Removes optional white space (RFC 9110 §5.6.3).
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Whether `text` is a token (RFC 9110 §5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params<'a>(params: &[(&'a str, Option<&str>)]) -> Vec<(&'a str, Option<String>)> {
        params.iter().map(|&(name, value)| (name, value.map(str::to_owned))).collect()
    }

    #[test]
    fn lists_of_extensions() {
        let read: Vec<_> = extensions("foo, bar; baz=2 ;\tq=\"a\\b,\" , , x; y=\"1\"").collect();
        assert_eq!(read.len(), 3);
        assert_eq!(read[0], Some(Extension { name: "foo", params: vec![] }));
        assert_eq!(read[1], None, "a quoted value must be a token");
        assert_eq!(read[2], Some(Extension { name: "x", params: params(&[("y", Some("1"))]) }));
    }

    #[test]
    fn what_breaks_the_grammar_is_none() {
        for bad in ["a b", "a;", "a; =1", "a; b=", "a; b=\"1", "a; b=1 2", "a; b=\"\"", "ä", "a; b=\"1\\"] {
            assert_eq!(extensions(bad).collect::<Vec<_>>(), [None], "{bad}");
        }
    }

    #[test]
    fn empty_elements_are_skipped() {
        assert_eq!(extensions(" , ,\t").count(), 0);
        assert_eq!(extensions("").count(), 0);
    }
}
