//! What a client asks a room.

use hubbub_hub::{Command, Govern, RoomName};
use hubbub_xmpp::stanza::{StanzaKind, iq_result};
use hubbub_xmpp::xml::Tag;

use super::{Asked, Chats, Line, Then, admin, describe, moderate, owner, register};
use crate::session::Cx;
use crate::xmpp::archive;
use crate::xmpp::iq;
use crate::xmpp::parcel::Parcel;

impl Chats {
    /// An iq to a room, or to somebody in it.
    pub(super) fn asked(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        if parcel.to().resource().is_some() {
            return self.ask_somebody(room, parcel, line, cx);
        }
        if !matches!(&*parcel.kind_of(), "get" | "set") {
            return;
        }
        let ns = parcel.element().children().next().map(|payload| payload.ns().to_owned());
        match ns.as_deref() {
            Some(admin::NS) => self.administer(room, parcel, line, cx),
            Some(owner::NS) => self.own(room, parcel, line, cx),
            Some(register::NS) => self.with_affairs(room, parcel, register::answer, line, cx),
            Some(moderate::NS) => self.moderate(room, parcel, line, cx),
            Some(archive::NS) => self.look_up_in_room(room, parcel, line, cx),
            Some(describe::NS_INFO | describe::NS_ITEMS) => self.describe(room, parcel, line, cx),
            _ => {
                let me = iq::Asker { jid: line.jid, who: line.who, from: None };
                let answer = iq::answer(&iq::AT_ROOM, parcel.element(), &me, parcel.to(), cx)
                    .and_then(|tag| Parcel::made(StanzaKind::Iq, &tag, parcel.to(), line.jid));
                if let Some(answer) = answer {
                    line.send(&answer);
                }
            }
        }
    }

    /// Asks how the room's affairs stand, to go on with `then`.
    pub(super) fn with_affairs(
        &mut self,
        room: &RoomName,
        parcel: Parcel,
        then: Then,
        line: &Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        let command = Command::Govern(Box::new(Govern::Affairs));
        self.command(room, line.who, command, Asked::Affairs(parcel, then), cx);
    }
}

impl Line<'_> {
    /// Answers an iq.
    pub(super) fn answer(&mut self, asked: &Parcel, payload: Option<Tag>) {
        let id = asked.element().attr("id").unwrap_or_default();
        let tag = iq_result(&id, None, None, payload);
        if let Some(answer) = Parcel::made(StanzaKind::Iq, &tag, asked.to(), asked.from()) {
            self.send(&answer);
        }
    }
}
