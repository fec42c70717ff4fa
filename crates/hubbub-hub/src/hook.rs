//! The application behind a room: what it is asked and told, what it may answer, and what it may want done.
//!
//! All of it is data and knows no transport: asking is somebody else's work (`hubbub-webhook`).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;

use crate::address::{RoomName, UserAddress};
use crate::command::{Refusal, SessionKey};
use crate::event::Body;
use crate::id::MessageId;
use crate::identity::Identity;

/// The name of an application, as the settings have it. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookName(Arc<str>);

impl HookName {
    /// The application called `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an application is asked about or told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookKind {
    /// A session comes in by a connection of its own.
    Connect,
    /// A session comes into a further room, or somebody polls.
    Join,
    /// Somebody who came in with the application's knowledge is gone. Told, never refused.
    Leave,
    /// Somebody says something.
    Event,
}

impl HookKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Connect, Self::Join, Self::Leave, Self::Event];

    /// Its word in settings and requests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Event => "event",
        }
    }
}

/// The application behind a room, and which kinds it wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Which.
    pub name: HookName,
    /// What it subscribes.
    pub kinds: Vec<HookKind>,
}

impl Hook {
    /// Whether it wants to hear of `kind`.
    #[must_use]
    pub fn wants(&self, kind: HookKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// As what an application hears of somebody who comes in, `alone` by a connection of his own: as `connect`, else as `join`,
    /// as far as it subscribes them.
    #[must_use]
    pub fn coming_in(&self, alone: bool) -> Option<HookKind> {
        let connects = alone && self.wants(HookKind::Connect);
        if connects { Some(HookKind::Connect) } else { Some(HookKind::Join).filter(|kind| self.wants(*kind)) }
    }
}

/// One question to an application, or one thing it is told.
#[derive(Debug, Clone)]
pub struct HookAsk {
    /// Its own id, the same however often it is delivered.
    pub id: MessageId,
    /// Who is asked.
    pub hook: HookName,
    /// About what.
    pub kind: HookKind,
    /// When, in milliseconds since 1970.
    pub unix_ms: u64,
    /// Where, if it is about a room.
    pub room: Option<RoomName>,
    /// Whose doing it is.
    pub who: Arc<Identity>,
    /// By which session.
    pub session: SessionKey,
    /// The session's public name, if it has one beside its key.
    pub label: Option<SessionName>,
    /// What was said.
    pub body: Option<Body>,
    /// What came with the connection.
    pub hello: Option<Arc<Hello>>,
}

impl HookAsk {
    /// The name under which actions reach the session.
    #[must_use]
    pub fn session_name(&self) -> SessionName {
        self.label.clone().unwrap_or_else(|| self.session.into())
    }
}

/// What a session said when it connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The protocol's name: `websocket`, `sse`, `socket.io`.
    pub protocol: &'static str,
    /// What it brought to say who it is, as JSON, where the protocol has such a thing.
    pub auth: Option<Bytes>,
}

impl Hello {
    /// A connection by `protocol` that said nothing more.
    #[must_use]
    pub fn by(protocol: &'static str) -> Arc<Self> {
        Arc::new(Self { protocol, auth: None })
    }
}

/// What becomes of a question: the application's verdict, or why there is none.
pub type HookAnswer = Result<Verdict, Refusal>;

/// What an application says to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// No, and why.
    pub refuse: Option<Arc<Refused>>,
    /// Yes, but with this instead of what was said.
    pub rewrite: Option<Body>,
    /// The result for whoever said it: a JSON array, the arguments of an acknowledgement.
    pub answer: Option<Bytes>,
    /// Whether the room hears of it.
    pub publish: bool,
    /// What else is to be done.
    pub actions: Vec<Action>,
}

impl Default for Verdict {
    /// Yes, and nothing else.
    fn default() -> Self {
        Self { refuse: None, rewrite: None, answer: None, publish: true, actions: Vec::new() }
    }
}

/// An application's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// For people.
    pub message: String,
    /// For programs: one JSON value.
    pub data: Option<Bytes>,
}

/// Something that an application wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Say something.
    Emit {
        /// To whom.
        to: Target,
        /// But not to these sessions.
        except: Vec<SessionName>,
        /// What.
        body: Body,
        /// Leave out receivers who have not read yet what they were sent before. Never kept.
        volatile: bool,
        /// Wait so many milliseconds for acknowledgements. Never kept.
        ack_ms: Option<u64>,
    },
    /// Bring a session into a room.
    Join {
        /// Which session.
        session: SessionName,
        /// Which room.
        room: RoomName,
    },
    /// Take a session out of a room.
    Leave {
        /// Which session.
        session: SessionName,
        /// Which room.
        room: RoomName,
    },
    /// End sessions.
    Disconnect {
        /// Whose.
        to: Target,
        /// What they are told.
        reason: Arc<str>,
    },
}

/// Whom an action is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Everybody in a room.
    Room(RoomName),
    /// One session.
    Session(SessionName),
    /// All sessions of one user.
    User(UserAddress),
    /// Everybody on the server.
    All,
}

/// What sessions are told by the application and no log keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emission {
    /// Where, if it is for a room.
    pub room: Option<RoomName>,
    /// What.
    pub body: Body,
    /// Leave out receivers who have not read yet what they were sent before.
    pub volatile: bool,
    /// Sessions that are not told.
    pub except: Vec<SessionName>,
}

/// A session's public name: what it registered, or its key in words. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionName(Arc<str>);

/// Most bytes of a session's name.
pub const SESSION_NAME_BYTES: usize = 64;

impl SessionName {
    /// Checks a name: 1 to 64 visible ASCII characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits =
            (1..=SESSION_NAME_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The session that this names by its key; other names are looked up.
    #[must_use]
    pub fn key(&self) -> Option<SessionKey> {
        self.0.parse().ok()
    }
}

impl From<SessionKey> for SessionName {
    fn from(key: SessionKey) -> Self {
        Self(key.to_string().into())
    }
}

/// `s0.12.34`: worker, place, generation.
impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}.{}.{}", self.worker, self.slot, self.generation)
    }
}

/// A text is no session's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session's key is written s0.12.34")]
pub struct NotAKey;

impl FromStr for SessionKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let mut parts = text.strip_prefix('s').ok_or(NotAKey)?.split('.');
        let mut next = || parts.next().filter(|part| part.bytes().all(|b| b.is_ascii_digit())).ok_or(NotAKey);
        let (worker, slot, generation) = (next()?, next()?, next()?);
        let key = Self {
            worker: worker.parse().map_err(|_| NotAKey)?,
            slot: slot.parse().map_err(|_| NotAKey)?,
            generation: generation.parse().map_err(|_| NotAKey)?,
        };
        // One session, one name: no leading zeros, nothing behind.
        if key.to_string() == text { Ok(key) } else { Err(NotAKey) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_and_read() {
        let key = SessionKey { worker: 3, slot: 12, generation: u32::MAX };
        assert_eq!(key.to_string(), "s3.12.4294967295");
        assert_eq!(SessionName::from(key).key(), Some(key));
        for text in ["", "s", "s1.2", "s1.2.3.4", "s01.2.3", "s1.2.+3", "1.2.3", "s1.2.4294967296", "s-1.2.3"]
        {
            assert_eq!(text.parse::<SessionKey>(), Err(NotAKey), "{text}");
        }
    }

    #[test]
    fn who_comes_in_is_heard_of_once() {
        let hook = |kinds: &[HookKind]| Hook { name: HookName::new("app"), kinds: kinds.to_vec() };
        let both = hook(&[HookKind::Connect, HookKind::Join]);
        assert_eq!(both.coming_in(true), Some(HookKind::Connect));
        assert_eq!(both.coming_in(false), Some(HookKind::Join));
        assert_eq!(hook(&[HookKind::Join]).coming_in(true), Some(HookKind::Join));
        assert_eq!(hook(&[HookKind::Connect]).coming_in(false), None);
        assert_eq!(hook(&[HookKind::Event]).coming_in(true), None);
    }
}
