//! Names that a room keeps for people (XEP-0045 §7.10): nobody else is called so there, by whatever protocol he comes.

use std::sync::Arc;

use super::govern::AFFILIATIONS_MAX;
use super::{Room, RoomCx};
use crate::affairs::Affiliation;
use crate::command::{Asked, Refusal};
use crate::identity::{Identity, IdentityKind};
use crate::names;

/// Most names that a room keeps: there must be room left for those whom its owners admit or ban.
const NAMES_MAX: usize = AFFILIATIONS_MAX / 2;

impl Room {
    /// Whether somebody may have a name kept: members, or where the room is set up so everybody who is not banned; and only who is the
    /// same person tomorrow.
    pub(super) fn may_register(&self, who: &Identity) -> Result<(), Refusal> {
        let affiliation = self.affiliation(who);
        let opens = self.affairs.config.register;
        match self.lets_near(affiliation, false) {
            // Registering is how one becomes a member.
            Err(Refusal::MembersOnly) if opens => {}
            Err(Refusal::MembersOnly) => return Err(Refusal::NotAllowed),
            other => other?,
        }
        let lasts = matches!(who.kind, IdentityKind::Account | IdentityKind::Token);
        let may = lasts && (opens || affiliation >= Affiliation::Member);
        if may { Ok(()) } else { Err(Refusal::NotAllowed) }
    }

    pub(super) fn register(
        &mut self,
        asked: &Asked,
        name: &Arc<str>,
        cx: &mut RoomCx<'_>,
    ) -> Result<(), Refusal> {
        let who = &asked.identity;
        self.may_register(who)?;
        let name = names::wished(name)?;
        if self.occupants.is_taken(&name, &who.user) {
            return Err(Refusal::NameTaken);
        }
        if !self.affairs.names.contains_key(&who.user) && self.affairs.names.len() >= NAMES_MAX {
            return Err(Refusal::Full);
        }
        let begins = self.affiliation(who) == Affiliation::None;
        if begins && self.affairs.affiliations.len() >= AFFILIATIONS_MAX {
            return Err(Refusal::Full);
        }
        if begins {
            self.affairs.set_affiliation(&who.user, Affiliation::Member);
        }
        self.affairs.names.insert(who.user.clone(), name);
        self.keep_names(cx);
        if begins { self.stand_by_oneself(asked, Affiliation::Member, cx) } else { Ok(()) }
    }

    pub(super) fn unregister(&mut self, asked: &Asked, cx: &mut RoomCx<'_>) -> Result<(), Refusal> {
        let who = &asked.identity;
        let affiliation = self.affiliation(who);
        self.lets_near(affiliation, false)?;
        if affiliation < Affiliation::Member {
            return Err(Refusal::MembersOnly);
        }
        self.affairs.names.remove(&who.user);
        let ends = affiliation == Affiliation::Member;
        if ends {
            self.affairs.set_affiliation(&who.user, Affiliation::None);
        }
        self.keep_names(cx);
        if ends { self.stand_by_oneself(asked, Affiliation::None, cx) } else { Ok(()) }
    }

    fn stand_by_oneself(
        &mut self,
        asked: &Asked,
        new: Affiliation,
        cx: &mut RoomCx<'_>,
    ) -> Result<(), Refusal> {
        let doing = self.doing(asked, None)?;
        let user = &asked.identity.user;
        let person = self.occupants.person(user).cloned();
        self.stand(user, person.as_ref(), new, &doing, cx);
        Ok(())
    }

    /// Has the affairs kept, among them for whom names are.
    pub(super) fn keep_names(&mut self, cx: &mut RoomCx<'_>) {
        self.occupants.keep_names(&self.affairs.names);
        self.keep_affairs(cx);
    }
}
