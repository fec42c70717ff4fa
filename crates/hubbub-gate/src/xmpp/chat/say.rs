//! What a client says in a room (XEP-0045 §7.4).

use bytes::Bytes;
use hubbub_hub::{Body, Carried, Command, Content, EventName, Govern, RoomName};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{Element, Tag};

use super::people::USER;
use super::{Asked, Chats, Line, form};
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;

impl Chats {
    /// A message to the room, or to somebody in it.
    pub(super) fn message(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        match (&*parcel.kind_of(), parcel.to().resource()) {
            ("error", _) => self.erred(room, parcel.element(), line, cx),
            // XEP-0045 §7.4: who is not there cannot speak.
            ("groupchat", None) if !self.rooms.contains_key(room) => {
                line.refuse(&parcel, Condition::NotAcceptable, None);
            }
            ("groupchat", None) => self.say(room, parcel, line, cx),
            ("groupchat", Some(_)) => line.refuse(&parcel, Condition::BadRequest, None),
            (_, Some(_)) => self.hand_on(room, parcel, line, cx),
            (_, None) => self.about_people(room, parcel, line, cx),
        }
    }

    fn say(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let child =
            |name| parcel.element().child(name, "jabber:client").map(|child| child.text().into_owned());
        let (text, subject) = (child("body"), child("subject"));
        let Some(text) = text else {
            // XEP-0045 §8.1: a subject alone changes the room's. What has no words at all is told and not kept: that somebody
            // writes, has read, or likes what was said.
            let command = match subject {
                Some(subject) => Command::Govern(Box::new(Govern::Subject(subject.into()))),
                None => Command::Pass { typing: None, what: Some(carried(parcel.element())) },
            };
            return self.command(room, line.who, command, Asked::Said(parcel), cx);
        };
        let body = Body {
            event: EventName::default(),
            content: Content::Text(Bytes::from(text)),
            carried: Some(carried(parcel.element())),
            own_id: parcel.element().attr("id").map(Into::into),
            about: None,
        };
        self.command(
            room,
            line.who,
            Command::Publish { body, key: None, about: None },
            Asked::Said(parcel),
            cx,
        );
    }
}

/// What other streams get of a message beside its text: all of it, with its sender's own id.
fn carried(message: &Element) -> Carried {
    let whole = Tag::new("message", "jabber:client")
        .attr_opt("id", message.attr("id"))
        .attr_opt("xml:lang", message.lang());
    // What a room says of its people only the room says.
    let own = message.children().any(|child| child.ns() == USER);
    let whole = match own {
        true => message.children().filter(|child| child.ns() != USER).fold(whole, Tag::node),
        false => whole.raw(message.inner()),
    };
    Carried::new(form::MESSAGE, whole.to_vec("").into())
}
