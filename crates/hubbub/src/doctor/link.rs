//! The ways to a server: UDP, TCP, and TLS over TCP. They block, but never for long.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use hubbub_turn::{Framed, next_message};
use rustls::{ClientConnection, StreamOwned};

use super::trust::Caller;

/// How long a connection may take, and an answer on it.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// Longer than any message that is expected.
const LONGEST: usize = 65_536;

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        })
    }
}

/// A way to a server.
pub(super) struct Link {
    wire: Wire,
    /// What of a stream has been read and not been taken.
    read: Vec<u8>,
}

enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Link {
    /// Connects, and completes the handshake of TLS.
    pub(super) fn open(transport: Transport, to: SocketAddr, caller: &Caller) -> io::Result<Self> {
        let wire = match transport {
            Transport::Udp => Wire::Udp(udp(to)?),
            Transport::Tcp => Wire::Tcp(tcp(to)?),
            Transport::Tls => Wire::Tls(Box::new(tls(to, caller)?)),
        };
        Ok(Self { wire, read: Vec::new() })
    }

    /// Whether a message may be lost on the way, and is to be sent again.
    pub(super) fn may_lose(&self) -> bool {
        matches!(self.wire, Wire::Udp(_))
    }

    /// The address that this end has.
    pub(super) fn local(&self) -> io::Result<SocketAddr> {
        match &self.wire {
            Wire::Udp(socket) => socket.local_addr(),
            Wire::Tcp(stream) => stream.local_addr(),
            Wire::Tls(stream) => stream.sock.local_addr(),
        }
    }

    /// Sends one message, in a stream with its padding (RFC 8656 section 12.5).
    pub(super) fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let padding = &[0; 3][..message.len().next_multiple_of(4) - message.len()];
        match &mut self.wire {
            Wire::Udp(socket) => socket.send(message).map(drop),
            Wire::Tcp(stream) => stream.write_all(&[message, padding].concat()),
            Wire::Tls(stream) => {
                stream.write_all(&[message, padding].concat())?;
                stream.flush()
            }
        }
    }

    /// The next message. `None` if none comes within `time`.
    pub(super) fn receive(&mut self, time: Duration) -> io::Result<Option<Vec<u8>>> {
        // A socket takes no time of zero for one.
        let time = Some(time.max(Duration::from_millis(1)));
        match &self.wire {
            Wire::Udp(socket) => socket.set_read_timeout(time)?,
            Wire::Tcp(stream) => stream.set_read_timeout(time)?,
            Wire::Tls(stream) => stream.sock.set_read_timeout(time)?,
        }
        let received = match &mut self.wire {
            Wire::Udp(socket) => {
                let mut buffer = vec![0; LONGEST];
                socket.recv(&mut buffer).map(|length| buffer[..length].to_vec())
            }
            Wire::Tcp(stream) => framed(stream, &mut self.read),
            Wire::Tls(stream) => framed(stream, &mut self.read),
        };
        match received {
            Ok(message) => Ok(Some(message)),
            Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(None),
            Err(why) => Err(why),
        }
    }
}

/// The next message of a stream.
fn framed(stream: &mut impl Read, read: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let odd = |_| io::Error::new(ErrorKind::InvalidData, "what answers speaks neither STUN nor TURN");
    loop {
        if let Framed::Message { length, taken } = next_message(read, LONGEST).map_err(odd)? {
            let message = read[..length].to_vec();
            read.drain(..taken);
            return Ok(message);
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer)? {
            0 => {
                return Err(io::Error::new(
                    ErrorKind::UnexpectedEof,
                    "it closed the connection without an answer",
                ));
            }
            length => read.extend_from_slice(&buffer[..length]),
        }
    }
}

/// Connected: then the system says if nobody has the port.
fn udp(to: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(to)?;
    Ok(socket)
}

/// A connection that gives up on both ways after a while.
pub(super) fn tcp(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// A connection that is encrypted.
pub(super) fn tls(to: SocketAddr, caller: &Caller) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut stream = StreamOwned::new(caller.connection(to.ip()), tcp(to)?);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}
