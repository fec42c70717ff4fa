//! What a client is told: pages of what was, and what happens.

use hubbub_hub::{Affair, Event, Happening, Joined, Refusal, RoomName, Start, Ticket};
use hubbub_socketio::engine::{Reason, Version};
use serde_json::json;

use super::form::{self, Form};
use super::space::{Number, Space, Stage};
use super::{Connection, recovery};
use crate::dialect::Dialect;
use crate::engineio::line::{Line, Packet};
use crate::envelope;
use crate::listening::Listening;
use crate::problem::Problem;
use crate::session::{Cx, Delivery};

impl Connection {
    fn find(&self, ticket: Ticket) -> Option<(usize, usize)> {
        self.spaces.iter().enumerate().find_map(|(at, space)| {
            let listening = space.listening.iter().position(|listening| listening.waits_for(ticket))?;
            Some((at, listening))
        })
    }

    /// A page of a room, or all there is to say of it.
    pub(super) fn joined(&mut self, ticket: Ticket, joined: &Joined, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some((at, index)) = self.find(ticket) else { return };
        let number = self.spaces[at].number;
        if let Stage::Joining(joining) = &self.spaces[at].stage {
            if self.spaces[at].is_main() {
                self.spaces[at].listening[index].looked();
                return self.looked_at(number, joined, cx, line);
            }
            if joining.former.is_some() && !joined.recovered {
                return self.forget_former(number, cx, line);
            }
            let resumes = joining.resumes;
            let restored = self.connected(number, Some(joined), cx, line);
            let mut data = self.introduction(at, index, joined, cx);
            data["recovered"] = (restored || (!resumes && joined.recovered)).into();
            self.tell_joined(at, &data, &joined.page.from.to_string(), cx, line);
        } else if !joined.recovered && !self.is_joining(at, index) {
            // Trimmed away while the client took the page before: it comes back and is told that something is missing.
            return line.end(Reason::ForcedClose, cx);
        }
        self.acknowledge_join(at, index, joined, cx, line);
        self.write_page(at, index, joined, cx, line);
        self.take_seat(at, index, joined, cx, line);
    }

    /// What `hubbub:joined` says, with the address by which signals reach the client.
    fn introduction(&self, at: usize, index: usize, joined: &Joined, cx: &Cx<'_>) -> serde_json::Value {
        let listening = &self.spaces[at].listening[index];
        let mut data = envelope::joined(&listening.room, joined);
        if let Some(address) = listening.own_address(joined, cx) {
            data["session"] = address.into();
        }
        data
    }

    /// Whether this is a room that was asked for in `/` and has not answered yet.
    fn is_joining(&self, at: usize, index: usize) -> bool {
        let space = &self.spaces[at];
        let room = &space.listening[index].room;
        self.joining.iter().any(|(asked, asker)| asker.space == space.number && asked == room)
    }

    fn tell_joined(
        &self,
        at: usize,
        data: &serde_json::Value,
        offset: &str,
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) {
        let offset = self.hello.recovers.then_some(offset);
        let wire = self.wire(&self.spaces[at].namespace);
        line.answer(wire.server_event("hubbub:joined", data, offset), cx);
    }

    /// A room that was asked for in `/` is joined: the client is told, and where it stands now.
    fn acknowledge_join(
        &mut self,
        at: usize,
        index: usize,
        joined: &Joined,
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) {
        let (number, room) = (self.spaces[at].number, self.spaces[at].listening[index].room.clone());
        let Some(asker) = self.asked_to_join(number, &room) else { return };
        let data = self.introduction(at, index, joined, cx);
        self.spaces[at].listening[index].stands_at(joined.page.from);
        let offset = self.position(asker.space).unwrap_or_default();
        self.tell_joined(at, &data, &offset, cx, line);
        let answer = json!([data]).to_string();
        self.say_yes(asker, &answer, cx, line);
        while let Some(other) = self.asked_to_join(number, &room) {
            self.say_yes(other, &answer, cx, line);
        }
    }

    fn write_page(&mut self, at: usize, index: usize, joined: &Joined, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let backlog = self.spaces[at].listening[index].backlog(joined, cx);
        let packets = self.packets(at, index, &backlog);
        line.page(packets, cx);
    }

    /// The session's old place has told all that came before what was held back here.
    pub(crate) fn handed_over(&mut self, room: &RoomName, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        for at in 0..self.spaces.len() {
            for index in 0..self.spaces[at].listening.len() {
                if self.spaces[at].listening[index].room == *room {
                    self.release(at, index, cx, line);
                }
            }
        }
    }

    fn release(&mut self, at: usize, index: usize, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(held) = self.spaces[at].listening[index].handed_over() else { return };
        line.tell(self.packets(at, index, &held), cx);
        self.spaces[at].listening[index].heard(&held);
        let delivery = self.delivery(at, index, line);
        let room = self.spaces[at].listening[index].room.clone();
        let seated = self.is_seated(&room, delivery);
        let others = self.are_seated(&room, Delivery::Personal) > 1;
        self.spaces[at].listening[index].reseat(delivery, seated, others, cx);
    }

    fn take_seat(&mut self, at: usize, index: usize, joined: &Joined, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let delivery = match self.spaces[at].listening[index].expects_handover() {
            true => Delivery::Personal,
            false => self.delivery(at, index, line),
        };
        let room = self.spaces[at].listening[index].room.clone();
        let seated = self.is_seated(&room, delivery);
        let ticket = self.ticket();
        let listening = &mut self.spaces[at].listening[index];
        if listening.go_on(joined, delivery, seated, cx) {
            listening.ask(ticket, cx);
        }
        if joined.live && self.spaces[at].listening[index].take_missed() {
            self.tell_presence(at, index, joined, cx, line);
        }
    }

    /// Who is there: for a client that has not heard who came and went.
    fn tell_presence(
        &mut self,
        at: usize,
        index: usize,
        joined: &Joined,
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) {
        let Some(mut data) = envelope::presence(&joined.presence) else { return };
        data["room"] = self.spaces[at].listening[index].room.to_string().into();
        let packets = self.wire(&self.spaces[at].namespace).server_event("hubbub:presence", &data, None);
        line.tell(packets, cx);
    }

    /// Clients on WebSockets share bytes with others, unless what they are told is theirs alone: positions in several rooms, or a
    /// namespace that is written otherwise than the room's name is.
    fn delivery(&self, at: usize, index: usize, line: &Line<'_>) -> Delivery {
        let space = &self.spaces[at];
        let Some(deflate) = line.websocket() else { return Delivery::Personal };
        let (main, recovers) = (space.is_main(), self.hello.recovers);
        let own =
            if main { recovers } else { form::namespace(&space.listening[index].room) != *space.namespace };
        if own {
            return Delivery::Personal;
        }
        let v3 = line.version() == Version::V3;
        Delivery::Shared(Dialect::SocketIo(Form { deflate, v3, msgpack: self.msgpack, recovers, main }))
    }

    fn packets(&self, at: usize, index: usize, what: &[Happening]) -> Vec<Packet> {
        let space = &self.spaces[at];
        let room = &space.listening[index].room;
        let wire = self.wire(&space.namespace);
        let recovers = self.hello.recovers;
        let offset = |event: &Event| match (recovers, space.is_main()) {
            (false, _) => None,
            (true, false) => Some(event.at.to_string()),
            (true, true) => Some(vector_with(space, room, event)),
        };
        what.iter().flat_map(|one| wire.happening(room, one, recovers, &offset)).collect()
    }

    /// What happens in a room, where it is written for this client alone.
    pub(super) fn happened(
        &mut self,
        room: &RoomName,
        what: &[Happening],
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) {
        let limit = cx.settings.outbox.bytes;
        for at in 0..self.spaces.len() {
            for index in 0..self.spaces[at].listening.len() {
                let listening = &mut self.spaces[at].listening[index];
                if !listening.is_live(room, Delivery::Personal) || listening.holds_back(what) {
                    continue;
                }
                self.release(at, index, cx, line);
                let packets = self.packets(at, index, what);
                line.tell(packets, cx);
                self.spaces[at].listening[index].heard(what);
            }
        }
        if line.waiting() > limit {
            self.fall_behind(room, cx);
        }
    }

    /// What happened in a room while the session moved, and no log keeps.
    pub(crate) fn missed(
        &mut self,
        room: &RoomName,
        what: &[Happening],
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) {
        for at in 0..self.spaces.len() {
            for index in 0..self.spaces[at].listening.len() {
                if self.spaces[at].listening[index].room == *room {
                    line.tell(self.packets(at, index, what), cx);
                }
            }
        }
    }

    /// The client does not fetch what waits for it. What comes next stays in the log until it does.
    fn fall_behind(&mut self, room: &RoomName, cx: &mut Cx<'_>) {
        cx.unseat_from(room, Delivery::Personal);
        let all = self.spaces.iter_mut().flat_map(|space| &mut space.listening);
        all.filter(|one| one.is_live(room, Delivery::Personal)).for_each(Listening::fall_behind);
    }

    /// A room says no.
    pub(super) fn turned_away(
        &mut self,
        ticket: Ticket,
        why: &Refusal,
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) {
        let Some((at, index)) = self.find(ticket) else { return };
        let number = self.spaces[at].number;
        let problem = Problem::refused(why);
        if matches!(self.spaces[at].stage, Stage::Joining(_)) {
            return match self.spaces[at].is_main() {
                true => self.forget_former(number, cx, line),
                false => self.reject(number, &problem, cx, line),
            };
        }
        let room = self.spaces[at].listening[index].room.clone();
        match self.asked_to_join(number, &room) {
            Some(asker) => {
                let gone = self.spaces[at].listening.remove(index);
                self.stop(&gone, cx);
                self.say_no(asker, &problem, cx, line);
                while let Some(other) = self.asked_to_join(number, &room) {
                    self.say_no(other, &problem, cx, line);
                }
            }
            // It was in: it must not believe that it still hears everything.
            None => self.put_out_or_end(number, &problem, cx, line),
        }
    }

    /// Those who decide in a room have put the client out of it: its namespace is at an end, and in `/` it is out of that room.
    pub(super) fn removed(&mut self, room: &RoomName, affair: &Affair, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let problem = Problem::removed(affair);
        let in_it = |space: &&Space| space.listening.iter().any(|listening| listening.room == *room);
        let all: Vec<_> =
            self.spaces.iter().filter(in_it).map(|space| (space.number, space.is_main())).collect();
        for (number, main) in all {
            match main {
                true => {
                    let mut why = problem.json();
                    why["room"] = room.to_string().into();
                    line.answer(self.wire(form::MAIN).server_event("hubbub:error", &why, None), cx);
                    self.leave(number, room, cx, line);
                }
                false => self.put_out(number, &problem, cx, line),
            }
        }
    }

    fn put_out_or_end(&mut self, number: Number, why: &Problem, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        if why.status.is_server_error() {
            return line.end(Reason::ForcedClose, cx);
        }
        self.put_out(number, why, cx, line);
    }
}

/// A client's position in all its rooms, once it has heard `event` in `room`.
fn vector_with(space: &Space, room: &RoomName, event: &Event) -> String {
    let known = space.listening.iter().filter_map(|listening| match listening.position() {
        _ if listening.room == *room => Some((&listening.room, event.at)),
        Start::After(at) => Some((&listening.room, at)),
        _ => None,
    });
    recovery::vector(known)
}
