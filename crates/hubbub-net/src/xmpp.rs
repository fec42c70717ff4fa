//! XMPP on a connection that speaks it: a session over the socket itself.

use std::rc::Rc;

use bytes::Bytes;

use crate::exchange::Open;
use crate::shell::{Connection, Shell};
use crate::socket::Socket;

/// Begins the session of a connection that begins with `prefix`.
pub(crate) fn serve(shell: Rc<Shell>, socket: Socket, prefix: &Bytes, connection: Connection) {
    let session = hubbub_gate::xmpp::link(connection.peer, connection.secured.clone());
    Open::new(shell, session, connection).go_on(socket, prefix.to_vec());
}
