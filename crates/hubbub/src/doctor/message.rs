//! Messages of STUN and TURN as a client writes and reads them (RFC 8489 section 5, RFC 8656 section 18).

use std::net::SocketAddr;

use stun_types::attribute::{AttributeType, ErrorCode, RawAttribute, XorSocketAddr};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageIntegrityCredentials,
    MessageWrite, MessageWriteExt, MessageWriteVec, Method, TransactionId,
};

pub(super) const BINDING: u16 = 0x001;
pub(super) const ALLOCATE: u16 = 0x003;
pub(super) const REFRESH: u16 = 0x004;
pub(super) const SEND: u16 = 0x006;
pub(super) const DATA_METHOD: u16 = 0x007;
pub(super) const CREATE_PERMISSION: u16 = 0x008;
pub(super) const CHANNEL_BIND: u16 = 0x009;

// RFC 8489 section 18.3.
const USERNAME: u16 = 0x0006;
pub(super) const REALM: u16 = 0x0014;
pub(super) const NONCE: u16 = 0x0015;
pub(super) const XOR_MAPPED_ADDRESS: u16 = 0x0020;
// RFC 8656 section 18.
pub(super) const CHANNEL_NUMBER: u16 = 0x000C;
pub(super) const LIFETIME: u16 = 0x000D;
pub(super) const XOR_PEER_ADDRESS: u16 = 0x0012;
pub(super) const DATA: u16 = 0x0013;
pub(super) const XOR_RELAYED_ADDRESS: u16 = 0x0016;
pub(super) const REQUESTED_ADDRESS_FAMILY: u16 = 0x0017;
pub(super) const REQUESTED_TRANSPORT: u16 = 0x0019;

/// What an attribute says.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// As it stands.
    Bytes(Vec<u8>),
    /// Hidden from those who rewrite addresses on the way (RFC 8489 section 14.2).
    Address(SocketAddr),
}

/// Attributes of a message, in order.
pub(super) type Attributes<'a> = &'a [(u16, Value)];

/// What a client shows who it is by, once the server has said its realm and a nonce (RFC 8489 section 9.2).
#[derive(Debug, Clone)]
pub(super) struct Proof {
    pub(super) key: LongTermKeyCredentials,
    pub(super) nonce: Vec<u8>,
}

/// A request, and what its answer is known by.
pub(super) fn request(
    method: u16,
    attributes: Attributes<'_>,
    proof: Option<&Proof>,
) -> (TransactionId, Vec<u8>) {
    let mut message = Message::builder_request(Method::new(method), MessageWriteVec::new());
    let transaction = message.transaction_id();
    put(&mut message, attributes, transaction);
    if let Some(Proof { key, nonce }) = proof {
        let said = [(USERNAME, key.username().as_bytes()), (REALM, key.realm().as_bytes()), (NONCE, nonce)];
        for (attribute, value) in said {
            add(&mut message, &RawAttribute::new(AttributeType::new(attribute), value));
        }
        message
            .add_message_integrity(&key.clone().into(), IntegrityAlgorithm::Sha1)
            .expect("it is the first, and a vector has room");
    }
    (transaction, message.finish())
}

/// Payload for a peer, which is not answered (RFC 8656 section 11).
pub(super) fn send_indication(peer: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let mut message = Message::builder_indication(Method::new(SEND), MessageWriteVec::new());
    let transaction = message.transaction_id();
    let attributes = [(XOR_PEER_ADDRESS, Value::Address(peer)), (DATA, Value::Bytes(payload.to_vec()))];
    put(&mut message, &attributes, transaction);
    message.finish()
}

/// Payload for the peer of a channel (RFC 8656 section 12.4).
pub(super) fn channel_data(channel: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("what is tried is short");
    [&channel.to_be_bytes()[..], &length.to_be_bytes(), payload].concat()
}

fn put(message: &mut MessageWriteVec, attributes: Attributes<'_>, transaction: TransactionId) {
    for (attribute, value) in attributes {
        let attribute = AttributeType::new(*attribute);
        match value {
            Value::Bytes(bytes) => add(message, &RawAttribute::new(attribute, bytes)),
            Value::Address(address) => {
                add(message, &XorSocketAddr::new(*address, transaction).to_raw(attribute));
            }
        }
    }
}

fn add(message: &mut MessageWriteVec, attribute: &RawAttribute<'_>) {
    message.add_attribute(attribute).expect("each comes once, and a vector has room");
}

/// What came from the server.
#[derive(Debug)]
pub(super) enum Coming {
    /// An answer to the request of this transaction.
    Answer(TransactionId, Answer),
    /// What a peer has sent: from where, or by which channel.
    Data(Origin, Vec<u8>),
}

/// By what a client knows a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Peer(SocketAddr),
    Channel(u16),
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    bytes: Vec<u8>,
}

/// Reads a message. `None` if it is none that a client expects.
pub(super) fn read(bytes: Vec<u8>) -> Option<Coming> {
    if bytes.first().is_some_and(|first| (0x40..=0x7F).contains(first)) {
        let [channel, length] =
            [bytes.get(0..2)?, bytes.get(2..4)?].map(|two| u16::from_be_bytes([two[0], two[1]]));
        let payload = bytes.get(4..4 + usize::from(length))?.to_vec();
        return Some(Coming::Data(Origin::Channel(channel), payload));
    }
    let message = Message::from_bytes(&bytes).ok()?;
    match (message.class(), message.method().value()) {
        (MessageClass::Success | MessageClass::Error, _) => {
            let transaction = message.transaction_id();
            Some(Coming::Answer(transaction, Answer { bytes }))
        }
        (MessageClass::Indication, DATA_METHOD) => {
            let payload = message.raw_attribute(AttributeType::new(DATA))?.value.to_vec();
            Some(Coming::Data(Origin::Peer(address(&message, XOR_PEER_ADDRESS)?), payload))
        }
        _ => None,
    }
}

fn address(message: &Message<'_>, attribute: u16) -> Option<SocketAddr> {
    let raw = message.raw_attribute(AttributeType::new(attribute))?;
    Some(XorSocketAddr::from_raw(&raw).ok()?.addr(message.transaction_id()))
}

impl Answer {
    fn message(&self) -> Message<'_> {
        Message::from_bytes(&self.bytes).expect("it was read before")
    }

    /// The code and the reason, if it says no.
    pub(super) fn error(&self) -> Option<(u16, String)> {
        let message = self.message();
        if message.class() == MessageClass::Success {
            return None;
        }
        let error = message.attribute::<ErrorCode>().ok();
        // An error without a code is none that a standard knows.
        Some(error.map_or((0, String::new()), |error| (error.code(), error.reason().to_owned())))
    }

    pub(super) fn value(&self, attribute: u16) -> Option<Vec<u8>> {
        Some(self.message().raw_attribute(AttributeType::new(attribute))?.value.to_vec())
    }

    pub(super) fn text(&self, attribute: u16) -> Option<String> {
        String::from_utf8(self.value(attribute)?).ok()
    }

    pub(super) fn address(&self, attribute: u16) -> Option<SocketAddr> {
        address(&self.message(), attribute)
    }

    /// Whether it comes from somebody who knows the key.
    pub(super) fn is_proven(&self, proof: &Proof) -> bool {
        let credentials = MessageIntegrityCredentials::from(proof.key.clone());
        self.message().validate_integrity(&credentials).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(password: &str) -> Proof {
        let key = LongTermKeyCredentials::new("1:doctor".into(), password.into(), "example.org".into());
        Proof { key, nonce: b"nonce".to_vec() }
    }

    fn success(to: &[u8], attributes: Attributes<'_>, password: &str) -> Vec<u8> {
        let request = Message::from_bytes(to).unwrap();
        let mut message = Message::builder_success(&request, MessageWriteVec::new());
        put(&mut message, attributes, request.transaction_id());
        message.add_message_integrity(&proof(password).key.into(), IntegrityAlgorithm::Sha1).unwrap();
        message.finish()
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        for relayed in ["192.0.2.1:50000", "[2001:db8::1]:50000"] {
            let relayed: SocketAddr = relayed.parse().unwrap();
            let (transaction, asked) = request(ALLOCATE, &[], Some(&proof("north")));
            let said = success(&asked, &[(XOR_RELAYED_ADDRESS, Value::Address(relayed))], "north");
            let Some(Coming::Answer(to, answer)) = read(said) else { panic!("it is an answer") };
            assert_eq!((to, answer.error()), (transaction, None));
            assert_eq!(answer.address(XOR_RELAYED_ADDRESS), Some(relayed));
            assert!(answer.is_proven(&proof("north")));
            assert!(!answer.is_proven(&proof("south")));
        }
    }

    #[test]
    fn payload_of_channels_and_peers() {
        let Some(Coming::Data(Origin::Channel(0x4001), payload)) = read(channel_data(0x4001, b"abc")) else {
            panic!("it came by a channel");
        };
        assert_eq!(payload, b"abc");
        let peer: SocketAddr = "192.0.2.1:9".parse().unwrap();
        let mut message = Message::builder_indication(Method::new(DATA_METHOD), MessageWriteVec::new());
        let transaction = message.transaction_id();
        let said = [(XOR_PEER_ADDRESS, Value::Address(peer)), (DATA, Value::Bytes(b"abcd".to_vec()))];
        put(&mut message, &said, transaction);
        let Some(Coming::Data(origin, payload)) = read(message.finish()) else {
            panic!("it came from a peer")
        };
        assert_eq!((origin, &payload[..]), (Origin::Peer(peer), &b"abcd"[..]));
    }

    #[test]
    fn what_is_cut_off_or_none_of_ours_is_nothing() {
        let (_, asked) = request(BINDING, &[], None);
        for odd in [&b""[..], b"\x40", b"\x40\x01\x00\x05abc", b"HTTP/1.1 400", &asked, &asked[..19]] {
            assert!(read(odd.to_vec()).is_none(), "{odd:?}");
        }
    }
}
