//! All links of a turn in one io_uring submission.
//!
//! Sends carry `MSG_DONTWAIT`, so each completes while it is submitted and nothing stays in flight: when `io_uring_enter`
//! returns, every buffer is ours again.

use std::io;
use std::os::fd::RawFd;

use hubbub_gate::outbox::Outbox;
use hubbub_worker::Worker;
use io_uring::{IoUring, opcode, squeue, types};

use crate::flush::written;
use crate::link::LinkHandle;
use crate::writev::PIECES;

/// Links in one submission.
const BATCH: u32 = 512;
/// Several pieces up to so many bytes in all are copied together, which is cheaper than naming them one by one.
const COPY: usize = 4096;

/// A ring, and the space in which a batch is laid out.
pub(crate) struct Uring {
    ring: IoUring,
    /// Small pieces, copied together.
    arena: Vec<u8>,
    vectors: Vec<libc::iovec>,
    messages: Vec<libc::msghdr>,
    planned: Vec<Planned>,
}

/// One link's part in a batch.
struct Planned {
    slot: u32,
    fd: RawFd,
    what: What,
}

/// Where its bytes are. Places in growing vectors are named by position: they may move until the batch is laid out.
enum What {
    Piece(*const u8, u32),
    Copied { at: usize, len: u32 },
    Several { at: usize, count: usize },
}

impl Uring {
    pub(crate) fn new() -> io::Result<Self> {
        let ring = IoUring::builder().setup_single_issuer().setup_coop_taskrun().build(BATCH)?;
        let (arena, vectors) = (Vec::with_capacity(64 * 1024), Vec::with_capacity(1024));
        Ok(Self { ring, arena, vectors, messages: Vec::new(), planned: Vec::with_capacity(BATCH as usize) })
    }

    /// Sends what these sessions have queued. Gives the bytes sent.
    pub(crate) fn flush(&mut self, worker: &mut Worker<LinkHandle>, slots: &[u32]) -> usize {
        slots.chunks(BATCH as usize).map(|batch| self.flush_batch(worker, batch)).sum()
    }

    fn flush_batch(&mut self, worker: &mut Worker<LinkHandle>, slots: &[u32]) -> usize {
        self.arena.clear();
        self.vectors.clear();
        self.messages.clear();
        self.planned.clear();
        for slot in slots {
            let Some(place) = worker.slot_at(*slot) else { continue };
            if let Some(fd) = place.link.direct {
                let what = self.plan(&place.outbox);
                self.planned.push(Planned { slot: *slot, fd, what });
            }
        }
        self.submit();
        self.complete(worker)
    }

    fn plan(&mut self, outbox: &Outbox) -> What {
        let mut pieces = outbox.pieces();
        let first = pieces.next().unwrap_or_default();
        let Some(second) = pieces.next() else { return What::Piece(first.as_ptr(), first.len() as u32) };
        let all = [first, second].into_iter().chain(pieces).take(PIECES);
        if outbox.len() <= COPY {
            let at = self.arena.len();
            all.for_each(|piece| self.arena.extend_from_slice(piece));
            return What::Copied { at, len: (self.arena.len() - at) as u32 };
        }
        let at = self.vectors.len();
        self.vectors.extend(
            all.map(|piece| libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() }),
        );
        What::Several { at, count: self.vectors.len() - at }
    }

    fn submit(&mut self) {
        // Headers first, so that they do not move any more when entries point at them.
        for planned in &self.planned {
            if let What::Several { at, count } = planned.what {
                // SAFETY: all zeroes is a valid msghdr: no name, no control data.
                let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
                message.msg_iov = self.vectors[at..].as_mut_ptr();
                message.msg_iovlen = count;
                self.messages.push(message);
            }
        }
        let mut messages = self.messages.iter();
        let mut queue = self.ring.submission();
        for (index, planned) in self.planned.iter().enumerate() {
            let entry = entry(planned, &self.arena, &mut messages).user_data(index as u64);
            // SAFETY: the outboxes, the arena, the vectors and the headers are left alone until `complete` has seen every
            // completion, and MSG_DONTWAIT lets no send outlive the submission.
            unsafe { queue.push(&entry) }.expect("a batch is not longer than the ring");
        }
        drop(queue);
        self.wait_for(self.planned.len());
    }

    /// Submits, and waits until so many completions are there. What was submitted must complete before its buffers
    /// are touched again, so there is no way out of here but through.
    fn wait_for(&mut self, count: usize) {
        loop {
            match self.ring.submit_and_wait(count) {
                Ok(_) if self.ring.completion().len() >= count => return,
                Ok(_) => {}
                Err(error)
                    if matches!(error.raw_os_error(), Some(libc::EINTR | libc::EAGAIN | libc::EBUSY)) => {}
                Err(error) => {
                    panic!("io_uring failed in the middle of a batch: {error}; set server.io_uring = false")
                }
            }
        }
    }

    fn complete(&mut self, worker: &mut Worker<LinkHandle>) -> usize {
        let Self { ring, planned, .. } = self;
        let mut sent = 0;
        for completion in ring.completion() {
            let Some(planned) = planned.get(completion.user_data() as usize) else { continue };
            let result = usize::try_from(completion.result()).map_err(|_| -completion.result());
            sent += written(worker, planned.slot, result);
        }
        sent
    }
}

fn entry<'m>(
    planned: &Planned,
    arena: &[u8],
    messages: &mut impl Iterator<Item = &'m libc::msghdr>,
) -> squeue::Entry {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    let fd = types::Fd(planned.fd);
    match planned.what {
        What::Piece(bytes, len) => opcode::Send::new(fd, bytes, len).flags(flags).build(),
        What::Copied { at, len } => opcode::Send::new(fd, arena[at..].as_ptr(), len).flags(flags).build(),
        What::Several { .. } => {
            let message = messages.next().expect("there is a header for each");
            opcode::SendMsg::new(fd, std::ptr::from_ref(message)).flags(flags as u32).build()
        }
    }
}
