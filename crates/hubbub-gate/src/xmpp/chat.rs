//! Multi-user chats (XEP-0045): a client in rooms of the hub, among occupants of every protocol.
//!
//! An occupant is a person: all of somebody's streams share one nickname in a room. What is said is encoded once for all
//! occupants (`form`); each stream adds the beginning that names its own address (`tell`).

mod admin;
mod archive;
mod ask;
mod config;
mod describe;
mod enter;
pub(crate) mod form;
mod invite;
mod jingle;
mod leave;
mod list;
mod moderate;
mod owner;
pub(crate) mod people;
mod register;
mod say;
mod signals;
mod tell;
mod voice;
mod whisper;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use hubbub_auth::Pseudonyms;
use hubbub_hub::presence::Person;
use hubbub_hub::{
    AffairsSnapshot, Affiliation, Command, Govern, Happening, Identity, Refusal, Reply, Role, RoomName,
    Sender, Ticket, Whois,
};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, ErrorType, StanzaKind, error_reply};
use hubbub_xmpp::stream::{Claim, Pieces};

use super::parcel::Parcel;
use crate::dialect::Dialect;
use crate::listening::Listening;
use crate::session::{Answer, Cx, Delivery};

/// The rooms that one stream is in, and what it waits for.
#[derive(Default)]
pub(super) struct Chats {
    rooms: BTreeMap<RoomName, Chat>,
    waiting: BTreeMap<Ticket, Asked>,
    last_ticket: Ticket,
    outstanding: whisper::Outstanding,
    searches: archive::Searches,
}

/// A stream in one room.
struct Chat {
    listening: Listening,
    /// The room's address.
    at: Jid,
    stage: Stage,
    /// What its owner is called here.
    me: Option<Sender>,
    role: Role,
    affiliation: Affiliation,
    /// Who sees addresses.
    whois: Whois,
    /// The room is new, and its owner has not said yet whether he wants it as it is.
    is_made: bool,
    /// No history from before is wanted, in milliseconds since 1970.
    since_ms: u64,
    /// Whom the client was told of, while history is being read.
    seen: Option<Arc<[Person]>>,
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
    Said(Parcel, #[expect(dead_code, reason = "held until there is an answer")] Option<Claim>),
    /// A name is wished for.
    Name(Parcel),
    /// How the room's affairs stand, and what to do then.
    Affairs(Parcel, Then),
    /// Something is decided about, and then these.
    Decided(Parcel, VecDeque<Govern>),
    /// Somebody becomes a member, because he is invited, and then these.
    Invited(Parcel, VecDeque<Govern>),
    /// Who is there, of those with this role.
    Roles(Parcel, Role),
    /// To whom this is to go.
    Whom(Parcel),
    /// Which moderators can give a voice.
    Voice(Parcel),
    /// Something is taken back.
    Moderated(Parcel),
    /// Which rooms there are.
    Rooms(Box<list::Listing>),
    /// What is in an archive.
    Archive(Box<archive::Search>),
}

/// What is done when it is known how a room's affairs stand.
type Then = fn(&mut Chats, &RoomName, &Parcel, &AffairsSnapshot, &mut Line<'_>, &mut Cx<'_>);

/// Where a chat's answers go: the stream they are for, and what it is to be sent.
pub(super) struct Line<'a> {
    /// Who the stream is.
    pub(super) who: &'a Arc<Identity>,
    /// Its full address.
    pub(super) jid: &'a Jid,
    /// Names for people that say nothing of who they are.
    pub(super) pseudonyms: Option<Arc<Pseudonyms>>,
    /// How stanzas begin on it.
    pub(super) heads: &'static Heads,
    /// What the stream promises when what it says now is kept.
    pub(super) claim: Option<Claim>,
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

    fn refuse_as(&mut self, parcel: &Parcel, kind: ErrorType, why: Condition) {
        let tag = error_reply(parcel.element(), None, kind, why, None);
        let made = tag.and_then(|tag| Parcel::made(parcel.kind(), &tag, parcel.to(), parcel.from()));
        made.iter().for_each(|refusal| self.send(refusal));
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
            StanzaKind::Iq => self.asked(room, parcel, line, cx),
        }
    }

    fn presence(&mut self, room: &RoomName, parcel: Parcel, line: &mut Line<'_>, cx: &mut Cx<'_>) {
        let is_in = self.rooms.contains_key(room);
        match &*parcel.kind_of() {
            "" if is_in => self.change(room, parcel, line, cx),
            "" => self.enter(room, parcel, line, cx),
            "unavailable" => self.leave(room, &parcel, line, cx),
            "error" => self.erred(room, parcel.element(), line, cx),
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
            // The answer to an entry that was given up for another is for nobody.
            (Some(Asked::Page), _) if !self.waits_for(room, ticket) => {}
            (Some(Asked::Page), Reply::Joined(joined)) => self.joined(room, &joined, line, cx),
            (Some(Asked::Page), Reply::Refused(why)) => self.kept_out(room, &why, line),
            (Some(Asked::Affairs(parcel, then)), Reply::Governed(affairs)) => {
                then(self, room, &parcel, &affairs, line, cx);
            }
            (Some(Asked::Decided(parcel, rest)), Reply::Governed(_)) => {
                self.decide(room, parcel, rest, line, cx);
            }
            (Some(Asked::Invited(parcel, mut rest)), Reply::Governed(_)) => {
                if let Some(next) = rest.pop_front() {
                    let command = Command::Govern(Box::new(next));
                    self.command(room, line.who, command, Asked::Invited(parcel, rest), cx);
                }
            }
            (Some(Asked::Roles(parcel, role)), Reply::Presence(view, _)) => {
                admin::roles(&parcel, role, &view, line)
            }
            (Some(Asked::Moderated(parcel)), Reply::Published(_)) => line.answer(&parcel, None),
            (Some(Asked::Voice(parcel)), Reply::Presence(view, _)) => {
                self.ask_for_voice(room, &parcel, &view, cx);
            }
            (Some(Asked::Whom(parcel)), Reply::Person(found)) => {
                self.pass_on(room, &parcel, &found, line, cx)
            }
            (Some(Asked::Archive(search)), reply) => self.looked_up(room, search, reply, line, cx),
            (Some(asked), Reply::Refused(why)) => {
                if let Some(parcel) = asked.parcel() {
                    let (condition, text) = refused(&why);
                    line.refuse(parcel, condition, text);
                }
            }
            (None, Reply::Removed(affair)) => self.put_out(room, &affair, line),
            (None, Reply::Signal(signalled)) => self.hear(room, &signalled, line, cx),
            _ => {}
        }
    }

    /// The answer of somebody slow.
    pub(super) fn answered(&mut self, ticket: Ticket, answer: Answer, line: &mut Line<'_>) {
        if let Some(Asked::Rooms(listing)) = self.waiting.get_mut(&ticket)
            && listing.note(answer)
        {
            listing.answer(line);
            self.waiting.remove(&ticket);
        }
    }

    /// What happened in a room, with its shared encoding.
    pub(super) fn happened(
        &mut self,
        room: &RoomName,
        what: &[Happening],
        pieces: &[bytes::Bytes],
        line: &mut Line<'_>,
        cx: &mut Cx<'_>,
    ) {
        let Some(chat) = self.rooms.get_mut(room) else { return };
        for (one, piece) in what.iter().zip(pieces) {
            chat.tell(one, piece, line);
        }
        chat.listening.heard(what);
        // Who has become a moderator sees more than before.
        chat.listening.reseat(chat.delivery(), false, false, cx);
    }

    fn waits_for(&self, room: &RoomName, ticket: Ticket) -> bool {
        self.rooms.get(room).is_some_and(|chat| chat.listening.waits_for(ticket))
    }

    /// The link has taken all there was: who is behind reads on, and what is still to be looked up is.
    pub(super) fn drained(&mut self, who: &Arc<Identity>, cx: &mut Cx<'_>) {
        self.search_on(who, cx);
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

impl Asked {
    /// What the client is told of if it is refused.
    fn parcel(&self) -> Option<&Parcel> {
        match self {
            Self::Said(parcel, _)
            | Self::Name(parcel)
            | Self::Affairs(parcel, _)
            | Self::Decided(parcel, _)
            | Self::Invited(parcel, _)
            | Self::Roles(parcel, _)
            | Self::Whom(parcel)
            | Self::Voice(parcel)
            | Self::Moderated(parcel) => Some(parcel),
            Self::Archive(search) => Some(search.parcel()),
            Self::Page | Self::Rooms(_) => None,
        }
    }
}

impl Chat {
    /// As those who see addresses are told what happens, or as those who do not.
    fn delivery(&self) -> Delivery {
        Delivery::Each(Dialect::XmppChat { sees: self.sees() })
    }
}

/// A refusal of the hub in the words of XEP-0045 and RFC 6120 §8.3.3.
fn refused(why: &Refusal) -> (Condition, Option<&str>) {
    match why {
        Refusal::Forbidden(_) => (Condition::Forbidden, None),
        Refusal::NoSuchInbox => (Condition::ItemNotFound, None),
        Refusal::NameTaken => (Condition::Conflict, None),
        Refusal::BadName => (Condition::JidMalformed, None),
        Refusal::TooLong => (Condition::NotAcceptable, Some("That is too long.")),
        Refusal::NotThere => (Condition::NotAcceptable, None),
        Refusal::Outcast | Refusal::NoVoice | Refusal::NotPrivileged | Refusal::NotYours => {
            (Condition::Forbidden, None)
        }
        Refusal::MembersOnly => (Condition::RegistrationRequired, None),
        Refusal::WrongPassword => (Condition::NotAuthorized, None),
        Refusal::Full => (Condition::ServiceUnavailable, None),
        Refusal::Destroyed(end) => (Condition::Gone, end.reason.as_deref()),
        Refusal::NotAllowed => (Condition::NotAllowed, None),
        Refusal::NoSuchPerson | Refusal::NoSuchMessage => (Condition::ItemNotFound, None),
        Refusal::Deaf => (Condition::ServiceUnavailable, Some("His client hears no signals.")),
        Refusal::SignalsOff => (Condition::NotAllowed, Some("Nobody sends signals in this room.")),
        Refusal::LastOwner | Refusal::Oneself => (Condition::Conflict, None),
        Refusal::PresenceOff => (Condition::NotAllowed, None),
        Refusal::TooManyRooms => (Condition::ResourceConstraint, None),
        Refusal::Busy | Refusal::LogFailed => (Condition::ResourceConstraint, Some("Try again later.")),
        Refusal::HeardEnough => (Condition::ResourceConstraint, Some("Too many signals go to him now.")),
        Refusal::TooFast => (Condition::PolicyViolation, Some("That was too fast.")),
        Refusal::ByApplication(said) => (Condition::NotAllowed, Some(&said.message)),
        Refusal::NoVerdict => (Condition::ResourceConstraint, Some("The application does not answer.")),
    }
}
