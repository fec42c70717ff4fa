//! Names of rooms and people, prepared the way XMPP prepares localparts, so that every protocol compares them alike.
//!
//! RFC 7622 says how a localpart should be prepared; deployed servers do what RFC 6122 said before it (stringprep's
//! nodeprep), and so do we. Characters that a localpart forbids are escaped as XEP-0106 has it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Longest prepared name, in bytes. A localpart may have 1023 (RFC 7622 §3.3.1); a name people type needs far fewer.
pub const MAX_NAME_BYTES: usize = 255;

/// Why a name cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing left after preparation.
    #[error("a name must not be empty")]
    Empty,
    /// More than [`MAX_NAME_BYTES`].
    #[error("a name has at most 255 bytes")]
    TooLong,
    /// Control characters, unassigned code points and the like.
    #[error("this name has characters that no address may have")]
    Forbidden,
    /// `room@host` or `@user@host`: on another server.
    #[error("this address is on another server")]
    Remote,
}

/// A room or an inbox of this server, prepared: `lobby`, `@alice`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// Prepares what a person typed or a path segment said (percent-decoded).
    ///
    /// # Errors
    /// The name is empty, too long, forbidden or on another server.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (sigil, local) = match text.strip_prefix('@') {
            Some(user) => ("@", user),
            None => ("", text),
        };
        if local.contains('@') {
            return Err(NameError::Remote);
        }
        let local = prepare_local(local)?;
        Ok(Self(format!("{sigil}{local}").into()))
    }

    /// The room whose address has this localpart, as JIDs write it: escaped already (XEP-0106). Never an inbox.
    ///
    /// # Errors
    /// The localpart is empty, too long or forbidden.
    pub fn from_localpart(local: &str) -> Result<Self, NameError> {
        Ok(Self(prepare_local(&unescape(local))?.into()))
    }

    /// The inbox of a user, by his prepared localpart.
    #[must_use]
    pub fn inbox_of(user: &str) -> Self {
        Self(format!("@{user}").into())
    }

    /// The prepared name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The prepared localpart of the inbox's owner, if this is an inbox.
    #[must_use]
    pub fn inbox_owner(&self) -> Option<&str> {
        self.0.strip_prefix('@')
    }

    /// A number that spreads rooms over workers, the same in every worker.
    #[must_use]
    pub fn spread(&self) -> u64 {
        spread(&self.0)
    }
}

/// A number that spreads names over workers, the same in every worker. FNV-1a.
#[must_use]
pub fn spread(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// For people: escapes undone.
impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unescape(&self.0))
    }
}

impl fmt::Debug for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomName({})", self.0)
    }
}

/// A person's bare address: `alice@example.org`, `ann@guest.example.org`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserAddress(Arc<str>);

impl UserAddress {
    /// The address of `local` (as typed) at `host` (already prepared).
    ///
    /// # Errors
    /// The name is empty, too long or forbidden.
    pub fn new(local: &str, host: &str) -> Result<Self, NameError> {
        Ok(Self(format!("{}@{host}", prepare_local(local)?).into()))
    }

    /// An address that was prepared before, such as one read from the store.
    #[must_use]
    pub fn from_prepared(address: &str) -> Self {
        Self(address.into())
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is before the `@`, prepared.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(local, _)| local)
    }

    /// What is behind the `@`, prepared.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.split_once('@').map_or(&self.0, |(_, host)| host)
    }
}

impl fmt::Display for UserAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserAddress({})", self.0)
    }
}

/// Prepares a localpart: escapes (XEP-0106), then nodeprep (RFC 6122 appendix A), with a fast path for plain ASCII.
///
/// # Errors
/// The name is empty, too long or forbidden.
pub fn prepare_local(text: &str) -> Result<String, NameError> {
    let prepared = prepare_part(text.trim())?;
    if prepared.is_empty() { Err(NameError::Empty) } else { Ok(prepared) }
}

/// As [`prepare_local`], for a part of a name, which may be empty and begin or end with a space.
pub(crate) fn prepare_part(text: &str) -> Result<String, NameError> {
    if text.len() > 4 * MAX_NAME_BYTES {
        return Err(NameError::TooLong);
    }
    let escaped = escape(text);
    let prepared: Cow<'_, str> = if escaped.is_ascii() {
        if escaped.bytes().any(|b| b.is_ascii_control()) {
            return Err(NameError::Forbidden);
        }
        Cow::Owned(escaped.to_ascii_lowercase())
    } else {
        stringprep::nodeprep(&escaped).map_err(|_| NameError::Forbidden)?
    };
    if prepared.len() > MAX_NAME_BYTES { Err(NameError::TooLong) } else { Ok(prepared.into_owned()) }
}

/// The characters of XEP-0106 §3 and the two hexadecimal digits that stand for each.
const ESCAPES: [(char, &str); 10] = [
    (' ', "20"),
    ('"', "22"),
    ('&', "26"),
    ('\'', "27"),
    ('/', "2f"),
    (':', "3a"),
    ('<', "3c"),
    ('>', "3e"),
    ('@', "40"),
    ('\\', "5c"),
];

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains([' ', '"', '&', '\'', '/', ':', '<', '>', '@', '\\']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for (at, c) in text.char_indices() {
        match ESCAPES.iter().find(|(plain, _)| *plain == c) {
            // A backslash is escaped only where it would read as an escape (XEP-0106 §4.2).
            Some(('\\', _)) if escape_at(&text[at..]).is_none() => out.push('\\'),
            Some((_, digits)) => {
                out.push('\\');
                out.push_str(digits);
            }
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match escape_at(rest) {
            Some(plain) => {
                out.push(plain);
                rest = &rest[3..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    Cow::Owned(out)
}

/// The character that the escape at the start of `text` stands for.
fn escape_at(text: &str) -> Option<char> {
    let digits = text.strip_prefix('\\')?.get(..2)?;
    ESCAPES.iter().find(|(_, escape)| digits.eq_ignore_ascii_case(escape)).map(|(plain, _)| *plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_folded_and_escaped() {
        let name = |text| RoomName::parse(text).map(|n| n.as_str().to_owned());
        assert_eq!(name("Lobby").as_deref(), Ok("lobby"));
        assert_eq!(name("@Alice").as_deref(), Ok("@alice"));
        assert_eq!(name("game night").as_deref(), Ok("game\\20night"));
        assert_eq!(name("STRASSE").as_deref(), Ok("strasse"));
        assert_eq!(name("Straße").as_deref(), Ok("strasse"));
        assert_eq!(name("ＡＢＣ").as_deref(), Ok("abc"));
    }

    #[test]
    fn names_that_cannot_be() {
        assert_eq!(RoomName::parse(""), Err(NameError::Empty));
        assert_eq!(RoomName::parse("@"), Err(NameError::Empty));
        assert_eq!(RoomName::parse("lobby@rooms.other.org"), Err(NameError::Remote));
        assert_eq!(RoomName::parse("@bob@other.org"), Err(NameError::Remote));
        assert_eq!(RoomName::parse("a\u{0}b"), Err(NameError::Forbidden));
        assert_eq!(RoomName::parse("a\u{e000}b"), Err(NameError::Forbidden));
        assert_eq!(RoomName::parse(&"x".repeat(256)), Err(NameError::TooLong));
    }

    #[test]
    fn of_a_localpart() {
        let name = |local| RoomName::from_localpart(local).unwrap();
        assert_eq!(name(r"tea\20\26\20cake"), RoomName::parse("tea & cake").unwrap());
        assert_eq!(name(r"\40alice").inbox_owner(), None);
        assert_eq!(name("Lobby").as_str(), "lobby");
    }

    #[test]
    fn shown_as_typed() {
        assert_eq!(RoomName::parse("tea & cake").unwrap().to_string(), "tea & cake");
        assert_eq!(RoomName::parse(r"c\20d").unwrap().to_string(), r"c\20d");
    }

    proptest! {
        #[test]
        fn preparing_never_panics_and_is_stable(text in "\\PC{0,40}") {
            if let Ok(name) = RoomName::parse(&text) {
                let shown = name.to_string();
                if let Ok(again) = RoomName::parse(&shown) {
                    prop_assert_eq!(again.to_string(), shown);
                }
            }
        }
    }
}
