//! Deciding about people and the room: who may is in [`crate::affairs`], what comes of it is here.

use std::sync::Arc;

use bytes::Bytes;

use super::{Room, RoomCx, refuse, reply};
use crate::address::UserAddress;
use crate::affairs::{
    Affair, Affairs, AffairsSnapshot, Affiliation, Change, Destroyed, Govern, Removal, Role, RoomConfig,
    Standing, Subject, check_config, may_set_affiliation, may_set_role, role_after,
};
use crate::command::{Asked, Command, Effect, Happening, Refusal, Reply};
use crate::event::{Body, Content, Event, EventName, Sender};
use crate::identity::Identity;
use crate::log::LogAsk;
use crate::policy::{LogKind, PresenceMode, Right};
use crate::presence::Person;

/// Most people to whom a room has a lasting relation.
pub(super) const AFFILIATIONS_MAX: usize = 4096;

/// Most bytes of a subject, or of a reason.
const TEXT_MAX: usize = 4096;

/// Whose doing something is, and why.
pub(super) struct Doing {
    pub(super) by: Sender,
    pub(super) reason: Option<Arc<str>>,
}

impl Room {
    /// Does what somebody asks about the room's affairs.
    pub(super) fn govern(&mut self, mut asked: Asked, cx: &mut RoomCx<'_>) {
        if let Some(missing) = self.policy.missing(&asked.identity, &asked.command, &self.name) {
            return refuse(&asked, Refusal::Forbidden(missing), cx);
        }
        let Command::Govern(what) = std::mem::replace(&mut asked.command, Command::Presence) else { return };
        let done = match *what {
            Govern::Affairs => Ok(()),
            Govern::SetAffiliation { who, affiliation, reason } => {
                self.set_affiliation(&asked, &who, affiliation, reason, cx)
            }
            Govern::Register(name) => self.register(&asked, &name, cx),
            Govern::Unregister => self.unregister(&asked, cx),
            Govern::SetRole { name, role, reason } => self.set_role(&asked, &name, role, reason, cx),
            Govern::Configure(config) => self.configure(&asked, config, cx),
            Govern::Subject(text) => return self.set_subject(asked, &text, cx),
            Govern::GiveUp => self.undo(&asked, cx),
            Govern::Destroy { reason, alternate } => self.destroy(&asked, reason, alternate, cx),
        };
        match done {
            Ok(()) => reply(&asked, Reply::Governed(self.snapshot(&asked).into()), cx),
            Err(why) => refuse(&asked, why, cx),
        }
    }

    pub(super) fn doing(&self, asked: &Asked, reason: Option<Arc<str>>) -> Result<Doing, Refusal> {
        if reason.as_ref().is_some_and(|reason| reason.len() > TEXT_MAX) {
            return Err(Refusal::TooLong);
        }
        Ok(Doing { by: self.occupants.sender(&asked.identity), reason })
    }

    fn set_affiliation(
        &mut self,
        asked: &Asked,
        who: &UserAddress,
        new: Affiliation,
        reason: Option<Arc<str>>,
        cx: &mut RoomCx<'_>,
    ) -> Result<(), Refusal> {
        let doing = self.doing(asked, reason)?;
        let person = self.occupants.person(who).cloned();
        let kept = self.affairs.affiliation(who);
        let was = person.as_ref().map_or(kept, |person| person.affiliation);
        may_set_affiliation(self.affiliation(&asked.identity), was, new)?;
        self.check_affiliation(asked, who, person.as_ref(), kept, new)?;
        if kept == new {
            return Ok(());
        }
        self.affairs.set_affiliation(who, new);
        self.keep_names(cx);
        self.stand(who, person.as_ref(), new, &doing, cx);
        Ok(())
    }

    /// What no affiliation allows.
    fn check_affiliation(
        &self,
        asked: &Asked,
        who: &UserAddress,
        person: Option<&Person>,
        kept: Affiliation,
        new: Affiliation,
    ) -> Result<(), Refusal> {
        // XEP-0045 §9.1: nobody bans himself.
        if new == Affiliation::Outcast && *who == asked.identity.user {
            return Err(Refusal::Oneself);
        }
        if new < Affiliation::Owner && self.policy.owners.is_empty() && self.affairs.is_last_owner(who) {
            return Err(Refusal::LastOwner);
        }
        let by_policy =
            |person: &Person| person.affiliation == Affiliation::Owner && kept != Affiliation::Owner;
        let in_vain = |person: &Person| {
            (person.guest && new > Affiliation::None) || (by_policy(person) && new != Affiliation::Owner)
        };
        if person.is_some_and(in_vain) {
            return Err(Refusal::NotAllowed);
        }
        let more = kept == Affiliation::None && new != Affiliation::None;
        if more && self.affairs.affiliations.len() >= AFFILIATIONS_MAX {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    /// What comes of somebody's new affiliation, for him and those who see him.
    pub(super) fn stand(
        &mut self,
        who: &UserAddress,
        person: Option<&Person>,
        new: Affiliation,
        doing: &Doing,
        cx: &mut RoomCx<'_>,
    ) {
        let away = new < Affiliation::Member && self.affairs.config.members_only;
        if new == Affiliation::Outcast || away {
            let why = if new == Affiliation::Outcast { Removal::Banned } else { Removal::NoMember };
            let was_there = person.is_some();
            self.put_out(who, why, doing, cx);
            if was_there {
                return;
            }
        }
        let Some(&Person { affiliation, role, .. }) = person else {
            return self.tell_affair(Change::Affiliation(who.clone(), new), doing, cx);
        };
        let role = role_after(Standing { affiliation, role }, new, self.affairs.config.moderated, true);
        if let Some(person) = self.occupants.set_standing(who, new, role) {
            self.tell_affair(Change::Standing(person), doing, cx);
        }
    }

    fn set_role(
        &mut self,
        asked: &Asked,
        name: &str,
        role: Role,
        reason: Option<Arc<str>>,
        cx: &mut RoomCx<'_>,
    ) -> Result<(), Refusal> {
        let doing = self.doing(asked, reason)?;
        let actor = self.standing(asked);
        if actor.role < Role::Moderator {
            return Err(Refusal::NotPrivileged);
        }
        let person = self.occupants.called(name).cloned().ok_or(Refusal::NoSuchPerson)?;
        let other = Standing { affiliation: person.affiliation, role: person.role };
        may_set_role(actor, other, role)?;
        let user = &person.who.user;
        if role == Role::None {
            self.put_out(user, Removal::Kicked, &doing, cx);
        } else if role != person.role
            && let Some(person) = self.occupants.set_standing(user, person.affiliation, role)
        {
            self.tell_affair(Change::Standing(person), &doing, cx);
        }
        Ok(())
    }

    fn owner(&self, who: &Identity) -> Result<(), Refusal> {
        let owns = self.affiliation(who) == Affiliation::Owner;
        if owns { Ok(()) } else { Err(Refusal::NotPrivileged) }
    }

    fn configure(&mut self, asked: &Asked, config: RoomConfig, cx: &mut RoomCx<'_>) -> Result<(), Refusal> {
        self.owner(&asked.identity)?;
        check_config(&config)?;
        if config == self.affairs.config {
            return Ok(());
        }
        let doing = self.doing(asked, None)?;
        let was = std::mem::replace(&mut self.affairs.config, config);
        self.keep_affairs(cx);
        let is = self.affairs.config.clone();
        let (closes, frees) = (is.members_only && !was.members_only, was.moderated && !is.moderated);
        let shown = |config: RoomConfig| Box::new(RoomConfig { password: None, ..config });
        self.tell_affair(Change::Configured { was: shown(was), is: shown(is) }, &doing, cx);
        if closes {
            self.put_out_strangers(&doing, cx);
        }
        if frees {
            self.give_voices(&doing, cx);
        }
        Ok(())
    }

    /// The room is not moderated any more: who could not speak for that reason can.
    fn give_voices(&mut self, doing: &Doing, cx: &mut RoomCx<'_>) {
        let everybody = self.occupants.everybody();
        for person in everybody.iter().filter(|person| person.role == Role::Visitor) {
            let changed =
                self.occupants.set_standing(&person.who.user, person.affiliation, Role::Participant);
            if let Some(person) = changed {
                self.tell_affair(Change::Standing(person), doing, cx);
            }
        }
    }

    fn set_subject(&mut self, asked: Asked, text: &str, cx: &mut RoomCx<'_>) {
        let role = self.standing(&asked).role;
        let may =
            role == Role::Moderator || (role == Role::Participant && self.affairs.config.change_subject);
        if !may {
            return refuse(&asked, Refusal::NotPrivileged, cx);
        }
        if text.len() > TEXT_MAX {
            return refuse(&asked, Refusal::TooLong, cx);
        }
        if !self.policy.allows(&asked.identity, Right::Publish, &self.name) {
            return refuse(&asked, Refusal::Forbidden(Right::Publish), cx);
        }
        let text = Content::Text(Bytes::copy_from_slice(text.as_bytes()));
        self.publish_new(asked, Body::new(EventName::subject(), text), None, cx);
    }

    /// A subject is kept in the log: it is what is talked about from now on.
    pub(super) fn note_subject(&mut self, event: &Event, cx: &mut RoomCx<'_>) {
        let Content::Text(text) = &event.body.content else { return };
        let Ok(text) = std::str::from_utf8(text) else { return };
        let (by, unix_ms) = (event.from.clone(), event.unix_ms);
        self.affairs.subject = Some(Subject { text: text.into(), by, unix_ms });
        self.keep_affairs(cx);
    }

    fn destroy(
        &mut self,
        asked: &Asked,
        reason: Option<Arc<str>>,
        alternate: Option<Arc<str>>,
        cx: &mut RoomCx<'_>,
    ) -> Result<(), Refusal> {
        self.owner(&asked.identity)?;
        if alternate.as_ref().is_some_and(|alternate| alternate.len() > TEXT_MAX) {
            return Err(Refusal::TooLong);
        }
        let doing = self.doing(asked, reason.clone())?;
        let end = Arc::new(Destroyed { reason, alternate });
        self.affairs.destroyed = Some(end.clone());
        self.keep_affairs(cx);
        self.put_out_all(&end, &doing, cx);
        Ok(())
    }

    /// XEP-0045 §10.1.3: the owner of a new room does not want it.
    fn undo(&mut self, asked: &Asked, cx: &mut RoomCx<'_>) -> Result<(), Refusal> {
        self.owner(&asked.identity)?;
        if self.is_as_claimed(&asked.identity) {
            let doing = self.doing(asked, None)?;
            self.put_out_all(&Arc::new(Destroyed { reason: None, alternate: None }), &doing, cx);
            self.affairs = Affairs::default();
            self.keep_names(cx);
        }
        Ok(())
    }

    pub(super) fn tell_affair(&mut self, what: Change, doing: &Doing, cx: &mut RoomCx<'_>) {
        let affair = self.affair(what, doing, self.occupants.count(), cx);
        self.tell(&Happening::Affair(affair), cx);
    }

    pub(super) fn affair(&self, what: Change, doing: &Doing, count: usize, cx: &RoomCx<'_>) -> Arc<Affair> {
        let Doing { by, reason } = doing;
        let listed = self.policy.presence == PresenceMode::List && count <= cx.settings.presence_list_max;
        Arc::new(Affair { what, by: by.clone(), reason: reason.clone(), count, listed })
    }

    /// How the affairs stand, as far as whoever asks may know. Lists of people are for those who decide about them (§9.3, §9.5).
    fn snapshot(&self, asked: &Asked) -> AffairsSnapshot {
        let who = &asked.identity;
        let affiliation = self.affiliation(who);
        let owner = affiliation == Affiliation::Owner;
        let mut config = self.affairs.config.clone();
        let locked = config.password.is_some();
        config.password = config.password.filter(|_| owner);
        let shown = |one: &Affiliation| match affiliation {
            Affiliation::Admin | Affiliation::Owner => true,
            Affiliation::Member => config.members_only && *one >= Affiliation::Member,
            _ => false,
        };
        let all = self.affairs.affiliations.iter().filter(|(_, one)| shown(one));
        let affiliations = all.map(|(user, one)| (user.clone(), *one)).collect();
        let sees = self.may_see(asked).is_ok();
        let told = sees && self.policy.presence != PresenceMode::Off;
        AffairsSnapshot {
            exists: !self.affairs.is_blank() || self.history.head() > 0 || self.occupants.count() > 0,
            lasting: config.persistent || self.policy.log == LogKind::Durable,
            config,
            locked,
            affiliations,
            subject: self.affairs.subject.clone().filter(|_| sees),
            destroyed: self.affairs.destroyed.clone(),
            affiliation,
            registered: self.affairs.names.get(&who.user).cloned(),
            may_register: self.may_register(who).is_ok(),
            role: self.occupants.person(&who.user).map_or(self.role_of_entry(who), |person| person.role),
            people: told.then(|| self.occupants.count()),
        }
    }

    /// Whoever is called so from now on is somebody else.
    pub(crate) fn forget_affiliation(&mut self, user: &UserAddress, cx: &mut RoomCx<'_>) {
        if self.affairs.affiliation(user) != Affiliation::None || self.affairs.names.contains_key(user) {
            self.affairs.set_affiliation(user, Affiliation::None);
            self.keep_names(cx);
        }
    }

    /// Has the affairs kept, where the room's log is.
    pub(super) fn keep_affairs(&mut self, cx: &mut RoomCx<'_>) {
        self.affairs_lost = false;
        if self.policy.log == LogKind::Durable {
            let (room, affairs) = (self.name.clone(), self.affairs.write());
            cx.effects.push(Effect::Log(LogAsk::Affairs { room, affairs }));
        }
    }

    /// The store could not keep them: it is asked again, about once a second.
    pub(crate) fn keep_affairs_if_lost(&mut self, cx: &mut RoomCx<'_>) {
        if self.affairs_lost {
            self.keep_affairs(cx);
        }
    }
}
