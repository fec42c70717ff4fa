//! What a client asks a room, or somebody in it.

use hubbub_hub::RoomName;
use hubbub_xmpp::stanza::{Condition, StanzaKind, iq_result};

use super::{Chats, Line};
use crate::session::Cx;
use crate::xmpp::iq;
use crate::xmpp::parcel::Parcel;

impl Chats {
    /// An iq to a room, or to somebody in it.
    pub(super) fn asked(&self, room: &RoomName, parcel: &Parcel, line: &mut Line<'_>, cx: &Cx<'_>) {
        let answer = match parcel.to().resource() {
            None => iq::answer(&iq::AT_ROOM, parcel.element(), line.jid, parcel.to(), cx)
                .and_then(|tag| Parcel::made(StanzaKind::Iq, &tag, parcel.to(), line.jid)),
            Some(nick) => self.of_somebody(room, nick, parcel),
        };
        if let Some(answer) = answer {
            line.send(&answer);
        }
    }

    /// XEP-0410: whether one is still there is a question that the room answers itself.
    fn of_somebody(&self, room: &RoomName, nick: &str, parcel: &Parcel) -> Option<Parcel> {
        let Some(me) = self.rooms.get(room).and_then(|chat| chat.me.as_ref()) else {
            return parcel.refused(Condition::NotAcceptable, None);
        };
        let pings = parcel.element().child("ping", "urn:xmpp:ping").is_some();
        if pings && *me.name == *nick {
            let id = parcel.element().attr("id").unwrap_or_default();
            return Parcel::made(
                StanzaKind::Iq,
                &iq_result(&id, None, None, None),
                parcel.to(),
                parcel.from(),
            );
        }
        parcel.refused(Condition::ServiceUnavailable, None)
    }
}
