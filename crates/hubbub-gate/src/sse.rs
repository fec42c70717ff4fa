//! Server-Sent Events (WHATWG HTML §9.2): a stream of what happens, resumed by `Last-Event-ID`.

mod signals;

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use hubbub_hub::{Happening, Hello, Identity, Joined, Notice, Offset, Reply, RoomName, Start};

use crate::dialect::{Dialect, sse_block};
use crate::envelope;
use crate::outbox::Push;
use crate::params::Params;
use crate::problem::{self, Problem};
use crate::reader::{READING, Reader};
use crate::respond::respond_problem;
use crate::session::{Act, Close, Cx, Delivery, Input, Session};

use signals::Requests;

/// What a stream begins with.
#[derive(Debug)]
pub struct Reading {
    room: RoomName,
    start: Start,
    echo: bool,
}

/// `Last-Event-ID` goes before `since`: a browser that reconnects repeats the address it first used. An id that is no
/// offset of ours is one that is gone.
pub fn want(room: RoomName, params: &Params, headers: &HeaderMap) -> Reading {
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()).filter(|id| !id.is_empty());
    let start = match last {
        Some(id) => Start::After(id.parse().unwrap_or(Offset::new(0, 0))),
        None => params.start.unwrap_or(Start::Now),
    };
    Reading { room, start, echo: params.echo.unwrap_or(true) }
}

/// A stream.
pub struct Stream {
    reader: Reader,
    requests: Requests,
    begun: bool,
    deadline: u64,
}

impl Stream {
    /// A stream for `who`.
    #[must_use]
    pub fn new(reading: Reading, who: Arc<Identity>) -> Self {
        let Reading { room, start, echo } = reading;
        Self {
            reader: Reader::new(room, who, start, echo, Hello::by("sse")).hearing(),
            requests: Requests::default(),
            begun: false,
            deadline: u64::MAX,
        }
    }

    fn joined(&mut self, joined: &Joined, cx: &mut Cx<'_>) {
        if !self.begun {
            self.begin(cx);
        }
        let mut out = Vec::new();
        if !std::mem::replace(&mut self.begun, true) || !joined.recovered {
            let mut data = envelope::joined(&self.reader.room, joined);
            self.introduce(&mut data, joined, cx);
            let id = joined.page.from.to_string();
            sse_block(&mut out, Some(&id), Some("hubbub:joined"), data.to_string().as_bytes());
        }
        let backlog = self.reader.backlog(joined, cx);
        Dialect::Sse.encode(&self.reader.room, &backlog, cx.coder, &mut out);
        cx.out.write_page(out.into());
        self.reader.go_on(joined, Delivery::Shared(Dialect::Sse), cx);
    }

    fn begin(&mut self, cx: &mut Cx<'_>) {
        cx.out.answer(problem::head(StatusCode::OK, "text/event-stream"));
        cx.out.write(format!("retry: {}\n\n", cx.settings.sse_retry_ms).into());
        self.beat(cx);
    }

    fn beat(&mut self, cx: &Cx<'_>) {
        let expires = self.reader.who.expires_unix_ms.unwrap_or(u64::MAX).saturating_sub(cx.now.unix_ms);
        self.deadline = cx.now.mono_ms.saturating_add(expires.min(cx.settings.sse_heartbeat_ms));
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        if !self.begun {
            return respond_problem(&Problem::unavailable("The room's log could not be opened in time."), cx);
        }
        if self.reader.who.expires_unix_ms.is_some_and(|expires| expires <= cx.now.unix_ms) {
            return self
                .end_with(&Problem::unauthorized("Your token has expired. Connect with a new one."), cx);
        }
        cx.out.write(":\n\n".into());
        self.beat(cx);
        Ok(())
    }

    /// What the application wants. A stream is in its one room.
    fn act(&self, act: Act, cx: &mut Cx<'_>) -> Result<(), Close> {
        match act {
            Act::Emit { emission, .. } => {
                let mut out = Vec::new();
                Dialect::Sse.encode(&self.reader.room, &[Happening::Emission(emission)], cx.coder, &mut out);
                match cx.out.push(out.into(), cx.settings.outbox) {
                    Push::Overrun => {
                        cx.out.clear_unsent();
                        Err(Close::TooSlow)
                    }
                    Push::Queued | Push::Dropped(_) => Ok(()),
                }
            }
            Act::TakenOver => Err(Close::Done),
            Act::Disconnect(reason) => self.end_with(&Problem::forbidden(reason.to_string()), cx),
            Act::Removed => self.end_with(&Problem::account_removed(), cx),
            Act::Join(_) | Act::Leave(_) => Ok(()),
        }
    }

    fn end_with(&self, problem: &Problem, cx: &mut Cx<'_>) -> Result<(), Close> {
        if !self.begun {
            return respond_problem(problem, cx);
        }
        let mut out = Vec::new();
        sse_block(&mut out, None, Some("hubbub:error"), problem.json().to_string().as_bytes());
        cx.out.write(out.into());
        Err(Close::Refused)
    }
}

impl Session for Stream {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => {
                self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
                self.requests.begin(cx);
                self.reader.ask(cx);
                Ok(())
            }
            Input::Notice(Notice::Reply { reply: Reply::Joined(joined), .. }) => {
                self.joined(&joined, cx);
                Ok(())
            }
            Input::Notice(Notice::Reply { reply: Reply::Removed(affair), .. }) => {
                self.end_with(&Problem::removed(&affair), cx)
            }
            Input::Notice(Notice::Reply { reply: Reply::Signal(signalled), .. }) => self.hear(&signalled, cx),
            Input::Notice(Notice::Reply { ticket, reply, .. }) if ticket != READING => {
                self.answered(ticket, reply, cx);
                Ok(())
            }
            Input::Notice(Notice::Reply { reply: Reply::Refused(why), .. }) => {
                self.end_with(&Problem::refused(&why), cx)
            }
            Input::Letter(from, letter) => {
                self.carried(from, letter, cx);
                Ok(())
            }
            Input::Drained => {
                self.reader.ask(cx);
                Ok(())
            }
            Input::Act(act) => self.act(act, cx),
            Input::Timeout => self.timeout(cx),
            Input::TooSlow => {
                cx.out.clear_unsent();
                Err(Close::TooSlow)
            }
            // An EventSource comes back by itself, with Last-Event-ID.
            Input::Shutdown if self.begun => Err(Close::Done),
            Input::Shutdown => self.end_with(&Problem::unavailable("The server is closing."), cx),
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}
