//! Coming into a room, being there otherwise, and leaving (XEP-0045 §7.2 to §7.7, §7.14).

use hubbub_hub::command::Stay;
use hubbub_hub::presence::PresenceView;
use hubbub_hub::{Carried, Command, Joined, Refusal, RoomName, Start};
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::xml::{CLIENT, Element, Tag};

use super::{Asked, Chat, Chats, DELIVERY, Line, Stage, form, refused};
use crate::listening::Listening;
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;
use crate::xmpp::stamp;

/// The namespace of what a client says on entering.
const MUC: &str = "http://jabber.org/protocol/muc";

impl Chats {
    /// A client comes in, with the nickname that its presence is addressed to.
    pub(super) fn enter(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let Some(nick) = parcel.to().resource().map(std::sync::Arc::from) else {
            // XEP-0045 §7.2.1: a nickname is needed.
            return line.refuse(&parcel, Condition::JidMalformed, None);
        };
        if self.rooms.len() >= cx.settings.xmpp.rooms {
            return line.refuse(&parcel, Condition::ResourceConstraint, Some("That is one room too many."));
        }
        let start = history(parcel.element(), cx);
        let status = status(&parcel);
        let chat = Chat {
            listening: Listening::new(room.clone(), line.who.clone(), start, true, None),
            at: parcel.to().bare(),
            stage: Stage::Entering(parcel),
            me: None,
            pages: 0,
        };
        self.rooms.insert(room.clone(), chat);
        let ticket = self.ticket(Asked::Page);
        if let Some(chat) = self.rooms.get_mut(room) {
            let command = |start, limit| Command::Join {
                start,
                limit,
                stay: Stay::Seated,
                follow: true,
                hello: None,
                nick: Some(nick),
                status,
                password: None,
                claims: false,
            };
            chat.listening.ask_by(ticket, command, cx);
        }
    }

    /// A page has come; with the first, the client is in.
    pub(super) fn joined(&mut self, room: &RoomName, joined: &Joined, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let Some(chat) = self.rooms.get_mut(room) else { return };
        if let Stage::Entering(parcel) = std::mem::replace(&mut chat.stage, Stage::In) {
            chat.me.clone_from(&joined.me);
            chat.introduce(&parcel, &joined.presence, line);
        }
        chat.pages += 1;
        let backlog = chat.listening.backlog(joined, cx);
        for one in &backlog {
            chat.remind(one, line);
        }
        let live = joined.live;
        let again = chat.listening.go_on(joined, DELIVERY, false, cx);
        if live {
            // XEP-0045 §7.2.15: after the history, also where there is none.
            chat.tell_subject(line);
        }
        if again {
            let ticket = self.ticket(Asked::Page);
            if let Some(chat) = self.rooms.get_mut(room) {
                chat.listening.ask(ticket, cx);
            }
        }
    }

    /// The room does not let the client in.
    pub(super) fn kept_out(&mut self, room: &RoomName, why: &Refusal, line: &mut Line<'_>) {
        let Some(chat) = self.rooms.remove(room) else { return };
        if let Stage::Entering(parcel) = chat.stage {
            let (condition, text) = refused(why);
            line.refuse(&parcel, condition, text);
        }
    }

    /// Somebody who is there says how, or wants another name.
    pub(super) fn change(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let Some(chat) = self.rooms.get_mut(room) else { return };
        if parcel.element().child("x", MUC).is_some() {
            // XEP-0045 §7.2: a client that is out of step enters again; it is told everything anew.
            self.rooms.remove(room);
            cx.leave(room);
            return self.enter(room, parcel, line, cx);
        }
        let wished = parcel.to().resource().unwrap_or_default();
        let same = chat.me.as_ref().is_none_or(|me| *me.name == *wished);
        if same {
            let status = status(&parcel);
            self.command(room, line.who, Command::Show { status }, Asked::Said(parcel), cx);
        } else {
            let nick = wished.into();
            self.command(room, line.who, Command::Rename { nick }, Asked::Name(parcel), cx);
        }
    }

    /// The client leaves (XEP-0045 §7.14).
    pub(super) fn leave(&mut self, room: &RoomName, parcel: &Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let Some(chat) = self.rooms.remove(room) else { return };
        cx.leave(room);
        let Some(me) = &chat.me else { return };
        let x = form::user_tag(None, "none", "none").child(form::status_tag("110"));
        let tag = Tag::new("presence", "jabber:client")
            .attr("type", "unavailable")
            .attr_opt("id", parcel.element().attr("id"))
            .child(x);
        if let Ok(from) = chat.at.with_resource(&me.name)
            && let Some(parcel) = Parcel::made(StanzaKind::Presence, &tag, &from, line.jid)
        {
            line.send(&parcel);
        }
    }
}

impl Chat {
    /// Who is there, and at last oneself (XEP-0045 §7.2.2, §7.2.3).
    fn introduce(&self, parcel: &Parcel, presence: &PresenceView, line: &mut Line<'_>) {
        let Some(me) = &self.me else { return };
        if let PresenceView::List(people) = presence {
            for person in people.iter().filter(|person| person.who.user != me.user) {
                let rest = form::available(&self.at, person);
                line.out.push(self.addressed(line.heads.presence, rest.into(), line));
            }
        }
        let mut codes = vec!["100", "110"];
        if parcel.to().resource() != Some(&*me.name) {
            // XEP-0045 §7.2.8: the room calls one otherwise.
            codes.push("210");
        }
        let own = status(parcel);
        let rest = form::own(&self.at, me, own.as_ref(), &codes, parcel.element().attr("id").as_deref());
        line.out.push(self.addressed(line.heads.presence, rest.into(), line));
    }

    /// There is none yet (XEP-0045 §7.2.15: an empty one).
    fn tell_subject(&self, line: &mut Line<'_>) {
        let tag = Tag::new("message", "jabber:client")
            .attr("type", "groupchat")
            .child(Tag::new("subject", "jabber:client"));
        if let Some(parcel) = Parcel::made(StanzaKind::Message, &tag, &self.at, line.jid) {
            line.send(&parcel);
        }
    }
}

/// How much history is wanted (XEP-0045 §7.2.13).
fn history(presence: &Element, cx: &Cx<'_>) -> Start {
    let most = cx.settings.xmpp.history;
    let wanted = presence.child("x", MUC).and_then(|x| x.child("history", MUC));
    let Some(wanted) = wanted else { return last(most) };
    let number = |name| wanted.attr(name).and_then(|text| text.trim().parse::<u64>().ok());
    if number("maxchars") == Some(0) {
        return Start::Now;
    }
    let count = number("maxstanzas").map_or(most, |count| u32::try_from(count).unwrap_or(most).min(most));
    let since = wanted.attr("since").and_then(|text| stamp::parse(&text));
    match (number("seconds"), since) {
        // What is older is left out when it is sent.
        (Some(0), _) => Start::Now,
        (_, Some(since)) if since >= cx.now.unix_ms => Start::Now,
        _ => last(count),
    }
}

fn last(count: u32) -> Start {
    if count == 0 { Start::Now } else { Start::Last(count) }
}

/// What a presence says of its sender, without what it says to the room.
fn status(parcel: &Parcel) -> Option<Carried> {
    let children = parcel.element().children().filter(|child| !child.ns().starts_with(MUC));
    let whole = Tag::new("presence", CLIENT).attr("from", parcel.from().as_str());
    let whole = children.fold(whole, Tag::node);
    Some(Carried::new(form::STATUS, whole.to_vec("").into()))
}
