//! Tokens made by hand, so that anything can be wrong with them, and a doorman to show them to.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "helpers that not every test needs")]

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hubbub_auth::{Admit, Credentials, Denied, Doorman, TokenKeys, Verdict};
use hubbub_hub::Identity;

pub const SECRET: &[u8] = b"a secret of at least thirty-two bytes";
pub const OWN: [u8; 32] = [7; 32];
pub const NOW_S: u64 = 1_763_800_000;
pub const EVERYBODY: Admit = Admit { guests: true, accounts: true, tokens: true };

pub fn ed25519() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap()
}

/// RFC 8410 §4: twelve fixed bytes, then the key.
pub fn pem(public: &[u8]) -> Vec<u8> {
    let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    der.extend_from_slice(public);
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der)).into_bytes()
}

pub fn keys() -> TokenKeys {
    let ed25519_public_pem = Some(pem(ed25519().public_key().as_ref()));
    TokenKeys { hmac: Some(SECRET.to_vec()), ed25519_public_pem, ..TokenKeys::default() }
}

pub fn doorman_with(keys: &TokenKeys) -> Doorman {
    Doorman::new("example.org", None, EVERYBODY, keys, Some(OWN)).unwrap()
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn hs256_as(header: &str, claims: &str, secret: &[u8]) -> String {
    let message = format!("{}.{}", b64(header), b64(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", b64(tag))
}

pub fn hs256(claims: &str) -> String {
    hs256_as(r#"{"alg":"HS256","typ":"JWT"}"#, claims, SECRET)
}

pub fn eddsa(claims: &str) -> String {
    let message = format!("{}.{}", b64(r#"{"alg":"EdDSA"}"#), b64(claims));
    let signature = ed25519().sign(message.as_bytes());
    format!("{message}.{}", b64(signature))
}

pub fn admit_at(doorman: &Doorman, token: &str, unix_ms: u64) -> Result<Identity, Denied> {
    let mut rng = fastrand::Rng::with_seed(1);
    match doorman.admit(Credentials::Bearer(token.to_owned()), unix_ms, &mut rng) {
        Verdict::In(identity) => Ok((*identity).clone()),
        Verdict::Out(denied) => Err(denied),
        Verdict::CheckPassword { .. } => panic!("a token is no password"),
    }
}

pub fn admit(token: &str) -> Result<Identity, Denied> {
    admit_at(&doorman_with(&keys()), token, NOW_S * 1000)
}

/// `{"sub":"ann","exp":…` in an hour, and what comes after it.
pub fn ann(more: &str) -> String {
    format!(r#"{{"sub":"ann","exp":{}{more}}}"#, NOW_S + 3600)
}
