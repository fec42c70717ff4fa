//! PeerJS: the server that `new Peer(…)` of the npm package `peerjs` talks to, after the protocol of npm `peer` 1.0.2 (docs/peerjs.md).
//!
//! A peer is a session on a WebSocket (`peer`); what it says is a `message`. Ids are kept by switchboards (`switchboard`), stewards that
//! share all ids among them: one learns of every peer that comes and goes, and hands on what others say to it. What is said to an id
//! that nobody has is `awaited` there for a while. No room has a part in this.

mod address;
mod awaited;
mod counts;
mod id;
mod listing;
pub mod message;
mod peer;
mod proof;
mod settings;
mod switchboard;

use http::{Method, header};

pub use address::Asked;
pub use counts::Counts;
pub use id::PeerId;
pub use settings::PeerJsSettings;

use crate::admission::Admission;
use crate::credentials;
use crate::params::Params;
use crate::problem::Problem;
use crate::request::Request;
use crate::session::Session;
use crate::settings::GateSettings;
use crate::want::Want;

/// What is at the addresses of PeerJS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The WebSocket.
    Socket,
    /// A new id.
    NewId,
    /// All ids.
    Peers,
}

/// What is at `path`, if it is of PeerJS. The client puts its options `path` and `key` before what it asks for: with the path `/` that is
/// `/peerjs` and `/KEY/id`, with `/peerjs` it is `/peerjs/peerjs` and `/peerjs/KEY/id`. As the reference does, any key may ask over HTTP.
pub(crate) fn place(path: &str) -> Option<Place> {
    let mut segments = path.strip_prefix("/peerjs")?.split('/');
    if segments.next() != Some("") {
        return None;
    }
    match (segments.next(), segments.next(), segments.next()) {
        (None, ..) | (Some("peerjs"), None, _) => Some(Place::Socket),
        (Some("id"), None, _) | (Some(_), Some("id"), None) => Some(Place::NewId),
        (Some("peers"), None, _) | (Some(_), Some("peers"), None) => Some(Place::Peers),
        _ => None,
    }
}

/// Settles what a request for one of these addresses wants. Cookies count if `cookies` says so.
///
/// # Errors
/// It is not spoken here, or the request is not what the address is for.
pub(crate) fn open(
    request: &Request,
    place: Place,
    cookies: bool,
    settings: &GateSettings,
) -> Result<Box<dyn Session>, Problem> {
    if !settings.peerjs.enabled {
        return Err(Problem::not_found("PeerJS is not spoken here (peerjs.enabled)."));
    }
    let method = &request.parts.method;
    let reads = method == Method::GET || method == Method::HEAD;
    match place {
        Place::Socket if method == Method::GET || request.websocket_connect => {
            address::socket(request, cookies, settings)
        }
        // An id is no secret and no right: who may take it is asked when he comes.
        Place::NewId if reads => Ok(Box::new(id::NewId)),
        Place::Peers if reads && !settings.peerjs.discovery => Err(not_listed()),
        Place::Peers if reads => {
            let mut params = Params::parse(request.parts.uri.query().unwrap_or_default())?;
            let credentials = credentials::of(&request.parts.headers, &mut params, cookies)?;
            Ok(Box::new(Admission::new(credentials, Want::PeerJsPeers)))
        }
        Place::Socket | Place::NewId | Place::Peers => Err(Problem::method(place.methods())),
    }
}

/// As the reference has it. A challenge that browsers know would have them ask their user for a password.
fn not_listed() -> Problem {
    let headers = vec![(header::WWW_AUTHENTICATE, "Bearer realm=\"hubbub\"")];
    Problem {
        headers,
        ..Problem::unauthorized("Nobody is told who is here, unless the server sets peerjs.discovery.")
    }
}

impl Place {
    /// What may be done there.
    pub(crate) fn methods(self) -> &'static str {
        match self {
            Self::Socket => "GET, OPTIONS",
            Self::NewId | Self::Peers => "GET, HEAD, OPTIONS",
        }
    }
}

pub(crate) use listing::Listing;

#[cfg(test)]
mod tests;
