//! What a peer can do wrong, and the close code each fault is answered with.

use crate::CloseCode;
use std::fmt;

/// A fault of the peer that ends the connection.
///
/// The `Display` text is at most 123 bytes of UTF-8 and says what was wrong: it serves as the reason of the
/// close frame that [`Error::close_code`] belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// RSV2 or RSV3 is set, or RSV1 without permessage-deflate (RFC 6455 §5.2).
    ReservedBits,
    /// An opcode that no extension defined: 3 to 7 and 11 to 15 (RFC 6455 §5.2).
    ReservedOpcode(u8),
    /// A client's frame is not masked (RFC 6455 §5.1).
    Unmasked,
    /// A server's frame is masked (RFC 6455 §5.1).
    Masked,
    /// A control frame is fragmented (RFC 6455 §5.5).
    FragmentedControl,
    /// A control frame carries more than 125 bytes (RFC 6455 §5.5).
    LongControl,
    /// A payload length takes more bytes than needed (RFC 6455 §5.2).
    LengthNotMinimal,
    /// A 64-bit payload length has its highest bit set (RFC 6455 §5.2).
    LengthTooLong,
    /// A continuation frame without a message to continue (RFC 6455 §5.4).
    UnexpectedContinuation,
    /// A new message begins inside a fragmented one (RFC 6455 §5.4).
    ExpectedContinuation,
    /// RSV1 on a frame that is not the first of its message (RFC 7692 §6.1).
    CompressedContinuation,
    /// RSV1 on a control frame (RFC 7692 §6.1).
    CompressedControl,
    /// The payload of a close frame is a single byte (RFC 6455 §5.5.1).
    ClosePayload,
    /// A close code that must not be sent (RFC 6455 §7.4).
    ForbiddenCloseCode(u16),
    /// The reason of a close frame is not UTF-8 (RFC 6455 §5.5.1).
    CloseReason,
    /// A text message is not UTF-8 (RFC 6455 §8.1).
    InvalidUtf8,
    /// A compressed message does not inflate (RFC 7692 §7.2.2).
    Inflate,
    /// A frame is larger than [`Limits::frame`](crate::Limits::frame).
    FrameTooBig,
    /// A message is larger than [`Limits::message`](crate::Limits::message).
    MessageTooBig,
    /// A message has more frames than [`Limits::fragments`](crate::Limits::fragments).
    TooManyFragments,
}

impl Error {
    /// The close code to send: 1002, 1007 or 1009 (RFC 6455 §7.4.1).
    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::InvalidUtf8 | Self::CloseReason | Self::Inflate => CloseCode::INVALID_DATA,
            Self::FrameTooBig | Self::MessageTooBig | Self::TooManyFragments => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReservedOpcode(opcode) => return write!(f, "opcode {opcode} is reserved"),
            Self::ForbiddenCloseCode(code) => return write!(f, "close code {code} must not be sent"),
            Self::ReservedBits => "a reserved bit is set",
            Self::Unmasked => "a client's frames must be masked",
            Self::Masked => "a server's frames must not be masked",
            Self::FragmentedControl => "control frames must not be fragmented",
            Self::LongControl => "control frames carry at most 125 bytes",
            Self::LengthNotMinimal => "the payload length is not in its shortest form",
            Self::LengthTooLong => "the highest bit of the payload length is set",
            Self::UnexpectedContinuation => "a continuation frame without a message to continue",
            Self::ExpectedContinuation => "a new message inside a fragmented one",
            Self::CompressedContinuation => "RSV1 is set on a continuation frame",
            Self::CompressedControl => "RSV1 is set on a control frame",
            Self::ClosePayload => "the payload of a close frame is a single byte",
            Self::CloseReason => "the close reason is not UTF-8",
            Self::InvalidUtf8 => "the text is not UTF-8",
            Self::Inflate => "the compressed data does not inflate",
            Self::FrameTooBig => "the frame is too big",
            Self::MessageTooBig => "the message is too big",
            Self::TooManyFragments => "the message has too many fragments",
        })
    }
}

impl std::error::Error for Error {}
