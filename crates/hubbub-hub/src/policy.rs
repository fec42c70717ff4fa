//! What a room is like and who may do what there, by the pattern of its name.

use std::str::FromStr;
use std::sync::Arc;

use crate::address::{NameError, RoomName, prepare_part};
use crate::command::{Command, Stay};
use crate::hook::Hook;
use crate::identity::{Identity, IdentityKind};

/// A room name, or one with `*` for any run of characters: `game-*`, `@*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern `text`. What stands between its stars is prepared as room names are, so `Staff Room` matches the room
    /// of that name however it is written.
    ///
    /// # Errors
    /// No room can have such a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (sigil, rest) = text.strip_prefix('@').map_or(("", text), |rest| ("@", rest));
        let parts: Result<Vec<_>, _> = rest.split('*').map(prepare_part).collect();
        let pattern = format!("{sigil}{}", parts?.join("*"));
        if pattern.is_empty() { Err(NameError::Empty) } else { Ok(Self(pattern)) }
    }

    /// Whether `room` matches. Inboxes are matched only by patterns that begin with `@`, so that `*` never opens them.
    #[must_use]
    pub fn matches(&self, room: &RoomName) -> bool {
        let inbox = room.inbox_owner().is_some();
        inbox == self.0.starts_with('@') && matches_glob(&self.0, room.as_str())
    }
}

/// Whether `text` matches `pattern`, where `*` stands for any run. Linear: the parts are found from left to right.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

/// What somebody may want in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Be there, and see who is.
    Join,
    /// Say something.
    Publish,
    /// Read what is and was said.
    Read,
}

impl FromStr for Right {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "join" => Ok(Self::Join),
            "publish" => Ok(Self::Publish),
            "read" => Ok(Self::Read),
            _ => Err(()),
        }
    }
}

/// Whom a rule lets do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Everybody who was let in.
    Anyone,
    /// Guests.
    Guests,
    /// Accounts and holders of tokens.
    Users,
    /// The owner of the inbox.
    Owner,
    /// One user, by the prepared localpart.
    User(String),
}

impl Who {
    fn includes(&self, who: &Identity, room: &RoomName) -> bool {
        let guest = who.kind == IdentityKind::Guest;
        match self {
            Self::Anyone => true,
            Self::Guests => guest,
            Self::Users => !guest,
            Self::Owner => who.owns(room),
            Self::User(local) => !guest && who.user.local() == local,
        }
    }
}

/// How a room tells who is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceMode {
    /// By name, with joins and leaves as they happen.
    List,
    /// How many, told at most once a second.
    Count,
    /// Not at all.
    Off,
}

/// Where a room's log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKind {
    /// Gone with the process.
    Memory,
    /// On disk: acknowledged means kept.
    Durable,
}

/// How much history is kept. Each limit holds; the oldest goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Messages.
    pub count: u64,
    /// Bytes, counted by [`crate::Event::weight`].
    pub bytes: u64,
    /// Milliseconds; `u64::MAX` for ever.
    pub age_ms: u64,
}

/// What a room is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomPolicy {
    /// Where its log is.
    pub log: LogKind,
    /// How much of it is kept.
    pub keep: Keep,
    /// How it tells who is there.
    pub presence: PresenceMode,
    /// Who may be there.
    pub join: Vec<Who>,
    /// Who may say something.
    pub publish: Vec<Who>,
    /// Who may read.
    pub read: Vec<Who>,
    /// The application behind it.
    pub hook: Option<Hook>,
    /// Who owns it, whatever its affairs say.
    pub owners: Vec<Who>,
    /// Whether an account that is first in a new room may claim it.
    pub creator_owns: bool,
    /// Whether those who are there may send each other's sessions signals.
    pub signals: bool,
}

impl RoomPolicy {
    /// The right that `who` lacks to do this. Being seen takes the right to join; reading takes the right to read.
    pub(crate) fn missing(&self, who: &Identity, command: &Command, room: &RoomName) -> Option<Right> {
        let needs: &[Right] = match command {
            Command::Join { stay: Stay::Seated, .. } => &[Right::Join, Right::Read],
            Command::Join { .. } | Command::Archive(_) => &[Right::Read],
            Command::Publish { .. } | Command::Pass { .. } => &[Right::Publish],
            // What is decided about the room is its affairs' matter; seeing them takes being let near.
            Command::Presence | Command::Govern(_) => &[Right::Join],
            // Whoever may not be there has no name to change and nothing to show.
            Command::Rename { .. } | Command::Show { .. } | Command::WhoIs { .. } | Command::Signal(_) => &[],
            Command::Leave
            | Command::Part { .. }
            | Command::GoOn
            | Command::Succeed { .. }
            | Command::File { .. }
            | Command::Emit(_) => &[],
        };
        needs.iter().copied().find(|right| !self.allows(who, *right, room))
    }

    /// Whether the policy makes `who` an owner of `room`: the server is one everywhere, and everybody of his inbox.
    pub(crate) fn makes_owner(&self, who: &Identity, room: &RoomName) -> bool {
        let server = who.kind == IdentityKind::Server;
        server || who.owns(room) || self.owners.iter().any(|whom| whom.includes(who, room))
    }

    /// Whether `who` has `right` in `room`: by the grants of his token if it has any, else by the rule.
    #[must_use]
    pub fn allows(&self, who: &Identity, right: Right, room: &RoomName) -> bool {
        if who.kind == IdentityKind::Server {
            return true;
        }
        if let Some(grants) = &who.grants {
            return grants.allow(room, right) || (room.inbox_owner().is_some() && who.owns(room));
        }
        let rule = match right {
            Right::Join => &self.join,
            Right::Publish => &self.publish,
            Right::Read => &self.read,
        };
        rule.iter().any(|whom| whom.includes(who, room))
    }
}

/// All policies, in order of precedence: the first whose pattern matches decides.
#[derive(Debug, Clone)]
pub struct Policies {
    rules: Vec<(Pattern, Arc<RoomPolicy>)>,
    room: Arc<RoomPolicy>,
    inbox: Arc<RoomPolicy>,
}

impl Policies {
    /// `rules` by pattern; `room` and `inbox` for the rooms and inboxes that none of them matches.
    #[must_use]
    pub fn new(rules: Vec<(Pattern, RoomPolicy)>, room: RoomPolicy, inbox: RoomPolicy) -> Self {
        let rules = rules.into_iter().map(|(pattern, policy)| (pattern, Arc::new(policy))).collect();
        Self { rules, room: Arc::new(room), inbox: Arc::new(inbox) }
    }

    /// The policy for `room`.
    #[must_use]
    pub fn of(&self, room: &RoomName) -> &Arc<RoomPolicy> {
        let fallback = if room.inbox_owner().is_some() { &self.inbox } else { &self.room };
        self.rules.iter().find(|(pattern, _)| pattern.matches(room)).map_or(fallback, |(_, policy)| policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, room: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(&RoomName::parse(room).unwrap())
    }

    #[test]
    fn patterns() {
        assert!(matches("lobby", "Lobby"));
        assert!(matches("*", "anything"));
        assert!(matches("game-*", "game-"));
        assert!(
            matches("Staff Room", "staff room")
                && matches("staff *", "Staff Room 2")
                && matches("Straße", "STRASSE")
        );
        assert!(Pattern::parse("a\u{0}*").is_err() && Pattern::parse("").is_err());
        assert!(matches("*-*-end", "a-b-end"));
        assert!(matches("a*b*c", "a-b-b-c"));
        assert!(!matches("a*a", "a"));
        assert!(!matches("game-*", "lobby"));
        assert!(!matches("a*b", "ab-"));
    }

    #[test]
    fn a_star_never_opens_an_inbox() {
        assert!(!matches("*", "@alice"));
        assert!(matches("@*", "@alice"));
        assert!(!matches("@*", "alice"));
    }
}
