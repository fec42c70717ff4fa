//! The machine of a client's stream, the server's side of it: headers, TLS, SASL, the bound resource, stanzas, stream
//! management and how it ends (RFC 6120, RFC 7395, XEP-0198).
//!
//! One [`Stream`] is one stream over TCP or WebSocket. It does no I/O and reads no clock: its methods say what happened and
//! when, and append to a list of [`Out`] what is to be done about it.

mod alive;
mod bind;
mod end;
mod error;
mod features;
mod header;
mod held;
mod login;
mod machine;
mod manage;
mod out;
mod pieces;
mod random;
mod send;
mod session;
mod settings;
mod sm;

pub use error::{Reason, StreamError};
pub use login::NS_REGISTER;
pub use machine::Stream;
pub use out::{Csi, Out};
pub use pieces::Pieces;
pub use random::token;
pub use settings::{Kind, Settings};
pub use sm::{Claim, SmState, standing_alone};
