//! `POST /rooms/{room}/messages`: one message, acknowledged when it is kept; or that somebody is writing, which nothing keeps.

use std::sync::Arc;

use http::{StatusCode, header};
use hubbub_hub::{Act, Args, Command, Content, EventName, IdempotencyKey, Identity, Notice, Reply, RoomName};
use serde::de::IgnoredAny;

use crate::about::{self, Words};
use crate::envelope;
use crate::params::Params;
use crate::problem::Problem;
use crate::request::Request;
use crate::respond::{respond_nothing, respond_problem, respond_text};
use crate::session::{Close, Cx, Input, Session};

/// What is to be published where.
#[derive(Debug)]
pub struct Publication {
    room: RoomName,
    command: Command,
    /// What the event is called; nothing if it is none.
    event: Option<EventName>,
}

impl Publication {
    fn new(room: RoomName, command: Command) -> Self {
        let event = match &command {
            Command::Publish { body, .. } => Some(body.event.clone()),
            _ => None,
        };
        Self { room, command, event }
    }
}

/// Checks a publication.
///
/// # Errors
/// A body that is not what its type says or what is needed, a bad event name or a bad key.
pub fn want(room: RoomName, params: &Params, request: Request) -> Result<Publication, Problem> {
    if let Some(typing) = params.typing {
        return match request.body.is_empty() {
            true => Ok(Publication::new(room, about::pass(typing))),
            false => Err(Problem::bad_request("That one is writing has no body.")),
        };
    }
    let event = match &params.event {
        Some(name) => {
            Some(EventName::parse(name).map_err(|error| Problem::bad_request(format!("event: {error}.")))?)
        }
        None => None,
    };
    let key = request.parts.headers.get("idempotency-key").map(|value| {
        let text = value.to_str().unwrap_or_default();
        IdempotencyKey::parse(text)
            .ok_or_else(|| Problem::bad_request("Idempotency-Key must be 1 to 128 visible ASCII characters."))
    });
    let content = content_of(params, request)?;
    let words = Words { event, content, wish: params.about.clone(), key: key.transpose()? };
    Ok(Publication::new(room, words.command()?))
}

/// The body, as what it is to be.
fn content_of(params: &Params, request: Request) -> Result<Option<Content>, Problem> {
    let kind = request.parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match params.about.as_ref().map(|wish| wish.act) {
        Some(Act::Retract) if request.body.is_empty() => return Ok(None),
        // They are JSON, whatever `curl -d` calls them.
        Some(Act::React) => return Ok(Some(Content::Json(request.body))),
        _ => {}
    }
    let content = content(kind.unwrap_or_default(), request.body)?;
    if params.args != Some(true) {
        return Ok(Some(content));
    }
    let args = spread(content).ok_or_else(|| {
        Problem::bad_request("With args=true the body is a JSON array, sent as application/json.")
    });
    args.map(Some)
}

/// What the media type makes of the body. `curl -d` calls everything a form; it is taken as the text it is.
fn content(media_type: &str, body: bytes::Bytes) -> Result<Content, Problem> {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || kind.ends_with("+json") {
        // RFC 8259 §8.1: JSON is UTF-8. serde_json does not look into strings that it ignores.
        let text =
            simdutf8::basic::from_utf8(&body).map_err(|_| Problem::bad_request("The body is not UTF-8."))?;
        serde_json::from_str::<IgnoredAny>(text)
            .map_err(|error| Problem::bad_request(format!("The body is not JSON: {error}.")))?;
        return Ok(Content::Json(body));
    }
    if kind.starts_with("text/") || kind == "application/x-www-form-urlencoded" {
        simdutf8::basic::from_utf8(&body).map_err(|_| {
            Problem::bad_request(
                "The body is not UTF-8. Send it as application/octet-stream if it is not text.",
            )
        })?;
        return Ok(Content::Text(body));
    }
    Ok(Content::Binary(body))
}

/// A JSON array as the arguments of an event.
pub(crate) fn spread(content: Content) -> Option<Content> {
    match content {
        Content::Json(json) if json.trim_ascii_start().starts_with(b"[") => {
            Args::new(json, Vec::new()).map(Content::Args)
        }
        _ => None,
    }
}

/// A publication under way.
pub struct Publish {
    publication: Option<Publication>,
    event: Option<EventName>,
    who: Arc<Identity>,
    deadline: u64,
}

impl Publish {
    /// A publication by `who`.
    #[must_use]
    pub fn new(publication: Publication, who: Arc<Identity>) -> Self {
        Self { event: publication.event.clone(), publication: Some(publication), who, deadline: u64::MAX }
    }

    fn send(&mut self, cx: &mut Cx<'_>) {
        self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
        if let Some(Publication { room, command, .. }) = self.publication.take() {
            cx.command(&room, &self.who, command, 0);
        }
    }

    fn answered(&self, reply: &Reply, cx: &mut Cx<'_>) -> Result<(), Close> {
        match reply {
            Reply::Published(published) => {
                let status = if published.repeated { StatusCode::OK } else { StatusCode::CREATED };
                let event = self.event.as_ref().map_or(EventName::MESSAGE, EventName::as_str);
                let stamp = envelope::published(published, event);
                respond_text(status, envelope::with_answer(&stamp, published.answer.as_ref()), cx)
            }
            Reply::Answered(_) if self.event.is_none() => respond_nothing(cx),
            Reply::Answered(answer) => {
                let nothing = serde_json::json!({});
                respond_text(StatusCode::OK, envelope::with_answer(&nothing, answer.as_ref()), cx)
            }
            Reply::Refused(why) => respond_problem(&Problem::refused(why), cx),
            // Answers to what was not asked here.
            _ => Ok(()),
        }
    }
}

impl Session for Publish {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => {
                self.send(cx);
                Ok(())
            }
            Input::Notice(Notice::Reply { reply, .. }) => self.answered(&reply, cx),
            Input::Timeout => {
                let detail = "The disk did not keep up; the message may still be kept. Try again with the same Idempotency-Key.";
                respond_problem(&Problem::unavailable(detail), cx)
            }
            Input::LinkLost => Err(Close::Done),
            // What is on its way to the disk is answered before the server closes.
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}
