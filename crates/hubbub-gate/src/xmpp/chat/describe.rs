//! What a room is and can (XEP-0045 §6.4, §6.5, §15.5.4).

use hubbub_hub::{AffairsSnapshot, RoomName, Whois};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::Tag;

use super::config::NS_DATA;
use super::{Chats, Line, register, signals};
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;
use crate::xmpp::{archive, iq};

pub(super) const NS_INFO: &str = "http://jabber.org/protocol/disco#info";
pub(super) const NS_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// Which form tells of a room.
const FORM: &str = "http://jabber.org/protocol/muc#roominfo";

/// What all rooms can, beside what they answer.
const ALWAYS: [&str; 10] = [
    NS_INFO,
    NS_ITEMS,
    "http://jabber.org/protocol/muc",
    register::NS,
    register::FORM,
    "http://jabber.org/protocol/muc#stable_id",
    "http://jabber.org/protocol/muc#self-ping-optimization",
    "urn:xmpp:occupant-id:0",
    "urn:xmpp:message-moderate:1",
    "urn:xmpp:message-retract:1#tombstone",
];

impl Chats {
    pub(super) fn describe(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let query = parcel.element().children().next();
        let node = query.and_then(|query| query.attr("node").map(std::borrow::Cow::into_owned));
        match node.as_deref() {
            _ if &*parcel.kind_of() == "set" => line.refuse(&parcel, Condition::NotAllowed, None),
            Some(register::NODE) => self.with_affairs(room, parcel, register::name, line, cx),
            Some(node) if !node.is_empty() => line.refuse(&parcel, Condition::ItemNotFound, None),
            _ => self.with_affairs(room, parcel, described, line, cx),
        }
    }
}

fn described(
    _: &mut Chats,
    room: &RoomName,
    parcel: &Parcel,
    affairs: &AffairsSnapshot,
    line: &mut Line<'_>,
    _: &mut Cx<'_>,
) {
    if !affairs.exists || affairs.destroyed.is_some() {
        return line.refuse(parcel, Condition::ItemNotFound, None);
    }
    if parcel.element().child("query", NS_ITEMS).is_some() {
        // Who is there is told to those who are (§6.5).
        return line.answer(parcel, Some(Tag::new("query", NS_ITEMS)));
    }
    let title = &affairs.config.title;
    let identity = Tag::new("identity", NS_INFO)
        .attr("category", "conference")
        .attr("type", "text")
        .attr("name", if title.is_empty() { room.as_str() } else { title });
    let own = iq::AT_ROOM.iter().map(iq::Feature::ns);
    let features =
        ALWAYS.into_iter().chain(signals::FEATURES).chain(archive::FEATURES).chain(own).chain(kinds(affairs));
    let features = features.map(|var| Tag::new("feature", NS_INFO).attr("var", var));
    let query = Tag::new("query", NS_INFO).child(identity).children(features).child(form(affairs));
    line.answer(parcel, Some(query));
}

/// The words of §4.2 for how a room is.
fn kinds(affairs: &AffairsSnapshot) -> [&'static str; 6] {
    let config = &affairs.config;
    let choose = |is: bool, yes, no| if is { yes } else { no };
    [
        choose(config.public, "muc_public", "muc_hidden"),
        choose(config.members_only, "muc_membersonly", "muc_open"),
        choose(config.moderated, "muc_moderated", "muc_unmoderated"),
        choose(config.whois == Whois::Anyone, "muc_nonanonymous", "muc_semianonymous"),
        choose(affairs.locked, "muc_passwordprotected", "muc_unsecured"),
        choose(affairs.lasting, "muc_persistent", "muc_temporary"),
    ]
}

/// What there is to know beside (§15.5.4).
fn form(affairs: &AffairsSnapshot) -> Tag {
    let field = |var: &str, value: &str| {
        Tag::new("field", NS_DATA).attr("var", var).child(Tag::new("value", NS_DATA).text(value))
    };
    let config = &affairs.config;
    let described =
        (!config.description.is_empty()).then(|| field("muc#roominfo_description", &config.description));
    let subject = affairs.subject.as_ref().map(|subject| field("muc#roominfo_subject", &subject.text));
    let people = affairs.people.map(|people| field("muc#roominfo_occupants", &people.to_string()));
    let changes = field("muc#roominfo_changesubject", if config.change_subject { "1" } else { "0" });
    Tag::new("x", NS_DATA)
        .attr("type", "result")
        .child(field("FORM_TYPE", FORM).attr("type", "hidden"))
        .children([described, subject, people, Some(changes)].into_iter().flatten())
}
