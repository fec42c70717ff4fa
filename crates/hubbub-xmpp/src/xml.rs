//! A strict framer for XMPP's XML, views of stanzas, and a writer (RFC 6120 §11).
