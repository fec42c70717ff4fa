//! XMPP without I/O: a strict streaming framer and stanza views, addresses, SASL, and the machine of a client's stream (RFC 6120).

pub mod jid;
pub mod sasl;
pub mod stanza;
pub mod stream;
pub mod xml;
