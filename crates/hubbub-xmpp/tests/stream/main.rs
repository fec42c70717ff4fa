//! The stream from outside, told as conversations: what the client sends, what it must get, what the gate is asked.
#![expect(clippy::unwrap_used, reason = "helpers of tests too may unwrap")]

mod binding;
mod errors;
mod headers;
mod login;
mod losses;
mod management;
mod properties;
mod scram;
mod stanzas;
mod talk;
mod time;
mod tls;
mod websocket;
