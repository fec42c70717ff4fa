//! A link inside another connection: a WebSocket over an HTTP/2 stream (RFC 8441). Its task pulls what the session writes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::rt::{Read, ReadBuf, Write};
use hyper::upgrade::Upgraded;

use crate::exchange::{Open, pull};

/// How long a peer may take to read our last words.
const LINGER: Duration = Duration::from_secs(2);

/// Serves a session over an upgraded stream until either is done.
pub(crate) async fn serve(open: Open, io: Upgraded) {
    let mut link = Link { open, io, writing: Bytes::new() };
    if let Some(place) = link.open.shell.worker.borrow_mut().slot_mut(link.open.key) {
        place.link.own_stream = true;
    }
    std::future::poll_fn(|cx| link.poll(cx)).await;
    let _ = tokio::time::timeout(LINGER, std::future::poll_fn(|cx| link.poll_close(cx))).await;
}

struct Link {
    open: Open,
    io: Upgraded,
    /// The piece that is being sent.
    writing: Bytes,
}

impl Link {
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

    /// Whether its session has been over for too long. Also tells the worker whom to wake: a stream without window is woken by
    /// nobody else.
    fn is_condemned(&self, cx: &Context<'_>) -> bool {
        let mut worker = self.open.shell.worker.borrow_mut();
        worker.slot_mut(self.open.key).is_none_or(|place| {
            place.link.wait(cx.waker());
            place.link.condemned
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.writing.is_empty() {
                match pull(&self.open.shell, self.open.key, cx) {
                    Poll::Ready(Some(piece)) => self.writing = piece,
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => {
                        // Whether or not it is flushed already, the next piece is what we wait for.
                        let _ = Pin::new(&mut self.io).poll_flush(cx);
                        return Poll::Pending;
                    }
                }
            }
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.writing)) {
                Ok(count) if count > 0 => self.writing.advance(count),
                _ => return Poll::Ready(()),
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut scratch = self.open.shell.scratch.borrow_mut();
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, buffer.unfilled()));
            let count = buffer.filled().len();
            if read.is_err() || count == 0 {
                return Poll::Ready(());
            }
            self.open.shell.received(self.open.key, &mut scratch[..count]);
        }
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.io).poll_shutdown(cx).map(drop)
    }
}
