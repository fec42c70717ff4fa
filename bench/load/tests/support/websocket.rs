//! A server's half of WebSocket, one frame at a time, as little as these tests need.

use std::io::{Read, Write};
use std::net::TcpStream;

/// Answers the opening handshake.
pub(crate) fn handshake(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    // The load generator always sends the key of the example in RFC 6455 §1.3; this is its answer.
    let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    stream.write_all(answer.as_bytes()).unwrap();
}

/// One message, unmasked; `None` when the client is gone. None here has more than 65,535 bytes.
pub(crate) fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = [0; 2];
    stream.read_exact(&mut head).ok()?;
    assert_eq!((head[0], head[1] & 0x80), (0x81, 0x80), "a masked text frame");
    let mut length = usize::from(head[1] & 0x7f);
    if length == 126 {
        let mut longer = [0; 2];
        stream.read_exact(&mut longer).ok()?;
        length = usize::from(u16::from_be_bytes(longer));
    }
    let mut mask = [0; 4];
    stream.read_exact(&mut mask).ok()?;
    let mut message = vec![0; length];
    stream.read_exact(&mut message).ok()?;
    message.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Some(message)
}

/// Sends one message.
pub(crate) fn send(stream: &mut TcpStream, message: &[u8]) -> std::io::Result<()> {
    let mut frame = vec![0x81];
    if message.len() < 126 {
        frame.push(message.len() as u8);
    } else {
        frame.push(126);
        frame.extend_from_slice(&(message.len() as u16).to_be_bytes());
    }
    frame.extend_from_slice(message);
    stream.write_all(&frame)
}
