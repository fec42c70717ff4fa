//! A link whose socket is ours: a WebSocket after its upgrade, until it is encrypted.
//!
//! Reading is this task's business; writing is the flush's, and this task's only when the socket was full. Between inputs the task
//! is nothing but its place in the reactor: no buffer, no timer.

use std::future::poll_fn;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::exchange::Open;
use crate::flush::written;
use crate::{pulled, tls, writev};

/// Reads from one link in a row before others have their turn.
const READS: usize = 4;
/// How long a peer may take to notice that we have closed.
const LINGER: Duration = Duration::from_secs(2);

/// Serves a session over its own socket until either is done. `read_ahead` came with the handshake.
pub(crate) async fn serve(open: Open, stream: TcpStream, mut read_ahead: Vec<u8>) {
    let link = Link { open, stream };
    link.attach();
    if !read_ahead.is_empty() {
        link.open.shell.received(link.open.key, &mut read_ahead);
    }
    drop(read_ahead);
    match poll_fn(|cx| link.poll(cx)).await {
        End::Ours => {
            link.detach();
            link.linger().await;
        }
        End::Theirs => link.detach(),
        // A task of its own, for it may last.
        End::Secure => drop(tokio::task::spawn_local(encrypt(link.surrender()))),
    }
}

/// Goes on encrypted, unless the handshake fails or takes too long; then the session ends with its link.
async fn encrypt(Link { open, stream }: Link) {
    let shell = open.shell.clone();
    let within = Duration::from_millis(shell.settings.header_ms);
    // Boxed: a handshake needs much space for a short time.
    let handshake = Box::pin(tls::handshake(&shell.tls, stream, &[]));
    match tokio::time::timeout(within, handshake).await {
        Ok(Ok(encrypted)) => {
            shell.counters.tls_handshakes.add(1);
            shell.secured(open.key, encrypted.secured);
            tokio::task::spawn_local(pulled::serve_socket(open, encrypted.stream, Vec::new()));
        }
        Ok(Err(_)) | Err(_) => shell.counters.tls_failures.add(1),
    }
}

struct Link {
    open: Open,
    stream: TcpStream,
}

/// Who ended it.
#[derive(PartialEq, Eq)]
enum End {
    /// The session is over and all is sent.
    Ours,
    /// The peer is gone.
    Theirs,
    /// It is not: what comes next is a handshake of TLS.
    Secure,
}

impl Link {
    fn attach(&self) {
        let mut worker = self.open.shell.worker.borrow_mut();
        if let Some(place) = worker.slot_mut(self.open.key) {
            place.link.direct = Some(self.stream.as_raw_fd());
            // What was queued during the handshake is written by the first poll.
            place.link.blocked = !place.outbox.is_empty();
        }
    }

    /// The session's place is given up; from here on nobody but this task writes to the socket.
    fn detach(&self) {
        self.open.shell.release(self.open.key);
    }

    /// The session pulls from now on.
    fn surrender(self) -> Self {
        if let Some(place) = self.open.shell.worker.borrow_mut().slot_mut(self.open.key) {
            place.securing = false;
            place.link.direct = None;
            place.link.blocked = false;
            place.link.own_stream = true;
        }
        self
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<End> {
        if let Some(end) = self.end(cx) {
            return Poll::Ready(end);
        }
        if let Poll::Ready(end) = self.poll_write(cx) {
            return Poll::Ready(end);
        }
        self.poll_read(cx)
    }

    /// Whether it is over. Also tells the flush whom to wake.
    fn end(&self, cx: &Context<'_>) -> Option<End> {
        let mut worker = self.open.shell.worker.borrow_mut();
        let Some(place) = worker.slot_mut(self.open.key) else { return Some(End::Ours) };
        place.link.wait(cx.waker());
        match (place.link.condemned, place.outbox.is_empty()) {
            (true, _) => Some(End::Theirs),
            (_, true) if place.is_over() => Some(End::Ours),
            (_, true) if place.securing => Some(End::Secure),
            _ => None,
        }
    }

    /// Whether nothing more is to be read in clear text: not even by a peer that has sent it already, or what anybody on the way
    /// has slipped in would be taken for a part of what is encrypted. Such bytes make the handshake fail.
    fn is_securing(&self) -> bool {
        self.open.shell.worker.borrow().slot(self.open.key).is_some_and(|place| place.securing)
    }

    /// Sends what the flush could not, when there is such.
    fn poll_write(&self, cx: &mut Context<'_>) -> Poll<End> {
        while self.is_blocked() {
            match self.stream.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(End::Theirs),
                Poll::Pending => return Poll::Pending,
            }
            if let Some(end) = self.write() {
                return Poll::Ready(end);
            }
        }
        Poll::Pending
    }

    fn is_blocked(&self) -> bool {
        self.open.shell.worker.borrow().slot(self.open.key).is_some_and(|place| place.link.blocked)
    }

    fn write(&self) -> Option<End> {
        let mut worker = self.open.shell.worker.borrow_mut();
        let fd = self.stream.as_raw_fd();
        let place = worker.slot(self.open.key)?;
        let result = self.stream.try_io(Interest::WRITABLE, || writev::send(fd, &place.outbox));
        let result = match result {
            // Nothing was taken: the reactor knows, and wakes us.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            result => result.map_err(|error| error.raw_os_error().unwrap_or(libc::EIO)),
        };
        let failed = result.is_err();
        let sent = written(&mut worker, self.open.key.slot, result);
        self.open.shell.counters.sent_bytes.add(sent as u64);
        let place = worker.slot(self.open.key)?;
        let (empty, over) = (place.outbox.is_empty(), place.is_over());
        if empty {
            worker.drained(self.open.key.slot);
            self.open.shell.schedule();
        }
        match (failed, empty && over) {
            (true, _) => Some(End::Theirs),
            (_, true) => Some(End::Ours),
            _ => None,
        }
    }

    fn poll_read(&self, cx: &mut Context<'_>) -> Poll<End> {
        for _ in 0..READS {
            if self.is_securing() {
                // The flush wakes this task when the rest is sent; if it was sent already, that was before we asked.
                return self.end(cx).map_or(Poll::Pending, Poll::Ready);
            }
            if ready!(self.stream.poll_read_ready(cx)).is_err() {
                return Poll::Ready(End::Theirs);
            }
            let mut scratch = self.open.shell.scratch.borrow_mut();
            match self.read(&mut scratch) {
                Ok(0) => {
                    // It says nothing more; what we have for it, such as the answer to its close frame, it may still read.
                    drop(scratch);
                    self.write();
                    return Poll::Ready(End::Theirs);
                }
                Ok(count) => self.open.shell.received(self.open.key, &mut scratch[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(End::Theirs),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads once. What does not fill the buffer was all there is: the reactor is told so, and no further read has to find that out
    /// (epoll(7), on edge-triggered notification).
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let socket = SockRef::from(&self.stream);
        let mut count = 0;
        let result = self.stream.try_io(Interest::READABLE, || {
            count = (&*socket).read(buffer)?;
            if (1..buffer.len()).contains(&count) { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        if count == 0 { result.map(|()| 0) } else { Ok(count) }
    }

    /// Says that nothing more comes and waits for the peer to say the same: a socket closed with input unread
    /// would be reset, and the peer might never see our last words.
    async fn linger(&self) {
        let _ = SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write);
        let _ = tokio::time::timeout(LINGER, self.discard()).await;
    }

    async fn discard(&self) {
        while self.stream.readable().await.is_ok() {
            let mut scratch = self.open.shell.scratch.borrow_mut();
            match self.stream.try_read(&mut scratch) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}
