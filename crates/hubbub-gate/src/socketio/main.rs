//! The namespace `/`: a client joins and leaves rooms as it likes, and says what in which.

use hubbub_hub::address::NameError;
use hubbub_hub::{RoomName, Start};
use serde_json::{Value, json};

use super::form::PUBLISH;
use super::space::Number;
use super::{Asker, Connection, Said, UNDER_WAY, recovery};
use crate::engineio::line::Line;
use crate::listening::Listening;
use crate::params;
use crate::problem::Problem;
use crate::session::{Cx, Delivery};

impl Connection {
    /// An event in the namespace `/`.
    ///
    /// # Errors
    /// What is wrong with it, for whoever said it.
    pub(super) fn in_main(
        &mut self,
        asker: Asker,
        said: Said<'_>,
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) -> Result<(), Problem> {
        match &*said.event.name {
            "join" => {
                let (room, start) = (room_at(said, 0)?, start_at(said, 1)?);
                self.join(asker, room, start, cx, line)
            }
            "leave" => {
                let room = room_at(said, 0)?;
                self.leave(asker.space, &room, cx, line);
                self.say_yes(asker, &json!([{ "room": room.to_string() }]).to_string(), cx, line);
                Ok(())
            }
            PUBLISH => {
                let room = room_at(said, 0)?;
                let name = said.text_at(1).ok_or_else(|| {
                    Problem::bad_request("Say it so: emit(\"publish\", room, event, …arguments).")
                })?;
                let command = said.command(&room, &name, 2, cx)?;
                self.ask_room(asker, &room, command, cx)
            }
            name => {
                let body = said.body(name, 0, cx)?;
                self.ask_application(asker, body, cx)
            }
        }
    }

    /// Joins a room. Whoever is there already is told so.
    ///
    /// # Errors
    /// That would be too many.
    pub(super) fn join(
        &mut self,
        asker: Asker,
        room: RoomName,
        start: Start,
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) -> Result<(), Problem> {
        let (most, echo) = (cx.settings.socketio.rooms, self.hello.echo);
        let ticket = self.ticket();
        let Some(space) = self.space(asker.space) else { return Ok(()) };
        if space.listening.iter().any(|listening| listening.room == room) {
            // Whoever asks twice is answered twice, and not before it is settled whether he is in.
            match self.joining.iter().any(|(asked, by)| by.space == asker.space && *asked == room) {
                true if self.joining.len() >= UNDER_WAY => {
                    return Err(Problem::too_many("You ask too much at once."));
                }
                true => self.joining.push((room, asker)),
                false => self.say_yes(asker, &json!([{ "room": room.to_string() }]).to_string(), cx, line),
            }
            return Ok(());
        }
        if space.listening.len() >= most {
            return Err(Problem::too_many(
                "One connection can be in so many rooms at once (socketio.rooms).",
            ));
        }
        let Some((who, name)) = space.who.clone().zip(space.name.clone()) else { return Ok(()) };
        let listening = Listening::new(room.clone(), who, start, echo, None);
        let mut listening = listening.heard_as(name.as_str().into());
        if line.is_full(cx) {
            listening.wait(cx)
        } else {
            listening.ask(ticket, cx)
        }
        space.listening.push(listening);
        self.joining.push((room, asker));
        Ok(())
    }

    /// Leaves a room.
    pub(super) fn leave(&mut self, number: Number, room: &RoomName, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(space) = self.space(number) else { return };
        let Some(at) = space.listening.iter().position(|listening| listening.room == *room) else { return };
        let gone = space.listening.remove(at);
        self.stop(&gone, cx);
        while let Some(asker) = self.asked_to_join(number, room) {
            self.say_no(asker, &Problem::bad_request("You left the room before you were in it."), cx, line);
        }
        let position = self.position(number);
        let left = json!({ "room": room.to_string() });
        let Some(space) = self.spaces.iter().find(|space| space.number == number) else { return };
        let packets = self.wire(&space.namespace).server_event("hubbub:left", &left, position.as_deref());
        line.answer(packets, cx);
    }

    /// Who asked for a room that he is not in yet, and is now to be answered.
    pub(super) fn asked_to_join(&mut self, number: Number, room: &RoomName) -> Option<Asker> {
        let at = self.joining.iter().position(|(asked, asker)| asker.space == number && asked == room)?;
        Some(self.joining.swap_remove(at).1)
    }

    /// Nobody listens here any more; what others of this connection hear, or are present by, stays.
    pub(super) fn stop(&self, gone: &Listening, cx: &mut Cx<'_>) {
        let others =
            || self.spaces.iter().flat_map(|space| &space.listening).filter(|one| one.room == gone.room);
        if others().next().is_none() {
            return cx.leave(&gone.room);
        }
        if let Some(delivery) = gone.seat()
            && !others().any(|other| other.seat() == Some(delivery))
        {
            cx.unseat_from(&gone.room, delivery);
        }
    }

    /// Where a client stands in all its rooms, if it can come back to that.
    pub(super) fn position(&self, number: Number) -> Option<String> {
        let space = self.spaces.iter().find(|space| space.number == number)?;
        let known = space.listening.iter().filter_map(|listening| match listening.position() {
            Start::After(at) => Some((&listening.room, at)),
            _ => None,
        });
        self.hello.recovers.then(|| recovery::vector(known))
    }

    /// How many of this connection are told so, there.
    pub(super) fn are_seated(&self, room: &RoomName, delivery: Delivery) -> usize {
        let all = self.spaces.iter().flat_map(|space| &space.listening);
        all.filter(|one| one.is_live(room, delivery)).count()
    }

    /// Whether anybody of this connection is told so, there.
    pub(super) fn is_seated(&self, room: &RoomName, delivery: Delivery) -> bool {
        self.are_seated(room, delivery) > 0
    }
}

fn room_at(said: Said<'_>, index: usize) -> Result<RoomName, Problem> {
    let name = said.text_at(index).ok_or_else(|| {
        Problem::bad_request(format!("Say which room: emit(\"{}\", room, …).", said.event.name))
    })?;
    RoomName::parse(&name).map_err(|error| match error {
        NameError::Remote => Problem::not_found("Rooms on other servers cannot be reached from here."),
        _ => Problem::bad_request(format!("The room's name cannot be used: {error}.")),
    })
}

/// Where to begin, by `{since}` or `{last}`; with what comes next if there is neither.
fn start_at(said: Said<'_>, index: usize) -> Result<Start, Problem> {
    let options: Value =
        said.event.args.get(index).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    if let Some(since) = options.get("since").and_then(Value::as_str) {
        return params::since(since);
    }
    let last = options.get("last").and_then(Value::as_u64);
    Ok(last.map_or(Start::Now, |last| Start::Last(u32::try_from(last).unwrap_or(u32::MAX))))
}
