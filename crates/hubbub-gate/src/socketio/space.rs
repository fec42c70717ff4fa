//! One namespace of a connection: a socket, in the words of Socket.IO.

use std::sync::Arc;

use hubbub_hub::{Identity, RoomName, SessionName};

use super::auth::Auth;
use super::recovery::Former;
use crate::listening::Listening;

/// Names a namespace of a connection.
pub(super) type Number = u32;

/// A namespace that a client is in, or wants to be in.
pub(super) struct Space {
    pub(super) number: Number,
    /// As the client writes it.
    pub(super) namespace: Box<str>,
    /// The room of that name; none for `/`.
    pub(super) room: Option<RoomName>,
    pub(super) stage: Stage,
    /// As whom, once that is settled.
    pub(super) who: Option<Arc<Identity>>,
    /// What its socket is called, once it is settled who it is.
    pub(super) name: Option<SessionName>,
    /// The room, or in `/` all that were joined.
    pub(super) listening: Vec<Listening>,
    /// When the identity ends, in process time.
    pub(super) expires: u64,
}

/// How far a client is with a namespace.
pub(super) enum Stage {
    /// Who it is, or whether it may come in, is not settled yet.
    Asking(Box<Asking>),
    /// Its rooms are being looked at.
    Joining(Box<Joining>),
    /// It is in.
    Connected,
}

/// What is asked before anything else.
pub(super) struct Asking {
    pub(super) auth: Auth,
    /// The account whose password is being checked.
    pub(super) account: String,
    /// Until when.
    pub(super) by: u64,
}

/// What is wanted of the rooms.
pub(super) struct Joining {
    /// The session to be restored, as long as that is possible.
    pub(super) former: Option<Former>,
    /// A session was to be restored.
    pub(super) resumes: bool,
    /// Where to begin otherwise.
    pub(super) start: hubbub_hub::Start,
    /// Until when.
    pub(super) by: u64,
}

impl Space {
    /// When something about it is due, in process time.
    pub(super) fn due(&self) -> u64 {
        match &self.stage {
            Stage::Asking(asking) => asking.by,
            Stage::Joining(joining) => joining.by,
            Stage::Connected => self.expires,
        }
    }

    /// Whether this is the namespace `/`.
    pub(super) fn is_main(&self) -> bool {
        self.room.is_none()
    }
}
