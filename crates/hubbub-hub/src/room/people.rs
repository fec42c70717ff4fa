//! Who is in a room, under which name and how: coming in and leaving, and telling the others.

use std::sync::Arc;

use super::{Room, RoomCx, refuse, reply};
use crate::command::{Asked, Command, Happening, Refusal, Reply, STATUS_BYTES, Stay};
use crate::event::Carried;
use crate::hub::HubSettings;
use crate::policy::{PresenceMode, Right};
use crate::presence::{Entry, Movement, Person, Place, PresenceChange, PresenceView};

/// Where a join makes somebody present, if it does.
pub(super) fn place_of(asked: &Asked) -> Option<Place> {
    match asked.command {
        Command::Join { stay: Stay::Seated, .. } => Some(Place::Session(asked.session)),
        Command::Join { stay: Stay::Lingering, .. } => Some(Place::Polling(asked.identity.user.clone())),
        _ => None,
    }
}

fn check_status(status: Option<&Carried>) -> Result<(), Refusal> {
    if status.is_some_and(|status| status.weight() > STATUS_BYTES) { Err(Refusal::TooLong) } else { Ok(()) }
}

impl Room {
    /// Somebody comes in, if the join makes him present.
    pub(super) fn be_present(&mut self, asked: &Asked, cx: &mut RoomCx<'_>) -> Result<(), Refusal> {
        let Command::Join { nick, status, hears, .. } = &asked.command else { return Ok(()) };
        let (nick, status) = (nick.as_ref(), status.as_ref());
        let Some(place) = place_of(asked) else { return Ok(()) };
        check_status(status)?;
        let is_here = self.occupants.at(&place).is_some();
        let who = &asked.identity;
        let (affiliation, role) = (self.affiliation(who), self.role_of_entry(who));
        let entry = Entry { who, nick, status, affiliation, role, unix_ms: cx.now.unix_ms, hears };
        let new = self.occupants.enter(place.clone(), &entry)?;
        match new {
            Some(person) => self.tell_movement(person, Movement::Join, cx),
            // Whoever asks for the next page has nothing new to say.
            None if status.is_some() && !is_here => self.set_status(&place, status, cx)?,
            None => {}
        }
        Ok(())
    }

    /// Takes a place away and tells the room if its owner is gone with it.
    pub(crate) fn exit(&mut self, place: &Place, cx: &mut RoomCx<'_>) {
        if let Some(who) = self.occupants.exit(place) {
            self.tell_movement(who, Movement::Leave, cx);
        }
        self.tell_exit(place, cx);
    }

    /// Somebody in the room is called otherwise from now on: the others are told first.
    pub(super) fn rename(&mut self, asked: &Asked, cx: &mut RoomCx<'_>) {
        let Command::Rename { nick } = &asked.command else { return };
        match self.occupants.rename(&Place::Session(asked.session), nick) {
            Ok((person, former)) => {
                let me = person.who.clone();
                if former != me.name {
                    self.tell_movement(person, Movement::Rename { former }, cx);
                }
                reply(asked, Reply::Renamed(me), cx);
            }
            Err(why) => refuse(asked, why, cx),
        }
    }

    /// Somebody says how he is there.
    pub(super) fn show(&mut self, asked: &Asked, cx: &mut RoomCx<'_>) {
        let Command::Show { status } = &asked.command else { return };
        match self.set_status(&Place::Session(asked.session), status.as_ref(), cx) {
            Ok(()) => reply(asked, Reply::Answered(None), cx),
            Err(why) => refuse(asked, why, cx),
        }
    }

    fn set_status(
        &mut self,
        place: &Place,
        status: Option<&Carried>,
        cx: &mut RoomCx<'_>,
    ) -> Result<(), Refusal> {
        check_status(status)?;
        if let Some(person) = self.occupants.show(place, status)? {
            self.tell_movement(person, Movement::Show, cx);
        }
        Ok(())
    }

    pub(super) fn tell_movement(&mut self, who: Person, movement: Movement, cx: &mut RoomCx<'_>) {
        let count = self.occupants.count();
        if self.policy.presence == PresenceMode::List && count <= cx.settings.presence_list_max {
            self.tell(
                &Happening::Presence(Arc::new(PresenceChange { who: Some((who, movement)), count })),
                cx,
            );
            self.occupants.count_told = count;
        }
    }

    pub(super) fn tell_presence(&mut self, asked: &Asked, cx: &mut RoomCx<'_>) {
        if !self.policy.allows(&asked.identity, Right::Join, &self.name) {
            return refuse(asked, Refusal::Forbidden(Right::Join), cx);
        }
        if let Err(why) = self.may_see(asked) {
            return refuse(asked, why, cx);
        }
        match self.presence(cx.settings) {
            PresenceView::Off => refuse(asked, Refusal::PresenceOff, cx),
            view => reply(asked, Reply::Presence(view, self.affairs.config.whois), cx),
        }
    }

    pub(super) fn presence(&mut self, settings: &HubSettings) -> PresenceView {
        self.occupants.view(self.policy.presence, settings.presence_list_max)
    }

    /// Once a second: the count, where it changed and was not told.
    pub(crate) fn tell_count(&mut self, cx: &mut RoomCx<'_>) {
        let count = self.occupants.count();
        if self.policy.presence != PresenceMode::Off && self.occupants.count_told != count {
            self.occupants.count_told = count;
            self.tell(&Happening::Presence(Arc::new(PresenceChange { who: None, count })), cx);
        }
    }
}
