//! What a stream is told about the server it belongs to.

use std::sync::Arc;

use crate::sasl::{Decoy, Offer};
use crate::xml::Limits;

/// What a stream runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Bytes in order: TCP, with TLS or without (RFC 6120).
    Tcp,
    /// A message for each element (RFC 7395).
    WebSocket,
}

/// The policy of a server, shared by its streams.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The one domain that is served, prepared as the domain of an address.
    pub domain: String,
    /// Nobody logs in, or registers, without TLS.
    pub require_tls: bool,
    /// STARTTLS can be offered on TCP.
    pub tls_available: bool,
    /// How one may log in.
    pub offer: Offer,
    /// What those are shown who prove a password of nobody; without it something made up at each start.
    pub decoy: Option<Arc<Decoy>>,
    /// The size of an element while it is not known who sends it.
    pub before_auth: Limits,
    /// The size of a stanza afterwards.
    pub stanza: Limits,
    /// From the beginning to the bound resource, in milliseconds.
    pub auth_ms: u64,
    /// So many failed logins, then the stream is closed (RFC 6120 §6.4.5 advises 2 to 5).
    pub failures: u8,
    /// What may wait for an acknowledgement, in bytes.
    pub sm_queue_bytes: usize,
    /// What may wait for an acknowledgement, in stanzas.
    pub sm_queue_stanzas: usize,
    /// How long a lost session waits to be resumed, in seconds; 0: it does not.
    pub sm_resume_s: u32,
    /// What ids for resumption begin with: how the server finds the session again.
    pub sm_prefix: String,
    /// Accounts can be made by protocol (XEP-0077).
    pub register: bool,
    /// A client that is silent for so long is asked for a sign of life, in milliseconds; 0: it is not.
    pub idle_ms: u64,
    /// How long it may take to give one, in milliseconds.
    pub ping_ms: u64,
    /// Further stream features after login, as XML: capabilities, versions of rosters.
    pub features: Vec<u8>,
}

impl Settings {
    /// A server with accounts that wants TLS, and everything else at its default.
    pub fn new(domain: impl Into<String>) -> Self {
        Self {
            domain: domain.into(),
            require_tls: true,
            tls_available: true,
            offer: Offer { accounts: true, guests: false, tokens: false },
            decoy: None,
            before_auth: Limits::BEFORE_AUTH,
            stanza: Limits::default(),
            auth_ms: 30_000,
            failures: 3,
            sm_queue_bytes: 1 << 20,
            sm_queue_stanzas: 1000,
            sm_resume_s: 300,
            sm_prefix: String::new(),
            register: false,
            idle_ms: 120_000,
            ping_ms: 30_000,
            features: Vec::new(),
        }
    }
}
