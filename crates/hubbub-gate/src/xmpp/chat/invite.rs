//! Messages to a room that are about people: invitations and their declining (XEP-0045 §7.8.2).

use std::collections::VecDeque;

use hubbub_hub::{AffairsSnapshot, Affiliation, Govern, Role, RoomName, Whois};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::xml::{CLIENT, Node, Tag};

use super::people::USER;
use super::{Asked, Chats, Line, admin, voice};
use crate::session::Cx;
use crate::xmpp::account::{Account, office};
use crate::xmpp::letters::ToAccount;
use crate::xmpp::parcel::Parcel;
use crate::xmpp::place::Place;

/// Most people whom one message invites.
const INVITED_MAX: usize = 16;

impl Chats {
    /// A message to the room that is not for all in it.
    pub(super) fn about_people(
        &mut self,
        room: &RoomName,
        parcel: Parcel,
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        if voice::is_about(&parcel) {
            return self.about_voice(room, parcel, line, cx);
        }
        let Some(x) = parcel.element().child("x", USER) else {
            return line.refuse(&parcel, Condition::BadRequest, None);
        };
        if let Some(decline) = x.child("decline", USER) {
            return declined(&parcel, decline, line, cx);
        }
        if x.child("invite", USER).is_none() {
            return line.refuse(&parcel, Condition::BadRequest, None);
        }
        if self.rooms.get(room).is_none_or(|chat| chat.me.is_none()) {
            return line.refuse(&parcel, Condition::NotAcceptable, None);
        }
        self.with_affairs(room, parcel, invite, line, cx);
    }
}

/// Somebody invites others, if he may.
fn invite(
    chats: &mut Chats,
    room: &RoomName,
    parcel: &Parcel,
    affairs: &AffairsSnapshot,
    line: &mut Line<'_>,
    cx: &mut Cx<'_>,
) {
    let decides = affairs.affiliation >= Affiliation::Admin;
    let config = &affairs.config;
    let may = decides || affairs.role == Role::Moderator || config.invites;
    // Into a room for members one invites by making somebody a member, which takes an admin.
    if !may || affairs.role < Role::Visitor || (config.members_only && !decides) {
        return line.refuse(parcel, Condition::Forbidden, None);
    }
    let Some(invited) = invited(parcel, cx) else {
        return line.refuse(parcel, Condition::JidMalformed, None);
    };
    let from = match chats.rooms.get(room).and_then(|chat| chat.me.as_ref()) {
        Some(me) if config.whois == Whois::Moderators => parcel.to().with_resource(&me.name).ok(),
        _ => Some(parcel.from().clone()),
    };
    let from = from.unwrap_or_else(|| parcel.from().bare());
    let x = parcel.element().child("x", USER);
    let invites = x.into_iter().flat_map(|x| x.children()).filter(|child| child.is("invite", USER));
    let mut members = VecDeque::new();
    for (to, invite) in invited.iter().zip(invites) {
        deliver(parcel.to(), to, &invitation(parcel, &from, invite, affairs), cx);
        let is_known = |(user, _): &(hubbub_hub::UserAddress, Affiliation)| user.as_str() == to.bare_str();
        if config.members_only
            && !affairs.affiliations.iter().any(is_known)
            && let Some(who) = admin::user(to.as_str())
        {
            members.push_back(Govern::SetAffiliation { who, affiliation: Affiliation::Member, reason: None });
        }
    }
    if let Some(first) = members.pop_front() {
        let command = hubbub_hub::Command::Govern(Box::new(first));
        chats.command(room, line.who, command, Asked::Invited(parcel.clone(), members), cx);
    }
}

/// All who are invited; nothing if one of them cannot be.
fn invited(parcel: &Parcel, cx: &Cx<'_>) -> Option<Vec<Jid>> {
    let x = parcel.element().child("x", USER)?;
    let invites = x.children().filter(|child| child.is("invite", USER));
    let invited: Option<Vec<_>> = invites.map(|invite| person(&invite.attr("to")?, cx)).collect();
    invited.filter(|invited| invited.len() <= INVITED_MAX)
}

/// Somebody of this server.
fn person(address: &str, cx: &Cx<'_>) -> Option<Jid> {
    let jid = Jid::parse(address).ok()?;
    (Place::of(&jid, &cx.settings.domain) == Place::Person).then_some(jid)
}

/// What the room tells whoever is invited; XEP-0249 §2 says it once more, for clients that know only that.
fn invitation(parcel: &Parcel, from: &Jid, invite: Node<'_>, affairs: &AffairsSnapshot) -> Tag {
    let reason = invite.child("reason", USER).map(|reason| reason.text().into_owned());
    let word = affairs.config.password.as_ref().map(|password| password.expose());
    let thread = invite.child("continue", USER);
    let mut told = Tag::new("invite", USER)
        .attr("from", from.as_str())
        .children(reason.as_ref().map(|reason| Tag::new("reason", USER).text(reason)));
    if let Some(thread) = thread {
        told = told.node(thread);
    }
    let x = Tag::new("x", USER).child(told).children(word.map(|word| Tag::new("password", USER).text(word)));
    let direct = Tag::new("x", "jabber:x:conference")
        .attr("jid", parcel.to().as_str())
        .attr_opt("password", word)
        .attr_opt("reason", reason);
    Tag::new("message", CLIENT).attr_opt("id", parcel.element().attr("id")).child(x).child(direct)
}

/// Whoever was invited does not come.
fn declined(parcel: &Parcel, decline: Node<'_>, line: &mut Line<'_>, cx: &mut Cx<'_>) {
    let Some(to) = decline.attr("to").and_then(|to| person(&to, cx)) else {
        return line.refuse(parcel, Condition::JidMalformed, None);
    };
    let reason = decline.child("reason", USER);
    let reason = reason.map(|reason| Tag::new("reason", USER).text(reason.text()));
    let told = Tag::new("decline", USER).attr("from", parcel.from().bare_str()).children(reason);
    let tag = Tag::new("message", CLIENT)
        .attr_opt("id", parcel.element().attr("id"))
        .child(Tag::new("x", USER).child(told));
    deliver(parcel.to(), &to, &tag, cx);
}

fn deliver(room: &Jid, to: &Jid, tag: &Tag, cx: &mut Cx<'_>) {
    if let Some(parcel) = Parcel::made(StanzaKind::Message, tag, room, to) {
        cx.write_to_steward(office(to), Account::appoint, ToAccount::Deliver(parcel));
    }
}
