//! `GET /api/rooms`: the rooms that are open on this server, page by page (docs/webhooks.md).

use std::sync::Arc;

use http::StatusCode;
use hubbub_hub::{Identity, RoomInfo, RoomName};
use serde_json::{Value, json};

use crate::admin::only_server;
use crate::params::Params;
use crate::problem::Problem;
use crate::respond::{respond_json, respond_problem};
use crate::session::{Answer, Close, Cx, Input, Question, Session};

/// Rooms in an answer when nobody says how many.
const DEFAULT_LIMIT: u32 = 100;

/// Most rooms in one answer.
const LIMIT_MAX: u32 = 1000;

/// Which rooms somebody wants to see.
#[derive(Debug)]
pub struct Listing {
    after: Option<RoomName>,
    limit: usize,
}

/// Checks a request.
///
/// # Errors
/// A limit of nothing, or a name that cannot be a room's.
pub fn want(params: &Params) -> Result<Listing, Problem> {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).min(LIMIT_MAX);
    if limit == 0 {
        return Err(Problem::bad_request("limit must be at least 1."));
    }
    let after = params.after.as_deref().map(RoomName::parse).transpose();
    let after = after.map_err(|error| Problem::bad_request(format!("after: {error}.")))?;
    Ok(Listing { after, limit: limit as usize })
}

/// A listing under way: each worker tells of its own rooms.
pub struct Rooms {
    listing: Listing,
    who: Arc<Identity>,
    rooms: Vec<RoomInfo>,
    answers: u16,
    deadline: u64,
}

impl Rooms {
    /// What `who` wants to see.
    #[must_use]
    pub fn new(listing: Listing, who: Arc<Identity>) -> Self {
        Self { listing, who, rooms: Vec::new(), answers: 0, deadline: u64::MAX }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        if let Err(problem) = only_server(&self.who) {
            return respond_problem(&problem, cx);
        }
        self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
        // One more than is shown tells whether there are more.
        let Listing { after, limit } = &self.listing;
        let who = self.who.clone();
        cx.ask(Question::Rooms { who, after: after.clone(), limit: limit + 1 }, 0);
        Ok(())
    }

    fn told(&mut self, rooms: Vec<RoomInfo>, workers: u16, cx: &mut Cx<'_>) -> Result<(), Close> {
        self.rooms.extend(rooms);
        self.answers += 1;
        if self.answers < workers {
            return Ok(());
        }
        self.rooms.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        let more = self.rooms.len() > self.listing.limit;
        self.rooms.truncate(self.listing.limit);
        let rooms: Vec<_> = self.rooms.iter().map(shown).collect();
        let mut answer = json!({ "rooms": rooms });
        if let Some(last) = self.rooms.last().filter(|_| more) {
            answer["next"] = last.name.to_string().into();
        }
        respond_json(StatusCode::OK, &answer, cx)
    }
}

fn shown(room: &RoomInfo) -> Value {
    json!({
        "room": room.name.to_string(),
        "head": room.head.to_string(),
        "people": room.people,
        "sessions": room.sessions,
        "title": &*room.title,
        "listed": room.listed,
    })
}

impl Session for Rooms {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.begin(cx),
            Input::Answer(_, Answer::Rooms(rooms, workers)) => self.told(rooms, workers, cx),
            Input::Timeout => respond_problem(&Problem::unavailable("A worker does not answer."), cx),
            Input::Shutdown => respond_problem(&Problem::unavailable("The server is closing."), cx),
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}
