//! What happened, counted since the start.

/// Numbers that only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets from clients forwarded to peers.
    pub packets_to_peers: u64,
    /// Bytes of their payload.
    pub bytes_to_peers: u64,
    /// Packets from peers forwarded to clients.
    pub packets_to_clients: u64,
    /// Bytes of their payload.
    pub bytes_to_clients: u64,
    /// Binding requests answered.
    pub bindings: u64,
    /// Allocations that came to be.
    pub allocations: u64,
    /// Requests answered 401 or 438.
    pub challenges: u64,
    /// Requests with a good nonce whose credentials were wrong.
    pub bad_credentials: u64,
    /// Other errors answered.
    pub errors: u64,
    /// Peers refused by the policy.
    pub peers_refused: u64,
    /// Answers not given because their source had used up its budget.
    pub over_budget: u64,
    /// Payloads dropped because their user had used up his bandwidth.
    pub over_bandwidth: u64,
    /// Payloads dropped because there was no allocation, permission or channel for them.
    pub unwanted: u64,
    /// Packets that were no message, or none for a server.
    pub malformed: u64,
}
