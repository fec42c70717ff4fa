//! The client's half of the WebSocket protocol: the opening handshake (RFC 6455 §4.1) and reading messages.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::args::Common;
use crate::clock::Clock;
use crate::failure::{Doing, Failure, Result};
use crate::frame::{self, Kind};
use crate::link::{self, Link};
use crate::pool::Pool;
use crate::speech::Speech;
use crate::target::{Target, source};

/// The key and its answer from the example in §1.3: a fixed pair spares the load generator a SHA-1.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Longest answer to a handshake.
const ANSWER: usize = 8192;

/// Opens connections to the server that the command line names, one after another, and has each speak as it should.
pub(crate) fn open(
    common: &Common,
    speech: &Speech,
    connections: usize,
    run: u64,
    clock: Clock,
) -> Result<Pool> {
    let target = Target::parse(&common.url)?;
    let mut pool = Pool::new(common, clock)?;
    for n in 0..connections {
        let mut stream = link::connect(target.address, source(run, n))?;
        let mut unread = upgrade(&mut stream, &target, n)?;
        speech.enter(&mut stream, &mut unread)?;
        pool.add(Link::new(stream, unread)?)?;
    }
    Ok(pool)
}

/// Does the opening handshake; answers what came after it.
fn upgrade(stream: &mut TcpStream, target: &Target, n: usize) -> Result<Vec<u8>> {
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n",
        target.path(n),
        target.address
    );
    stream.write_all(request.as_bytes()).doing(|| "sending a handshake".to_owned())?;
    let mut answer = Vec::new();
    loop {
        let mut piece = [0; 2048];
        let size = stream.read(&mut piece).doing(|| format!("waiting for the answer to handshake {n}"))?;
        answer.extend_from_slice(&piece[..size]);
        if let Some(used) = accepted(&answer)? {
            answer.drain(..used);
            return Ok(answer);
        }
        if size == 0 || answer.len() > ANSWER {
            return Err(Failure::Protocol(format!("handshake {n} got no whole answer")));
        }
    }
}

/// Length of the answer's head once it is whole.
fn accepted(answer: &[u8]) -> Result<Option<usize>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(answer).map_err(|error| Failure::Protocol(format!("handshake: {error}")))?;
    let httparse::Status::Complete(used) = parsed else { return Ok(None) };
    let accept = response.headers.iter().find(|h| h.name.eq_ignore_ascii_case("sec-websocket-accept"));
    match response.code {
        Some(101) if accept.is_some_and(|h| h.value == ACCEPT.as_bytes()) => Ok(Some(used)),
        _ => Err(Failure::Protocol(format!("handshake refused: {}", String::from_utf8_lossy(answer)))),
    }
}

/// Sends one text message on a connection that is not in a pool yet.
pub(crate) fn send(stream: &mut TcpStream, payload: &[u8]) -> Result<()> {
    let mut wire = Vec::new();
    frame::text(payload, fastrand::u32(..).to_ne_bytes(), &mut wire);
    stream.write_all(&wire).doing(|| "sending a first message".to_owned())
}

/// Waits for one message on a connection that is not in a pool yet; `unread` is what has arrived and is not used.
pub(crate) fn receive(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Result<Vec<u8>> {
    loop {
        if let Some(frame) = frame::parse(unread)? {
            let (kind, payload, length) = (frame.kind, frame.payload.to_vec(), frame.length);
            unread.drain(..length);
            return match kind {
                Kind::Message => Ok(payload),
                _ => Err(Failure::Protocol(format!("{kind:?} before the first message"))),
            };
        }
        let mut piece = [0; 2048];
        let size = stream.read(&mut piece).doing(|| "waiting for a first message".to_owned())?;
        if size == 0 {
            return Err(Failure::Protocol("the end of the stream before the first message".to_owned()));
        }
        unread.extend_from_slice(&piece[..size]);
    }
}

/// Calls `each` with every whole message in `bytes` and answers pings in `out`; answers how much is used.
pub(crate) fn messages(
    link: usize,
    bytes: &[u8],
    out: &mut Vec<u8>,
    mut each: impl FnMut(&[u8], &mut Vec<u8>) -> Result<()>,
) -> Result<usize> {
    let mut used = 0;
    while let Some(frame) = frame::parse(&bytes[used..])? {
        match frame.kind {
            Kind::Message => each(frame.payload, out)?,
            Kind::Ping => frame::pong(frame.payload, out),
            Kind::Pong => {}
            Kind::Close => return Err(Failure::Closed { link, detail: close_reason(frame.payload) }),
        }
        used += frame.length;
    }
    Ok(used)
}

fn close_reason(payload: &[u8]) -> String {
    match payload {
        [high, low, reason @ ..] => {
            format!("code {} {}", u16::from_be_bytes([*high, *low]), String::from_utf8_lossy(reason))
        }
        _ => "no code".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_whole_messages_and_leaves_the_rest() {
        let wire = b"\x81\x02hi\x89\x01p\x82\x01x\x81\x05hel";
        let (mut got, mut out) = (Vec::new(), Vec::new());
        let used = messages(0, wire, &mut out, |payload, _| {
            got.push(payload.to_vec());
            Ok(())
        });
        assert_eq!(used.unwrap(), wire.len() - 5);
        assert_eq!(got, [b"hi".to_vec(), b"x".to_vec()]);
        assert_eq!(out.len(), 7, "one masked pong with one byte");
    }

    #[test]
    fn a_close_ends_the_run_and_says_its_code() {
        let closed = messages(3, b"\x88\x05\x03\xf5bye", &mut Vec::new(), |_, _| Ok(()));
        assert_eq!(closed.unwrap_err().to_string(), "connection 3 was closed by the server (code 1013 bye)");
    }

    #[test]
    fn accepts_only_the_right_answer() {
        let right = format!("HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n");
        assert_eq!(accepted(right.as_bytes()).unwrap(), Some(right.len()));
        assert_eq!(accepted(&right.as_bytes()[..30]).unwrap(), None);
        assert!(accepted(b"HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: x\r\n\r\n").is_err());
        assert!(accepted(b"HTTP/1.1 429 Too Many\r\n\r\n").is_err());
    }
}
