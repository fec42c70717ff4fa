//! Close codes and the payload of close frames (RFC 6455 §5.5.1, §7.4).

use crate::Error;
use bytes::BufMut;

/// The longest reason a close frame can carry, in bytes: a control frame's 125 less the code (RFC 6455 §5.5).
const MAX_REASON: usize = 123;

/// A close code (RFC 6455 §7.4, and IANA's registry for 1012 to 1014). Applications use 4000 to 4999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// The purpose is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// The server goes down, or the page was left.
    pub const GOING_AWAY: Self = Self(1001);
    /// A protocol error.
    pub const PROTOCOL: Self = Self(1002);
    /// A kind of data that is not accepted here.
    pub const UNSUPPORTED: Self = Self(1003);
    /// Never on the wire: the close frame had no code.
    pub const NO_STATUS: Self = Self(1005);
    /// Never on the wire: the connection was lost without a close frame.
    pub const ABNORMAL: Self = Self(1006);
    /// Data that contradicts its type, such as text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// A breach of policy.
    pub const POLICY: Self = Self(1008);
    /// A message that is too big.
    pub const TOO_BIG: Self = Self(1009);
    /// The client misses an extension.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// A fault in the server.
    pub const INTERNAL: Self = Self(1011);
    /// The server restarts.
    pub const RESTART: Self = Self(1012);
    /// The server is overloaded.
    pub const TRY_AGAIN: Self = Self(1013);
    /// A gateway's upstream failed.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// Whether the code may stand in a close frame (RFC 6455 §7.4): 1004, 1005, 1006 and 1015 are reserved,
    /// 1016 to 2999 are not defined, 3000 to 4999 belong to libraries and applications.
    pub fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

/// Why the peer closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseFrame<'a> {
    /// The peer's close code, one that [may be sent](CloseCode::is_sendable).
    pub code: u16,
    /// The peer's words, at most 123 bytes, often none.
    pub reason: &'a str,
}

impl<'a> CloseFrame<'a> {
    /// Reads the payload of a close frame; `None` if it is empty, which stands for code 1005.
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Option<Self>, Error> {
        let Some((code, reason)) = payload.split_first_chunk::<2>() else {
            return if payload.is_empty() { Ok(None) } else { Err(Error::ClosePayload) };
        };
        let code = u16::from_be_bytes(*code);
        if !CloseCode(code).is_sendable() {
            return Err(Error::ForbiddenCloseCode(code));
        }
        let reason = std::str::from_utf8(reason).map_err(|_| Error::CloseReason)?;
        Ok(Some(Self { code, reason }))
    }
}

/// The payload of the close frame we send, and its length: nothing for code 1005, which means that no code is
/// given. The reason is cut where it no longer fits, between two characters.
pub(crate) fn close_payload(code: u16, reason: &str) -> ([u8; 2 + MAX_REASON], usize) {
    let mut payload = [0; 2 + MAX_REASON];
    if code == CloseCode::NO_STATUS.0 {
        return (payload, 0);
    }
    debug_assert!(CloseCode(code).is_sendable(), "close code {code} must not be sent");
    let reason = &reason[..reason.floor_char_boundary(MAX_REASON)];
    let mut rest = &mut payload[..];
    rest.put_u16(code);
    rest.put_slice(reason.as_bytes());
    (payload, 2 + reason.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_may_be_sent() {
        for code in [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
            assert!(CloseCode(code).is_sendable(), "{code}");
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            assert!(!CloseCode(code).is_sendable(), "{code}");
        }
    }

    #[test]
    fn payloads() {
        assert_eq!(CloseFrame::parse(b""), Ok(None));
        assert_eq!(CloseFrame::parse(b"\x03"), Err(Error::ClosePayload));
        assert_eq!(CloseFrame::parse(b"\x03\xe8"), Ok(Some(CloseFrame { code: 1000, reason: "" })));
        assert_eq!(CloseFrame::parse(b"\x0f\xa0bye"), Ok(Some(CloseFrame { code: 4000, reason: "bye" })));
        assert_eq!(CloseFrame::parse(b"\x03\xed"), Err(Error::ForbiddenCloseCode(1005)));
        assert_eq!(CloseFrame::parse(b"\x03\xe8\xff"), Err(Error::CloseReason));
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let reason = "é".repeat(100);
        let (payload, len) = close_payload(1000, &reason);
        assert_eq!(len, 2 + 122);
        let frame = CloseFrame::parse(&payload[..len]).unwrap().unwrap();
        assert_eq!(frame.reason, "é".repeat(61));
    }

    #[test]
    fn no_status_is_an_empty_payload() {
        assert_eq!(close_payload(1005, "ignored").1, 0);
    }
}
