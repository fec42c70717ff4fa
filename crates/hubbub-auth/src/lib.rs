//! Who may come in, and as whom.
//!
//! A gate hands the [`Credentials`] of a request to the [`Doorman`] and gets a [`Verdict`]: an identity, a refusal
//! with its reason, or a password to have checked. Nothing here does I/O, reads a clock or draws from the system's
//! randomness.

mod claims;
mod credentials;
mod denied;
mod doorman;
mod guest;
mod keys;
mod revoked;
mod seal;

pub use credentials::{Credentials, Verdict};
pub use denied::Denied;
pub use doorman::{Admit, Doorman};
pub use keys::{KeyError, MAX_TOKEN_BYTES, TokenKeys};
pub use revoked::Revoked;
pub use seal::Pseudonyms;

/// Most characters of a name that others see.
pub const MAX_NAME_CHARS: usize = 64;
