//! Why somebody stays out, said so that he knows what to do.

use hubbub_hub::address::NameError;

/// Why somebody stays out. Says nothing about keys, passwords or other people's accounts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody vouches for him, and that is not enough here.
    #[error("guests are not admitted: bring a token, or an account's name and password")]
    Guests,
    /// Passwords are not taken here.
    #[error("accounts are not admitted here")]
    Accounts,
    /// Tokens are not taken here.
    #[error("tokens are not admitted here")]
    Tokens,
    /// The name cannot be an address.
    #[error("{0}")]
    Name(#[from] NameError),
    /// More than [`crate::MAX_NAME_CHARS`].
    #[error("a name to show has at most 64 characters")]
    LongName,
    /// Unknown name or wrong password: which, is nobody's business.
    #[error("no account has this name and password")]
    WrongPassword,
    /// More than [`crate::MAX_TOKEN_BYTES`].
    #[error("a token has at most 8192 bytes")]
    LongToken,
    /// Not three parts of base64url with a header that can be read.
    #[error("this is not a JWT (RFC 7519) signed with HS256 or EdDSA")]
    NotAToken,
    /// An algorithm that is not taken, or that there is no key for.
    #[error(
        "the server has no key for tokens signed with this algorithm; it takes HS256 or EdDSA, as it is set up"
    )]
    Algorithm,
    /// `crit` asks for extensions that are not known here (RFC 7515 §4.1.11).
    #[error("the token demands extensions (crit) that the server does not know")]
    Critical,
    /// Signed with another key, or changed since.
    #[error("the token's signature is wrong: it was made with another key, or changed")]
    Signature,
    /// The payload is not what it should be.
    #[error("the token's claims cannot be used: {0}")]
    Claims(String),
    /// A claim that must be there is not.
    #[error("the token has no {0}")]
    Missing(&'static str),
    /// `exp` has passed (RFC 7519 §4.1.4).
    #[error("the token has expired: get a new one")]
    Expired,
    /// It was issued to an account that is no more.
    #[error("the account that the token was issued to was removed")]
    Removed,
    /// `nbf` has not come (RFC 7519 §4.1.5).
    #[error("the token is not valid yet: is the clock of its issuer right?")]
    NotYet,
    /// `iss` is somebody else (RFC 7519 §4.1.1).
    #[error("the token is from another issuer (iss) than the server trusts")]
    Issuer,
    /// `aud` is somebody else (RFC 7519 §4.1.3).
    #[error("the token is meant for somebody else (aud)")]
    Audience,
    /// `sub` cannot be an address.
    #[error("the token's subject (sub): {0}")]
    Subject(NameError),
}

impl Denied {
    /// Whether the request itself is wrong (HTTP 400), not who asks (401): a guest's name that cannot be.
    #[must_use]
    pub fn is_bad_request(&self) -> bool {
        matches!(self, Self::Name(_) | Self::LongName)
    }
}
