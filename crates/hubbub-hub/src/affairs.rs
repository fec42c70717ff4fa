//! A room's affairs: what people are to it, what they may do there, and how it is set up.
//!
//! What somebody is to a room (his [`Affiliation`]) lasts; what he may do while he is there (his [`Role`]) goes with him. The
//! model is that of XEP-0045 §5, the richest of the protocols, and holds for all.

mod config;
mod record;
mod rules;
mod told;

pub use config::{Password, RoomConfig, Whois};
pub use record::{Destroyed, Subject};
pub use told::{Affair, AffairsSnapshot, Change, Govern, Removal};

pub(crate) use record::Affairs;
pub(crate) use rules::{Standing, check_config, default_role, may_set_affiliation, may_set_role, role_after};

/// What somebody is to a room, by his bare address. Each can do what those before it can, but for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Affiliation {
    /// Banned.
    Outcast,
    /// Nothing in particular.
    #[default]
    None,
    /// May come into rooms that are for members only.
    Member,
    /// Decides about those before him.
    Admin,
    /// Decides about everything.
    Owner,
}

impl Affiliation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Outcast, Self::None, Self::Member, Self::Admin, Self::Owner];

    /// Its word, the same in XEP-0045.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Outcast => "outcast",
            Self::None => "none",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The affiliation of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// What somebody may do while he is in a room. Each can do what those before it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Role {
    /// He is not there (any more).
    #[default]
    None,
    /// May listen.
    Visitor,
    /// May speak.
    Participant,
    /// May give others a voice, take it from them, and put them out.
    Moderator,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Visitor, Self::Participant, Self::Moderator];

    /// Its word, the same in XEP-0045.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Visitor => "visitor",
            Self::Participant => "participant",
            Self::Moderator => "moderator",
        }
    }

    /// The role of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}
