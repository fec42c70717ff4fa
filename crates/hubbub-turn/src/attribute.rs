//! The attributes of RFC 8656 on the wire. Those of RFC 8489 are `stun-types`'.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::Family;
use crate::message::{MAGIC_COOKIE, Transaction};

// RFC 8489 section 18.3.
pub(crate) const MAPPED_ADDRESS: u16 = 0x0001;
pub(crate) const USERNAME: u16 = 0x0006;
pub(crate) const MESSAGE_INTEGRITY: u16 = 0x0008;
pub(crate) const ERROR_CODE: u16 = 0x0009;
pub(crate) const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
pub(crate) const REALM: u16 = 0x0014;
pub(crate) const NONCE: u16 = 0x0015;
pub(crate) const MESSAGE_INTEGRITY_SHA256: u16 = 0x001C;
pub(crate) const PASSWORD_ALGORITHM: u16 = 0x001D;
pub(crate) const USERHASH: u16 = 0x001E;
pub(crate) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
pub(crate) const PASSWORD_ALGORITHMS: u16 = 0x8002;
pub(crate) const FINGERPRINT: u16 = 0x8028;

// RFC 5780 section 7.
pub(crate) const CHANGE_REQUEST: u16 = 0x0003;
pub(crate) const PADDING: u16 = 0x0026;
pub(crate) const RESPONSE_PORT: u16 = 0x0027;
pub(crate) const RESPONSE_ORIGIN: u16 = 0x802B;
pub(crate) const OTHER_ADDRESS: u16 = 0x802C;

// RFC 6062 section 6.2.
pub(crate) const CONNECTION_ID: u16 = 0x002A;

// RFC 8656 section 18.
pub(crate) const CHANNEL_NUMBER: u16 = 0x000C;
pub(crate) const LIFETIME: u16 = 0x000D;
pub(crate) const XOR_PEER_ADDRESS: u16 = 0x0012;
pub(crate) const DATA: u16 = 0x0013;
pub(crate) const XOR_RELAYED_ADDRESS: u16 = 0x0016;
pub(crate) const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
pub(crate) const EVEN_PORT: u16 = 0x0018;
pub(crate) const REQUESTED_TRANSPORT: u16 = 0x0019;
pub(crate) const DONT_FRAGMENT: u16 = 0x001A;
pub(crate) const RESERVATION_TOKEN: u16 = 0x0022;
pub(crate) const ADDITIONAL_ADDRESS_FAMILY: u16 = 0x8000;
pub(crate) const ADDRESS_ERROR_CODE: u16 = 0x8001;
pub(crate) const ICMP: u16 = 0x8004;

// RFC 8016 section 3.3.
pub(crate) const MOBILITY_TICKET: u16 = 0x8030;

/// What every authenticated request may carry.
const OF_AUTHENTICATION: [u16; 7] =
    [USERNAME, MESSAGE_INTEGRITY, REALM, NONCE, MESSAGE_INTEGRITY_SHA256, PASSWORD_ALGORITHM, USERHASH];

/// The comprehension-required attributes of RFC 8656 and RFC 6062.
const OF_TURN: [u16; 10] = [
    CHANNEL_NUMBER,
    LIFETIME,
    XOR_PEER_ADDRESS,
    DATA,
    REQUESTED_ADDRESS_FAMILY,
    EVEN_PORT,
    REQUESTED_TRANSPORT,
    DONT_FRAGMENT,
    RESERVATION_TOKEN,
    CONNECTION_ID,
];

/// Whether a STUN server knows this attribute, or need not.
pub(crate) fn is_known_in_binding(attribute: u16) -> bool {
    attribute >= 0x8000 || OF_AUTHENTICATION.contains(&attribute)
}

/// The same where NAT discovery is answered (RFC 5780).
pub(crate) fn is_known_in_discovery(attribute: u16) -> bool {
    is_known_in_binding(attribute) || [CHANGE_REQUEST, PADDING, RESPONSE_PORT].contains(&attribute)
}

/// Whether a TURN server knows this attribute, or need not.
pub(crate) fn is_known(attribute: u16) -> bool {
    is_known_in_binding(attribute) || OF_TURN.contains(&attribute)
}

/// The value of XOR-MAPPED-ADDRESS and its like, and its length (RFC 8489 section 14.2).
pub(crate) fn xor_address(address: SocketAddr, transaction: Transaction) -> ([u8; 20], usize) {
    let (mut value, length) = plain_address(address);
    xor(&mut value[..length], transaction);
    (value, length)
}

/// The same of MAPPED-ADDRESS and its like (RFC 8489 section 14.1).
pub(crate) fn plain_address(address: SocketAddr) -> ([u8; 20], usize) {
    let mut value = [0; 20];
    value[1] = Family::of(address.ip()).to_wire();
    value[2..4].copy_from_slice(&address.port().to_be_bytes());
    let length = match address.ip() {
        IpAddr::V4(ip) => {
            value[4..8].copy_from_slice(&ip.octets());
            8
        }
        IpAddr::V6(ip) => {
            value[4..20].copy_from_slice(&ip.octets());
            20
        }
    };
    (value, length)
}

/// Reads the value of XOR-PEER-ADDRESS and its like.
pub(crate) fn read_xor_address(value: &[u8], transaction: Transaction) -> Option<SocketAddr> {
    let mut clear = [0; 20];
    let clear = clear.get_mut(..value.len())?;
    clear.copy_from_slice(value);
    if clear.len() < 4 {
        return None;
    }
    xor(clear, transaction);
    let port = u16::from_be_bytes([clear[2], clear[3]]);
    let ip = match Family::from_wire(clear[1])? {
        Family::V4 => IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(&clear[4..]).ok()?)),
        Family::V6 => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(&clear[4..]).ok()?)),
    };
    Some(SocketAddr::new(ip, port))
}

/// Port and address against the cookie, and what is beyond the cookie against the transaction.
fn xor(value: &mut [u8], transaction: Transaction) {
    value[2] ^= MAGIC_COOKIE[0];
    value[3] ^= MAGIC_COOKIE[1];
    let mask = MAGIC_COOKIE.iter().chain(&transaction);
    value[4..].iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}
