//! The sections of the file, each setting in one place.

mod access;
mod candidates;
mod ice;
mod keeping;
mod limits;
mod peerjs;
mod room;
mod server;
mod socketio;
mod tls;
mod tracker;
mod transports;
mod turn;
mod webhook;
mod xmpp;

pub use access::{Access, Admit, Secret, Token};
pub use candidates::Candidates;
pub use ice::{Hidden, Ice, IceUrl};
pub use keeping::{History, Presence, Store};
pub use limits::{Limits, WhenFull};
pub use peerjs::PeerJs;
pub use room::{Log, RoomRule, ShowPresence};
pub use server::{Level, Logging, Server};
pub use socketio::{Recovery, SocketIo};
pub use tls::{SelfSigned, Tls, TlsVersion};
pub(crate) use tracker::TOO_SHORT;
pub use tracker::Tracker;
pub use transports::{Http, WebSocket};
pub use turn::{Host, Ports, Turn};
pub use webhook::{Api, Hears, OnFailure, Webhook};
pub use xmpp::Xmpp;

/// The bounds that several sections use.
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
