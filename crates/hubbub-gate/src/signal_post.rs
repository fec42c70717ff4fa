//! `POST /rooms/{room}/signals`: a signal of somebody who reads by an event stream (docs/signals.md).
//!
//! The request has the ticket that the stream was given, and is carried to it, wherever it is; the stream says the signal as its own
//! and writes back what became of it. So a signal has the address at which its sender can be answered, and whoever has the ticket
//! need not show again who he is.

use std::borrow::Cow;

use http::{Method, StatusCode};
use hubbub_hub::{Command, Reply, RoomName};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::problem::Problem;
use crate::request::Request;
use crate::respond::{respond_json, respond_problem};
use crate::session::{Close, Cx, Input, Session};
use crate::session_id::SessionId;
use crate::signals::Around;

/// What a ticket is good for.
pub(crate) const TICKET: &str = "event stream signals";

/// What a body may have beside the signal, in bytes: a ticket, an address and blanks.
pub(crate) const AROUND_BYTES: usize = 16 << 10;

/// To a stream, from a request that has its ticket.
#[derive(Debug)]
pub(crate) struct Carried {
    /// When the stream that the ticket was given to came to its place.
    pub(crate) since_unix_ms: u64,
    /// Where the request wants to say it.
    pub(crate) room: RoomName,
    /// What the stream is to ask for.
    pub(crate) command: Command,
}

/// Back to the request.
#[derive(Debug)]
pub(crate) enum Fate {
    /// What the room says to it.
    Answered(Reply),
    /// The ticket is another's, whose place the stream has now.
    Gone,
    /// The stream is in another room.
    Elsewhere,
}

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words<'a> {
    #[serde(borrow)]
    ticket: Cow<'a, str>,
    #[serde(borrow)]
    to: Cow<'a, str>,
    #[serde(borrow)]
    signal: &'a RawValue,
}

/// One request under way.
pub(crate) struct SignalPost {
    room: RoomName,
    ticket: String,
    to: String,
    signal: Box<RawValue>,
    deadline: u64,
}

/// The session that answers `request`.
///
/// # Errors
/// Another method, or a body that is not `{"ticket","to","signal"}`.
pub(crate) fn open(room: RoomName, request: &Request, methods: &'static str) -> Result<SignalPost, Problem> {
    if request.parts.method != Method::POST {
        return Err(Problem::method(methods));
    }
    // RFC 8259 §8.1: JSON is UTF-8. serde_json does not look into strings that it hands on.
    let body = simdutf8::basic::from_utf8(&request.body)
        .map_err(|_| Problem::bad_request("The body is not UTF-8."))?;
    let Words { ticket, to, signal } = serde_json::from_str(body).map_err(|error| {
        Problem::bad_request(format!(
            "A signal is {{\"ticket\":TICKET,\"to\":ADDRESS,\"signal\":…}}: {error}."
        ))
    })?;
    let (ticket, to, signal) = (ticket.into_owned(), to.into_owned(), signal.to_owned());
    Ok(SignalPost { room, ticket, to, signal, deadline: u64::MAX })
}

impl SignalPost {
    fn carry(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let command = match Around::room(&self.room, cx).command(&self.to, self.signal.get()) {
            Ok(command) => command,
            Err(problem) => return respond_problem(&problem, cx),
        };
        let Some(stream) = SessionId::unseal(&self.ticket, TICKET, cx.doorman) else {
            return respond_problem(&Problem::stream_gone(), cx);
        };
        self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
        let (room, since_unix_ms) = (self.room.clone(), stream.since_unix_ms);
        cx.write_to(stream.host, Carried { since_unix_ms, room, command });
        Ok(())
    }
}

fn told(fate: &Fate, cx: &mut Cx<'_>) -> Result<(), Close> {
    match fate {
        Fate::Answered(Reply::Signalled(sessions)) => {
            respond_json(StatusCode::OK, &json!({ "sessions": sessions }), cx)
        }
        Fate::Answered(Reply::Refused(why)) => respond_problem(&Problem::refused(why), cx),
        Fate::Answered(_) => Ok(()),
        Fate::Gone => respond_problem(&Problem::stream_gone(), cx),
        Fate::Elsewhere => {
            let detail = "This ticket is for another room. Take that of the stream you read here.";
            respond_problem(&Problem::conflict(detail), cx)
        }
    }
}

impl Session for SignalPost {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.carry(cx),
            Input::Letter(_, letter) => match letter.downcast::<Fate>() {
                Ok(fate) => told(&fate, cx),
                Err(_) => Ok(()),
            },
            Input::Undelivered(_) => respond_problem(&Problem::stream_gone(), cx),
            Input::Timeout => {
                respond_problem(&Problem::unavailable("The room did not answer in time. Try again."), cx)
            }
            Input::Shutdown => respond_problem(&Problem::unavailable("The server is closing."), cx),
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}
