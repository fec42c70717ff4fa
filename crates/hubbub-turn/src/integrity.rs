//! Keys of long-term credentials, and the codes that they make (RFC 8489 sections 9.2.2, 14.5, 14.6 and 18.5.1).

use aws_lc_rs::{constant_time, digest, hmac};
use md5::{Digest as _, Md5};
use zeroize::Zeroize;

/// How a password becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// That of RFC 5389, and of all who say nothing.
    Md5,
    /// That of RFC 8489.
    Sha256,
}

impl Algorithm {
    /// By its number in PASSWORD-ALGORITHM (RFC 8489 section 18.5). Neither has parameters.
    pub(crate) fn from_wire(value: &[u8]) -> Option<Self> {
        match value {
            [0, 1, 0, 0] => Some(Self::Md5),
            [0, 2, 0, 0] => Some(Self::Sha256),
            _ => None,
        }
    }
}

/// The key of somebody's credentials: a hash of username, realm and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    algorithm: Algorithm,
    bytes: [u8; 32],
}

impl Key {
    /// From a password.
    pub fn derive(algorithm: Algorithm, username: &str, realm: &str, password: &str) -> Self {
        let parts = [username, ":", realm, ":", password];
        match algorithm {
            Algorithm::Md5 => {
                let mut hash = Md5::new();
                parts.iter().for_each(|part| hash.update(part));
                Self::from_md5(hash.finalize().into())
            }
            Algorithm::Sha256 => {
                let mut hash = digest::Context::new(&digest::SHA256);
                parts.iter().for_each(|part| hash.update(part.as_bytes()));
                Self::from_sha256(hash.finish().as_ref().try_into().expect("SHA-256 has 32 bytes"))
            }
        }
    }

    /// From a stored hash, the `H(A1)` of RFC 2617.
    pub fn from_md5(hash: [u8; 16]) -> Self {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&hash);
        Self { algorithm: Algorithm::Md5, bytes }
    }

    /// From a stored hash.
    pub fn from_sha256(bytes: [u8; 32]) -> Self {
        Self { algorithm: Algorithm::Sha256, bytes }
    }

    /// How it was made.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn bytes(&self) -> &[u8] {
        match self.algorithm {
            Algorithm::Md5 => &self.bytes[..16],
            Algorithm::Sha256 => &self.bytes,
        }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl std::fmt::Debug for Key {
    /// Says nothing of the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// What is known of a user who was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The name and the password.
    Password {
        /// As USERNAME says it, or would.
        username: String,
        /// In the clear.
        password: String,
    },
    /// The name and what is kept instead of a password. A client that uses an algorithm whose key is missing is refused.
    Keys {
        /// As USERNAME says it, or would.
        username: String,
        /// For [`Algorithm::Md5`].
        md5: Option<Key>,
        /// For [`Algorithm::Sha256`].
        sha256: Option<Key>,
    },
    /// There is no such user.
    Nobody,
    /// It cannot be found out at present.
    Unavailable,
}

/// Which code protects a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mac {
    /// MESSAGE-INTEGRITY.
    Sha1,
    /// MESSAGE-INTEGRITY-SHA256, never truncated: RFC 8656 does not allow it.
    Sha256,
}

impl Mac {
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn algorithm(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
        }
    }
}

/// The code over `parts`, one after the other.
pub(crate) fn tag(key: &Key, mac: Mac, parts: &[&[u8]]) -> hmac::Tag {
    let key = hmac::Key::new(mac.algorithm(), key.bytes());
    let mut context = hmac::Context::with_key(&key);
    parts.iter().for_each(|part| context.update(part));
    context.sign()
}

/// Whether `said` is the code over `parts`. Takes as long wherever they differ.
pub(crate) fn is_right(key: &Key, mac: Mac, parts: &[&[u8]], said: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(tag(key, mac, parts).as_ref(), said).is_ok()
}

/// USERHASH: what stands for a username (RFC 8489 section 14.4).
pub(crate) fn userhash(username: &str, realm: &str) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    [username, ":", realm].iter().for_each(|part| hash.update(part.as_bytes()));
    hash.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}
