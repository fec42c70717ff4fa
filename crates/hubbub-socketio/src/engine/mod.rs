//! Engine.IO: packets, payloads, and the machine of one session.
//!
//! "EIO4" and "EIO3" in the comments are the protocol documents of revisions 4 and 3.

mod error;
mod heartbeat;
mod machine;
mod out;
mod outgoing;
mod packet;
mod payload;
mod payload_v3;
mod polling;
mod settings;
mod upgrade;

pub use error::{Malformed, Reason, RequestError};
pub use machine::Engine;
pub use out::{Out, Transport};
pub use outgoing::{Outgoing, Text};
pub use packet::{Frame, Message, Packet, PacketKind, Version, decode_frame};
pub use payload::{decode_payload, encode_payload};
pub use settings::{Peer, Settings};
