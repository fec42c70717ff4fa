//! One connection: what has arrived and is not whole yet, what is to be sent and did not fit.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::time::Duration;

use mio::net::TcpStream as Stream;
use rustls::{ClientConnection, StreamOwned};
use socket2::{Domain, Socket, Type};

use crate::failure::{Doing, Failure, Result};

/// How long a server may take to accept and to answer a handshake.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// A blocking connection from `source`, for the handshake.
pub(crate) fn connect(address: SocketAddrV4, source: SocketAddrV4) -> Result<TcpStream> {
    let open = || -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&source.into())?;
        socket.connect_timeout(&address.into(), HANDSHAKE)?;
        socket.set_tcp_nodelay(true)?;
        socket.set_read_timeout(Some(HANDSHAKE))?;
        Ok(socket.into())
    };
    open().doing(|| format!("connecting to {address} from {}", source.ip()))
}

/// How the bytes travel, without ever blocking.
pub(crate) enum Bytes {
    /// In clear.
    Plain(Stream),
    /// Inside TLS.
    Tls(Box<StreamOwned<ClientConnection, Stream>>),
}

impl Bytes {
    fn read(&mut self, scratch: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(scratch),
            Self::Tls(stream) => stream.read(scratch),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    /// Whether a read that gave so much of what was wanted has given all there was: inside TLS it gives a record.
    fn emptied(&self, size: usize, wanted: usize) -> bool {
        matches!(self, Self::Plain(_)) && size < wanted
    }
}

/// An open connection that never blocks.
pub(crate) struct Link {
    stream: Bytes,
    unread: Vec<u8>,
    unsent: Vec<u8>,
}

impl Link {
    /// Takes over a connection after its handshake; `unread` is what came after that.
    pub(crate) fn new(stream: TcpStream, unread: Vec<u8>) -> Result<Self> {
        stream.set_nonblocking(true).doing(|| "making a socket non-blocking".to_owned())?;
        Ok(Self::over(Bytes::Plain(Stream::from_std(stream)), unread))
    }

    /// Takes over a connection that does not block any more.
    pub(crate) fn over(stream: Bytes, unread: Vec<u8>) -> Self {
        Self { stream, unread, unsent: Vec::new() }
    }

    /// What the poll watches.
    pub(crate) fn source(&mut self) -> &mut Stream {
        match &mut self.stream {
            Bytes::Plain(stream) => stream,
            Bytes::Tls(stream) => &mut stream.sock,
        }
    }

    /// Whether something has arrived that nobody has looked at.
    pub(crate) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Reads once into `scratch` and hands `take` all that is not used yet; `take` answers how much it used.
    /// Answers whether there may be more: a read in clear that does not fill the buffer has emptied the socket.
    pub(crate) fn read(
        &mut self,
        number: usize,
        scratch: &mut [u8],
        take: impl FnOnce(&[u8]) -> Result<usize>,
    ) -> Result<bool> {
        let closed = |detail: String| Failure::Closed { link: number, detail };
        let size = match self.stream.read(scratch) {
            Ok(0) => return Err(closed("end of stream".to_owned())),
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            Err(error) => return Err(closed(error.to_string())),
        };
        if self.unread.is_empty() {
            let used = take(&scratch[..size])?;
            self.unread.extend_from_slice(&scratch[used..size]);
        } else {
            self.unread.extend_from_slice(&scratch[..size]);
            self.reread(take)?;
        }
        Ok(!self.stream.emptied(size, scratch.len()))
    }

    /// Hands `take` what arrived earlier.
    pub(crate) fn reread(&mut self, take: impl FnOnce(&[u8]) -> Result<usize>) -> Result<()> {
        let used = take(&self.unread)?;
        self.unread.drain(..used);
        Ok(())
    }

    /// Sends `bytes`, after what still waits; what does not fit is kept.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let sent = self.write(bytes)?;
        self.unsent.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    /// Sends what did not fit, now that there may be room.
    pub(crate) fn flush(&mut self) -> Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let unsent = std::mem::take(&mut self.unsent);
        self.send(&unsent)
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<usize> {
        let whole = bytes.len();
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).doing(|| "sending".to_owned()),
            }
        }
        Ok(whole - bytes.len())
    }
}
