//! Keys, and which of them a token is checked with.
//!
//! The key decides the algorithm, not the token (RFC 8725 §3.1): every key serves one algorithm, and a token's `alg`
//! only chooses among the keys that there are. So a public key is never used as a secret, and `none` chooses nothing.

use std::fmt;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use zeroize::Zeroizing;

use crate::claims::Claims;
use crate::denied::Denied;

/// Longest token, in bytes. It travels in headers and addresses, which servers and proxies bound at about this.
pub const MAX_TOKEN_BYTES: usize = 8192;

/// Shortest secret for HS256, in bytes (RFC 7518 §3.2).
const MIN_SECRET_BYTES: usize = 32;

/// The explicit type (RFC 8725 §3.11) of the tokens that the server itself issues to accounts.
const OWN_TYPE: &str = "hubbub-account+jwt";

/// Whose tokens are trusted, and what they must say.
#[derive(Clone, Default)]
pub struct TokenKeys {
    /// The secret shared with whoever signs with HS256; at least 32 bytes.
    pub hmac: Option<Vec<u8>>,
    /// The public key of whoever signs with EdDSA: Ed25519, in PEM (`-----BEGIN PUBLIC KEY-----`).
    pub ed25519_public_pem: Option<Vec<u8>>,
    /// What `iss` must be; without it any issuer that has the key will do.
    pub issuer: Option<String>,
    /// What `aud` must contain. Without it a token needs no `aud`, and one that has it must contain the domain.
    pub audience: Option<String>,
    /// By how many seconds clocks may differ.
    pub leeway_s: u64,
}

/// Tells which keys there are, not what they are.
impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeys")
            .field("hmac", &self.hmac.is_some())
            .field("ed25519_public_pem", &self.ed25519_public_pem.is_some())
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("leeway_s", &self.leeway_s)
            .finish()
    }
}

/// Why keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// RFC 7518 §3.2 wants as many bits as the hash has.
    #[error(
        "the secret for HS256 has {0} bytes and needs at least 32: make one with `openssl rand -base64 32`"
    )]
    ShortSecret(usize),
    /// Not a public Ed25519 key in PEM.
    #[error("the key for EdDSA is not an Ed25519 public key in PEM (-----BEGIN PUBLIC KEY-----)")]
    NotEd25519,
    /// Not a name that a host can have.
    #[error("{0:?} cannot be the name of a host")]
    Host(String),
}

/// Who signed a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    /// Somebody we trust.
    Other,
    /// This server, for an account.
    Own,
}

/// The keys, ready for use.
pub(crate) struct Keys {
    hmac: Option<DecodingKey>,
    ed25519: Option<DecodingKey>,
    own: Option<(DecodingKey, EncodingKey)>,
}

impl Keys {
    pub(crate) fn new(keys: &TokenKeys, own: Option<[u8; 32]>) -> Result<Self, KeyError> {
        if let Some(secret) = keys.hmac.as_ref().filter(|secret| secret.len() < MIN_SECRET_BYTES) {
            return Err(KeyError::ShortSecret(secret.len()));
        }
        let own = own.map(Zeroizing::new);
        Ok(Self {
            hmac: keys.hmac.as_deref().map(DecodingKey::from_secret),
            ed25519: keys.ed25519_public_pem.as_deref().map(ed25519).transpose()?,
            own: own.map(|key| (DecodingKey::from_secret(&*key), EncodingKey::from_secret(&*key))),
        })
    }

    /// Who signed `token`, by what it says of itself; nothing is proved yet.
    pub(crate) fn claimed_signer(token: &str) -> Result<(Signer, Header), Denied> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Denied::LongToken);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Denied::NotAToken)?;
        if header.crit.is_some() {
            return Err(Denied::Critical);
        }
        let own = header.typ.as_deref() == Some(OWN_TYPE);
        Ok((if own { Signer::Own } else { Signer::Other }, header))
    }

    /// Proves the signature, and only then reads the claims. They are not judged here.
    pub(crate) fn open(&self, token: &str, signer: Signer, header: &Header) -> Result<Claims, Denied> {
        let (key, algorithm) = match (signer, header.alg) {
            (Signer::Own, Algorithm::HS256) => (self.own.as_ref().map(|(key, _)| key), Algorithm::HS256),
            (Signer::Other, Algorithm::HS256) => (self.hmac.as_ref(), Algorithm::HS256),
            (Signer::Other, Algorithm::EdDSA) => (self.ed25519.as_ref(), Algorithm::EdDSA),
            _ => (None, header.alg),
        };
        let key = key.ok_or(Denied::Algorithm)?;
        match jsonwebtoken::decode::<Claims>(token, key, &signature_only(algorithm)) {
            Ok(opened) => Ok(opened.claims),
            Err(error) => Err(denied(error.kind())),
        }
    }

    /// Signs claims with the server's own key, if it has one.
    pub(crate) fn sign(&self, claims: &Claims) -> Option<String> {
        let (_, key) = self.own.as_ref()?;
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(OWN_TYPE.to_owned());
        jsonwebtoken::encode(&header, claims, key).ok()
    }
}

fn ed25519(pem: &[u8]) -> Result<DecodingKey, KeyError> {
    let key = DecodingKey::from_ed_pem(pem).map_err(|_| KeyError::NotEd25519)?;
    // RFC 8032 §5.1.5: 32 bytes.
    let fits = key.try_get_as_bytes().is_ok_and(|bytes| bytes.len() == 32);
    fits.then_some(key).ok_or(KeyError::NotEd25519)
}

/// The library is asked about the signature alone: it would read the clock itself, and takes `exp` only whole.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn denied(error: &ErrorKind) -> Denied {
    match error {
        ErrorKind::InvalidSignature => Denied::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::MissingAlgorithm => Denied::Algorithm,
        // The signature was right by then: these are the signer's own words, and short.
        ErrorKind::Json(cause) => Denied::Claims(cause.to_string().chars().take(200).collect()),
        _ => Denied::NotAToken,
    }
}
