//! Time-limited credentials that an application mints and a server checks without asking anybody.
//!
//! The username is the moment of expiry in seconds since 1970, a colon, and a name; the password is the base64 of
//! HMAC-SHA1 over the username, with a secret both know. Every TURN server in use has it, under the name of
//! `draft-uberti-behave-turn-rest-00`.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

/// The secrets that are good at present. The first mints; the others are old ones whose credentials still run.
#[derive(Clone, Default)]
pub struct RestSecrets(Vec<Zeroizing<Vec<u8>>>);

impl RestSecrets {
    /// From the newest to the oldest. None at all: no such credentials are accepted.
    pub fn new(secrets: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(secrets.into_iter().map(Zeroizing::new).collect())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Credentials for `user`, good until `expires_s` seconds after 1970. `None` without a secret.
    pub fn mint(&self, user: &str, expires_s: u64) -> Option<Minted> {
        let username = if user.is_empty() { expires_s.to_string() } else { format!("{expires_s}:{user}") };
        let password = password(self.0.first()?, &username);
        Some(Minted { username, password })
    }

    /// What the password of `username` is with each of the secrets.
    pub(crate) fn passwords(&self, username: &str) -> impl Iterator<Item = String> {
        self.0.iter().map(move |secret| password(secret, username))
    }
}

impl std::fmt::Debug for RestSecrets {
    /// Says how many there are.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RestSecrets").field(&self.0.len()).finish()
    }
}

/// What a client puts into `RTCIceServer.username` and `.credential`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// The username.
    pub username: String,
    /// The password.
    pub password: String,
}

fn password(secret: &[u8], username: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    BASE64_STANDARD.encode(hmac::sign(&key, username.as_bytes()))
}

/// What such a username says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RestName<'a> {
    /// Seconds after 1970.
    pub(crate) expires_s: u64,
    /// For whom it was minted; the whole username if it does not say.
    pub(crate) user: &'a str,
}

impl<'a> RestName<'a> {
    /// `None` if the username is an ordinary one.
    pub(crate) fn parse(username: &'a str) -> Option<Self> {
        let (expiry, user) = match username.split_once(':') {
            Some((expiry, user)) if !user.is_empty() => (expiry, user),
            Some((expiry, _)) => (expiry, username),
            None => (username, username),
        };
        let digits = expiry.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self { expires_s: expiry.parse().ok().filter(|_| digits)?, user })
    }
}
