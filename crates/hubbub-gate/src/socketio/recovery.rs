//! Connection state recovery as the official client knows it: `pid` names what was, `offset` says how far the client got.
//!
//! The server keeps nothing for it. A `pid` is a sealed note of who the client is and what its socket was called; an offset is a
//! position in a room's log, and in the namespace `/`, where a client may be in many rooms, a position in each. So a session is restored
//! as long as the logs reach back, on any worker, and after a restart where they are on disk.

use hubbub_auth::Doorman;
use hubbub_hub::{Identity, IdentityKind, Now, Offset, RoomName};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Seals hold for one purpose.
const PURPOSE: &str = "socket.io recovery";

/// What a `pid` says.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    /// The namespace.
    ns: String,
    /// What the socket is called.
    sid: String,
    /// Who has it: the address, the name others see, and for guests whether it was chosen.
    user: String,
    name: String,
    guest: Option<bool>,
    /// When it first connected, in milliseconds since 1970.
    at: u64,
    /// Where the room stood then: for a client that has heard nothing yet.
    from: Option<String>,
}

/// A session that may be restored.
#[derive(Debug)]
pub(crate) struct Former {
    /// What the client calls it.
    pub(crate) pid: String,
    /// What the socket is called.
    pub(crate) sid: String,
    /// Whose it is.
    pub(crate) user: String,
    /// Where the room stood when it first connected.
    pub(crate) from: Option<Offset>,
    /// The guest whose it is: nobody else vouches for him.
    pub(crate) guest: Option<Arc<Identity>>,
}

/// A `pid` for a socket that has just connected, `from` this position in its room.
pub(crate) fn pid(
    ns: &str,
    sid: &str,
    who: &Identity,
    from: Option<Offset>,
    now: Now,
    doorman: &Doorman,
) -> Option<String> {
    let note = Note {
        ns: ns.to_owned(),
        sid: sid.to_owned(),
        user: who.user.as_str().to_owned(),
        name: (*who.name).to_owned(),
        guest: (who.kind == IdentityKind::Guest).then_some(who.named),
        at: now.unix_ms,
        from: from.map(|from| from.to_string()),
    };
    doorman.seal(PURPOSE, &serde_json::to_vec(&note).ok()?)
}

/// What a `pid` stands for, if it is one of ours for this namespace and not too old.
pub(crate) fn former(pid: &str, ns: &str, now: Now, lifetime_ms: u64, doorman: &Doorman) -> Option<Former> {
    let note: Note = serde_json::from_slice(&doorman.unseal(PURPOSE, pid)?).ok()?;
    if note.ns != ns || now.unix_ms > note.at.saturating_add(lifetime_ms) {
        return None;
    }
    let guest = note.guest.and_then(|named| doorman.guest_again(&note.user, &note.name, named));
    Some(Former {
        pid: pid.to_owned(),
        sid: note.sid,
        user: note.user,
        from: note.from.and_then(|from| from.parse().ok()),
        guest,
    })
}

/// The position of a client in several rooms: `lobby=17-4&staff%20room=17-9`.
pub(crate) fn vector<'a>(positions: impl Iterator<Item = (&'a RoomName, Offset)>) -> String {
    let mut text = String::new();
    for (room, at) in positions {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(utf8_percent_encode(&room.to_string(), NON_ALPHANUMERIC));
        text.push('=');
        text.push_str(&at.to_string());
    }
    text
}

/// The positions in a [`vector`], at most `most` of them; nothing if it is none.
pub(crate) fn positions(text: &str, most: usize) -> Option<Vec<(RoomName, Offset)>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let position = |pair: &str| {
        let (room, at) = pair.split_once('=')?;
        let room = RoomName::parse(&percent_decode_str(room).decode_utf8().ok()?).ok()?;
        Some((room, at.parse().ok()?))
    };
    let all: Vec<_> = text.split('&').take(most + 1).map(position).collect::<Option<_>>()?;
    let mut rooms: Vec<_> = all.iter().map(|(room, _)| room).collect();
    rooms.sort();
    let once = rooms.is_sorted_by(|one, other| one < other);
    (once && all.len() <= most).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_vector_of_positions_comes_back() {
        let rooms = [("lobby", 4), ("staff room", 9), ("a=b&c", 0), ("@ann", 1)];
        let rooms = rooms.map(|(name, seq)| (RoomName::parse(name).unwrap(), Offset::new(17, seq)));
        let text = vector(rooms.iter().map(|(room, at)| (room, *at)));
        assert_eq!(positions(&text, 4).unwrap(), rooms);
        assert_eq!(positions(&text, 3), None);
        assert_eq!(positions("", 3).unwrap(), []);
        assert_eq!(positions("lobby=1-2&Lobby=1-3", 3), None);
    }

    proptest! {
        #[test]
        fn anything_else_is_none(text in "\\PC{0,60}") {
            let _ = positions(&text, 8);
        }
    }
}
