//! Finding out what a new connection speaks, inside TLS if it begins with that.

use std::future::{Future, poll_fn};
use std::io;
use std::ops::DerefMut;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use crate::pulse::Order;
use crate::recognise::{self, Spoken, recognise};
use crate::shell::{Connection, Shell};
use crate::socket::Socket;
use crate::{http_server, tls, turn, xmpp};

/// Bytes that recognition may look at before it must know.
const FIRST_BYTES: usize = 256;

/// Serves a new connection until it ends.
pub(crate) async fn begin(shell: Rc<Shell>, stream: TcpStream, connection: Connection) {
    let _ = stream.set_nodelay(true);
    let mut socket = Socket::Clear(stream);
    // Silent, or gone before it said anything.
    let Ok((prefix, spoken)) = first_bytes(&shell, &mut socket, &connection).await else { return };
    match (socket, spoken) {
        (Socket::Clear(stream), Spoken::Tls) => begin_encrypted(shell, stream, prefix, connection).await,
        (socket, spoken) => go_on(shell, socket, prefix, spoken, connection).await,
    }
}

/// The same again, inside TLS; but if both sides have settled on what is spoken (ALPN), that is it.
async fn begin_encrypted(shell: Rc<Shell>, stream: TcpStream, read: Bytes, mut connection: Connection) {
    // Boxed: a handshake needs much space for a short time.
    let handshake = Box::pin(tls::handshake(&shell.tls, stream, &read));
    let Ok(encrypted) = unless_told(&connection, handshake).await else {
        return shell.counters.tls_failures.add(1);
    };
    drop(read);
    shell.counters.tls_handshakes.add(1);
    let settled = encrypted.stream.get_ref().1.alpn_protocol().and_then(recognise::by_name);
    connection.secured = Some(encrypted.secured);
    let mut socket = Socket::Secure(encrypted.stream);
    let first = match settled {
        Some(spoken) => Ok((Bytes::new(), spoken)),
        None => first_bytes(&shell, &mut socket, &connection).await,
    };
    if let Ok((prefix, spoken)) = first {
        go_on(shell, socket, prefix, spoken, connection).await;
    }
}

/// Serves what is spoken.
async fn go_on(shell: Rc<Shell>, socket: Socket, prefix: Bytes, spoken: Spoken, connection: Connection) {
    match spoken {
        // Boxed: a connection that is upgraded should not keep the space that HTTP needed.
        Spoken::Http1 | Spoken::Http2 => {
            Box::pin(http_server::serve(shell, socket, prefix, spoken, connection)).await;
        }
        Spoken::Xmpp => xmpp::serve(shell, socket, &prefix, connection),
        Spoken::Turn => match shell.turn.get().cloned() {
            Some(turn) => turn::serve(shell, turn, socket, prefix, connection).await,
            None => shell.counters.unrecognised.add(1),
        },
        // TLS inside TLS is nothing that anybody speaks.
        Spoken::Tls | Spoken::Unknown => shell.counters.unrecognised.add(1),
    }
}

/// Reads until it is clear what is spoken, or the connection's pulse says that it took too long.
async fn first_bytes(
    shell: &Shell,
    socket: &mut Socket,
    connection: &Connection,
) -> io::Result<(Bytes, Spoken)> {
    let mut read = BytesMut::new();
    loop {
        let more = poll_fn(|cx| read_some(shell, socket, &mut read, cx));
        if unless_told(connection, pin!(more)).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(spoken) = recognise(&read) {
            return Ok((read.freeze(), spoken));
        }
    }
}

/// By way of the worker's buffer: who connects and is silent holds none.
fn read_some(
    shell: &Shell,
    socket: &mut Socket,
    into: &mut BytesMut,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut scratch = shell.scratch.borrow_mut();
    let mut buffer = ReadBuf::new(&mut scratch[..FIRST_BYTES]);
    ready!(Pin::new(socket).poll_read(cx, &mut buffer))?;
    into.extend_from_slice(buffer.filled());
    Poll::Ready(Ok(buffer.filled().len()))
}

/// Goes on with `what` until it is done, or the connection is told to end.
async fn unless_told<T>(
    connection: &Connection,
    mut what: Pin<impl DerefMut<Target: Future<Output = io::Result<T>>>>,
) -> io::Result<T> {
    poll_fn(|cx| match connection.pulse.order(cx) {
        Order::Live => what.as_mut().poll(cx),
        Order::Finish | Order::Die => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
    })
    .await
}
