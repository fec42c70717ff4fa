//! The test vectors of RFC 5769 and of RFC 8489 appendix B, the latter as erratum 6268 corrects it.

use std::net::SocketAddr;

use stun_types::attribute::AttributeType;
use stun_types::message::Message;

use crate::attribute::{
    MESSAGE_INTEGRITY, REALM, USERHASH, USERNAME, XOR_MAPPED_ADDRESS, read_xor_address, xor_address,
};
use crate::integrity::{Algorithm, Key, Mac, userhash};
use crate::message::{Incoming, Kind, is_code_right};
use crate::{Client, Transport};

/// RFC 5769 section 2.1.
const REQUEST: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74\
    002400046e0001ff80290008932ff9b151263b36000600096576746a3a6836765920202000080014\
    9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";
/// RFC 5769 section 2.2.
const RESPONSE_V4: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f722000200008\
    0001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
/// RFC 5769 section 2.3.
const RESPONSE_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f722000200014\
    0002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275\
    bfe3ed4180280004c8fb0b4c";
/// RFC 5769 section 2.4.
const LONG_TERM: &str = "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe3\
    82b900000015001c662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b\
    6578616d706c652e6f72670000080014f67024656dd64a3e02b8e0712e85c9a28ca89666";
/// RFC 8489 appendix B.1.
const SHA256: &str = "000100902112a44278ad3433c6ad72c029da412e001e00204a3cf38fef6992bda952c6780417da0f\
    24819415569e60b205c46e41407f1704001500296f624d61744a6f733241414143662f2f3439396b\
    39353464364f4c33346f4c394653547679363473410000000014000b6578616d706c652e6f726700\
    001d000400020000001c0020b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278c\
    c6518e65";

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn client() -> Client {
    let local = SocketAddr::from(([192, 0, 2, 1], 3478));
    Client { transport: Transport::Udp, local, remote: local, link: 0 }
}

/// The password of short-term credentials is the key. Zeros at the end of a key mean nothing to HMAC.
fn short_term(password: &str) -> Key {
    let mut key = [0; 32];
    key[..password.len()].copy_from_slice(password.as_bytes());
    Key::from_sha256(key)
}

#[test]
fn rfc_5769_2_1_request() {
    let packet = bytes(REQUEST);
    let message = Incoming::parse(client(), &packet).unwrap();
    assert_eq!(message.kind, Kind::Binding);
    assert_eq!(message.value(USERNAME).unwrap(), b"evtj:h6vY");
    assert!(message.is_protected(&short_term("VOkJxbRl1RmTxUk/WvJxBt"), Mac::Sha1));
    assert!(!message.is_protected(&short_term("VOkJxbRl1RmTxUk/WvJxBT"), Mac::Sha1));
    assert!(!message.is_protected(&short_term("VOkJxbRl1RmTxUk/WvJxBt"), Mac::Sha256));
}

#[test]
fn rfc_5769_2_2_and_2_3_responses() {
    let addresses = ["192.0.2.1:32853", "[2001:db8:1234:5678:11:2233:4455:6677]:32853"];
    for (hex, address) in [RESPONSE_V4, RESPONSE_V6].into_iter().zip(addresses) {
        let packet = bytes(hex);
        let message = Message::from_bytes(&packet).unwrap();
        let find = |attribute| message.raw_attribute_and_offset(AttributeType::new(attribute)).unwrap();
        let transaction = packet[8..20].try_into().unwrap();

        let address: SocketAddr = address.parse().unwrap();
        let (_, mapped) = find(XOR_MAPPED_ADDRESS);
        assert_eq!(read_xor_address(&mapped.value, transaction), Some(address));
        let (value, length) = xor_address(address, transaction);
        assert_eq!(value[..length], *mapped.value);

        let (at, _) = find(MESSAGE_INTEGRITY);
        assert!(is_code_right(&packet, at + 4..at + 24, &short_term("VOkJxbRl1RmTxUk/WvJxBt"), Mac::Sha1));
    }
}

#[test]
fn rfc_5769_2_4_long_term_credentials() {
    let packet = bytes(LONG_TERM);
    let message = Incoming::parse(client(), &packet).unwrap();
    let username = str::from_utf8(message.value(USERNAME).unwrap()).unwrap();
    assert_eq!((username, message.value(REALM).unwrap()), ("マトリックス", &b"example.org"[..]));
    let key = |algorithm| Key::derive(algorithm, username, "example.org", "TheMatrIX");
    assert!(message.is_protected(&key(Algorithm::Md5), Mac::Sha1));
    assert!(!message.is_protected(&key(Algorithm::Sha256), Mac::Sha1));
}

#[test]
fn rfc_8489_b_1_userhash_and_sha256() {
    let packet = bytes(SHA256);
    let message = Incoming::parse(client(), &packet).unwrap();
    assert_eq!(message.value(USERHASH).unwrap(), userhash("マトリックス", "example.org"));
    let key = |algorithm| Key::derive(algorithm, "マトリックス", "example.org", "TheMatrIX");
    assert!(message.is_protected(&key(Algorithm::Sha256), Mac::Sha256));
    assert!(!message.is_protected(&key(Algorithm::Md5), Mac::Sha256));
}

#[test]
fn rfc_8489_9_2_2_key() {
    let md5: [u8; 16] = bytes("8493fbc53ba582fb4c044c456bdc40eb").try_into().unwrap();
    assert!(Key::derive(Algorithm::Md5, "user", "realm", "pass") == Key::from_md5(md5));
}
