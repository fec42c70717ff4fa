//! SCRAM-SHA-1 as a client (RFC 5802), which every server of the benchmark offers without TLS.

use std::num::NonZeroU32;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::{hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::failure::{Failure, Result};

/// Of every account.
pub(crate) const PASSWORD: &str = "bench";

/// What is derived from the password, the salt and the rounds.
struct Keys {
    salt: String,
    iterations: NonZeroU32,
    client: Vec<u8>,
    server: Vec<u8>,
}

/// The keys that were derived last. All accounts of a server have one salt, so that the load generator derives keys once;
/// servers never do (they keep what is derived).
#[derive(Default)]
pub(crate) struct Keyring {
    keys: Option<Keys>,
}

impl Keyring {
    fn keys(&mut self, salt: &str, iterations: NonZeroU32) -> Option<&Keys> {
        if !self.keys.as_ref().is_some_and(|keys| keys.salt == salt && keys.iterations == iterations) {
            let mut salted = [0; 20];
            let raw = STANDARD.decode(salt).ok()?;
            pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, iterations, &raw, PASSWORD.as_bytes(), &mut salted);
            let (client, server) = (mac(&salted, b"Client Key"), mac(&salted, b"Server Key"));
            self.keys = Some(Keys { salt: salt.to_owned(), iterations, client, server });
        }
        self.keys.as_ref()
    }
}

/// One exchange.
pub(crate) struct Scram {
    bare: String,
    signature: String,
}

impl Scram {
    /// For this account.
    pub(crate) fn new(user: &str) -> Self {
        Self {
            bare: format!("n={user},r={:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)),
            signature: String::new(),
        }
    }

    /// The first message, as it stands in XML.
    pub(crate) fn first(&self) -> String {
        STANDARD.encode(format!("n,,{}", self.bare))
    }

    /// The answer to the server's first message.
    pub(crate) fn last(&mut self, challenge: &[u8], keyring: &mut Keyring) -> Result<String> {
        let wrong = || Failure::Protocol(format!("SCRAM challenge: {}", String::from_utf8_lossy(challenge)));
        let said =
            STANDARD.decode(challenge).ok().and_then(|raw| String::from_utf8(raw).ok()).ok_or_else(wrong)?;
        let part = |name: &str| said.split(',').find_map(|part| part.strip_prefix(name));
        let (nonce, salt) = (part("r=").ok_or_else(wrong)?, part("s=").ok_or_else(wrong)?);
        let iterations = part("i=").and_then(|i| i.parse().ok()).ok_or_else(wrong)?;
        let keys = keyring.keys(salt, iterations).ok_or_else(wrong)?;
        let bound = format!("c=biws,r={nonce}");
        let text = format!("{},{said},{bound}", self.bare);
        let stored = digest(&SHA1_FOR_LEGACY_USE_ONLY, &keys.client);
        let signature = mac(stored.as_ref(), text.as_bytes());
        let proof: Vec<u8> = keys.client.iter().zip(signature).map(|(one, other)| one ^ other).collect();
        self.signature =
            STANDARD.encode(format!("v={}", STANDARD.encode(mac(&keys.server, text.as_bytes()))));
        Ok(STANDARD.encode(format!("{bound},p={}", STANDARD.encode(proof))))
    }

    /// Whether the server knows the keys as well.
    pub(crate) fn is_proven_by(&self, success: &[u8]) -> bool {
        !self.signature.is_empty() && success == self.signature.as_bytes()
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key), text).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_a_server_expects() {
        // Computed by an implementation of its own (Python's hashlib and hmac).
        let mut scram = Scram { bare: "n=u1,r=abc".to_owned(), signature: String::new() };
        let challenge = STANDARD.encode("r=abcdef,s=QSXCR+Q6sek8bf92,i=4096");
        let answer = scram.last(challenge.as_bytes(), &mut Keyring::default()).unwrap();
        let answer = String::from_utf8(STANDARD.decode(answer).unwrap()).unwrap();
        assert_eq!(answer, "c=biws,r=abcdef,p=FL67k+FXepN4gvwbvb2gaOHWQnc=");
        let proof = STANDARD.encode("v=JA389V1xtlqhcEhTI/hwmvHbdO4=");
        assert!(scram.is_proven_by(proof.as_bytes()));
        assert!(!scram.is_proven_by(b""));
    }

    #[test]
    fn refuses_what_is_no_challenge() {
        for wrong in ["", "cj1hYmM=", "%%%"] {
            let answer = Scram::new("u1").last(wrong.as_bytes(), &mut Keyring::default());
            assert!(answer.is_err(), "{wrong}");
        }
    }
}
