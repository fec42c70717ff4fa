//! From the configuration to STUN and TURN.

pub(crate) mod addresses;
pub(crate) mod services;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;
use hubbub_config::{Config, Turn};
use hubbub_gate::ice::{IceAccess, IceGroup};
use hubbub_gate::session::Answer;
use hubbub_net::SlowHandler;
use hubbub_net::turn::{TurnDesk, TurnSettings, desk};
use hubbub_turn::{Discovery, PeerPolicy, Rate, RestSecrets, Settings};
use hubbub_worker::{Mail, Post, Slow};

use self::addresses::Addresses;
use crate::assemble::millis;

/// Unproven requests that are answered at once, for each that is answered a second.
const CHALLENGES_AT_ONCE: u64 = 6;
/// The same of Binding requests.
const BINDINGS_AT_ONCE: u64 = 4;

/// What is known of STUN and TURN beside the workers that serve them.
pub(crate) struct Relaying {
    /// Where allocations are asked about.
    pub(crate) desk: TurnDesk,
    /// What clients are told of it.
    pub(crate) ice: IceGroup,
    pub(crate) addresses: Addresses,
}

/// What the workers are told, and what the others need; nothing if it is off. `signing_key` is the store's.
pub(crate) fn assemble(
    config: &Config,
    workers: u16,
    signing_key: Option<[u8; 32]>,
) -> Result<(Option<TurnSettings>, Option<Relaying>), Box<dyn Error>> {
    if !config.turn.enabled {
        return Ok((None, None));
    }
    let addresses = addresses::find(config)?;
    let secrets = secrets(config, signing_key)?;
    let (desk, places) = desk(workers);
    let settings = TurnSettings {
        machine: machine(config, workers, secrets.clone(), &addresses),
        secret: random()?,
        relays: addresses.relays.clone(),
        relay_ports: config.turn.relay_ports.0.clone(),
        stream_bytes: config.turn.stream_bytes,
        socket_bytes: config.turn.socket_bytes,
        other: config.turn.other,
        interfaces: || addresses::interfaces().unwrap_or_default(),
        places,
    };
    let access = IceAccess::Minted { secrets, lifetime_s: config.turn.credentials_lifetime.as_secs() };
    let ice = IceGroup { services: Arc::default(), access: Some(access), guests: config.relays_for_guests() };
    Ok((Some(settings), Some(Relaying { desk, ice, addresses })))
}

/// What credentials are made from: the configured secrets, or one of our own that the next process makes too if there is a store.
pub(crate) fn secrets(config: &Config, signing_key: Option<[u8; 32]>) -> Result<RestSecrets, Box<dyn Error>> {
    let newest = match (&config.turn.secret, signing_key) {
        (Some(secret), _) => secret.expose().as_bytes().to_vec(),
        (None, Some(key)) => own_secret(&key),
        (None, None) => random()?.to_vec(),
    };
    let old = config.turn.old_secrets.iter().map(|secret| secret.expose().as_bytes().to_vec());
    Ok(RestSecrets::new([newest].into_iter().chain(old)))
}

/// By a key of its own: what it makes of a username must never be a signature of anything.
fn own_secret(signing_key: &[u8; 32]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, signing_key);
    hmac::sign(&key, b"credentials of TURN").as_ref().to_vec()
}

fn random() -> Result<[u8; 32], Box<dyn Error>> {
    let mut made_up = [0; 32];
    aws_lc_rs::rand::fill(&mut made_up).map_err(|_| "the system gives no randomness")?;
    Ok(made_up)
}

/// What one worker's machine is told.
fn machine(config: &Config, workers: u16, rest: RestSecrets, addresses: &Addresses) -> Settings {
    let own = &config.turn;
    let has = |v4| addresses.relays.iter().any(|relay| relay.announce.is_ipv4() == v4);
    let rate = |per_second: u32, at_once| {
        let per_second = u64::from(per_second);
        Rate { per_second, burst: per_second * at_once }
    };
    Settings {
        realm: own.realm.clone().unwrap_or_else(|| config.server.domain.clone()),
        rest,
        ipv4: has(true),
        ipv6: has(false),
        dont_fragment: true,
        old_channels: own.old_channels,
        mobility: own.mobility,
        tcp_relays: own.tcp_relays,
        connections: own.connections,
        other: own.other.and_then(|other| Discovery::new(*config.server.listen.first()?, other)),
        peers: peers(own, addresses),
        nonce_ms: millis(own.nonce_lifetime),
        lifetime_s: seconds(own.lifetime),
        lifetime_most_s: seconds(own.lifetime_max),
        allocation_most_ms: millis(own.allocation_max),
        allocations: own.allocations.div_ceil(usize::from(workers.max(1))),
        allocations_per_user: own.allocations_per_user,
        permissions: own.permissions,
        channels: own.channels,
        bandwidth: own
            .bandwidth
            .map(|per_second| Rate { per_second, burst: own.bandwidth_burst.unwrap_or(per_second) }),
        challenges: rate(own.challenges_per_second, CHALLENGES_AT_ONCE),
        bindings: rate(own.bindings_per_second, BINDINGS_AT_ONCE),
        ..Settings::default()
    }
}

/// Whole seconds; these are at most days.
fn seconds(time: std::time::Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

/// Whom clients may reach.
fn peers(own: &Turn, addresses: &Addresses) -> PeerPolicy {
    PeerPolicy {
        denied: own.deny.clone(),
        allowed: own.allow.clone(),
        only_allowed: own.only_allowed,
        own: addresses.own.clone(),
        relay_ports: Some(own.relay_ports.0.clone()),
    }
}

/// Takes questions about allocations to the workers that have them, and all others on.
pub(crate) fn questions(relaying: Option<&Relaying>, post: Post, others: SlowHandler) -> SlowHandler {
    let Some(desk) = relaying.map(|relaying| relaying.desk.clone()) else { return others };
    Arc::new(move |worker, slow| match slow {
        Slow::Allocations(session, ticket) => {
            let post = post.clone();
            desk.allocations(move |all| {
                post.send(session.worker, Mail::Answer(session, ticket, Answer::Allocations(all)));
            });
        }
        other => others(worker, other),
    })
}

/// Tells clients, and whoever reads the log, where it is.
pub(crate) fn tell(relaying: &Relaying, config: &Config, bound: &[SocketAddr], tls: bool) {
    let services = services::own(config, &relaying.addresses, bound, tls);
    let urls: Vec<_> = services.iter().map(hubbub_gate::ice::IceService::url).collect();
    // Nobody else says it.
    let _ = relaying.ice.services.set(services);
    tracing::info!("STUN and TURN are on; clients are told of {}", urls.join(", "));
    for relay in &relaying.addresses.relays {
        let (first, last) = (config.turn.relay_ports.0.start(), config.turn.relay_ports.0.end());
        tracing::info!(
            "relays are announced as {}, bound to {}, ports {first}-{last}",
            relay.announce,
            relay.bind
        );
    }
    if let Some(doubt) = relaying.addresses.doubt(config) {
        tracing::warn!("{doubt}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        let mut config = Config::default();
        config.turn.enabled = true;
        addresses::find(&config).unwrap()
    }

    #[test]
    fn what_is_counted_for_the_whole_server_is_shared_by_the_workers() {
        let mut config = Config::default();
        config.turn.allocations = 10;
        let share = |workers| machine(&config, workers, RestSecrets::default(), &addresses()).allocations;
        assert_eq!((share(1), share(3), share(20)), (10, 4, 1));
    }

    #[test]
    fn the_machine_is_told_what_is_configured() {
        let mut config = Config::default();
        config.server.domain = "example.org".into();
        config.turn.bandwidth = Some(5000);
        let told = machine(&config, 2, RestSecrets::default(), &addresses());
        assert_eq!((told.realm.as_str(), told.ipv4, told.ipv6), ("example.org", true, false));
        assert_eq!(told.bandwidth, Some(Rate { per_second: 5000, burst: 5000 }));
        assert_eq!(told.challenges, Settings::default().challenges);
        assert_eq!(told.bindings, Settings::default().bindings);
        assert_eq!((told.lifetime_s, told.lifetime_most_s), (600, 3600));
        assert_eq!(told.peers.relay_ports, Some(49152..=65535));
    }

    #[test]
    fn secrets_outlive_the_process_if_there_is_a_store() {
        let minted = |config: &Config, key| secrets(config, key).unwrap().mint("ann", 7).unwrap().password;
        let mut config = Config::default();
        assert_eq!(minted(&config, Some([7; 32])), minted(&config, Some([7; 32])));
        assert_ne!(minted(&config, Some([7; 32])), minted(&config, Some([8; 32])));
        assert_ne!(minted(&config, None), minted(&config, None));
        config.turn = configured("secret = \"0123456789abcdef0123456789abcdef\"").turn;
        assert_eq!(minted(&config, Some([7; 32])), minted(&config, None));
    }

    #[test]
    fn old_secrets_mint_nothing() {
        let old = configured("old_secrets = [\"0123456789abcdef0123456789abcdef\"]");
        let none = Config::default();
        let minted = |config: &Config| secrets(config, Some([7; 32])).unwrap().mint("ann", 7);
        assert_eq!(minted(&old), minted(&none));
    }

    /// A configuration as variables of the environment say it.
    fn configured(setting: &str) -> Config {
        let (name, value) = setting.split_once(" = ").unwrap();
        let value = value.trim_matches(['[', ']', '"']).to_owned();
        let variable = (format!("HUBBUB_TURN_{}", name.to_uppercase()), value);
        hubbub_config::load(None, [variable].into_iter(), hubbub_config::Flags::default()).unwrap()
    }
}
