//! WebTorrent's tracker, without I/O: what peers say to it ([`parse`]), what it says to them ([`mod@write`]), and who is in which swarm
//! ([`Swarms`]).
//!
//! The protocol has no specification: it is what `bittorrent-tracker` speaks over a WebSocket, JSON objects in which hashes and ids are
//! strings of 20 characters from U+0000 to U+00FF, one for each byte. A peer announces that it takes part in a swarm and brings offers
//! of WebRTC; each goes to another peer of the swarm, chosen at random, whose answer comes back the same way. The tracker does not look
//! into offers and answers.
//!
//! Where this one is stricter: an answer goes only to the peer whose offer the answering peer was given, once and in time; nobody takes
//! the place of a peer that is there; and all that a peer can make the tracker hold has a limit.

mod id;
mod json;
mod marks;
mod parse;
mod past;
mod peers;
mod refusal;
mod swarm;
mod swarms;
pub mod write;

pub use id::{InfoHash, OfferId, PeerId};
pub use parse::{Action, Announce, Answer, Event, Invalid, Left, Message, Most, Offer, parse};
pub use refusal::Refusal;
pub use swarm::Counts;
pub use swarms::{Announced, Asking, Limits, Swarms};
