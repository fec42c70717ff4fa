//! `/engine.io/` and `/socket.io/`: what a request asks of Engine.IO (EIO4 "Query parameters").

use bytes::Bytes;
use http::{HeaderValue, Method, header, request};
use hubbub_auth::Credentials;
use hubbub_hub::{Identity, RoomName};
use hubbub_socketio::engine::{Peer, RequestError, Version};
use std::sync::Arc;

use super::mark::Mark;
use super::raw;
use crate::params::{self, Params};
use crate::problem::Problem;
use crate::request::Request;
use crate::settings::{GateSettings, Recovery, WsSettings};
use crate::ws::handshake::{self, Handshake};

/// A request of Engine.IO, checked as far as can be without its session.
#[derive(Debug)]
pub struct Asked {
    /// Of which session; none yet.
    pub(super) sid: Option<String>,
    pub(super) way: Way,
    /// What a new session is to be.
    pub(super) opening: Opening,
}

impl Asked {
    /// The same, of somebody who has been let in.
    #[must_use]
    pub fn by(mut self, who: Arc<Identity>) -> Self {
        if let What::Room(_, reader) = &mut self.opening.what {
            *reader = Some(who);
        }
        self
    }

    /// Whether it is to be settled first who asks. Whoever has a session's id is its owner.
    #[must_use]
    pub fn needs_admission(&self) -> bool {
        self.sid.is_none() && matches!(self.opening.what, What::Room(..))
    }
}

/// How it came.
#[derive(Debug)]
pub(super) enum Way {
    Poll(Mark),
    Post { body: Bytes, binary: bool, mark: Mark },
    WebSocket(Handshake),
}

/// What a new session begins with.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) peer: Peer,
    /// Whether the client takes few packets at once by polling.
    pub(super) takes_few: bool,
    pub(super) what: What,
}

/// What is to be spoken.
#[derive(Debug)]
pub(super) enum What {
    /// Socket.IO. Who somebody is he may still say when he connects to a namespace.
    SocketIo(Hello),
    /// The messages of a room, for whom is settled by then.
    Room(raw::Reading, Option<Arc<Identity>>),
}

/// What a client of Socket.IO said when it came.
#[derive(Debug)]
pub(crate) struct Hello {
    /// Who it says it is, where a namespace is not told otherwise.
    pub(crate) credentials: Credentials,
    /// Whether it can take offsets, and so resume.
    pub(crate) recovers: bool,
    /// Whether it wants to hear itself.
    pub(crate) echo: bool,
    /// Its protocol: clients of Engine.IO 3 speak an older Socket.IO as well.
    pub(crate) version: Version,
}

/// The parameters that are Engine.IO's own. Others, such as `t` against caches, are left alone.
#[derive(Default)]
struct Own<'a> {
    eio: Option<&'a str>,
    transport: Option<&'a str>,
    sid: Option<&'a str>,
    t: Option<&'a str>,
    base64: bool,
    jsonp: bool,
    room: Option<&'a str>,
    recovery: Option<bool>,
    /// Whether `transport` stands before `EIO`.
    transport_first: bool,
}

impl<'a> Own<'a> {
    fn parse(query: &'a str) -> Self {
        let mut own = Self::default();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match key {
                "EIO" => own.eio = Some(value),
                "transport" => {
                    own.transport = Some(value);
                    own.transport_first = own.eio.is_none();
                }
                "sid" => own.sid = Some(value),
                "t" => own.t = Some(value),
                "b64" => own.base64 = !matches!(value, "" | "0" | "false"),
                "j" => own.jsonp = true,
                "room" => own.room = Some(value),
                "recovery" => own.recovery = Some(matches!(value, "" | "1" | "true")),
                _ => {}
            }
        }
        own
    }

    fn version(&self, settings: &GateSettings) -> Result<Version, Problem> {
        match self.eio {
            Some("4") => Ok(Version::V4),
            Some("3") if settings.socketio.eio3 => Ok(Version::V3),
            _ => Err(refusal(RequestError::UnsupportedVersion)),
        }
    }
}

/// Checks a request. `alone` says that Engine.IO is spoken without Socket.IO.
///
/// # Errors
/// In the words of the reference server: 400 with `{"code","message"}`; a bad room, or a bad handshake of a WebSocket.
pub fn asked(
    request: Request,
    params: &Params,
    credentials: &Credentials,
    alone: bool,
    settings: &GateSettings,
) -> Result<Asked, Problem> {
    let Request { parts, .. } = &request;
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let own = Own::parse(&query);
    let version = own.version(settings)?;
    let sid = own.sid.filter(|sid| !sid.is_empty()).map(str::to_owned);
    let peer = Peer { version, base64: own.base64 };
    let what = match alone {
        true => room(&own, params)?,
        false => {
            let recovers = recovers(&own, version, parts, settings.socketio.recovery);
            let echo = params.echo.unwrap_or(true);
            What::SocketIo(Hello { credentials: credentials.clone(), recovers, echo, version })
        }
    };
    let takes_few = introduces_itself_as(parts, &TAKING_FEW) || own.transport_first;
    let opening = Opening { peer, takes_few, what };
    let way = way(request, &own, sid.is_some(), settings)?;
    Ok(Asked { sid, way, opening })
}

fn way(request: Request, own: &Own<'_>, known: bool, settings: &GateSettings) -> Result<Way, Problem> {
    match own.transport {
        Some("websocket") => {
            // EIO4: messages may be as large as `maxPayload` says, whatever the limit of other WebSockets.
            let handshake = handshake::agree(&request, &[], &websocket(settings))?;
            Ok(Way::WebSocket(handshake))
        }
        Some("polling") if own.jsonp => Err(refusal(RequestError::BadRequest)),
        Some("polling") if request.parts.method == Method::GET => Ok(Way::Poll(Mark::of(own.t, b""))),
        Some("polling") if request.parts.method == Method::POST && known => {
            let kind = request.parts.headers.get(header::CONTENT_TYPE);
            let binary = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/octet-stream"));
            let mark = Mark::of(own.t, &request.body);
            Ok(Way::Post { body: request.body, binary, mark })
        }
        Some("polling") if !known => Err(refusal(RequestError::BadHandshakeMethod)),
        Some("polling") => Err(refusal(RequestError::BadRequest)),
        _ => Err(refusal(RequestError::UnknownTransport)),
    }
}

/// A WebSocket of Engine.IO has the limits of Engine.IO.
pub(super) fn websocket(settings: &GateSettings) -> WsSettings {
    let mut ws = settings.ws.clone();
    ws.limits.message = settings.socketio.engine.max_payload as usize;
    ws.limits.frame = ws.limits.message;
    ws
}

/// The room that a session of Engine.IO alone is to be in.
fn room(own: &Own<'_>, params: &Params) -> Result<What, Problem> {
    let echo = params.echo.unwrap_or(true);
    let room = match own.room {
        Some(room) => params::room(room)?,
        // A request of a session that is there already names it by its id.
        None if own.sid.is_some() => {
            RoomName::parse("none").map_err(|_| refusal(RequestError::BadRequest))?
        }
        None => return Err(Problem::bad_request("Say which room: /engine.io/?room=lobby.")),
    };
    Ok(What::Room(raw::Reading { room, start: params.start, echo }, None))
}

/// Clients that take an offset for an argument of the application's: they call handlers with as many arguments as come.
const NOT_RECOVERING: [&str; 3] = ["python", "aiohttp", "dart"];

/// Clients that end the connection when the answer to a poll has more than 16 packets.
const TAKING_FEW: [&str; 2] = ["python", "aiohttp"];

/// Whether this client takes offsets. Nothing in the protocol says so: clients before Socket.IO 4.6 do not, and of those
/// in other languages none do today. What is known about them is how they introduce themselves: by their `User-Agent`, or, where
/// they send none, as python-engineio does, by the order of their parameters.
fn recovers(own: &Own<'_>, version: Version, parts: &request::Parts, rule: Recovery) -> bool {
    match (rule, own.recovery) {
        (Recovery::Never, _) => false,
        (Recovery::Always, asked) | (Recovery::Auto, asked @ Some(_)) => asked.unwrap_or(true),
        (Recovery::Auto, None) => {
            let unaware = introduces_itself_as(parts, &NOT_RECOVERING) || own.transport_first;
            version == Version::V4 && !unaware
        }
    }
}

/// Whether one of these, in lower case, is in the `User-Agent`.
fn introduces_itself_as(parts: &request::Parts, names: &[&str]) -> bool {
    let agent = parts.headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    let agent = String::from_utf8_lossy(agent).to_ascii_lowercase();
    names.iter().any(|name| agent.contains(name))
}

/// A refusal with the members that clients of Engine.IO know: `code` and `message`.
pub(crate) fn refusal(why: RequestError) -> Problem {
    let detail = match why {
        RequestError::UnknownTransport => "transport is polling or websocket.",
        RequestError::UnknownSid => {
            "This session is over, or never was. Begin a new one: connect without sid."
        }
        RequestError::BadHandshakeMethod => "A session begins with GET.",
        RequestError::BadRequest => "This breaks the protocol of Engine.IO. JSONP is not spoken.",
        RequestError::Forbidden => "That is not allowed.",
        RequestError::UnsupportedVersion => "EIO is 4; 3 only where the setting socketio.eio3 is true.",
        RequestError::TooLarge => {
            "A body has at most as many bytes as maxPayload says (socketio.max_payload)."
        }
    };
    let mut problem = match why {
        RequestError::TooLarge => Problem::too_large(0),
        RequestError::Forbidden => Problem::forbidden(""),
        _ => Problem::bad_request(""),
    };
    problem.detail = detail.into();
    problem.more.insert("code".into(), why.code().into());
    problem.more.insert("message".into(), why.message().into());
    problem
}
