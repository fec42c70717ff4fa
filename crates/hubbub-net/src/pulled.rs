//! A link whose task pulls what its session writes: a WebSocket over an HTTP/2 stream (RFC 8441), and whatever is encrypted.
//!
//! All that waits is taken in one piece, so a turn costs one write and, over TLS, one row of records however many messages it brought.
//! No more is taken until that has been sent: what a peer does not read waits in the outbox, where it is counted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hubbub_gate::outbox::Outbox;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::exchange::{Open, PULL};

/// Reads from one link in a row before others have their turn.
const READS: usize = 4;
/// How long a peer may take to read our last words, and to say its own.
const LINGER: Duration = Duration::from_secs(2);

/// Serves a session over an encrypted socket until either is done. `read_ahead` came with the handshake.
pub(crate) async fn serve_socket<S>(open: Open, io: S, read_ahead: Vec<u8>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut link = run(Link { open, io }, read_ahead).await;
    let _ = tokio::time::timeout(LINGER, std::future::poll_fn(|cx| link.poll_close_both(cx))).await;
}

/// Serves a session over a stream inside another connection until either is done.
pub(crate) async fn serve_stream<S>(open: Open, io: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut link = run(Link { open, io }, Vec::new()).await;
    let _ = tokio::time::timeout(LINGER, std::future::poll_fn(|cx| link.poll_close(cx))).await;
}

async fn run<S>(mut link: Link<S>, mut read_ahead: Vec<u8>) -> Link<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Some(place) = link.open.shell.worker.borrow_mut().slot_mut(link.open.key) {
        place.link.own_stream = true;
    }
    if !read_ahead.is_empty() {
        link.open.shell.received(link.open.key, &mut read_ahead);
    }
    drop(read_ahead);
    std::future::poll_fn(|cx| link.poll(cx)).await;
    link.open.shell.release(link.open.key);
    link
}

struct Link<S> {
    open: Open,
    io: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    /// Ready when the link is done: the peer is gone, or the session is over and all is sent.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_condemned(cx) {
            return Poll::Ready(());
        }
        if let Poll::Ready(()) = self.poll_write(cx) {
            return Poll::Ready(());
        }
        self.poll_read(cx)
    }

    /// Whether its session has been over for too long. Also tells the worker whom to wake: a stream that takes no more is woken by
    /// nobody else.
    fn is_condemned(&self, cx: &Context<'_>) -> bool {
        let mut worker = self.open.shell.worker.borrow_mut();
        worker.slot_mut(self.open.key).is_none_or(|place| {
            place.link.wait(cx.waker());
            place.link.condemned
        })
    }

    /// Sends what the session has written, as far as the stream takes it. Ready when nothing more will come, or can.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if ready!(Pin::new(&mut self.io).poll_flush(cx)).is_err() {
                return Poll::Ready(());
            }
            match ready!(self.poll_take(cx)) {
                Ok(count) if count > 0 => {}
                _ => return Poll::Ready(()),
            }
        }
    }

    /// Gives the stream what waits, at most [`PULL`]. Nothing is taken when the session is over.
    fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let shell = &self.open.shell;
        let mut worker = shell.worker.borrow_mut();
        let Some(place) = worker.slot_mut(self.open.key) else { return Poll::Ready(Ok(0)) };
        if place.outbox.is_empty() {
            return if place.is_over() { Poll::Ready(Ok(0)) } else { Poll::Pending };
        }
        let mut scratch = shell.scratch.borrow_mut();
        let piece = joined(&place.outbox, &mut scratch[..PULL]);
        let count = ready!(Pin::new(&mut self.io).poll_write(cx, piece))?;
        place.outbox.sent(count);
        shell.counters.sent_bytes.add(count as u64);
        worker.drained(self.open.key.slot);
        if worker.has_work() {
            shell.schedule();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..READS {
            let mut scratch = self.open.shell.scratch.borrow_mut();
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer));
            let count = buffer.filled().len();
            if read.is_err() || count == 0 {
                // It says nothing more; what we have for it, such as the answer to its close frame, it may still read.
                drop(scratch);
                let _ = self.poll_write(cx);
                return Poll::Ready(());
            }
            self.open.shell.received(self.open.key, &mut scratch[..count]);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Says that nothing more comes.
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    /// And waits for the peer to say the same: a socket closed with input unread would be reset, and the peer might never see our
    /// last words.
    fn poll_close_both(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if ready!(self.poll_close(cx)).is_err() {
            return Poll::Ready(());
        }
        loop {
            let mut scratch = self.open.shell.scratch.borrow_mut();
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

/// What waits, as far as it fits, in one piece.
fn joined<'a>(outbox: &'a Outbox, scratch: &'a mut [u8]) -> &'a [u8] {
    let mut pieces = outbox.pieces();
    let first = pieces.next().unwrap_or_default();
    if first.len() >= scratch.len() || outbox.len() == first.len() {
        return &first[..first.len().min(scratch.len())];
    }
    let mut end = 0;
    for piece in outbox.pieces() {
        let count = piece.len().min(scratch.len() - end);
        scratch[end..end + count].copy_from_slice(&piece[..count]);
        end += count;
        if end == scratch.len() {
            break;
        }
    }
    &scratch[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn what_waits_goes_out_in_one_piece() {
        let mut outbox = Outbox::new();
        let mut scratch = [0; 8];
        assert_eq!(joined(&outbox, &mut scratch), b"");
        outbox.write(Bytes::from_static(b"abc"));
        assert_eq!(joined(&outbox, &mut scratch), b"abc");
        outbox.write(Bytes::from_static(b"def"));
        outbox.write(Bytes::from_static(b"ghijkl"));
        assert_eq!(joined(&outbox, &mut scratch), b"abcdefgh");
        outbox.sent(8);
        assert_eq!(joined(&outbox, &mut scratch), b"ijkl");
        outbox.sent(4);
        outbox.write(Bytes::from_static(b"0123456789"));
        assert_eq!(joined(&outbox, &mut scratch), b"01234567");
    }
}
