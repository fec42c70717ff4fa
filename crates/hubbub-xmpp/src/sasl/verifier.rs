//! What the server keeps to check a SCRAM proof, and what it uses where it keeps nothing.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::hmac;
use zeroize::Zeroize;

use super::Hash;
use crate::jid::Jid;

/// Length of a made-up salt, in bytes: that of a real one.
const SALT_BYTES: usize = 16;

/// Rounds of PBKDF2 that unknown people are told unless [`Decoy::new`] says otherwise: those of a new account.
pub const DEFAULT_ITERATIONS: u32 = 10_000;

/// What proves one password by one hash (RFC 5802 §3). Forgotten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    /// The salt, not empty.
    pub salt: Vec<u8>,
    /// Rounds of PBKDF2, at least 1.
    pub iterations: u32,
    /// `H(HMAC(SaltedPassword, "Client Key"))`.
    pub stored_key: Vec<u8>,
    /// `HMAC(SaltedPassword, "Server Key")`.
    pub server_key: Vec<u8>,
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.stored_key.zeroize();
        self.server_key.zeroize();
    }
}

/// Shows nothing that would help somebody to guess the password.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({} iterations)", self.iterations)
    }
}

impl Verifier {
    /// Whether it can be one of this hash.
    pub(super) fn is_of(&self, hash: Hash) -> bool {
        let keys = self.stored_key.len() == hash.bytes() && self.server_key.len() == hash.bytes();
        keys && !self.salt.is_empty() && self.iterations > 0
    }
}

/// Verifiers of people who do not exist. Somebody who asks for a salt must not learn whether there is such an account:
/// an unknown name has a salt too, always the same, and nobody's password fits (RFC 5802 §9 leaves the way open).
pub struct Decoy {
    key: hmac::Key,
    iterations: u32,
}

impl fmt::Debug for Decoy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoy({} iterations)", self.iterations)
    }
}

impl Decoy {
    /// Made-up salts from `secret`: the same as long as it is. `iterations` are those of new accounts; 0 counts as 1.
    #[must_use]
    pub fn new(secret: &[u8; 32], iterations: u32) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secret), iterations: iterations.max(1) }
    }

    /// The one that serves where none was given: its secret is random and as old as the process.
    pub(super) fn of_process() -> Arc<Self> {
        static DECOY: OnceLock<Arc<Decoy>> = OnceLock::new();
        DECOY
            .get_or_init(|| {
                let mut secret = [0; 32];
                aws_lc_rs::rand::fill(&mut secret).expect("the operating system has random numbers");
                Arc::new(Self::new(&secret, DEFAULT_ITERATIONS))
            })
            .clone()
    }

    /// What stands for the verifier of this name. All spellings of a name have the same salt, as with real ones.
    pub(super) fn verifier(&self, user: &str, domain: &str, hash: Hash) -> Verifier {
        let address = Jid::from_parts(Some(user), domain, None);
        let name = address.as_ref().ok().and_then(Jid::local).unwrap_or(user);
        Verifier {
            salt: self.bytes("salt", name, hash, SALT_BYTES),
            iterations: self.iterations,
            stored_key: self.bytes("stored key", name, hash, hash.bytes()),
            server_key: self.bytes("server key", name, hash, hash.bytes()),
        }
    }

    fn bytes(&self, purpose: &str, name: &str, hash: Hash, length: usize) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(format!("{purpose} of {hash:?} for ").as_bytes());
        context.update(name.as_bytes());
        context.sign().as_ref()[..length].to_vec()
    }
}
