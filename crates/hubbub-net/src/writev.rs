//! One link, one `writev`.

use std::io::{self, IoSlice};
use std::os::fd::{BorrowedFd, RawFd};

use hubbub_gate::outbox::Outbox;
use hubbub_worker::Worker;
use socket2::SockRef;

use crate::flush::written;
use crate::link::LinkHandle;

/// Pieces given to one call; the kernel takes up to 1024.
pub(crate) const PIECES: usize = 64;

/// Writes what a session has queued, in one call.
pub(crate) fn flush(worker: &mut Worker<LinkHandle>, slot: u32) -> usize {
    let Some(place) = worker.slot_at(slot) else { return 0 };
    let Some(fd) = place.link.direct else { return 0 };
    let result = send(fd, &place.outbox);
    written(worker, slot, result.map_err(|error| error.raw_os_error().unwrap_or(libc::EIO)))
}

/// Sends without waiting, and without a signal if the peer is gone.
pub(crate) fn send(fd: RawFd, outbox: &Outbox) -> io::Result<usize> {
    // SAFETY: the link's task keeps the socket open until it has taken `direct` away from the handle.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let socket = SockRef::from(&fd);
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    let mut pieces = outbox.pieces();
    let (first, second) = (pieces.next().unwrap_or_default(), pieces.next());
    let Some(second) = second else { return socket.send_with_flags(first, flags) };
    let mut slices = [IoSlice::new(&[]); PIECES];
    let all = [first, second].into_iter().chain(pieces);
    let count = slices.iter_mut().zip(all).map(|(slice, piece)| *slice = IoSlice::new(piece)).count();
    socket.send_vectored_with_flags(&slices[..count], flags)
}
