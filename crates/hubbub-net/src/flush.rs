//! The flush: after a turn, all touched links at once.
//!
//! The write call is nearly all the cost of fan-out, so this is where speed is decided: everything queued for a link goes out in
//! one write, and the writes of all links in one submission.

use hubbub_worker::{Counters, Worker};

use crate::link::LinkHandle;
use crate::uring::Uring;
use crate::writev;

/// With fewer links than this a system call each is cheaper than a submission.
const FEW: usize = 3;

/// How output reaches sockets.
pub(crate) struct Flusher {
    uring: Option<Uring>,
    direct: Vec<u32>,
}

impl Flusher {
    /// A flusher for this thread: by io_uring where that is wanted and allowed, else by `writev`.
    pub(crate) fn new(io_uring: bool) -> Self {
        let uring = io_uring.then(Uring::new).and_then(|uring| {
            uring
                .map_err(|error| tracing::warn!("io_uring is not to be had ({error}); writing link by link"))
                .ok()
        });
        Self { uring, direct: Vec::new() }
    }

    /// Sends what the touched sessions have written, as far as their links take it.
    pub(crate) fn flush(&mut self, worker: &mut Worker<LinkHandle>, touched: &[u32], counters: &Counters) {
        self.direct.clear();
        for slot in touched {
            let Some(place) = worker.slot_at(*slot) else { continue };
            match place.link.direct {
                Some(_) if place.link.blocked => {}
                Some(_) if !place.outbox.is_empty() => self.direct.push(*slot),
                // The task pulls, or has to close.
                _ => place.link.wake(),
            }
        }
        let sent = match &mut self.uring {
            Some(uring) if self.direct.len() >= FEW => uring.flush(worker, &self.direct),
            _ => self.direct.iter().map(|slot| writev::flush(worker, *slot)).sum(),
        };
        counters.sent_bytes.add(sent as u64);
    }
}

/// What a write did to a link's outbox.
pub(crate) fn written(worker: &mut Worker<LinkHandle>, slot: u32, result: Result<usize, i32>) -> usize {
    let Some(place) = worker.slot_at(slot) else { return 0 };
    let sent = match result {
        Ok(sent) => {
            place.outbox.sent(sent);
            sent
        }
        Err(errno) => {
            if errno != libc::EAGAIN {
                // Something is lost, so nothing more may follow: the peer must notice, and resume.
                place.outbox.clear_unsent();
                place.link.condemn();
            }
            0
        }
    };
    place.link.blocked = !place.outbox.is_empty();
    if place.link.blocked || place.is_over() || place.securing {
        place.link.wake();
    }
    sent
}
