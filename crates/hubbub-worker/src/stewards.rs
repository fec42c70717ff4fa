//! Stewards: sessions without links that keep something for a name, such as where a person's devices are.
//!
//! A name has one steward, on the worker that is the name's home. Whoever writes to a name that has none begins one; when it
//! has nothing more to keep, it ends like any session.

use std::collections::HashMap;
use std::sync::Arc;

use hubbub_gate::session::{Appoint, Input, Letter};
use hubbub_hub::address::spread;
use hubbub_hub::{SessionKey, WorkerId};

use crate::mail::Mail;
use crate::slot::Slot;
use crate::worker::Worker;

/// The stewards of one worker.
#[derive(Debug, Default)]
pub(crate) struct Stewards {
    by_name: HashMap<Arc<str>, u32>,
    by_slot: HashMap<u32, Arc<str>>,
}

impl Stewards {
    /// Whether a steward has this place.
    pub(crate) fn is_at(&self, slot: u32) -> bool {
        self.by_slot.contains_key(&slot)
    }
}

/// A letter to a name, on its way.
#[derive(Debug)]
pub struct ToSteward {
    pub(crate) from: SessionKey,
    pub(crate) name: Arc<str>,
    pub(crate) appoint: Appoint,
    pub(crate) letter: Letter,
}

impl<L: Default> Worker<L> {
    /// Takes a letter to the name's home.
    pub(crate) fn send_to_steward(&mut self, letter: ToSteward) {
        let home = WorkerId::try_from(spread(&letter.name) % u64::from(self.post.workers()))
            .expect("workers are counted in a WorkerId");
        if home == self.id {
            self.letters_to_stewards.push_back(letter);
        } else {
            self.mail(home, Mail::ToSteward(Box::new(letter)));
        }
    }

    /// Hands over what is for stewards here.
    pub(crate) fn deliver_to_stewards(&mut self) {
        for letter in std::mem::take(&mut self.letters_to_stewards) {
            self.deliver_to_steward(letter);
        }
    }

    /// Hands a letter to the name's steward, who is begun if need be. Where there is no room for one the sender is told
    /// that nobody is there.
    pub(crate) fn deliver_to_steward(&mut self, letter: ToSteward) {
        let ToSteward { from, name, appoint, letter } = letter;
        let slot = match self.stewards.by_name.get(&name) {
            Some(slot) => Some(*slot),
            None if self.detached >= self.settings.detached_max => None,
            None => self.appoint(name, appoint),
        };
        match slot.and_then(|slot| self.key_at(slot)) {
            Some(key) => self.deliver(from, key, letter),
            None => {
                let nobody = SessionKey { worker: self.id, slot: u32::MAX, generation: 0 };
                match from.worker == self.id {
                    true => self.input(from, Input::Undelivered(nobody)),
                    false => self.mail(from.worker, Mail::Undelivered(from, nobody)),
                }
            }
        }
    }

    fn appoint(&mut self, name: Arc<str>, appoint: Appoint) -> Option<u32> {
        self.detached += 1;
        let key = self.place(appoint(&name), L::default(), false);
        let alive = self.slot(key).is_some_and(Slot::is_taken);
        if alive {
            self.stewards.by_slot.insert(key.slot, name.clone());
            self.stewards.by_name.insert(name, key.slot);
        }
        alive.then_some(key.slot)
    }

    /// The session here is over: if it was a steward, the next letter begins another.
    pub(crate) fn dismiss(&mut self, slot: u32) {
        if let Some(name) = self.stewards.by_slot.remove(&slot) {
            self.stewards.by_name.remove(&name);
        }
    }
}
