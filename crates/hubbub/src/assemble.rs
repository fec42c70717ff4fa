//! From the configuration to the parts of a server.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use hubbub_auth::{Admit, Doorman, TokenKeys};
use hubbub_config::{Admit as Way, Candidates, Config, Ice, IceUrl, Recovery, RoomRule, Webhook, WhenFull};
use hubbub_gate::candidates::{self, ByRoom};
use hubbub_gate::ice::{IceAccess, IceGroup, IceService, IceSettings};
use hubbub_gate::outbox::{self, OutboxLimits};
use hubbub_gate::settings::{self, GateSettings, SocketIoSettings, WsSettings, XmppSettings};
use hubbub_gate::tracker::TrackerSettings;
use hubbub_net::NetSettings;
use hubbub_turn::RestSecrets;
use hubbub_worker::WorkerSettings;
use hubbub_ws::{DeflatePolicy, Limits};

use crate::peerjs;

/// Whole milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// As [`millis`]; these are at most hours.
fn short(time: Duration) -> u32 {
    u32::try_from(millis(time)).unwrap_or(u32::MAX)
}

/// The ways in that there are.
pub(crate) fn admit(config: &Config, admitted: &[Way]) -> Admit {
    Admit {
        guests: admitted.contains(&Way::Guests),
        accounts: admitted.contains(&Way::Accounts) && config.server.data.is_some(),
        tokens: admitted.contains(&Way::Tokens),
    }
}

/// Who may come in. `signing_key` is the store's.
pub(crate) fn doorman(
    config: &Config,
    admitted: &[Way],
    signing_key: Option<[u8; 32]>,
) -> Result<Doorman, Box<dyn Error>> {
    let admit = admit(config, admitted);
    let token = &config.token;
    let keys = TokenKeys {
        hmac: token.hmac_secret.as_ref().map(|secret| secret.expose().as_bytes().to_vec()),
        ed25519_public_pem: config.ed25519_public_key.as_ref().map(|pem| pem.clone().into_bytes()),
        issuer: token.issuer.clone(),
        audience: token.audience.clone(),
        leeway_s: token.leeway.as_secs(),
    };
    // Without a store nothing needs to be known again by the next process.
    let secret = match signing_key {
        Some(key) => key,
        None => {
            let mut made_up = [0; 32];
            aws_lc_rs::rand::fill(&mut made_up).map_err(|_| "the system gives no randomness")?;
            made_up
        }
    };
    let api_token = config.api.token.as_ref().map(|token| token.expose().to_owned());
    let doorman = Doorman::new(&config.server.domain, None, admit, &keys, signing_key)?;
    Ok(doorman.sealing_with(&secret).with_server_token(api_token))
}

/// The gates' limits. `own` is what clients are told of this server's STUN and TURN.
pub(crate) fn gate(
    config: &Config,
    xmpp: XmppSettings,
    own: Option<IceGroup>,
    tracker: TrackerSettings,
) -> GateSettings {
    let (limits, http, ws) = (&config.limits, &config.http, &config.websocket);
    GateSettings {
        domain: config.server.domain.clone(),
        origins: http.origins.clone(),
        message_bytes: limits.message_bytes,
        signal_bytes: limits.signal_bytes,
        candidates: by_room(config),
        outbox: OutboxLimits {
            bytes: limits.outbox_bytes,
            when_full: match limits.when_full {
                WhenFull::Close => outbox::WhenFull::Close,
                WhenFull::DropOldest => outbox::WhenFull::DropOldest,
            },
        },
        poll_limit_max: http.poll_limit_max,
        long_poll_max_ms: millis(http.long_poll_max),
        sse_heartbeat_ms: millis(http.sse_heartbeat),
        sse_retry_ms: millis(http.sse_retry),
        answer_ms: millis(limits.answer_timeout),
        token_lifetime_s: config.token.lifetime.as_secs(),
        ws: WsSettings {
            limits: Limits {
                frame: limits.frame_bytes.unwrap_or(limits.message_bytes),
                message: limits.message_bytes,
                fragments: limits.fragments,
            },
            deflate: ws
                .deflate
                .then_some(DeflatePolicy { context_takeover: ws.context_takeover, window_bits: 15 }),
            deflate_min_bytes: ws.deflate_min_bytes,
            ping_after_ms: millis(ws.ping_interval),
            pong_wait_ms: millis(ws.pong_wait),
            close_wait_ms: millis(ws.close_wait),
        },
        socketio: socketio(config),
        xmpp,
        peerjs: peerjs::settings(config),
        ice: IceSettings { own, others: elsewhere(&config.ice) },
        tracker,
    }
}

/// Which ICE candidates pass in which room.
fn by_room(config: &Config) -> ByRoom {
    let rule = |rule: &RoomRule| Some((rule.pattern().ok()?, candidates(rule.candidates)));
    ByRoom::new(config.rooms.iter().filter_map(rule).collect())
}

/// Which ICE candidates pass.
pub(crate) fn candidates(which: Candidates) -> candidates::Candidates {
    match which {
        Candidates::All => candidates::Candidates::All,
        Candidates::Relay => candidates::Candidates::Relayed,
    }
}

/// STUN and TURN servers that are not ours.
fn elsewhere(config: &Ice) -> IceGroup {
    let service = |url: &IceUrl| {
        let IceUrl { scheme, host, port, transport } = url.clone();
        IceService { scheme, host, port, transport }
    };
    let access = match (&config.secret, &config.username, &config.password) {
        (Some(secret), ..) => {
            let secrets = RestSecrets::new([secret.expose().as_bytes().to_vec()]);
            Some(IceAccess::Minted { secrets, lifetime_s: config.lifetime.as_secs() })
        }
        (None, Some(username), Some(password)) => {
            let (username, password) = (username.clone(), password.expose().to_owned());
            Some(IceAccess::Shared { username, password })
        }
        _ => None,
    };
    let services: Vec<_> = config.urls.iter().map(service).collect();
    IceGroup { services: Arc::new(services.into()), access, guests: true }
}

fn socketio(all: &Config) -> SocketIoSettings {
    let config = &all.socketio;
    SocketIoSettings {
        engine: hubbub_socketio::engine::Settings {
            ping_interval_ms: short(config.ping_interval),
            ping_timeout_ms: short(config.ping_timeout),
            upgrade_timeout_ms: short(config.upgrade_timeout),
            max_payload: config.max_payload,
            allow_upgrades: true,
            max_records: config.packets,
        },
        eio3: config.eio3,
        connect_ms: millis(config.connect_timeout),
        recovery: match config.recovery {
            Recovery::Auto => settings::Recovery::Auto,
            Recovery::Always => settings::Recovery::Always,
            Recovery::Never => settings::Recovery::Never,
        },
        session_ms: millis(config.session_lifetime),
        namespaces: config.namespaces,
        rooms: config.rooms,
        attachments: config.attachments,
        hook: config.webhook.as_deref().and_then(|name| all.webhook(name)).map(Webhook::hook),
    }
}

/// The shell's limits.
pub(crate) fn net(config: &Config, connections_max: usize) -> NetSettings {
    let limits = &config.limits;
    NetSettings {
        connections_max,
        header_bytes: u32::try_from(limits.header_bytes).unwrap_or(u32::MAX),
        header_ms: millis(limits.header_timeout),
        body_timeout_ms: millis(limits.body_timeout),
        idle_ms: millis(limits.idle_timeout),
        http2_streams: limits.http2_streams,
        close_grace_ms: millis(config.server.close_grace),
        io_uring: config.server.io_uring,
    }
}

/// The workers' limits.
pub(crate) fn worker(config: &Config, connections_max: usize) -> WorkerSettings {
    WorkerSettings {
        detached_max: connections_max,
        mailbox_max: config.limits.mailbox,
        publish_rate: u64::from(config.limits.publish_rate),
        publish_burst: u64::from(config.limits.publish_burst),
        signal_rate: u64::from(config.limits.signal_rate),
        signal_burst: u64::from(config.limits.signal_burst),
    }
}
