//! Packets on their way to a client, in the form in which they wait.

use super::packet::encode_base64;
use super::{Message, PacketKind, Peer, Version};
use bytes::{BufMut, Bytes, BytesMut};
use std::fmt;
use std::str;

/// UTF-8 in shared memory. Cloning costs no copy, so one text can wait for many clients.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Bytes);

impl Text {
    /// A text packet: its digit and its data.
    pub fn packet(kind: PacketKind, data: &str) -> Self {
        let mut bytes = BytesMut::with_capacity(1 + data.len());
        bytes.put_u8(kind.digit());
        bytes.put_slice(data.as_bytes());
        Self(bytes.freeze())
    }

    /// The bytes, which are UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, which are UTF-8, without a copy.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("it was made from text")
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl TryFrom<Bytes> for Text {
    type Error = simdutf8::basic::Utf8Error;

    /// Takes bytes that are UTF-8, without a copy.
    fn try_from(bytes: Bytes) -> Result<Self, Self::Error> {
        simdutf8::basic::from_utf8(&bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// A packet to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A whole text packet, beginning with its digit: the WebSocket frame as it will be.
    Text(Text),
    /// The data of a binary message.
    Binary(Bytes),
}

impl Outgoing {
    /// A message packet with this content.
    pub fn message(message: Message<'_>) -> Self {
        match message {
            Message::Text(data) => Self::packet(PacketKind::Message, data),
            Message::Binary(data) => Self::Binary(data),
        }
    }

    /// A text packet.
    pub fn packet(kind: PacketKind, data: &str) -> Self {
        Self::Text(Text::packet(kind, data))
    }

    /// What it counts for while it waits, in bytes: its content and its place.
    pub fn cost(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Text(text) => text.0.len(),
                Self::Binary(data) => data.len(),
            }
    }

    /// What this packet is as a WebSocket message to `peer`: a text, or else bytes.
    pub(super) fn into_frame(self, peer: Peer) -> Result<Text, Bytes> {
        match (self, peer) {
            (Self::Text(text), _) => Ok(text),
            (Self::Binary(data), Peer { version: Version::V4, .. }) => Err(data),
            (Self::Binary(data), Peer { version, base64: true }) => {
                let mut text = String::new();
                encode_base64(version, &data, &mut text);
                Ok(text.into())
            }
            (Self::Binary(data), _) => Err(with_number(&data)),
        }
    }
}

/// A binary message packet of protocol 3.
fn with_number(data: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(1 + data.len());
    bytes.put_u8(PacketKind::Message.number());
    bytes.put_slice(data);
    bytes.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames() {
        let binary = || Outgoing::Binary(Bytes::from_static(&[1, 2, 3, 4]));
        let v4 = Peer { version: Version::V4, base64: true };
        let v3 = Peer { version: Version::V3, base64: false };
        assert_eq!(binary().into_frame(v4), Err(Bytes::from_static(&[1, 2, 3, 4])));
        assert_eq!(binary().into_frame(v3), Err(Bytes::from_static(&[4, 1, 2, 3, 4])));
        let text = binary().into_frame(Peer { base64: true, ..v3 }).unwrap();
        assert_eq!(text.as_str(), "b4AQIDBA==");
        let text = Outgoing::message(Message::Text("hi")).into_frame(v4).unwrap();
        assert_eq!(text.as_str(), "4hi");
    }

    #[test]
    fn text_is_utf8() {
        assert!(Text::try_from(Bytes::from_static(b"4\xff")).is_err());
        assert_eq!(Text::try_from(Bytes::from_static(b"4x")).unwrap().as_str(), "4x");
    }
}
