//! One connection: what has arrived and is not whole yet, what is to be sent and did not fit.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::time::Duration;

use mio::net::TcpStream as Stream;
use socket2::{Domain, Socket, Type};

use crate::failure::{Doing, Failure, Result};

/// How long a server may take to accept and to answer a handshake.
const HANDSHAKE: Duration = Duration::from_secs(20);

/// A blocking connection from `source`, for the handshake.
pub(crate) fn connect(address: SocketAddrV4, source: SocketAddrV4) -> Result<TcpStream> {
    let open = || -> std::io::Result<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&source.into())?;
        socket.connect_timeout(&address.into(), HANDSHAKE)?;
        socket.set_tcp_nodelay(true)?;
        socket.set_read_timeout(Some(HANDSHAKE))?;
        Ok(socket.into())
    };
    open().doing(|| format!("connecting to {address} from {}", source.ip()))
}

/// An open connection that never blocks.
pub(crate) struct Link {
    stream: Stream,
    unread: Vec<u8>,
    unsent: Vec<u8>,
}

impl Link {
    /// Takes over a connection after its handshake; `unread` is what came after that.
    pub(crate) fn new(stream: TcpStream, unread: Vec<u8>) -> Result<Self> {
        stream.set_nonblocking(true).doing(|| "making a socket non-blocking".to_owned())?;
        Ok(Self { stream: Stream::from_std(stream), unread, unsent: Vec::new() })
    }

    /// What the poll watches.
    pub(crate) fn source(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Whether something has arrived that nobody has looked at.
    pub(crate) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Reads once into `scratch` and hands `take` all that is not used yet; `take` answers how much it used.
    /// Answers whether there may be more: a read that does not fill the buffer has emptied the socket.
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
        Ok(size == scratch.len())
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
