//! Limits and switches of the gates. Each is a documented setting.

use std::sync::Arc;

use hubbub_ws::{DeflatePolicy, Limits};

use crate::candidates::ByRoom;
use crate::ice::IceSettings;
use crate::outbox::{OutboxLimits, WhenFull};
use crate::peerjs::PeerJsSettings;
use crate::tracker::TrackerSettings;

/// What the gates are told by the configuration. The same in every worker.
#[derive(Debug, Clone)]
pub struct GateSettings {
    /// The server's own name, whose pages are its own.
    pub domain: String,
    /// Origins that may use the server from a page elsewhere, such as `https://app.example`; `*` for any.
    pub origins: Vec<String>,
    /// Largest message, in bytes.
    pub message_bytes: usize,
    /// Largest signal, in bytes.
    pub signal_bytes: usize,
    /// Which ICE candidates pass in signals, by room.
    pub candidates: ByRoom,
    /// Limits of every session's outbox.
    pub outbox: OutboxLimits,
    /// Most messages in one answer to a poll.
    pub poll_limit_max: u32,
    /// Longest long poll, in milliseconds.
    pub long_poll_max_ms: u64,
    /// How often an event stream carries a comment, in milliseconds.
    pub sse_heartbeat_ms: u64,
    /// How long an `EventSource` waits before it reconnects, in milliseconds.
    pub sse_retry_ms: u64,
    /// How long a session waits for a slow answer (a password, a room's log), in milliseconds.
    pub answer_ms: u64,
    /// How long tokens issued by the server hold, in seconds.
    pub token_lifetime_s: u64,
    /// The WebSocket's own.
    pub ws: WsSettings,
    /// Engine.IO's and Socket.IO's own.
    pub socketio: SocketIoSettings,
    /// XMPP's own.
    pub xmpp: XmppSettings,
    /// PeerJS's own.
    pub peerjs: PeerJsSettings,
    /// Servers that help clients to reach each other.
    pub ice: IceSettings,
    /// The WebTorrent tracker's own.
    pub tracker: TrackerSettings,
}

impl GateSettings {
    /// What holds when nothing is set.
    #[must_use]
    pub fn of(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            origins: Vec::new(),
            message_bytes: 1 << 20,
            signal_bytes: 64 << 10,
            candidates: ByRoom::default(),
            outbox: OutboxLimits { bytes: 1 << 20, when_full: WhenFull::Close },
            poll_limit_max: 1000,
            long_poll_max_ms: 60_000,
            sse_heartbeat_ms: 15_000,
            sse_retry_ms: 2000,
            answer_ms: 10_000,
            token_lifetime_s: 3600,
            ws: WsSettings::default(),
            socketio: SocketIoSettings::default(),
            xmpp: XmppSettings::of(domain),
            peerjs: PeerJsSettings::default(),
            ice: IceSettings::default(),
            tracker: TrackerSettings::default(),
        }
    }
}

/// Limits and switches of Engine.IO and Socket.IO.
#[derive(Debug, Clone)]
pub struct SocketIoSettings {
    /// Limits and times of Engine.IO.
    pub engine: hubbub_socketio::engine::Settings,
    /// Whether Engine.IO 3 is spoken.
    pub eio3: bool,
    /// How long a client may be without a namespace, in milliseconds.
    pub connect_ms: u64,
    /// Who is told offsets.
    pub recovery: Recovery,
    /// How long a session can be restored, in milliseconds from when it first connected.
    pub session_ms: u64,
    /// Most namespaces of one connection.
    pub namespaces: usize,
    /// Most rooms that one connection may join in the namespace `/`.
    pub rooms: usize,
    /// Most binary attachments of one event.
    pub attachments: usize,
    /// The application behind the namespace `/`.
    pub hook: Option<hubbub_hub::hook::Hook>,
}

impl Default for SocketIoSettings {
    /// What holds when nothing is set.
    fn default() -> Self {
        Self {
            engine: hubbub_socketio::engine::Settings::default(),
            eio3: false,
            connect_ms: 45_000,
            recovery: Recovery::Auto,
            session_ms: 7 * 86_400_000,
            namespaces: 32,
            rooms: 64,
            attachments: 64,
            hook: None,
        }
    }
}

/// Limits and switches of XMPP.
#[derive(Debug, Clone)]
pub struct XmppSettings {
    /// Whether it is spoken at all.
    pub enabled: bool,
    /// What its streams are told.
    pub stream: Arc<hubbub_xmpp::stream::Settings>,
    /// Most resources of one account at a time.
    pub resources: usize,
    /// Most rooms that one stream may be in.
    pub rooms: usize,
    /// Messages of history on entering a room.
    pub history: u32,
    /// Stanzas a second that a stream may send; 0 for any number.
    pub stanza_rate: u64,
    /// How many of them may come at once.
    pub stanza_burst: u64,
    /// Accounts that may be asked for in an hour from one address; 0 for any.
    pub register_from_one: u32,
    /// Accounts that may be asked for in an hour in all; 0 for any.
    pub register_in_all: u32,
    /// Messages a second that the streams of one account may say to other people; 0 for any.
    pub publish_rate: u64,
    /// How many of them may come at once.
    pub publish_burst: u64,
}

impl XmppSettings {
    /// What holds when nothing is set.
    #[must_use]
    pub fn of(domain: &str) -> Self {
        let stream = Arc::new(hubbub_xmpp::stream::Settings::new(domain));
        Self {
            enabled: true,
            stream,
            resources: 16,
            rooms: 100,
            history: 50,
            stanza_rate: 200,
            stanza_burst: 2000,
            register_from_one: 5,
            register_in_all: 100,
            publish_rate: 0,
            publish_burst: 0,
        }
    }
}

/// Who is told offsets, and so can resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// All but clients known not to recover.
    Auto,
    /// All.
    Always,
    /// Nobody.
    Never,
}

/// Limits and switches of the WebSocket.
#[derive(Debug, Clone)]
pub struct WsSettings {
    /// What one peer may make us hold.
    pub limits: Limits,
    /// permessage-deflate, if it is offered at all.
    pub deflate: Option<DeflatePolicy>,
    /// Shorter messages are sent as they are, in bytes.
    pub deflate_min_bytes: usize,
    /// A peer that was silent for so long is pinged, in milliseconds.
    pub ping_after_ms: u64,
    /// A peer that was silent for so long after a ping is gone, in milliseconds.
    pub pong_wait_ms: u64,
    /// How long we wait for the answer to our close frame, in milliseconds.
    pub close_wait_ms: u64,
}

impl Default for WsSettings {
    /// What holds when nothing is set.
    fn default() -> Self {
        Self {
            limits: Limits { frame: 1 << 20, message: 1 << 20, fragments: 131_072 },
            deflate: Some(DeflatePolicy { context_takeover: false, window_bits: 15 }),
            deflate_min_bytes: 256,
            ping_after_ms: 25_000,
            pong_wait_ms: 20_000,
            close_wait_ms: 5000,
        }
    }
}
