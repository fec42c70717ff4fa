//! Coming into a room, being there otherwise, and under another name (XEP-0045 §7.2 to §7.7).

use hubbub_hub::command::Stay;
use hubbub_hub::presence::{Person, PresenceView};
use hubbub_hub::{
    Affiliation, Carried, Command, Joined, Password, Refusal, Role, RoomName, Start, Subject, Whois,
};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{CLIENT, Element, Tag};

use super::people::{self, STATUS};
use super::{Asked, Chat, Chats, Line, Stage, form, refused};
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
        let status = status(&parcel, STATUS);
        let x = parcel.element().child("x", MUC);
        let password = x.and_then(|x| x.child("password", MUC)).map(|word| Password::new(&word.text()));
        let listening = Listening::new(room.clone(), line.who.clone(), start, true, None);
        let listening = listening.heard_as(line.jid.resource().unwrap_or_default().into());
        let hears = listening.hears().clone();
        let chat = Chat {
            listening,
            at: parcel.to().bare(),
            since_ms: since(parcel.element(), cx),
            stage: Stage::Entering(parcel),
            me: None,
            role: Role::None,
            affiliation: Affiliation::None,
            whois: Whois::Moderators,
            is_made: false,
            seen: None,
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
                password,
                claims: true,
                hears,
            };
            chat.listening.ask_by(ticket, command, cx);
        }
    }

    /// A page has come; with the first, the client is in.
    pub(super) fn joined(&mut self, room: &RoomName, joined: &Joined, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let Some(chat) = self.rooms.get_mut(room) else { return };
        if let Stage::Entering(parcel) = std::mem::replace(&mut chat.stage, Stage::In) {
            chat.note(joined);
            chat.me.clone_from(&joined.me);
            chat.introduce(&parcel, joined, line);
        }
        let backlog = chat.listening.backlog(joined, cx);
        for one in &backlog {
            chat.remind(one, line);
        }
        let live = joined.live;
        if live {
            // What changed while history was read, in several pages, was told to nobody.
            chat.note(joined);
            chat.catch_up(&joined.presence, line);
            // XEP-0045 §7.2.15: after the history, also where there is none.
            chat.tell_subject(joined.subject.as_ref(), line);
        }
        let again = chat.listening.go_on(joined, chat.delivery(), false, cx);
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
            let status = status(&parcel, STATUS);
            self.command(room, line.who, Command::Show { status }, Asked::Said(parcel, None), cx);
        } else {
            let nick = wished.into();
            self.command(room, line.who, Command::Rename { nick }, Asked::Name(parcel), cx);
        }
    }
}

impl Chat {
    fn note(&mut self, joined: &Joined) {
        (self.role, self.affiliation, self.whois) = (joined.role, joined.affiliation, joined.whois);
        self.is_made |= joined.created;
    }

    /// Who is there, and at last oneself (XEP-0045 §7.2.2, §7.2.3).
    fn introduce(&mut self, parcel: &Parcel, joined: &Joined, line: &mut Line<'_>) {
        let Some(me) = &self.me else { return };
        let mut own = None;
        if let PresenceView::List(people) = &joined.presence {
            own = people.iter().find(|person| person.who.user == me.user).cloned();
            for person in people.iter().filter(|person| person.who.user != me.user) {
                let rest = self.view(line).available(person, &[], None);
                line.out.push(self.addressed(line.heads.presence, rest.into(), line));
            }
            self.seen = (!joined.live).then(|| people.clone());
        }
        let own = own.unwrap_or_else(|| Person {
            who: me.clone(),
            sessions: 1,
            since_unix_ms: 0,
            status: status(parcel, STATUS),
            affiliation: joined.affiliation,
            role: joined.role,
            guest: false,
        });
        let codes = [
            Some("110"),
            (joined.whois == Whois::Anyone).then_some("100"),
            joined.created.then_some("201"),
            // §7.2.8: the room calls one otherwise.
            (parcel.to().resource() != Some(&*me.name)).then_some("210"),
        ];
        let codes: Vec<_> = codes.into_iter().flatten().collect();
        let rest = self.view(line).available(&own, &codes, parcel.element().attr("id").as_deref());
        line.out.push(self.addressed(line.heads.presence, rest.into(), line));
    }

    /// What is talked about; an empty one if nothing is (XEP-0045 §7.2.15).
    fn tell_subject(&self, subject: Option<&Subject>, line: &mut Line<'_>) {
        let mut rest = Vec::new();
        let from = subject.map_or_else(
            || self.at.as_str().to_owned(),
            |subject| people::occupant(&self.at, &subject.by.name),
        );
        form::attribute("from", &from, &mut rest);
        form::attribute("type", "groupchat", &mut rest);
        rest.push(b'>');
        let text = subject.map_or("", |subject| &*subject.text);
        Tag::new("subject", CLIENT).text(text).write(&mut rest, CLIENT);
        if let Some(subject) = subject {
            form::delay(&self.at, subject.unix_ms).write(&mut rest, CLIENT);
        }
        rest.extend_from_slice(b"</message>");
        line.out.push(self.addressed(line.heads.message, rest.into(), line));
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
    if since(presence, cx) >= cx.now.unix_ms { Start::Now } else { last(count) }
}

/// Since when history is wanted, in milliseconds since 1970.
fn since(presence: &Element, cx: &Cx<'_>) -> u64 {
    let wanted = presence.child("x", MUC).and_then(|x| x.child("history", MUC));
    let Some(wanted) = wanted else { return 0 };
    let seconds = wanted.attr("seconds").and_then(|text| text.trim().parse::<u64>().ok());
    let age = seconds.map(|seconds| cx.now.unix_ms.saturating_sub(seconds.saturating_mul(1000)));
    let since = wanted.attr("since").and_then(|text| stamp::parse(&text));
    age.unwrap_or(0).max(since.unwrap_or(0))
}

fn last(count: u32) -> Start {
    if count == 0 { Start::Now } else { Start::Last(count) }
}

/// What a presence says of its sender, without what it says to the room.
pub(super) fn status(parcel: &Parcel, form: &'static str) -> Option<Carried> {
    let children = parcel.element().children().filter(|child| !child.ns().starts_with(MUC));
    let whole = Tag::new("presence", CLIENT).attr("from", parcel.from().as_str());
    let whole = children.fold(whole, Tag::node);
    Some(Carried::new(form, whole.to_vec("").into()))
}
