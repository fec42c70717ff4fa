//! Why an exchange fails (RFC 6120 §6.5).

/// Why an exchange failed. It is over then; the stream may go on with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The client gave up.
    #[error("the exchange was aborted")]
    Aborted,
    /// The account is out of use for now.
    #[error("the account is disabled")]
    AccountDisabled,
    /// What was shown was good once.
    #[error("the credentials have expired")]
    CredentialsExpired,
    /// The mechanism wants TLS first.
    #[error("this mechanism is for encrypted streams")]
    EncryptionRequired,
    /// Not Base64 (RFC 6120 §13.9.2).
    #[error("this is not Base64")]
    IncorrectEncoding,
    /// The client wants to act as somebody else, or as nobody that could be.
    #[error("one may act as oneself only")]
    InvalidAuthzid,
    /// Not one that was offered.
    #[error("this mechanism was not offered")]
    InvalidMechanism,
    /// Not what the mechanism's grammar says.
    #[error("the mechanism does not know such a message")]
    MalformedRequest,
    /// A stronger mechanism is wanted of this account.
    #[error("this account wants a stronger mechanism")]
    MechanismTooWeak,
    /// Nobody has this name, or the proof is wrong: it is not said which.
    #[error("the name or the proof is wrong")]
    NotAuthorized,
    /// Not the client's fault.
    #[error("this cannot be checked now")]
    TemporaryAuthFailure,
    /// The client holds that the server cannot bind channels, and it can: somebody between them may have taken the
    /// mechanisms away (RFC 5802 §6).
    #[error("channel binding was offered; was the offer tampered with?")]
    Downgraded,
    /// A type of channel binding that this link has not, or one with a mechanism that has none (RFC 5802 §6).
    #[error("this type of channel binding was not offered")]
    UnsupportedBinding,
    /// Client and server are not at the two ends of the same link (RFC 5802 §6).
    #[error("the channel binding does not fit")]
    WrongBinding,
    /// An extension that must be understood and is not (RFC 5802 §5.1, attribute `m`).
    #[error("no mandatory extension is supported")]
    UnsupportedExtension,
}

impl Failure {
    /// The name of the defined condition.
    #[must_use]
    pub fn condition(self) -> &'static str {
        match self {
            Self::Aborted => "aborted",
            Self::AccountDisabled => "account-disabled",
            Self::CredentialsExpired => "credentials-expired",
            Self::EncryptionRequired => "encryption-required",
            Self::IncorrectEncoding => "incorrect-encoding",
            Self::InvalidAuthzid => "invalid-authzid",
            Self::InvalidMechanism => "invalid-mechanism",
            Self::MalformedRequest | Self::UnsupportedExtension => "malformed-request",
            Self::MechanismTooWeak => "mechanism-too-weak",
            Self::NotAuthorized | Self::Downgraded | Self::UnsupportedBinding | Self::WrongBinding => {
                "not-authorized"
            }
            Self::TemporaryAuthFailure => "temporary-auth-failure",
        }
    }

    /// What a person may be told in the `<text/>`.
    #[must_use]
    pub fn text(self) -> String {
        self.to_string()
    }
}
