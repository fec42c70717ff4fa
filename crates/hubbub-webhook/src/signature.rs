//! Signatures: the application can tell that a request is from its server, and of now.
//!
//! `Hubbub-Signature: t=UNIX,v1=HEX`, where HEX is HMAC-SHA256 (RFC 2104, FIPS 180-4) under the shared secret of the time in
//! decimal, a full stop and the body. Who takes only times of the last minutes takes no request that somebody recorded.

use std::fmt::Write;

use aws_lc_rs::hmac;

/// The header that carries the signature.
pub const HEADER: &str = "hubbub-signature";

/// A secret, ready to sign with.
pub struct Signer(hmac::Key);

impl Signer {
    /// Signs with `secret`.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The header's value for `body`, sent at `unix_s` (seconds since 1970).
    #[must_use]
    pub fn sign(&self, unix_s: u64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{unix_s}.").as_bytes());
        context.update(body);
        let mut value = format!("t={unix_s},v1=");
        for byte in context.sign().as_ref() {
            // Writing to a String does not fail.
            let _ = write!(value, "{byte:02x}");
        }
        value
    }
}

/// Says nothing of the secret.
impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out by `printf '1763800000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef`.
    #[test]
    fn as_openssl_signs() {
        let signer = Signer::new(b"0123456789abcdef0123456789abcdef");
        let wanted = "t=1763800000,v1=5cf3c2deffcd20294760f650e1fc74a36362db6971f626d53e227a9a210a4ea4";
        assert_eq!(signer.sign(1_763_800_000, b"{}"), wanted);
    }

    #[test]
    fn nothing_prints_the_secret() {
        assert!(!format!("{:?}", Signer::new(b"hush")).contains("hush"));
    }
}
