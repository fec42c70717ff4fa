//! What the WebSockets of a run carry: bare messages, or Socket.IO packets.

use std::net::TcpStream;

use crate::args::Sockets;
use crate::failure::{Failure, Result};
use crate::frame;
use crate::socketio::{Namespace, PONG, Packet};
use crate::ws;

/// How a message is put into a WebSocket, and found there.
pub(crate) enum Speech {
    /// A frame is a message.
    Bare,
    /// A frame is a packet; an event in this namespace is a message.
    SocketIo(Namespace),
}

impl Speech {
    /// What the command line asks for.
    pub(crate) fn new(options: &Sockets) -> Self {
        match &options.socketio {
            Some(namespace) => Self::SocketIo(Namespace::new(namespace, options.offsets)),
            None => Self::Bare,
        }
    }

    /// Does what must be done between the opening handshake and the first message; `unread` is what has arrived
    /// and nobody has looked at.
    pub(crate) fn enter(&self, stream: &mut TcpStream, unread: &mut Vec<u8>) -> Result<()> {
        let Self::SocketIo(namespace) = self else { return Ok(()) };
        until(namespace, stream, unread, |packet| matches!(packet, Packet::Open(_)))?;
        ws::send(stream, namespace.connect())?;
        until(namespace, stream, unread, |packet| *packet == Packet::Connected)
    }

    /// Appends the frame that says `message`.
    pub(crate) fn say(&self, message: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Bare => append(message, out),
            Self::SocketIo(namespace) => append(&namespace.event(message), out),
        }
    }

    /// Calls `each` with every message in `bytes` and puts into `out` whatever else wants an answer; answers how much is
    /// used.
    pub(crate) fn hear(
        &self,
        link: usize,
        bytes: &[u8],
        out: &mut Vec<u8>,
        mut each: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<usize> {
        ws::messages(link, bytes, out, |payload, out| match self {
            Self::Bare => each(payload),
            Self::SocketIo(namespace) => match namespace.read(payload)? {
                Packet::Message(message) => each(message),
                Packet::Ping => {
                    append(PONG, out);
                    Ok(())
                }
                Packet::Aside => Ok(()),
                Packet::Open(_) | Packet::Connected => Err(unexpected(payload)),
            },
        })
    }
}

fn append(payload: &[u8], out: &mut Vec<u8>) {
    frame::text(payload, fastrand::u32(..).to_ne_bytes(), out);
}

/// Waits for the packet that is the right one now; only a ping or an aside may come before it.
fn until(
    namespace: &Namespace,
    stream: &mut TcpStream,
    unread: &mut Vec<u8>,
    right: impl Fn(&Packet<'_>) -> bool,
) -> Result<()> {
    loop {
        let payload = ws::receive(stream, unread)?;
        match namespace.read(&payload)? {
            packet if right(&packet) => return Ok(()),
            Packet::Ping => ws::send(stream, PONG)?,
            Packet::Aside => {}
            _ => return Err(unexpected(&payload)),
        }
    }
}

fn unexpected(payload: &[u8]) -> Failure {
    Failure::Protocol(format!("a packet at the wrong time: {}", String::from_utf8_lossy(payload)))
}
