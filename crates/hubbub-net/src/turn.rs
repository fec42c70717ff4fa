//! STUN and TURN: the sockets around the machine of `hubbub-turn`.
//!
//! Each worker has a machine of its own (`service`), a socket of UDP at every address that the server listens on, and the relays of its
//! clients. The kernel gives all datagrams of a client to the same worker; a connection stays where it was accepted. No session, room or
//! turn has a part in this: a packet is read, looked at and sent on in one go, in batches (`udp`).

mod calls;
mod carry;
mod desk;
mod hear;
mod link;
mod links;
mod neighbours;
mod ports;
mod relays;
mod service;
mod settings;
mod splice;

pub use calls::CALLS;
pub use desk::{Place, TurnDesk, desk};
pub(crate) use link::serve;
pub(crate) use service::Turn;
pub(crate) use settings::Common;
pub use settings::{RelayAddress, TurnSettings};
