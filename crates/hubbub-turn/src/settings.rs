//! What the operator decides.

use crate::{Discovery, PeerPolicy, Rate, RestSecrets};

/// How the server behaves, and every limit it has. Limits that count are for one [`crate::Server`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// REALM: the domain of the operator. Sent to everybody, so a short one is a kind one. At most 127 characters.
    pub realm: String,
    /// Secrets of time-limited credentials. None: such usernames are ordinary ones.
    pub rest: RestSecrets,
    /// Whether other usernames are asked about ([`crate::Out::Lookup`]): no.
    pub accounts: bool,
    /// Whether SHA-256 is offered beside MD5 (PASSWORD-ALGORITHMS): yes.
    pub sha256: bool,
    /// Whether clients hide their names (USERHASH). RFC 8489 has them do so whenever it is offered, and time-limited
    /// credentials cannot be checked then: no.
    pub userhash: bool,
    /// Whether there are relays with IPv4 addresses: yes.
    pub ipv4: bool,
    /// Whether there are relays with IPv6 addresses: no.
    pub ipv6: bool,
    /// Whether the caller can send datagrams that must not be fragmented (DONT-FRAGMENT): no.
    pub dont_fragment: bool,
    /// Whether clients may use the channel numbers of RFC 5766, 0x4000 to 0x7FFF, rather than those of RFC 8656 alone, which end
    /// at 0x4FFF. Only for a port that QUIC does not share: no.
    pub old_channels: bool,
    /// Whether clients on TCP and TLS may have relays of TCP (RFC 6062): no. Such a relay makes connections, which is how
    /// networks are scanned; ports below 1024 are refused to it whatever `peers` allows.
    pub tcp_relays: bool,
    /// Whether an allocation may stay when its client's address changes (RFC 8016), if it asked for that over UDP: no. With
    /// several workers the caller must carry out [`crate::Out::Elsewhere`] and [`crate::Out::Redirect`].
    pub mobility: bool,
    /// Where clients may find out what NAT they are behind (RFC 5780): nowhere.
    pub other: Option<Discovery>,
    /// To whom packets may be relayed.
    pub peers: PeerPolicy,
    /// Milliseconds for which a nonce is good: 3,600,000.
    pub nonce_ms: u64,
    /// Seconds an allocation lives if the client does not say, and the least it gets: 600.
    pub lifetime_s: u32,
    /// Seconds an allocation lives at most without being refreshed: 3,600.
    pub lifetime_most_s: u32,
    /// Milliseconds after which an allocation ends however often it is refreshed. Credentials are checked for expiry when
    /// it is made, not when it is refreshed, for clients cannot change them in the middle: 86,400,000.
    pub allocation_most_ms: u64,
    /// Milliseconds for which an answer of the caller is waited for: 10,000.
    pub answer_ms: u64,
    /// Requests that may wait for such answers before they are known to be from a user: 1,000.
    pub pending: usize,
    /// Allocations in all: 10,000.
    pub allocations: usize,
    /// Allocations of one user: 16.
    pub allocations_per_user: usize,
    /// Addresses to which one allocation may have permissions at a time: 64.
    pub permissions: usize,
    /// Channels that one allocation may have at a time: 64.
    pub channels: usize,
    /// Connections to peers that one allocation of TCP may have at a time: 16.
    pub connections: usize,
    /// Bytes of payload per second of one user, both ways together over all his allocations. Of datagrams, what is more is
    /// dropped, as a full link would do; connections wait. No limit: `None`.
    pub bandwidth: Option<Rate>,
    /// Answers 401 and 438, and questions about credentials, per source address (IPv6: per 64 bits of it): 10 a second, 60 at once.
    pub challenges: Rate,
    /// Answers to Binding requests over UDP per source address: 50 a second, 200 at once.
    pub bindings: Rate,
    /// Places in each of the two tables of these rates, 16 bytes each: 16,384.
    pub budget_places: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            realm: "localhost".into(),
            rest: RestSecrets::default(),
            accounts: false,
            sha256: true,
            userhash: false,
            ipv4: true,
            ipv6: false,
            dont_fragment: false,
            old_channels: false,
            tcp_relays: false,
            mobility: false,
            other: None,
            peers: PeerPolicy::default(),
            nonce_ms: 3_600_000,
            lifetime_s: 600,
            lifetime_most_s: 3600,
            allocation_most_ms: 86_400_000,
            answer_ms: 10_000,
            pending: 1000,
            allocations: 10_000,
            allocations_per_user: 16,
            permissions: 64,
            channels: 64,
            connections: 16,
            bandwidth: None,
            challenges: Rate { per_second: 10, burst: 60 },
            bindings: Rate { per_second: 50, burst: 200 },
            budget_places: 16_384,
        }
    }
}
