//! What goes before a peer's payload on its way to the client: made in place, so that the payload is never copied.

use std::net::SocketAddr;
use std::ops::Deref;

use crate::attribute::{self, DATA, XOR_PEER_ADDRESS};
use crate::message::{DATA_INDICATION, MAGIC_COOKIE, Transaction};

/// The bytes before a payload: the header of ChannelData, or all of a Data indication up to its data. At most 48.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Prefix {
    bytes: [u8; Self::LONGEST],
    length: u8,
}

impl Prefix {
    /// A STUN header, XOR-PEER-ADDRESS of IPv6, and the header of DATA.
    pub(crate) const LONGEST: usize = 20 + 24 + 4;

    /// The header of ChannelData (RFC 8656 section 12.4).
    pub(crate) fn channel(number: u16, payload: u16) -> Self {
        let mut prefix = Self { bytes: [0; Self::LONGEST], length: 0 };
        prefix.push(&number.to_be_bytes());
        prefix.push(&payload.to_be_bytes());
        prefix
    }

    /// A Data indication up to its data (RFC 8656 section 11.3).
    pub(crate) fn indication(peer: SocketAddr, payload: u16, transaction: Transaction) -> Self {
        let mut prefix = Self { bytes: [0; Self::LONGEST], length: 20 };
        prefix.push_header(XOR_PEER_ADDRESS, if peer.is_ipv4() { 8 } else { 20 });
        let (address, length) = attribute::xor_address(peer, transaction);
        prefix.push(&address[..length]);
        prefix.push_header(DATA, payload);

        let attributes = u16::from(prefix.length) - 20 + payload.next_multiple_of(4);
        prefix.bytes[0..2].copy_from_slice(&DATA_INDICATION.to_be_bytes());
        prefix.bytes[2..4].copy_from_slice(&attributes.to_be_bytes());
        prefix.bytes[4..8].copy_from_slice(&MAGIC_COOKIE);
        prefix.bytes[8..20].copy_from_slice(&transaction);
        prefix
    }

    fn push_header(&mut self, attribute: u16, length: u16) {
        self.push(&attribute.to_be_bytes());
        self.push(&length.to_be_bytes());
    }

    fn push(&mut self, bytes: &[u8]) {
        let start = usize::from(self.length);
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len() as u8;
    }
}

impl Deref for Prefix {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl std::fmt::Debug for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Prefix").field(&&self[..]).finish()
    }
}
