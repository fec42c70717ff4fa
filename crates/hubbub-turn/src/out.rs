//! What the server wants done.

use std::net::SocketAddr;
use std::ops::Range;

use crate::{Client, ConnectionId, Family, Prefix};

/// One thing to do, in the order in which it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    /// Send these bytes to the client.
    Send {
        /// To whom; `to.local` is the socket it leaves from, which with [`crate::Settings::other`] may be another than the one
        /// the request came to.
        to: Client,
        /// A whole message.
        message: Vec<u8>,
    },
    /// Send to the client what a peer sent: the prefix, then the payload just handed to [`crate::Server::handle_peer`],
    /// then zeros.
    Deliver {
        /// To whom.
        to: Client,
        /// What comes before the payload.
        prefix: Prefix,
        /// How many zeros come after it, 0 to 3.
        padding: u8,
    },
    /// Send to a peer a part of the packet just handed to [`crate::Server::handle_client`].
    Forward {
        /// From where.
        relay: RelayId,
        /// To whom.
        peer: SocketAddr,
        /// Which part of the packet.
        payload: Range<usize>,
        /// Whether the datagram must not be fragmented.
        dont_fragment: bool,
    },
    /// Open a socket to relay from; answered by [`crate::Server::opened`].
    OpenRelay {
        /// How it is called from now on.
        relay: RelayId,
        /// Of which family.
        family: Family,
        /// On what port.
        port: Port,
    },
    /// Close such a socket, or one that listens. Nothing more is wanted from it, and its name may come again for another.
    CloseRelay {
        /// Which.
        relay: RelayId,
    },
    /// Find out what is needed to check a client's credentials; answered by [`crate::Server::answer`].
    Lookup {
        /// How the answer names the question.
        ticket: Ticket,
        /// Whose credentials.
        who: Who,
    },
    /// Something to do for relays of TCP. Only with [`crate::Settings::tcp_relays`].
    Tcp(TcpOut),
    /// The packet is for another worker: hand it to [`crate::Server::handle_moved`] there. If `from` is a link of TCP or TLS it goes
    /// along, with all that has been read of it and not been handed in, and belongs there from now on. Where there is no
    /// such worker, drop it.
    Elsewhere {
        /// Which.
        worker: u16,
        /// From whom it came.
        from: Client,
        /// A whole message.
        packet: Vec<u8>,
    },
    /// Tell another worker that what this client sends is for this one: [`crate::Server::redirect`] there.
    Redirect {
        /// Which worker: the one that the packet just handed to [`crate::Server::handle_moved`] came to.
        via: u16,
        /// Whose packets.
        client: Client,
        /// Until when, in milliseconds of [`crate::Now::mono_ms`].
        until_ms: u64,
    },
}

/// What is to be done for relays of TCP (RFC 6062).
///
/// The caller keeps a table of connections to peers, by their names. One begins by `Connect` and [`crate::Server::tcp_connected`], or by
/// [`crate::Server::tcp_accepted`]. It is not read before it is spliced: what a peer sends meanwhile waits in the kernel, whose
/// window tells the peer to wait (section 5.3). It ends by `Close`, after which the caller says nothing more of it, or by
/// [`crate::Server::tcp_gone`], after which the server says nothing more of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpOut {
    /// Open a socket that listens to peers; answered by [`crate::Server::opened`] with [`Port::Any`], closed by
    /// [`Out::CloseRelay`]. Connections to peers come from the same address and port, so it must allow that (SO_REUSEADDR,
    /// SO_REUSEPORT). What it accepts goes to [`crate::Server::tcp_accepted`].
    Listen {
        /// How it is called from now on.
        relay: RelayId,
        /// Of which family.
        family: Family,
    },
    /// Connect to a peer; answered by [`crate::Server::tcp_connected`].
    Connect {
        /// How the connection is called from now on.
        connection: ConnectionId,
        /// From whose address and port.
        relay: RelayId,
        /// To whom.
        peer: SocketAddr,
    },
    /// From now on the client's link and the connection are one: after what is already to be sent to the link, all that comes
    /// from one goes to the other as it is, and none of it to the server. What has been read of the link beyond the packet just
    /// handed in goes to the peer first. When one side has sent all, the other is told so (a half-close); when both have, or
    /// either fails, close both and say [`crate::Server::tcp_gone`], once.
    Splice {
        /// The connection to the peer.
        connection: ConnectionId,
        /// The link of the client.
        link: Client,
    },
    /// Close a connection, made or not, and the link that it is spliced to.
    Close {
        /// Which.
        connection: ConnectionId,
    },
}

/// A relay socket, as long as it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayId {
    /// A small number, unique among the relays that are open: an index into the caller's own table.
    pub index: u32,
    /// Differs for each relay that had the same index.
    pub serial: u32,
}

/// Which port a relay wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Any.
    Any,
    /// An even one.
    Even,
    /// An even one, and the one above it for this second relay; both or none.
    EvenAndNext(RelayId),
}

/// Names a question about credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Whose credentials are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// USERNAME.
    Name(String),
    /// USERHASH: SHA-256 of the username, a colon and the realm (RFC 8489 section 14.4).
    Hash([u8; 32]),
}
