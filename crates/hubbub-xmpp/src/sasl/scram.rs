//! SCRAM, the server's side (RFC 5802, RFC 7677): two messages of the client, two of the server.
//!
//! ```text
//! C: n,,n=user,r=NONCE1                       gs2-header client-first-message-bare
//! S: r=NONCE1NONCE2,s=SALT,i=4096             server-first-message
//! C: c=biws,r=NONCE1NONCE2,p=PROOF            client-final-message
//! S: v=SIGNATURE                              server-final-message
//! ```

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::gs2::{self, Flag, Header};
use super::identity::{check_authzid, user_name};
use super::{Binding, Failure, Hash, Mechanism, Verifier};

/// Longest nonce of a client, in bytes. Clients send 16 to 48.
const MAX_NONCE_BYTES: usize = 256;

/// The client's first message, read and judged.
pub(super) struct Opening {
    hash: Hash,
    /// `client-first-message-bare`, as it was sent.
    bare: String,
    nonce: String,
    /// What `c` must be in the client's last message: the header, then the channel binding data.
    binding: String,
    /// The user name, prepared.
    pub(super) user: String,
}

impl Opening {
    /// Reads `gs2-header client-first-message-bare`. `offered` is what the stream was offered, `tls` its link.
    pub(super) fn read(
        message: &[u8],
        (mechanism, hash): (Mechanism, Hash),
        domain: &str,
        offered: &[Mechanism],
        tls: Option<&Binding>,
    ) -> Result<Self, Failure> {
        let message = text(message)?;
        let (header, bare) = gs2::read(message)?;
        let binding = binding(&header, mechanism, offered, tls)?;
        let attributes = attributes(bare)?;
        let [('n', sent), ('r', nonce), ..] = attributes[..] else {
            return Err(Failure::MalformedRequest);
        };
        if !is_nonce(nonce) || nonce.len() > MAX_NONCE_BYTES {
            return Err(Failure::MalformedRequest);
        }
        let user = user_name(&gs2::name(sent)?)?;
        check_authzid(header.authzid.as_deref(), &user, domain)?;
        Ok(Self { hash, bare: bare.to_owned(), nonce: nonce.to_owned(), binding, user })
    }

    pub(super) fn hash(&self) -> Hash {
        self.hash
    }

    /// Goes on with what is known of the user. `exists` is whether it is true: if not, no proof will do.
    pub(super) fn challenge(self, verifier: Verifier, exists: bool, server_nonce: &str) -> Exchange {
        let nonce = format!("{}{server_nonce}", self.nonce);
        let salt = STANDARD.encode(&verifier.salt);
        let challenge = format!("r={nonce},s={salt},i={}", verifier.iterations);
        Exchange { opening: self, verifier, exists: u8::from(exists).into(), nonce, challenge }
    }
}

/// An exchange whose proof is due.
pub(super) struct Exchange {
    opening: Opening,
    verifier: Verifier,
    exists: Choice,
    nonce: String,
    /// `server-first-message`.
    pub(super) challenge: String,
}

impl Exchange {
    /// Reads `client-final-message`; the user name and `server-final-message`, if the proof is good.
    pub(super) fn finish(self, message: &[u8]) -> Result<(String, String), Failure> {
        let message = text(message)?;
        let (unproved, proof) = message.rsplit_once(",p=").ok_or(Failure::MalformedRequest)?;
        let attributes = attributes(unproved)?;
        let [('c', binding), ('r', nonce), ref rest @ ..] = attributes[..] else {
            return Err(Failure::MalformedRequest);
        };
        if rest.iter().any(|(name, _)| *name == 'p') {
            return Err(Failure::MalformedRequest);
        }
        let proof = Zeroizing::new(STANDARD.decode(proof).map_err(|_| Failure::MalformedRequest)?);
        if !bool::from(binding.as_bytes().ct_eq(self.opening.binding.as_bytes())) {
            return Err(Failure::WrongBinding);
        }
        let same_nonce = nonce.as_bytes().ct_eq(self.nonce.as_bytes());
        let signed = format!("{},{},{unproved}", self.opening.bare, self.challenge);
        if bool::from(same_nonce & self.is_proved(&proof, signed.as_bytes()) & self.exists) {
            let signature = self.opening.hash.hmac(&self.verifier.server_key, signed.as_bytes());
            Ok((self.opening.user, format!("v={}", STANDARD.encode(signature))))
        } else {
            Err(Failure::NotAuthorized)
        }
    }

    /// Whether who made the proof knows `ClientKey` (RFC 5802 §3), in a time that does not tell how nearly.
    fn is_proved(&self, proof: &[u8], signed: &[u8]) -> Choice {
        let hash = self.opening.hash;
        let signature = hash.hmac(&self.verifier.stored_key, signed);
        let key: Zeroizing<Vec<u8>> =
            Zeroizing::new(proof.iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect());
        let stored = digest::digest(hash.digest(), &key);
        stored.as_ref().ct_eq(&self.verifier.stored_key) & proof.len().ct_eq(&hash.bytes())
    }
}

/// What `c` must be (RFC 5802 §6): the rules of who may, and who must, bind.
fn binding(
    header: &Header<'_>,
    mechanism: Mechanism,
    offered: &[Mechanism],
    tls: Option<&Binding>,
) -> Result<String, Failure> {
    let mut bytes = header.text.as_bytes().to_vec();
    match header.flag {
        Flag::Bound(name) if mechanism.is_plus() => {
            let data = tls.and_then(|tls| tls.data(name)).ok_or(Failure::UnsupportedBinding)?;
            bytes.extend_from_slice(data);
        }
        Flag::Bound(_) => return Err(Failure::UnsupportedBinding),
        _ if mechanism.is_plus() => return Err(Failure::MalformedRequest),
        Flag::ServerCannot if offered.iter().any(|offered| offered.is_plus()) => {
            return Err(Failure::Downgraded);
        }
        Flag::ServerCannot | Flag::No => {}
    }
    Ok(STANDARD.encode(bytes))
}

fn text(message: &[u8]) -> Result<&str, Failure> {
    let text = std::str::from_utf8(message).map_err(|_| Failure::MalformedRequest)?;
    if text.contains('\0') { Err(Failure::MalformedRequest) } else { Ok(text) }
}

/// The attributes of a message, in their order: a letter, `=`, and a value that is not empty. Unknown ones are let pass
/// (RFC 5802 §5.1, extensions); `m` would have to be understood, and one that comes twice would mean two things.
fn attributes(message: &str) -> Result<Vec<(char, &str)>, Failure> {
    let mut attributes: Vec<(char, &str)> = Vec::new();
    for attribute in message.split(',') {
        let (name, value) = attribute.split_once('=').ok_or(Failure::MalformedRequest)?;
        let mut letters = name.chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else {
            return Err(Failure::MalformedRequest);
        };
        if letter == 'm' {
            return Err(Failure::UnsupportedExtension);
        }
        let repeated = attributes.iter().any(|(seen, _)| *seen == letter);
        if !letter.is_ascii_alphabetic() || value.is_empty() || repeated {
            return Err(Failure::MalformedRequest);
        }
        attributes.push((letter, value));
    }
    Ok(attributes)
}

/// `printable` of RFC 5802 §7: visible ASCII without the comma, and not empty.
pub(super) fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}
