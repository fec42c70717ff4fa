//! Addresses (RFC 7622, prepared as deployed servers do: RFC 6122).
//!
//! `localpart@domainpart/resourcepart`. Localparts are folded and normalised by nodeprep, resourceparts by resourceprep
//! (RFC 6122 appendices A and B), domainparts by IDNA (RFC 7622 §3.2). So two addresses are the same if their text is.
//! Nothing is escaped here: a client sends what XEP-0106 escapes already escaped.

mod domain;
mod prepare;
#[cfg(test)]
mod tests;

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

pub(crate) use prepare::directions_agree;

/// Longest part of an address after preparation, in bytes (RFC 7622 §3.2, §3.3, §3.4).
pub const MAX_PART_BYTES: usize = 1023;

/// Longest part that is prepared at all: preparing can make a text shorter, and must not be asked to for ever.
const MAX_RAW_BYTES: usize = 4 * MAX_PART_BYTES;

/// A prepared address. Cheap to clone; equal, ordered and hashed as its text is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Jid {
    text: Arc<str>,
    /// Where the domainpart begins: 0 if there is no localpart.
    domain: u16,
    /// Where the bare address ends.
    bare: u16,
}

/// The text says where its parts are.
impl Hash for Jid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// So a set of addresses can be asked for a prepared text.
impl Borrow<str> for Jid {
    fn borrow(&self) -> &str {
        &self.text
    }
}

/// One of the three parts of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Before the `@`.
    Local,
    /// The host.
    Domain,
    /// After the `/`.
    Resource,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "localpart",
            Self::Domain => "domainpart",
            Self::Resource => "resourcepart",
        })
    }
}

/// Why a text is no address; the stanza error is `jid-malformed` (RFC 6120 §8.3.3.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JidError {
    /// Nothing there, or nothing left after preparation.
    #[error("the {0} is empty")]
    Empty(Part),
    /// More than [`MAX_PART_BYTES`].
    #[error("the {0} has more than 1023 bytes")]
    TooLong(Part),
    /// Characters, or an order of them, that this part may not have.
    #[error("the {0} has characters that it may not have")]
    Forbidden(Part),
}

impl Jid {
    /// Reads and prepares an address as it stands in a stanza.
    ///
    /// # Errors
    /// A part is empty, too long or has forbidden characters.
    pub fn parse(text: &str) -> Result<Self, JidError> {
        // The first slash ends the bare address, whatever comes after; then the first @ (RFC 7622 §3.1, §3.2).
        let (bare, resource) = split(text, '/');
        match split(bare, '@') {
            (local, Some(domain)) => Self::from_parts(Some(local), domain, resource),
            (domain, None) => Self::from_parts(None, domain, resource),
        }
    }

    /// Prepares the parts of an address and puts them together.
    ///
    /// # Errors
    /// A part is empty, too long or has forbidden characters.
    pub fn from_parts(local: Option<&str>, domain: &str, resource: Option<&str>) -> Result<Self, JidError> {
        let local = local.map(|text| prepared(Part::Local, text)).transpose()?;
        let domain = prepared(Part::Domain, domain)?;
        let resource = resource.map(|text| prepared(Part::Resource, text)).transpose()?;
        let mut text = String::with_capacity(3 * 32);
        if let Some(local) = &local {
            text.push_str(local);
            text.push('@');
        }
        let domain_at = position(text.len());
        text.push_str(&domain);
        let bare = position(text.len());
        if let Some(resource) = &resource {
            text.push('/');
            text.push_str(resource);
        }
        Ok(Self { text: text.into(), domain: domain_at, bare })
    }

    /// What is before the `@`; `None` for a host.
    #[must_use]
    pub fn local(&self) -> Option<&str> {
        self.text[..usize::from(self.domain)].strip_suffix('@')
    }

    /// The host: small letters, international names in their own letters, no dot at the end.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[usize::from(self.domain)..usize::from(self.bare)]
    }

    /// What is after the `/`: a device, or a nickname in a room.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.text[usize::from(self.bare)..].strip_prefix('/')
    }

    /// The address without its resource.
    #[must_use]
    pub fn bare(&self) -> Self {
        if self.is_bare() {
            return self.clone();
        }
        Self { text: self.bare_str().into(), domain: self.domain, bare: self.bare }
    }

    /// The text of the address without its resource.
    #[must_use]
    pub fn bare_str(&self) -> &str {
        &self.text[..usize::from(self.bare)]
    }

    /// Whether it has no resource.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.text.len() == usize::from(self.bare)
    }

    /// The same account or room with this resource, in place of the one it may have.
    ///
    /// # Errors
    /// The resource is empty, too long or has forbidden characters.
    pub fn with_resource(&self, resource: &str) -> Result<Self, JidError> {
        let resource = prepared(Part::Resource, resource)?;
        let text = format!("{}/{resource}", self.bare_str());
        Ok(Self { text: text.into(), domain: self.domain, bare: self.bare })
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn position(length: usize) -> u16 {
    u16::try_from(length).expect("two parts have at most 2047 bytes")
}

fn prepared(part: Part, text: &str) -> Result<Cow<'_, str>, JidError> {
    if text.len() > MAX_RAW_BYTES {
        return Err(JidError::TooLong(part));
    }
    if text.is_empty() {
        return Err(JidError::Empty(part));
    }
    let prepared = match part {
        Part::Local => prepare::local(text),
        Part::Domain => domain::prepare(text),
        Part::Resource => prepare::resource(text),
    };
    match prepared {
        None => Err(JidError::Forbidden(part)),
        Some(text) if text.is_empty() => Err(JidError::Empty(part)),
        Some(text) if text.len() > MAX_PART_BYTES => Err(JidError::TooLong(part)),
        Some(text) => Ok(text),
    }
}

impl FromStr for Jid {
    type Err = JidError;

    fn from_str(text: &str) -> Result<Self, JidError> {
        Self::parse(text)
    }
}

impl AsRef<str> for Jid {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jid({})", self.text)
    }
}
