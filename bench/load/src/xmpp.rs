//! The client's half of XMPP: logging in, rooms, and reading what comes.
//!
//! No tree is built: whoever sends so many stanzas knows what they look like. `piece` finds where each ends, and the few
//! things that matter in them are found by the bytes around them; what a stanza carries is compared whole.

pub(crate) mod chat;
pub(crate) mod idle;
pub(crate) mod login;
pub(crate) mod logins;
pub(crate) mod page;
mod piece;
pub(crate) mod room;
mod scram;
pub(crate) mod session;
mod wire;
