//! What the owner of a room decides: how it is set up, and its end (XEP-0045 §10.1, §10.2, §10.9).

use std::collections::VecDeque;
use std::sync::Arc;

use hubbub_hub::{AffairsSnapshot, Affiliation, Govern, RoomName};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::Tag;

use super::{Chats, Line, config};
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;

/// The namespace of such questions.
pub(super) const NS: &str = "http://jabber.org/protocol/muc#owner";

impl Chats {
    pub(super) fn own(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        if &*parcel.kind_of() == "get" {
            return self.with_affairs(room, parcel, show, line, cx);
        }
        let Some(destroy) = parcel.within(&[("query", NS), ("destroy", NS)]) else {
            return self.with_affairs(room, parcel, configure, line, cx);
        };
        let reason = destroy.child("reason", NS).map(|reason| Arc::from(&*reason.text()));
        let alternate = destroy.attr("jid").map(|jid| Arc::from(&*jid));
        let end = Govern::Destroy { reason, alternate };
        self.decide(room, parcel, VecDeque::from([end]), line, cx);
    }
}

impl Chats {
    /// Whether the room began with the stream's coming, and its owner has not yet said how it is to be.
    fn has_just_made(&self, room: &RoomName) -> bool {
        self.rooms.get(room).is_some_and(|chat| chat.is_made)
    }

    fn has_taken(&mut self, room: &RoomName) {
        if let Some(chat) = self.rooms.get_mut(room) {
            chat.is_made = false;
        }
    }
}

/// The form, filled in as the room is.
fn show(
    _: &mut Chats,
    _: &RoomName,
    parcel: &Parcel,
    affairs: &AffairsSnapshot,
    line: &mut Line<'_>,
    _: &mut Cx<'_>,
) {
    if affairs.affiliation == Affiliation::Owner {
        line.answer(parcel, Some(Tag::new("query", NS).child(config::form(&affairs.config))));
    } else {
        line.refuse(parcel, Condition::Forbidden, None);
    }
}

/// The form as the owner has filled it in; an empty one leaves everything as it is (§10.1.2: an instant room).
fn configure(
    chats: &mut Chats,
    room: &RoomName,
    parcel: &Parcel,
    affairs: &AffairsSnapshot,
    line: &mut Line<'_>,
    cx: &mut Cx<'_>,
) {
    if affairs.affiliation != Affiliation::Owner {
        return line.refuse(parcel, Condition::Forbidden, None);
    }
    let Some(form) = parcel.within(&[("query", NS), ("x", config::NS_DATA)]) else {
        return line.refuse(parcel, Condition::BadRequest, None);
    };
    match form.attr("type").as_deref() {
        // §10.1.3: whoever has just made the room does not want it.
        Some("cancel") if chats.has_just_made(room) => {
            chats.decide(room, parcel.clone(), VecDeque::from([Govern::GiveUp]), line, cx);
        }
        Some("cancel") => line.answer(parcel, None),
        Some("submit") => match config::filled_in(form, affairs.config.clone()) {
            Ok(config) => {
                chats.has_taken(room);
                chats.decide(room, parcel.clone(), VecDeque::from([Govern::Configure(config)]), line, cx);
            }
            Err(why) => line.refuse(parcel, why, None),
        },
        _ => line.refuse(parcel, Condition::BadRequest, None),
    }
}
