//! A room over Engine.IO alone (`/engine.io/?room=…`): each message is one, as on the raw WebSocket.

use std::sync::Arc;

use bytes::Bytes;
use hubbub_hub::hook::Hello;
use hubbub_hub::{
    Body, Command, Content, EventName, Happening, Identity, Joined, Notice, Refusal, Reply, RoomName,
    SessionKey, Start, Ticket,
};
use hubbub_socketio::engine::{Message, Reason, Version};
use hubbub_ws::Kind;

use super::line::{Line, Packet};
use crate::coder::{Coder, WsDeflate};
use crate::dialect::{Dialect, raw_frame};
use crate::listening::Listening;
use crate::session::{Act, Answer, Cx, Delivery};

/// Which room, and from where.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) room: RoomName,
    pub(crate) start: Option<Start>,
    pub(crate) echo: bool,
}

/// The wire form of seats that share bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Form {
    /// Compression.
    pub deflate: WsDeflate,
    /// Whether Engine.IO 3 is spoken, where binary has a number before it.
    pub v3: bool,
}

/// A room and its messages.
pub(super) struct Raw {
    listening: Option<Listening>,
    next_ticket: Ticket,
    expires: u64,
}

/// A message as a packet.
pub(crate) fn packet(what: &Happening) -> Option<Packet> {
    Some(match raw_frame(what)? {
        (Kind::Binary, bytes) => Packet::Binary(Bytes::copy_from_slice(&bytes)),
        (Kind::Text, text) => Packet::text(|out| out.extend_from_slice(&text)),
    })
}

impl Form {
    /// Appends what happened, in WebSocket frames.
    pub(crate) fn encode(self, what: &[Happening], coder: &mut Coder, out: &mut Vec<u8>) {
        what.iter().filter_map(packet).for_each(|packet| packet.frame(out, self.v3, self.deflate, coder));
    }
}

impl Raw {
    pub(super) fn new(reading: Reading, who: Option<Arc<Identity>>) -> Self {
        let Reading { room, start, echo } = reading;
        let start = start.unwrap_or(Start::Now);
        let listening = who.map(|who| Listening::new(room, who, start, echo, Some(Hello::by("engine.io"))));
        Self { listening, next_ticket: 0, expires: u64::MAX }
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        let ticket = self.ticket();
        if let Some(listening) = &mut self.listening {
            listening.ask(ticket, cx);
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.next_ticket = self.next_ticket.wrapping_add(1);
        self.next_ticket
    }

    pub(super) fn begin(&mut self, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        match &self.listening {
            Some(listening) => self.expires = listening.who.expires_mono_ms(cx.now),
            None => return line.end(Reason::ForcedClose, cx),
        }
        self.ask(cx);
    }

    pub(super) fn message(&mut self, message: Message<'_>, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let content = match message {
            Message::Text(text) => Content::Text(Bytes::copy_from_slice(text.as_bytes())),
            Message::Binary(bytes) => Content::Binary(bytes),
        };
        if content.weight() > cx.settings.message_bytes {
            return line.end(Reason::ParseError, cx);
        }
        let ticket = self.ticket();
        if let Some(Listening { room, who, .. }) = &self.listening {
            let body = Body::new(EventName::default(), content);
            cx.command(room, who, Command::Publish { body, key: None, about: None }, ticket);
        }
    }

    pub(super) fn notice(&mut self, notice: Notice<'_>, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        match notice {
            Notice::Reply { ticket, reply: Reply::Joined(joined), .. } => {
                self.joined(ticket, &joined, cx, line)
            }
            // There are no words for a refusal here: the session ends, and may come back.
            Notice::Reply { reply: Reply::Refused(why), .. } => Self::refused(&why, cx, line),
            Notice::Reply { reply: Reply::Removed(_), .. } => line.end(Reason::ForcedClose, cx),
            Notice::Reply { .. } => {}
            Notice::Happened { what, .. } => {
                tell(what, false, cx, line);
                self.check(what, cx, line);
            }
        }
    }

    fn refused(why: &Refusal, cx: &Cx<'_>, line: &mut Line<'_>) {
        let reason =
            if matches!(why, Refusal::Forbidden(_)) { Reason::ForcedClose } else { Reason::TransportError };
        line.end(reason, cx);
    }

    fn joined(&mut self, ticket: Ticket, joined: &Joined, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(listening) = self.listening.as_mut().filter(|listening| listening.waits_for(ticket)) else {
            return;
        };
        if !joined.recovered {
            return line.end(Reason::ForcedClose, cx);
        }
        tell(&listening.backlog(joined, cx), true, cx, line);
        let delivery = match line.websocket() {
            Some(deflate) => {
                Delivery::Shared(Dialect::EngineIo(Form { deflate, v3: line.version() == Version::V3 }))
            }
            None => Delivery::Personal,
        };
        if listening.go_on(joined, delivery, false, cx) {
            self.ask(cx);
        }
    }

    /// Notes the position; a client that does not poll is given no more than it may have.
    fn check(&mut self, what: &[Happening], cx: &mut Cx<'_>, line: &Line<'_>) {
        let Some(listening) = &mut self.listening else { return };
        listening.heard(what);
        if line.waiting() > cx.settings.outbox.bytes {
            cx.unseat_from(&listening.room, Delivery::Personal);
            listening.fall_behind();
        }
    }

    pub(super) fn answer(&mut self, _: Ticket, _: Answer, _: &mut Cx<'_>, _: &mut Line<'_>) {}

    pub(super) fn act(&mut self, act: Act, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        match act {
            Act::Emit { emission, .. } if emission.volatile && (line.waiting() > 0 || !cx.out.is_empty()) => {
            }
            Act::Emit { emission, .. } => {
                line.answer(packet(&Happening::Emission(emission)).into_iter().collect(), cx);
            }
            Act::Disconnect(_) | Act::TakenOver | Act::Removed => line.end(Reason::ForcedClose, cx),
            Act::Join(_) | Act::Leave(_) => {}
        }
    }

    pub(super) fn drained(&mut self, cx: &mut Cx<'_>, _: &mut Line<'_>) {
        if self.listening.as_ref().is_some_and(Listening::is_behind) {
            self.ask(cx);
        }
    }

    pub(super) fn timeout(&mut self, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        if cx.now.mono_ms >= self.expires {
            line.end(Reason::ForcedClose, cx);
        }
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        (self.expires != u64::MAX).then_some(self.expires)
    }

    pub(super) fn pack(&mut self) {
        if let Some(listening) = &mut self.listening {
            listening.pack();
        }
    }

    pub(super) fn unpack(&mut self, former: SessionKey, cx: &mut Cx<'_>, _: &mut Line<'_>) {
        if let Some(listening) = &mut self.listening {
            listening.succeed(former, cx);
        }
        self.ask(cx);
    }

    pub(super) fn seated(&self) -> Vec<RoomName> {
        let live = self.listening.iter().filter(|listening| listening.seat().is_some());
        live.map(|listening| listening.room.clone()).collect()
    }

    /// Nothing here depends on the order of what no log keeps.
    pub(super) fn handed_over(&mut self, _: &RoomName, _: &mut Cx<'_>, _: &mut Line<'_>) {
        if let Some(listening) = &mut self.listening {
            listening.handed_over();
        }
    }

    pub(super) fn missed(&mut self, _: &RoomName, what: &[Happening], cx: &mut Cx<'_>, line: &mut Line<'_>) {
        tell(what, false, cx, line);
    }

    pub(super) fn is_settled(&self) -> bool {
        self.listening.as_ref().is_none_or(Listening::is_settled)
    }
}

fn tell(what: &[Happening], page: bool, cx: &mut Cx<'_>, line: &mut Line<'_>) {
    let packets = what.iter().filter_map(packet).collect();
    if page { line.page(packets, cx) } else { line.tell(packets, cx) }
}
