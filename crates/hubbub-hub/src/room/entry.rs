//! Who may come in, read and speak, by the room's affairs. Its policy has been asked before.

use super::people::place_of;
use super::{Room, RoomCx};
use crate::affairs::{Affairs, Affiliation, Role, RoomConfig, Standing, default_role};
use crate::command::{Asked, Command, Refusal};
use crate::identity::{Identity, IdentityKind};
use crate::policy::Right;
use crate::presence::Place;

impl Room {
    /// What `who` is to the room. A guest is nothing better than nothing: anybody may take his name.
    pub(super) fn affiliation(&self, who: &Identity) -> Affiliation {
        if self.policy.makes_owner(who, &self.name) {
            return Affiliation::Owner;
        }
        let kept = self.affairs.affiliation(&who.user);
        if who.kind == IdentityKind::Guest { kept.min(Affiliation::None) } else { kept }
    }

    /// The role in which `who` would come in.
    pub(super) fn role_of_entry(&self, who: &Identity) -> Role {
        let speaks = self.policy.allows(who, Right::Publish, &self.name);
        default_role(self.affiliation(who), self.affairs.config.moderated, speaks)
    }

    /// As what somebody decides about others: by the role of the session that asks, so that nobody acts for a guest by taking his
    /// name. Admins and owners need not be there.
    pub(super) fn standing(&self, asked: &Asked) -> Standing {
        let affiliation = self.affiliation(&asked.identity);
        let here = self.occupants.at(&Place::Session(asked.session));
        let role = match here {
            Some(person) => person.role,
            None if affiliation >= Affiliation::Admin => Role::Moderator,
            None => Role::None,
        };
        Standing { affiliation, role }
    }

    /// Whether somebody may come in: XEP-0045 §7.2.5 to §7.2.9. Whoever is there already has been asked.
    pub(super) fn may_enter(&self, asked: &Asked) -> Result<(), Refusal> {
        let Command::Join { password, claims, .. } = &asked.command else { return Ok(()) };
        let affiliation = self.affiliation(&asked.identity);
        let opens_again = *claims && affiliation == Affiliation::Owner;
        self.lets_near(affiliation, opens_again)?;
        let place = place_of(asked);
        if place.as_ref().is_some_and(|place| self.occupants.at(place).is_some()) {
            return Ok(());
        }
        let RoomConfig { password: needed, max_people, .. } = &self.affairs.config;
        if needed.is_some() && needed != password && affiliation < Affiliation::Owner {
            return Err(Refusal::WrongPassword);
        }
        let is_new = place.is_some() && self.occupants.person(&asked.identity.user).is_none();
        let full = max_people.is_some_and(|most| self.occupants.count() >= most as usize);
        if is_new && full && affiliation < Affiliation::Admin {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    /// Whether somebody may see who is there, or say something.
    pub(super) fn may_see(&self, asked: &Asked) -> Result<(), Refusal> {
        let affiliation = self.affiliation(&asked.identity);
        self.lets_near(affiliation, false)?;
        let inside = || self.occupants.at(&Place::Session(asked.session)).is_some();
        let locked = self.affairs.config.password.is_some();
        if locked && affiliation < Affiliation::Owner && !inside() {
            return Err(Refusal::WrongPassword);
        }
        Ok(())
    }

    /// Whether somebody may speak: visitors may not (§7.5), nor may those who would be visitors if they were there.
    pub(super) fn may_speak(&self, asked: &Asked) -> Result<(), Refusal> {
        self.may_see(asked)?;
        let person = self.occupants.person(&asked.identity.user);
        let role = person.map_or_else(|| self.role_of_entry(&asked.identity), |person| person.role);
        if role < Role::Participant { Err(Refusal::NoVoice) } else { Ok(()) }
    }

    pub(super) fn lets_near(&self, affiliation: Affiliation, opens_again: bool) -> Result<(), Refusal> {
        let Affairs { config, destroyed, .. } = &self.affairs;
        match destroyed {
            Some(end) if !opens_again => Err(Refusal::Destroyed(end.clone())),
            _ if affiliation == Affiliation::Outcast => Err(Refusal::Outcast),
            _ if config.members_only && affiliation < Affiliation::Member => Err(Refusal::MembersOnly),
            _ => Ok(()),
        }
    }

    /// Makes whoever is first in a new room its owner, if he wishes and the policy allows it (§10.1); or opens a closed room again
    /// for its owner. Says whether it did.
    pub(super) fn claim(&mut self, asked: &Asked, cx: &mut RoomCx<'_>) -> bool {
        if !matches!(asked.command, Command::Join { claims: true, .. }) {
            return false;
        }
        let who = &asked.identity;
        if self.affairs.destroyed.is_some() && self.affiliation(who) == Affiliation::Owner {
            self.affairs.destroyed = None;
            self.affairs.config = RoomConfig::default();
            self.affairs.subject = None;
        } else if self.is_new() && matches!(who.kind, IdentityKind::Account | IdentityKind::Token) {
            self.affairs.set_affiliation(&who.user, Affiliation::Owner);
        } else {
            return false;
        }
        self.affairs.config = claimed();
        self.keep_affairs(cx);
        true
    }

    /// Whether the room is as it was when `who` claimed it, and only he is there.
    pub(super) fn is_as_claimed(&self, who: &Identity) -> bool {
        let owner = (who.user.clone(), Affiliation::Owner);
        let claimed = Affairs { affiliations: [owner].into(), config: claimed(), ..Affairs::default() };
        let is_he = |other: &Identity| other.user == who.user;
        let alone = self.occupants.count() == 1 && self.occupants.person(&who.user).is_some();
        let reads = self.seats.values().chain(self.parked.values().map(|parked| &parked.asked.identity));
        self.is_unused() && self.affairs == claimed && alone && reads.map(|who| &**who).all(is_he)
    }

    /// Nobody is or was here, nothing was said or set, and whoever comes first may claim it.
    fn is_new(&self) -> bool {
        let empty = self.occupants.count() == 0 && self.seats.is_empty();
        let claimable = self.policy.creator_owns && self.name.inbox_owner().is_none();
        claimable && self.is_unused() && empty && self.affairs.is_blank()
    }

    /// Nothing was said.
    fn is_unused(&self) -> bool {
        self.history.head() == 0 && self.pending.is_empty() && self.hooked.waiting() == 0
    }
}

/// How a room is set up once somebody owns it: he decides who says what is talked about (XEP-0045 §8.1).
fn claimed() -> RoomConfig {
    RoomConfig { change_subject: false, ..RoomConfig::default() }
}
