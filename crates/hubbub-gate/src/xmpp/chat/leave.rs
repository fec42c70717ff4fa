//! Leaving a room (XEP-0045 §7.14), of one's own will or not.

use hubbub_hub::presence::Person;
use hubbub_hub::{Affair, Affiliation, Carried, Command, Role, RoomName};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::Element;

use super::enter::status;
use super::people::PARTED;
use super::{Chat, Chats, Line, Stage};
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;

/// What a client's error says if it is not there any more (XEP-0045 §18.1).
const GHOSTLY: [&str; 7] = [
    "gone",
    "item-not-found",
    "jid-malformed",
    "recipient-unavailable",
    "redirect",
    "remote-server-not-found",
    "remote-server-timeout",
];

impl Chats {
    /// The client leaves.
    pub(super) fn leave(&mut self, room: &RoomName, parcel: &Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let Some(chat) = self.rooms.remove(room) else { return };
        let word = status(parcel, PARTED);
        part(room, word.clone(), line, cx);
        chat.tell_leaving(word, &["110"], parcel.element().attr("id").as_deref(), line);
    }

    /// The client is not available any more, to nobody (RFC 6121 §4.5).
    pub(in crate::xmpp) fn leave_all(&mut self, presence: &Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let rooms: Vec<_> = self.rooms.keys().cloned().collect();
        rooms.iter().for_each(|room| self.leave(room, presence, line, cx));
    }

    /// The server is about to stop (§18.4: status 332).
    pub(in crate::xmpp) fn shut_down(&mut self, line: &mut Line<'_>) {
        for chat in std::mem::take(&mut self.rooms).into_values() {
            chat.tell_leaving(None, &["332", "110"], None, line);
        }
    }

    /// An error of a client that the room has told something: if it says that nobody is there, the room believes it.
    pub(super) fn erred(&mut self, room: &RoomName, error: &Element, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let error = error.child("error", "jabber:client");
        let ghostly =
            error.is_some_and(|error| error.children().any(|child| GHOSTLY.contains(&child.name())));
        if ghostly && let Some(chat) = self.rooms.remove(room) {
            part(room, None, line, cx);
            chat.tell_leaving(None, &["307", "333", "110"], None, line);
        }
    }

    /// The client has been put out.
    pub(super) fn put_out(&mut self, room: &RoomName, affair: &Affair, line: &mut Line<'_>) {
        let Some(chat) = self.rooms.remove(room) else { return };
        match &chat.stage {
            Stage::In => chat.tell_removal(affair, line),
            Stage::Entering(parcel) => line.refuse(parcel, Condition::Forbidden, affair.reason.as_deref()),
        }
    }
}

fn part(room: &RoomName, word: Option<Carried>, line: &Line<'_>, cx: &mut Cx<'_>) {
    cx.command(room, line.who, Command::Part { word }, 0);
    cx.leave(room);
}

impl Chat {
    fn tell_leaving(&self, word: Option<Carried>, codes: &[&str], id: Option<&str>, line: &mut Line<'_>) {
        let Some(me) = &self.me else { return };
        let person = Person {
            who: me.clone(),
            sessions: 0,
            since_unix_ms: 0,
            status: word,
            affiliation: self.affiliation.max(Affiliation::None),
            role: Role::None,
            guest: false,
        };
        let rest = self.view(line).gone(&person, codes, id);
        line.out.push(self.addressed(line.heads.presence, rest.into(), line));
    }
}
