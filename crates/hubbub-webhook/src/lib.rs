//! Applications asked over HTTP: what they are sent, how it is signed, what their answers mean, and who sends it.
//!
//! All that decides is a function of its input and the time it is given: [`request`], [`signature`], [`verdict`], [`breaker`]
//! and [`courier`], which knows when to send, to try again and to give up. [`client`] does the I/O, on a thread of its own beside
//! the workers, as the store does.

pub mod breaker;
pub mod client;
pub mod counters;
pub mod courier;
pub mod request;
pub mod signature;
pub mod verdict;

pub use client::{Application, OnFailure, Reply, Trust, Webhooks};
pub use counters::Counters;
pub use courier::Settings;
