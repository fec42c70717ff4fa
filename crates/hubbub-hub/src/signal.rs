//! Signals: what one session tells another in the same room and nothing keeps, such as the offers, answers and candidates by which two
//! browsers find each other (WebRTC, JSEP, RFC 9429 §4.1). The hub does not look into them.

use std::sync::Arc;

use bytes::Bytes;

use crate::address::UserAddress;
use crate::event::Sender;

/// By which resource signals reach a session: the last part of its address, behind the user's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Hears {
    /// By none: it has no words for them.
    #[default]
    Nothing,
    /// By its key.
    ByKey,
    /// By a name of its own, such as the resource of an XMPP stream.
    ByName(Arc<str>),
}

/// To whom a signal goes: to those in the room who hear signals, and never to the session that sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalTo {
    /// To all of a user's sessions.
    User(UserAddress),
    /// To one session, by its resource.
    Session(UserAddress, Arc<str>),
    /// To all sessions of whoever is called so in the room.
    Named(Arc<str>),
}

/// A signal that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// To whom.
    pub to: SignalTo,
    /// What: JSON. `None`: nobody is told, because nothing is left of it that may be; whoever sends it is answered as for any other.
    pub body: Option<Bytes>,
}

/// A signal that somebody hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signalled {
    /// Whose.
    pub from: Sender,
    /// Which of his sessions', unless the room hides who people are: then he is known by his name there alone.
    pub resource: Option<Arc<str>>,
    /// What: JSON.
    pub body: Bytes,
}
