//! What a session is: one peer, one protocol, as a function from (state, input, now) to effects.
//!
//! A session never touches a socket, a clock or another session. It writes to its own [`Outbox`] and queues commands; the worker runs
//! them later in the same turn.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use hubbub_auth::Doorman;
use hubbub_hub::{
    AccountAnswer, AccountAsk, Action, Command, Emission, Happening, HookAnswer, HookAsk, HookKind, HookName,
    Identity, MessageId, Notice, Now, Paper, PapersAsk, RoomInfo, RoomName, SessionKey, SessionName,
    StoredVerifier, Ticket, UserAddress, VerifierHash, WorkerId,
};
use hubbub_turn::AllocationView;

use crate::coder::Coder;
use crate::dialect::Dialect;
use crate::outbox::Outbox;
use crate::settings::GateSettings;

/// One peer speaking one protocol.
pub trait Session {
    /// Takes one input. What it wants done goes into `cx`.
    ///
    /// # Errors
    /// [`Close`] ends the session: what is in the outbox is still sent, then the link is closed.
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close>;

    /// When this session wants [`Input::Timeout`], in process time. O(1): asked after every input.
    fn deadline(&self) -> Option<u64> {
        None
    }

    /// Whether its peer can acknowledge what it is told: only then [`Act::Emit`] asks for it.
    fn can_acknowledge(&self) -> bool {
        false
    }

    /// Whether it knows who may see people's addresses where only moderators do, and shows them to nobody else. Others are told of people
    /// without ([`crate::veil`]).
    fn sees_addresses(&self) -> bool {
        false
    }

    /// Whether it can be in several rooms: only then it is given [`Act::Join`] and [`Act::Leave`]. The protocol that has
    /// acknowledgements has rooms too.
    fn can_move(&self) -> bool {
        self.can_acknowledge()
    }
}

/// What one session tells another: a type of the protocol that both speak. It may go to another worker.
pub type Letter = Box<dyn Any + Send>;

/// Makes the steward of a name: a session without a link that keeps something for it, on the name's home. There is one at a time.
pub type Appoint = fn(&Arc<str>) -> Box<dyn Session>;

/// What may come to a session.
#[derive(Debug)]
pub enum Input<'a> {
    /// The first input of every session.
    Opened,
    /// Bytes from the link. The session takes them all and keeps what it cannot use yet.
    Stream(&'a mut [u8]),
    /// The hub's word.
    Notice(Notice<'a>),
    /// For a seat that is told once, see [`Delivery::Once`]: what happened, and its encoding, which all such seats share.
    Once {
        /// What happened, in order.
        what: &'a [Happening],
        /// The same in the seat's dialect.
        bytes: &'a Bytes,
    },
    /// For a seat of [`Delivery::Each`].
    Each {
        /// Where it happened.
        room: &'a RoomName,
        /// What, in order.
        what: &'a [Happening],
        /// The encoding of each; empty for what the dialect does not show.
        pieces: &'a [Bytes],
    },
    /// The answer to a slow question.
    Answer(Ticket, Answer),
    /// Another session's word.
    Letter(SessionKey, Letter),
    /// After [`Deed::Secure`]: the link is encrypted from here on.
    Secured(Arc<Secured>),
    /// There is no such session (any more): what was written to it is lost.
    Undelivered(SessionKey),
    /// The application wants something of this session.
    Act(Act),
    /// There are as many sessions without links as there may be: none was begun.
    NoRoom,
    /// The outbox has run empty, after [`Outbox::tell_when_drained`].
    Drained,
    /// [`Session::deadline`] has come.
    Timeout,
    /// The outbox is full and the policy is to close: say so if the protocol can.
    TooSlow,
    /// The server is closing.
    Shutdown,
    /// The link is gone.
    LinkLost,
}

/// What is known of a link that is encrypted by TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// The channel binding `tls-exporter` (RFC 9266).
    pub exporter: [u8; 32],
    /// The channel binding `tls-server-end-point` (RFC 5929 §4): the hash of the certificate that was shown.
    pub end_point: Vec<u8>,
    /// The host that the peer asked for (SNI, RFC 6066 §3).
    pub server_name: Option<String>,
}

/// What an application wants of a session.
#[derive(Debug, Clone)]
pub enum Act {
    /// Tell the peer this.
    Emit {
        /// What.
        emission: Arc<Emission>,
        /// The peer is to acknowledge it: [`Deed::Acked`].
        ack: Option<AckId>,
    },
    /// Come into a room.
    Join(RoomName),
    /// Leave a room.
    Leave(RoomName),
    /// End, and tell the peer why.
    Disconnect(Arc<str>),
    /// End: another session has the name now.
    TakenOver,
    /// End: the account whose session this is is no more.
    Removed,
}

/// Names what is to be acknowledged, and the worker that collects the acknowledgements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AckId {
    /// Who collects.
    pub worker: WorkerId,
    /// Its number there.
    pub number: u64,
}

/// A session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// As it should.
    Done,
    /// The peer broke the protocol.
    Protocol,
    /// The peer reads too slowly.
    TooSlow,
    /// The peer is silent.
    Timeout,
    /// The server refuses to go on.
    Refused,
}

/// A question that takes time; it is answered by [`Input::Answer`].
pub enum Question {
    /// Is this the account's password?
    Password {
        /// The prepared localpart.
        user: String,
        /// What was offered.
        password: String,
    },
    /// What does the account have instead of a password?
    Verifier {
        /// The prepared localpart.
        user: String,
        /// For which hash.
        hash: VerifierHash,
    },
    /// What is kept for somebody, or is to be. Answered by [`Answer::Papers`], or where something is written by
    /// [`Answer::PapersKept`] when it is on disk, or [`Answer::PapersFull`].
    Papers(PapersAsk),
    /// Whether there is an account, or make, change or remove it.
    Account(AccountAsk),
    /// What does the application say?
    Hook(Box<HookAsk>),
    /// Which rooms are open on this server that `who` may see? At most `limit` by name, after `after`. Each worker answers for
    /// its own.
    Rooms {
        /// For whom.
        who: Arc<Identity>,
        /// After this name.
        after: Option<RoomName>,
        /// At most so many.
        limit: usize,
    },
    /// Do this for the application.
    Act(Action),
    /// What does this server relay?
    Allocations,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone)]
pub enum Answer {
    /// It is, and the account's display name is this; or it is not.
    Password(Option<String>),
    /// It has this; or there is no such account.
    Verifier(Option<StoredVerifier>),
    /// What there is of what was asked for, in the order of the keys' bytes.
    Papers(Vec<Paper>),
    /// All of it is kept.
    PapersKept,
    /// Nothing of it is kept: the owner would have more than he may.
    PapersFull,
    /// What became of it.
    Account(AccountAnswer),
    /// Nobody could say: try again later.
    Unavailable,
    /// The application's word. Its actions have been taken out: the worker does them.
    Hook(HookAnswer),
    /// The rooms of one of so many workers.
    Rooms(Vec<RoomInfo>, u16),
    /// What became of an action.
    Acted(Outcome),
    /// All allocations of TURN, in no order.
    Allocations(Vec<AllocationView>),
}

/// What became of an action that was neither a message for a log nor without effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It reached so many sessions.
    Reached(usize),
    /// There is no such session, or none any more.
    NoSuchSession,
    /// The session cannot be in several rooms.
    OneRoomOnly,
    /// It reached so many sessions; of those that can acknowledge, these did.
    Acked {
        /// So many were told.
        reached: usize,
        /// Who acknowledged, with what: a JSON array.
        acks: Vec<(SessionName, Bytes)>,
        /// Not all of them did in time.
        timeout: bool,
    },
}

/// How events reach a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// All seats of this dialect get the same bytes; the session is not called.
    Shared(Dialect),
    /// As shared, but the session is told, with the bytes, and the seat is given up: a long poll.
    Once(Dialect),
    /// The session is told each time, with the bytes of each happening, which all such seats share: where receivers' bytes
    /// differ only at the beginning.
    Each(Dialect),
    /// The session writes each one itself, because every receiver's bytes differ.
    Personal,
}

/// What a session may do while it handles an input.
pub struct Cx<'a> {
    /// Who is asking.
    pub key: SessionKey,
    /// The present moment.
    pub now: Now,
    /// Bytes for this session's link.
    pub out: &'a mut Outbox,
    /// Who may come in.
    pub doorman: &'a Doorman,
    /// Limits and switches.
    pub settings: &'a GateSettings,
    /// Buffers and compressors of the worker.
    pub coder: &'a mut Coder,
    /// Randomness.
    pub rng: &'a mut fastrand::Rng,
    /// What is to be done after the handler has returned.
    pub deeds: &'a mut Vec<Deed>,
}

/// What a session wants its worker to do.
pub enum Deed {
    /// Ask a room.
    Command(RoomName, Arc<Identity>, Command, Ticket),
    /// Ask somebody slow.
    Ask(Question, Ticket),
    /// From now on, tell this session what happens in the room.
    Seat {
        /// Where.
        room: RoomName,
        /// How.
        delivery: Delivery,
        /// Whether it wants to hear itself.
        echo: bool,
    },
    /// Tell it nothing more: in this way of this room, or at all. It stays present until it ends or leaves.
    Unseat(Option<(RoomName, Delivery)>),
    /// Tell it nothing more of this room, where it is no longer present.
    Leave(RoomName),
    /// Tell another session.
    Letter(SessionKey, Letter),
    /// Tell the steward of a name, who is begun if there is none.
    Steward {
        /// Of whom. Each protocol has names of its own: `xmpp:alice@example.org`.
        name: Arc<str>,
        /// How one is made.
        appoint: Appoint,
        /// What he is told.
        letter: Letter,
    },
    /// This session is an account's, without being in a room: it hears [`Act::Removed`].
    Belong(UserAddress),
    /// Begin a session that has no link of its own.
    Spawn(Box<dyn Session>),
    /// From now on actions reach this session by this name too, and by who it is. Who had the name before is disconnected.
    Name(SessionName, Arc<Identity>),
    /// From now on actions reach this session by its names only.
    Unknown,
    /// The peer has acknowledged: a JSON array.
    Acked(AckId, Bytes),
    /// When all in the outbox has been sent, the link begins to be encrypted; [`Input::Secured`] says that it is. What the peer sends
    /// before that is not given to the session. For links in clear text whose socket is the session's own (XMPP's STARTTLS).
    Secure,
    /// This session goes on without its link, which is closed when all in the outbox has been sent, if it is not gone already.
    /// [`Input::NoRoom`] says if that cannot be, before the session is ended.
    Part,
    /// This session goes on as another.
    TurnInto(Box<dyn Session>),
}

impl Cx<'_> {
    /// Asks `room` for `command`, as `who`.
    pub fn command(&mut self, room: &RoomName, who: &Arc<Identity>, command: Command, ticket: Ticket) {
        self.deeds.push(Deed::Command(room.clone(), who.clone(), command, ticket));
    }

    /// Asks somebody slow.
    pub fn ask(&mut self, question: Question, ticket: Ticket) {
        self.deeds.push(Deed::Ask(question, ticket));
    }

    /// Asks the application `hook` about `who`, outside any room; the answer is [`Answer::Hook`]. More may be put into `more`.
    pub fn ask_hook(
        &mut self,
        hook: &HookName,
        kind: HookKind,
        who: &Arc<Identity>,
        ticket: Ticket,
        more: impl FnOnce(&mut HookAsk),
    ) {
        let mut ask = Box::new(HookAsk {
            id: MessageId::random(self.now.unix_ms, self.rng),
            hook: hook.clone(),
            kind,
            unix_ms: self.now.unix_ms,
            room: None,
            who: who.clone(),
            session: self.key,
            label: None,
            body: None,
            hello: None,
        });
        more(&mut ask);
        self.ask(Question::Hook(ask), ticket);
    }

    /// Takes a seat in a room that has said [`hubbub_hub::Joined::live`].
    pub fn seat(&mut self, room: &RoomName, delivery: Delivery, echo: bool) {
        self.deeds.push(Deed::Seat { room: room.clone(), delivery, echo });
    }

    /// Gives up its seats: it has said its last word.
    pub fn unseat(&mut self) {
        self.deeds.push(Deed::Unseat(None));
    }

    /// Gives up one seat.
    pub fn unseat_from(&mut self, room: &RoomName, delivery: Delivery) {
        self.deeds.push(Deed::Unseat(Some((room.clone(), delivery))));
    }

    /// Leaves one room.
    pub fn leave(&mut self, room: &RoomName) {
        self.deeds.push(Deed::Leave(room.clone()));
    }

    /// Tells another session, which gets [`Input::Letter`] later in the turn, or in one of its own worker's.
    pub fn write_to(&mut self, session: SessionKey, letter: impl Any + Send) {
        self.deeds.push(Deed::Letter(session, Box::new(letter)));
    }

    /// Tells the steward of `name`, who is begun by `appoint` if there is none. [`Input::Undelivered`] says if that cannot be.
    pub fn write_to_steward(&mut self, name: Arc<str>, appoint: Appoint, letter: impl Any + Send) {
        self.deeds.push(Deed::Steward { name, appoint, letter: Box::new(letter) });
    }

    /// Begins a session without a link: others carry its words by letters. [`Input::NoRoom`] says if that cannot be.
    pub fn spawn(&mut self, session: impl Session + 'static) {
        self.deeds.push(Deed::Spawn(Box::new(session)));
    }

    /// Has the link encrypted once all in the outbox has been sent.
    pub fn secure(&mut self) {
        self.deeds.push(Deed::Secure);
    }

    /// Goes on without a link.
    pub fn part(&mut self) {
        self.deeds.push(Deed::Part);
    }

    /// Goes on as `session`, which gets [`Input::Opened`] next.
    pub fn turn_into(&mut self, session: impl Session + 'static) {
        self.deeds.push(Deed::TurnInto(Box::new(session)));
    }
}
