//! Time as the core knows it: two numbers, handed in with every call.

/// The present moment, read once per turn by the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// Milliseconds since 1970-01-01 UTC. May jump when the operator sets the clock; used for stamps and ages.
    pub unix_ms: u64,
    /// Milliseconds since the process started. Never goes back; used for deadlines.
    pub mono_ms: u64,
}
