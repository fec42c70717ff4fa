//! Being told when there is something to read.

use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What keeps its own descriptor open for as long as it lives, and never another.
pub(crate) trait Holds: AsRawFd {}
impl Holds for OwnedFd {}
impl Holds for Rc<UdpSocket> {}

/// Has the reactor watch it for input.
///
/// # Errors
/// The reactor takes no more.
pub(crate) fn watch<T: Holds>(held: T) -> io::Result<AsyncFd<T>> {
    // SAFETY: it holds the descriptor it names, so that stays open until the reactor has let go of it.
    unsafe { AsyncFd::register_with_interest(held, Interest::READABLE) }.map_err(io::Error::from)
}
