//! WebSocket without I/O: frames, messages, compression and the pure parts of the handshake.
//!
//! RFC 6455 and RFC 7692 (permessage-deflate), for the server and for the client. Nothing here reads a
//! socket, a clock or a random number: bytes come in, messages go out.
//!
//! - [`Decoder`] turns received bytes into [`Incoming`] messages. One per connection, small, and without heap
//!   memory while no message is half received.
//! - [`encode_message`] and its neighbours write the frames of a server; [`client`] those of a client.
//! - [`Deflater`] and [`Inflater`] are the two ends of permessage-deflate. One of each per thread is enough
//!   unless context takeover was negotiated.
//! - [`accept_key`], [`negotiate`], [`select_subprotocol`] answer the headers of an opening handshake.
//!
//! ```
//! use hubbub_ws::{Config, Decoder, Incoming, Inflater, Limits, Role};
//!
//! let limits = Limits { frame: 1 << 20, message: 1 << 20, fragments: 1024 };
//! let mut decoder = Decoder::new(Config { role: Role::Client, limits, deflate: None });
//! let mut inflater = Inflater::new();
//!
//! let mut received = *b"\x81\x05Hello";
//! let mut input = &mut received[..];
//! while let Some(incoming) = decoder.next(&mut input, &mut inflater)? {
//!     assert_eq!(incoming, Incoming::Text("Hello"));
//! }
//! # Ok::<(), hubbub_ws::Error>(())
//! ```
#![forbid(unsafe_code)]

mod close;
mod config;
mod decode;
mod deflate;
mod encode;
mod error;
mod frame;
mod handshake;
mod header_list;
mod inflate;
mod mask;
mod message;
mod negotiate;
mod utf8;

pub use close::{CloseCode, CloseFrame};
pub use config::{Config, Deflate, Limits, Role};
pub use decode::{Decoder, Incoming};
pub use deflate::Deflater;
pub use encode::{
    client, encode_close, encode_deflated, encode_frame, encode_message, encode_ping, encode_pong,
};
pub use error::Error;
pub use frame::{Kind, MAX_HEADER, Opcode, frame_header};
pub use handshake::{accept_key, client_key, select_subprotocol, subprotocols, valid_key};
pub use inflate::Inflater;
pub use mask::apply_mask;
pub use negotiate::{DeflatePolicy, accept_offer, extensions_are_well_formed, negotiate, offer};
