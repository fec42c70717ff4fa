//! Stanzas: answers and errors (RFC 6120 §8).
