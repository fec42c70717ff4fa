//! `[[room]]`: what a room is like and who may do what there, by the pattern of its name.

use std::time::Duration;

use hubbub_hub::address::NameError;
use hubbub_hub::address::prepare_local;
use hubbub_hub::policy::Pattern;
use hubbub_hub::{LogKind, PresenceMode, Who};

use super::{Candidates, DAY, GIB};
use crate::land::{FromText, words};
use crate::section::Default::{Is, Unset};
use crate::section::section;
use crate::value::Kind;

const WHO: &str = "\"anyone\", \"guests\", \"users\", \"owner\" or \"@name\"";

section! {
    /// What the rooms of one name pattern are like. The file may have any number of these; the first that matches decides. What
    /// none of them matches has the defaults below.
    "room" RoomRule {
        /// The name, or a pattern with `*` for any run of characters. Inboxes (`@alice`) are matched only by patterns that begin
        /// with `@`. Every `[[room]]` must have one.
        r#match: String = Unset(r#""*""#), Kind::Text("a room's name or a pattern such as \"game-*\" or \"@*\"");
        /// Where the log is. `memory`: gone when the server ends. `durable`: on disk, and a message is acknowledged
        /// when it is there; needs `server.data`. `auto`: durable if `server.data` is set.
        log: Log = Is(r#""auto""#), Kind::Choice(Log::WORDS);
        /// Most messages kept; the oldest go first.
        history_count: u64 = Is("1000"), Kind::Count("messages", 0, 1_000_000_000);
        /// How long a message is kept.
        history_age: Duration = Is("\"7 d\""), Kind::Time(0, 36_500 * DAY);
        /// Most bytes kept; the oldest messages go first.
        history_bytes: u64 = Is("\"16 MiB\""), Kind::Bytes(0, 1024 * GIB);
        /// How the room tells who is there: by name, by number (at most once a second), or not at all.
        /// Inboxes: `off`.
        presence: ShowPresence = Is(r#""list""#), Kind::Choice(ShowPresence::WORDS);
        /// Who may be there and see who is: `anyone` who was let in, `guests`, `users` (accounts and tokens), the
        /// `owner` of an inbox, or one user, `@name`. Inboxes: `["owner"]`.
        join: Vec<Who> = Is(r#"["anyone"]"#), Kind::Texts(WHO);
        /// Who may publish. Others get 403, and WebSockets that try are closed with 1008.
        publish: Vec<Who> = Is(r#"["anyone"]"#), Kind::Texts(WHO);
        /// Who may read. Inboxes: `["owner"]`.
        read: Vec<Who> = Is(r#"["anyone"]"#), Kind::Texts(WHO);
        /// Who owns it, whatever its affairs say, and so decides who else does: written as in `join`. The server always does, and
        /// everybody owns his inbox.
        owners: Vec<Who> = Is("[]"), Kind::Texts(WHO);
        /// Whether an account that comes first into a room in which nothing has ever been may claim it. Only XMPP clients do.
        creator_owns: bool = Is("true"), Kind::Switch;
        /// Whether those who are there may send [signals](signals.md) to each other's sessions, as calls need. No application sees them.
        signals: bool = Is("true"), Kind::Switch;
        /// Which ICE candidates pass in signals. `relay`: nobody's own address is told to others by signals, and calls go through a TURN
        /// server or not at all ([signals.md](signals.md#addresses-that-nobody-is-to-know)).
        candidates: Candidates = Is(r#""all""#), Kind::Choice(Candidates::WORDS);
        /// The application behind it: the `name` of a `[[webhook]]`.
        webhook: Option<String> = Unset(r#""app""#), Kind::Text("the name of a [[webhook]]");
    }
}

impl RoomRule {
    /// What holds for inboxes instead of the defaults of rooms: they are their owner's.
    pub(crate) fn close_as_inbox(&mut self) {
        self.presence = ShowPresence::Off;
        self.join = vec![Who::Owner];
        self.read = vec![Who::Owner];
    }

    /// The pattern of the names.
    ///
    /// # Errors
    /// No room can have such a name; loading a configuration checks that.
    pub fn pattern(&self) -> Result<Pattern, NameError> {
        Pattern::parse(&self.r#match)
    }
}

words! {
    /// Where a room's log is.
    Log {
        /// On disk if there is a folder for it, else in memory.
        Auto = "auto",
        /// In memory.
        Memory = "memory",
        /// On disk.
        Durable = "durable",
    }
}

impl Log {
    /// Where it is, `with_data` or without a folder.
    pub(crate) fn kind(self, with_data: bool) -> LogKind {
        match self {
            Self::Auto if with_data => LogKind::Durable,
            Self::Auto | Self::Memory => LogKind::Memory,
            Self::Durable => LogKind::Durable,
        }
    }
}

words! {
    /// How a room tells who is there.
    ShowPresence {
        /// By name.
        List = "list",
        /// By number.
        Count = "count",
        /// Not at all.
        Off = "off",
    }
}

impl From<ShowPresence> for PresenceMode {
    fn from(show: ShowPresence) -> Self {
        match show {
            ShowPresence::List => Self::List,
            ShowPresence::Count => Self::Count,
            ShowPresence::Off => Self::Off,
        }
    }
}

impl FromText for Who {
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "anyone" => Ok(Self::Anyone),
            "guests" => Ok(Self::Guests),
            "users" => Ok(Self::Users),
            "owner" => Ok(Self::Owner),
            _ => match text.strip_prefix('@') {
                Some(name) => prepare_local(name)
                    .map(Self::User)
                    .map_err(|why| format!("\"{text}\" is not a user: {why}")),
                None => Err(format!("\"{text}\" is nobody we know; write {WHO}")),
            },
        }
    }

    fn blank() -> Self {
        Self::Anyone
    }
}
