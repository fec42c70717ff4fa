//! Who is called what: sessions by their public names, wherever they live, and the sessions of a user on this worker.
//!
//! A name's home is one worker, as a room's is; whoever looks for a session by name writes there. Keys need no looking up.

use std::sync::Arc;

use hubbub_gate::session::Act;
use hubbub_hub::{Identity, RoomName, SessionKey, SessionName, Target, WorkerId};

use crate::actions::Order;
use crate::mail::Mail;
use crate::worker::Worker;

impl<L: Default> Worker<L> {
    /// The session here goes by this name from now on.
    pub(crate) fn name(&mut self, slot: u32, name: SessionName, who: &Arc<Identity>) {
        let Some(key) = self.key_at(slot) else { return };
        self.unname(slot);
        self.be_known(slot, who);
        if let Some(place) = self.slots.get_mut(slot as usize) {
            place.name = Some(name.clone());
        }
        self.names.insert(name.clone(), slot);
        self.mail(self.home_of_name(&name), Mail::Named(name, key));
    }

    /// Actions for this user reach the session here.
    pub(crate) fn be_known(&mut self, slot: u32, who: &Arc<Identity>) {
        let Some(place) = self.slots.get_mut(slot as usize).filter(|place| place.who.is_none()) else {
            return;
        };
        place.who = Some(who.clone());
        self.users.entry(who.user.clone()).or_default().push(slot);
    }

    /// The session is over: nobody finds it any more.
    pub(crate) fn be_forgotten(&mut self, slot: u32) {
        self.unname(slot);
        self.be_unknown(slot);
    }

    /// Actions for its user do not reach the session any more.
    pub(crate) fn be_unknown(&mut self, slot: u32) {
        let Some(who) = self.slots.get_mut(slot as usize).and_then(|place| place.who.take()) else { return };
        let Some(slots) = self.users.get_mut(&who.user) else { return };
        slots.retain(|other| *other != slot);
        if slots.is_empty() {
            self.users.remove(&who.user);
        }
    }

    fn unname(&mut self, slot: u32) {
        let Some(key) = self.key_at(slot) else { return };
        let Some(name) = self.slots.get_mut(slot as usize).and_then(|place| place.name.take()) else {
            return;
        };
        if self.names.get(&name) == Some(&slot) {
            self.names.remove(&name);
        }
        self.mail(self.home_of_name(&name), Mail::Unnamed(name, key));
    }

    /// At the name's home: it is that session's now. Whoever had it is told to go.
    pub(crate) fn named(&mut self, name: SessionName, key: SessionKey) {
        let former = self.directory.insert(name, key).filter(|former| *former != key);
        if let Some(former) = former {
            let order = Order { to: Target::Session(former.into()), act: Act::TakenOver, report: None };
            self.mail(former.worker, Mail::Order(order));
        }
    }

    /// At the name's home: that session does not have it any more.
    pub(crate) fn unnamed(&mut self, name: &SessionName, key: SessionKey) {
        if self.directory.get(name) == Some(&key) {
            self.directory.remove(name);
        }
    }

    /// The worker that knows where the session of this name is.
    pub(crate) fn who_knows(&self, name: &SessionName) -> WorkerId {
        let by_key = name.key().map(|key| key.worker).filter(|worker| *worker < self.post.workers());
        by_key.unwrap_or_else(|| self.home_of_name(name))
    }

    /// The session of this name, asked of the worker that knows.
    pub(crate) fn find(&self, name: &SessionName) -> Option<SessionKey> {
        let by_key = name.key().filter(|key| key.worker == self.id);
        by_key.or_else(|| self.directory.get(name).copied())
    }

    fn home_of_name(&self, name: &SessionName) -> WorkerId {
        self.home_by(hubbub_hub::address::spread(name.as_str()))
    }

    pub(crate) fn home_of(&self, room: &RoomName) -> WorkerId {
        self.home_by(room.spread())
    }

    fn home_by(&self, spread: u64) -> WorkerId {
        let workers = u64::from(self.post.workers());
        WorkerId::try_from(spread % workers).expect("a remainder of a WorkerId fits in one")
    }
}
