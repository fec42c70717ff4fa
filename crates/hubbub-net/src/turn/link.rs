//! A client on TCP or TLS.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hubbub_turn::{Client, NotTurn, Transport};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::links::Outlet;
use super::service::Turn;
use super::splice::{self, Splice};
use crate::pulse::Order;
use crate::shell::{Connection, Shell};
use crate::socket::Socket;

/// Reads from one link in a row before others have their turn.
const READS: usize = 4;
/// Bytes that are read at once of a client that has no allocation, and that may wait for it.
const STRANGE: usize = 2048;
/// Bytes that may wait for one that has.
const BUSY: usize = 32 * 1024;
/// How long a peer may take to read our last words.
const LINGER: Duration = Duration::from_secs(1);

/// Serves a connection that speaks STUN or TURN, and whose first bytes are `read`, until it ends.
pub(crate) async fn serve(
    shell: Rc<Shell>,
    turn: Rc<Turn>,
    socket: Socket,
    read: Bytes,
    connection: Connection,
) {
    let transport = if matches!(socket, Socket::Secure(_)) { Transport::Tls } else { Transport::Tcp };
    let Ok((local, remote)) = addresses(&socket) else { return };
    let (number, outlet) = turn.open_link();
    let client = Client { transport, local, remote, link: number };
    let mut link = Link { shell, turn, socket, connection, client, outlet, part: Vec::new(), is_busy: false };
    if link.input(&read).is_err() {
        return link.end().await;
    }
    drop(read);
    match poll_fn(|cx| link.poll(cx)).await {
        End::Closed => link.end().await,
        End::Spliced(splice) => {
            let Link { turn, socket, connection, client, outlet, part, .. } = link;
            connection.pulse.begin();
            splice::run(&turn, splice, socket, &part, (&outlet, &connection.pulse)).await;
            connection.pulse.end(connection.now_ms());
            turn.close_link(&client);
        }
    }
}

/// How a link ends as one that speaks TURN.
enum End {
    /// With its connection.
    Closed,
    /// It becomes one with a connection to a peer.
    Spliced(Splice),
}

/// Ours and its own, as they are without anything that is no part of an address on the wire.
fn addresses(socket: &Socket) -> io::Result<(std::net::SocketAddr, std::net::SocketAddr)> {
    let stream = match socket {
        Socket::Clear(stream) => stream,
        Socket::Secure(stream) => stream.get_ref().0,
    };
    let plain = |address: std::net::SocketAddr| {
        std::net::SocketAddr::new(address.ip().to_canonical(), address.port())
    };
    Ok((plain(stream.local_addr()?), plain(stream.peer_addr()?)))
}

struct Link {
    shell: Rc<Shell>,
    turn: Rc<Turn>,
    socket: Socket,
    connection: Connection,
    client: Client,
    outlet: Rc<Outlet>,
    /// The beginning of a message.
    part: Vec<u8>,
    /// Whether it has an allocation, and so may be silent for as long as that lasts.
    is_busy: bool,
}

impl Link {
    /// Ready when the link is done.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.outlet.wait(cx.waker());
        if self.is_busy {
            self.feel_pulse();
        }
        if self.connection.pulse.order(cx) != Order::Live || self.outlet.is_cut() {
            return Poll::Ready(End::Closed);
        }
        let written = self.poll_write(cx);
        if let Poll::Ready(Err(_)) = written {
            return Poll::Ready(End::Closed);
        }
        if self.outlet.has_splice() {
            // Its answer goes out first, and nothing more is read as a message.
            ready!(written).map_or(Poll::Ready(End::Closed), |()| {
                self.outlet.take_splice().map_or(Poll::Pending, |splice| Poll::Ready(End::Spliced(splice)))
            })
        } else {
            self.poll_read(cx).map(|()| End::Closed)
        }
    }

    async fn end(mut self) {
        if let Some(splice) = self.outlet.take_splice() {
            self.turn.splice_ended(splice.call);
        }
        self.turn.close_link(&self.client);
        let _ = tokio::time::timeout(LINGER, self.socket.shutdown()).await;
    }

    /// Sends what waits, as far as the socket takes it.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { outlet, socket, .. } = self;
        while !outlet.is_empty() {
            let taken = outlet.take(|bytes| match Pin::new(&mut *socket).poll_write(cx, bytes) {
                Poll::Ready(Ok(0)) => Err(Poll::Ready(Err(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Ok(count)) => Ok(count),
                Poll::Ready(Err(error)) => Err(Poll::Ready(Err(error))),
                Poll::Pending => Err(Poll::Pending),
            });
            if let Err(other) = taken {
                return other;
            }
        }
        Pin::new(socket).poll_flush(cx)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let shell = self.shell.clone();
        for _ in 0..READS {
            if self.outlet.has_splice() {
                // What comes now is the peer's; this task is woken to see to that.
                return Poll::Pending;
            }
            // Who does not read is not read either. A stranger has few messages looked at in a row, and few answers waiting.
            let (piece, most) = if self.is_busy { (usize::MAX, BUSY) } else { (STRANGE, STRANGE) };
            if self.outlet.len() > most {
                return Poll::Pending;
            }
            let mut scratch = shell.scratch.borrow_mut();
            let piece = piece.min(scratch.len());
            let mut buffer = ReadBuf::new(&mut scratch[..piece]);
            let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
            let is_over = read.is_err() || buffer.filled().is_empty();
            if is_over || self.input(buffer.filled()).is_err() {
                drop(scratch);
                let _ = self.poll_write(cx);
                return Poll::Ready(());
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn input(&mut self, bytes: &[u8]) -> Result<(), NotTurn> {
        self.shell.counters.received_bytes.add(bytes.len() as u64);
        if self.part.is_empty() {
            let used = self.turn.read_stream(self.client, bytes)?;
            self.part.extend_from_slice(&bytes[used..]);
        } else {
            self.part.extend_from_slice(bytes);
            let used = self.turn.read_stream(self.client, &self.part)?;
            self.part.drain(..used);
            if self.part.is_empty() {
                // Nothing is held for a link that waits.
                self.part = Vec::new();
            }
        }
        self.feel_pulse();
        Ok(())
    }

    /// A client without an allocation must not be silent for long, nor stop in the middle of a message.
    fn feel_pulse(&mut self) {
        let (pulse, now_ms) = (&self.connection.pulse, self.connection.now_ms());
        let is_busy = self.turn.has_allocation(&self.client);
        match (std::mem::replace(&mut self.is_busy, is_busy), is_busy) {
            (false, true) => pulse.begin(),
            (true, false) => pulse.end(now_ms),
            (true, true) => {}
            (false, false) if self.part.is_empty() => {
                pulse.begin();
                pulse.end(now_ms);
            }
            (false, false) => pulse.read_part(now_ms),
        }
    }
}
