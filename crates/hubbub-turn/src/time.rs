//! Time as the machine knows it: two numbers, handed in with every call.

/// The present moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Milliseconds since 1970-01-01 UTC, against which the expiry of credentials is held. May jump.
    pub unix_ms: u64,
    /// Milliseconds since some fixed moment, the same for all workers of a process. Never goes back; used for deadlines
    /// and for the age of nonces.
    pub mono_ms: u64,
}
