//! Putting people out: they lose their seats and presence, hear so, and then the others do.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::govern::Doing;
use super::{Room, RoomCx};
use crate::address::UserAddress;
use crate::affairs::{Affiliation, Change, Destroyed, Removal, Role};
use crate::command::{Effect, Happening, Reply, SessionKey};
use crate::event::Sender;
use crate::presence::{Person, Place};

impl Room {
    /// Puts somebody out, with all his sessions that are there or only read. Nothing happens to whoever is not there.
    pub(super) fn put_out(&mut self, user: &UserAddress, why: Removal, doing: &Doing, cx: &mut RoomCx<'_>) {
        let sessions = self.sessions_of(user);
        let person = self.occupants.person(user).cloned();
        if sessions.is_empty() && person.is_none() {
            return;
        }
        let was_there = person.is_some();
        let last = Person { role: Role::None, ..person.unwrap_or_else(|| self.reader(user)) };
        let affiliation = match why {
            Removal::Banned => Affiliation::Outcast,
            Removal::NoMember => Affiliation::None,
            _ => last.affiliation,
        };
        let closes = matches!(why, Removal::Destroyed(_));
        let count = self.occupants.count() - usize::from(was_there);
        let affair = self.affair(Change::Removed(Person { affiliation, ..last }, why), doing, count, cx);
        for session in sessions {
            self.forget(session);
            let place = Place::Session(session);
            self.occupants.exit(&place);
            self.tell_exit(&place, cx);
            let told = Reply::Removed(affair.clone());
            cx.effects.push(Effect::Reply(session, self.name.clone(), 0, told));
        }
        let polling = Place::Polling(user.clone());
        self.occupants.exit(&polling);
        self.tell_exit(&polling, cx);
        // Of a room that is no more, everybody hears for himself.
        if was_there && !closes {
            if affair.listed {
                self.occupants.count_told = count;
            }
            self.tell(&Happening::Affair(affair), cx);
        }
    }

    /// The sessions by which somebody is there, reads, or is about to, in their order.
    fn sessions_of(&self, user: &UserAddress) -> BTreeSet<SessionKey> {
        let places = self.occupants.places_of(user).iter();
        let there = places.filter_map(|place| match place {
            Place::Session(session) => Some(*session),
            Place::Polling(_) => None,
        });
        let seated = self.seats.iter().filter(|(_, who)| who.user == *user).map(|(session, _)| *session);
        let parked = self.parked.values().map(|parked| &parked.asked);
        let parked = parked.filter(|asked| asked.identity.user == *user).map(|asked| asked.session);
        there.chain(seated).chain(parked).collect()
    }

    /// Somebody who reads and is not present.
    fn reader(&self, user: &UserAddress) -> Person {
        let affiliation = self.affairs.affiliation(user);
        let who = Sender { user: user.clone(), name: user.local().into() };
        let (sessions, since_unix_ms, status) = (0, 0, None);
        Person { who, sessions, since_unix_ms, status, affiliation, role: Role::None, guest: false }
    }

    /// Everybody who is there or reads, with what he is to the room.
    fn everybody(&mut self) -> Vec<(UserAddress, Affiliation)> {
        let there = self.occupants.everybody();
        let mut all: Vec<_> = there.iter().map(|one| (one.who.user.clone(), one.affiliation)).collect();
        let parked = self.parked.values().map(|parked| &parked.asked.identity);
        for who in self.seats.values().chain(parked) {
            if self.occupants.person(&who.user).is_none() {
                all.push((who.user.clone(), self.affiliation(who)));
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The room is for its members now.
    pub(super) fn put_out_strangers(&mut self, doing: &Doing, cx: &mut RoomCx<'_>) {
        for (user, affiliation) in self.everybody() {
            if affiliation < Affiliation::Member {
                self.put_out(&user, Removal::MembersOnly, doing, cx);
            }
        }
    }

    /// The room is closed.
    pub(super) fn put_out_all(&mut self, end: &Arc<Destroyed>, doing: &Doing, cx: &mut RoomCx<'_>) {
        for (user, _) in self.everybody() {
            self.put_out(&user, Removal::Destroyed(end.clone()), doing, cx);
        }
    }
}
