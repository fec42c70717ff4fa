//! What an address of this server stands for.

use hubbub_hub::RoomName;
use hubbub_xmpp::jid::Jid;

/// Whom a stanza is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The server itself.
    Server,
    /// Somebody: an account or a guest, or one of his resources.
    Person,
    /// The service of rooms.
    Rooms,
    /// One room, or somebody in it.
    Room(RoomName),
    /// A name that no room here can have.
    NoRoom,
    /// Another server.
    Elsewhere,
}

impl Place {
    /// Where `jid` is, seen from the server of `domain`.
    pub(super) fn of(jid: &Jid, domain: &str) -> Self {
        let host = jid.domain();
        if host == domain {
            return if jid.local().is_some() { Self::Person } else { Self::Server };
        }
        match (host.strip_suffix(domain).and_then(|host| host.strip_suffix('.')), jid.local()) {
            (Some("guest"), Some(_)) => Self::Person,
            (Some("rooms"), None) => Self::Rooms,
            (Some("rooms"), Some(local)) => RoomName::from_localpart(local).map_or(Self::NoRoom, Self::Room),
            _ => Self::Elsewhere,
        }
    }
}
