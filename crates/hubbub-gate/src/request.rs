//! From a request to the session that answers it.

use bytes::Bytes;
use http::{Method, header, request, response};
use hubbub_hub::RoomName;

use crate::admission::Admission;
use crate::credentials;
use crate::origin::{self, Origin};
use crate::params::{self, Params};
use crate::problem::Problem;
use crate::settings::GateSettings;
use crate::want::Want;
use crate::{poll, publish, sse, ws};

/// A request, with its body.
#[derive(Debug)]
pub struct Request {
    /// Method, address and headers.
    pub parts: request::Parts,
    /// All of it.
    pub body: Bytes,
    /// An extended CONNECT for `websocket` (RFC 8441 §4).
    pub websocket_connect: bool,
}

/// What to do with a request.
pub enum Opening {
    /// This session answers it.
    Session(Box<Admission>),
    /// It is answered already.
    Answer(response::Parts, Bytes),
}

/// The addresses of this page (docs/http.md).
enum Route {
    Messages(RoomName),
    Presence(RoomName),
    WebSocket(RoomName),
    Token,
}

/// Settles what a request wants, and how pages of other origins may read the answer.
pub fn open(request: Request, settings: &GateSettings) -> (Opening, Origin) {
    let host = request
        .parts
        .uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| request.parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()));
    let origin = match Origin::of(&request.parts.headers, host, &settings.origins) {
        Ok(origin) => origin,
        Err(problem) => return (answer(&problem), Origin::Own),
    };
    let opening =
        session(request, origin != Origin::Any, settings).unwrap_or_else(|problem| answer(&problem));
    (opening, origin)
}

fn answer(problem: &Problem) -> Opening {
    let (head, body) = problem.response();
    Opening::Answer(head, body)
}

fn session(request: Request, cookies: bool, settings: &GateSettings) -> Result<Opening, Problem> {
    let route = route(request.parts.uri.path())?;
    if request.parts.method == Method::OPTIONS {
        return Ok(Opening::Answer(origin::preflight(route.methods()), Bytes::new()));
    }
    let mut params = Params::parse(request.parts.uri.query().unwrap_or_default())?;
    let credentials = credentials::of(&request.parts.headers, &mut params, cookies)?;
    let want = route.want(request, &params, settings)?;
    Ok(Opening::Session(Box::new(Admission::new(credentials, want))))
}

fn route(path: &str) -> Result<Route, Problem> {
    if path == "/api/token" {
        return Ok(Route::Token);
    }
    let nothing = || Problem::not_found("The addresses of this server are listed at /api/openapi.json.");
    let mut segments = path.strip_prefix("/rooms/").ok_or_else(nothing)?.split('/');
    let (room, what, end) = (segments.next(), segments.next(), segments.next());
    let make = match what {
        Some("messages") => Route::Messages,
        Some("presence") => Route::Presence,
        Some("ws") => Route::WebSocket,
        _ => return Err(nothing()),
    };
    if end.is_some() {
        return Err(nothing());
    }
    params::room(room.unwrap_or_default()).map(make)
}

impl Route {
    fn methods(&self) -> &'static str {
        match self {
            Self::Messages(_) => "GET, HEAD, POST, OPTIONS",
            Self::Presence(_) => "GET, HEAD, OPTIONS",
            Self::WebSocket(_) => "GET, OPTIONS",
            Self::Token => "POST, OPTIONS",
        }
    }

    fn want(self, request: Request, params: &Params, settings: &GateSettings) -> Result<Want, Problem> {
        let method = &request.parts.method;
        let reads = method == Method::GET || method == Method::HEAD;
        let methods = self.methods();
        match self {
            Self::Messages(room) if method == Method::POST => {
                publish::want(room, params, request).map(Want::Publish)
            }
            Self::Messages(room) if reads => reading(room, params, &request.parts, settings),
            Self::Presence(room) if reads => Ok(Want::Presence(room)),
            Self::WebSocket(room) if method == Method::GET || request.websocket_connect => {
                ws::handshake::want(room, params, &request, &settings.ws).map(Want::WebSocket)
            }
            Self::Token if method == Method::POST => Ok(Want::Token),
            _ => Err(Problem::method(methods)),
        }
    }
}

/// A stream if the client asks for one, else a poll (RFC 9110 §12.5.1).
fn reading(
    room: RoomName,
    params: &Params,
    parts: &request::Parts,
    settings: &GateSettings,
) -> Result<Want, Problem> {
    let accept = parts.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accept: Vec<_> = accept.flat_map(|value| value.split(',')).map(media_type).collect();
    let takes = |types: &[&str]| {
        types.iter().any(|kind| accept.iter().any(|accepted| accepted.eq_ignore_ascii_case(kind)))
    };
    if takes(&["text/event-stream"]) {
        return Ok(Want::Stream(sse::want(room, params, &parts.headers)));
    }
    if accept.is_empty() || takes(&["application/json", "application/*", "*/*"]) {
        return poll::want(room, params, &parts.headers, settings).map(Want::Poll);
    }
    Err(Problem::not_acceptable())
}

/// A media range without its parameters.
fn media_type(range: &str) -> &str {
    range.split(';').next().unwrap_or_default().trim()
}
