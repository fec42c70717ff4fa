//! Deciding about people in a room: roles and affiliations, and the lists of them (XEP-0045 §8, §9, §10).

use std::collections::VecDeque;
use std::sync::Arc;

use hubbub_hub::presence::{Person, PresenceView};
use hubbub_hub::{AffairsSnapshot, Affiliation, Command, Govern, Role, RoomName, UserAddress};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{Node, Tag};

use super::{Asked, Chats, Line, people};
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;

/// The namespace of such questions.
pub(super) const NS: &str = "http://jabber.org/protocol/muc#admin";

/// Most people that one question decides about.
const ITEMS_MAX: usize = 256;

impl Chats {
    pub(super) fn administer(
        &mut self,
        room: &RoomName,
        parcel: Parcel,
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        let query = parcel.element().child("query", NS);
        if &*parcel.kind_of() == "set" {
            let deeds = query.map_or(Err(Condition::BadRequest), deeds);
            return match deeds {
                Ok(deeds) => self.decide(room, parcel, deeds, line, cx),
                Err(why) => line.refuse(&parcel, why, None),
            };
        }
        let (affiliation, role) = (wanted(&parcel, "affiliation"), wanted(&parcel, "role"));
        if affiliation.as_deref().and_then(Affiliation::parse).is_some() {
            return self.with_affairs(room, parcel, affiliations, line, cx);
        }
        match role.as_deref().and_then(Role::parse) {
            Some(_) => self.with_affairs(room, parcel, ask_for_roles, line, cx),
            None => line.refuse(&parcel, Condition::BadRequest, None),
        }
    }

    /// Does one thing after the other, and answers when all are done.
    pub(super) fn decide(
        &mut self,
        room: &RoomName,
        parcel: Parcel,
        mut deeds: VecDeque<Govern>,
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        match deeds.pop_front() {
            Some(deed) => {
                let command = Command::Govern(Box::new(deed));
                self.command(room, line.who, command, Asked::Decided(parcel, deeds), cx);
            }
            None => line.answer(&parcel, None),
        }
    }
}

/// What is to be done, one item after the other.
fn deeds(query: Node<'_>) -> Result<VecDeque<Govern>, Condition> {
    let deeds: VecDeque<_> =
        query.children().filter(|item| item.is("item", NS)).map(deed).collect::<Result<_, _>>()?;
    if deeds.is_empty() || deeds.len() > ITEMS_MAX { Err(Condition::BadRequest) } else { Ok(deeds) }
}

fn deed(item: Node<'_>) -> Result<Govern, Condition> {
    let reason = item.child("reason", NS).map(|reason| Arc::from(&*reason.text()));
    if let Some(word) = item.attr("affiliation") {
        let affiliation = Affiliation::parse(&word).ok_or(Condition::BadRequest)?;
        let jid = item.attr("jid").ok_or(Condition::BadRequest)?;
        let who = user(&jid).ok_or(Condition::JidMalformed)?;
        return Ok(Govern::SetAffiliation { who, affiliation, reason });
    }
    let word = item.attr("role").ok_or(Condition::BadRequest)?;
    let role = Role::parse(&word).ok_or(Condition::BadRequest)?;
    let name = Arc::from(&*item.attr("nick").ok_or(Condition::BadRequest)?);
    Ok(Govern::SetRole { name, role, reason })
}

/// The person behind an address, whatever his resource.
pub(super) fn user(jid: &str) -> Option<UserAddress> {
    let jid = Jid::parse(jid).ok().filter(|jid| jid.local().is_some())?;
    Some(UserAddress::from_prepared(jid.bare_str()))
}

/// All who are something to the room (§9.2, §9.5, §10.5, §10.8), for those who may know.
fn affiliations(
    _: &mut Chats,
    _: &RoomName,
    parcel: &Parcel,
    affairs: &AffairsSnapshot,
    line: &mut Line<'_>,
    _: &mut Cx<'_>,
) {
    let Some(wanted) = wanted(parcel, "affiliation").as_deref().and_then(Affiliation::parse) else { return };
    // Members of a room that is for members know of each other (§9.5).
    let member = affairs.config.members_only
        && affairs.affiliation == Affiliation::Member
        && wanted >= Affiliation::Member;
    if affairs.affiliation < Affiliation::Admin && !member {
        return line.refuse(parcel, Condition::Forbidden, None);
    }
    let items = affairs.affiliations.iter().filter(|(_, one)| *one == wanted);
    let items = items
        .map(|(user, one)| Tag::new("item", NS).attr("affiliation", one.as_str()).attr("jid", user.as_str()));
    line.answer(parcel, Some(Tag::new("query", NS).children(items)));
}

/// Who has a role is for moderators to know (§8.5, §9.8).
fn ask_for_roles(
    chats: &mut Chats,
    room: &RoomName,
    parcel: &Parcel,
    affairs: &AffairsSnapshot,
    line: &mut Line<'_>,
    cx: &mut Cx<'_>,
) {
    let Some(role) = wanted(parcel, "role").as_deref().and_then(Role::parse) else { return };
    let is_in = chats.rooms.contains_key(room);
    let may = affairs.affiliation >= Affiliation::Admin || (is_in && affairs.role == Role::Moderator);
    if !may {
        return line.refuse(parcel, Condition::Forbidden, None);
    }
    chats.command(room, line.who, Command::Presence, Asked::Roles(parcel.clone(), role), cx);
}

fn wanted(parcel: &Parcel, what: &str) -> Option<String> {
    parcel.within(&[("query", NS), ("item", NS)])?.attr(what).map(std::borrow::Cow::into_owned)
}

/// All who have this role.
pub(super) fn roles(parcel: &Parcel, role: Role, view: &PresenceView, line: &mut Line<'_>) {
    let everybody: &[Person] = match view {
        PresenceView::List(everybody) => everybody,
        PresenceView::Off | PresenceView::Count(_) => &[],
    };
    let items = everybody.iter().filter(|person| person.role == role).map(|person| {
        let full = people::full_address(person).map(|jid| jid.as_str().to_owned());
        Tag::new("item", NS)
            .attr("affiliation", person.affiliation.as_str())
            .attr("role", person.role.as_str())
            .attr("nick", &*person.who.name)
            .attr("jid", full.unwrap_or_else(|| person.who.user.to_string()))
    });
    line.answer(parcel, Some(Tag::new("query", NS).children(items)));
}
