//! Who is in a room.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::address::UserAddress;
use crate::command::SessionKey;
use crate::event::Sender;
use crate::identity::Identity;
use crate::policy::PresenceMode;

/// Somebody came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceChange {
    /// Who, and whether he came; `None` where the room only counts.
    pub who: Option<(Sender, Movement)>,
    /// How many people are there now.
    pub count: usize,
}

/// Which way somebody went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    /// His first session came in.
    Join,
    /// His last session left.
    Leave,
}

/// Who is there, as far as the room tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceView {
    /// The room does not tell.
    Off,
    /// So many people.
    Count(usize),
    /// These people, in the order in which they came.
    List(Arc<[Person]>),
}

/// One person who is there, by however many sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub who: Sender,
    /// By how many sessions.
    pub sessions: usize,
    /// Since when, in milliseconds since 1970.
    pub since_unix_ms: u64,
}

/// Everybody in one room. People are counted, not connections.
#[derive(Debug, Default)]
pub(crate) struct Occupants {
    sessions: HashMap<Place, UserAddress>,
    people: HashMap<UserAddress, Person>,
    /// The list as last shown; joins of many readers in a row share it.
    shown: Option<Arc<[Person]>>,
    /// Count-only rooms tell a change at most once a second.
    pub(crate) count_told: usize,
}

/// What makes somebody present.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// A session that lasts.
    Session(SessionKey),
    /// Polling, whatever sessions the requests make.
    Polling(UserAddress),
}

impl Occupants {
    /// Adds a place. Says whether the person is new here. A place is one person's: a session that comes in again as
    /// somebody else stays who it was, or nobody would be there to go.
    pub(crate) fn enter(&mut self, place: Place, who: &Identity, unix_ms: u64) -> bool {
        match self.sessions.entry(place) {
            Entry::Occupied(_) => return false,
            Entry::Vacant(empty) => empty.insert(who.user.clone()),
        };
        self.shown = None;
        let person = self.people.entry(who.user.clone()).or_insert_with(|| Person {
            who: who.sender(),
            sessions: 0,
            since_unix_ms: unix_ms,
        });
        person.sessions += 1;
        person.sessions == 1
    }

    /// A place is called otherwise from now on.
    pub(crate) fn rename(&mut self, former: &Place, place: Place) {
        if let Some(user) = self.sessions.remove(former) {
            self.sessions.insert(place, user);
        }
    }

    /// Takes a place away. Gives the person if that was the last one.
    pub(crate) fn exit(&mut self, place: &Place) -> Option<Sender> {
        let user = self.sessions.remove(place)?;
        self.shown = None;
        let person = self.people.get_mut(&user)?;
        person.sessions -= 1;
        if person.sessions > 0 {
            return None;
        }
        self.people.remove(&user).map(|person| person.who)
    }

    pub(crate) fn count(&self) -> usize {
        self.people.len()
    }

    /// What `mode` shows; a list longer than `most` is shown as a count.
    pub(crate) fn view(&mut self, mode: PresenceMode, most: usize) -> PresenceView {
        match mode {
            PresenceMode::Off => PresenceView::Off,
            PresenceMode::List if self.people.len() <= most => PresenceView::List(self.list()),
            PresenceMode::List | PresenceMode::Count => PresenceView::Count(self.people.len()),
        }
    }

    fn list(&mut self) -> Arc<[Person]> {
        if let Some(list) = &self.shown {
            return list.clone();
        }
        let mut list: Vec<_> = self.people.values().cloned().collect();
        list.sort_by(|a, b| (a.since_unix_ms, &a.who.user).cmp(&(b.since_unix_ms, &b.who.user)));
        let list: Arc<[Person]> = list.into();
        self.shown = Some(list.clone());
        list
    }
}
