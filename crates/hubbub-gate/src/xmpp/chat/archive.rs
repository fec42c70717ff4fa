//! Pages of archives for a client (XEP-0313): of rooms, and of its own account. The hub is asked one question at a time for each stream, and
//! the next when the client has taken the answer.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use hubbub_hub::{
    AffairsSnapshot, Archive, ArchiveAsk, Command, Event, Identity, MessageId, Refusal, Reply, Role,
    RoomName, UserAddress, Whois,
};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::stream::Pieces;
use hubbub_xmpp::xml::{CLIENT, Tag, escape_attr};

use super::people::{USER, View};
use super::{Asked, Chats, Line, form, refused};
use crate::session::Cx;
use crate::xmpp::account;
use crate::xmpp::archive::{self, MOST, Query, Whose};
use crate::xmpp::parcel::Parcel;

/// Most questions of one stream that wait for their turn.
const WAITING: usize = 100;
/// A page that has so many bytes is not filled further, by [`Event::weight`].
const PAGE_BYTES: usize = 1 << 20;

/// What one stream wants to know of archives.
#[derive(Default)]
pub(super) struct Searches {
    row: VecDeque<(RoomName, Box<Search>)>,
    turn: Turn,
}

/// How far the question is whose turn it was.
#[derive(Default, PartialEq, Eq)]
enum Turn {
    /// There is none.
    #[default]
    Over,
    /// The hub has it.
    Asked,
    /// The client is being told.
    Told,
}

/// A question, and what was found so far.
pub(super) struct Search {
    parcel: Parcel,
    whose: Whose,
    wanted: Wanted,
    /// In the order in which they were found.
    found: Vec<Arc<Event>>,
    complete: bool,
}

enum Wanted {
    Page(Query),
    /// The first and the last message.
    Ends,
}

impl Chats {
    /// An iq to the client's own archive, the inbox `room`.
    pub(in crate::xmpp) fn look_up_own(
        &mut self,
        room: &RoomName,
        parcel: &Parcel,
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        self.look_up(room, parcel, Whose::Account, line, cx);
    }

    /// An iq to a room's archive: who may see what is a matter of how the room is now (§6.1.2).
    pub(super) fn look_up_in_room(
        &mut self,
        room: &RoomName,
        parcel: Parcel,
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        self.with_affairs(room, parcel, in_room, line, cx);
    }

    fn look_up(
        &mut self,
        room: &RoomName,
        parcel: &Parcel,
        whose: Whose,
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        let Some(payload) = parcel.element().children().next() else { return };
        let is_set = &*parcel.kind_of() == "set";
        let wanted = match (payload.name(), is_set) {
            ("query", true) => Query::read(payload, whose).map(Wanted::Page),
            ("query", false) => return line.answer(parcel, Some(archive::fields(whose))),
            ("metadata", false) => Ok(Wanted::Ends),
            ("prefs", false) if whose == Whose::Account => {
                return line.answer(parcel, Some(archive::preferences()));
            }
            // XEP-0441 §2.
            ("prefs", true) if whose == Whose::Account => Err(Condition::NotAllowed),
            _ => Err(Condition::FeatureNotImplemented),
        };
        let search =
            |wanted| Search { parcel: parcel.clone(), whose, wanted, found: Vec::new(), complete: false };
        match wanted.map(search).and_then(Search::permitted) {
            Ok(_) if self.searches.row.len() >= WAITING => {
                line.refuse(parcel, Condition::ResourceConstraint, Some("Too many questions at once."));
            }
            Ok(search) => {
                self.searches.row.push_back((room.clone(), Box::new(search)));
                if self.searches.turn == Turn::Over {
                    self.search_next(line.who, cx);
                }
            }
            Err(why) => line.refuse(parcel, why, None),
        }
    }

    /// The client has taken what it was told.
    pub(super) fn search_on(&mut self, who: &Arc<Identity>, cx: &mut Cx<'_>) {
        if self.searches.turn == Turn::Told {
            self.search_next(who, cx);
        }
    }

    fn search_next(&mut self, who: &Arc<Identity>, cx: &mut Cx<'_>) {
        self.searches.turn = Turn::Over;
        if let Some((room, search)) = self.searches.row.pop_front() {
            self.searches.turn = Turn::Asked;
            self.put(&room, search, None, who, cx);
        }
    }

    fn put(
        &mut self,
        room: &RoomName,
        search: Box<Search>,
        from: Option<MessageId>,
        who: &Arc<Identity>,
        cx: &mut Cx<'_>,
    ) {
        let command = Command::Archive(Box::new(search.ask(from)));
        self.command(room, who, command, Asked::Archive(search), cx);
    }

    /// The hub has looked.
    pub(super) fn looked_up(
        &mut self,
        room: &RoomName,
        mut search: Box<Search>,
        reply: Reply,
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        match reply {
            Reply::Archive(found) => match search.take(*found) {
                Some(from) => return self.put(room, search, Some(from), line.who, cx),
                None => search.answer(page_bytes(cx), line),
            },
            // Who has no inbox looks like nobody (RFC 6121 §8.5.1).
            Reply::Refused(Refusal::NoSuchInbox) => {
                line.refuse(&search.parcel, Condition::ServiceUnavailable, None);
            }
            Reply::Refused(why) => {
                let (condition, text) = refused(&why);
                line.refuse(&search.parcel, condition, text);
            }
            _ => {}
        }
        self.searches.turn = Turn::Told;
        cx.out.tell_when_drained();
    }
}

fn in_room(
    chats: &mut Chats,
    room: &RoomName,
    parcel: &Parcel,
    affairs: &AffairsSnapshot,
    line: &mut Line<'_>,
    cx: &mut Cx<'_>,
) {
    if !affairs.exists {
        return line.refuse(parcel, Condition::ItemNotFound, None);
    }
    let sees = affairs.config.whois == Whois::Anyone || affairs.role == Role::Moderator;
    chats.look_up(room, parcel, Whose::Room { sees }, line, cx);
}

impl Search {
    /// The same, if it does not ask what its sender may not know: who in a room is somebody (§4.1.1).
    fn permitted(self) -> Result<Self, Condition> {
        let room = self.parcel.to().bare_str();
        let by_address = |with: &Jid| with.bare_str() != room;
        let blind = self.whose == Whose::Room { sees: false };
        let unmasks = blind && self.with().is_some_and(by_address);
        if unmasks { Err(Condition::Forbidden) } else { Ok(self) }
    }

    fn with(&self) -> Option<&Jid> {
        match &self.wanted {
            Wanted::Page(query) => query.with.as_ref(),
            Wanted::Ends => None,
        }
    }

    /// Whether not all that the hub finds is looked for: it knows with whom an account had to do, and nothing of devices, and nothing of
    /// who is who in a room.
    fn sifts(&self) -> bool {
        self.with().is_some_and(|with| self.whose != Whose::Account || with.resource().is_some())
    }

    /// What the hub is asked; `from` there it has been asked already.
    fn ask(&self, from: Option<MessageId>) -> ArchiveAsk {
        let mut ask = match &self.wanted {
            Wanted::Page(query) => query.ask.clone(),
            Wanted::Ends => ArchiveAsk { limit: 1, newest: !self.found.is_empty(), ..ArchiveAsk::default() },
        };
        if self.sifts() {
            ask.limit = MOST.min(ask.limit.saturating_mul(MOST));
        }
        if let Some(with) = self.with().filter(|_| self.whose == Whose::Account) {
            ask.with = Some(UserAddress::from_prepared(with.bare_str()));
        }
        if let Some(from) = from.filter(|_| self.sifts()) {
            if ask.newest { ask.before.push(from) } else { ask.after.push(from) }
        }
        ask
    }

    /// Takes what was found. Says from where on there is more to look for, if there is.
    fn take(&mut self, found: Archive) -> Option<MessageId> {
        let Wanted::Page(query) = &self.wanted else {
            // The first, and then the last.
            let is_first = self.found.is_empty();
            self.found.extend(found.events);
            return self.found.first().filter(|_| is_first).map(|first| first.id);
        };
        let (limit, newest) = (query.ask.limit as usize, query.ask.newest);
        let mut events = found.events;
        if newest {
            events.reverse();
        }
        let last = events.last().map(|event| event.id);
        for event in events {
            if !self.is_wanted(&event) {
                continue;
            }
            if self.found.len() >= limit {
                return None;
            }
            self.found.push(event);
        }
        self.complete = found.complete;
        let bytes: usize = self.found.iter().map(|event| event.weight()).sum();
        let is_full = self.found.len() >= limit || bytes >= PAGE_BYTES;
        last.filter(|_| self.sifts() && !self.complete && !is_full)
    }

    fn is_wanted(&self, event: &Event) -> bool {
        let Some(with) = self.with() else { return true };
        match self.whose {
            Whose::Account => with.resource().is_none() || account::is_between(event, with),
            Whose::Room { .. } if with.bare_str() == self.parcel.to().bare_str() => {
                with.resource().is_none_or(|nick| *nick == *event.from.name)
            }
            Whose::Room { .. } => event.from.user.as_str() == with.bare_str(),
        }
    }

    /// What was found, as far as it fits into so many bytes, but one message if there is one.
    fn answer(mut self, bytes: usize, line: &mut Line<'_>) {
        let query = match &mut self.wanted {
            Wanted::Page(query) => std::mem::take(query),
            Wanted::Ends => {
                let payload = archive::metadata(ends(&self.found));
                return line.answer(&self.parcel, Some(payload));
            }
        };
        let (mut told, mut room_left, mut fits) = (Vec::new(), bytes, 0);
        for event in &self.found {
            let message = self.tell(&query, event, bytes, line);
            let weight = message.as_ref().map_or(0, Pieces::len);
            if weight > room_left && fits > 0 {
                break;
            }
            room_left = room_left.saturating_sub(weight);
            told.extend(message);
            fits += 1;
        }
        self.complete &= fits == self.found.len();
        self.found.truncate(fits);
        if query.ask.newest {
            self.found.reverse();
        }
        if query.ask.newest != query.flipped {
            told.reverse();
        }
        line.out.extend(told);
        line.answer(&self.parcel, Some(archive::fin(ends(&self.found), self.complete)));
    }

    /// The message that tells of one that was found. One that would not fit is left out of it, as §3.2 lets us: else it would end every
    /// stream that asks for it.
    fn tell(&self, query: &Query, event: &Event, bytes: usize, line: &Line<'_>) -> Option<Pieces> {
        let archive = self.parcel.to().bare();
        let forwarded = match self.whose {
            Whose::Account => account::archived(event, &archive)?.written().to_vec(),
            Whose::Room { sees } => said_in_room(event, &archive, sees, line),
        };
        let mut head = line.heads.message.as_bytes().to_vec();
        for (name, jid) in [(" from='", &archive), (" to='", line.jid)] {
            head.extend_from_slice(name.as_bytes());
            escape_attr(&mut head, jid.as_str());
            head.push(b'\'');
        }
        head.push(b'>');
        let forwarded = Some(&*forwarded).filter(|forwarded| forwarded.len() <= bytes);
        let result = archive::result(query, event, forwarded);
        Some(Pieces::new(head, result, Bytes::from_static(b"</message>")))
    }

    /// Whom a refusal is for.
    pub(super) fn parcel(&self) -> &Parcel {
        &self.parcel
    }
}

/// How a message ends.
const END: &[u8] = b"</message>";

/// As it was told, without a `to`; and who said it, for those who see that (§6.1.2).
fn said_in_room(event: &Event, at: &Jid, sees: bool, line: &Line<'_>) -> Vec<u8> {
    let view = View { at, sees, pseudonyms: line.pseudonyms.as_ref() };
    let mut out = Vec::new();
    form::event(&view, event, None, &mut out);
    if sees {
        out.truncate(out.len() - END.len());
        let item = Tag::new("item", USER).attr("jid", event.from.user.as_str());
        Tag::new("x", USER).child(item).write(&mut out, CLIENT);
        out.extend_from_slice(END);
    }
    out
}

/// Most bytes of a page: what the client has not read or acknowledged may not become more than ends its stream.
fn page_bytes(cx: &Cx<'_>) -> usize {
    cx.settings.outbox.bytes.min(cx.settings.xmpp.stream.sm_queue_bytes) / 2
}

fn ends(found: &[Arc<Event>]) -> Option<(&Event, &Event)> {
    Some((found.first()?, found.last()?))
}
