//! HTTP/1.1 and HTTP/2 on a connection that speaks them.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;

use crate::exchange;
use crate::prefixed::{Prefixed, ReadFlag};
use crate::pulse::Order;
use crate::recognise::Spoken;
use crate::shell::{Connection, Shell};
use crate::socket::Socket;

/// Serves a connection that begins with `prefix`, until it ends or the server closes.
pub(crate) async fn serve(
    shell: Rc<Shell>,
    socket: Socket,
    prefix: Bytes,
    spoken: Spoken,
    connection: Connection,
) {
    connection.http1.set(spoken == Spoken::Http1);
    let connection = Rc::new(connection);
    let settings = shell.settings.clone();
    let read = connection.read.clone();
    let io = Prefixed::new(prefix, socket, read.clone());
    let owner = connection.clone();
    let service = service_fn(move |request| exchange::answer(shell.clone(), owner.clone(), request));
    // How a connection ends is its peer's affair; what is worth knowing of it is counted by its sessions.
    if spoken == Spoken::Http2 {
        let mut server = http2::Builder::new(LocalExecutor);
        server
            .timer(TokioTimer::new())
            .enable_connect_protocol()
            .max_concurrent_streams(settings.http2_streams)
            .max_header_list_size(settings.header_bytes)
            .keep_alive_interval(Duration::from_millis(settings.idle_ms / 2))
            .keep_alive_timeout(Duration::from_millis(settings.header_ms));
        let server = std::pin::pin!(server.serve_connection(io, service));
        watched(server, |server| server.graceful_shutdown(), &connection, &read).await;
    } else {
        let mut server = http1::Builder::new();
        // Answers are mostly small: head and body copied together go out in a cheaper call than side by side.
        server.max_buf_size(settings.header_bytes as usize).writev(false);
        let server = std::pin::pin!(server.serve_connection(io, service).with_upgrades());
        watched(server, |server| server.graceful_shutdown(), &connection, &read).await;
    }
}

/// Runs a connection until it ends or its pulse says so.
async fn watched<C: Future>(
    mut server: Pin<&mut C>,
    finish: impl Fn(Pin<&mut C>),
    connection: &Connection,
    read: &ReadFlag,
) {
    let mut finishing = false;
    poll_fn(|cx| {
        match connection.pulse.order(cx) {
            Order::Die => return Poll::Ready(()),
            Order::Finish if !finishing => {
                finishing = true;
                finish(server.as_mut());
            }
            Order::Finish | Order::Live => {}
        }
        let done = server.as_mut().poll(cx).map(drop);
        if read.swap(false, Ordering::Relaxed) {
            match connection.http1.get() {
                true => connection.pulse.read_part(connection.now_ms()),
                false => connection.pulse.read_any(connection.now_ms()),
            }
        }
        done
    })
    .await;
}

/// Runs HTTP/2's helpers on the worker's own thread.
#[derive(Clone, Copy)]
struct LocalExecutor;

impl<F: Future + 'static> Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}
