//! PeerJS: its limits from the configuration, and what is counted of it.

use hubbub_config::Config;
use hubbub_gate::peerjs::{Counts, PeerJsSettings};
use hubbub_net::Reading;
use hubbub_worker::counters::Kind;

use crate::assemble::{self, millis};

/// Its limits and switches.
pub(crate) fn settings(config: &Config) -> PeerJsSettings {
    let config = &config.peerjs;
    PeerJsSettings {
        enabled: config.enabled,
        key: config.key.clone(),
        discovery: config.discovery,
        candidates: assemble::candidates(config.candidates),
        peers: config.peers,
        message_bytes: config.message_bytes,
        rate: config.rate.into(),
        burst: config.burst.into(),
        alive_ms: millis(config.alive),
        expire_ms: millis(config.expire),
        waiting: config.waiting,
        waiting_share: config.waiting_share,
        waiting_bytes: config.waiting_bytes,
        counts: std::sync::Arc::default(),
    }
}

/// What is counted, for `/metrics`.
pub(crate) fn readings(counts: &Counts) -> Vec<Reading> {
    let gauge = |name, help, value: usize| Reading {
        name,
        help,
        kind: Kind::Gauge,
        label: ("server", "peerjs".to_owned()),
        value: value as u64,
    };
    let mut readings = vec![
        gauge("peerjs_peers", "Peers of PeerJS that have an id now.", counts.peers()),
        gauge(
            "peerjs_waiting_bytes",
            "Bytes of messages that wait now for ids that nobody has.",
            counts.waiting_bytes(),
        ),
    ];
    readings.extend(counts.messages().map(|(kind, value)| Reading {
        name: "peerjs_messages",
        help: "Messages from peers of PeerJS to others, by what they are.",
        kind: Kind::Counter,
        label: ("type", kind.as_str().to_ascii_lowercase()),
        value,
    }));
    readings
}
