//! The client's half of TURN, and peers: allocations, permissions, channels, and packets through them.
//!
//! `stun` writes requests and reads answers, `dialog` knows which comes when, `opening` has many clients do so; `packet` and
//! `flow` say which packets are right; `datagrams`, `post` and `ends` move them; `traffic`, `idle` and `allocate` are the
//! scenarios.

pub(crate) mod allocate;
pub(crate) mod datagrams;
mod dialog;
mod ends;
mod flow;
pub(crate) mod idle;
pub(crate) mod opening;
mod packet;
mod piece;
pub(crate) mod post;
mod stun;
pub(crate) mod traffic;
