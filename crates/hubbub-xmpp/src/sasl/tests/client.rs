//! A client of SCRAM, written from RFC 5802 §3 and §5, that can do things wrong on purpose.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::{Hash, Verifier};

pub(super) struct Client {
    hash: Hash,
    user: String,
    password: String,
    pub(super) nonce: String,
    pub(super) header: String,
    /// What this client takes for the channel binding data.
    pub(super) data: Vec<u8>,
    /// Further attributes of both messages.
    pub(super) extension: String,
    /// What this client puts behind the nonce in its last message, where nothing belongs.
    pub(super) wrong: &'static str,
}

impl Client {
    pub(super) fn new(hash: Hash, user: &str, password: &str) -> Self {
        Self {
            hash,
            user: user.to_owned(),
            password: password.to_owned(),
            nonce: "rOprNGfwEbeRWgbNEkqO".to_owned(),
            header: "n,,".to_owned(),
            data: Vec::new(),
            extension: String::new(),
            wrong: "",
        }
    }

    pub(super) fn header(mut self, header: &str, data: &[u8]) -> Self {
        (self.header, self.data) = (header.to_owned(), data.to_vec());
        self
    }

    fn bare(&self) -> String {
        format!("n={},r={}{}", self.user, self.nonce, self.extension)
    }

    pub(super) fn first(&self) -> String {
        format!("{}{}", self.header, self.bare())
    }

    /// The last message, and what the server should say to it.
    pub(super) fn last(&self, challenge: &str) -> (String, String) {
        let value = |name: &str| {
            let found = challenge.split(',').find_map(|attribute| attribute.strip_prefix(name));
            found.unwrap_or_else(|| panic!("{challenge} has no {name}"))
        };
        let nonce = value("r=");
        assert!(nonce.starts_with(&self.nonce) && nonce.len() > self.nonce.len());
        let bound = STANDARD.encode([self.header.as_bytes(), &self.data].concat());
        let unproved = format!("c={bound},r={nonce}{}{}", self.wrong, self.extension);
        let signed = format!("{},{challenge},{unproved}", self.bare());
        let salt = STANDARD.decode(value("s=")).unwrap();
        let salted = salted(self.hash, &self.password, &salt, value("i=").parse().unwrap());
        let key = sign(self.hash, &salted, b"Client Key");
        let stored = digest::digest(algorithms(self.hash).0, &key);
        let signature = sign(self.hash, stored.as_ref(), signed.as_bytes());
        let proof: Vec<u8> = key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        let server_key = sign(self.hash, &salted, b"Server Key");
        let answer = format!("v={}", STANDARD.encode(sign(self.hash, &server_key, signed.as_bytes())));
        (format!("{unproved},p={}", STANDARD.encode(proof)), answer)
    }
}

/// What the server keeps of a password.
pub(super) fn verifier(hash: Hash, password: &str, salt: &[u8], iterations: u32) -> Verifier {
    let salted = salted(hash, password, salt, iterations);
    let key = sign(hash, &salted, b"Client Key");
    Verifier {
        salt: salt.to_vec(),
        iterations,
        stored_key: digest::digest(algorithms(hash).0, &key).as_ref().to_vec(),
        server_key: sign(hash, &salted, b"Server Key"),
    }
}

fn algorithms(hash: Hash) -> (&'static digest::Algorithm, hmac::Algorithm, pbkdf2::Algorithm) {
    match hash {
        Hash::Sha1 => {
            (&digest::SHA1_FOR_LEGACY_USE_ONLY, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pbkdf2::PBKDF2_HMAC_SHA1)
        }
        Hash::Sha256 => (&digest::SHA256, hmac::HMAC_SHA256, pbkdf2::PBKDF2_HMAC_SHA256),
    }
}

fn salted(hash: Hash, password: &str, salt: &[u8], iterations: u32) -> Vec<u8> {
    let (digest, _, pbkdf2) = algorithms(hash);
    let mut salted = vec![0; digest.output_len()];
    pbkdf2::derive(pbkdf2, NonZeroU32::new(iterations).unwrap(), salt, password.as_bytes(), &mut salted);
    salted
}

fn sign(hash: Hash, key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithms(hash).1, key), message).as_ref().to_vec()
}
