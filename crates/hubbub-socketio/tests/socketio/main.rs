//! The Socket.IO packets from outside: both parsers, and what they have in common.
#![expect(clippy::unwrap_used, reason = "helpers of tests too may unwrap")]

mod msgpack;
mod text;
