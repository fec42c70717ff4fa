//! The Engine.IO session from outside, told in words.
#![expect(clippy::unwrap_used, reason = "helpers of tests too may unwrap")]

mod polling;
mod session;
mod websocket;
