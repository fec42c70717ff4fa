//! What one occupant says to another, through the room (XEP-0045 §7.5, §17.4), and whether one is still there (XEP-0410).
//!
//! The room knows by which sessions somebody is there; they are written to, and those that are streams take it.

use std::collections::VecDeque;

use hubbub_hub::presence::Person;
use hubbub_hub::{Command, RoomName, SessionKey};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, ErrorType, StanzaKind};
use hubbub_xmpp::xml::{CLIENT, Tag};

use super::people::{USER, full_address};
use super::{Asked, Chats, Line, jingle};
use crate::candidates::Candidates;
use crate::session::Cx;
use crate::xmpp::letters::ToClient;
use crate::xmpp::parcel::Parcel;

/// Most questions to occupants that a stream may have under way; the oldest are forgotten.
const OUTSTANDING: usize = 256;

/// Questions to occupants: to whom, under which id on the way, and under which id the client asked.
#[derive(Default)]
pub(super) struct Outstanding(VecDeque<(Jid, String, String)>);

impl Chats {
    /// A question to one occupant, or an answer.
    pub(super) fn ask_somebody(
        &mut self,
        room: &RoomName,
        parcel: Parcel,
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        let me = self.rooms.get(room).and_then(|chat| chat.me.as_ref());
        let pings = parcel.element().child("ping", "urn:xmpp:ping").is_some();
        let asks = matches!(&*parcel.kind_of(), "get" | "set");
        if asks && pings && me.is_some_and(|me| parcel.to().resource() == Some(&*me.name)) {
            // XEP-0410 §3: the room answers that itself.
            return line.answer(&parcel, None);
        }
        if asks && cx.settings.candidates.of(room) == Candidates::Relayed && jingle::tells(parcel.element()) {
            return line.refuse(&parcel, Condition::PolicyViolation, Some(jingle::REFUSED));
        }
        self.hand_on(room, parcel, line, cx);
    }

    /// Something for one occupant: the room knows who that is.
    pub(super) fn hand_on(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let is_in = self.rooms.get(room).is_some_and(|chat| chat.me.is_some());
        let Some(name) = parcel.to().resource().filter(|_| is_in).map(std::sync::Arc::from) else {
            // XEP-0410 §3.3 has another type of error than XEP-0045 §7.5.
            let kind = match parcel.kind() {
                StanzaKind::Iq => ErrorType::Cancel,
                _ => Condition::NotAcceptable.default_type(),
            };
            return line.refuse_as(&parcel, kind, Condition::NotAcceptable);
        };
        self.command(room, line.who, Command::WhoIs { name }, Asked::Whom(parcel), cx);
    }

    /// It is known who is called so.
    pub(super) fn pass_on(
        &mut self,
        room: &RoomName,
        parcel: &Parcel,
        found: &(Person, Vec<SessionKey>),
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        let (person, sessions) = found;
        let me = self.rooms.get(room).and_then(|chat| chat.me.as_ref());
        let from = me.and_then(|me| parcel.to().bare().with_resource(&me.name).ok());
        let (Some(from), Some(to)) = (from, full_address(person)) else {
            // Who is there by another protocol cannot be whispered to.
            return line.refuse(parcel, Condition::ServiceUnavailable, None);
        };
        let word = match (parcel.kind(), &*parcel.kind_of()) {
            (StanzaKind::Message, _) => message(parcel, &from, &to),
            (_, "get" | "set") => {
                let id = hubbub_xmpp::stream::token();
                self.outstanding.note(parcel, &id);
                iq(parcel, &id, &from, &to)
            }
            _ => iq(parcel, &parcel.element().attr("id").unwrap_or_default(), &from, &to),
        };
        let Some(word) = word else { return line.refuse(parcel, Condition::BadRequest, None) };
        for session in sessions {
            cx.write_to(*session, ToClient::Whisper(room.clone(), word.clone()));
        }
    }

    /// What somebody in a room says to the stream's owner, as it is for this stream, if it is.
    pub(in crate::xmpp) fn whispered(
        &mut self,
        room: &RoomName,
        parcel: &Parcel,
        me: &Jid,
    ) -> Option<Parcel> {
        self.rooms.get(room)?;
        match (parcel.kind(), &*parcel.kind_of()) {
            (StanzaKind::Message, _) => Some(parcel.readdressed(me)),
            (_, "get" | "set") => (parcel.to() == me).then(|| parcel.clone()),
            _ => {
                let id = self.outstanding.take(parcel)?;
                iq(parcel, &id, parcel.from(), me)
            }
        }
    }
}

impl Outstanding {
    fn note(&mut self, asked: &Parcel, id: &str) {
        if self.0.len() >= OUTSTANDING {
            self.0.pop_front();
        }
        let own = asked.element().attr("id").unwrap_or_default().into_owned();
        self.0.push_back((asked.to().clone(), id.to_owned(), own));
    }

    /// The id under which the client asked what this answers. Each question has one answer, from whom it was for.
    fn take(&mut self, answer: &Parcel) -> Option<String> {
        let id = answer.element().attr("id")?;
        let at = self.0.iter().position(|(to, known, _)| to == answer.from() && *known == *id)?;
        self.0.remove(at).map(|(_, _, own)| own)
    }
}

/// A message with the mark that it came through a room (§7.5).
fn message(parcel: &Parcel, from: &Jid, to: &Jid) -> Option<Parcel> {
    let said = parcel.element();
    let mut tag = Tag::new("message", CLIENT)
        .attr_opt("id", said.attr("id"))
        .attr_opt("type", said.attr("type"))
        .attr_opt("xml:lang", said.lang());
    for child in said.children().filter(|child| child.ns() != USER) {
        tag = tag.node(child);
    }
    Parcel::made(StanzaKind::Message, &tag.child(Tag::new("x", USER)), from, to)
}

fn iq(parcel: &Parcel, id: &str, from: &Jid, to: &Jid) -> Option<Parcel> {
    let asked = parcel.element();
    let tag = Tag::new("iq", CLIENT)
        .attr("id", id)
        .attr("type", parcel.kind_of())
        .attr_opt("xml:lang", asked.lang())
        .raw(asked.inner());
    Parcel::made(StanzaKind::Iq, &tag, from, to)
}
