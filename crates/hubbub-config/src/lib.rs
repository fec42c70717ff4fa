//! Every setting of the server, defined once.
//!
//! A section of the file is one call of a macro in `sections/`: each setting with its description, type, default and
//! range. From these tables come the typed [`Config`], the checks, what `hubbub init` writes ([`annotated`]) and the
//! reference page ([`reference_page`]).
//!
//! A setting is taken from, in order of precedence: the command line ([`Flags`]), the environment (`HUBBUB_SECTION_NAME`),
//! the file, its default. [`load`] puts them together and lists everything that is wrong ([`Problems`]).

mod admit;
mod check;
mod convert;
mod document;
mod file;
mod land;
mod load;
mod problem;
mod section;
mod sections;
mod value;

use std::collections::HashMap;

pub use document::{annotated, reference_page};
pub use load::{Flags, load};
pub use problem::{Place, Problem, Problems};
pub use sections::{
    Access, Admit, Api, Candidates, Hears, Hidden, History, Host, Http, Ice, IceUrl, Level, Limits, Log,
    Logging, OnFailure, PeerJs, Ports, Presence, Recovery, RoomRule, Secret, SelfSigned, Server,
    ShowPresence, SocketIo, Store, Tls, TlsVersion, Token, Tracker, Turn, WebSocket, Webhook, WhenFull, Xmpp,
};

use section::Section;

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens and where it keeps things.
    pub server: Server,
    /// Encryption.
    pub tls: Tls,
    /// Who is let in.
    pub access: Access,
    /// Which tokens are believed.
    pub token: Token,
    /// What things may cost.
    pub limits: Limits,
    /// Polling and event streams.
    pub http: Http,
    /// WebSockets.
    pub websocket: WebSocket,
    /// Engine.IO and Socket.IO.
    pub socketio: SocketIo,
    /// XMPP.
    pub xmpp: Xmpp,
    /// PeerJS.
    pub peerjs: PeerJs,
    /// Servers that help clients to reach each other.
    pub ice: Ice,
    /// STUN and TURN of our own.
    pub turn: Turn,
    /// WebTorrent's tracker.
    pub tracker: Tracker,
    /// How history is held.
    pub history: History,
    /// The disk.
    pub store: Store,
    /// Who is there.
    pub presence: Presence,
    /// What the server writes about itself.
    pub log: Logging,
    /// The admin API.
    pub api: Api,
    /// The applications behind rooms.
    pub webhooks: Vec<Webhook>,
    /// What rooms are like, in order of precedence.
    pub rooms: Vec<RoomRule>,
    /// The public key that `token.ed25519_public_key_file` holds, in PEM.
    pub ed25519_public_key: Option<String>,
    /// Where each setting that is not at its default was given, by its full name (`limits.rooms`, `room[0].log`).
    places: HashMap<String, Place>,
}

impl Config {
    /// All sections, empty.
    fn blank() -> Self {
        Self {
            server: Server::blank(),
            tls: Tls::blank(),
            access: Access::blank(),
            token: Token::blank(),
            limits: Limits::blank(),
            http: Http::blank(),
            websocket: WebSocket::blank(),
            socketio: SocketIo::blank(),
            xmpp: Xmpp::blank(),
            peerjs: PeerJs::blank(),
            ice: Ice::blank(),
            turn: Turn::blank(),
            tracker: Tracker::blank(),
            history: History::blank(),
            store: Store::blank(),
            presence: Presence::blank(),
            log: Logging::blank(),
            api: Api::blank(),
            webhooks: Vec::new(),
            rooms: Vec::new(),
            ed25519_public_key: None,
            places: HashMap::new(),
        }
    }

    /// Every section that is there once, in the order of the file.
    fn sections(&mut self) -> [&mut dyn Section; 18] {
        [
            &mut self.server,
            &mut self.tls,
            &mut self.access,
            &mut self.token,
            &mut self.limits,
            &mut self.http,
            &mut self.websocket,
            &mut self.socketio,
            &mut self.xmpp,
            &mut self.peerjs,
            &mut self.ice,
            &mut self.turn,
            &mut self.tracker,
            &mut self.history,
            &mut self.store,
            &mut self.presence,
            &mut self.log,
            &mut self.api,
        ]
    }

    /// Where `setting` was given.
    fn place(&self, setting: &str) -> Place {
        self.places.get(setting).cloned().unwrap_or(Place::Nowhere)
    }
}

impl Default for Config {
    fn default() -> Self {
        let mut config = Self::blank();
        for section in config.sections() {
            load::put_defaults(section);
        }
        config
    }
}
