//! Where one stanza ends and the next begins, and what is in it.

use memchr::{memchr, memmem};

use crate::failure::{Failure, Result};

/// What stands on a stream at its top level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// The XML declaration, white space between stanzas, the opening tag of the stream.
    Frame,
    /// The stream is over.
    End,
    /// An element with all that is in it.
    Element(&'a [u8]),
}

/// The first piece of what has arrived, and its length; `None` until it is whole.
pub(crate) fn next(bytes: &[u8]) -> Option<(Piece<'_>, usize)> {
    match bytes {
        [] => None,
        [b' ' | b'\n' | b'\r' | b'\t', ..] => Some((Piece::Frame, 1)),
        _ if b"</stream:stream>".starts_with(&bytes[..bytes.len().min(16)]) => {
            (bytes.len() >= 16).then_some((Piece::End, 16))
        }
        _ if bytes.starts_with(b"<?xml") || bytes.starts_with(b"<stream:stream") => {
            Some((Piece::Frame, memchr(b'>', bytes)? + 1))
        }
        _ => element(bytes).map(|length| (Piece::Element(&bytes[..length]), length)),
    }
}

/// Length of the element that `bytes` begin with. Servers escape `>` in attributes, so each one ends a tag.
fn element(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0usize, 0);
    loop {
        let open = at + memchr(b'<', &bytes[at..])?;
        let close = open + memchr(b'>', &bytes[open..])?;
        match (bytes[open + 1], bytes[close - 1]) {
            (b'/', _) => depth = depth.saturating_sub(1),
            (_, b'/') => {}
            _ => depth += 1,
        }
        at = close + 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The text between the first `open` and the next `close` after it.
pub(crate) fn between<'a>(bytes: &'a [u8], open: &[u8], close: &[u8]) -> Option<&'a [u8]> {
    let begin = memmem::find(bytes, open)? + open.len();
    let end = begin + memmem::find(&bytes[begin..], close)?;
    Some(&bytes[begin..end])
}

/// What a message says.
pub(crate) fn body(stanza: &[u8]) -> Option<&[u8]> {
    between(stanza, b"<body>", b"</body>")
}

/// Whether these bytes are in the opening tag.
pub(crate) fn tag_has(stanza: &[u8], bytes: &[u8]) -> bool {
    let tag = &stanza[..memchr(b'>', stanza).unwrap_or(stanza.len())];
    memmem::find(tag, bytes).is_some()
}

/// Whether an element says of itself that it is an error.
pub(crate) fn is_error(element: &[u8]) -> bool {
    tag_has(element, b"error")
}

/// A stanza that ends the run, and its beginning.
pub(crate) fn unexpected(what: &str, stanza: &[u8]) -> Failure {
    let start = String::from_utf8_lossy(&stanza[..stanza.len().min(300)]).into_owned();
    Failure::Protocol(format!("{what}: {start}"))
}

/// Calls `each` with every whole element in `bytes`; answers how much is used.
///
/// # Errors
/// The end of the stream and errors of any kind are failures: in a run nobody has done anything wrong.
pub(crate) fn elements(
    link: usize,
    bytes: &[u8],
    mut each: impl FnMut(&[u8]) -> Result<()>,
) -> Result<usize> {
    let mut used = 0;
    while let Some((piece, length)) = next(&bytes[used..]) {
        match piece {
            Piece::Frame => {}
            Piece::End => return Err(Failure::Closed { link, detail: "end of the XMPP stream".to_owned() }),
            Piece::Element(stanza) if is_error(stanza) => return Err(unexpected("an error", stanza)),
            Piece::Element(stanza) => each(stanza)?,
        }
        used += length;
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"<?xml version='1.0'?><stream:stream id=\"a\"><iq type='result'/>\n\
        <message from='a'><body>hi</body><message>within</message></message></stream:stream>";

    fn pieces(mut bytes: &[u8]) -> Vec<Piece<'_>> {
        let mut found = Vec::new();
        while let Some((piece, length)) = next(bytes) {
            found.push(piece);
            bytes = &bytes[length..];
        }
        found
    }

    #[test]
    fn takes_a_stream_apart() {
        let message = &b"<message from='a'><body>hi</body><message>within</message></message>"[..];
        let wanted = [
            Piece::Frame,
            Piece::Frame,
            Piece::Element(b"<iq type='result'/>"),
            Piece::Frame,
            Piece::Element(message),
            Piece::End,
        ];
        assert_eq!(pieces(STREAM), wanted);
    }

    #[test]
    fn waits_until_a_piece_is_whole() {
        let element = &STREAM[STREAM.len() - 84..STREAM.len() - 16];
        for cut in 0..element.len() {
            assert_eq!(next(&element[..cut]), None, "{cut}");
        }
        assert_eq!(next(b"</stream:strea"), None);
    }

    #[test]
    fn finds_bodies_and_types() {
        let stanza = b"<message type=\"groupchat\" id='3'><x type='error'/><body>hi</body></message>";
        assert_eq!(body(stanza), Some(&b"hi"[..]));
        assert_eq!(body(b"<message><body/></message>"), None);
        assert!(tag_has(stanza, b"groupchat"));
        assert!(!is_error(stanza), "what is in a stanza says nothing of itself");
    }

    #[test]
    fn errors_and_the_end_are_failures() {
        let read = |bytes: &[u8]| elements(4, bytes, |_| Ok(())).unwrap_err().to_string();
        assert!(read(b"<message type='error'><body>hi</body></message>").contains("an error: <message"));
        assert!(read(b"<stream:error><conflict/></stream:error>").contains("<conflict/>"));
        assert!(read(b"</stream:stream>").starts_with("connection 4 was closed"));
    }
}
