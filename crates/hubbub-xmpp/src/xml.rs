//! XML as XMPP allows it (RFC 6120 §11): a strict reader in one pass and a small writer.
//!
//! [`Framer`] cuts one direction of a TCP stream into its head, its stanzas and its end; [`parse`] reads one whole
//! document, which is what a WebSocket message is (RFC 7395 §3). Both check everything before they hand anything over:
//! UTF-8, the characters, well-formedness, namespaces, and [`Limits`], which hold while a stanza is still arriving, so that
//! nobody can make the reader keep more than `Limits::bytes`. There is no DTD, processing instruction, comment or
//! entity of the sender's own (RFC 6120 §11.1). Nothing here recurses.
//!
//! What comes out is an [`Element`]: the bytes as they came and a flat index over them, cheap to clone, to send to another
//! thread and to forward. [`Tag`] builds what a server itself has to say.

mod builder;
mod canonical;
mod chars;
mod declaration;
mod document;
mod element;
mod error;
mod escape;
mod framer;
mod index;
mod limits;
mod node;
mod reference;
mod scope;
mod syntax;
mod tag;

pub use document::{parse, parse_under};
pub use element::Element;
pub use error::XmlError;
pub use escape::{escape_attr, escape_text};
pub use framer::{Framer, Piece};
pub use limits::{Limit, Limits};
pub use node::{Attr, Attrs, Children, Node};
pub use tag::Tag;

/// The namespace of what clients and servers say to each other (RFC 6120 §4.8.2).
pub const CLIENT: &str = "jabber:client";
/// The namespace of `<stream:stream>`, `<stream:features>` and `<stream:error>` (RFC 6120 §4.8.1).
pub const STREAMS: &str = "http://etherx.jabber.org/streams";
/// What the prefix `xml` always means (Namespaces in XML 1.0 §3).
const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What the prefix `xmlns` always means; nothing may be bound to it (Namespaces in XML 1.0 §3).
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
