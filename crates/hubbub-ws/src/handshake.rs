//! The pure parts of the opening handshake: keys and subprotocols (RFC 6455 §4).

use crate::header_list::{is_token, trim};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, Engine};
use sha1::{Digest, Sha1};

/// RFC 6455 §1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Some clients make up 22 random characters instead of encoding 16 bytes, which leaves bits over.
const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 §4.2.2).
pub fn accept_key(key: &str) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    BASE64_STANDARD.encode(digest)
}

/// The `Sec-WebSocket-Key` of a client, from 16 random bytes that it uses once (RFC 6455 §4.1).
pub fn client_key(nonce: [u8; 16]) -> String {
    BASE64_STANDARD.encode(nonce)
}

/// Whether a `Sec-WebSocket-Key` is 16 bytes of base64 (RFC 6455 §4.2.1).
pub fn valid_key(key: &str) -> bool {
    // Room for one byte more than is right, so that longer keys do not look like it.
    let mut nonce = [0; 18];
    KEY_BASE64.decode_slice(key, &mut nonce) == Ok(16)
}

/// The subprotocols a client asks for, in its order of preference, from the values of its
/// `Sec-WebSocket-Protocol` headers. What is no token is passed over.
pub fn subprotocols<'a>(header_values: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    header_values.flat_map(|value| value.split(',')).map(trim).filter(|name| is_token(name))
}

/// The first of the client's subprotocols that is among the `known` ones; names are case-sensitive.
pub fn select_subprotocol<'a, 'k>(
    header_values: impl Iterator<Item = &'a str>,
    known: &[&'k str],
) -> Option<&'k str> {
    subprotocols(header_values).find_map(|asked| known.iter().copied().find(|&name| name == asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6455 §1.3.
    #[test]
    fn the_example_of_the_rfc() {
        assert_eq!(client_key(*b"the sample nonce"), "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn keys() {
        assert!(valid_key("dGhlIHNhbXBsZSBub25jZQ=="));
        assert!(valid_key("AAAAAAAAAAAAAAAAAAAAAB=="), "bits left over");
        for bad in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25j",
            "dGhlIHNhbXBsZSBub25jZWU=",
            "dGhlIHNhbXBsZ!Bub25jZQ==",
        ] {
            assert!(!valid_key(bad), "{bad}");
        }
        assert!(!valid_key(&"A".repeat(64)));
    }

    #[test]
    fn subprotocols_in_the_clients_order() {
        let known = ["hubbub.json", "v2"];
        assert_eq!(select_subprotocol(["v2, hubbub.json"].into_iter(), &known), Some("v2"));
        assert_eq!(
            select_subprotocol(["other", " hubbub.json ,v2"].into_iter(), &known),
            Some("hubbub.json")
        );
        assert_eq!(select_subprotocol(["V2", "a b", ""].into_iter(), &known), None);
        assert_eq!(select_subprotocol([].into_iter(), &known), None);
    }
}
