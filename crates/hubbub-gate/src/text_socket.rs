//! A WebSocket (RFC 6455) on which each text frame is one message of some protocol of JSON: PeerJS, the WebTorrent tracker.
//!
//! What all of them need is here: the handshake, frames, pings when the peer is silent, close codes, the end of a token, a peer that does
//! not read. What is spoken is a [`Talk`]. Nothing is compressed: what a stranger sends must not grow in our memory.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::response;
use hubbub_hub::{Identity, IdentityKind};
use hubbub_ws::{CloseCode, Config, Decoder, Kind, Limits, Role, encode_message};

use crate::outbox::{OutboxLimits, Push, WhenFull};
use crate::problem::Problem;
use crate::request::Request;
use crate::session::{Act, Close, Cx, Deed, Input, Session};
use crate::settings::{GateSettings, WsSettings};
use crate::ws::control::{self, ENDED, NOBODY, SILENT, ping, write_close};
use crate::ws::handshake::{Handshake, agree};
use crate::ws::receive::{Receiver, receive};

/// What is spoken over such a socket, seen from one end of it.
pub(crate) trait Talk {
    /// The socket is open.
    ///
    /// # Errors
    /// How the socket is to end; so for all of these.
    fn opened(&mut self, cx: &mut Cx<'_>) -> Result<(), End>;

    /// Something of the peer has come, if only a pong: it is there.
    fn heard(&mut self, _cx: &mut Cx<'_>) {}

    /// The peer has said something.
    fn text(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), End>;

    /// Letters, answers, notices, and that something could not be delivered.
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), End>;

    /// When it wants [`Self::timeout`], in process time. O(1): asked after every input.
    fn deadline(&self) -> Option<u64> {
        None
    }

    /// [`Self::deadline`] has come.
    fn timeout(&mut self, _cx: &mut Cx<'_>) -> Result<(), End> {
        Ok(())
    }

    /// It is over, however that came: the last that is heard of it, once. What it writes comes too late.
    fn left(&mut self, cx: &mut Cx<'_>);
}

/// How a socket is to end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// In order: with this close frame, which the peer has some time to answer.
    Close(CloseCode, Cow<'static, str>),
    /// The peer does not read what it is told.
    TooSlow,
}

impl End {
    /// It ends with `code`, because of `reason`, of which a close frame has room for 123 bytes.
    pub(crate) fn with(code: CloseCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Close(code, reason.into())
    }
}

/// The answer to a handshake for such a socket, without compression.
///
/// # Errors
/// As every handshake.
pub(crate) fn shake_hands(request: &Request, settings: &GateSettings) -> Result<Handshake, Problem> {
    agree(request, &[], &WsSettings { deflate: None, ..settings.ws.clone() })
}

/// Writes a message that answers the peer. So many that it does not read end the session.
pub(crate) fn answer(text: &str, cx: &mut Cx<'_>) {
    cx.out.write(frame(text));
}

/// Writes a message, as [`frame`] made it, that somebody else has for the peer.
///
/// # Errors
/// The outbox is full. Nothing is dropped: half a negotiation is worse than none.
pub(crate) fn tell(frame: Bytes, cx: &mut Cx<'_>) -> Result<(), End> {
    match cx.out.push(frame, OutboxLimits { when_full: WhenFull::Close, ..cx.settings.outbox }) {
        Push::Queued | Push::Dropped(_) => Ok(()),
        Push::Overrun => Err(End::TooSlow),
    }
}

/// A message as it is on the wire: it may be written to any such socket, by [`tell`].
pub(crate) fn frame(text: &str) -> Bytes {
    let mut out = Vec::with_capacity(text.len() + hubbub_ws::MAX_HEADER);
    encode_message(&mut out, Kind::Text, text.as_bytes());
    out.into()
}

/// One WebSocket.
pub(crate) struct TextSocket<T> {
    decoder: Decoder,
    /// All but the decoder, so that what the decoder hands out can be acted upon while it is borrowed.
    line: Line<T>,
}

struct Line<T> {
    stage: Stage<T>,
    /// When the peer's silence, or that it does not answer our close frame, wants something done, in process time.
    deadline: u64,
    /// When its token ends, in process time.
    expires: u64,
    /// A ping was sent and nothing has come since.
    pinged: bool,
}

/// How far the socket is.
enum Stage<T> {
    /// The handshake is not answered yet.
    Fresh(Box<Fresh<T>>),
    /// Messages go both ways.
    Open(T),
    /// Our close frame is sent; the peer's is awaited (RFC 6455 §7.1.1). Then this is what became of it.
    Closing(Close),
}

struct Fresh<T> {
    head: Box<response::Parts>,
    talk: T,
    who: Option<Arc<Identity>>,
}

impl<T: Talk> TextSocket<T> {
    /// A socket of `who`, if that is known, on what [`shake_hands`] agreed. A message has at most so many bytes.
    pub(crate) fn new(
        handshake: Handshake,
        talk: T,
        who: impl Into<Option<Arc<Identity>>>,
        most_bytes: usize,
        settings: &GateSettings,
    ) -> Self {
        let limits =
            Limits { frame: most_bytes, message: most_bytes, fragments: settings.ws.limits.fragments };
        let decoder = Decoder::new(Config { role: Role::Server, limits, deflate: None });
        let stage = Stage::Fresh(Box::new(Fresh { head: handshake.head, talk, who: who.into() }));
        Self { decoder, line: Line { stage, deadline: u64::MAX, expires: u64::MAX, pinged: false } }
    }
}

impl<T: Talk> Line<T> {
    fn open(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Stage::Fresh(fresh) = std::mem::replace(&mut self.stage, Stage::Closing(Close::Done)) else {
            return Ok(());
        };
        let Fresh { head, mut talk, who } = *fresh;
        cx.out.answer(*head);
        self.expires = who.as_ref().map_or(u64::MAX, |who| who.expires_mono_ms(cx.now));
        if let Some(who) = who.filter(|who| who.kind == IdentityKind::Account) {
            cx.deeds.push(Deed::Belong(who.user.clone()));
        }
        self.heard(cx);
        let result = talk.opened(cx);
        self.stage = Stage::Open(talk);
        self.settle(result, cx)
    }

    /// The peer is there.
    fn heard(&mut self, cx: &Cx<'_>) {
        self.pinged = false;
        self.deadline = cx.now.mono_ms + cx.settings.ws.ping_after_ms;
    }

    /// Ends the socket if the talk says so.
    fn settle(&mut self, result: Result<(), End>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match result {
            Ok(()) => Ok(()),
            Err(End::Close(code, reason)) => {
                self.close(code, &reason, become_of(code), cx);
                Ok(())
            }
            Err(End::TooSlow) => self.too_slow(cx),
        }
    }

    /// Begins to close: nothing more is said, and the peer has some time to answer.
    fn close(&mut self, code: CloseCode, reason: &str, close: Close, cx: &mut Cx<'_>) {
        if matches!(self.stage, Stage::Closing(_)) {
            return;
        }
        write_close(code, reason, cx);
        self.leave(close, cx);
        self.deadline = cx.now.mono_ms + cx.settings.ws.close_wait_ms;
    }

    /// The talk is over.
    fn leave(&mut self, close: Close, cx: &mut Cx<'_>) {
        if let Stage::Open(mut talk) = std::mem::replace(&mut self.stage, Stage::Closing(close)) {
            talk.left(cx);
        }
    }

    fn too_slow(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        if matches!(self.stage, Stage::Closing(_)) {
            cx.out.clear_unsent();
            return Err(Close::TooSlow);
        }
        control::too_slow("you read too slowly; reconnect", cx)
    }

    fn act(&mut self, act: Act, cx: &mut Cx<'_>) {
        match act {
            Act::Disconnect(reason) => self.close(ENDED, &reason, Close::Refused, cx),
            Act::Removed => {
                self.close(NOBODY, &Problem::account_removed().detail, Close::Refused, cx);
            }
            // It is in no room and has no name.
            Act::Emit { .. } | Act::Join(_) | Act::Leave(_) | Act::TakenOver => {}
        }
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let now_ms = cx.now.mono_ms;
        match &mut self.stage {
            Stage::Fresh(_) => Ok(()),
            Stage::Closing(_) => Err(Close::Timeout),
            Stage::Open(_) if now_ms >= self.expires => {
                self.close(NOBODY, "your token has expired", Close::Timeout, cx);
                Ok(())
            }
            Stage::Open(talk) if talk.deadline().is_some_and(|due| now_ms >= due) => {
                let result = talk.timeout(cx);
                self.settle(result, cx)
            }
            Stage::Open(_) if now_ms < self.deadline => Ok(()),
            Stage::Open(_) if self.pinged => {
                write_close(SILENT, "no pong in time", cx);
                Err(Close::Timeout)
            }
            Stage::Open(_) => {
                ping(cx);
                self.pinged = true;
                self.deadline = now_ms + cx.settings.ws.pong_wait_ms;
                Ok(())
            }
        }
    }

    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match (input, &mut self.stage) {
            (Input::Opened, _) => self.open(cx),
            (Input::Timeout, _) => self.timeout(cx),
            (Input::TooSlow, _) => self.too_slow(cx),
            (Input::LinkLost, _) => Err(Close::Done),
            (Input::Shutdown, _) => {
                let reason = "the server is closing; reconnect";
                self.close(CloseCode::GOING_AWAY, reason, Close::Done, cx);
                Ok(())
            }
            (Input::Act(act), _) => {
                self.act(act, cx);
                Ok(())
            }
            (other, Stage::Open(talk)) => {
                let result = talk.handle(other, cx);
                self.settle(result, cx)
            }
            // Nobody is there to hear it.
            (_, Stage::Fresh(_) | Stage::Closing(_)) => Ok(()),
        }
    }
}

/// What the server counts a close of its own as.
fn become_of(code: CloseCode) -> Close {
    match code {
        CloseCode::NORMAL | CloseCode::GOING_AWAY => Close::Done,
        CloseCode::PROTOCOL | CloseCode::UNSUPPORTED | CloseCode::INVALID_DATA | CloseCode::TOO_BIG => {
            Close::Protocol
        }
        SILENT => Close::Timeout,
        _ => Close::Refused,
    }
}

impl<T: Talk> Receiver for Line<T> {
    fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    fn text(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Stage::Open(talk) = &mut self.stage else { return Ok(()) };
        let result = talk.text(text, cx);
        self.settle(result, cx)
    }

    fn binary(&mut self, _bytes: &[u8], cx: &mut Cx<'_>) -> Result<(), Close> {
        self.close(CloseCode::UNSUPPORTED, "messages are text here", Close::Protocol, cx);
        Ok(())
    }

    fn closes(&mut self, code: CloseCode, cx: &mut Cx<'_>) -> Result<(), Close> {
        if let Stage::Closing(close) = self.stage {
            return Err(close);
        }
        write_close(code, "", cx);
        Err(Close::Done)
    }

    fn fails(&mut self, code: CloseCode, reason: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        if !self.is_open() {
            return Ok(());
        }
        write_close(code, reason, cx);
        Err(Close::Protocol)
    }
}

impl<T: Talk> Session for TextSocket<T> {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let line = &mut self.line;
        let result = match input {
            Input::Stream(bytes) => {
                if matches!(line.stage, Stage::Open(_)) {
                    line.heard(cx);
                }
                let result = receive(&mut self.decoder, bytes, cx, line);
                // Whoever says goodbye is not there any more.
                if result.is_ok()
                    && let Stage::Open(talk) = &mut line.stage
                {
                    talk.heard(cx);
                }
                result
            }
            other => line.handle(other, cx),
        };
        if let Err(close) = result {
            line.leave(close, cx);
        }
        result
    }

    fn deadline(&self) -> Option<u64> {
        let Line { stage, deadline, expires, .. } = &self.line;
        let of_talk = match stage {
            Stage::Open(talk) => talk.deadline().unwrap_or(u64::MAX).min(*expires),
            Stage::Fresh(_) | Stage::Closing(_) => u64::MAX,
        };
        Some(of_talk.min(*deadline))
    }
}

#[cfg(test)]
mod tests;
