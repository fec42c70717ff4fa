//! One request of HTTP, in the clear or encrypted.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use super::link;
use super::trust::Caller;

/// More of an answer than this is not read.
const LONGEST: u64 = 65_536;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Asks for a page. `host` is whom to ask for, if not the address.
pub(super) fn get(to: SocketAddr, path: &str, caller: Option<&Caller>) -> io::Result<Answer> {
    let host = caller.and_then(Caller::host).unwrap_or_else(|| to.to_string());
    // HTTP/1.0, so that the answer comes in one piece and ends with the connection.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    let mut bytes = Vec::new();
    match caller {
        Some(caller) => read_all(&mut link::tls(to, caller)?, &request, &mut bytes)?,
        None => read_all(&mut link::tcp(to)?, &request, &mut bytes)?,
    }
    parse(&bytes).ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "what answers does not speak HTTP"))
}

fn read_all(stream: &mut (impl Read + Write), request: &str, into: &mut Vec<u8>) -> io::Result<()> {
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    match stream.take(LONGEST).read_to_end(into) {
        // Cut off after the answer.
        Err(why) if into.is_empty() => Err(why),
        _ => Ok(()),
    }
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let rest = head.strip_prefix("HTTP/1.")?;
    let status = rest.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_what_is_none() {
        let answer = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!(answer, Answer { status: 200, body: "{}".to_owned() });
        for odd in [&b""[..], b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 x y\r\n\r\n", b"HTTP/1.1 200 OK\r\n"] {
            assert_eq!(parse(odd), None);
        }
    }
}
