//! A socket whose first bytes have been read already, and whose reading is noted.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;

use crate::socket::Socket;

/// Reads `prefix` first, then the socket.
pub(crate) struct Prefixed {
    prefix: Bytes,
    io: TokioIo<Socket>,
    read: ReadFlag,
}

/// Set whenever bytes came in; the connection's task takes note of it. hyper wants its sockets to be `Send`, so this is an atomic.
pub(crate) type ReadFlag = Arc<AtomicBool>;

impl Prefixed {
    pub(crate) fn new(prefix: Bytes, socket: Socket, read: ReadFlag) -> Self {
        Self { prefix, io: TokioIo::new(socket), read }
    }

    /// The socket, and what of the prefix was not read.
    pub(crate) fn into_parts(self) -> (Bytes, Socket) {
        (self.prefix, self.io.into_inner())
    }
}

impl Read for Prefixed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.prefix.is_empty() {
            let result = Pin::new(&mut self.io).poll_read(cx, buf);
            if result.is_ready() {
                self.read.store(true, Ordering::Relaxed);
            }
            return result;
        }
        let count = self.prefix.len().min(buf.remaining());
        buf.put_slice(&self.prefix[..count]);
        self.prefix.advance(count);
        if self.prefix.is_empty() {
            // What they were cut from is not kept for as long as the connection lasts.
            self.prefix = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl Write for Prefixed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
