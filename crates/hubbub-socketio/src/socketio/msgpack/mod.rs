//! The packets of npm's `socket.io-msgpack-parser`: each one a binary message, a msgpack map of `type`, `nsp`, `data` and
//! `id`.
//!
//! Payloads become JSON text with placeholders and attachments, so that whoever reads a packet need not know how it
//! came. Types that JSON has not are written as JavaScript would: dates as ISO strings, what is no finite
//! number or not defined as `null`.

mod date;
mod decode;
mod encode;
mod reader;

pub use decode::decode;
pub use encode::encode;
