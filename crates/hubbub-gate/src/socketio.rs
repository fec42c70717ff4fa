//! Socket.IO: rooms for clients of Socket.IO, over Engine.IO's line (docs/socketio.md).
//!
//! The namespace `/lobby` is the room `lobby`; in the namespace `/` a client joins and leaves rooms as it likes. One connection may be
//! in several namespaces (`space`), each with its own identity (`connect`). What is said is in `say` and `main`, what is told
//! in `tell` and `form`, what the application wants in `act`, and how a session comes back in `recovery`.

mod act;
mod auth;
mod connect;
pub(crate) mod form;
mod main;
mod recovery;
mod say;
mod signals;
mod space;
mod tell;

use std::sync::Arc;

use bytes::Bytes;
use hubbub_hub::{Identity, Notice, Reply, RoomName, SessionKey, Ticket};
use hubbub_socketio::engine::{Message, Reason, Version};
use hubbub_socketio::socketio::{
    Assembler, Event, Fault, Kind, Limits, OwnedPacket, Packet, Protocol, msgpack,
};

use crate::engineio::address::Hello;
use crate::engineio::line::Line;
use crate::session::{AckId, Cx, Deed};

use auth::Auth;
pub use form::Form;
use form::{MAIN, Wire};
use space::{Number, Space, Stage};

/// What a client may have under way at once: publications and questions whose answer it waits for.
const UNDER_WAY: usize = 4096;

/// A client's connection.
pub(crate) struct Connection {
    hello: Hello,
    /// Who that is, once it is settled.
    who: Option<Arc<Identity>>,
    /// The name of its sockets: one for all namespaces, as far as none brings its own from before.
    sid: String,
    /// Packets are msgpack: the client's first was binary.
    msgpack: bool,
    begun: bool,
    assembler: Assembler,
    spaces: Vec<Space>,
    waiting: Vec<(Ticket, Waiting)>,
    /// Rooms asked for in `/` that it is not in yet: which, where, and the acknowledgement that is wanted.
    joining: Vec<(RoomName, Asker)>,
    /// What the client is to acknowledge: the id we gave it, where, and who wants to know.
    emitted: Vec<(u64, Number, AckId)>,
    last_number: Number,
    last_ticket: Ticket,
    /// The last question of its former place, to which the answer comes.
    last_former: Ticket,
    last_ack: u64,
    /// When a client without a namespace is ended, in process time.
    connect_by: u64,
}

/// What an answer is for.
#[derive(Debug)]
struct Waiting {
    space: Number,
    what: Awaited,
}

/// Where something was said, and the client's number for the acknowledgement it wants.
#[derive(Debug, Clone, Copy)]
struct Asker {
    space: Number,
    ack: Option<u64>,
}

/// An event of a client's, with its attachments.
#[derive(Debug, Clone, Copy)]
struct Said<'a> {
    event: &'a Event<'a>,
    attachments: &'a [Bytes],
}

/// What is awaited.
#[derive(Debug)]
enum Awaited {
    /// What became of something said; the client's number for the acknowledgement it wants.
    Said(Option<u64>),
    /// Whether a password is right.
    Password,
    /// Whether the application lets it into the namespace `/`.
    Connect,
}

impl Connection {
    /// A connection of a client that said this when it came.
    pub(crate) fn new(hello: Hello, cx: &Cx<'_>) -> Self {
        Self {
            hello,
            who: None,
            sid: String::new(),
            msgpack: false,
            begun: false,
            assembler: Assembler::new(),
            spaces: Vec::new(),
            waiting: Vec::new(),
            joining: Vec::new(),
            emitted: Vec::new(),
            last_number: 0,
            last_ticket: 0,
            last_former: 0,
            last_ack: 0,
            connect_by: cx.now.mono_ms + cx.settings.socketio.connect_ms,
        }
    }

    /// SIO4: every client is in `/` without asking.
    pub(crate) fn begin(&mut self, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        if self.hello.version == Version::V3 {
            self.connect(MAIN, Ok(Auth::default()), cx, line);
        }
    }

    fn limits(cx: &Cx<'_>) -> Limits {
        let settings = &cx.settings.socketio;
        Limits {
            attachments: u32::try_from(settings.attachments).unwrap_or(u32::MAX),
            attachment_bytes: cx.settings.message_bytes,
            ..Limits::default()
        }
    }

    /// A message of the client's.
    pub(crate) fn message(&mut self, message: Message<'_>, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        if self.read(message, cx, line).is_err() {
            // As the reference server: whoever sends what cannot be read is cut off.
            line.end(Reason::ParseError, cx);
        }
    }

    fn read(&mut self, message: Message<'_>, cx: &mut Cx<'_>, line: &mut Line<'_>) -> Result<(), Fault> {
        let limits = Self::limits(cx);
        let protocol = if self.hello.version == Version::V3 { Protocol::V4 } else { Protocol::V5 };
        let first = !std::mem::replace(&mut self.begun, true);
        match message {
            Message::Binary(bytes) if self.msgpack || first => {
                self.msgpack = true;
                let packet = msgpack::decode(&bytes, &limits)?;
                self.take_owned(&packet, cx, line);
            }
            Message::Text(_) if self.msgpack => return Err(Fault::UnexpectedText),
            Message::Text(text) => {
                if let Some(packet) = self.assembler.text(protocol, text, &limits)? {
                    self.take(&packet, &[], cx, line);
                }
            }
            Message::Binary(bytes) => {
                if let Some(packet) = self.assembler.binary(bytes, &limits)? {
                    self.take_owned(&packet, cx, line);
                }
            }
        }
        Ok(())
    }

    fn take_owned(&mut self, packet: &OwnedPacket, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        self.take(&packet.as_packet(), &packet.attachments, cx, line);
    }

    fn take(&mut self, packet: &Packet<'_>, attachments: &[Bytes], cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let namespace = packet.namespace;
        if packet.kind == Kind::Connect {
            let auth = match packet.query {
                Some(query) => Auth::of_query(query),
                None => Auth::of(packet.payload),
            };
            return self.connect(namespace, auth, cx, line);
        }
        let Some(space) = self.spaces.iter().find(|space| *space.namespace == *namespace) else { return };
        let number = space.number;
        // As the reference server: what is for a namespace one is not in is not heard.
        if !matches!(space.stage, Stage::Connected) && packet.kind != Kind::Disconnect {
            return;
        }
        match packet.kind {
            Kind::Disconnect => self.depart(number, cx),
            Kind::Ack | Kind::BinaryAck => self.acked(number, packet, attachments, cx),
            Kind::Event | Kind::BinaryEvent => {
                if let Some(event) = &packet.event {
                    let asker = Asker { space: number, ack: packet.id };
                    self.event(asker, Said { event, attachments }, cx, line);
                }
            }
            Kind::Connect | Kind::ConnectError => {}
        }
    }

    /// The hub's word.
    pub(crate) fn notice(&mut self, notice: Notice<'_>, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        match notice {
            Notice::Happened { room, what } => self.happened(room, what, cx, line),
            Notice::Reply { ticket, reply: Reply::Joined(joined), .. } => {
                self.joined(ticket, &joined, cx, line)
            }
            Notice::Reply { room, reply: Reply::Removed(affair), .. } => {
                self.removed(room, &affair, cx, line)
            }
            Notice::Reply { room, reply: Reply::Signal(signalled), .. } => {
                self.hear(room, &signalled, cx, line)
            }
            Notice::Reply { ticket, reply, .. } => match self.awaited(ticket) {
                Some(Waiting { space, what: Awaited::Said(ack) }) => {
                    self.replied(Asker { space, ack }, reply, cx, line)
                }
                Some(_) => {}
                None => {
                    if let Reply::Refused(why) = reply {
                        self.turned_away(ticket, &why, cx, line);
                    }
                }
            },
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.last_ticket = self.last_ticket.wrapping_add(1);
        self.last_ticket
    }

    /// Notes what an answer will be for; nothing if too much is under way.
    fn await_answer(&mut self, space: Number, what: Awaited) -> Option<Ticket> {
        if self.waiting.len() >= UNDER_WAY {
            return None;
        }
        let ticket = self.ticket();
        self.waiting.push((ticket, Waiting { space, what }));
        Some(ticket)
    }

    fn awaited(&mut self, ticket: Ticket) -> Option<Waiting> {
        let at = self.waiting.iter().position(|(waits, _)| *waits == ticket)?;
        Some(self.waiting.swap_remove(at).1)
    }

    fn space(&mut self, number: Number) -> Option<&mut Space> {
        self.spaces.iter_mut().find(|space| space.number == number)
    }

    fn wire<'a>(&self, namespace: &'a str) -> Wire<'a> {
        Wire { namespace, msgpack: self.msgpack }
    }

    /// The client leaves a namespace, or is put out of it.
    fn depart(&mut self, number: Number, cx: &mut Cx<'_>) {
        let Some(at) = self.spaces.iter().position(|space| space.number == number) else { return };
        let gone = self.spaces.remove(at);
        self.emitted.retain(|(_, space, _)| *space != number);
        self.waiting.retain(|(_, waiting)| waiting.space != number);
        self.joining.retain(|(_, asker)| asker.space != number);
        for listening in gone.listening {
            self.stop(&listening, cx);
        }
        if self.spaces.is_empty() {
            self.connect_by = cx.now.mono_ms + cx.settings.socketio.connect_ms;
        }
    }

    /// The link has taken all there was.
    pub(crate) fn drained(&mut self, cx: &mut Cx<'_>, _: &mut Line<'_>) {
        let mut ticket = self.last_ticket;
        for listening in self.spaces.iter_mut().flat_map(|space| &mut space.listening) {
            if listening.is_behind() {
                ticket = ticket.wrapping_add(1);
                listening.ask(ticket, cx);
            }
        }
        self.last_ticket = ticket;
    }

    /// Something is due.
    pub(crate) fn timeout(&mut self, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let now = cx.now.mono_ms;
        if self.spaces.is_empty() && now >= self.connect_by {
            return line.end(Reason::ForcedClose, cx);
        }
        let due: Vec<_> =
            self.spaces.iter().filter(|space| space.due() <= now).map(|space| space.number).collect();
        for number in due {
            self.space_due(number, cx, line);
        }
    }

    /// When something is due, in process time.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let spaces = self.spaces.iter().map(Space::due).min().unwrap_or(self.connect_by);
        (spaces != u64::MAX).then_some(spaces)
    }

    /// The session goes to another place: what happens here reaches it no more.
    pub(crate) fn pack(&mut self) {
        self.spaces.iter_mut().flat_map(|space| &mut space.listening).for_each(|listening| listening.pack());
    }

    /// It is there: it is called as before, and reads on where it stopped.
    pub(crate) fn unpack(&mut self, former: SessionKey, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        self.last_former = self.last_ticket;
        for space in &mut self.spaces {
            space.listening.iter_mut().for_each(|listening| listening.succeed(former, cx));
            if let Some((name, who)) = space.name.clone().zip(space.who.clone()) {
                cx.deeds.push(Deed::Name(name, who));
            }
        }
        let all: Vec<_> = self.spaces.iter().map(|space| space.number).collect();
        for number in all {
            self.read_on(number, cx, line);
        }
    }

    /// Rooms that tell it what happens, at this place.
    pub(crate) fn seated(&self) -> Vec<RoomName> {
        let all = self.spaces.iter().flat_map(|space| &space.listening);
        all.filter(|listening| listening.seat().is_some()).map(|listening| listening.room.clone()).collect()
    }

    /// Whether it waits for no seat, and for no answer to its former place.
    pub(crate) fn is_settled(&self) -> bool {
        let answered = self.waiting.iter().all(|(ticket, _)| *ticket > self.last_former);
        answered
            && self.spaces.iter().flat_map(|space| &space.listening).all(|listening| listening.is_settled())
    }
}
