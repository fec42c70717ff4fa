//! Listening.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::greeting;
use crate::shell::Shell;

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 4096;
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
            Ok((stream, peer)) => {
                // Without a place it is closed at once, which tells the peer sooner than silence.
                if let Some(connection) = shell.admit(peer.ip()) {
                    tokio::task::spawn_local(greeting::begin(shell.clone(), stream, connection));
                }
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
