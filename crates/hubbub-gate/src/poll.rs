//! `GET /rooms/{room}/messages`: what is there, or the next thing that is.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header, response};
use hubbub_hub::command::Stay;
use hubbub_hub::{Command, Happening, Identity, Joined, Notice, Offset, Reply, RoomName, Start};

use crate::dialect::Dialect;
use crate::envelope;
use crate::params::Params;
use crate::problem::{self, Problem};
use crate::respond::{respond, respond_problem};
use crate::session::{Act, Close, Cx, Delivery, Input, Session};
use crate::settings::GateSettings;

/// Messages in an answer when nobody says how many.
const DEFAULT_LIMIT: u32 = 100;

/// What a poll wants to read.
#[derive(Debug)]
pub struct Reading {
    room: RoomName,
    start: Start,
    limit: u32,
    wait_ms: u64,
    /// Entity tags that the client has.
    have: Option<HeaderValue>,
}

/// Checks a poll.
///
/// # Errors
/// A limit of nothing.
pub fn want(
    room: RoomName,
    params: &Params,
    headers: &HeaderMap,
    settings: &GateSettings,
) -> Result<Reading, Problem> {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).min(settings.poll_limit_max);
    if limit == 0 {
        return Err(Problem::bad_request("limit must be at least 1."));
    }
    let start = match params.start {
        Some(Start::Last(count)) => Start::Last(count.min(limit)),
        Some(start) => start,
        None => Start::Last(limit),
    };
    let wait_ms = params.wait_ms.unwrap_or(0).min(settings.long_poll_max_ms);
    Ok(Reading { room, start, limit, wait_ms, have: headers.get(header::IF_NONE_MATCH).cloned() })
}

/// A poll under way.
pub struct Poll {
    reading: Reading,
    who: Arc<Identity>,
    /// Where the reader stands, once the home has said so.
    cursor: Option<Offset>,
    deadline: u64,
}

impl Poll {
    /// A poll by `who`.
    #[must_use]
    pub fn new(reading: Reading, who: Arc<Identity>) -> Self {
        Self { reading, who, cursor: None, deadline: u64::MAX }
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
        let Reading { start, limit, wait_ms, .. } = self.reading;
        let stay = if self.who.named { Stay::Lingering } else { Stay::Unseen };
        let command = Command::join(start, limit, stay, wait_ms > 0, None);
        cx.command(&self.reading.room, &self.who, command, 0);
    }

    fn answered(&mut self, reply: &Reply, cx: &mut Cx<'_>) -> Result<(), Close> {
        match reply {
            Reply::Joined(joined) if !joined.recovered => {
                respond_problem(&Problem::cursor_gone(&joined.page), cx)
            }
            Reply::Joined(joined) if joined.page.events.is_empty() && joined.live => {
                self.cursor = Some(joined.page.cursor());
                let expires = self.who.expires_unix_ms.unwrap_or(u64::MAX).saturating_sub(cx.now.unix_ms);
                self.deadline = cx.now.mono_ms + self.reading.wait_ms.min(expires);
                cx.seat(&self.reading.room, Delivery::Once(Dialect::Poll), true);
                Ok(())
            }
            Reply::Joined(joined) => self.answer_page(joined, cx),
            Reply::Refused(why) => respond_problem(&Problem::refused(why), cx),
            Reply::Removed(affair) => respond_problem(&Problem::removed(affair), cx),
            // Answers to what was not asked here.
            _ => Ok(()),
        }
    }

    fn answer_page(&self, joined: &Joined, cx: &mut Cx<'_>) -> Result<(), Close> {
        let page = &joined.page;
        let etag = envelope::etag(page);
        if self.reading.have.as_ref().is_some_and(|have| names(have, &etag)) {
            let mut head = Response::new(()).into_parts().0;
            head.status = StatusCode::NOT_MODIFIED;
            return respond(tagged(head, &etag), Bytes::new(), cx);
        }
        let cursor = page.cursor();
        let body = cx.coder.bytes(|out| {
            envelope::page(
                out,
                &self.reading.room,
                cursor,
                cursor < page.head,
                page.events.iter().map(|event| &**event),
            );
        });
        respond(tagged(problem::head(StatusCode::OK, "application/json"), &etag), body, cx)
    }

    /// Something happened while we waited. `bytes` answers all who waited at the same place.
    fn woken(&self, what: &[Happening], bytes: &Bytes, cx: &mut Cx<'_>) -> Result<(), Close> {
        let mut events = what.iter().filter_map(|one| match one {
            Happening::Event(event) => Some(event),
            _ => None,
        });
        let head = problem::head(StatusCode::OK, "application/json");
        let limit = self.reading.limit as usize;
        if events.clone().count() <= limit {
            return respond(head, bytes.clone(), cx);
        }
        let cursor = events.clone().nth(limit - 1).map(|event| event.at).or(self.cursor);
        let Some(cursor) = cursor else { return Ok(()) };
        let room = &self.reading.room;
        let body = cx.coder.bytes(|out| {
            envelope::page(out, room, cursor, true, events.by_ref().take(limit).map(|event| &**event))
        });
        respond(head, body, cx)
    }

    /// The wait is over, or the server is closing.
    fn give_up(&self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Some(cursor) = self.cursor else {
            return respond_problem(&Problem::unavailable("The room's log could not be read in time."), cx);
        };
        let body =
            cx.coder.bytes(|out| envelope::page(out, &self.reading.room, cursor, false, std::iter::empty()));
        respond(problem::head(StatusCode::OK, "application/json"), body, cx)
    }
}

/// Whether an `If-None-Match` names `etag` (RFC 9110 §13.1.2: compared weakly).
fn names(have: &HeaderValue, etag: &str) -> bool {
    let have = have.to_str().unwrap_or_default();
    have.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn tagged(mut head: response::Parts, etag: &str) -> response::Parts {
    if let Ok(value) = HeaderValue::from_str(etag) {
        head.headers.insert(header::ETAG, value);
    }
    head
}

impl Session for Poll {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => {
                self.ask(cx);
                Ok(())
            }
            Input::Notice(Notice::Reply { reply, .. }) => self.answered(&reply, cx),
            Input::Once { what, bytes } => self.woken(what, bytes, cx),
            Input::Act(Act::Removed) => respond_problem(&Problem::account_removed(), cx),
            Input::Timeout | Input::Shutdown => self.give_up(cx),
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}
