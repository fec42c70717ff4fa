//! The admin API (docs/webhooks.md): `POST /api/actions` does what an application wants done and says what came of it.

use std::sync::Arc;

use http::StatusCode;
use hubbub_hub::{Action, Identity, IdentityKind, Notice, Reply};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::actions::{self, ACTIONS_MAX};
use crate::problem::Problem;
use crate::respond::{respond_problem, respond_text};
use crate::session::{Answer, Close, Cx, Input, Outcome, Question, Session};

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    actions: Vec<&'a RawValue>,
}

/// What is to be done; what cannot be read is answered in its place.
pub type Wanted = Vec<Result<Action, String>>;

/// Reads a request.
///
/// # Errors
/// The body is no JSON of the form `{"actions":[…]}`, or there are too many.
pub fn want(body: &[u8]) -> Result<Wanted, Problem> {
    let wrong = |why: String| Problem::bad_request(format!("The body is {{\"actions\":[…]}}: {why}."));
    let text = std::str::from_utf8(body).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    let Written { actions } = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if actions.len() > ACTIONS_MAX {
        return Err(wrong(format!("there are at most {ACTIONS_MAX}")));
    }
    Ok(actions.iter().map(|raw| actions::parse(raw.get(), None)).collect())
}

/// Whether `who` may use the admin API.
///
/// # Errors
/// The answer to everybody else.
pub(crate) fn only_server(who: &Identity) -> Result<(), Problem> {
    match who.kind {
        IdentityKind::Server => Ok(()),
        IdentityKind::Guest => {
            Err(Problem::unauthorized("Bring api.token of the settings as Authorization: Bearer."))
        }
        IdentityKind::Account | IdentityKind::Token => {
            Err(Problem::forbidden("The admin API is for the holder of api.token."))
        }
    }
}

/// Actions under way.
pub struct Actions {
    wanted: Wanted,
    /// What came of each, as JSON; in order.
    results: Vec<Option<String>>,
    who: Arc<Identity>,
    deadline: u64,
}

impl Actions {
    /// What `who` wants done.
    #[must_use]
    pub fn new(wanted: Wanted, who: Arc<Identity>) -> Self {
        Self { results: vec![None; wanted.len()], wanted, who, deadline: u64::MAX }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        if let Err(problem) = only_server(&self.who) {
            return respond_problem(&problem, cx);
        }
        let longest = self.wanted.iter().flatten().filter_map(acknowledged_within).max().unwrap_or(0);
        self.deadline = cx.now.mono_ms + cx.settings.answer_ms + longest;
        for (ticket, action) in (0..).zip(std::mem::take(&mut self.wanted)) {
            match action {
                Ok(action) => cx.ask(Question::Act(action), ticket),
                Err(why) => self.results[ticket as usize] = Some(error(&why)),
            }
        }
        self.answer_if_complete(cx)
    }

    fn came_of(&mut self, ticket: u32, result: String, cx: &mut Cx<'_>) -> Result<(), Close> {
        if let Some(place) = self.results.get_mut(ticket as usize) {
            place.get_or_insert(result);
        }
        self.answer_if_complete(cx)
    }

    fn answer_if_complete(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        if self.results.iter().any(Option::is_none) { Ok(()) } else { self.answer(cx) }
    }

    fn answer(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let late = || error("there is no word of it in time; it may still be done");
        let results = std::mem::take(&mut self.results);
        let results: Vec<_> = results.into_iter().map(|result| result.unwrap_or_else(late)).collect();
        respond_text(StatusCode::OK, format!("{{\"results\":[{}]}}", results.join(",\n")), cx)
    }
}

fn acknowledged_within(action: &Action) -> Option<u64> {
    match action {
        Action::Emit { ack_ms, .. } => *ack_ms,
        Action::Join { .. } | Action::Leave { .. } | Action::Disconnect { .. } => None,
    }
}

fn error(why: &str) -> String {
    json!({ "error": why }).to_string()
}

fn of_reply(reply: &Reply) -> String {
    match reply {
        Reply::Published(published) => {
            json!({ "ok": true, "id": published.id.to_string(), "offset": published.at.to_string() })
                .to_string()
        }
        Reply::Refused(why) => error(&Problem::refused(why).detail),
        // Done, with nothing to tell of it.
        _ => json!({ "ok": true }).to_string(),
    }
}

fn of_outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Reached(sessions) => json!({ "ok": true, "sessions": sessions }).to_string(),
        Outcome::NoSuchSession => error("there is no such session"),
        Outcome::OneRoomOnly => error("a session of this protocol is in its one room"),
        Outcome::Acked { reached, acks, timeout } => {
            let acks: Vec<_> = acks
                .iter()
                .map(|(session, args)| {
                    let session = Value::from(session.as_str());
                    format!("{{\"session\":{session},\"args\":{}}}", String::from_utf8_lossy(args))
                })
                .collect();
            let timeout = if timeout { ",\"timeout\":true" } else { "" };
            format!("{{\"ok\":true,\"sessions\":{reached},\"acks\":[{}]{timeout}}}", acks.join(","))
        }
    }
}

impl Session for Actions {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.begin(cx),
            Input::Notice(Notice::Reply { ticket, reply, .. }) => self.came_of(ticket, of_reply(&reply), cx),
            Input::Answer(ticket, Answer::Acted(outcome)) => self.came_of(ticket, of_outcome(outcome), cx),
            Input::Timeout | Input::Shutdown => self.answer(cx),
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}
