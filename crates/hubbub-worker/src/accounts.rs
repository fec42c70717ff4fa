//! Whose sessions are here, by account: when an account is removed, they end.

use std::collections::HashMap;

use hubbub_gate::session::{Act, Input};
use hubbub_hub::UserAddress;

use crate::slot::Slot;
use crate::worker::Worker;

impl<L> Slot<L> {
    /// This session, at `slot`, is this account's. Once is enough.
    pub(crate) fn belong(&mut self, slot: u32, user: &UserAddress, all: &mut HashMap<UserAddress, Vec<u32>>) {
        if !self.accounts.contains(user) {
            self.accounts.push(user.clone());
            all.entry(user.clone()).or_default().push(slot);
        }
    }
}

impl<L: Default> Worker<L> {
    /// The account of this prepared name is no more.
    pub(crate) fn account_removed(&mut self, owner: &str) {
        let user = UserAddress::from_prepared(&format!("{owner}@{}", self.gate.domain));
        self.hub.forget(&user, self.now, &mut self.effects);
        for slot in self.accounts.get(&user).cloned().unwrap_or_default() {
            self.handle(slot, Input::Act(Act::Removed));
        }
    }

    /// The session here is over.
    pub(crate) fn belong_to_nobody(&mut self, slot: u32) {
        let Some(place) = self.slots.get_mut(slot as usize) else { return };
        for user in std::mem::take(&mut place.accounts) {
            let Some(slots) = self.accounts.get_mut(&user) else { continue };
            slots.retain(|other| *other != slot);
            if slots.is_empty() {
                self.accounts.remove(&user);
            }
        }
    }
}
