//! The machine of a client's stream (RFC 6120, RFC 7395, XEP-0198).
