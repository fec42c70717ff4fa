//! Refusals over HTTP: `application/problem+json` (RFC 9457).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header, response};
use hubbub_hub::policy::Right;
use hubbub_hub::{Affair, Destroyed, Page, Refusal, Refused, Removal};
use serde_json::{Map, Value, json};

/// A refusal that says what was wrong and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The last part of its `type`.
    pub name: &'static str,
    /// One sentence for all refusals of this type.
    pub title: &'static str,
    /// What was wrong this time, and what to do.
    pub detail: String,
    /// Members beyond those of the RFC.
    pub more: Map<String, Value>,
    /// Header fields that belong to the status.
    pub headers: Vec<(header::HeaderName, &'static str)>,
}

impl Problem {
    fn new(status: StatusCode, name: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, name, title, detail: detail.into(), more: Map::new(), headers: Vec::new() }
    }

    fn with(mut self, name: header::HeaderName, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Something in the request does not parse.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request cannot be understood.", detail)
    }

    /// Who is asking could not be settled.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Say who you are.", detail).with(
            header::WWW_AUTHENTICATE,
            "Bearer realm=\"hubbub\", Basic realm=\"hubbub\", charset=\"UTF-8\"",
        )
    }

    /// Whoever is asking had an account.
    #[must_use]
    pub fn account_removed() -> Self {
        Self::unauthorized("The account was removed.")
    }

    /// Known, but not allowed.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "You may not do that here.", detail)
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing here.", detail)
    }

    /// The path is right, the method is not. `allow` lists those that are.
    pub fn method(allow: &'static str) -> Self {
        let detail = format!("This address answers {allow}.");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "This address does not do that.",
            detail,
        )
        .with(header::ALLOW, allow)
    }

    /// No form that the client accepts.
    pub fn not_acceptable() -> Self {
        let detail = "Accept application/json for an answer, or text/event-stream for a stream.";
        Self::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", "There is no such form of it.", detail)
    }

    /// It goes against what is there.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "That goes against what is there.", detail)
    }

    /// The body did not come in time.
    pub fn timeout() -> Self {
        let detail = "The body did not arrive in time. Send it again.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", "That took too long.", detail)
    }

    /// The body is over the limit.
    pub fn too_large(limit: usize) -> Self {
        let detail = format!(
            "At most {limit} bytes are taken here (limits.message_bytes, limits.signal_bytes, socketio.max_payload)."
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "That is too large.", detail)
    }

    /// The stream that a ticket is for is not here.
    #[must_use]
    pub fn stream_gone() -> Self {
        let detail = "This ticket is of no event stream that is open. Take that of hubbub:joined of the stream you read now.";
        Self::new(StatusCode::GONE, "stream-gone", "The event stream is gone.", detail)
    }

    /// A signal is over the limit.
    pub fn signal_too_large(limit: usize) -> Self {
        let detail = format!("A signal has at most {limit} bytes (limits.signal_bytes).");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "That is too large.", detail)
    }

    /// Not a WebSocket handshake, or not of version 13 (RFC 6455 §4.2.2, §4.4; RFC 9110 §15.5.22).
    pub fn upgrade_required(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UPGRADE_REQUIRED, "upgrade-required", "This address speaks WebSocket.", detail)
            .with(header::UPGRADE, "websocket")
            .with(header::SEC_WEBSOCKET_VERSION, "13")
    }

    /// Too much at once.
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "That is too much at once.", detail)
            .with(header::RETRY_AFTER, "1")
    }

    /// Not now.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The server cannot do that now.", detail)
            .with(header::RETRY_AFTER, "2")
    }

    /// The position asked for is not kept any more.
    #[must_use]
    pub fn cursor_gone(page: &Page) -> Self {
        let detail = "What followed this cursor is not kept any more. Read on from `oldest` for all that is kept, or from `cursor` for what comes next.";
        let mut problem = Self::new(StatusCode::GONE, "cursor-gone", "The cursor is gone.", detail);
        problem.more.insert("cursor".into(), page.head.to_string().into());
        problem.more.insert("oldest".into(), page.oldest.to_string().into());
        problem
    }

    /// What a home said no with.
    #[must_use]
    pub fn refused(why: &Refusal) -> Self {
        match why {
            Refusal::Forbidden(Right::Join) => Self::forbidden("This room does not let you in."),
            Refusal::Forbidden(Right::Publish) => Self::forbidden("This room does not let you publish."),
            Refusal::Forbidden(Right::Read) => Self::forbidden("This room does not let you read."),
            Refusal::NoSuchInbox => Self::not_found("There is no such user."),
            Refusal::NameTaken => Self::conflict("Somebody else in this room is called so."),
            Refusal::BadName => Self::bad_request("A name has 1 to 255 bytes and no control characters."),
            Refusal::Outcast => Self::forbidden("You are banned from this room."),
            Refusal::MembersOnly => Self::forbidden("This room is for its members."),
            Refusal::WrongPassword => Self::forbidden("This room has a password."),
            Refusal::NoVoice => Self::forbidden("You may listen in this room, not speak."),
            Refusal::Full => Self::unavailable("There are as many here as may be."),
            Refusal::Destroyed(end) => Self::destroyed(end),
            Refusal::NotPrivileged | Refusal::NotAllowed => Self::forbidden("That is not for you to decide."),
            Refusal::NoSuchPerson => Self::not_found("Nobody of this name or address is here."),
            Refusal::Deaf => Self::not_found("He is here, but by no client that hears signals."),
            Refusal::SignalsOff => Self::forbidden("Nobody sends signals in this room (signals)."),
            Refusal::LastOwner => Self::conflict("A room that has owners keeps one."),
            Refusal::Oneself => Self::conflict("You cannot do that to yourself."),
            Refusal::TooLong => Self::bad_request("That has more bytes than there may be."),
            Refusal::NotThere => Self::conflict("You are not in this room."),
            Refusal::NoSuchMessage => Self::not_found("There is no such message here, or not any more."),
            Refusal::NotYours => Self::forbidden("Somebody else said that."),
            Refusal::PresenceOff => Self::not_found("This room does not tell who is there."),
            Refusal::TooManyRooms => {
                Self::unavailable("There are as many rooms as the server may have (limits.rooms).")
            }
            Refusal::Busy => Self::unavailable("The server cannot keep up. Try again."),
            Refusal::TooFast => Self::too_many(
                "You say more than this server allows (limits.publish_rate, limits.signal_rate).",
            ),
            Refusal::HeardEnough => Self::unavailable(
                "So many signals go to whom this is for that no more are passed on now (limits.signal_heard). Try again.",
            ),
            Refusal::LogFailed => Self::unavailable(
                "The room's log on disk failed. Try again; with the same Idempotency-Key a message is kept once.",
            ),
            Refusal::ByApplication(no) => Self::by_application(no),
            Refusal::NoVerdict => {
                Self::unavailable("The application behind this room does not answer. Try again.")
            }
        }
    }

    /// The room is closed for good.
    fn destroyed(end: &Destroyed) -> Self {
        let mut problem = Self::new(
            StatusCode::GONE,
            "destroyed",
            "The room is closed.",
            "Its owner has closed this room.",
        );
        if let Some(reason) = &end.reason {
            problem.detail = reason.to_string();
        }
        if let Some(alternate) = &end.alternate {
            problem.more.insert("alternate".into(), (&**alternate).into());
        }
        problem
    }

    /// Somebody was put out of a room.
    #[must_use]
    pub fn removed(affair: &Affair) -> Self {
        let why = match affair.removed() {
            Some((_, Removal::Destroyed(end))) => return Self::destroyed(end),
            Some((_, Removal::Banned)) => "You have been banned from this room",
            Some((_, Removal::NoMember | Removal::MembersOnly)) => "This room is for its members",
            _ => "You have been put out of this room",
        };
        match &affair.reason {
            Some(reason) => Self::forbidden(format!("{why}: {reason}")),
            None => Self::forbidden(format!("{why}.")),
        }
    }

    /// The application behind the room said no, in its own words.
    fn by_application(no: &Refused) -> Self {
        let mut problem =
            Self::new(StatusCode::FORBIDDEN, "refused", "The application says no.", &*no.message);
        if let Some(data) = no.data.as_ref().and_then(|data| serde_json::from_slice(data).ok()) {
            problem.more.insert("data".into(), data);
        }
        problem
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut value = json!({
            "type": format!("urn:hubbub:problem:{}", self.name),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Value::Object(members) = &mut value {
            members.extend(self.more.clone());
        }
        value
    }

    /// As an HTTP answer.
    #[must_use]
    pub fn response(&self) -> (response::Parts, Bytes) {
        let mut body = self.json().to_string();
        body.push('\n');
        let mut head = head(self.status, "application/problem+json");
        for (name, value) in &self.headers {
            head.headers.append(name, HeaderValue::from_static(value));
        }
        (head, body.into())
    }
}

/// A head with a content type. Caches ask again each time, with the entity tag where there is one.
#[must_use]
pub fn head(status: StatusCode, content_type: &'static str) -> response::Parts {
    let mut head = Response::new(()).into_parts().0;
    head.status = status;
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    head.headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    head
}
