//! From the configuration to the settings of XMPP.

use std::sync::Arc;

use aws_lc_rs::hmac;
use hubbub_auth::Admit;
use hubbub_config::Config;
use hubbub_gate::settings::XmppSettings;
use hubbub_gate::xmpp::STREAM_FEATURES;
use hubbub_net::HostMeta;
use hubbub_xmpp::sasl::{Decoy, Offer};
use hubbub_xmpp::stream::Settings;
use hubbub_xmpp::xml::Limits;

use crate::assemble::millis;

/// What streams are told. `tls` says whether links can be encrypted; `signing_key` is the store's.
pub(crate) fn settings(
    config: &Config,
    admit: Admit,
    tls: bool,
    signing_key: Option<[u8; 32]>,
) -> XmppSettings {
    let own = &config.xmpp;
    let wide = |address: &std::net::SocketAddr| !address.ip().to_canonical().is_loopback();
    let require_tls = own.require_tls.unwrap_or_else(|| config.server.listen.iter().any(wide));
    let stanza = Limits { bytes: own.stanza_bytes, elements: own.stanza_elements, ..Limits::default() };
    let stream = Settings {
        require_tls,
        tls_available: tls,
        offer: Offer { accounts: admit.accounts, guests: admit.guests, tokens: admit.tokens },
        decoy: signing_key.map(|key| Arc::new(decoy(&key, config.store.password_iterations))),
        stanza,
        register: own.register && admit.accounts,
        auth_ms: millis(own.login_timeout),
        failures: u8::try_from(own.login_failures).unwrap_or(u8::MAX),
        sm_queue_bytes: own.resume_bytes,
        sm_queue_stanzas: own.resume_stanzas,
        sm_resume_s: u32::try_from(own.resume_timeout.as_secs()).unwrap_or(u32::MAX),
        idle_ms: millis(own.ping_interval),
        ping_ms: millis(own.ping_timeout),
        features: STREAM_FEATURES.into(),
        ..Settings::new(&config.server.domain)
    };
    XmppSettings {
        enabled: own.enabled,
        stream: Arc::new(stream),
        resources: own.resources,
        rooms: own.rooms,
        history: own.history,
        stanza_rate: u64::from(own.stanza_rate),
        stanza_burst: u64::from(own.stanza_burst),
        register_from_one: own.register_from_one,
        register_in_all: own.register_in_all,
        publish_rate: config.limits.publish_rate.into(),
        publish_burst: config.limits.publish_burst.into(),
    }
}

/// What invented names are shown. By a key of its own: what it makes of a name must never be a signature of anything.
fn decoy(signing_key: &[u8; 32], iterations: u32) -> Decoy {
    let own = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, signing_key), b"salts of nobody");
    let secret = own.as_ref().try_into().expect("SHA-256 has 32 bytes");
    Decoy::new(&secret, iterations)
}

/// Where clients are told to find it over WebSocket.
pub(crate) fn host_meta(config: &Config) -> HostMeta {
    match &config.xmpp.websocket_url {
        _ if !config.xmpp.enabled => HostMeta::Off,
        Some(address) => HostMeta::At(address.clone()),
        None => HostMeta::Here,
    }
}
