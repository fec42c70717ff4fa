//! Rooms in which only moderators see addresses. Sessions that do not know who may see them are told of people without (`gate/veil.rs`).

use std::collections::HashSet;

use hubbub_gate::veil::Veil;
use hubbub_hub::{Change, Happening, Reply, RoomName, SessionKey, Whois};

use crate::worker::Worker;

/// So many are remembered before those without seats here are forgotten.
const MANY: usize = 1024;

/// Rooms of this kind that sessions of this worker have seats in.
#[derive(Debug, Default)]
pub(crate) struct Veils(HashSet<RoomName>);

impl<L: Default> Worker<L> {
    /// What happened in a room may say who sees addresses there from now on.
    pub(crate) fn note_veil(&mut self, room: &RoomName, what: &Happening) {
        if let Happening::Affair(affair) = what
            && let Change::Configured { is, .. } = &affair.what
        {
            self.veil_as(room, is.whois);
        }
    }

    fn veil_as(&mut self, room: &RoomName, whois: Whois) {
        let Veils(rooms) = &mut self.veils;
        if whois == Whois::Anyone {
            rooms.remove(room);
        } else if rooms.insert(room.clone()) && rooms.len() > MANY {
            rooms.retain(|other| other == room || self.seats.find(other).is_some());
        }
    }

    /// What happened, as those are told who do not see addresses; nothing where all do.
    pub(crate) fn veiled(&self, room: &RoomName, what: &[Happening]) -> Option<Vec<Happening>> {
        let Veils(rooms) = &self.veils;
        let hides = !rooms.is_empty() && rooms.contains(room);
        hides.then(|| Veil::over(room, &self.coder).happenings(what))
    }

    /// A reply as this session may see it.
    pub(crate) fn veil_reply(&mut self, session: SessionKey, room: &RoomName, reply: &mut Reply) {
        let whois = match reply {
            Reply::Joined(joined) => joined.whois,
            Reply::Presence(_, whois) => *whois,
            _ => return,
        };
        if matches!(reply, Reply::Joined(_)) {
            self.veil_as(room, whois);
        }
        if whois == Whois::Anyone || self.sees_addresses(session) {
            return;
        }
        let veil = Veil::over(room, &self.coder);
        match reply {
            Reply::Joined(joined) => veil.joined(joined),
            Reply::Presence(view, _) => veil.presence(view),
            _ => {}
        }
    }

    fn sees_addresses(&self, session: SessionKey) -> bool {
        let session = self.slot(session).and_then(|slot| slot.session.as_ref());
        session.is_some_and(|session| session.sees_addresses())
    }
}
