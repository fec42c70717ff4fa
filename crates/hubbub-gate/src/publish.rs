//! `POST /rooms/{room}/messages`: one message, acknowledged when it is kept.

use std::sync::Arc;

use http::{StatusCode, header};
use hubbub_hub::{
    Args, Body, Command, Content, EventName, IdempotencyKey, Identity, Notice, Reply, RoomName,
};
use serde::de::IgnoredAny;

use crate::envelope;
use crate::params::Params;
use crate::problem::Problem;
use crate::request::Request;
use crate::respond::{respond_problem, respond_text};
use crate::session::{Close, Cx, Input, Session};

/// What is to be published where.
#[derive(Debug)]
pub struct Publication {
    room: RoomName,
    body: Body,
    key: Option<IdempotencyKey>,
}

/// Checks a publication.
///
/// # Errors
/// A body that is not what its type says, a bad event name or a bad key.
pub fn want(room: RoomName, params: &Params, request: Request) -> Result<Publication, Problem> {
    let event = match &params.event {
        Some(name) => {
            EventName::parse(name).map_err(|error| Problem::bad_request(format!("event: {error}.")))?
        }
        None => EventName::default(),
    };
    let headers = &request.parts.headers;
    let key = headers.get("idempotency-key").map(|value| {
        let text = value.to_str().unwrap_or_default();
        IdempotencyKey::parse(text)
            .ok_or_else(|| Problem::bad_request("Idempotency-Key must be 1 to 128 visible ASCII characters."))
    });
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut content = content(kind, request.body)?;
    if params.args == Some(true) {
        content = spread(content).ok_or_else(|| {
            Problem::bad_request("With args=true the body is a JSON array, sent as application/json.")
        })?;
    }
    Ok(Publication { room, body: Body::new(event, content), key: key.transpose()? })
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
    event: EventName,
    who: Arc<Identity>,
    deadline: u64,
}

impl Publish {
    /// A publication by `who`.
    #[must_use]
    pub fn new(publication: Publication, who: Arc<Identity>) -> Self {
        Self {
            event: publication.body.event.clone(),
            publication: Some(publication),
            who,
            deadline: u64::MAX,
        }
    }

    fn send(&mut self, cx: &mut Cx<'_>) {
        self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
        if let Some(Publication { room, body, key }) = self.publication.take() {
            cx.command(&room, &self.who, Command::Publish { body, key, about: None }, 0);
        }
    }

    fn answered(&self, reply: &Reply, cx: &mut Cx<'_>) -> Result<(), Close> {
        match reply {
            Reply::Published(published) => {
                let status = if published.repeated { StatusCode::OK } else { StatusCode::CREATED };
                let stamp = envelope::published(published, self.event.as_str());
                respond_text(status, envelope::with_answer(&stamp, published.answer.as_ref()), cx)
            }
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
