//! SASL, the server's side (RFC 6120 §6).
