//! The shell around the workers: the only crate that does network I/O, reads the clock or says `unsafe`.
//!
//! [`serve`] starts a thread for each worker. On each runs a tokio runtime of one thread: tasks for listeners and links feed the
//! worker, and one task runs its turns and flushes what the turn wrote (`shell`).

mod accept;
mod clock;
mod exchange;
mod flush;
mod greeting;
mod host_meta;
mod http_server;
mod link;
mod metrics;
pub mod pages;
mod prefixed;
mod pulled;
mod pulse;
pub mod recognise;
mod serve;
mod shell;
mod socket;
mod stream;
pub mod tls;
pub mod turn;
mod udp;
mod uring;
mod writev;
mod xmpp;

pub use clock::Clock;
pub use host_meta::HostMeta;
pub use metrics::{Reading, Readings};
pub use pages::{Page, Pages};
pub use serve::{NetSettings, Server, ServerParts, SlowHandler, serve};
