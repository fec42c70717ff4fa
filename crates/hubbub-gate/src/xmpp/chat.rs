//! Multi-user chats (XEP-0045): a client in rooms of the hub, among occupants of every protocol.
//!
//! An occupant is a person: all of somebody's streams share one nickname in a room. What is said is encoded once for all
//! occupants (`form`); each stream adds the beginning that names its own address (`tell`).

mod ask;
mod enter;
pub(crate) mod form;
mod say;
mod tell;

use std::collections::BTreeMap;
use std::sync::Arc;

use hubbub_hub::{Command, Happening, Identity, Refusal, Reply, RoomName, Sender, Ticket};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::stream::Pieces;

use super::parcel::Parcel;
use crate::listening::Listening;
use crate::session::{Cx, Delivery};

/// The rooms that one stream is in, and what it waits for.
#[derive(Default)]
pub(super) struct Chats {
    rooms: BTreeMap<RoomName, Chat>,
    waiting: BTreeMap<Ticket, Asked>,
    last_ticket: Ticket,
}

/// A stream in one room.
struct Chat {
    listening: Listening,
    /// The room's address.
    at: Jid,
    stage: Stage,
    /// What its owner is called here.
    me: Option<Sender>,
    /// Whether history is still being sent.
    pages: u32,
}

enum Stage {
    /// Asked to come in, by this presence.
    Entering(Parcel),
    /// There.
    In,
}

/// What an answer of a room is for.
enum Asked {
    /// A page of what was said.
    Page,
    /// Something was said: if it is refused, its sender is told.
    Said(Parcel),
    /// A name is wished for.
    Name(Parcel),
}

/// Where a chat's answers go: the stream they are for, and what it is to be sent.
pub(super) struct Line<'a> {
    /// Who the stream is.
    pub(super) who: &'a Arc<Identity>,
    /// Its full address.
    pub(super) jid: &'a Jid,
    /// How stanzas begin on it.
    pub(super) heads: &'static Heads,
    /// What it is to be sent.
    pub(super) out: Vec<Pieces>,
}

/// How stanzas begin on a stream: their names, and the namespace where a stream does not declare it.
pub(super) struct Heads {
    pub(super) message: &'static str,
    pub(super) presence: &'static str,
    pub(super) iq: &'static str,
}

/// On TCP, where the stream's head declares the namespace.
pub(super) static TCP: Heads = Heads { message: "<message", presence: "<presence", iq: "<iq" };
/// On a WebSocket, where every stanza does (RFC 7395 §3.3.3).
pub(super) static WEBSOCKET: Heads = Heads {
    message: "<message xmlns='jabber:client'",
    presence: "<presence xmlns='jabber:client'",
    iq: "<iq xmlns='jabber:client'",
};

impl Heads {
    pub(super) fn of(&self, kind: StanzaKind) -> &'static str {
        match kind {
            StanzaKind::Message => self.message,
            StanzaKind::Presence => self.presence,
            StanzaKind::Iq => self.iq,
        }
    }
}

impl Line<'_> {
    fn send(&mut self, parcel: &Parcel) {
        self.out.push(parcel.pieces(self.heads.of(parcel.kind())));
    }

    fn refuse(&mut self, parcel: &Parcel, why: Condition, text: Option<&str>) {
        if let Some(refusal) = parcel.refused(why, text) {
            self.send(&refusal);
        }
    }
}

impl Chats {
    /// Takes a stanza for a room, or for somebody in it.
    pub(super) fn take(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        match parcel.kind() {
            StanzaKind::Presence => self.presence(room, parcel, line, cx),
            StanzaKind::Message => self.message(room, parcel, line, cx),
            StanzaKind::Iq => self.asked(room, &parcel, line, cx),
        }
    }

    fn presence(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let is_in = self.rooms.contains_key(room);
        match &*parcel.kind_of() {
            "" if is_in => self.change(room, parcel, line, cx),
            "" => self.enter(room, parcel, line, cx),
            "unavailable" => self.leave(room, &parcel, line, cx),
            _ => {}
        }
    }

    /// The hub's answer.
    pub(super) fn replied(
        &mut self,
        room: &RoomName,
        ticket: Ticket,
        reply: Reply,
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        match (self.waiting.remove(&ticket), reply) {
            (Some(Asked::Page), Reply::Joined(joined)) => self.joined(room, &joined, line, cx),
            (Some(Asked::Page), Reply::Refused(why)) => self.kept_out(room, &why, line),
            (Some(Asked::Said(parcel) | Asked::Name(parcel)), Reply::Refused(why)) => {
                let (condition, text) = refused(&why);
                line.refuse(&parcel, condition, text);
            }
            _ => {}
        }
    }

    /// What happened in a room, with its shared encoding.
    pub(super) fn happened(
        &mut self,
        room: &RoomName,
        what: &[Happening],
        pieces: &[bytes::Bytes],
        line: &mut Line<'_>,
    ) {
        let Some(chat) = self.rooms.get_mut(room) else { return };
        for (one, piece) in what.iter().zip(pieces) {
            chat.tell(one, piece, line);
        }
        chat.listening.heard(what);
    }

    /// The link has taken all there was: who is behind reads on.
    pub(super) fn drained(&mut self, cx: &mut Cx<'_>) {
        let behind: Vec<_> = self.rooms.iter().filter(|(_, chat)| chat.listening.is_behind()).collect();
        let behind: Vec<_> = behind.into_iter().map(|(room, _)| room.clone()).collect();
        for room in behind {
            let ticket = self.ticket(Asked::Page);
            if let Some(chat) = self.rooms.get_mut(&room) {
                chat.listening.ask(ticket, cx);
            }
        }
    }

    fn ticket(&mut self, asked: Asked) -> Ticket {
        // 0 is the login's.
        self.last_ticket = self.last_ticket.checked_add(1).unwrap_or(1);
        self.waiting.insert(self.last_ticket, asked);
        self.last_ticket
    }

    fn command(
        &mut self,
        room: &RoomName,
        who: &Arc<Identity>,
        command: Command,
        asked: Asked,
        cx: &mut Cx<'_>,
    ) {
        let ticket = self.ticket(asked);
        cx.command(room, who, command, ticket);
    }
}

/// All occupants of a room who are told over streams.
const DELIVERY: Delivery = Delivery::Each(crate::dialect::Dialect::XmppChat);

/// A refusal of the hub in the words of XEP-0045 and RFC 6120 §8.3.3.
fn refused(why: &Refusal) -> (Condition, Option<&str>) {
    match why {
        Refusal::Forbidden(_) => (Condition::Forbidden, None),
        Refusal::NoSuchInbox => (Condition::ItemNotFound, None),
        Refusal::NameTaken => (Condition::Conflict, None),
        Refusal::BadName => (Condition::JidMalformed, None),
        Refusal::TooLong => (Condition::NotAcceptable, Some("That is too long.")),
        Refusal::NotThere => (Condition::NotAcceptable, None),
        Refusal::Outcast | Refusal::NoVoice | Refusal::NotPrivileged => (Condition::Forbidden, None),
        Refusal::MembersOnly => (Condition::RegistrationRequired, None),
        Refusal::WrongPassword => (Condition::NotAuthorized, None),
        Refusal::Full => (Condition::ServiceUnavailable, None),
        Refusal::Destroyed(end) => (Condition::Gone, end.reason.as_deref()),
        Refusal::NotAllowed => (Condition::NotAllowed, None),
        Refusal::NoSuchPerson => (Condition::ItemNotFound, None),
        Refusal::LastOwner | Refusal::Oneself => (Condition::Conflict, None),
        Refusal::PresenceOff => (Condition::NotAllowed, None),
        Refusal::TooManyRooms => (Condition::ResourceConstraint, None),
        Refusal::Busy | Refusal::LogFailed => (Condition::ResourceConstraint, Some("Try again later.")),
        Refusal::TooFast => (Condition::PolicyViolation, Some("That was too fast.")),
        Refusal::ByApplication(said) => (Condition::NotAllowed, Some(&said.message)),
        Refusal::NoVerdict => (Condition::ResourceConstraint, Some("The application does not answer.")),
    }
}
