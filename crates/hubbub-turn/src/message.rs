//! One STUN message coming in, and the answer to it (RFC 8489 sections 5 and 6).

use std::net::SocketAddr;
use std::ops::Range;

use stun_types::attribute::{Attribute as _, AttributeType, RawAttribute};
use stun_types::message::{Message, MessageClass, MessageWrite, MessageWriteExt, MessageWriteVec};

use crate::Client;
use crate::attribute::{
    ERROR_CODE, FINGERPRINT, MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256, UNKNOWN_ATTRIBUTES,
    XOR_PEER_ADDRESS, plain_address, read_xor_address, xor_address,
};
use crate::auth::Refusal;
use crate::integrity::{self, Key, Mac};

/// Length of the header in bytes.
pub(crate) const HEADER: usize = 20;
/// Bytes 4 to 7 of every message.
pub(crate) const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// The type of a Data indication.
pub(crate) const DATA_INDICATION: u16 = 0x0017;
/// The type of a ConnectionAttempt indication (RFC 6062 section 6.1).
pub(crate) const CONNECTION_ATTEMPT: u16 = 0x001C;

/// What a client chooses to know its answer by.
pub(crate) type Transaction = [u8; 12];

/// What a client wants. Methods and classes that mean nothing to a server are not here: they are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Binding,
    Allocate,
    Refresh,
    CreatePermission,
    ChannelBind,
    Connect,
    ConnectionBind,
    /// An indication: it is not answered, whatever happens.
    Send,
}

impl Kind {
    fn new(class: MessageClass, method: u16) -> Option<Self> {
        match (class, method) {
            (MessageClass::Request, 1) => Some(Self::Binding),
            (MessageClass::Request, 3) => Some(Self::Allocate),
            (MessageClass::Request, 4) => Some(Self::Refresh),
            (MessageClass::Request, 8) => Some(Self::CreatePermission),
            (MessageClass::Request, 9) => Some(Self::ChannelBind),
            (MessageClass::Request, 0x0A) => Some(Self::Connect),
            (MessageClass::Request, 0x0B) => Some(Self::ConnectionBind),
            (MessageClass::Indication, 6) => Some(Self::Send),
            _ => None,
        }
    }
}

/// A message of a client.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    message: Message<'a>,
    /// All of it.
    pub(crate) packet: &'a [u8],
    pub(crate) from: Client,
    pub(crate) kind: Kind,
    pub(crate) transaction: Transaction,
}

impl<'a> Incoming<'a> {
    /// `None` for what is not a message, is broken, or concerns no server: it is dropped in silence (RFC 8489 section 6.3).
    pub(crate) fn parse(from: Client, packet: &'a [u8]) -> Option<Self> {
        let said = u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]);
        if HEADER + usize::from(said) != packet.len() || !said.is_multiple_of(4) {
            return None;
        }
        let message = Message::from_bytes(packet).ok()?;
        let kind = Kind::new(message.class(), message.method().value())?;
        let transaction = packet[8..HEADER].try_into().ok()?;
        Some(Self { message, packet, from, kind, transaction })
    }

    /// Where the value of the first such attribute stands in the packet. If one comes twice, the first counts (RFC 8489
    /// section 14); what comes after MESSAGE-INTEGRITY does not.
    pub(crate) fn range(&self, attribute: u16) -> Option<Range<usize>> {
        let (start, found) = self.all().find(|(_, found)| found.get_type().value() == attribute)?;
        Some(start + 4..start + 4 + found.value.len())
    }

    /// The value of the first such attribute.
    pub(crate) fn value(&self, attribute: u16) -> Option<&'a [u8]> {
        self.range(attribute).map(|range| &self.packet[range])
    }

    /// The values of all such attributes.
    pub(crate) fn values(&self, attribute: u16) -> impl Iterator<Item = &'a [u8]> {
        let all = self.all().filter(move |(_, found)| found.get_type().value() == attribute);
        all.map(|(start, found)| &self.packet[start + 4..start + 4 + found.value.len()])
    }

    /// The value of an attribute of four bytes, if it is there. 400 if it has another length.
    pub(crate) fn number(&self, attribute: u16) -> Result<Option<u32>, Refusal> {
        let Some(value) = self.value(attribute) else { return Ok(None) };
        let value = value.try_into().map_err(|_| Refusal::BAD_REQUEST)?;
        Ok(Some(u32::from_be_bytes(value)))
    }

    /// XOR-PEER-ADDRESS: the first peer that the message names, if it is an address.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        read_xor_address(self.value(XOR_PEER_ADDRESS)?, self.transaction)
    }

    pub(crate) fn has(&self, attribute: u16) -> bool {
        self.range(attribute).is_some()
    }

    /// The attributes that must be understood and are not, each once.
    pub(crate) fn unknown(&self, is_known: impl Fn(u16) -> bool) -> Vec<u16> {
        let mut unknown = Vec::new();
        for (_, found) in self.all() {
            let attribute = found.get_type().value();
            if !is_known(attribute) && !unknown.contains(&attribute) {
                unknown.push(attribute);
            }
        }
        unknown
    }

    /// Whether the message is protected by `key` with the attribute of `mac` (RFC 8489 sections 14.5 and 14.6).
    pub(crate) fn is_protected(&self, key: &Key, mac: Mac) -> bool {
        self.range(mac.attribute()).is_some_and(|code| is_code_right(self.packet, code, key, mac))
    }

    fn all(&self) -> impl Iterator<Item = (usize, RawAttribute<'_>)> {
        self.message.iter_attributes()
    }
}

/// Whether the code that stands at `code` in a message is right. It covers all that comes before its attribute, with the length
/// in the header as if the message ended with it.
pub(crate) fn is_code_right(packet: &[u8], code: Range<usize>, key: &Key, mac: Mac) -> bool {
    let length = (code.end - HEADER) as u16;
    let parts = [&packet[..2], &length.to_be_bytes()[..], &packet[4..code.start - 4]];
    integrity::is_right(key, mac, &parts, &packet[code])
}

/// An indication of ours. Attributes have whole words of four bytes.
pub(crate) fn indication(kind: u16, transaction: Transaction, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let length: usize = attributes.iter().map(|(_, value)| 4 + value.len()).sum();
    let mut message = Vec::with_capacity(HEADER + length);
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&(length as u16).to_be_bytes());
    message.extend_from_slice(&MAGIC_COOKIE);
    message.extend_from_slice(&transaction);
    for (attribute, value) in attributes {
        debug_assert!(value.len().is_multiple_of(4));
        message.extend_from_slice(&attribute.to_be_bytes());
        message.extend_from_slice(&(value.len() as u16).to_be_bytes());
        message.extend_from_slice(value);
    }
    message
}

/// An answer in the making. It carries FINGERPRINT if the request did (RFC 8489 section 6.3.1.2), and nothing that nobody
/// asked for: a short answer is a poor weapon.
pub(crate) struct Reply {
    message: MessageWriteVec,
    fingerprint: bool,
}

impl Reply {
    pub(crate) fn success(to: &Incoming<'_>) -> Self {
        let message = Message::builder_success(&to.message, MessageWriteVec::with_capacity(128));
        Self { message, fingerprint: to.has(FINGERPRINT) }
    }

    /// `reason` is for human eyes, and may be empty.
    pub(crate) fn error(to: &Incoming<'_>, code: u16, reason: &str) -> Self {
        let message = Message::builder_error(&to.message, MessageWriteVec::with_capacity(128));
        Self { message, fingerprint: to.has(FINGERPRINT) }.with(ERROR_CODE, &error_value(code, reason))
    }

    pub(crate) fn with(mut self, attribute: u16, value: &[u8]) -> Self {
        self.push(attribute, value);
        self
    }

    pub(crate) fn with_address(self, attribute: u16, address: SocketAddr) -> Self {
        let (value, length) = xor_address(address, self.transaction());
        self.with(attribute, &value[..length])
    }

    /// The same in the clear, for MAPPED-ADDRESS and its like.
    pub(crate) fn with_plain_address(self, attribute: u16, address: SocketAddr) -> Self {
        let (value, length) = plain_address(address);
        self.with(attribute, &value[..length])
    }

    /// Up to `wanted` zeros, but no more than make the message `longest` bytes long.
    pub(crate) fn with_padding(self, attribute: u16, wanted: usize, longest: usize) -> Self {
        let fingerprint = if self.fingerprint { 8 } else { 0 };
        let room = longest.saturating_sub(self.message.data().len() + 4 + fingerprint) / 4 * 4;
        self.with(attribute, &vec![0; wanted.next_multiple_of(4).min(room)])
    }

    pub(crate) fn with_unknown(self, attributes: &[u16]) -> Self {
        let value: Vec<u8> = attributes.iter().flat_map(|attribute| attribute.to_be_bytes()).collect();
        self.with(UNKNOWN_ATTRIBUTES, &value)
    }

    /// The message, protected by a key if there is one, with each of these codes over what comes before it.
    pub(crate) fn finish(mut self, protection: Option<(&Key, &[Mac])>) -> Vec<u8> {
        if let Some((key, macs)) = protection {
            macs.iter().for_each(|mac| self.protect(key, *mac));
        }
        if self.fingerprint {
            self.message.add_fingerprint().expect("a vector has room, and this is the first");
        }
        self.message.finish()
    }

    fn transaction(&self) -> Transaction {
        self.message.data()[8..HEADER].try_into().expect("the header is written first")
    }

    fn push(&mut self, attribute: u16, value: &[u8]) {
        self.message.push_attribute_unchecked(&RawAttribute::new(AttributeType::new(attribute), value));
    }

    fn protect(&mut self, key: &Key, mac: Mac) {
        self.push(mac.attribute(), &[0; 32][..mac.length()]);
        let (covered, value) = {
            let data = self.message.mut_data();
            let end = data.len() - mac.length();
            data.split_at_mut(end)
        };
        let tag = integrity::tag(key, mac, &[&covered[..covered.len() - 4]]);
        value.copy_from_slice(tag.as_ref());
    }
}

/// The value of ERROR-CODE (RFC 8489 section 14.8).
pub(crate) fn error_value(code: u16, reason: &str) -> Vec<u8> {
    let mut value = vec![0, 0, (code / 100) as u8, (code % 100) as u8];
    value.extend_from_slice(reason.as_bytes());
    value
}

impl Mac {
    /// Where it stands.
    pub(crate) fn attribute(self) -> u16 {
        match self {
            Self::Sha1 => MESSAGE_INTEGRITY,
            Self::Sha256 => MESSAGE_INTEGRITY_SHA256,
        }
    }
}
