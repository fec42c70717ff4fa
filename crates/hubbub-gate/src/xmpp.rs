//! XMPP: a client's stream, over TCP or a WebSocket, and the accounts and chats behind it.
//!
//! The machine of the stream is in `hubbub-xmpp`; here its stanzas meet the hub. A stream is a `link::Link` or a
//! `websocket::Socket`; both drive a `client::Client`. What concerns all of a person's devices (roster, presence, who gets a message) is
//! kept by the account's steward (`account`), who lives on one worker; streams and stewards write letters (`letters`) that carry
//! stanzas (`parcel`). A multi-user chat is a room of the hub: each occupant has a seat of its own (`chat`).
//!
//! Addresses: accounts are `alice@example.org`, guests `ann@guest.example.org`, rooms `lobby@rooms.example.org`.

mod about;
mod account;
mod archive;
mod attention;
pub(crate) mod chat;
mod client;
mod ended;
mod honest;
mod iq;
mod letters;
mod link;
mod login;
mod parcel;
mod place;
mod register;
mod registrar;
mod resume;
mod stamp;
pub(crate) mod websocket;

pub use link::link;

/// What a stream offers after login for the sake of its account, as XML: versions of rosters (RFC 6121 §2.6.1) and approval in
/// advance (§3.4.1).
pub const STREAM_FEATURES: &str =
    "<ver xmlns='urn:xmpp:features:rosterver'/><sub xmlns='urn:xmpp:features:pre-approval'/>";
