//! Which rooms there are (XEP-0045 §6.3), a page at a time if that is asked for (XEP-0059).

use hubbub_hub::{RoomInfo, RoomName};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{Element, Tag};

use super::describe::NS_ITEMS;
use super::{Asked, Chats, Line};
use crate::session::{Answer, Cx, Question};
use crate::xmpp::parcel::Parcel;

/// The namespace of pages.
const NS_PAGE: &str = "http://jabber.org/protocol/rsm";
/// Most rooms in one answer.
const MOST: usize = 250;

/// A list under way: each worker tells of its rooms.
pub(super) struct Listing {
    parcel: Parcel,
    most: usize,
    rooms: Vec<RoomInfo>,
    told: u16,
}

impl Chats {
    /// Whether this asks the service of rooms which there are.
    pub(in crate::xmpp) fn is_about_rooms(iq: &Element) -> bool {
        let query = iq.child("query", NS_ITEMS);
        iq.attr("type").as_deref() == Some("get") && query.is_some_and(|query| query.attr("node").is_none())
    }

    /// Asks all workers.
    pub(in crate::xmpp) fn list(&mut self, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let page = parcel.element().child("query", NS_ITEMS).and_then(|query| query.child("set", NS_PAGE));
        let text = |name| {
            page.as_ref().and_then(|page| page.child(name, NS_PAGE)).map(|one| one.text().into_owned())
        };
        let most = text("max").map_or(Some(MOST), |most| most.trim().parse().ok());
        let after = text("after").filter(|after| !after.is_empty());
        let after = after.map(|after| room_at(&after).ok_or(Condition::ItemNotFound)).transpose();
        let (most, after) = match (most, after) {
            (Some(most), Ok(after)) => (most.min(MOST), after),
            (None, _) => return line.refuse(&parcel, Condition::BadRequest, None),
            (_, Err(why)) => return line.refuse(&parcel, why, None),
        };
        let listing = Listing { parcel, most, rooms: Vec::new(), told: 0 };
        let ticket = self.ticket(Asked::Rooms(Box::new(listing)));
        // One more than is told says whether there are more.
        cx.ask(Question::Rooms { who: line.who.clone(), after, limit: most + 1 }, ticket);
    }
}

fn room_at(jid: &str) -> Option<RoomName> {
    RoomName::from_localpart(Jid::parse(jid).ok()?.local()?).ok()
}

impl Listing {
    /// One worker's rooms. Says whether that was the last.
    pub(super) fn note(&mut self, answer: Answer) -> bool {
        let Answer::Rooms(rooms, workers) = answer else { return true };
        self.rooms.extend(rooms.into_iter().filter(|room| room.listed));
        self.told += 1;
        self.told >= workers
    }

    /// The list.
    pub(super) fn answer(&mut self, line: &mut Line<'_>) {
        let mut rooms = std::mem::take(&mut self.rooms);
        rooms.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let all = rooms.len() <= self.most;
        rooms.truncate(self.most);
        let host = self.parcel.to().domain().to_owned();
        let addressed: Vec<_> = rooms
            .iter()
            .filter_map(|room| Some((Jid::from_parts(Some(room.name.as_str()), &host, None).ok()?, room)))
            .collect();
        let items = addressed.iter().map(|(jid, room)| {
            let name = if room.title.is_empty() { room.name.as_str() } else { &room.title };
            Tag::new("item", NS_ITEMS).attr("jid", jid.as_str()).attr("name", name)
        });
        let query = Tag::new("query", NS_ITEMS).children(items);
        let asked = self.parcel.element().child("query", NS_ITEMS);
        let in_pages = !all || asked.is_some_and(|query| query.child("set", NS_PAGE).is_some());
        let page = in_pages.then(|| {
            let end = |name, one: Option<&(Jid, &RoomInfo)>| {
                one.map(|(jid, _)| Tag::new(name, NS_PAGE).text(jid.as_str()))
            };
            let ends = [end("first", addressed.first()), end("last", addressed.last())];
            Tag::new("set", NS_PAGE).children(ends.into_iter().flatten())
        });
        let parcel = self.parcel.clone();
        line.answer(&parcel, Some(query.children(page)));
    }
}
