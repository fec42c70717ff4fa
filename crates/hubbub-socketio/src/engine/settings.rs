//! What the operator decides, and what a client said about itself when it came.

use super::Version;

/// How sessions are run. Defaults are those of the reference server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Milliseconds between heartbeats: 25,000.
    pub ping_interval_ms: u32,
    /// Milliseconds in which a heartbeat must be answered: 20,000.
    pub ping_timeout_ms: u32,
    /// Milliseconds in which an upgrade must be complete; after them it is dropped and polling goes on: 10,000.
    pub upgrade_timeout_ms: u32,
    /// Bytes of the largest request body or WebSocket message a client may send: 1,000,000.
    pub max_payload: u32,
    /// Packets in one request body: 4,096.
    pub max_records: u32,
    /// Whether a session may go from polling to WebSocket: yes.
    pub allow_upgrades: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ping_interval_ms: 25_000,
            ping_timeout_ms: 20_000,
            upgrade_timeout_ms: 10_000,
            max_payload: 1_000_000,
            max_records: 4096,
            allow_upgrades: true,
        }
    }
}

/// How a client speaks: parameters of its first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// `EIO`.
    pub version: Version,
    /// `b64=1`: the client takes no binary, only base64. Means something in protocol 3 only; in protocol 4 polling
    /// is always base64 and WebSocket never.
    pub base64: bool,
}
