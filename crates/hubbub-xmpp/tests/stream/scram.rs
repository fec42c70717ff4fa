//! A client of SCRAM (RFC 5802, RFC 7677), written from the RFC: it knows nothing of the server's code.

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hubbub_xmpp::sasl::Verifier;
use std::num::NonZeroU32;

/// The hash of a mechanism.
#[derive(Clone, Copy)]
pub(crate) enum Sha {
    One,
    Two,
}

impl Sha {
    fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::One => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Two => hmac::HMAC_SHA256,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
    }

    fn hash(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::One => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Two => &digest::SHA256,
        };
        digest::digest(algorithm, message).as_ref().to_vec()
    }

    fn salted(self, password: &str, salt: &[u8], iterations: u32) -> Vec<u8> {
        let (algorithm, length) = match self {
            Self::One => (pbkdf2::PBKDF2_HMAC_SHA1, 20),
            Self::Two => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
        };
        let mut salted = vec![0; length];
        let iterations = NonZeroU32::new(iterations).unwrap();
        pbkdf2::derive(algorithm, iterations, salt, password.as_bytes(), &mut salted);
        salted
    }

    /// What a server keeps of a password.
    pub(crate) fn verifier(self, password: &str) -> Verifier {
        let (salt, iterations) = (b"salt of the earth".to_vec(), 4096);
        let salted = self.salted(password, &salt, iterations);
        let stored_key = self.hash(&self.hmac(&salted, b"Client Key"));
        let server_key = self.hmac(&salted, b"Server Key");
        Verifier { salt, iterations, stored_key, server_key }
    }
}

/// One login.
pub(crate) struct Client {
    sha: Sha,
    gs2: &'static str,
    binding: Vec<u8>,
    bare: String,
    auth: String,
    server_signature: Vec<u8>,
}

impl Client {
    /// `gs2` is the header, `n,,` without channel binding, and `binding` the data that goes with it.
    pub(crate) fn new(sha: Sha, gs2: &'static str, binding: &[u8], user: &str) -> Self {
        let bare = format!("n={user},r=fyko+d2lbbFgONRv9qkxdawL");
        let binding = binding.to_vec();
        Self { sha, gs2, binding, bare, auth: String::new(), server_signature: Vec::new() }
    }

    /// The first message, in Base64.
    pub(crate) fn first(&self) -> String {
        STANDARD.encode(format!("{}{}", self.gs2, self.bare))
    }

    /// The proof, in Base64, for the server's challenge, in Base64.
    pub(crate) fn proof(&mut self, challenge: &str, password: &str) -> String {
        let challenge = String::from_utf8(STANDARD.decode(challenge).unwrap()).unwrap();
        let field = |name| challenge.split(',').find_map(|field| field.strip_prefix(name)).unwrap();
        let (nonce, salt) = (field("r="), STANDARD.decode(field("s=")).unwrap());
        assert!(nonce.starts_with("fyko+d2lbbFgONRv9qkxdawL") && nonce.len() > 40, "{nonce}");
        let salted = self.sha.salted(password, &salt, field("i=").parse().unwrap());
        let bound = STANDARD.encode([self.gs2.as_bytes(), &self.binding].concat());
        let last = format!("c={bound},r={nonce}");
        self.auth = format!("{},{challenge},{last}", self.bare);
        let client_key = self.sha.hmac(&salted, b"Client Key");
        let signature = self.sha.hmac(&self.sha.hash(&client_key), self.auth.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(key, sign)| key ^ sign).collect();
        self.server_signature = self.sha.hmac(&self.sha.hmac(&salted, b"Server Key"), self.auth.as_bytes());
        STANDARD.encode(format!("{last},p={}", STANDARD.encode(proof)))
    }

    /// Whether the server has proved that it knows the password too.
    pub(crate) fn trusts(&self, success: &str) -> bool {
        STANDARD.decode(success).unwrap()
            == format!("v={}", STANDARD.encode(&self.server_signature)).as_bytes()
    }
}
