//! Stream errors (RFC 6120 §4.9), and how a stream ends.

use crate::xml::{Tag, XmlError};

/// The namespace of the conditions (RFC 6120 §4.9.2).
pub(super) const NS_CONDITIONS: &str = "urn:ietf:params:xml:ns:xmpp-streams";

/// Why a stream is closed by the server (RFC 6120 §4.9.3).
///
/// `<see-other-host/>` is missing: it would have to name a host, and this server never sends anybody away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamError {
    /// XML that cannot be processed (§4.9.3.1).
    BadFormat,
    /// A prefix that is not supported, or none where one is needed (§4.9.3.2).
    BadNamespacePrefix,
    /// Another stream took its place (§4.9.3.3).
    Conflict,
    /// The client does not answer (§4.9.3.4).
    ConnectionTimeout,
    /// The domain is no longer served (§4.9.3.5).
    HostGone,
    /// The domain is not served (§4.9.3.6).
    HostUnknown,
    /// An address is missing, or is none (§4.9.3.7).
    ImproperAddressing,
    /// The server failed (§4.9.3.8).
    InternalServerError,
    /// `from` is not the client's own address (§4.9.3.9).
    InvalidFrom,
    /// A namespace other than that of streams or of clients (§4.9.3.10).
    InvalidNamespace,
    /// XML that its schema forbids (§4.9.3.11).
    InvalidXml,
    /// Something that only an authenticated client may do (§4.9.3.12).
    NotAuthorized,
    /// XML that is not well-formed (§4.9.3.13).
    NotWellFormed,
    /// A local rule was broken: a size, a number of failures (§4.9.3.14).
    PolicyViolation,
    /// Something behind the server cannot be reached (§4.9.3.15).
    RemoteConnectionFailed,
    /// The security of the stream has to be negotiated again (§4.9.3.16).
    Reset,
    /// The server lacks the means to go on (§4.9.3.17).
    ResourceConstraint,
    /// A comment, a processing instruction, a DTD, an entity (§4.9.3.18).
    RestrictedXml,
    /// The server goes down (§4.9.3.20).
    SystemShutdown,
    /// None of the others; an element of the application says more (§4.9.3.21).
    UndefinedCondition,
    /// Anything but UTF-8 (§4.9.3.22).
    UnsupportedEncoding,
    /// A mandatory feature was not negotiated (§4.9.3.23).
    UnsupportedFeature,
    /// A first-level element that is not known here (§4.9.3.24).
    UnsupportedStanzaType,
    /// A version other than 1.x (§4.9.3.25).
    UnsupportedVersion,
}

impl StreamError {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::BadFormat,
        Self::BadNamespacePrefix,
        Self::Conflict,
        Self::ConnectionTimeout,
        Self::HostGone,
        Self::HostUnknown,
        Self::ImproperAddressing,
        Self::InternalServerError,
        Self::InvalidFrom,
        Self::InvalidNamespace,
        Self::InvalidXml,
        Self::NotAuthorized,
        Self::NotWellFormed,
        Self::PolicyViolation,
        Self::RemoteConnectionFailed,
        Self::Reset,
        Self::ResourceConstraint,
        Self::RestrictedXml,
        Self::SystemShutdown,
        Self::UndefinedCondition,
        Self::UnsupportedEncoding,
        Self::UnsupportedFeature,
        Self::UnsupportedStanzaType,
        Self::UnsupportedVersion,
    ];

    /// The name of its element.
    pub fn condition(self) -> &'static str {
        match self {
            Self::BadFormat => "bad-format",
            Self::BadNamespacePrefix => "bad-namespace-prefix",
            Self::Conflict => "conflict",
            Self::ConnectionTimeout => "connection-timeout",
            Self::HostGone => "host-gone",
            Self::HostUnknown => "host-unknown",
            Self::ImproperAddressing => "improper-addressing",
            Self::InternalServerError => "internal-server-error",
            Self::InvalidFrom => "invalid-from",
            Self::InvalidNamespace => "invalid-namespace",
            Self::InvalidXml => "invalid-xml",
            Self::NotAuthorized => "not-authorized",
            Self::NotWellFormed => "not-well-formed",
            Self::PolicyViolation => "policy-violation",
            Self::RemoteConnectionFailed => "remote-connection-failed",
            Self::Reset => "reset",
            Self::ResourceConstraint => "resource-constraint",
            Self::RestrictedXml => "restricted-xml",
            Self::SystemShutdown => "system-shutdown",
            Self::UndefinedCondition => "undefined-condition",
            Self::UnsupportedEncoding => "unsupported-encoding",
            Self::UnsupportedFeature => "unsupported-feature",
            Self::UnsupportedStanzaType => "unsupported-stanza-type",
            Self::UnsupportedVersion => "unsupported-version",
        }
    }
}

impl From<XmlError> for StreamError {
    fn from(error: XmlError) -> Self {
        let condition = error.condition();
        Self::ALL.into_iter().find(|known| known.condition() == condition).unwrap_or(Self::BadFormat)
    }
}

/// A stream error as it is sent: the condition, words for people, and what the application adds.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) error: StreamError,
    pub(super) text: Option<String>,
    pub(super) detail: Option<Tag>,
}

impl Fault {
    pub(super) fn saying(error: StreamError, text: impl Into<String>) -> Self {
        Self { error, text: Some(text.into()), detail: None }
    }

    /// What stands in the error element: the order is that of RFC 6120 §4.9.2.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        Tag::new(self.error.condition(), NS_CONDITIONS).write(out, "");
        if let Some(text) = &self.text {
            Tag::new("text", NS_CONDITIONS).attr("xml:lang", "en").text(text).write(out, "");
        }
        if let Some(detail) = &self.detail {
            detail.write(out, "");
        }
    }
}

impl From<StreamError> for Fault {
    fn from(error: StreamError) -> Self {
        Self { error, text: None, detail: None }
    }
}

impl From<XmlError> for Fault {
    fn from(error: XmlError) -> Self {
        let text = error.to_string();
        Self::saying(error.into(), text)
    }
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The client closed it.
    Finished,
    /// The client reported a stream error (RFC 6120 §4.9.1.1).
    Reported,
    /// The client asked for TLS where it is not to be had (RFC 6120 §5.4.2.2).
    NoTls,
    /// The client gave no sign of life. The session may be resumed.
    Silent,
    /// More waits for the client's acknowledgement than may. The session may be resumed.
    Unacknowledged,
    /// The server closed it with this error.
    Failed(StreamError),
}

impl Reason {
    /// Whether a session with stream management outlives it: what broke is the link, not the agreement (XEP-0198 §5).
    pub fn may_resume(self) -> bool {
        matches!(self, Self::Silent | Self::Unacknowledged)
    }
}
