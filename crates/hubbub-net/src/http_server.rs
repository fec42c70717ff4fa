//! HTTP/1.1 and HTTP/2 on a connection that speaks them.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::exchange;
use crate::prefixed::Prefixed;
use crate::recognise::Spoken;
use crate::shell::{Connection, Shell};

/// Serves a connection that begins with `prefix`, until it ends or the server closes.
pub(crate) async fn serve(
    shell: Rc<Shell>,
    stream: TcpStream,
    prefix: Bytes,
    spoken: Spoken,
    counted: Connection,
    closing: watch::Receiver<bool>,
) {
    let counted = Rc::new(counted);
    let settings = shell.settings.clone();
    let io = Prefixed::new(prefix, stream);
    let service = service_fn(move |request| exchange::answer(shell.clone(), counted.clone(), request));
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
        let connection = std::pin::pin!(server.serve_connection(io, service));
        let _ = until_closing(connection, |connection| connection.graceful_shutdown(), closing).await;
    } else {
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(settings.header_ms))
            .max_buf_size(settings.header_bytes as usize)
            .pipeline_flush(true);
        let connection = std::pin::pin!(server.serve_connection(io, service).with_upgrades());
        let _ = until_closing(connection, |connection| connection.graceful_shutdown(), closing).await;
    }
}

/// Runs a connection; when the server closes, it finishes what it is at and takes nothing new.
async fn until_closing<C: Future>(
    mut connection: std::pin::Pin<&mut C>,
    close: impl FnOnce(std::pin::Pin<&mut C>),
    mut closing: watch::Receiver<bool>,
) -> C::Output {
    tokio::select! {
        result = connection.as_mut() => return result,
        _ = closing.wait_for(|closing| *closing) => close(connection.as_mut()),
    }
    connection.await
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
