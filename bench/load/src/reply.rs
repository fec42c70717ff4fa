//! Reading HTTP/1.1 answers with a known length.

use crate::failure::{Failure, Result};

/// An answer that has arrived whole.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    /// Status code.
    pub(crate) status: u16,
    /// `ETag`, empty if there is none.
    pub(crate) etag: &'a str,
    /// `Last-Modified`, empty if there is none.
    pub(crate) modified: &'a str,
    /// The content.
    pub(crate) body: &'a [u8],
    /// Bytes it takes on the wire.
    pub(crate) length: usize,
}

impl Reply<'_> {
    /// That this is not what was asked for.
    pub(crate) fn unexpected(&self) -> Failure {
        Failure::Protocol(format!("status {}: {}", self.status, String::from_utf8_lossy(self.body)))
    }
}

/// Reads the first answer in `bytes`; `None` until it is whole.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Reply<'_>>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(|error| Failure::Protocol(format!("answer: {error}")))?;
    let (httparse::Status::Complete(head), Some(status)) = (parsed, response.code) else { return Ok(None) };
    let value = |name: &str| -> Option<&str> {
        let header = response.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let size = match value("content-length").map(str::parse::<usize>) {
        Some(Ok(size)) => size,
        None if status == 204 || status == 304 => 0,
        _ => return Err(Failure::Protocol(format!("answer {status} without a Content-Length"))),
    };
    let Some(body) = bytes.get(head..head + size) else { return Ok(None) };
    let (etag, modified) = (value("etag").unwrap_or(""), value("last-modified").unwrap_or(""));
    Ok(Some(Reply { status, etag, modified, body, length: head + size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nEtag: 0\r\nLast-Modified: now\r\n\r\nhiHTTP/1.1";

    #[test]
    fn reads_one_answer_of_two() {
        let reply = parse(ANSWER).unwrap().unwrap();
        assert_eq!((reply.status, reply.etag, reply.modified, reply.body), (200, "0", "now", &b"hi"[..]));
        assert_eq!(reply.length, ANSWER.len() - 8);
    }

    #[test]
    fn waits_until_it_is_whole() {
        let whole = parse(ANSWER).unwrap().unwrap().length;
        for cut in 0..whole {
            assert!(parse(&ANSWER[..cut]).unwrap().is_none(), "{cut}");
        }
    }

    #[test]
    fn refuses_a_body_of_unknown_length() {
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
