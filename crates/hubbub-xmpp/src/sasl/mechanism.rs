//! The mechanisms, and which of them a stream is offered (RFC 6120 §6.3.3, §6.4.1).

use std::fmt;

use aws_lc_rs::{digest, hmac};

/// A way to prove who one is, the best one first: the order in which they are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mechanism {
    /// RFC 7677, bound to the TLS link.
    ScramSha256Plus,
    /// RFC 5802, bound to the TLS link.
    ScramSha1Plus,
    /// RFC 7677.
    ScramSha256,
    /// RFC 5802.
    ScramSha1,
    /// RFC 4616: the password in clear, so only under TLS.
    Plain,
    /// RFC 7628: a bearer token, so only under TLS.
    OAuthBearer,
    /// RFC 4505: a guest.
    Anonymous,
}

/// The hash of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// RFC 5802.
    Sha1,
    /// RFC 7677.
    Sha256,
}

/// What the server's policy admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// People with a password here.
    pub accounts: bool,
    /// People without a name.
    pub guests: bool,
    /// People whom an application vouches for with a token.
    pub tokens: bool,
}

/// What tells a TLS link from every other (RFC 5056): a SCRAM mechanism whose name ends in `-PLUS` proves that client and
/// server see the same.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Binding {
    /// `tls-exporter` (RFC 9266): 32 bytes exported under `EXPORTER-Channel-Binding` with an empty context.
    pub exporter: Option<[u8; 32]>,
    /// `tls-server-end-point` (RFC 5929 §4): the hash of the server's certificate.
    pub end_point: Option<Vec<u8>>,
}

/// Shows what there is, not what it is.
impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binding({})", self.types().join(", "))
    }
}

impl Mechanism {
    /// All of them, the best one first.
    pub const ALL: [Self; 7] = [
        Self::ScramSha256Plus,
        Self::ScramSha1Plus,
        Self::ScramSha256,
        Self::ScramSha1,
        Self::Plain,
        Self::OAuthBearer,
        Self::Anonymous,
    ];

    /// Its registered name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::Plain => "PLAIN",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::Anonymous => "ANONYMOUS",
        }
    }

    /// The one of that name, which is in capitals (RFC 4422 §3.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name() == name)
    }

    /// Whether it is bound to the TLS link.
    #[must_use]
    pub fn is_plus(self) -> bool {
        matches!(self, Self::ScramSha256Plus | Self::ScramSha1Plus)
    }

    /// Whether it gives away a secret to everybody who can read along.
    #[must_use]
    pub fn needs_tls(self) -> bool {
        matches!(self, Self::Plain | Self::OAuthBearer) || self.is_plus()
    }

    /// The hash, if this is SCRAM.
    #[must_use]
    pub fn hash(self) -> Option<Hash> {
        match self {
            Self::ScramSha256Plus | Self::ScramSha256 => Some(Hash::Sha256),
            Self::ScramSha1Plus | Self::ScramSha1 => Some(Hash::Sha1),
            Self::Plain | Self::OAuthBearer | Self::Anonymous => None,
        }
    }
}

impl Hash {
    /// Length of a digest, in bytes.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.digest().output_len()
    }

    pub(super) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
        }
    }

    pub(super) fn hmac(self, key: &[u8], message: &[u8]) -> hmac::Tag {
        let algorithm = match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), message)
    }
}

impl Binding {
    /// The types of channel binding that can be used on this link, the better one first, as XEP-0440 §2 tells them.
    #[must_use]
    pub fn types(&self) -> Vec<&'static str> {
        let known = ["tls-exporter", "tls-server-end-point"];
        known.into_iter().filter(|name| self.data(name).is_some()).collect()
    }

    /// The data of a type of channel binding.
    pub(super) fn data(&self, name: &str) -> Option<&[u8]> {
        match name {
            "tls-exporter" => self.exporter.as_ref().map(<[u8; 32]>::as_slice),
            "tls-server-end-point" => self.end_point.as_deref(),
            _ => None,
        }
    }
}

/// What a stream is offered, in order of preference. `tls` is `None` on a link in clear text.
#[must_use]
pub fn mechanisms(offer: &Offer, tls: Option<&Binding>) -> Vec<Mechanism> {
    let can_bind = tls.is_some_and(|binding| !binding.types().is_empty());
    let admitted = |mechanism: &Mechanism| match mechanism {
        Mechanism::ScramSha256Plus | Mechanism::ScramSha1Plus => offer.accounts && can_bind,
        Mechanism::ScramSha256 | Mechanism::ScramSha1 => offer.accounts,
        Mechanism::Plain => offer.accounts && tls.is_some(),
        Mechanism::OAuthBearer => offer.tokens && tls.is_some(),
        Mechanism::Anonymous => offer.guests,
    };
    Mechanism::ALL.into_iter().filter(admitted).collect()
}
