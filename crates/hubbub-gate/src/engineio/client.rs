//! A client's session, wherever it is: the machine of Engine.IO and what is spoken on it.

use hubbub_hub::{Happening, Notice, Reply, RoomName, SessionKey, Ticket};
use hubbub_socketio::engine::{Engine, Frame, Message, Out, Peer, Reason, RequestError, Transport};

use super::SESSION;
use super::address::{Opening, What};
use super::letters::Requested;
use super::line::{Line, Outs};
use super::mark::Mark;
use super::raw::Raw;
use crate::coder::WsDeflate;
use crate::session::{Act, Answer, Cx};
use crate::session_id::SessionId;
use crate::socketio::Connection;

/// As many packets as python-engineio takes in the answer to one poll.
const FEW: usize = 16;

/// A session.
pub(super) struct Client {
    engine: Engine<SessionKey>,
    spoken: Spoken,
    opened_unix_ms: u64,
    /// Bytes of answers that wait for a client on polling.
    answers: usize,
    /// The last poll, and the last POST.
    polled: Mark,
    posted: Mark,
    /// Whoever brings the body of a POST that is on its way.
    coming: Option<SessionKey>,
    /// How its WebSocket is written to, once it is on one.
    websocket: Option<WsDeflate>,
}

/// What is spoken.
enum Spoken {
    SocketIo(Box<Connection>),
    Room(Raw),
}

/// Calls what is spoken, with the line to speak on.
macro_rules! speak {
    ($client:ident, $outs:ident, $method:ident($($argument:expr),*)) => {{
        let Client { engine, spoken, answers, websocket, .. } = $client;
        let mut line = Line { engine, outs: $outs, answers, websocket: *websocket };
        match spoken {
            Spoken::SocketIo(connection) => connection.$method($($argument,)* &mut line),
            Spoken::Room(raw) => raw.$method($($argument,)* &mut line),
        }
    }};
}

impl Client {
    /// A session that begins with a GET, which is answered.
    pub(super) fn polling(
        opening: Opening,
        leg: SessionKey,
        cx: &mut Cx<'_>,
        outs: &mut Outs,
    ) -> Option<Self> {
        let (sid, peer) = (sid(cx)?, opening.peer);
        let now_ms = cx.now.mono_ms;
        let mut engine = Engine::open_polling(peer, leg, &sid, &cx.settings.socketio.engine, now_ms, outs);
        if opening.takes_few {
            engine.limit_answers(FEW);
        }
        let mut client = Self::new(engine, opening.what, None, cx);
        client.begin(cx, outs);
        Some(client)
    }

    /// A session that begins with a WebSocket, whose place is the session's own.
    pub(super) fn on_websocket(
        peer: Peer,
        what: What,
        deflate: WsDeflate,
        cx: &mut Cx<'_>,
        outs: &mut Outs,
    ) -> Option<Self> {
        let sid = sid(cx)?;
        let now_ms = cx.now.mono_ms;
        let engine = Engine::open_websocket(peer, cx.key, &sid, &cx.settings.socketio.engine, now_ms, outs);
        Some(Self::new(engine, what, Some(deflate), cx))
    }

    fn new(engine: Engine<SessionKey>, what: What, websocket: Option<WsDeflate>, cx: &Cx<'_>) -> Self {
        let spoken = match what {
            What::SocketIo(hello) => Spoken::SocketIo(Box::new(Connection::new(hello, cx))),
            What::Room(reading, who) => Spoken::Room(Raw::new(reading, who)),
        };
        Self {
            engine,
            spoken,
            opened_unix_ms: cx.now.unix_ms,
            answers: 0,
            polled: Mark::default(),
            posted: Mark::default(),
            coming: None,
            websocket,
        }
    }

    /// Says what there is to be said first.
    pub(super) fn begin(&mut self, cx: &mut Cx<'_>, outs: &mut Outs) {
        speak!(self, outs, begin(cx));
    }

    /// Whether this is the session that an id was made for.
    pub(super) fn is_of(&self, opened_unix_ms: u64) -> bool {
        self.opened_unix_ms == opened_unix_ms
    }

    /// A request of an exchange.
    pub(super) fn requested(
        &mut self,
        leg: SessionKey,
        requested: Requested,
        cx: &mut Cx<'_>,
        outs: &mut Outs,
    ) {
        match requested {
            // The answer to this poll was lost: the client must come back and ask for what it missed.
            Requested::Poll(mark) if self.polled.is_again(mark) => {
                self.engine.reject(leg, RequestError::BadRequest, outs);
            }
            Requested::Poll(_) => {
                self.engine.poll(leg, outs);
                if self.engine.queued_bytes() == 0 {
                    self.answers = 0;
                    self.drained(cx, outs);
                }
            }
            // It was read; that was not heard.
            Requested::Post { mark, .. }
                if self.posted.is_again(mark) && self.engine.transport() == Transport::Polling =>
            {
                outs.push(Out::Posted { leg });
            }
            // The body of another is being read (EIO4 "Sending data").
            Requested::Post { .. } if self.coming.is_some() => {
                self.engine.reject(leg, RequestError::BadRequest, outs);
            }
            Requested::Post { body, binary, .. } => {
                let before = self.engine.queued_bytes();
                let messages = self.engine.post(leg, &body, binary, cx.now.mono_ms, outs);
                // The pongs of Engine.IO 3.
                self.answers += self.engine.queued_bytes().saturating_sub(before);
                // What was said before a goodbye in the same body counts.
                let farewell = !self.engine.is_open();
                for message in messages {
                    if farewell || self.engine.is_open() {
                        speak!(self, outs, message(message, cx));
                    }
                }
            }
            Requested::Upgrade => self.engine.upgrade(leg, cx.now.mono_ms, outs),
        }
    }

    /// The body of a POST is on its way: there may be one at a time (EIO4 "Sending data").
    pub(super) fn coming(&mut self, leg: SessionKey, outs: &mut Outs) {
        match self.coming {
            Some(_) if self.engine.transport() == Transport::Polling => {
                self.engine.reject(leg, RequestError::BadRequest, outs);
            }
            _ => self.coming = Some(leg),
        }
    }

    /// It has come, or never will.
    pub(super) fn has_come(&mut self, leg: SessionKey) {
        self.coming.take_if(|coming| *coming == leg);
    }

    /// A message on a WebSocket: the session's own, or one that wants to become it.
    pub(super) fn frame(&mut self, leg: SessionKey, frame: Frame<'_>, cx: &mut Cx<'_>, outs: &mut Outs) {
        if let Some(message) = self.engine.frame(leg, frame, cx.now.mono_ms, outs) {
            self.message(message, cx, outs);
        }
    }

    fn message(&mut self, message: Message<'_>, cx: &mut Cx<'_>, outs: &mut Outs) {
        if self.engine.is_open() {
            speak!(self, outs, message(message, cx));
        }
    }

    /// A link is gone.
    pub(super) fn lost(&mut self, leg: SessionKey, cx: &Cx<'_>, outs: &mut Outs) {
        self.engine.leg_lost(leg, cx.now.mono_ms, outs);
    }

    /// The hub's word.
    pub(super) fn notice(&mut self, notice: Notice<'_>, cx: &mut Cx<'_>, outs: &mut Outs) {
        speak!(self, outs, notice(notice, cx));
    }

    /// The hub's word, which came to the session's old place.
    pub(super) fn reply(
        &mut self,
        room: &RoomName,
        ticket: Ticket,
        reply: Reply,
        cx: &mut Cx<'_>,
        outs: &mut Outs,
    ) {
        self.notice(Notice::Reply { room, ticket, reply }, cx, outs);
    }

    /// The answer to a slow question.
    pub(super) fn answer(&mut self, ticket: Ticket, answer: Answer, cx: &mut Cx<'_>, outs: &mut Outs) {
        speak!(self, outs, answer(ticket, answer, cx));
    }

    /// What the application wants.
    pub(super) fn act(&mut self, act: Act, cx: &mut Cx<'_>, outs: &mut Outs) {
        speak!(self, outs, act(act, cx));
    }

    /// Whether the client can acknowledge what it is told.
    pub(super) fn can_acknowledge(&self) -> bool {
        matches!(&self.spoken, Spoken::SocketIo(connection) if connection.is_connected())
    }

    /// The link has taken all there was.
    pub(super) fn drained(&mut self, cx: &mut Cx<'_>, outs: &mut Outs) {
        speak!(self, outs, drained(cx));
    }

    /// Something is due.
    pub(super) fn timeout(&mut self, cx: &mut Cx<'_>, outs: &mut Outs) {
        self.engine.timeout(cx.now.mono_ms, outs);
        if self.engine.is_open() {
            speak!(self, outs, timeout(cx));
        }
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<u64> {
        let spoken = match &self.spoken {
            // Only the end is left to wait for.
            _ if !self.engine.is_open() => None,
            Spoken::SocketIo(connection) => connection.deadline(),
            Spoken::Room(raw) => raw.deadline(),
        };
        [self.engine.deadline(), spoken].into_iter().flatten().min()
    }

    /// Ends the session, in order.
    pub(super) fn end(&mut self, reason: Reason, cx: &Cx<'_>, outs: &mut Outs) {
        self.engine.close(reason, cx.now.mono_ms, outs);
    }

    /// Answers a poll that waits with what there is for it. A client that makes us answer and does not fetch the answers is
    /// ended.
    pub(super) fn flush(&mut self, cx: &Cx<'_>, outs: &mut Outs) {
        self.engine.flush(outs);
        // What was taken from the front of the queue may have been answers or not; no more than all that is left waits.
        self.answers = self.answers.min(self.engine.queued_bytes());
        if self.answers > cx.settings.outbox.bytes {
            self.answers = 0;
            self.end(Reason::TransportError, cx, outs);
        }
    }

    /// Rooms that tell it what happens, at this place.
    pub(super) fn seated(&self) -> Vec<RoomName> {
        match &self.spoken {
            Spoken::SocketIo(connection) => connection.seated(),
            Spoken::Room(raw) => raw.seated(),
        }
    }

    /// What happened while it was on its way, and no log keeps.
    pub(super) fn missed(&mut self, room: &RoomName, what: &[Happening], cx: &mut Cx<'_>, outs: &mut Outs) {
        speak!(self, outs, missed(room, what, cx));
    }

    /// Its old place is told no more of a room.
    pub(super) fn handed_over(&mut self, room: &RoomName, cx: &mut Cx<'_>, outs: &mut Outs) {
        speak!(self, outs, handed_over(room, cx));
    }

    /// Leaves its old place: from now on nothing of what happens reaches it there.
    pub(super) fn pack(&mut self) {
        match &mut self.spoken {
            Spoken::SocketIo(connection) => connection.pack(),
            Spoken::Room(raw) => raw.pack(),
        }
    }

    /// Goes on at its new place, the WebSocket's: reads on where it stopped.
    pub(super) fn unpack(
        &mut self,
        former: SessionKey,
        deflate: WsDeflate,
        cx: &mut Cx<'_>,
        outs: &mut Outs,
    ) {
        self.websocket = Some(deflate);
        speak!(self, outs, unpack(former, cx));
    }

    /// Whether it has its seats.
    pub(super) fn is_settled(&self) -> bool {
        match &self.spoken {
            Spoken::SocketIo(connection) => connection.is_settled(),
            Spoken::Room(raw) => raw.is_settled(),
        }
    }
}

fn sid(cx: &Cx<'_>) -> Option<String> {
    SessionId { host: cx.key, since_unix_ms: cx.now.unix_ms }.seal(SESSION, cx.doorman)
}
