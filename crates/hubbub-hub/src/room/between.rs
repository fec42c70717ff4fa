//! What passes between people who are there and is not kept: words in passing, who somebody is, last words.

use std::sync::Arc;

use super::{Room, RoomCx, refuse, reply};
use crate::command::{Asked, Command, Happening, Passing, Refusal, Reply, STATUS_BYTES, SessionKey};
use crate::event::Carried;
use crate::policy::Right;
use crate::presence::Place;

impl Room {
    /// Somebody says something that is not kept.
    pub(super) fn pass(&self, asked: &Asked, cx: &mut RoomCx<'_>) {
        let Command::Pass { typing, what } = &asked.command else { return };
        match self.may_pass(asked, *typing, what.as_ref()) {
            Ok(()) => {
                let from = self.occupants.sender(&asked.identity);
                // An application that judges what is said would not see the rest.
                let what = what.clone().filter(|_| !self.must_ask_to_publish(&asked.identity));
                self.tell(&Happening::Passing(Arc::new(Passing { from, typing: *typing, what })), cx);
                reply(asked, Reply::Answered(None), cx);
            }
            Err(why) => refuse(asked, why, cx),
        }
    }

    fn may_pass(&self, asked: &Asked, typing: Option<bool>, what: Option<&Carried>) -> Result<(), Refusal> {
        let here = self.occupants.person(&asked.identity.user).is_some();
        if !here && self.name.inbox_owner().is_none() {
            return Err(Refusal::NotThere);
        }
        let judged = typing.is_none() && self.must_ask_to_publish(&asked.identity);
        if judged || !self.policy.allows(&asked.identity, Right::Publish, &self.name) {
            return Err(Refusal::Forbidden(Right::Publish));
        }
        if what.is_some_and(|what| what.weight() > STATUS_BYTES) {
            return Err(Refusal::TooLong);
        }
        self.may_speak(asked)
    }

    /// Somebody who is there asks who is called so.
    pub(super) fn who_is(&self, asked: &Asked, cx: &mut RoomCx<'_>) {
        let Command::WhoIs { name } = &asked.command else { return };
        if self.occupants.at(&Place::Session(asked.session)).is_none() {
            return refuse(asked, Refusal::NotThere, cx);
        }
        let Some(person) = self.occupants.called(name) else {
            return refuse(asked, Refusal::NoSuchPerson, cx);
        };
        let places = self.occupants.places_of(&person.who.user).iter();
        let sessions = places.filter_map(|place| match place {
            Place::Session(session) => Some(*session),
            Place::Polling(_) => None,
        });
        let mut sessions: Vec<_> = sessions.collect();
        sessions.sort_unstable();
        reply(asked, Reply::Person(Box::new((person.clone(), sessions))), cx);
    }

    /// A session goes; with its owner's last one, his last word is told.
    pub(super) fn part(&mut self, session: SessionKey, word: Option<Carried>, cx: &mut RoomCx<'_>) {
        let place = Place::Session(session);
        let word = word.filter(|word| word.weight() <= STATUS_BYTES);
        if self.occupants.at(&place).is_some_and(|person| person.sessions == 1) {
            // He is about to go: nobody is told that he is there otherwise.
            let _ = self.occupants.show(&place, word.as_ref());
        }
        self.leave(session, cx);
    }
}
