//! Everything that ends a run early.

use crate::check::Fault;

/// Result of anything that can end the run.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A delivery was wrong: the server (or this program) has a fault, and no figure of the run counts.
    #[error("wrong delivery: {0}")]
    Delivery(#[from] Fault),
    /// Nothing arrived for longer than the patience allows.
    #[error("stalled: nothing arrived for {seconds} s; {missing}")]
    Stalled {
        /// How long nothing arrived.
        seconds: u64,
        /// Who still waits for what.
        missing: String,
    },
    /// Datagrams may be lost, but not so many.
    #[error("{lost} of {sent} packets were lost, or answered too late")]
    Lossy {
        /// How many were.
        lost: u64,
        /// Of so many.
        sent: u64,
    },
    /// The server closed a connection that should have stayed open.
    #[error("connection {link} was closed by the server ({detail})")]
    Closed {
        /// Number of the connection.
        link: usize,
        /// Close code or cause.
        detail: String,
    },
    /// The server said something that its protocol does not allow here.
    #[error("unexpected answer: {0}")]
    Protocol(String),
    /// The command line asks for something impossible.
    #[error("{0}")]
    Usage(String),
    /// The operating system refused.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the system answered.
        source: std::io::Error,
    },
}

/// Says what was being done when an I/O error came.
pub(crate) trait Doing<T> {
    /// Attaches `doing` to the error.
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for std::io::Result<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Failure::Io { doing: doing(), source })
    }
}
