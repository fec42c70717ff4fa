//! From a request to the session that answers it.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::Authority;
use http::{Method, Version, header, request, response};
use hubbub_auth::Credentials;
use hubbub_hub::RoomName;

use crate::admission::Admission;
use crate::credentials;
use crate::engineio;
use crate::origin::{self, Origin};
use crate::params::{self, Params};
use crate::peerjs;
use crate::problem::Problem;
use crate::session::{Secured, Session};
use crate::settings::GateSettings;
use crate::want::Want;
use crate::{admin, allocations, poll, publish, rooms, signal_post, sse, tracker, ws, xmpp};

/// A request, with its body.
#[derive(Debug)]
pub struct Request {
    /// Method, address and headers.
    pub parts: request::Parts,
    /// All of it.
    pub body: Bytes,
    /// An extended CONNECT for `websocket` (RFC 8441 §4).
    pub websocket_connect: bool,
    /// What is known of the connection's TLS, if it has any.
    pub secured: Option<Arc<Secured>>,
    /// Where its connection comes from.
    pub peer: IpAddr,
}

/// What to do with a request.
pub enum Opening {
    /// This session answers it.
    Session(Box<dyn Session>),
    /// It is answered already.
    Answer(response::Parts, Bytes),
}

/// The addresses of this page (docs/http.md).
enum Route {
    Messages(RoomName),
    Presence(RoomName),
    Signals(RoomName),
    WebSocket(RoomName),
    Token,
    Actions,
    Rooms,
    Allocations,
    Ice,
    /// XMPP over a WebSocket (RFC 7395).
    Xmpp,
    /// WebTorrent's.
    Tracker,
    PeerJs(peerjs::Place),
    /// Engine.IO: alone, or with Socket.IO.
    EngineIo {
        alone: bool,
    },
}

/// What the origin of a request may do: settled before its body is read, so that refusals of that can be read too.
///
/// # Errors
/// `400`: HTTP/1.1 without one `Host` (RFC 9112 §3.2). `403`: pages from there may not use this server.
pub fn origin(parts: &request::Parts, settings: &GateSettings) -> Result<Origin, Problem> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    if parts.version == Version::HTTP_11 && (host.is_none() || hosts.next().is_some()) {
        return Err(Problem::bad_request("A request of HTTP/1.1 has one Host header."));
    }
    let authority = parts.uri.authority().map(Authority::as_str).or(host);
    Origin::of(&parts.headers, authority, settings)
}

/// How many bytes of body this request may have, if somebody will read it: nothing else makes the server hold one.
#[must_use]
pub fn body_limit(parts: &request::Parts, settings: &GateSettings) -> Option<usize> {
    match route(parts.uri.path()) {
        _ if parts.method != Method::POST => None,
        Ok(Route::Messages(_) | Route::Actions) => Some(settings.message_bytes),
        Ok(Route::Signals(_)) => Some(settings.signal_bytes + signal_post::AROUND_BYTES),
        Ok(Route::EngineIo { .. }) => Some(settings.socketio.engine.max_payload as usize),
        _ => None,
    }
}

/// What is to be opened while the body of this request is on its way, and to end when it has come.
#[must_use]
pub fn announcement(parts: &request::Parts) -> Option<Box<dyn Session>> {
    let engine_io = matches!(route(parts.uri.path()), Ok(Route::EngineIo { .. }));
    let query = parts.uri.query().filter(|_| engine_io && parts.method == Method::POST)?;
    engineio::Coming::of(query).map(|coming| Box::new(coming) as Box<dyn Session>)
}

/// Settles what a request of a known origin wants.
pub fn open(request: Request, origin: &Origin, settings: &GateSettings) -> Opening {
    session(request, *origin != Origin::Any, settings).unwrap_or_else(|problem| answer(&problem))
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
    if let Route::Xmpp = route {
        return xmpp(&request, settings);
    }
    let methods = route.methods();
    if let Route::Signals(room) = route {
        let post = signal_post::open(room, &request, methods)?;
        return Ok(Opening::Session(Box::new(post)));
    }
    if let Route::PeerJs(place) = route {
        return peerjs::open(&request, place, cookies, settings).map(Opening::Session);
    }
    let mut params = Params::parse(request.parts.uri.query().unwrap_or_default())?;
    let credentials = credentials::of(&request.parts.headers, &mut params, cookies)?;
    if let Route::EngineIo { alone } = route {
        return engine_io(request, &params, credentials, alone, settings);
    }
    let want = route.want(request, &params, settings)?;
    Ok(Opening::Session(Box::new(Admission::new(credentials, want))))
}

/// Who somebody is he says by SASL.
fn xmpp(request: &Request, settings: &GateSettings) -> Result<Opening, Problem> {
    if !settings.xmpp.enabled {
        return Err(Problem::not_found("XMPP is not spoken here (xmpp.enabled)."));
    }
    match request.parts.method == Method::GET || request.websocket_connect {
        true => xmpp::websocket::open(request, settings).map(Opening::Session),
        false => Err(Problem::method("GET, OPTIONS")),
    }
}

/// Engine.IO asks who somebody is when a session begins; Socket.IO not before he connects to a namespace.
fn engine_io(
    request: Request,
    params: &Params,
    credentials: Credentials,
    alone: bool,
    settings: &GateSettings,
) -> Result<Opening, Problem> {
    let asked = engineio::asked(request, params, &credentials, alone, settings)?;
    Ok(Opening::Session(match asked.needs_admission() {
        true => Box::new(Admission::new(credentials, Want::EngineIo(Box::new(asked)))),
        false => Box::new(engineio::Exchange::new(asked)),
    }))
}

fn route(path: &str) -> Result<Route, Problem> {
    match path {
        "/api/token" => return Ok(Route::Token),
        "/api/actions" => return Ok(Route::Actions),
        "/api/rooms" => return Ok(Route::Rooms),
        "/api/turn/allocations" => return Ok(Route::Allocations),
        "/api/ice" => return Ok(Route::Ice),
        "/xmpp-websocket" => return Ok(Route::Xmpp),
        _ => {}
    }
    // The reference server answers without the last slash as well.
    match path.strip_suffix('/').unwrap_or(path) {
        "/socket.io" => return Ok(Route::EngineIo { alone: false }),
        "/engine.io" => return Ok(Route::EngineIo { alone: true }),
        "/tracker" => return Ok(Route::Tracker),
        _ => {}
    }
    if let Some(place) = peerjs::place(path) {
        return Ok(Route::PeerJs(place));
    }
    let nothing = || Problem::not_found("The addresses of this server are listed at /api/openapi.json.");
    let mut segments = path.strip_prefix("/rooms/").ok_or_else(nothing)?.split('/');
    let (room, what, end) = (segments.next(), segments.next(), segments.next());
    let make = match what {
        Some("messages") => Route::Messages,
        Some("presence") => Route::Presence,
        Some("signals") => Route::Signals,
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
            Self::Presence(_) | Self::Rooms | Self::Allocations | Self::Ice => "GET, HEAD, OPTIONS",
            Self::WebSocket(_) | Self::Xmpp | Self::Tracker => "GET, OPTIONS",
            Self::Token | Self::Actions | Self::Signals(_) => "POST, OPTIONS",
            Self::EngineIo { .. } => "GET, POST, OPTIONS",
            Self::PeerJs(place) => place.methods(),
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
            Self::Tracker if method == Method::GET || request.websocket_connect => {
                tracker::want(&request, settings).map(Want::Tracker)
            }
            Self::Token if method == Method::POST => Ok(Want::Token),
            Self::Actions if method == Method::POST => admin::want(&request.body).map(Want::Actions),
            Self::Rooms if reads => rooms::want(params).map(Want::Rooms),
            Self::Allocations if reads => allocations::want(params).map(Want::Allocations),
            Self::Ice if reads => Ok(Want::Ice(request.peer)),
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
    let accept: Vec<_> = accept.flat_map(|value| value.split(',')).map(media_range).collect();
    let takes = |types: &[&str]| {
        types
            .iter()
            .any(|kind| accept.iter().any(|(range, wanted)| *wanted && range.eq_ignore_ascii_case(kind)))
    };
    if takes(&["text/event-stream"]) {
        return Ok(Want::Stream(sse::want(room, params, &parts.headers)));
    }
    if accept.is_empty() || takes(&["application/json", "application/*", "*/*"]) {
        return poll::want(room, params, &parts.headers, settings).map(Want::Poll);
    }
    Err(Problem::not_acceptable())
}

/// A media range without its parameters, and whether it is wanted at all: a weight of 0 says that it is not.
fn media_range(range: &str) -> (&str, bool) {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (kind, weight.and_then(|weight| weight.parse::<f32>().ok()).is_none_or(|weight| weight > 0.0))
}
