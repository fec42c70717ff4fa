//! What can be wrong with what a client sends, how a request is refused, and why a session ends.

use serde_json::Value;
use std::fmt;

/// A packet or payload that is not what the protocol says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There is no packet where one must be.
    #[error("a packet is empty")]
    Empty,
    /// The kind of a packet is none of 0 to 6, or a binary packet is not a message.
    #[error("a packet has an unknown type")]
    Kind,
    /// Base64 that does not decode.
    #[error("base64 does not decode")]
    Base64,
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    Utf8,
    /// A length that is no number, or points beyond the payload or into a character (protocol 3).
    #[error("a packet's length is wrong")]
    Length,
    /// A binary payload in protocol 4, which has none (EIO4 "From v3 to v4").
    #[error("binary payloads do not exist in this protocol version")]
    BinaryPayload,
    /// More packets than [`Settings::max_records`](super::Settings::max_records).
    #[error("a payload has too many packets")]
    TooManyRecords,
}

/// Why a request is refused; as the reference server says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestError {
    /// Code 0: the `transport` parameter names none that is served.
    UnknownTransport,
    /// Code 1: the session is over, or never was.
    UnknownSid,
    /// Code 2: a session was to be opened with something other than GET.
    BadHandshakeMethod,
    /// Code 3: a request that breaks the protocol.
    BadRequest,
    /// Code 4, status 403.
    Forbidden,
    /// Code 5: the `EIO` parameter names a version that is not served.
    UnsupportedVersion,
    /// Status 413, with the code of a bad request: longer than [`Settings::max_payload`](super::Settings::max_payload).
    TooLarge,
}

impl RequestError {
    /// The HTTP status: 400, 403 or 413.
    pub fn status(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            Self::TooLarge => 413,
            _ => 400,
        }
    }

    /// The code that clients know, 0 to 5.
    pub fn code(self) -> u8 {
        match self {
            Self::UnknownTransport => 0,
            Self::UnknownSid => 1,
            Self::BadHandshakeMethod => 2,
            Self::BadRequest | Self::TooLarge => 3,
            Self::Forbidden => 4,
            Self::UnsupportedVersion => 5,
        }
    }

    /// The words that belong to the code.
    pub fn message(self) -> &'static str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSid => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedVersion => "Unsupported protocol version",
            Self::TooLarge => "Payload too large",
        }
    }

    /// The body of the answer, `application/json`: `{"code":3,"message":"Bad request"}`.
    pub fn json(self) -> String {
        self.json_saying(self.message())
    }

    /// The body of the answer with words of your own, such as why something is forbidden.
    pub fn json_saying(self, message: &str) -> String {
        format!(r#"{{"code":{},"message":{}}}"#, self.code(), Value::from(message))
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No sign of life in time.
    PingTimeout,
    /// The client said goodbye, or closed its WebSocket.
    TransportClose,
    /// The client gave up a waiting poll, sent two requests at once, or pinged in the wrong direction.
    TransportError,
    /// The client sent something that is not the protocol.
    ParseError,
    /// We ended it.
    ForcedClose,
    /// We ended it because the server goes down.
    ServerShuttingDown,
}

impl Reason {
    /// The words of the reference server.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PingTimeout => "ping timeout",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ServerShuttingDown => "server shutting down",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_read_as_those_of_the_reference_server() {
        assert_eq!(RequestError::UnknownTransport.json(), r#"{"code":0,"message":"Transport unknown"}"#);
        assert_eq!(RequestError::UnknownSid.json(), r#"{"code":1,"message":"Session ID unknown"}"#);
        assert_eq!(RequestError::BadHandshakeMethod.json(), r#"{"code":2,"message":"Bad handshake method"}"#);
        assert_eq!(RequestError::BadRequest.json(), r#"{"code":3,"message":"Bad request"}"#);
        assert_eq!(
            RequestError::UnsupportedVersion.json(),
            r#"{"code":5,"message":"Unsupported protocol version"}"#
        );
        assert_eq!(RequestError::Forbidden.json_saying("no \"you\""), r#"{"code":4,"message":"no \"you\""}"#);
        assert_eq!(RequestError::Forbidden.status(), 403);
        assert_eq!(RequestError::TooLarge.status(), 413);
        assert_eq!(RequestError::BadRequest.status(), 400);
    }
}
