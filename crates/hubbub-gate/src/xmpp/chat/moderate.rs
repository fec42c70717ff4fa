//! A moderator takes back what somebody said (XEP-0425).

use hubbub_hub::{Act, Body, Command, Content, EventName, MessageId, Named, RoomName, Wish};
use hubbub_xmpp::stanza::Condition;

use super::{Asked, Chats, Line};
use crate::session::Cx;
use crate::xmpp::about::{MODERATION, RETRACTION};
use crate::xmpp::parcel::Parcel;

/// The namespace.
pub(super) const NS: &str = MODERATION;

impl Chats {
    pub(super) fn moderate(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let asked = parcel.element().child("moderate", NS).filter(|_| &*parcel.kind_of() == "set");
        let Some(asked) = asked.filter(|asked| asked.child("retract", RETRACTION).is_some()) else {
            return line.refuse(&parcel, Condition::BadRequest, None);
        };
        let id = asked.attr("id").and_then(|id| id.parse::<MessageId>().ok());
        let Some(id) = id else { return line.refuse(&parcel, Condition::ItemNotFound, None) };
        if !self.rooms.contains_key(room) {
            return line.refuse(&parcel, Condition::NotAcceptable, None);
        }
        let reason = asked.child("reason", NS).map(|reason| reason.text().into_owned()).unwrap_or_default();
        let wish = Wish { act: Act::Retract, named: Named::Id(id), or_plain: false };
        let body = Body::new(EventName::retraction(), Content::Text(reason.into()));
        let command = Command::Publish { body, key: None, about: Some(Box::new(wish)) };
        self.command(room, line.who, command, Asked::Moderated(parcel), cx);
    }
}
