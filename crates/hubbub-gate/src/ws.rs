//! A room over a WebSocket: a frame is a message, or an envelope where the client asked for `hubbub.json`.

mod act;
mod closing;
pub(crate) mod control;
pub mod handshake;
pub(crate) mod receive;
pub(crate) mod say;
mod signals;
mod tell;

use std::sync::Arc;

use bytes::Bytes;
use hubbub_hub::{Content, Hello, IdempotencyKey, Identity, Joined, Notice, Now, Published, Refusal, Reply};
use hubbub_ws::{CloseCode, Config, Decoder, Deflater, Role};
use serde_json::json;

use crate::coder::WsDeflate;
use crate::dialect::Dialect;
use crate::envelope;
use crate::problem::Problem;
use crate::reader::{READING, Reader};
use crate::respond::respond_problem;
use crate::session::{Close, Cx, Delivery, Input, Session};
use crate::settings::GateSettings;
use crate::signals::Around;

use closing::HISTORY_GONE;
use handshake::Agreed;
use receive::{Receiver, receive};
use say::Said;

/// One WebSocket in one room.
pub struct Socket {
    decoder: Decoder,
    /// All but the decoder, so that what the decoder hands out can be acted upon while it is borrowed.
    peer: Peer,
}

struct Peer {
    reader: Reader,
    dialect: Dialect,
    stage: Stage,
    /// When [`Stage`] or the peer's silence wants something done, in process time.
    deadline: u64,
    /// When the token expires, in process time.
    expires: u64,
    /// A ping was sent and nothing has come since.
    pinged: bool,
    next_ticket: u32,
    /// Publications without a reply.
    unanswered: u32,
    rare: Option<Box<Rare>>,
}

/// What few sockets need.
#[derive(Default)]
struct Rare {
    /// The answer that opens the socket, until it is given.
    head: Option<Box<http::response::Parts>>,
    /// Messages whose fate the client wants to know, by ticket.
    waiting: Vec<(u32, IdempotencyKey)>,
    /// Our compressor, where its context lives on from message to message (RFC 7692 §7.1.1).
    deflater: Option<Deflater>,
    /// What the peer did wrong, until it is told.
    failure: Option<Failure>,
}

/// A fault of the peer.
struct Failure {
    code: CloseCode,
    reason: String,
}

/// How far the socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The room has not let it in yet.
    Joining,
    /// Messages go both ways.
    Open,
    /// The peer has broken the protocol; what it said before is still under way.
    Failing,
    /// Our close frame is sent; the peer's is awaited (RFC 6455 §7.1.1).
    Closing,
}

impl Socket {
    /// A socket of `who`, on what the handshake agreed.
    #[must_use]
    pub fn new(agreed: Agreed, who: Arc<Identity>, settings: &GateSettings, now: Now) -> Self {
        let Agreed { room, start, echo, json, deflate, head } = agreed;
        let ws = &settings.ws;
        let expires = who.expires_unix_ms.map_or(u64::MAX, |at| now.mono_ms + at.saturating_sub(now.unix_ms));
        let (bits, takeover) = deflate.map_or((0, false), |deflate| deflate.sending(Role::Server));
        let own = takeover.then(|| Deflater::new(bits, true));
        let form = WsDeflate {
            window_bits: bits,
            min_bytes: u32::try_from(ws.deflate_min_bytes).unwrap_or(u32::MAX),
        };
        let form = if deflate.is_some() { form } else { WsDeflate::OFF };
        let decoder = Decoder::new(Config { role: Role::Server, limits: ws.limits, deflate });
        let reader = Reader::new(room, who, start, echo, Hello::by("websocket"));
        let peer = Peer {
            reader: if json { reader.hearing() } else { reader },
            dialect: if json { Dialect::WsJson(form) } else { Dialect::WsRaw(form) },
            stage: Stage::Joining,
            deadline: now.mono_ms + settings.answer_ms,
            expires,
            pinged: false,
            next_ticket: READING + 1,
            unanswered: 0,
            rare: Some(Box::new(Rare {
                head: Some(head),
                waiting: Vec::new(),
                deflater: own,
                failure: None,
            })),
        };
        Self { decoder, peer }
    }

    fn received(&mut self, input: &mut [u8], cx: &mut Cx<'_>) -> Result<(), Close> {
        self.peer.heard_if_open(cx);
        receive(&mut self.decoder, input, cx, &mut self.peer)
    }
}

impl Peer {
    fn is_json(&self) -> bool {
        matches!(self.dialect, Dialect::WsJson(_))
    }

    fn delivery(&self) -> Delivery {
        match &self.rare {
            Some(rare) if rare.deflater.is_some() => Delivery::Personal,
            _ => Delivery::Shared(self.dialect),
        }
    }

    fn joined(&mut self, joined: &Joined, cx: &mut Cx<'_>) -> Result<(), Close> {
        let first = self.open(cx);
        if !joined.recovered && !self.is_json() {
            let reason = format!("that offset is gone; the log stands at {}", joined.page.head);
            return self.close(HISTORY_GONE, &reason, cx);
        }
        if self.is_json() && (first || !joined.recovered) {
            let mut data = envelope::joined(&self.reader.room, joined);
            if let Some(address) = self.reader.own_address(joined, cx) {
                data["session"] = address.into();
            }
            self.tell("hubbub:joined", &data, cx);
        }
        let backlog = self.reader.backlog(joined, cx);
        self.write_page(&backlog, cx);
        self.reader.go_on(joined, self.delivery(), cx);
        Ok(())
    }

    /// Answers the handshake, the first time.
    fn open(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(head) = self.rare.as_mut().and_then(|rare| rare.head.take()) else { return false };
        cx.out.answer(*head);
        self.stage = Stage::Open;
        self.heard(cx);
        self.drop_rare();
        true
    }

    fn drop_rare(&mut self) {
        if self.rare.as_ref().is_some_and(|rare| {
            rare.head.is_none()
                && rare.waiting.is_empty()
                && rare.deflater.is_none()
                && rare.failure.is_none()
        }) {
            self.rare = None;
        }
    }

    fn heard(&mut self, cx: &Cx<'_>) {
        self.pinged = false;
        self.deadline = (cx.now.mono_ms + cx.settings.ws.ping_after_ms).min(self.expires);
    }

    fn heard_if_open(&mut self, cx: &Cx<'_>) {
        if self.stage == Stage::Open {
            self.heard(cx);
        }
    }

    fn take_envelope(&mut self, text: &str, cx: &mut Cx<'_>) {
        match say::envelope(text, Around::room(&self.reader.room, cx)) {
            Ok(said) => self.say(said, cx),
            Err((key, problem)) => self.tell_problem(&problem, key.as_deref(), cx),
        }
    }

    fn say(&mut self, said: Said, cx: &mut Cx<'_>) {
        let ticket = self.next_ticket;
        self.next_ticket = self.next_ticket.checked_add(1).unwrap_or(READING + 1);
        if let Some(key) = &said.key {
            self.rare.get_or_insert_default().waiting.push((ticket, key.clone()));
        }
        self.unanswered += 1;
        cx.command(&self.reader.room, &self.reader.who, said.command, ticket);
    }

    fn replied(&mut self, ticket: u32, reply: &Reply, cx: &mut Cx<'_>) -> Result<(), Close> {
        if ticket != READING && !matches!(reply, Reply::Removed(_) | Reply::Signal(_)) {
            self.unanswered = self.unanswered.saturating_sub(1);
            self.fail_soon(cx);
        }
        match reply {
            Reply::Joined(joined) => self.joined(joined, cx),
            Reply::Removed(affair) => self.put_out(&Problem::removed(affair), cx),
            Reply::Refused(why) if self.stage == Stage::Joining => {
                respond_problem(&Problem::refused(why), cx)
            }
            Reply::Refused(why) => self.refused(ticket, why, cx),
            Reply::Published(published) => {
                self.acknowledge(ticket, Some(published), published.answer.as_ref(), cx);
                Ok(())
            }
            Reply::Answered(answer) => {
                self.acknowledge(ticket, None, answer.as_ref(), cx);
                Ok(())
            }
            Reply::Signalled(sessions) => {
                self.signal_told(ticket, *sessions, cx);
                Ok(())
            }
            Reply::Signal(signalled) => self.hear(signalled, cx),
            // Answers to what was not asked here.
            _ => Ok(()),
        }
    }

    /// Tells the fate of a message if the client wants to know.
    fn acknowledge(
        &mut self,
        ticket: u32,
        published: Option<&Published>,
        answer: Option<&Bytes>,
        cx: &mut Cx<'_>,
    ) {
        let Some(key) = self.fate_of(ticket) else { return };
        let mut data = json!({ "key": key.as_str() });
        if let Some(published) = published {
            data["id"] = published.id.to_string().into();
            data["offset"] = published.at.to_string().into();
        }
        self.tell_raw("hubbub:ack", &envelope::with_answer(&data, answer), cx);
    }

    fn fate_of(&mut self, ticket: u32) -> Option<IdempotencyKey> {
        let waiting = &mut self.rare.as_mut()?.waiting;
        let at = waiting.iter().position(|(waits, _)| *waits == ticket)?;
        let (_, key) = waiting.swap_remove(at);
        self.drop_rare();
        Some(key)
    }

    /// A raw socket has no words for a refusal but its close code.
    fn refused(&mut self, ticket: u32, why: &Refusal, cx: &mut Cx<'_>) -> Result<(), Close> {
        let problem = Problem::refused(why);
        if ticket != READING && self.is_json() {
            let key = self.fate_of(ticket);
            self.tell_problem(&problem, key.as_ref().map(IdempotencyKey::as_str), cx);
            return Ok(());
        }
        let code = match why {
            _ if problem.status.is_client_error() && !matches!(why, Refusal::TooFast) => CloseCode::POLICY,
            _ => CloseCode::TRY_AGAIN,
        };
        self.close(code, &problem.detail, cx)
    }

    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Drained if self.stage == Stage::Closing => Ok(()),
            Input::Opened | Input::Drained => {
                self.reader.ask(cx);
                Ok(())
            }
            Input::Notice(Notice::Reply { ticket, reply, .. }) if self.stage != Stage::Closing => {
                self.replied(ticket, &reply, cx)
            }
            Input::Notice(Notice::Happened { what, .. }) if self.stage != Stage::Closing => {
                self.write_events(what, cx)
            }
            Input::Act(act) => self.act(act, cx),
            Input::Timeout => self.timeout(cx),
            Input::TooSlow => self.too_slow(cx),
            Input::Shutdown => self.shutdown(cx),
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }
}

impl Receiver for Peer {
    fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    fn text(&mut self, text: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        if self.is_json() {
            self.take_envelope(text, cx);
        } else {
            self.say(say::raw(Content::Text(Bytes::copy_from_slice(text.as_bytes()))), cx);
        }
        Ok(())
    }

    fn binary(&mut self, bytes: &[u8], cx: &mut Cx<'_>) -> Result<(), Close> {
        if self.is_json() {
            let reason = "hubbub.json frames are text; mark binary data with encoding";
            return self.fails(CloseCode::UNSUPPORTED, reason, cx);
        }
        self.say(say::raw(Content::Binary(Bytes::copy_from_slice(bytes))), cx);
        Ok(())
    }

    fn fails(&mut self, code: CloseCode, reason: &str, cx: &mut Cx<'_>) -> Result<(), Close> {
        self.fail(code, reason, cx)
    }
}

impl Session for Socket {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Stream(bytes) => self.received(bytes, cx),
            other => self.peer.handle(other, cx),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.peer.deadline)
    }
}
