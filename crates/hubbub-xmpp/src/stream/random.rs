//! What nobody may guess: ids of streams and sessions, nonces. From the generator of the operating system.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 144 random bits in 24 characters that need no escape in XML, and no comma, which ends a nonce (RFC 5802 §7).
pub fn token() -> String {
    let mut bytes = [0; 18];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system has a generator");
    URL_SAFE_NO_PAD.encode(bytes)
}
