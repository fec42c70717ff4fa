//! Accounts as sessions ask about them: questions that leave, answers that come back. The hub itself knows no accounts.

use std::fmt;

/// The hash function of a verifier (SCRAM: RFC 5802, RFC 7677).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VerifierHash {
    /// SCRAM-SHA-1.
    Sha1,
    /// SCRAM-SHA-256.
    Sha256,
}

/// What the store keeps instead of an account's password (RFC 5802 §3).
#[derive(Clone, PartialEq, Eq)]
pub struct StoredVerifier {
    /// The salt.
    pub salt: Vec<u8>,
    /// Rounds of PBKDF2, at least 1.
    pub iterations: u32,
    /// `H(HMAC(SaltedPassword, "Client Key"))`.
    pub stored_key: Vec<u8>,
    /// `HMAC(SaltedPassword, "Server Key")`.
    pub server_key: Vec<u8>,
    /// The account's name as others see it.
    pub name: String,
}

/// Says nothing that would help somebody to guess the password.
impl fmt::Debug for StoredVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredVerifier({}, {} iterations)", self.name, self.iterations)
    }
}

/// What is asked of the store about accounts. A user is a prepared localpart.
#[derive(Clone, PartialEq, Eq)]
pub enum AccountAsk {
    /// Whether there is such an account. Answered by [`AccountAnswer::Exists`].
    Exists {
        /// Whose.
        user: String,
    },
    /// Make one. Answered by [`AccountAnswer::Done`], [`AccountAnswer::Conflict`] or [`AccountAnswer::Unacceptable`].
    Register {
        /// Whose.
        user: String,
        /// His name as others will see it.
        name: String,
        /// His password.
        password: String,
    },
    /// Give it another password. Answered by [`AccountAnswer::Done`], [`AccountAnswer::Unknown`] or
    /// [`AccountAnswer::Unacceptable`].
    ChangePassword {
        /// Whose.
        user: String,
        /// From now on.
        password: String,
    },
    /// Remove it, and with it his inbox and his papers. Sessions of his go on. Answered by [`AccountAnswer::Done`] or
    /// [`AccountAnswer::Unknown`].
    Remove {
        /// Whose.
        user: String,
    },
}

/// Shows no password.
impl fmt::Debug for AccountAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists { user } => write!(f, "Exists({user})"),
            Self::Register { user, .. } => write!(f, "Register({user})"),
            Self::ChangePassword { user, .. } => write!(f, "ChangePassword({user})"),
            Self::Remove { user } => write!(f, "Remove({user})"),
        }
    }
}

/// What the store answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountAnswer {
    /// There is one and others see it under this name; or there is none.
    Exists(Option<String>),
    /// It is on disk.
    Done,
    /// There is an account of this name already.
    Conflict,
    /// There is no such account.
    Unknown,
    /// The password cannot be one (empty, too long, or with what RFC 4013 prohibits), or the name cannot.
    Unacceptable,
    /// Nobody can say, or nothing could be kept: try again later.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let (user, name, password) = ("ann".to_owned(), "Ann".to_owned(), "opensesame".to_owned());
        let change = AccountAsk::ChangePassword { user: user.clone(), password: password.clone() };
        let register = AccountAsk::Register { user, name, password };
        assert_eq!(format!("{register:?} {change:?}"), "Register(ann) ChangePassword(ann)");
    }

    #[test]
    fn keys_are_not_shown() {
        let verifier = StoredVerifier {
            salt: vec![1, 234],
            iterations: 4096,
            stored_key: vec![234; 32],
            server_key: vec![234; 32],
            name: "Ann".to_owned(),
        };
        assert_eq!(format!("{verifier:?}"), "StoredVerifier(Ann, 4096 iterations)");
    }
}
