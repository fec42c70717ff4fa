//! Listening, and finding out what a new connection speaks.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::http_server;
use crate::pulse::Order;
use crate::recognise::{Spoken, recognise};
use crate::shell::{Connection, Shell};

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 4096;
/// Bytes that recognition may look at before it must know.
const FIRST_BYTES: usize = 256;
/// After an error such as too many open files, so long until the next try.
const PAUSE: Duration = Duration::from_millis(50);

/// A listening socket that shares its address with those of the other workers.
///
/// # Errors
/// The address cannot be bound.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts connections until the server closes.
pub(crate) async fn accept(shell: Rc<Shell>, listener: TcpListener, mut closing: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closing.wait_for(|closing| *closing) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                // Without a place it is closed at once, which tells the peer sooner than silence.
                if let Some(connection) = shell.admit() {
                    tokio::task::spawn_local(begin(shell.clone(), stream, connection));
                }
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn begin(shell: Rc<Shell>, stream: TcpStream, connection: Connection) {
    let _ = stream.set_nodelay(true);
    match first_bytes(&stream, &connection).await {
        Ok((prefix, spoken @ (Spoken::Http1 | Spoken::Http2))) => {
            // Boxed: a connection that is upgraded should not keep the space that HTTP needed.
            Box::pin(http_server::serve(shell, stream, prefix, spoken, connection)).await;
        }
        Ok((_, Spoken::Unknown)) => shell.counters.unrecognised.add(1),
        // Silent, or gone before it said anything.
        Err(_) => {}
    }
}

/// Reads until it is clear what is spoken, or the connection's pulse says that it took too long.
async fn first_bytes(stream: &TcpStream, connection: &Connection) -> io::Result<(Bytes, Spoken)> {
    let mut read = BytesMut::new();
    loop {
        if read_some(stream, &mut read, connection).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(spoken) = recognise(&read) {
            return Ok((read.freeze(), spoken));
        }
    }
}

async fn read_some(stream: &TcpStream, into: &mut BytesMut, connection: &Connection) -> io::Result<usize> {
    loop {
        poll_fn(|cx| match connection.pulse.order(cx) {
            Order::Live => stream.poll_read_ready(cx),
            Order::Finish | Order::Die => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        })
        .await?;
        // Only now is there a buffer: who connects and is silent holds none.
        into.reserve(FIRST_BYTES);
        match stream.try_read_buf(into) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}
