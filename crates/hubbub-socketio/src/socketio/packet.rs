//! Socket.IO packets: what both parsers read (SIO5 "Exchange protocol").

use super::decode;
use bytes::Bytes;
use std::borrow::Cow;
use std::ops::Range;

/// A revision of the Socket.IO protocol. It follows from that of Engine.IO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Over Engine.IO 3: Socket.IO 1.x and 2.x clients. A connect has no payload, but its namespace may have a query;
    /// every client is in `/` without asking.
    V4,
    /// Over Engine.IO 4: Socket.IO 3.x and 4.x clients.
    V5,
}

/// What a packet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// 0: to come into a namespace, or the answer that one is in.
    Connect,
    /// 1: to leave a namespace.
    Disconnect,
    /// 2: an event.
    Event,
    /// 3: the acknowledgement of an event.
    Ack,
    /// 4: the answer that one may not come into a namespace. Called ERROR in protocol 4.
    ConnectError,
    /// 5: an event with binary attachments.
    BinaryEvent,
    /// 6: an acknowledgement with binary attachments.
    BinaryAck,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Connect,
        Self::Disconnect,
        Self::Event,
        Self::Ack,
        Self::ConnectError,
        Self::BinaryEvent,
        Self::BinaryAck,
    ];

    /// The kind of this number, 0 to 6.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The number, 0 to 6.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// An event, with attachments or without.
    pub fn is_event(self) -> bool {
        matches!(self, Self::Event | Self::BinaryEvent)
    }

    /// An acknowledgement, with attachments or without.
    pub fn is_ack(self) -> bool {
        matches!(self, Self::Ack | Self::BinaryAck)
    }

    /// Whether attachments belong to it.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }

    /// The same with attachments; only events and acknowledgements change.
    pub fn with_attachments(self) -> Self {
        match self {
            Self::Event => Self::BinaryEvent,
            Self::Ack => Self::BinaryAck,
            other => other,
        }
    }

    /// The same without attachments.
    pub fn without_attachments(self) -> Self {
        match self {
            Self::BinaryEvent => Self::Event,
            Self::BinaryAck => Self::Ack,
            other => other,
        }
    }
}

/// How much one packet may hold. Its bytes are limited by the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Attachments of one packet: 64.
    pub attachments: u32,
    /// Bytes of all attachments of one packet together: 1,000,000.
    pub attachment_bytes: usize,
    /// Arguments of an event or an acknowledgement, the event's name included: 256.
    pub args: usize,
    /// How deep arrays and objects may stand in each other, 1 to 127: 64.
    pub depth: u8,
    /// Values, in all, of a msgpack packet: 100,000.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { attachments: 64, attachment_bytes: 1_000_000, args: 256, depth: 64, nodes: 100_000 }
    }
}

/// A packet, checked: its payload is JSON of the right kind and within the [`Limits`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What it is for.
    pub kind: Kind,
    /// How many attachments belong to it.
    pub attachments: u32,
    /// The namespace, beginning with a slash.
    pub namespace: &'a str,
    /// Protocol 4: what follows the namespace after a question mark (SIO4 "CONNECT").
    pub query: Option<&'a str>,
    /// The acknowledgement that is asked for, or given. Acknowledgements always have one.
    pub id: Option<u64>,
    /// The payload, JSON as it was sent, without white space around it. Of an event or an acknowledgement it is an array.
    pub payload: Option<&'a str>,
    /// What the payload of an event says.
    pub event: Option<Event<'a>>,
}

/// An event's payload, in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<'a> {
    /// The name. If it was sent as a number, its digits.
    pub name: Cow<'a, str>,
    /// The arguments after the name, each one JSON value as it was sent.
    pub args: Vec<&'a str>,
    /// The whole payload: a JSON array of the name and the arguments.
    pub payload: &'a str,
}

impl<'a> Event<'a> {
    /// Where an argument stands in [`payload`](Self::payload). Panics if there is none of that index.
    pub fn arg_range(&self, index: usize) -> Range<usize> {
        let arg = self.args[index];
        let start = arg.as_ptr().addr() - self.payload.as_ptr().addr();
        start..start + arg.len()
    }

    /// The arguments from `first` on, without brackets, as they were sent: `1,"two"`. Empty if there are none.
    pub fn args_text(&self, first: usize) -> &'a str {
        if first >= self.args.len() {
            return "";
        }
        &self.payload[self.arg_range(first).start..self.arg_range(self.args.len() - 1).end]
    }

    /// The arguments from `first` on as a JSON array: `[1,"two"]`.
    pub fn args_json(&self, first: usize) -> String {
        format!("[{}]", self.args_text(first))
    }
}

/// A packet with its attachments. Placeholders in its payload tell where they belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedPacket {
    /// What it is for.
    pub kind: Kind,
    /// The namespace, beginning with a slash.
    pub namespace: String,
    /// Protocol 4: what follows the namespace after a question mark.
    pub query: Option<String>,
    /// The acknowledgement that is asked for, or given.
    pub id: Option<u64>,
    /// The payload, JSON.
    pub payload: Option<String>,
    /// The attachments. Only [binary](Kind::is_binary) kinds have some.
    pub attachments: Vec<Bytes>,
}

impl OwnedPacket {
    /// The packet, borrowed.
    pub fn as_packet(&self) -> Packet<'_> {
        let payload = self.payload.as_deref();
        let event = payload.filter(|_| self.kind.is_event()).map(|payload| {
            decode::event(payload, &Limits { args: usize::MAX, depth: u8::MAX, ..Limits::default() })
        });
        Packet {
            kind: self.kind,
            attachments: u32::try_from(self.attachments.len()).expect("their number is limited"),
            namespace: &self.namespace,
            query: self.query.as_deref(),
            id: self.id,
            payload,
            event: event.map(|event| event.expect("it was checked when the packet was read")),
        }
    }
}
