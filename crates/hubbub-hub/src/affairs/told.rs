//! What is asked about a room's affairs, and what is told of them.

use std::sync::Arc;

use super::{Affiliation, Destroyed, Role, RoomConfig, Subject};
use crate::address::UserAddress;
use crate::event::Sender;
use crate::presence::Person;

/// Something about a room's affairs that somebody asks for.
#[derive(Debug, Clone)]
pub enum Govern {
    /// How do they stand?
    Affairs,
    /// Make somebody something to the room, whether he is there or not.
    SetAffiliation {
        /// Whom.
        who: UserAddress,
        /// What. [`Affiliation::Outcast`] puts him out.
        affiliation: Affiliation,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// Keep this name for whoever asks: nobody else is called so in the room. Makes a member of whoever was nothing to it, where it is
    /// set up so; others must be members. Guests cannot (XEP-0045 §7.10).
    Register(Arc<str>),
    /// Keep no name for whoever asks, who is no member any more; admins and owners stay what they are.
    Unregister,
    /// Give somebody who is there another role.
    SetRole {
        /// Whom, by his name there.
        name: Arc<str>,
        /// Which. [`Role::None`] puts him out.
        role: Role,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// Set the room up so.
    Configure(RoomConfig),
    /// Say what is talked about, at most 4096 bytes. It is kept in the log as an event of the name
    /// [`crate::EventName::SUBJECT`], and answered as one: by [`crate::Reply::Published`].
    Subject(Arc<str>),
    /// The room that was just made is not wanted after all: it is as if it had never been. If anybody else is there or was, or anything was
    /// said or set, nothing happens.
    GiveUp,
    /// Close the room for good: everybody is put out, and only an owner can open it again.
    Destroy {
        /// Why.
        reason: Option<Arc<str>>,
        /// Where to go instead.
        alternate: Option<Arc<str>>,
    },
}

/// Something about a room's affairs that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affair {
    /// What.
    pub what: Change,
    /// Whose doing it was.
    pub by: Sender,
    /// Why.
    pub reason: Option<Arc<str>>,
    /// How many people are there now.
    pub count: usize,
    /// Whether the room tells who is there. If not, those who have no right to see that must not be told of people.
    pub listed: bool,
}

impl Affair {
    /// Who was put out, if somebody was.
    #[must_use]
    pub fn removed(&self) -> Option<(&Person, &Removal)> {
        match &self.what {
            Change::Removed(person, removal) => Some((person, removal)),
            _ => None,
        }
    }
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Somebody who is there has another affiliation or role: he as he is now.
    Standing(Person),
    /// Somebody is there no more: he as he was last, without a role.
    Removed(Person, Removal),
    /// Somebody who is not there is now this to the room.
    Affiliation(UserAddress, Affiliation),
    /// The room is set up otherwise.
    Configured {
        /// How it was, without its password.
        was: Box<RoomConfig>,
        /// How it is, without its password.
        is: Box<RoomConfig>,
    },
}

/// Why somebody was put out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// A moderator wanted it so.
    Kicked,
    /// He is an outcast now.
    Banned,
    /// He is no member any more, in a room for members only.
    NoMember,
    /// The room is for members only now.
    MembersOnly,
    /// The room is no more.
    Destroyed(Arc<Destroyed>),
}

/// How a room's affairs stand, as far as whoever asked may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffairsSnapshot {
    /// Somebody is there, has been, or has set something.
    pub exists: bool,
    /// How it is set up; with the password only for owners.
    pub config: RoomConfig,
    /// Whether there is a password.
    pub locked: bool,
    /// Whether it stays when nobody is there.
    pub lasting: bool,
    /// What people are to it, by address: all for admins and owners; in a room for members only, its members and those above them for
    /// members; nothing for others.
    pub affiliations: Vec<(UserAddress, Affiliation)>,
    /// What is talked about.
    pub subject: Option<Subject>,
    /// The room is closed.
    pub destroyed: Option<Arc<Destroyed>>,
    /// What whoever asked is to it.
    pub affiliation: Affiliation,
    /// The name that it keeps for him.
    pub registered: Option<Arc<str>>,
    /// Whether he may have it keep one.
    pub may_register: bool,
    /// The role that he has there, or would have.
    pub role: Role,
    /// How many people are there, if the room tells.
    pub people: Option<usize>,
}
