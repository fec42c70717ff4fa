//! What the server wants done.

use std::net::SocketAddr;
use std::ops::Range;

use crate::{Client, Family, Prefix};

/// One thing to do, in the order in which it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    /// Send these bytes to the client.
    Send {
        /// To whom.
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
    /// Close such a socket. Nothing more is wanted from it, and its name may come again for another.
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
