//! Gates: what each protocol says, as commands to the hub, and what the hub says, in each protocol.
//!
//! A request comes in through [`request::open`], is let in by [`admission`], and goes on as the session that
//! [`want::Want`] names: [`publish`], [`poll`], [`sse`], [`ws`], [`presence`] or [`token`]. All of them are [`session::Session`]s:
//! functions from (state, input, now) to effects, without I/O or clock.

mod about;
pub mod actions;
pub mod admin;
pub mod admission;
pub mod allocations;
pub mod attachments;
pub mod candidates;
pub mod coder;
mod credentials;
pub mod dialect;
pub mod engineio;
pub mod envelope;
pub mod ice;
pub mod ice_servers;
mod listening;
pub mod origin;
pub mod outbox;
mod pace;
pub mod params;
pub mod peerjs;
pub mod poll;
pub mod presence;
pub mod problem;
pub mod publish;
mod reader;
pub mod request;
mod respond;
pub mod rooms;
pub mod session;
pub(crate) mod session_id;
pub mod settings;
mod signal_post;
mod signals;
pub mod socketio;
pub mod sse;
#[allow(dead_code, reason = "the protocols that speak over it come next")]
mod text_socket;
pub mod token;
pub mod tracker;
pub mod veil;
pub mod want;
pub mod ws;
pub mod xmpp;
