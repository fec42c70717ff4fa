//! What the connections of a run carry: bare messages or Socket.IO packets in WebSockets, or the stanzas of XMPP.

use std::net::TcpStream;

use crate::args::Sockets;
use crate::failure::{Failure, Result};
use crate::frame;
use crate::socketio::{Namespace, PONG, Packet};
use crate::ws;
use crate::xmpp::room::Room;

/// How a message is put on a connection, and found there.
pub(crate) enum Speech {
    /// A frame is a message.
    Bare,
    /// A frame is a packet; an event in this namespace is a message.
    SocketIo(Namespace),
    /// A message is one of type `groupchat` in this room.
    Xmpp(Room),
}

impl Speech {
    /// What the command line asks for.
    pub(crate) fn new(options: &Sockets) -> Self {
        match (&options.socketio, &options.xmpp) {
            (Some(namespace), _) => Self::SocketIo(Namespace::new(namespace, options.offsets)),
            (None, Some(room)) => Self::Xmpp(Room::new(room)),
            (None, None) => Self::Bare,
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
            Self::Xmpp(room) => room.say(message, out),
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
        match self {
            Self::Bare => ws::messages(link, bytes, out, |payload, _| each(payload)),
            Self::SocketIo(namespace) => ws::messages(link, bytes, out, |payload, out| {
                match namespace.read(payload)? {
                    Packet::Message(message) => each(message)?,
                    Packet::Ping => append(PONG, out),
                    Packet::Aside => {}
                    Packet::Open(_) | Packet::Connected => return Err(unexpected(payload)),
                }
                Ok(())
            }),
            Self::Xmpp(room) => room.hear(link, bytes, each),
        }
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
