//! Datagrams in batches: as many as wait are read by one call, and those that go from one socket to one address leave by one.
//!
//! On the way in `recvmmsg(2)` and UDP_GRO, on the way out UDP_SEGMENT (`udp(7)`): crossing the kernel is nearly all that a datagram
//! costs, and so a run of them crosses it once.

mod address;
mod bind;
mod control;
mod errors;
mod inbox;
mod outgoing;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use bind::{bind_listening, bind_relay};
pub(crate) use errors::{NetworkError, next_error};
pub(crate) use inbox::Inbox;
pub(crate) use outgoing::{Datagram, Outgoing};
pub(crate) use watch::watch;
