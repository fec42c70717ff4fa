//! What somebody wants of the server once it is settled who he is: one variant for each kind of request.

use std::net::IpAddr;
use std::sync::Arc;

use hubbub_hub::{Identity, RoomName};

use crate::admin::{self, Actions};
use crate::allocations::{self, Allocations};
use crate::engineio;
use crate::ice_servers::AskIce;
use crate::peerjs;
use crate::poll::{self, Poll};
use crate::presence::AskPresence;
use crate::problem::Problem;
use crate::publish::{Publication, Publish};
use crate::respond::respond_problem;
use crate::rooms::{self, Rooms};
use crate::session::{Close, Cx};
use crate::sse::{self, Stream};
use crate::token::IssueToken;
use crate::tracker;
use crate::ws;

/// What a request wants.
#[derive(Debug)]
pub enum Want {
    /// To say something.
    Publish(Publication),
    /// To read, now or when there is something.
    Poll(poll::Reading),
    /// To be told as it happens.
    Stream(sse::Reading),
    /// A WebSocket.
    WebSocket(ws::handshake::Agreed),
    /// To know who is there.
    Presence(RoomName),
    /// A token for the account.
    Token,
    /// To have this done, as the application.
    Actions(admin::Wanted),
    /// To know which rooms there are, as the application.
    Rooms(rooms::Listing),
    /// To know what is relayed, as the application.
    Allocations(allocations::Span),
    /// To know STUN and TURN servers; it comes from there.
    Ice(IpAddr),
    /// To be a peer of PeerJS.
    PeerJs(Box<peerjs::Asked>),
    /// To know which peers there are.
    PeerJsPeers,
    /// The messages of a room over Engine.IO.
    EngineIo(Box<engineio::Asked>),
    /// To take part in swarms of WebTorrent.
    Tracker(tracker::Wanted),
}

impl Want {
    /// Whether this is of the admin API, which is there only with a token for it.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Actions(_) | Self::Rooms(_) | Self::Allocations(_))
    }

    /// Says that he cannot have it: in the protocol's own words where a page could not read an answer of HTTP.
    ///
    /// # Errors
    /// [`Close::Refused`], unless a session goes on to say it.
    pub(crate) fn refuse(self, problem: &Problem, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Self::PeerJs(asked) = self else { return respond_problem(problem, cx) };
        cx.turn_into(asked.refuse(problem.detail.clone(), cx.settings));
        Ok(())
    }

    /// Goes on as the session that does it, for `who`.
    pub fn begin(self, who: Arc<Identity>, cx: &mut Cx<'_>) {
        match self {
            Self::Publish(publication) => cx.turn_into(Publish::new(publication, who)),
            Self::Poll(reading) => cx.turn_into(Poll::new(reading, who)),
            Self::Stream(reading) => cx.turn_into(Stream::new(reading, who)),
            Self::WebSocket(agreed) => cx.turn_into(ws::Socket::new(agreed, who, cx.settings, cx.now)),
            Self::Presence(room) => cx.turn_into(AskPresence::new(room, who)),
            Self::Token => cx.turn_into(IssueToken::new(who)),
            Self::Actions(wanted) => cx.turn_into(Actions::new(wanted, who)),
            Self::Rooms(listing) => cx.turn_into(Rooms::new(listing, who)),
            Self::Allocations(span) => cx.turn_into(Allocations::new(span, who)),
            Self::Ice(from) => cx.turn_into(AskIce::new(who, from)),
            Self::Tracker(wanted) => wanted.begin(who, cx),
            Self::PeerJs(asked) => cx.turn_into(asked.begin(who, cx.settings)),
            Self::PeerJsPeers => cx.turn_into(peerjs::Listing::new()),
            Self::EngineIo(asked) => cx.turn_into(engineio::Exchange::new(asked.by(who))),
        }
    }
}
