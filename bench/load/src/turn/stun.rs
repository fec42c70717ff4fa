//! STUN messages as a client of TURN writes and reads them (RFC 8489 §5 and §14, RFC 8656 §17 and §18).

use std::net::{Ipv4Addr, SocketAddrV4};

use aws_lc_rs::hmac;

/// Length of what every message begins with.
pub(crate) const HEADER: usize = 20;
/// What every message has behind its length.
const COOKIE: u32 = 0x2112_A442;
/// Length of MESSAGE-INTEGRITY with its own head.
const SEAL: usize = 24;

/// Kinds of attributes.
pub(crate) const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
pub(crate) const CHANNEL_NUMBER: u16 = 0x000C;
pub(crate) const LIFETIME: u16 = 0x000D;
pub(crate) const XOR_PEER_ADDRESS: u16 = 0x0012;
pub(crate) const REALM: u16 = 0x0014;
pub(crate) const NONCE: u16 = 0x0015;
const XOR_RELAYED_ADDRESS: u16 = 0x0016;
pub(crate) const REQUESTED_TRANSPORT: u16 = 0x0019;

/// Class bits of success and of error.
const SUCCESS: u16 = 0x0100;
const ERROR: u16 = 0x0110;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// A relayed address.
    Allocate = 3,
    /// A longer life of it, or its end.
    Refresh = 4,
    /// That packets of an address may pass.
    CreatePermission = 8,
    /// A number that stands for a peer.
    ChannelBind = 9,
}

/// A request that is being written.
pub(crate) struct Request(Vec<u8>);

impl Request {
    /// Nothing but its head, with a transaction of its own.
    pub(crate) fn new(method: Method) -> Self {
        let transaction = fastrand::u128(..).to_be_bytes();
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&(method as u16).to_be_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&COOKIE.to_be_bytes());
        bytes.extend_from_slice(&transaction[..12]);
        Self(bytes)
    }

    /// With one more attribute.
    pub(crate) fn with(mut self, kind: u16, value: &[u8]) -> Self {
        self.0.extend_from_slice(&kind.to_be_bytes());
        self.0.extend_from_slice(&(value.len() as u16).to_be_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        set_length(&mut self.0, 0);
        self
    }

    /// With MESSAGE-INTEGRITY, which comes last.
    pub(crate) fn sealed(mut self, key: &hmac::Key) -> Self {
        set_length(&mut self.0, SEAL);
        let seal = hmac::sign(key, &self.0);
        self.with(MESSAGE_INTEGRITY, seal.as_ref())
    }

    /// As it goes over the wire.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Has the head say that `more` bytes follow those that are there.
fn set_length(message: &mut [u8], more: usize) {
    let length = (message.len() - HEADER + more) as u16;
    message[2..4].copy_from_slice(&length.to_be_bytes());
}

/// The transaction of a whole message.
pub(crate) fn transaction(message: &[u8]) -> &[u8] {
    &message[8..HEADER]
}

/// An address as attributes have it: its bits are changed so that no NAT finds it.
pub(crate) fn xored(address: SocketAddrV4) -> [u8; 8] {
    let mut value = [0, 1, 0, 0, 0, 0, 0, 0];
    value[2..4].copy_from_slice(&(address.port() ^ (COOKIE >> 16) as u16).to_be_bytes());
    value[4..].copy_from_slice(&(address.ip().to_bits() ^ COOKIE).to_be_bytes());
    value
}

/// The answer to a request.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a>(&'a [u8]);

impl<'a> Answer<'a> {
    /// `None` if the bytes are no whole answer.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let length = bytes.len().checked_sub(HEADER)?;
        let answer = Self(bytes);
        let whole = usize::from(short(bytes, 2)) == length && bytes[4..8] == COOKIE.to_be_bytes();
        (whole && matches!(answer.class(), SUCCESS | ERROR)).then_some(answer)
    }

    fn class(self) -> u16 {
        short(self.0, 0) & ERROR
    }

    /// Whether it grants a request of this kind.
    pub(crate) fn grants(self, method: Method) -> bool {
        short(self.0, 0) == SUCCESS | method as u16
    }

    /// Whose answer it is.
    pub(crate) fn transaction(self) -> &'a [u8] {
        transaction(self.0)
    }

    /// Each attribute's kind, where it begins, and its value.
    fn attributes(self) -> impl Iterator<Item = (u16, usize, &'a [u8])> {
        let mut at = HEADER;
        std::iter::from_fn(move || {
            let head = self.0.get(at..at + 4)?;
            let (kind, length, begin) = (short(head, 0), usize::from(short(head, 2)), at);
            at += 4 + length.next_multiple_of(4);
            Some((kind, begin, self.0.get(begin + 4..begin + 4 + length)?))
        })
    }

    /// The value of the first attribute of this kind.
    pub(crate) fn attribute(self, kind: u16) -> Option<&'a [u8]> {
        self.attributes().find(|(found, _, _)| *found == kind).map(|(_, _, value)| value)
    }

    /// Why a request was refused: the number and the words.
    pub(crate) fn error(self) -> Option<(u16, &'a [u8])> {
        let value = self.attribute(ERROR_CODE).filter(|_| self.class() == ERROR)?;
        let (head, reason) = value.split_at_checked(4)?;
        Some((u16::from(head[2] & 7) * 100 + u16::from(head[3]), reason))
    }

    /// The relayed address.
    pub(crate) fn relayed(self) -> Option<SocketAddrV4> {
        let value: [u8; 8] = self.attribute(XOR_RELAYED_ADDRESS)?.try_into().ok()?;
        let ip = u32::from_be_bytes([value[4], value[5], value[6], value[7]]) ^ COOKIE;
        let port = short(&value, 2) ^ (COOKIE >> 16) as u16;
        (value[1] == 1).then(|| SocketAddrV4::new(Ipv4Addr::from_bits(ip), port))
    }

    /// Whether MESSAGE-INTEGRITY is there and right.
    pub(crate) fn is_sealed(self, key: &hmac::Key) -> bool {
        let Some((_, at, seal)) = self.attributes().find(|(kind, _, _)| *kind == MESSAGE_INTEGRITY) else {
            return false;
        };
        let mut covered = self.0[..at].to_vec();
        set_length(&mut covered, SEAL);
        hmac::verify(key, &covered, seal).is_ok()
    }
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request turned into an answer to itself.
    fn answered(class: u16, request: Request) -> Vec<u8> {
        let mut bytes = request.into_bytes();
        bytes[0] |= (class >> 8) as u8;
        bytes[1] |= class as u8;
        bytes
    }

    #[test]
    fn reads_what_is_written() {
        let relay = "192.0.2.7:50001".parse().unwrap();
        let request =
            Request::new(Method::Allocate).with(XOR_RELAYED_ADDRESS, &xored(relay)).with(NONCE, b"seven..");
        let bytes = answered(SUCCESS, request);
        assert_eq!(bytes.len(), HEADER + 12 + 12);
        let answer = Answer::parse(&bytes).unwrap();
        assert!(answer.grants(Method::Allocate) && !answer.grants(Method::Refresh));
        assert_eq!(answer.relayed(), Some(relay));
        assert_eq!(answer.attribute(NONCE), Some(&b"seven.."[..]));
        assert_eq!(answer.attribute(REALM), None);
        assert_eq!(answer.error(), None);
        assert!(Answer::parse(&bytes[..bytes.len() - 4]).is_none());
    }

    #[test]
    fn requests_are_no_answers() {
        assert!(Answer::parse(&Request::new(Method::Refresh).into_bytes()).is_none());
    }

    #[test]
    fn refusals_have_a_number_and_words() {
        let bytes = answered(ERROR, Request::new(Method::Allocate).with(ERROR_CODE, b"\0\0\x04\x56Quota"));
        assert_eq!(Answer::parse(&bytes).unwrap().error(), Some((486, &b"Quota"[..])));
    }

    #[test]
    fn seals_are_those_of_rfc_5769() {
        // Section 2.1 of its test vectors: a request, which is as good for this as an answer.
        let vector: &[u8] = b"\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
            \x80\x22\x00\x10STUN test client\x00\x24\x00\x04\x6e\x00\x01\xff\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\
            \x26\x3b\x36\x00\x06\x00\x09\x65\x76\x74\x6a\x3a\x68\x36\x76\x59\x20\x20\x20\x00\x08\x00\x14\x9a\xea\
            \xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2\x80\x28\x00\x04\xe5\x7a\x3b\xcf";
        let key = |text: &[u8]| hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, text);
        assert!(Answer(vector).is_sealed(&key(b"VOkJxbRl1RmTxUk/WvJxBt")));
        assert!(!Answer(vector).is_sealed(&key(b"another")));
        let sealed = Request::new(Method::Refresh).with(LIFETIME, &[0; 4]).sealed(&key(b"ours")).into_bytes();
        assert!(Answer(&sealed).is_sealed(&key(b"ours")));
        assert!(!Answer(&sealed[..HEADER + 8]).is_sealed(&key(b"ours")), "there is none");
    }
}
