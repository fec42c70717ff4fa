//! What a client says in a room's namespace: an event with its arguments, as the room keeps it.

use bytes::Bytes;
use hubbub_hub::hook::HookKind;
use hubbub_hub::{
    Args, Body, Command, Content, EventName, HookAnswer, Part, Refusal, Reply, RoomName, SessionName,
};
use hubbub_socketio::socketio::{Event, Packet, placeholders};
use serde_json::{Value, json};

use super::form::event_name;
use super::space::{Number, Space};
use super::{Asker, Awaited, Connection, Said};
use crate::about::{self, Words};
use crate::engineio::line::Line;
use crate::envelope;
use crate::problem::Problem;
use crate::session::{Cx, Deed};
use crate::signals::SIGNAL;

/// What a client calls an answer to a message, with the message as first argument.
const REPLY: &str = "hubbub:reply";

/// What it calls what it wants to have said instead.
const EDIT: &str = "hubbub:edit";

impl Connection {
    /// An event of the client's.
    pub(super) fn event(&mut self, asker: Asker, said: Said<'_>, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(space) = self.space(asker.space) else { return };
        let result = match space.room.clone() {
            Some(room) => {
                let command = said.command(&room, &said.event.name, 0, cx);
                command.and_then(|command| self.ask_room(asker, &room, command, cx))
            }
            None => self.in_main(asker, said, cx, line),
        };
        if let Err(problem) = result {
            self.say_no(asker, &problem, cx, line);
        }
    }

    /// Says something in a room. The acknowledgement comes when it is kept, or told.
    ///
    /// # Errors
    /// Too much is under way.
    pub(super) fn ask_room(
        &mut self,
        asker: Asker,
        room: &RoomName,
        command: Command,
        cx: &mut Cx<'_>,
    ) -> Result<(), Problem> {
        let who = self.space(asker.space).and_then(|space| space.who.clone());
        let ticket = self.await_answer(asker.space, Awaited::Said(asker.ack));
        let (Some(who), Some(ticket)) = (who, ticket) else {
            return Err(Problem::too_many(
                "You have said too much that is not answered yet. Wait for acknowledgements.",
            ));
        };
        cx.command(room, &who, command, ticket);
        Ok(())
    }

    /// What became of something said.
    pub(super) fn replied(&self, asker: Asker, reply: Reply, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        match reply {
            Reply::Published(published) => {
                let (id, offset) = (published.id.to_string(), published.at.to_string());
                let kept = json!([{ "id": id, "offset": offset, "time": published.unix_ms }]);
                // What the application answers is what its client asked for; without an answer it is where the message stands.
                let args = published.answer.map_or_else(|| kept.to_string(), |answer| utf8(&answer));
                self.say_yes(asker, &args, cx, line);
            }
            Reply::Answered(answer) => {
                let args = answer.map_or_else(|| "[]".to_owned(), |answer| utf8(&answer));
                self.say_yes(asker, &args, cx, line);
            }
            Reply::Signalled(sessions) => {
                self.say_yes(asker, &json!([{ "sessions": sessions }]).to_string(), cx, line);
            }
            Reply::Refused(why) => self.say_no(asker, &Problem::refused(&why), cx, line),
            // Answers to what was not asked here.
            _ => {}
        }
    }

    /// What the application behind the namespace `/` says to an event.
    pub(super) fn application_said(
        &self,
        asker: Asker,
        answer: HookAnswer,
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) {
        let reply = match answer {
            Ok(verdict) => match verdict.refuse {
                Some(no) => Reply::Refused(Refusal::ByApplication(no)),
                None => Reply::Answered(verdict.answer),
            },
            Err(why) => Reply::Refused(why),
        };
        self.replied(asker, reply, cx, line);
    }

    /// Asks the application behind the namespace `/` about an event.
    ///
    /// # Errors
    /// There is none, it does not want to hear of events, or too much is under way.
    pub(super) fn ask_application(
        &mut self,
        asker: Asker,
        body: Body,
        cx: &mut Cx<'_>,
    ) -> Result<(), Problem> {
        let hook = cx.settings.socketio.hook.as_ref().filter(|hook| hook.wants(HookKind::Event));
        let Some(name) = hook.map(|hook| hook.name.clone()) else {
            return Err(Problem::not_found(
                "In the namespace / say join, leave or publish; or connect to the namespace of a room and say it there.",
            ));
        };
        let who = self.space(asker.space).and_then(|space| space.who.clone());
        let ticket = self.await_answer(asker.space, Awaited::Said(asker.ack));
        let (Some(who), Some(ticket)) = (who, ticket) else {
            return Err(Problem::too_many("You have asked too much that is not answered yet."));
        };
        let label = SessionName::parse(&self.sid);
        cx.ask_hook(&name, HookKind::Event, &who, ticket, |ask| (ask.body, ask.label) = (Some(body), label));
        Ok(())
    }

    /// Acknowledges, if the client wants to know.
    pub(super) fn say_yes(&self, asker: Asker, args: &str, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(Space { namespace, .. }) = self.space_of(asker) else { return };
        if let Some(id) = asker.ack {
            line.answer(self.wire(namespace).ack(id, args), cx);
        }
    }

    /// Says no: in the acknowledgement if one is wanted, else by an event. Nothing disappears in silence.
    pub(super) fn say_no(&self, asker: Asker, why: &Problem, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(Space { namespace, .. }) = self.space_of(asker) else { return };
        let wire = self.wire(namespace);
        let packets = match asker.ack {
            Some(id) => wire.ack(id, &json!([{ "error": why.json() }]).to_string()),
            None => wire.server_event("hubbub:error", &why.json(), None),
        };
        line.answer(packets, cx);
    }

    fn space_of(&self, asker: Asker) -> Option<&Space> {
        self.spaces.iter().find(|space| space.number == asker.space)
    }

    /// The client acknowledges what the application told it.
    pub(super) fn acked(
        &mut self,
        number: Number,
        packet: &Packet<'_>,
        attachments: &[Bytes],
        cx: &mut Cx<'_>,
    ) {
        let matches = |(id, space, _): &(u64, Number, _)| Some(*id) == packet.id && *space == number;
        let Some(at) = self.emitted.iter().position(matches) else { return };
        let (_, _, ack) = self.emitted.swap_remove(at);
        let json = packet.payload.unwrap_or("[]");
        let Some(args) = args(json, attachments) else { return };
        let mut out = Vec::new();
        envelope::args(&mut out, &args);
        cx.deeds.push(Deed::Acked(ack, out.into()));
    }
}

impl Said<'_> {
    /// What it asks of `room`, by its argument `first` and those behind it, as an event called `name`.
    ///
    /// # Errors
    /// A name that is none, arguments that do not belong to it, or too much.
    pub(super) fn command(
        &self,
        room: &RoomName,
        name: &str,
        first: usize,
        cx: &Cx<'_>,
    ) -> Result<Command, Problem> {
        let word = match (name, self.event.args.len().saturating_sub(first)) {
            (about::TYPING, 1) => return self.typing(first),
            (SIGNAL, 1) => return self.signal(room, first, cx),
            (REPLY, 2..) => "reply_to",
            (EDIT, 2..) => "edit_of",
            (EventName::REACTIONS, 2) => "reactions_to",
            (EventName::RETRACTION, 1) => "retracts",
            (about::TYPING | SIGNAL | REPLY | EDIT | EventName::REACTIONS | EventName::RETRACTION, _) => {
                return Err(usage());
            }
            _ => {
                let body = self.body(name, first, cx)?;
                return Ok(Command::Publish { body, key: None, about: None });
            }
        };
        let name = self.text_at(first).ok_or_else(usage)?;
        let wish = about::wish(word, &name).transpose()?;
        let content = match word {
            "retracts" => None,
            _ => Some(self.body(EventName::MESSAGE, first + 1, cx)?.content),
        };
        Words { event: None, content, wish, key: None }.command()
    }

    fn typing(&self, at: usize) -> Result<Command, Problem> {
        let typing = self.event.args.get(at).and_then(|json| serde_json::from_str(json).ok());
        typing.map(about::pass).ok_or_else(usage)
    }

    /// What it says from its argument `first` on, as an event called `name`.
    ///
    /// # Errors
    /// A name that is none, or too much.
    pub(super) fn body(&self, name: &str, first: usize, cx: &Cx<'_>) -> Result<Body, Problem> {
        let limit = cx.settings.message_bytes;
        let event = event_name(name).map_err(Problem::bad_request)?;
        let content = content(self.event, first, self.attachments).ok_or_else(|| {
            Problem::bad_request("The placeholders of this event do not fit its attachments.")
        })?;
        if content.weight() > limit {
            return Err(Problem::too_large(limit));
        }
        Ok(Body::new(event, content))
    }

    /// An argument, if it is a text.
    pub(super) fn text_at(&self, index: usize) -> Option<String> {
        serde_json::from_str::<Value>(self.event.args.get(index)?).ok()?.as_str().map(str::to_owned)
    }
}

fn usage() -> Problem {
    Problem::bad_request(
        "Say it so: emit(\"hubbub:reply\", id, …arguments), emit(\"hubbub:edit\", id, …arguments), \
         emit(\"hubbub:reactions\", id, [\"👍\"]), emit(\"hubbub:retraction\", id), emit(\"hubbub:typing\", true), \
         emit(\"hubbub:signal\", {to, signal}).",
    )
}

/// One text, one value or one attachment is what it is in every protocol; anything else is a list of arguments.
fn content(event: &Event<'_>, first: usize, attachments: &[Bytes]) -> Option<Content> {
    let all = event.args.get(first..).unwrap_or_default();
    match all {
        [one] if attachments.is_empty() => {
            let text = one.starts_with('"').then(|| serde_json::from_str::<String>(one).ok()).flatten();
            // Half a surrogate pair is JSON (RFC 8259 §8.2), but no text.
            let json = || Content::Json(Bytes::copy_from_slice(one.as_bytes()));
            Some(text.map_or_else(json, |text| Content::Text(text.into())))
        }
        [one] if attachments.len() == 1 && is_placeholder(one) => {
            Some(Content::Binary(attachments[0].clone()))
        }
        _ => args(&event.args_json(first), attachments).map(Content::Args),
    }
}

fn is_placeholder(json: &str) -> bool {
    placeholders(json, 1).is_ok_and(|found| matches!(&found[..], [(range, 0)] if *range == (0..json.len())))
}

fn args(json: &str, attachments: &[Bytes]) -> Option<Args> {
    let part = |(range, num): (std::ops::Range<usize>, usize)| {
        let at = u32::try_from(range.start).ok()?..u32::try_from(range.end).ok()?;
        Some(Part { at, bytes: attachments.get(num)?.clone() })
    };
    let found =
        if attachments.is_empty() { Vec::new() } else { placeholders(json, attachments.len()).ok()? };
    let parts = found.into_iter().map(part).collect::<Option<_>>()?;
    Args::new(Bytes::copy_from_slice(json.as_bytes()), parts)
}

/// An application's answer is JSON, so it is UTF-8.
fn utf8(json: &Bytes) -> String {
    String::from_utf8_lossy(json).into_owned()
}
