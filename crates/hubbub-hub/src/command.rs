//! What sessions ask of the hub and what they are told: all of it data.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::about::Wish;
use crate::address::{RoomName, UserAddress};
use crate::affairs::{
    Affair, AffairsSnapshot, Affiliation, Destroyed, Govern, Password, Role, Subject, Whois,
};
use crate::archive::{Archive, ArchiveAsk};
use crate::event::{Body, Carried, Event, Sender};
use crate::hook::{Action, Emission, Hello, HookAsk, Refused, SessionName};
use crate::id::MessageId;
use crate::idempotency::IdempotencyKey;
use crate::identity::Identity;
use crate::log::LogAsk;
use crate::offset::Offset;
use crate::policy::Right;
use crate::presence::{Person, PresenceChange, PresenceView};
use crate::signal::{Hears, Signal, Signalled};

/// Most bytes of a status.
pub const STATUS_BYTES: usize = 4096;

/// Which worker.
pub type WorkerId = u16;

/// A session's own number for something it asked; the answer carries it.
pub type Ticket = u32;

/// Names a session for the life of the process, and where it lives, so that any worker can write to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    /// The worker that owns it.
    pub worker: WorkerId,
    /// Its place there.
    pub slot: u32,
    /// Which of the sessions that have had that place.
    pub generation: u32,
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}.{}", self.worker, self.slot, self.generation)
    }
}

/// Where a reader wants to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With what comes next.
    Now,
    /// After this offset.
    After(Offset),
    /// With the newest so many messages.
    Last(u32),
    /// With the oldest message that is kept.
    Oldest,
}

/// What a session asks of a room. Run by the room's home after the handler has returned, never inside it.
#[derive(Debug)]
pub enum Command {
    /// Come in and read from `start`. Answered by [`Reply::Joined`]: while that says `live: false` the reader is behind
    /// and asks again after the last offset it was given.
    Join {
        /// Where to begin.
        start: Start,
        /// At most so many messages in one answer.
        limit: u32,
        /// How this makes the session's owner present.
        stay: Stay,
        /// Whether to go on with what comes after the page; otherwise one page is all.
        follow: bool,
        /// What came with the connection, if the session has one of its own: a WebSocket, an event stream. Nothing for a
        /// further room over the same connection, and for a poll.
        hello: Option<Arc<Hello>>,
        /// What its owner wishes to be called in the room, refused if somebody else is called so. Else he is called by his own
        /// name, with a number if somebody has it. Nothing changes for whoever is there already.
        nick: Option<Arc<str>>,
        /// What its owner's protocol says of how he is there, as with [`Command::Show`].
        status: Option<Carried>,
        /// The room's password, if its owner knows one.
        password: Option<Password>,
        /// Whether to become the owner of a room in which nothing has ever been, if its policy allows that.
        claims: bool,
        /// How signals reach the session.
        hears: Hears,
    },
    /// Ask for something about the room's affairs. Answered by [`Reply::Governed`], or a subject by [`Reply::Published`].
    Govern(Box<Govern>),
    /// Say how one is there: opaque, at most [`STATUS_BYTES`], shown to those who understand its form. A person has one status,
    /// the last that any of his sessions set. Answered by [`Reply::Answered`].
    Show {
        /// How; nothing takes back what was said before.
        status: Option<Carried>,
    },
    /// Be called otherwise in the room, where the session must be present. Answered by [`Reply::Renamed`].
    Rename {
        /// What.
        nick: Arc<str>,
    },
    /// Tell everybody who is there something that is not kept. Takes what saying something takes, and being there, or that this is
    /// an inbox. Where an application judges what is said, only that somebody is writing passes. Answered by [`Reply::Answered`].
    Pass {
        /// Whether one is writing, if it says that.
        typing: Option<bool>,
        /// What else there is to it, in a form that only some protocols understand: at most [`STATUS_BYTES`].
        what: Option<Carried>,
    },
    /// Tell sessions of somebody who is there something that nothing keeps, as somebody who is there himself. Answered by
    /// [`Reply::Signalled`].
    Signal(Box<Signal>),
    /// Who is called so? For those who are there themselves. Answered by [`Reply::Person`].
    WhoIs {
        /// By this name.
        name: Arc<str>,
    },
    /// The session goes, with a last word; [`Command::Leave`] still follows. Not answered.
    Part {
        /// How its owner is not there any more, at most [`STATUS_BYTES`]; else he goes in silence.
        word: Option<Carried>,
    },
    /// The session's seat is given up, or the session is gone. Not answered.
    Leave,
    /// The session goes on where `former` was: it is present in its stead and was let in with it. Not answered; a
    /// [`Command::Join`] gives it a seat.
    Succeed {
        /// Which session it was.
        former: SessionKey,
    },
    /// Say something. Answered by [`Reply::Published`] when it is kept, or by [`Reply::Answered`] if the room's application
    /// takes it for itself.
    Publish {
        /// What.
        body: Body,
        /// Makes a repetition harmless.
        key: Option<IdempotencyKey>,
        /// What it says of an earlier message.
        about: Option<Box<Wish>>,
    },
    /// Keep in one's own inbox what one has said in another, under the same id. Only homes ask this. Not answered.
    File {
        /// What was said there.
        event: Arc<Event>,
        /// To whom.
        to: UserAddress,
    },
    /// Look something up in the log. Answered by [`Reply::Archive`].
    Archive(Box<ArchiveAsk>),
    /// Who is there? Answered by [`Reply::Presence`].
    Presence,
    /// Tell everybody something that is not kept; only the server itself asks this. Answered by [`Reply::Answered`].
    Emit(Arc<Emission>),
    /// What an application wanted done is on its way: what waits behind it may take effect. Asked by the home's worker. Not
    /// answered.
    GoOn,
}

impl Command {
    /// Whether everybody in the room may be told of it, so that those who ask for much of it burden others.
    #[must_use]
    pub fn is_told(&self) -> bool {
        match self {
            Self::Publish { .. } | Self::Rename { .. } | Self::Show { .. } | Self::Pass { .. } => true,
            Self::Govern(what) => !matches!(**what, Govern::Affairs),
            _ => false,
        }
    }

    /// Whether it stays said when the session that said it is gone.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Publish { .. } | Self::File { .. })
    }

    /// A [`Self::Join`] that wishes for nothing beyond reading and being there.
    #[must_use]
    pub fn join(start: Start, limit: u32, stay: Stay, follow: bool, hello: Option<Arc<Hello>>) -> Self {
        Self::Join {
            start,
            limit,
            stay,
            follow,
            hello,
            nick: None,
            status: None,
            password: None,
            claims: false,
            hears: Hears::Nothing,
        }
    }
}

/// How a reader is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stay {
    /// As long as the session lasts.
    Seated,
    /// For a while after each request: somebody who polls.
    Lingering,
    /// Not at all.
    Unseen,
}

/// Commands with their sender, on the way to a home.
#[derive(Debug)]
pub struct Asked {
    /// Who asks.
    pub session: SessionKey,
    /// As whom.
    pub identity: Arc<Identity>,
    /// Of which room.
    pub room: RoomName,
    /// What.
    pub command: Command,
    /// What the answer will carry.
    pub ticket: Ticket,
    /// The session's public name, if it has one.
    pub label: Option<SessionName>,
}

/// An answer to one command.
#[derive(Debug, Clone)]
pub enum Reply {
    /// To [`Command::Join`].
    Joined(Box<Joined>),
    /// To [`Command::Publish`].
    Published(Published),
    /// To [`Command::Publish`] that the room's application took for itself, with its answer: a JSON array. Nothing is kept.
    Answered(Option<Bytes>),
    /// To [`Command::Archive`].
    Archive(Box<Archive>),
    /// To [`Command::Presence`]: who is there, and who may see their addresses.
    Presence(PresenceView, Whois),
    /// To [`Command::Rename`]: what one is called from now on.
    Renamed(Sender),
    /// To [`Command::WhoIs`]: somebody who is there, and the sessions by which he is.
    Person(Box<(Person, Vec<SessionKey>)>),
    /// To [`Command::Signal`]: so many sessions were told.
    Signalled(usize),
    /// To nothing that was asked; the ticket is 0: somebody in the room tells this session something.
    Signal(Arc<Signalled>),
    /// To [`Command::Govern`]: how the room's affairs stand now.
    Governed(Arc<AffairsSnapshot>),
    /// To nothing that was asked; the ticket is 0: one has been put out, and hears no more of the room.
    Removed(Arc<Affair>),
    /// To the former of a [`Command::Succeed`]: from here on its successor is told what happens, and it is not.
    Succeeded,
    /// To any: no.
    Refused(Refusal),
}

/// Where a reader stands after a [`Command::Join`].
#[derive(Debug, Clone)]
pub struct Joined {
    /// What is there after the start, in order.
    pub page: Page,
    /// The start was not there any more: `page` begins with the oldest message kept.
    pub recovered: bool,
    /// From here on events come by themselves; otherwise ask again after the page.
    pub live: bool,
    /// Who is there, as far as the room tells.
    pub presence: PresenceView,
    /// What one is called here, if one is present.
    pub me: Option<Sender>,
    /// What one is to the room.
    pub affiliation: Affiliation,
    /// What one may do here; what one might, if one is not present.
    pub role: Role,
    /// The room was new, and is now one's own.
    pub created: bool,
    /// Who sees people's addresses.
    pub whois: Whois,
    /// What is talked about.
    pub subject: Option<Subject>,
}

/// A piece of a room's log.
#[derive(Debug, Clone)]
pub struct Page {
    /// The messages.
    pub events: Vec<Arc<Event>>,
    /// The position just before the first of them.
    pub from: Offset,
    /// The position just before the oldest message kept.
    pub oldest: Offset,
    /// Where the log ends.
    pub head: Offset,
}

impl Page {
    /// The position of a reader who has read this page.
    #[must_use]
    pub fn cursor(&self) -> Offset {
        self.events.last().map_or(self.from, |event| event.at)
    }
}

/// A message is kept.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its name.
    pub id: MessageId,
    /// Its place.
    pub at: Offset,
    /// When it was stamped, in milliseconds since 1970.
    pub unix_ms: u64,
    /// As whose words.
    pub from: Sender,
    /// It was kept before: this is a repetition with the same key.
    pub repeated: bool,
    /// What the room's application answered: a JSON array.
    pub answer: Option<Bytes>,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The policy, or the token's grants, say no to this right.
    Forbidden(Right),
    /// There is no such inbox.
    NoSuchInbox,
    /// The room does not tell who is there.
    PresenceOff,
    /// Somebody else in the room is called so.
    NameTaken,
    /// Nobody can be called so.
    BadName,
    /// It has more bytes than there may be.
    TooLong,
    /// One must be in the room for that.
    NotThere,
    /// There is no such message, or not any more.
    NoSuchMessage,
    /// Somebody else said that.
    NotYours,
    /// One is banned from the room.
    Outcast,
    /// The room is for its members.
    MembersOnly,
    /// The room has a password, and it is not this.
    WrongPassword,
    /// There are as many there as may be.
    Full,
    /// The room is closed for good.
    Destroyed(Arc<Destroyed>),
    /// One may listen here, not speak.
    NoVoice,
    /// Only others decide about that: moderators, admins or owners.
    NotPrivileged,
    /// Nobody of one's standing decides about this person.
    NotAllowed,
    /// Nobody in the room is called so, or has this address.
    NoSuchPerson,
    /// He is there, by no session that hears signals.
    Deaf,
    /// The room's policy lets nobody send signals.
    SignalsOff,
    /// A room that has owners keeps one.
    LastOwner,
    /// One cannot do that to oneself.
    Oneself,
    /// There are as many rooms as the server may have.
    TooManyRooms,
    /// The log cannot keep up, or the home's mailbox is full: try again later.
    Busy,
    /// The session publishes faster than it may.
    TooFast,
    /// Whom the signal is for has been told as many as may be, by whomever: try again later.
    HeardEnough,
    /// The log failed; the message was not kept.
    LogFailed,
    /// The application behind the room says no.
    ByApplication(Arc<Refused>),
    /// The application behind the room does not answer, and the settings do not let pass what it has not seen.
    NoVerdict,
}

/// A room as it is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomInfo {
    /// Which.
    pub name: RoomName,
    /// Where its log ends; of a log that is still being opened, where it begins.
    pub head: Offset,
    /// How many people are there.
    pub people: usize,
    /// How many sessions of this server are told what happens.
    pub sessions: usize,
    /// What its owners call it; empty if nobody has said.
    pub title: Arc<str>,
    /// It is for everybody's eyes; otherwise only for those who are in it, and the server.
    pub listed: bool,
}

/// Something that everybody who has a seat is told.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A message.
    Event(Arc<Event>),
    /// Somebody came or went.
    Presence(Arc<PresenceChange>),
    /// The application says something that is not kept.
    Emission(Arc<Emission>),
    /// Somebody's standing, or how the room is set up, has changed.
    Affair(Arc<Affair>),
    /// Somebody who is there says something that is not kept.
    Passing(Arc<Passing>),
}

/// What was said in passing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passing {
    /// Who said it.
    pub from: Sender,
    /// Whether he is writing, if he said that.
    pub typing: Option<bool>,
    /// What, in the words of his protocol.
    pub what: Option<Carried>,
}

/// What a home wants done, in this order.
#[derive(Debug)]
pub enum Effect {
    /// Answer a session.
    Reply(SessionKey, RoomName, Ticket, Reply),
    /// Tell all seats of a room on one worker. Once for each worker that has any.
    Happened(WorkerId, RoomName, Happening),
    /// Ask the store; the answer comes back through [`crate::Hub::answer`].
    Log(LogAsk),
    /// Ask the room's application; the answer comes back through [`crate::Hub::verdict`].
    Hook(Box<HookAsk>),
    /// Ask another room, wherever it is at home.
    Ask(Box<Asked>),
    /// Do what the application wants done. With a room, ask that room for [`Command::GoOn`] afterwards.
    Act(Option<RoomName>, Vec<Action>),
}

/// What a session is told.
#[derive(Debug)]
pub enum Notice<'a> {
    /// The answer to something it asked.
    Reply {
        /// Of which room.
        room: &'a RoomName,
        /// What it asked.
        ticket: Ticket,
        /// The answer.
        reply: Reply,
    },
    /// What happened in a room, for seats that are told one by one.
    Happened {
        /// Where.
        room: &'a RoomName,
        /// What, in order.
        what: &'a [Happening],
    },
}
