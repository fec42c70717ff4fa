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

#[cfg(test)]
mod tests {
    use super::*;

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
