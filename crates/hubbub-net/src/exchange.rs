//! One HTTP exchange: a request goes to a session, and what the session writes is the answer.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header, request, response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hubbub_gate::origin::Origin;
use hubbub_gate::problem::Problem;
use hubbub_gate::request::{self as gate_request, Opening};
use hubbub_gate::session::Session;
use hubbub_hub::SessionKey;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::pages::Page;
use crate::prefixed::Prefixed;
use crate::shell::{Busy, Connection, Shell};
use crate::socket::Socket;
use crate::{pulled, stream};

/// Answers one request.
pub(crate) async fn answer(
    shell: Rc<Shell>,
    connection: Rc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    let busy = Busy::new(connection);
    let (mut parts, body) = request.into_parts();
    if let Some(page) = page_for(&shell, &busy, &parts) {
        return Ok(of_page(page));
    }
    let origin = gate_request::origin(&parts, &shell.gate);
    let head_only = parts.method == Method::HEAD;
    let on_upgrade = parts.extensions.remove::<OnUpgrade>();
    // Boxed, so that the many requests without a body have no room for one.
    let body = match (&origin, body.is_end_stream()) {
        (_, true) => Ok(Bytes::new()),
        (origin, false) => match origin.as_ref().ok().and(gate_request::body_limit(&parts, &shell.gate)) {
            Some(limit) => read_announced(&shell, &parts, body, limit).await,
            None => Box::pin(discard(&shell, body)).await,
        },
    };
    let origin = match origin {
        Ok(origin) => origin,
        Err(problem) => return Ok(whole(problem.response())),
    };
    let mut response = match body.map(|body| begin(shell, busy, parts, body, &origin)) {
        Ok(Ok((open, websocket_connect))) => open.answer(on_upgrade, websocket_connect).await,
        Ok(Err(response)) => response,
        Err(problem) => whole(problem.response()),
    };
    origin.mark(response.headers_mut());
    if head_only {
        // RFC 9110 §9.3.2: the same head, and no body. hyper sees to that over HTTP/1.1 only.
        *response.body_mut() = Answer::Whole(None);
    }
    Ok(response)
}

fn page_for(shell: &Shell, busy: &Busy, parts: &request::Parts) -> Option<Page> {
    shell.pages.find(&parts.method, parts.uri.path(), &parts.headers, busy.secured().is_some())
}

/// Begins the session that answers, unless the answer is there at once. Says whether it may become a WebSocket over HTTP/2.
fn begin(
    shell: Rc<Shell>,
    busy: Busy,
    parts: request::Parts,
    body: Bytes,
    origin: &Origin,
) -> Result<(Open, bool), Response<Answer>> {
    let protocol = parts.extensions.get::<hyper::ext::Protocol>();
    let websocket_connect =
        parts.method == Method::CONNECT && protocol.is_some_and(|protocol| protocol.as_str() == "websocket");
    let (peer, secured) = (busy.peer(), busy.secured());
    let request = gate_request::Request { parts, body, websocket_connect, peer, secured };
    match gate_request::open(request, origin, &shell.gate) {
        Opening::Session(session) => Ok((Open { key: shell.open(session), shell, busy }, websocket_connect)),
        Opening::Answer(head, body) => Err(whole((head, body))),
    }
}

/// A body within its limits. One that does not come with its head is announced to whom it concerns.
async fn read_announced(
    shell: &Rc<Shell>,
    parts: &request::Parts,
    body: Incoming,
    limit: usize,
) -> Result<Bytes, Problem> {
    let mut reading = Box::pin(read_body(shell, body, limit));
    if let Poll::Ready(body) = poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx))).await {
        return body;
    }
    let _announced = gate_request::announcement(parts)
        .map(|session| Announced { key: shell.open(session), shell: shell.clone() });
    reading.await
}

/// A session that ends when the body it announces is there.
struct Announced {
    key: SessionKey,
    shell: Rc<Shell>,
}

impl Drop for Announced {
    fn drop(&mut self) {
        self.shell.release(self.key);
    }
}

/// A body within its limits of size and time.
async fn read_body(shell: &Shell, body: Incoming, limit: usize) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Problem::too_large(limit));
    }
    let within = Duration::from_millis(shell.settings.body_timeout_ms);
    match tokio::time::timeout(within, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(limit)),
        Ok(Err(error)) => Err(Problem::bad_request(format!("The body broke off: {error}."))),
        Err(_) => Err(Problem::timeout()),
    }
}

/// Lets a body that nobody wants pass, within reason: a client whose stream is reset while it sends may not read the answer.
async fn discard(shell: &Shell, body: Incoming) -> Result<Bytes, Problem> {
    let within = Duration::from_millis(shell.settings.body_timeout_ms);
    let mut body = Limited::new(body, shell.gate.message_bytes);
    let _ = tokio::time::timeout(within, async { while let Some(Ok(_)) = body.frame().await {} }).await;
    Ok(Bytes::new())
}

/// A session that has a link; it ends with it.
pub(crate) struct Open {
    pub(crate) key: SessionKey,
    pub(crate) shell: Rc<Shell>,
    /// Keeps the connection from being taken for idle, and counted after an upgrade.
    busy: Busy,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shell.release(self.key);
    }
}

impl Open {
    /// A session that has a connection to itself.
    pub(crate) fn new(shell: Rc<Shell>, session: Box<dyn Session>, connection: Connection) -> Self {
        Self { key: shell.open(session), shell, busy: Busy::new(Rc::new(connection)) }
    }

    async fn answer(self, on_upgrade: Option<OnUpgrade>, websocket_connect: bool) -> Response<Answer> {
        let Some(head) = poll_fn(|cx| self.poll_head(cx)).await else {
            let fault =
                Problem::unavailable("This request met a fault of the server, which has been logged.");
            return whole(fault.response());
        };
        let opens = head.status == StatusCode::SWITCHING_PROTOCOLS
            || (websocket_connect && head.status == StatusCode::OK);
        match on_upgrade {
            Some(on_upgrade) if opens => {
                tokio::task::spawn_local(self.upgrade(on_upgrade));
                Response::from_parts(head, Answer::Whole(None))
            }
            _ => self.body(head),
        }
    }

    /// The session's head, or nothing if it ended without one.
    fn poll_head(&self, cx: &Context<'_>) -> Poll<Option<response::Parts>> {
        let mut worker = self.shell.worker.borrow_mut();
        let Some(place) = worker.slot_mut(self.key) else { return Poll::Ready(None) };
        match place.outbox.take_head() {
            None if !place.is_over() => {
                place.link.wait(cx.waker());
                Poll::Pending
            }
            head => Poll::Ready(head),
        }
    }

    /// What is complete goes out in one piece with its head; a stream goes on.
    fn body(self, head: response::Parts) -> Response<Answer> {
        let mut worker = self.shell.worker.borrow_mut();
        let complete =
            worker.slot_mut(self.key).filter(|place| place.is_over()).map(|place| place.outbox.pop());
        drop(worker);
        let body = match complete {
            Some(body) => Answer::Whole(body),
            None => {
                self.watch();
                Answer::Stream(self)
            }
        };
        Response::from_parts(head, body)
    }

    /// Over HTTP/1.1 a stream that the peer does not read is ended with its connection once its session is over; over HTTP/2
    /// it costs its own window and no more.
    fn watch(&self) {
        if let Some(place) = self.shell.worker.borrow_mut().slot_mut(self.key) {
            place.link.pulse = self.busy.http1().then(|| self.busy.pulse());
        }
    }

    /// The session goes on over what the exchange becomes: the connection's own socket, or a stream in it.
    async fn upgrade(self, on_upgrade: OnUpgrade) {
        let Ok(upgraded) = on_upgrade.await else { return };
        match upgraded.downcast::<Prefixed>() {
            Ok(parts) => {
                let (unread, socket) = parts.io.into_parts();
                self.go_on(socket, [&parts.read_buf[..], &unread[..]].concat());
            }
            Err(upgraded) => pulled::serve_stream(self, TokioIo::new(upgraded)).await,
        }
    }

    /// The session goes on over a socket of its own, from which so much was read already: in a task of its own, which needs
    /// far less space than any before.
    pub(crate) fn go_on(self, socket: Socket, read_ahead: Vec<u8>) {
        self.busy.pulse().retire();
        match socket {
            Socket::Clear(stream) => drop(tokio::task::spawn_local(stream::serve(self, stream, read_ahead))),
            Socket::Secure(stream) => {
                drop(tokio::task::spawn_local(pulled::serve_socket(self, stream, read_ahead)))
            }
        }
    }
}

/// Most that a link which pulls is given at once, in bytes. It keeps a copy of its own until its peer has read it (hyper joins
/// head, framing and body), so for a peer that does not read this is what the outbox's limit does not count.
pub(crate) const PULL: usize = 32 * 1024;

/// The next piece of a session's output, nothing when it is over, or later.
fn pull(shell: &Shell, key: SessionKey, cx: &Context<'_>) -> Poll<Option<Bytes>> {
    let mut worker = shell.worker.borrow_mut();
    let Some(place) = worker.slot_mut(key) else { return Poll::Ready(None) };
    if let Some(piece) = place.outbox.pop_within(PULL) {
        shell.counters.sent_bytes.add(piece.len() as u64);
        worker.drained(key.slot);
        if worker.has_work() {
            shell.schedule();
        }
        return Poll::Ready(Some(piece));
    }
    if place.is_over() {
        return Poll::Ready(None);
    }
    place.link.wait(cx.waker());
    Poll::Pending
}

/// The body of an answer.
pub(crate) enum Answer {
    /// All of it.
    Whole(Option<Bytes>),
    /// What a session writes, as it does.
    Stream(Open),
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Stream(open) => {
                pull(&open.shell, open.key, cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, Bytes::len) as u64),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

fn whole((head, body): (response::Parts, Bytes)) -> Response<Answer> {
    Response::from_parts(head, Answer::Whole((!body.is_empty()).then_some(body)))
}

fn of_page(page: Page) -> Response<Answer> {
    let mut response = Response::new(Answer::Whole(Some(page.body)));
    *response.status_mut() = page.status;
    for (name, value) in page.headers {
        response.headers_mut().insert(name, value);
    }
    if page.status == StatusCode::NOT_MODIFIED {
        *response.body_mut() = Answer::Whole(None);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}
