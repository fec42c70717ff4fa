//! What a client says in a room (XEP-0045 §7.4).

use hubbub_hub::{Body, Carried, Command, Govern, RoomName};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{CLIENT, Element, Tag};

use super::people::USER;
use super::{Asked, Chats, Line, form, signals};
use crate::session::Cx;
use crate::xmpp::about::{self, Place, Said};
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
            (_, Some(_)) if signals::is_signal(&parcel) => self.signal(room, parcel, line, cx),
            (_, Some(_)) => self.hand_on(room, parcel, line, cx),
            (_, None) => self.about_people(room, parcel, line, cx),
        }
    }

    fn say(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let message = parcel.element();
        let subject = message.child("subject", CLIENT).map(|subject| subject.text().into_owned());
        let command = match (about::said(message, Place::Room(&parcel.to().bare())), subject) {
            (Some(Said { event, content, wish }), _) => {
                let (carried, own_id) = (Some(carried(message)), about::own_id_of(message));
                let body = Body { event, content, carried, own_id, about: None };
                Command::Publish { body, key: None, about: wish.map(Box::new) }
            }
            // XEP-0045 §8.1: a subject alone changes the room's.
            (None, Some(subject)) => Command::Govern(Box::new(Govern::Subject(subject.into()))),
            // What has no words at all is told and not kept: that somebody writes, or has read.
            (None, None) => Command::Pass { typing: about::typing(message), what: Some(carried(message)) },
        };
        let claim = line.claim.take();
        self.command(room, line.who, command, Asked::Said(parcel, claim), cx);
    }
}

/// What other streams get of a message beside its text: all of it, with its sender's own id.
fn carried(message: &Element) -> Carried {
    let whole =
        Tag::new("message", CLIENT).attr_opt("id", message.attr("id")).attr_opt("xml:lang", message.lang());
    // What a room says of its people only the room says.
    let own = message.children().any(|child| child.ns() == USER);
    let whole = match own {
        true => message.children().filter(|child| child.ns() != USER).fold(whole, Tag::node),
        false => whole.raw(message.inner()),
    };
    Carried::new(form::MESSAGE, whole.to_vec("").into())
}
