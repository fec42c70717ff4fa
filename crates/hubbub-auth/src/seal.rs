//! Notes that the server gives to a client and recognises when they come back: readable by anybody, made by nobody else.

use aws_lc_rs::hmac;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};

/// Half of SHA-256 is enough for a tag that is checked online (RFC 2104 §5).
const TAG_BYTES: usize = 16;

/// Makes and checks seals. The tag is compared in constant time.
pub(crate) struct Sealer(hmac::Key);

impl Sealer {
    /// A sealer whose key is derived from `secret`, so that what is sealed is no token and no token a seal.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = hmac::sign(&root, b"hubbub seal 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// `note` with a seal that holds for `purpose`, in base64url.
    pub(crate) fn seal(&self, purpose: &str, note: &[u8]) -> String {
        let tag = self.tag(purpose, note);
        BASE64_URL_SAFE_NO_PAD.encode([&tag[..TAG_BYTES], note].concat())
    }

    /// The note, if this sealer sealed it for `purpose`.
    pub(crate) fn unseal(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (tag, note) = bytes.split_at_checked(TAG_BYTES)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(tag, &self.tag(purpose, note)[..TAG_BYTES]).ok()?;
        Some(note.to_vec())
    }

    fn tag(&self, purpose: &str, note: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(purpose.as_bytes());
        context.update(&[0]);
        context.update(note);
        context.sign().as_ref().to_vec()
    }
}

/// Makes stable names for people that say nothing of who they are, each for one place.
pub struct Pseudonyms(hmac::Key);

impl Pseudonyms {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = hmac::sign(&root, b"hubbub pseudonyms 1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// What `who` is called at `place`: 43 characters of base64url, the same as long as the server keeps its secret.
    #[must_use]
    pub fn of(&self, place: &str, who: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(place.as_bytes());
        context.update(&[0]);
        context.update(who.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(context.sign())
    }
}

/// Says nothing of the key.
impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_comes_back() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("session", b"a note");
        assert_eq!(sealer.unseal("session", &sealed).unwrap(), b"a note");
    }

    #[test]
    fn a_pseudonym_is_of_one_person_in_one_place() {
        let names = Pseudonyms::new(&[7; 32]);
        let ann = names.of("verona", "ann");
        assert_eq!((ann.len(), &ann), (43, &Pseudonyms::new(&[7; 32]).of("verona", "ann")));
        for other in [
            names.of("verona", "bo"),
            names.of("mantua", "ann"),
            names.of("veron", "aann"),
            Pseudonyms::new(&[8; 32]).of("verona", "ann"),
        ] {
            assert_ne!(ann, other);
        }
    }

    #[test]
    fn nobody_else_makes_one() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("session", b"a note");
        assert_eq!(sealer.unseal("other", &sealed), None);
        assert_eq!(Sealer::new(&[8; 32]).unseal("session", &sealed), None);
        for wrong in ["", "AAAA", &sealed[1..], &format!("{sealed}AAAA"), "é"] {
            assert_eq!(sealer.unseal("session", wrong), None, "{wrong}");
        }
        for at in 0..sealed.len() - 1 {
            let mut other = sealed.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(sealer.unseal("session", std::str::from_utf8(&other).unwrap()), None);
        }
    }
}
