//! Who may change what about whom: XEP-0045 §5.1, §5.2, and the refusals of §8, §9 and §10.

use super::{Affiliation, Role, RoomConfig};
use crate::command::Refusal;

/// What somebody is to a room and may do there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) affiliation: Affiliation,
    pub(crate) role: Role,
}

/// The role in which somebody comes in (§5.2.1). `speaks` is whether the room's policy lets him publish at all.
pub(crate) fn default_role(affiliation: Affiliation, moderated: bool, speaks: bool) -> Role {
    match affiliation {
        Affiliation::Outcast => Role::None,
        Affiliation::None if moderated || !speaks => Role::Visitor,
        Affiliation::None | Affiliation::Member => Role::Participant,
        Affiliation::Admin | Affiliation::Owner => Role::Moderator,
    }
}

/// The role of somebody who is there once his affiliation has changed (§5.1.2): what he gains comes with it; an admin or owner who is
/// one no more begins anew.
pub(crate) fn role_after(was: Standing, now: Affiliation, moderated: bool, speaks: bool) -> Role {
    let begins = default_role(now, moderated, speaks);
    if was.affiliation >= Affiliation::Admin { begins } else { was.role.max(begins) }
}

/// Whether somebody may make another `new` who is `was` (§5.2.2, §9.1, §10).
pub(crate) fn may_set_affiliation(
    actor: Affiliation,
    was: Affiliation,
    new: Affiliation,
) -> Result<(), Refusal> {
    match actor {
        Affiliation::Owner => Ok(()),
        Affiliation::Admin if was >= Affiliation::Admin => Err(Refusal::NotAllowed),
        Affiliation::Admin if new < Affiliation::Admin => Ok(()),
        _ => Err(Refusal::NotPrivileged),
    }
}

/// Whether somebody may give another this role (§5.1.2, §8.2 to §8.4, §9.6, §9.7).
pub(crate) fn may_set_role(actor: Standing, other: Standing, new: Role) -> Result<(), Refusal> {
    let decides = actor.affiliation >= Affiliation::Admin;
    if actor.role < Role::Moderator && !decides {
        return Err(Refusal::NotPrivileged);
    }
    match new {
        Role::None if other.affiliation > actor.affiliation => Err(Refusal::NotAllowed),
        Role::None => Ok(()),
        Role::Visitor | Role::Participant if other.affiliation >= Affiliation::Admin => {
            Err(Refusal::NotAllowed)
        }
        Role::Visitor | Role::Participant if other.role < Role::Moderator || decides => Ok(()),
        Role::Moderator if decides => Ok(()),
        Role::Visitor | Role::Participant | Role::Moderator => Err(Refusal::NotPrivileged),
    }
}

/// Whether a room can be set up so.
pub(crate) fn check_config(config: &RoomConfig) -> Result<(), Refusal> {
    let password = config.password.as_ref().map_or(0, |password| password.expose().len());
    let fits = config.title.len() <= 256 && config.description.len() <= 4096 && password <= 256;
    if fits { Ok(()) } else { Err(Refusal::TooLong) }
}

#[cfg(test)]
mod tests {
    use super::Affiliation as A;
    use super::*;

    fn standing(affiliation: A, role: Role) -> Standing {
        Standing { affiliation, role }
    }

    /// The table of §5.2.2, in words: who is needed to go from the row to the column.
    #[test]
    fn affiliations_change_as_the_state_chart_has_it() {
        for was in A::ALL {
            for new in A::ALL {
                let needs_owner = was >= A::Admin || new >= A::Admin;
                for actor in A::ALL {
                    let may = may_set_affiliation(actor, was, new).is_ok();
                    let should = actor == A::Owner || (actor == A::Admin && !needs_owner);
                    assert_eq!(may, should, "{actor:?}: {was:?} to {new:?}");
                }
            }
        }
        assert_eq!(may_set_affiliation(A::Admin, A::Owner, A::Outcast), Err(Refusal::NotAllowed));
        assert_eq!(may_set_affiliation(A::Admin, A::None, A::Admin), Err(Refusal::NotPrivileged));
    }

    #[test]
    fn nobody_takes_a_voice_from_admins_and_owners() {
        for actor in A::ALL {
            for other in [A::Admin, A::Owner] {
                for new in [Role::Visitor, Role::Participant] {
                    let actor = standing(actor, Role::Moderator);
                    assert_eq!(
                        may_set_role(actor, standing(other, Role::Moderator), new),
                        Err(Refusal::NotAllowed)
                    );
                }
            }
        }
    }

    #[test]
    fn moderators_decide_about_voices_and_admins_about_moderators() {
        let (moderator, admin) = (standing(A::None, Role::Moderator), standing(A::Admin, Role::Moderator));
        let (speaks, listens) = (standing(A::None, Role::Participant), standing(A::None, Role::Visitor));
        for (actor, other, new, result) in [
            (moderator, listens, Role::Participant, Ok(())),
            (moderator, speaks, Role::Visitor, Ok(())),
            (moderator, speaks, Role::Moderator, Err(Refusal::NotPrivileged)),
            (moderator, moderator, Role::Participant, Err(Refusal::NotPrivileged)),
            (admin, moderator, Role::Participant, Ok(())),
            (admin, speaks, Role::Moderator, Ok(())),
            (speaks, listens, Role::Participant, Err(Refusal::NotPrivileged)),
            (moderator, speaks, Role::None, Ok(())),
            (moderator, standing(A::Member, Role::Participant), Role::None, Err(Refusal::NotAllowed)),
            (admin, standing(A::Owner, Role::Moderator), Role::None, Err(Refusal::NotAllowed)),
            (speaks, listens, Role::None, Err(Refusal::NotPrivileged)),
        ] {
            assert_eq!(may_set_role(actor, other, new), result, "{actor:?} {other:?} {new:?}");
        }
    }

    #[test]
    fn roles_follow_affiliations() {
        assert_eq!(default_role(A::None, true, true), Role::Visitor);
        assert_eq!(default_role(A::Member, true, true), Role::Participant);
        assert_eq!(default_role(A::None, false, false), Role::Visitor);
        let moderator = standing(A::None, Role::Moderator);
        assert_eq!(role_after(moderator, A::Member, true, true), Role::Moderator);
        assert_eq!(role_after(standing(A::Owner, Role::Moderator), A::None, true, true), Role::Visitor);
        assert_eq!(role_after(standing(A::None, Role::Visitor), A::Member, true, true), Role::Participant);
    }
}
