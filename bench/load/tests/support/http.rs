//! A server's half of HTTP/1.1, one request at a time, as little as these tests need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// The request line and the content of one request; `None` when the client is gone.
pub(crate) fn receive(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    // Requests of one client never overlap, so nothing of the next is lost with this reader.
    let mut reader = BufReader::new(stream);
    let (mut first, mut header, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first).ok().filter(|&size| size > 0)?;
    while reader.read_line(&mut header).ok()? > 2 {
        if let Some(value) = header.strip_prefix("Content-Length: ") {
            length = value.trim().parse().unwrap();
        }
        header.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first, body))
}

/// Sends an answer; `None` when the client is gone.
pub(crate) fn send(mut stream: &TcpStream, status: &str, body: &str) -> Option<()> {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok()
}
