//! Limits and switches of PeerJS. Each is a documented setting.

use std::sync::Arc;

use super::Counts;
use crate::candidates::Candidates;

/// What PeerJS is told by the configuration.
#[derive(Debug, Clone)]
pub struct PeerJsSettings {
    /// Whether it is spoken at all.
    pub enabled: bool,
    /// The key that clients bring.
    pub key: String,
    /// Whether people are told all ids.
    pub discovery: bool,
    /// Which ICE candidates pass.
    pub candidates: Candidates,
    /// Most peers at a time, on the whole server.
    pub peers: usize,
    /// Largest message, in bytes.
    pub message_bytes: usize,
    /// Messages a second that a peer may send; 0 for any number.
    pub rate: u64,
    /// How many of them may come at once.
    pub burst: u64,
    /// A peer that was silent for so long has its id no longer, in milliseconds.
    pub alive_ms: u64,
    /// How long messages wait for an id that nobody has, in milliseconds.
    pub expire_ms: u64,
    /// Most messages that wait for one id.
    pub waiting: usize,
    /// Most bytes of one peer that wait, for whomever.
    pub waiting_share: usize,
    /// Most bytes that wait for all ids together.
    pub waiting_bytes: usize,
    /// What all workers count together.
    pub counts: Arc<Counts>,
}

impl Default for PeerJsSettings {
    /// What holds when nothing is set.
    fn default() -> Self {
        Self {
            enabled: true,
            key: "peerjs".to_owned(),
            discovery: false,
            candidates: Candidates::All,
            peers: 100_000,
            message_bytes: 1 << 16,
            rate: 100,
            burst: 1000,
            alive_ms: 90_000,
            expire_ms: 5000,
            waiting: 256,
            waiting_share: 1 << 18,
            waiting_bytes: 1 << 26,
            counts: Arc::default(),
        }
    }
}
