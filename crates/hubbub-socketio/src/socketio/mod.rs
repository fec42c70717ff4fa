//! Socket.IO: packets with namespaces, events, acknowledgements and binary attachments.
//!
//! "SIO5" and "SIO4" in the comments are the protocol documents of revisions 5 and 4. Payloads stay JSON text, as the
//! sender wrote it, from the socket to the room and out again; nothing is re-encoded on the way.

mod assemble;
mod decode;
mod encode;
mod error;
mod json;
pub mod msgpack;
mod packet;
mod placeholder;

pub use assemble::Assembler;
pub use encode::{ack, binary_ack, binary_event, connect, connect_error, disconnect, event};
pub use error::Fault;
pub use packet::{Event, Kind, Limits, OwnedPacket, Packet, Protocol};
pub use placeholder::{placeholder, placeholders};
