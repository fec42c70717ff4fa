//! What can be wrong with XML that a peer sends.

use super::Limit;

/// Why a stream or a document is refused. After it nothing more is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum XmlError {
    /// It breaks the rules of XML 1.0 or of its namespaces (RFC 6120 §4.9.3.13).
    #[error("the XML is not well-formed")]
    NotWellFormed,
    /// It has what XMPP leaves out of XML: a comment, a processing instruction, a document type or a reference to an
    /// entity other than the five predefined ones (RFC 6120 §11.1).
    #[error("comments, processing instructions, document types and entities are not allowed")]
    RestrictedXml,
    /// It is not UTF-8, or says that it is something else (RFC 6120 §11.6).
    #[error("the encoding is not UTF-8")]
    UnsupportedEncoding,
    /// A prefix stands for no namespace (RFC 6120 §11.2).
    #[error("a namespace prefix is not declared")]
    BadNamespacePrefix,
    /// A stream's outermost element is not in the namespace of streams (RFC 6120 §4.8.1).
    #[error("the outermost element is not in the namespace of streams")]
    InvalidNamespace,
    /// It is sound XML that means nothing here: text between stanzas, or a head that is not `<stream>`.
    #[error("the XML is no stream of stanzas")]
    BadFormat,
    /// It is larger than allowed.
    #[error("there are too many {0}")]
    TooLarge(Limit),
}

impl XmlError {
    /// The stream error that tells the peer (RFC 6120 §4.9.3).
    pub fn condition(self) -> &'static str {
        match self {
            Self::NotWellFormed => "not-well-formed",
            Self::RestrictedXml => "restricted-xml",
            Self::UnsupportedEncoding => "unsupported-encoding",
            Self::BadNamespacePrefix => "bad-namespace-prefix",
            Self::InvalidNamespace => "invalid-namespace",
            Self::BadFormat => "bad-format",
            Self::TooLarge(_) => "policy-violation",
        }
    }
}
