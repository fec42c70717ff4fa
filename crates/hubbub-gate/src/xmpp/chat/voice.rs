//! Asking for a voice in a moderated room, and giving it (XEP-0045 §7.13, §8.6).

use std::collections::VecDeque;

use hubbub_hub::presence::{Person, PresenceView};
use hubbub_hub::{Command, Govern, Role, RoomName};
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::xml::{CLIENT, Tag};

use super::config::NS_DATA;
use super::people::full_address;
use super::{Asked, Chats, Line};
use crate::session::Cx;
use crate::xmpp::account::{Account, office};
use crate::xmpp::letters::ToAccount;
use crate::xmpp::parcel::Parcel;

/// Which form it is.
const FORM: &str = "http://jabber.org/protocol/muc#request";

/// Whether a message to a room is about somebody's voice.
pub(super) fn is_about(parcel: &Parcel) -> bool {
    value(parcel, "FORM_TYPE").is_some_and(|form| form == FORM)
}

/// What a form says.
fn value(parcel: &Parcel, var: &str) -> Option<String> {
    let form = parcel.element().child("x", NS_DATA)?;
    let field = form.children().find(|field| field.attr("var").as_deref() == Some(var))?;
    Some(field.child("value", NS_DATA)?.text().trim().to_owned())
}

impl Chats {
    /// Somebody asks for a voice, or a moderator answers.
    pub(super) fn about_voice(
        &mut self,
        room: &RoomName,
        parcel: Parcel,
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        let Some(chat) = self.rooms.get(room).filter(|chat| chat.me.is_some()) else {
            return line.refuse(&parcel, Condition::NotAcceptable, None);
        };
        let nick = value(&parcel, "muc#roomnick");
        match (value(&parcel, "muc#request_allow").as_deref(), nick) {
            (Some("1" | "true"), Some(nick)) => {
                let voice = Govern::SetRole { name: nick.into(), role: Role::Participant, reason: None };
                let command = Command::Govern(Box::new(voice));
                self.command(room, line.who, command, Asked::Invited(parcel, VecDeque::new()), cx);
            }
            (Some(_), _) => {}
            (None, _) if chat.role == Role::Visitor => {
                self.command(room, line.who, Command::Presence, Asked::Voice(parcel), cx);
            }
            // Whoever has a voice need not ask.
            (None, _) => {}
        }
    }

    /// All moderators who are there by streams are asked (example 85).
    pub(super) fn ask_for_voice(
        &self,
        room: &RoomName,
        parcel: &Parcel,
        view: &PresenceView,
        cx: &mut Cx<'_>,
    ) {
        let me = self.rooms.get(room).and_then(|chat| chat.me.as_ref());
        let (Some(me), PresenceView::List(everybody)) = (me, view) else { return };
        let asked = request(&me.name, parcel.from().as_str());
        let decides = |person: &&Person| person.role == Role::Moderator;
        for to in everybody.iter().filter(decides).filter_map(full_address) {
            if let Some(asked) = Parcel::made(StanzaKind::Message, &asked, parcel.to(), &to) {
                cx.write_to_steward(office(&to), Account::appoint, ToAccount::Deliver(asked));
            }
        }
    }
}

/// The form that moderators are sent.
fn request(nick: &str, jid: &str) -> Tag {
    let field = |var: &str, kind: &str, label: &str, value: &str| {
        Tag::new("field", NS_DATA)
            .attr("var", var)
            .attr("type", kind)
            .attr("label", label)
            .child(Tag::new("value", NS_DATA).text(value))
    };
    let form = Tag::new("x", NS_DATA)
        .attr("type", "form")
        .child(Tag::new("title", NS_DATA).text("Somebody asks for a voice"))
        .child(field("FORM_TYPE", "hidden", "", FORM))
        .child(field("muc#role", "list-single", "The role he asks for", "participant"))
        .child(field("muc#jid", "jid-single", "His address", jid))
        .child(field("muc#roomnick", "text-single", "His name in the room", nick))
        .child(field("muc#request_allow", "boolean", "He may speak", "0"));
    Tag::new("message", CLIENT).child(form)
}
