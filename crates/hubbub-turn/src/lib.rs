//! STUN and TURN for servers, without I/O: RFC 8489 and RFC 8656, and time-limited credentials.
//!
//! Off by default: relays of TCP (RFC 6062), mobility (RFC 8016) and NAT discovery (RFC 5780).
//!
//! Nothing here reads a socket, a clock or a table of accounts. Packets, the time and answers to questions come in; what
//! is to be sent, opened, closed and asked goes out as a list of [`Out`].
//!
//! - [`Server`] is the machine: all allocations of one worker. It has four verbs: [`Server::handle_client`] and
//!   [`Server::handle_peer`] for packets, [`Server::timeout`] for time, [`Server::link_gone`] for lost connections; and
//!   the answers to what it asked, [`Server::opened`] and [`Server::answer`].
//! - Relays of TCP bring verbs of their own: [`Server::tcp_connected`], [`Server::tcp_accepted`], [`Server::tcp_passed`] and
//!   [`Server::tcp_gone`]. [`TcpOut`] says what becomes of a connection.
//! - Several workers, each with its own [`Server`], may share addresses. What one of them finds to be another's it has handed
//!   over ([`Out::Elsewhere`], [`Server::handle_moved`], [`Server::redirect`]).
//! - [`Settings`] is what the operator decides; every limit is there.
//! - [`PeerPolicy`] says to whom packets may be relayed. By default that is nobody inside the operator's own network.
//! - [`RestSecrets`] mints and checks credentials of the form `expiry:user`.
//! - [`next_message`] finds messages in the byte stream of TCP and TLS.
//!
//! # Security
//!
//! A packet from an address that is not proven costs no memory: nothing is kept before the client has sent back a nonce
//! that only its address was told ([RFC 8489 section 9.2](https://www.rfc-editor.org/rfc/rfc8489#section-9.2)), and what
//! is answered before that is limited for each source. The crate below (`stun-types`) logs malformed messages as
//! warnings; a program that subscribes to logs should turn its target off.
#![forbid(unsafe_code)]

mod accept;
mod allocate;
mod allocation;
mod attribute;
mod auth;
mod binding;
mod bucket;
mod budget;
mod channel;
mod client;
mod connect;
mod connection;
mod counters;
mod discovery;
mod icmp;
mod integrity;
mod message;
mod mobility;
mod nonce;
mod opened;
mod out;
mod peers;
mod pending;
mod permission;
mod prefix;
mod quota;
mod redirects;
mod refresh;
mod relay;
mod rest;
mod send;
mod server;
mod settings;
mod splice;
mod stream;
mod tables;
mod time;
#[cfg(test)]
mod vectors;
mod view;

pub use bucket::Rate;
pub use client::{Client, Family, Transport};
pub use connection::ConnectionId;
pub use counters::Counters;
pub use discovery::Discovery;
pub use icmp::IcmpError;
pub use integrity::{Algorithm, Key, Known};
pub use out::{Out, Port, RelayId, TcpOut, Ticket, Who};
pub use peers::{Net, PeerPolicy};
pub use prefix::Prefix;
pub use rest::{Minted, RestSecrets};
pub use server::{Seeds, Server};
pub use settings::Settings;
pub use stream::{Framed, NotTurn, next_message};
pub use time::Now;
pub use view::AllocationView;
