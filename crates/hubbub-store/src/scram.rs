//! What is kept instead of passwords: the verifiers of SCRAM (RFC 5802 §3, for SHA-256 RFC 7677).
//!
//! They serve both a password that arrives in clear over TLS and, unchanged, the SCRAM mechanisms of XMPP.

use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Longest password, in bytes: enough for any passphrase, and an end to what one attempt can cost.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// Rounds of PBKDF2 for a new verifier unless the operator says otherwise. RFC 7677 §4 wants 4096 at least.
pub const DEFAULT_ITERATIONS: u32 = 10_000;

/// Length of a salt, in bytes.
const SALT_BYTES: usize = 16;

/// A mechanism that a verifier is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 5802.
    ScramSha1,
    /// RFC 7677.
    ScramSha256,
}

impl Mechanism {
    /// Both, the better one first.
    pub const ALL: [Self; 2] = [Self::ScramSha256, Self::ScramSha1];

    /// Its registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha256 => "SCRAM-SHA-256",
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::ScramSha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::ScramSha256 => &digest::SHA256,
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::ScramSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::ScramSha256 => hmac::HMAC_SHA256,
        }
    }

    fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::ScramSha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::ScramSha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        }
    }

    /// `Hi(password, salt, i)` of RFC 5802 §2.2, which is PBKDF2.
    fn salted_password(self, password: &str, salt: &[u8], iterations: NonZeroU32) -> Zeroizing<Vec<u8>> {
        let mut salted = Zeroizing::new(vec![0; self.digest().output_len()]);
        pbkdf2::derive(self.pbkdf2(), iterations, salt, password.as_bytes(), &mut salted);
        salted
    }
}

/// What proves one password by one mechanism (RFC 5802 §3).
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    /// For which.
    pub mechanism: Mechanism,
    /// The salt.
    pub salt: Vec<u8>,
    /// Rounds of PBKDF2.
    pub iterations: NonZeroU32,
    /// `H(HMAC(SaltedPassword, "Client Key"))`.
    pub stored_key: Vec<u8>,
    /// `HMAC(SaltedPassword, "Server Key")`.
    pub server_key: Vec<u8>,
}

/// Says nothing that would help somebody to guess the password.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({}, {} iterations)", self.mechanism.name(), self.iterations)
    }
}

impl Verifier {
    /// A verifier of a prepared password, with a fresh salt.
    pub(crate) fn new(mechanism: Mechanism, password: &Password, iterations: NonZeroU32) -> Self {
        let mut salt = vec![0; SALT_BYTES];
        aws_lc_rs::rand::fill(&mut salt).expect("the operating system has random numbers");
        Self::with_salt(mechanism, &password.0, salt, iterations)
    }

    /// The verifier that nobody's password fits, for names that nobody has: checking it costs as much as any other.
    pub(crate) fn nobody(iterations: NonZeroU32) -> Self {
        let mechanism = Mechanism::ScramSha256;
        let nothing = vec![0; mechanism.digest().output_len()];
        let salt = vec![0; SALT_BYTES];
        Self { mechanism, salt, iterations, stored_key: nothing.clone(), server_key: nothing }
    }

    fn with_salt(mechanism: Mechanism, password: &str, salt: Vec<u8>, iterations: NonZeroU32) -> Self {
        let salted = mechanism.salted_password(password, &salt, iterations);
        let salted = hmac::Key::new(mechanism.hmac(), &salted);
        let client_key = hmac::sign(&salted, b"Client Key");
        let stored_key = digest::digest(mechanism.digest(), client_key.as_ref()).as_ref().to_vec();
        let server_key = hmac::sign(&salted, b"Server Key").as_ref().to_vec();
        Self { mechanism, salt, iterations, stored_key, server_key }
    }

    /// Whether this is the password, in a time that does not tell how nearly it is.
    #[must_use]
    pub(crate) fn fits(&self, password: &Password) -> bool {
        let tried = Self::with_salt(self.mechanism, &password.0, self.salt.clone(), self.iterations);
        tried.stored_key.ct_eq(&self.stored_key).into()
    }
}

/// A password prepared by SASLprep (RFC 4013, as RFC 5802 §2.2 wants it), forgotten when dropped.
pub(crate) struct Password(Zeroizing<String>);

impl Password {
    /// Prepares what was typed; `None` if it is empty, too long or has prohibited characters.
    pub(crate) fn prepare(typed: &str) -> Option<Self> {
        if typed.len() > MAX_PASSWORD_BYTES {
            return None;
        }
        let prepared = Zeroizing::new(stringprep::saslprep(typed).ok()?.into_owned());
        (!prepared.is_empty()).then_some(Self(prepared))
    }

    /// Stands for a password that cannot be one while time is spent on it.
    pub(crate) fn placeholder() -> Self {
        Self(Zeroizing::new(String::from("-")))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// Runs the client's and the server's last step of RFC 5802 §3 on a verifier: is the proof good, and what does the
    /// server sign?
    fn exchange(verifier: &Verifier, auth_message: &str, proof: &str) -> (bool, String) {
        let algorithm = verifier.mechanism.hmac();
        let signature = hmac::sign(&hmac::Key::new(algorithm, &verifier.stored_key), auth_message.as_bytes());
        let proof = STANDARD.decode(proof).unwrap();
        let client_key: Vec<u8> = proof.iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
        let good = digest::digest(verifier.mechanism.digest(), &client_key).as_ref() == verifier.stored_key;
        let server = hmac::sign(&hmac::Key::new(algorithm, &verifier.server_key), auth_message.as_bytes());
        (good, STANDARD.encode(server))
    }

    fn pencil(mechanism: Mechanism, salt: &str) -> Verifier {
        Verifier::with_salt(
            mechanism,
            "pencil",
            STANDARD.decode(salt).unwrap(),
            NonZeroU32::new(4096).unwrap(),
        )
    }

    #[test]
    fn the_exchange_of_rfc_5802_section_5() {
        let auth_message = "n=user,r=fyko+d2lbbFgONRv9qkxdawL,\
            r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,\
            c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j";
        let verifier = pencil(Mechanism::ScramSha1, "QSXCR+Q6sek8bf92");
        let (good, server) = exchange(&verifier, auth_message, "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
        assert!(good);
        assert_eq!(server, "rmF9pqV8S7suAoZWja4dJRkFsKQ=");
    }

    #[test]
    fn the_exchange_of_rfc_7677_section_3() {
        let auth_message = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let verifier = pencil(Mechanism::ScramSha256, "W22ZaJ0SNY7soEsUEjb6gQ==");
        let (good, server) =
            exchange(&verifier, auth_message, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        assert!(good);
        assert_eq!(server, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    }

    #[test]
    fn passwords_are_prepared_as_rfc_4013_section_3_shows() {
        let prepared = |typed| Password::prepare(typed).map(|password| password.0.to_string());
        assert_eq!(prepared("I\u{AD}X").as_deref(), Some("IX"));
        assert_eq!(prepared("USER").as_deref(), Some("USER"));
        assert_eq!(prepared("\u{AA}").as_deref(), Some("a"));
        assert_eq!(prepared("\u{2168}").as_deref(), Some("IX"));
        assert_eq!(prepared("\u{7}"), None);
        assert_eq!(prepared("\u{627}1"), None);
    }

    #[test]
    fn a_password_has_1_to_1024_bytes() {
        assert!(Password::prepare("").is_none());
        assert!(Password::prepare("\u{AD}").is_none());
        assert!(Password::prepare(&"x".repeat(1024)).is_some());
        assert!(Password::prepare(&"x".repeat(1025)).is_none());
    }

    #[test]
    fn only_the_password_fits_and_every_salt_is_new() {
        let rounds = NonZeroU32::new(10).unwrap();
        let secret = Password::prepare("opensesame").unwrap();
        for mechanism in Mechanism::ALL {
            let verifier = Verifier::new(mechanism, &secret, rounds);
            assert!(verifier.fits(&secret));
            assert!(!verifier.fits(&Password::prepare("opensesamf").unwrap()));
            assert_ne!(verifier.salt, Verifier::new(mechanism, &secret, rounds).salt);
            assert!(!format!("{verifier:?}").contains("key"));
        }
        assert!(!Verifier::nobody(rounds).fits(&secret));
    }
}
