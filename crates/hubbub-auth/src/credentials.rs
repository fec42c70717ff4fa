//! What a request brings to say who is asking, and what is made of it.

use std::fmt;
use std::sync::Arc;

use hubbub_hub::Identity;

use crate::denied::Denied;

/// What a request brings.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Nothing but perhaps a name to be called by.
    Nobody {
        /// `?name=`.
        name: Option<String>,
    },
    /// A token (RFC 6750).
    Bearer(String),
    /// An account's name and password (RFC 7617).
    Password {
        /// As typed: `alice` or `alice@example.org`.
        user: String,
        /// As typed.
        password: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody { name } => f.debug_struct("Nobody").field("name", name).finish(),
            Self::Bearer(_) => f.write_str("Bearer(…)"),
            Self::Password { user, .. } => {
                f.debug_struct("Password").field("user", user).finish_non_exhaustive()
            }
        }
    }
}

/// What the doorman says.
#[derive(Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Come in.
    In(Arc<Identity>),
    /// Ask the store; if it knows the account, [`crate::Doorman::account_in`], else [`Denied::WrongPassword`].
    CheckPassword {
        /// The localpart, prepared.
        user: String,
        /// As typed: preparing it is the store's business.
        password: String,
    },
    /// Stay out.
    Out(Denied),
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(identity) => f.debug_tuple("In").field(identity).finish(),
            Self::CheckPassword { user, .. } => {
                f.debug_struct("CheckPassword").field("user", user).finish_non_exhaustive()
            }
            Self::Out(denied) => f.debug_tuple("Out").field(denied).finish(),
        }
    }
}
