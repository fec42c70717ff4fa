//! How a room is set up by its owners.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How a room is set up. What nobody has set is as [`RoomConfig::default`] has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomConfig {
    /// What it is called, at most 256 bytes; empty for its name.
    pub title: String,
    /// What it is about, at most 4096 bytes.
    pub description: String,
    /// In memory: stays, with its affairs, when nobody is there and its history has run out. A durable room always does.
    pub persistent: bool,
    /// Shown in lists of rooms to those who are not in it.
    pub public: bool,
    /// Only members may come in, read and speak.
    pub members_only: bool,
    /// Whoever is nothing to the room may not speak in it until a moderator lets him.
    pub moderated: bool,
    /// What those who come in must know, at most 256 bytes.
    pub password: Option<Password>,
    /// Who sees people's addresses, in protocols that can hide them.
    pub whois: Whois,
    /// Participants may change the subject.
    pub change_subject: bool,
    /// Participants may invite others.
    pub invites: bool,
    /// Whoever has an account may register, which makes him a member. Members may in any case.
    pub register: bool,
    /// Most people in it at once, not counting admins and owners.
    pub max_people: Option<u32>,
}

impl Default for RoomConfig {
    fn default() -> Self {
        Self {
            title: String::new(),
            description: String::new(),
            persistent: false,
            public: true,
            members_only: false,
            moderated: false,
            password: None,
            whois: Whois::Anyone,
            change_subject: true,
            invites: true,
            register: false,
            max_people: None,
        }
    }
}

/// Who sees people's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whois {
    /// Everybody.
    #[default]
    Anyone,
    /// Moderators.
    Moderators,
}

/// A room's password. Compared in constant time, wiped when dropped, never shown by `Debug`.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The password `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The password, for those who may see it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
