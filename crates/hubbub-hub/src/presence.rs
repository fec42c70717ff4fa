//! Who is in a room.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::address::UserAddress;
use crate::affairs::{Affiliation, Role};
use crate::command::{Refusal, SessionKey};
use crate::event::{Carried, Sender};
use crate::identity::{Identity, IdentityKind};
use crate::names::{self, Names};
use crate::policy::PresenceMode;
use crate::signal::{Heard, HeardPace, Hears};

/// Somebody came, went, or is there otherwise than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceChange {
    /// Who, as he is now or was last, and what changed; `None` where the room only counts.
    pub who: Option<(Person, Movement)>,
    /// How many people are there now.
    pub count: usize,
}

/// What changed about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Movement {
    /// His first session came in.
    Join,
    /// His last session left.
    Leave,
    /// He is called otherwise now.
    Rename {
        /// What he was called until now.
        former: Arc<str>,
    },
    /// His status is another.
    Show,
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
    /// Who, by the name that nobody else has here.
    pub who: Sender,
    /// By how many sessions.
    pub sessions: usize,
    /// Since when, in milliseconds since 1970.
    pub since_unix_ms: u64,
    /// How he is there, as one of his sessions last said it.
    pub status: Option<Carried>,
    /// What he is to the room.
    pub affiliation: Affiliation,
    /// What he may do there.
    pub role: Role,
    /// Nobody vouches for him: whoever takes his name is taken for him.
    pub guest: bool,
}

/// Everybody in one room. People are counted, not connections.
#[derive(Debug, Default)]
pub(crate) struct Occupants {
    sessions: HashMap<Place, Seated>,
    people: HashMap<UserAddress, Inside>,
    names: Names,
    /// The list as last shown; joins of many readers in a row share it.
    shown: Option<Arc<[Person]>>,
    /// Count-only rooms tell a change at most once a second.
    pub(crate) count_told: usize,
}

/// A place, as the room knows it.
#[derive(Debug)]
struct Seated {
    user: UserAddress,
    hears: Hears,
    heard: Heard,
}

/// Somebody who is there, and the places that make him be.
#[derive(Debug)]
struct Inside {
    person: Person,
    places: Vec<Place>,
}

/// Somebody who comes in.
pub(crate) struct Entry<'a> {
    pub(crate) who: &'a Identity,
    /// What he wishes to be called.
    pub(crate) nick: Option<&'a Arc<str>>,
    pub(crate) status: Option<&'a Carried>,
    pub(crate) affiliation: Affiliation,
    pub(crate) role: Role,
    pub(crate) unix_ms: u64,
    /// How signals reach him by this place.
    pub(crate) hears: &'a Hears,
}

impl Entry<'_> {
    fn person(&self, name: Arc<str>) -> Person {
        Person {
            who: Sender { user: self.who.user.clone(), name },
            sessions: 0,
            since_unix_ms: self.unix_ms,
            status: self.status.cloned(),
            affiliation: self.affiliation,
            role: self.role,
            guest: self.who.kind == IdentityKind::Guest,
        }
    }
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
    /// Adds a place. Gives the person if he is new here. A place is one person's: a session that comes in again as somebody else
    /// stays who it was, or nobody would be there to go; and a person has one name, whatever his later sessions wish for.
    pub(crate) fn enter(&mut self, place: Place, entry: &Entry<'_>) -> Result<Option<Person>, Refusal> {
        if let Some(seated) = self.sessions.get_mut(&place) {
            if seated.user == entry.who.user {
                seated.hears.clone_from(entry.hears);
            }
            return Ok(None);
        }
        let user = &entry.who.user;
        if !self.people.contains_key(user) {
            let name = self.name_for(entry.who, entry.nick)?;
            self.names.give(&name, user);
            let places = Vec::with_capacity(1);
            self.people.insert(user.clone(), Inside { person: entry.person(name), places });
        }
        self.sessions.insert(
            place.clone(),
            Seated { user: user.clone(), hears: entry.hears.clone(), heard: Heard::default() },
        );
        self.shown = None;
        let inside = self.people.get_mut(user).expect("he was there or has just been added");
        inside.places.push(place);
        inside.person.sessions = inside.places.len();
        Ok((inside.places.len() == 1).then(|| inside.person.clone()))
    }

    fn name_for(&self, who: &Identity, nick: Option<&Arc<str>>) -> Result<Arc<str>, Refusal> {
        let Some(nick) = nick else { return Ok(self.name_unasked(who)) };
        let name = names::wished(nick)?;
        if self.names.is_taken(&name, &who.user) { Err(Refusal::NameTaken) } else { Ok(name) }
    }

    /// What somebody is called who does not say: by the name that is kept for him, or by his own or one like it.
    fn name_unasked(&self, who: &Identity) -> Arc<str> {
        let kept = self.names.kept_for(&who.user).cloned();
        kept.unwrap_or_else(|| self.names.free(&who.name, &who.user))
    }

    /// These names are kept for people from now on, and no others.
    pub(crate) fn keep_names(&mut self, names: &BTreeMap<UserAddress, Arc<str>>) {
        self.names.keep(names);
    }

    /// Whether this name cannot be kept for `user`: somebody else is called so, or it is kept for somebody else.
    pub(crate) fn is_taken(&self, name: &str, user: &UserAddress) -> bool {
        self.names.is_taken(name, user)
    }

    /// Somebody is called `nick` from now on. Gives him, and what he was called.
    pub(crate) fn rename(&mut self, place: &Place, nick: &Arc<str>) -> Result<(Person, Arc<str>), Refusal> {
        let user = &self.sessions.get(place).ok_or(Refusal::NotThere)?.user;
        let name = names::wished(nick)?;
        if self.names.is_taken(&name, user) {
            return Err(Refusal::NameTaken);
        }
        let person = &mut self.people.get_mut(user).ok_or(Refusal::NotThere)?.person;
        self.names.take(&person.who.name);
        self.names.give(&name, user);
        self.shown = None;
        let former = std::mem::replace(&mut person.who.name, name);
        Ok((person.clone(), former))
    }

    /// Somebody has this status from now on. Gives him if that is new.
    pub(crate) fn show(
        &mut self,
        place: &Place,
        status: Option<&Carried>,
    ) -> Result<Option<Person>, Refusal> {
        let inside = self.sessions.get(place).and_then(|seated| self.people.get_mut(&seated.user));
        let person = &mut inside.ok_or(Refusal::NotThere)?.person;
        if person.status.as_ref() == status {
            return Ok(None);
        }
        self.shown = None;
        person.status = status.cloned();
        Ok(Some(person.clone()))
    }

    /// A place is called otherwise from now on.
    pub(crate) fn move_place(&mut self, former: &Place, place: Place) {
        let Some(seated) = self.sessions.remove(former) else { return };
        if let Some(inside) = self.people.get_mut(&seated.user) {
            inside.places.retain(|other| other != former && *other != place);
            inside.places.push(place.clone());
        }
        self.sessions.insert(place, seated);
    }

    /// Takes a place away. Gives the person if that was the last one.
    pub(crate) fn exit(&mut self, place: &Place) -> Option<Person> {
        let Seated { user, .. } = self.sessions.remove(place)?;
        self.shown = None;
        let inside = self.people.get_mut(&user)?;
        if let Some(at) = inside.places.iter().position(|other| other == place) {
            inside.places.remove(at);
        }
        inside.person.sessions = inside.places.len();
        if !inside.places.is_empty() {
            return None;
        }
        let Inside { mut person, .. } = self.people.remove(&user)?;
        self.names.take(&person.who.name);
        person.sessions = 0;
        Some(person)
    }

    /// Who is at this place.
    pub(crate) fn at(&self, place: &Place) -> Option<&Person> {
        self.person(&self.sessions.get(place)?.user)
    }

    /// This user, if he is here.
    pub(crate) fn person(&self, user: &UserAddress) -> Option<&Person> {
        self.people.get(user).map(|inside| &inside.person)
    }

    /// Who is called so.
    pub(crate) fn called(&self, name: &str) -> Option<&Person> {
        self.person(self.names.owner(name)?)
    }

    /// Somebody who is here stands so from now on. Gives him.
    pub(crate) fn set_standing(
        &mut self,
        user: &UserAddress,
        affiliation: Affiliation,
        role: Role,
    ) -> Option<Person> {
        self.shown = None;
        let person = &mut self.people.get_mut(user)?.person;
        (person.affiliation, person.role) = (affiliation, role);
        Some(person.clone())
    }

    /// The places that make this user present, in the order in which he took them.
    pub(crate) fn places_of(&self, user: &UserAddress) -> &[Place] {
        self.people.get(user).map_or(&[], |inside| &inside.places)
    }

    /// How signals reach whoever is at this place; nothing if nobody is.
    pub(crate) fn hears(&self, place: &Place) -> Option<&Hears> {
        self.sessions.get(place).map(|seated| &seated.hears)
    }

    /// Counts a signal of so many bytes to whoever is at this place, if he may be told it now.
    pub(crate) fn may_hear(&mut self, place: &Place, bytes: usize, pace: HeardPace, now_ms: u64) -> bool {
        self.sessions.get_mut(place).is_some_and(|seated| seated.heard.tell(bytes, pace, now_ms))
    }

    /// Everybody, in the order in which they came.
    pub(crate) fn everybody(&mut self) -> Arc<[Person]> {
        self.list()
    }

    /// As whom `who` speaks: by the name he has here, or by his own or one like it that nobody has who is here.
    pub(crate) fn sender(&self, who: &Identity) -> Sender {
        match self.people.get(&who.user) {
            Some(Inside { person, .. }) => person.who.clone(),
            None => Sender { user: who.user.clone(), name: self.name_unasked(who) },
        }
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
        let mut list: Vec<_> = self.people.values().map(|inside| inside.person.clone()).collect();
        list.sort_by(|a, b| (a.since_unix_ms, &a.who.user).cmp(&(b.since_unix_ms, &b.who.user)));
        let list: Arc<[Person]> = list.into();
        self.shown = Some(list.clone());
        list
    }
}
