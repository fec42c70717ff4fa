//! What can be wrong with a Socket.IO packet.

/// A packet that is not what the protocol says. It ends the connection: what follows it cannot be trusted to be
/// understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The packet's type is none of 0 to 6.
    #[error("unknown packet type")]
    Kind,
    /// The number of attachments is missing or no number, or the packet is of a kind that has none.
    #[error("illegal attachments")]
    Attachments,
    /// More attachments than [`Limits::attachments`](super::Limits::attachments), or more bytes in them than
    /// [`Limits::attachment_bytes`](super::Limits::attachment_bytes).
    #[error("too many attachments")]
    TooManyAttachments,
    /// The namespace has control characters, or does not begin with a slash.
    #[error("invalid namespace")]
    Namespace,
    /// The acknowledgement id is too large or no number, missing from an acknowledgement, or in a packet that has none.
    #[error("invalid packet id")]
    Id,
    /// The payload is not JSON, or not of the kind that such a packet has.
    #[error("invalid payload")]
    Payload,
    /// The name of an event is neither a string nor a number, or is one that has a meaning of its own.
    #[error("invalid event name")]
    EventName,
    /// More arguments than [`Limits::args`](super::Limits::args).
    #[error("too many arguments")]
    TooManyArgs,
    /// Deeper than [`Limits::depth`](super::Limits::depth).
    #[error("payload is nested too deeply")]
    TooDeep,
    /// A placeholder that stands for no attachment.
    #[error("illegal placeholder")]
    Placeholder,
    /// Text came where attachments are missing.
    #[error("got plaintext data when reconstructing a packet")]
    UnexpectedText,
    /// Binary came where no attachment is missing.
    #[error("got binary data when not reconstructing a packet")]
    UnexpectedBinary,
    /// msgpack that ends early, does not end, or has something in it that JSON has not.
    #[error("invalid msgpack")]
    Msgpack,
    /// msgpack of more values than [`Limits::nodes`](super::Limits::nodes).
    #[error("too many values")]
    TooManyNodes,
}
