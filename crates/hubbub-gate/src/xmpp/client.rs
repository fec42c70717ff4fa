//! A client and its stream: what it says goes to whom it concerns, what it is told is written.

use std::cell::Cell;
use std::net::IpAddr;
use std::sync::Arc;

use hubbub_hub::{Identity, IdentityKind, Notice, RoomName, SessionKey};
use hubbub_ws::{Opcode, frame_header};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::sasl::{Binding, Failure};
use hubbub_xmpp::stanza::{Condition, IqRule, StanzaKind, error_reply, judge_iq, kind_of};
use hubbub_xmpp::stream::{Claim, Csi, Kind, Out, Pieces, Reason, Stream, StreamError};
use hubbub_xmpp::xml::{Element, Tag};

use super::account::{self, Account, office};
use super::archive;
use super::attention::Attention;
use super::chat::{self, Chats, Heads, Line};
use super::honest;
use super::iq;
use super::letters::{ToAccount, ToClient};
use super::login::{LOGIN, Login};
use super::parcel::Parcel;
use super::place::Place;
use super::register::{self, Registration};
use super::resume::{Passing, SESSION, Voice};
use crate::pace::Pace;
use crate::session::{Act, Answer, Close, Cx, Input, Letter, Secured};
use crate::session_id::SessionId;
use crate::settings::XmppSettings;

thread_local! {
    /// Space for what a machine wants done: no client needs it between its turns.
    static SPARE: Cell<Vec<Out>> = const { Cell::new(Vec::new()) };
}

/// A client, whatever carries its stream.
pub(super) struct Client {
    pub(super) kind: Kind,
    pub(super) stream: Stream,
    login: Login,
    pub(super) registration: Registration,
    pub(super) me: Option<Me>,
    pub(super) chats: Chats,
    attention: Attention,
    /// How fast it speaks.
    pace: Pace,
    pub(super) outs: Vec<Out>,
    /// When it came to its place, which is part of the name of its session.
    pub(super) begun_unix_ms: u64,
    pub(super) voice: Voice,
    /// What the client's words travel on, wherever the voice is.
    pub(super) wire: Kind,
    /// Whose voice is here, if it is another session's.
    pub(super) host: Option<SessionKey>,
    /// What is to be said where the voice is.
    pub(super) said: Vec<Pieces>,
    /// More waits for the client than may.
    pub(super) spent: bool,
    /// It goes on without its link, which is to be closed.
    pub(super) parted: bool,
    /// What the client may be told at leisure waits until it has acknowledged some of the rest.
    is_pressed: bool,
}

/// Who the client is, once it is bound.
#[derive(Debug, Clone)]
pub(super) struct Me {
    pub(super) who: Arc<Identity>,
    /// The full address.
    pub(super) jid: Jid,
    /// Whether the account knows of it.
    pub(super) known: bool,
}

impl Client {
    /// A stream that begins.
    pub(super) fn new(kind: Kind, peer: IpAddr, secured: Option<&Secured>, cx: &Cx<'_>) -> Self {
        let settings = cx.settings.xmpp.stream.clone();
        Self {
            kind,
            stream: Stream::new(kind, settings, secured.map(binding), cx.now.mono_ms),
            login: Login::default(),
            registration: Registration::of(peer),
            me: None,
            chats: Chats::default(),
            attention: Attention::default(),
            pace: Pace::default(),
            outs: Vec::new(),
            begun_unix_ms: cx.now.unix_ms,
            voice: Voice::Here,
            wire: kind,
            host: None,
            said: Vec::new(),
            spent: false,
            parted: false,
            is_pressed: false,
        }
    }

    /// Bytes of the stream, or one message of a WebSocket.
    pub(super) fn received(&mut self, bytes: &[u8], cx: &mut Cx<'_>) -> Result<(), Close> {
        if self.parted {
            return Ok(());
        }
        self.find_space();
        self.stream.received(bytes, cx.now.mono_ms, cx.rng, &mut self.outs);
        if self.is_pressed {
            self.drained(cx);
        }
        self.carry_out(cx)
    }

    /// Everything else.
    pub(super) fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        self.find_space();
        let now_ms = cx.now.mono_ms;
        match input {
            Input::Secured(secured) => self.stream.secured(binding(&secured), now_ms, &mut self.outs),
            Input::Answer(LOGIN, answer) => self.answered(answer, cx),
            Input::Answer(ticket, answer) => {
                self.chat(cx, |chats, line, _| chats.answered(ticket, answer, line));
            }
            Input::Letter(from, letter) => self.letter(from, letter, cx)?,
            Input::Undelivered(to) => self.undelivered(to, cx)?,
            Input::Notice(notice) => self.notice(notice, cx),
            Input::Each { room, what, pieces } => {
                self.chat(cx, |chats, line, cx| chats.happened(room, what, pieces, line, cx));
            }
            Input::Drained => self.drained(cx),
            Input::Act(act) => self.act(&act, cx),
            Input::Timeout => self.timeout(cx)?,
            Input::TooSlow => self.stream.close(StreamError::PolicyViolation, &mut self.outs),
            Input::Shutdown if self.parted => {
                self.leave(cx);
                return Err(Close::Done);
            }
            Input::Shutdown => {
                self.chat(cx, |chats, line, _| chats.shut_down(line));
                self.stream.close(StreamError::SystemShutdown, &mut self.outs);
            }
            Input::LinkLost => self.lost(cx)?,
            Input::NoRoom => self.leave(cx),
            _ => return Ok(()),
        }
        self.carry_out(cx)
    }

    fn letter(&mut self, from: SessionKey, letter: Letter, cx: &mut Cx<'_>) -> Result<(), Close> {
        match letter.downcast::<ToClient>() {
            Ok(letter) => self.told(*letter, cx),
            Err(letter) => {
                if let Ok(letter) = letter.downcast::<Passing>() {
                    self.passing(from, *letter, cx)?;
                }
            }
        }
        Ok(())
    }

    /// Does what the machine says, and what comes of that.
    fn carry_out(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        // Something may have been kept meanwhile that the client waits for.
        self.stream.settle(&mut self.outs);
        while !self.outs.is_empty() {
            let mut outs = std::mem::take(&mut self.outs);
            for out in outs.drain(..) {
                self.carry(out, cx)?;
            }
            if self.outs.is_empty() {
                self.outs = outs;
                break;
            }
        }
        SPARE.set(std::mem::take(&mut self.outs));
        self.send_on(cx)
    }

    /// Space for this turn; [`Self::carry_out`] gives it back.
    fn find_space(&mut self) {
        if self.outs.is_empty() {
            self.outs = SPARE.take();
        }
    }

    fn carry(&mut self, out: Out, cx: &mut Cx<'_>) -> Result<(), Close> {
        match out {
            Out::Send(pieces) => self.write(pieces, cx),
            Out::StartTls => cx.secure(),
            Out::Ask(ask) => {
                if let Some(known) = self.login.ask(ask, cx) {
                    self.stream.known(known, cx.now.mono_ms, &mut self.outs);
                }
            }
            Out::Authenticated { user, name } => self.authenticated(user.is_none(), name, cx),
            Out::Bind { wanted, .. } => self.bind(wanted, cx),
            Out::Stanza(..) if !self.may_speak(cx) => {
                self.stream.close(StreamError::PolicyViolation, &mut self.outs);
            }
            Out::Stanza(element, claim) => match self.host {
                Some(host) => cx.write_to(host, Passing::Said(element, claim)),
                None => self.stanza(element, claim, cx),
            },
            Out::Register(iq) => self.register(&iq, cx),
            Out::Resume { previd, h } => self.resume(&previd, h, cx),
            Out::Csi(says) => match self.host {
                Some(host) => cx.write_to(host, Passing::Looks(says)),
                None => self.looks(says, cx),
            },
            Out::SmEnabled { .. } => {}
            Out::Closed(reason) => return self.closed(reason, cx),
        }
        Ok(())
    }

    /// Spends one stanza of its allowance.
    fn may_speak(&mut self, cx: &Cx<'_>) -> bool {
        let XmppSettings { stanza_rate, stanza_burst, .. } = cx.settings.xmpp;
        self.pace.spend(stanza_rate, stanza_burst, cx.now.mono_ms)
    }

    fn write(&self, pieces: Pieces, cx: &mut Cx<'_>) {
        if self.kind == Kind::WebSocket {
            let mut head = Vec::with_capacity(10);
            frame_header(&mut head, true, false, Opcode::Text, pieces.len(), None);
            cx.out.write(head.into());
        }
        pieces.into_iter().for_each(|piece| cx.out.write(piece));
    }

    fn answered(&mut self, answer: Answer, cx: &Cx<'_>) {
        let known = self.login.answered(answer);
        self.stream.known(known, cx.now.mono_ms, &mut self.outs);
    }

    fn authenticated(&mut self, is_guest: bool, name: Option<String>, cx: &mut Cx<'_>) {
        let who = self.login.identity(is_guest, name, cx);
        let jid = who.as_ref().and_then(|who| Jid::parse(who.user.as_str()).ok());
        match who.zip(jid) {
            Some((who, jid)) => {
                self.me = Some(Me { who, jid: jid.clone(), known: false });
                self.stream.authenticated(jid, cx.now.mono_ms, &mut self.outs);
            }
            None => self.stream.refused(Failure::NotAuthorized, cx.now.mono_ms, &mut self.outs),
        }
    }

    /// The account's steward knows which resources there are.
    fn bind(&mut self, wanted: Option<String>, cx: &mut Cx<'_>) {
        let Some(me) = &mut self.me else { return };
        // Guests may have the same name, and none of them another's address: theirs are not of their choosing (RFC 6120 §7.7.2.1).
        let chosen = wanted.filter(|_| me.who.kind != IdentityKind::Guest);
        match me.jid.with_resource(&chosen.unwrap_or_else(made_up)) {
            Ok(jid) => {
                me.jid = jid.clone();
                me.known = true;
                let letter = ToAccount::Bind { jid, who: me.who.clone() };
                cx.write_to_steward(office(&me.jid), Account::appoint, letter);
            }
            Err(_) => self.stream.bind_refused(Condition::BadRequest, &mut self.outs),
        }
    }

    fn told(&mut self, letter: ToClient, cx: &mut Cx<'_>) {
        match letter {
            ToClient::Bound => {
                if let Some(me) = &self.me {
                    let name = SessionId { host: cx.key, since_unix_ms: self.begun_unix_ms };
                    if let Some(name) = name.seal(SESSION, cx.doorman) {
                        self.stream.name_session(name);
                    }
                    self.stream.bound(me.jid.clone(), &mut self.outs);
                }
            }
            ToClient::BindRefused(why) => self.stream.bind_refused(why, &mut self.outs),
            ToClient::Replaced => {
                // The steward has forgotten this stream already.
                self.shut(StreamError::Conflict, cx);
            }
            ToClient::Registered(outcome) => self.registered(&outcome, cx),
            ToClient::Removed => self.shut(StreamError::NotAuthorized, cx),
            ToClient::Deliver(parcel) if self.attention.spares(&parcel) => {}
            ToClient::Deliver(parcel) => {
                self.attention.release().iter().for_each(|waited| self.deliver(waited, cx));
                self.deliver(&parcel, cx);
            }
            ToClient::Whisper(room, parcel) => {
                let me = self.me.as_ref().map(|me| &me.jid);
                let word = me.and_then(|me| self.chats.whispered(&room, &parcel, me));
                word.into_iter().for_each(|parcel| self.deliver(&parcel, cx));
            }
        }
    }

    /// Somebody looks at the client, or nobody does.
    pub(super) fn looks(&mut self, says: Csi, cx: &Cx<'_>) {
        self.attention.turn(says).iter().for_each(|waited| self.deliver(waited, cx));
    }

    /// Writes a stanza to the client.
    pub(super) fn deliver(&mut self, parcel: &Parcel, cx: &Cx<'_>) {
        let head = self.heads().of(parcel.kind());
        self.say(parcel.pieces(head).since(cx.now.unix_ms));
    }

    /// Writes what the server itself has to say.
    pub(super) fn reply(&mut self, tag: &Tag) {
        let ns = if self.wire == Kind::Tcp { "jabber:client" } else { "" };
        self.say(Pieces::from(tag.to_vec(ns)));
    }

    fn reply_error(&mut self, stanza: &Element, why: Condition) {
        if let Some(tag) = error_reply(stanza, None, why.default_type(), why, None) {
            // It is for whom the stanza says that it is from, if it does.
            let to = self.me.as_ref().filter(|_| stanza.attr("from").is_none());
            let tag = tag.attr_opt("to", to.map(|me| me.jid.as_str()));
            self.reply(&tag);
        }
    }

    /// Takes a stanza to whom it is for.
    pub(super) fn stanza(&mut self, element: Element, claim: Option<Claim>, cx: &mut Cx<'_>) {
        let (Some(kind), Some(me)) = (kind_of(&element), self.me.clone()) else { return };
        let element = honest::cleaned(element, &cx.settings.domain);
        if kind == StanzaKind::Iq {
            match judge_iq(&element) {
                IqRule::Good => {}
                IqRule::Refuse => return self.reply_error(&element, Condition::BadRequest),
                IqRule::Drop => return,
            }
        }
        let to = match element.attr("to") {
            None => None,
            Some(to) => match Jid::parse(&to) {
                Ok(to) => Some(to),
                Err(_) => return self.reply_error(&element, Condition::JidMalformed),
            },
        };
        let place = to.as_ref().map_or(Place::Person, |to| Place::of(to, &cx.settings.domain));
        if let Some((at, room)) = self.own_archive(kind, &element, to.as_ref(), cx) {
            let parcel = Parcel::new(kind, element, me.jid, at);
            return self.chat(cx, |chats, line, cx| chats.look_up_own(&room, &parcel, line, cx));
        }
        match (place, to) {
            (Place::Person, to) => {
                // RFC 6120 §10.3: what is for nobody is for one's own account. Its steward sees all that goes out.
                let unaddressed = to.is_none();
                let to = to.unwrap_or_else(|| me.jid.bare());
                let parcel = Parcel::new(kind, element, me.jid.clone(), to);
                if unaddressed && kind == StanzaKind::Presence && &*parcel.kind_of() == "unavailable" {
                    self.chat(cx, |chats, line, cx| chats.leave_all(&parcel, line, cx));
                }
                let letter = ToAccount::Own(parcel, claim);
                cx.write_to_steward(office(&me.jid), Account::appoint, letter);
            }
            (Place::Server, Some(to)) if register::is_asked(&element) => {
                let parcel = Parcel::new(kind, element, me.jid.clone(), to);
                cx.write_to_steward(office(&me.jid), Account::appoint, ToAccount::Own(parcel, None));
            }
            (Place::Server, Some(to)) => self.ask_service(kind, &element, &iq::AT_SERVER, &to, cx),
            (Place::Rooms, Some(to)) if kind == StanzaKind::Iq && Chats::is_about_rooms(&element) => {
                let parcel = Parcel::new(kind, element, me.jid, to);
                self.chat(cx, |chats, line, cx| chats.list(parcel, line, cx));
            }
            (Place::Rooms, Some(to)) => self.ask_service(kind, &element, &iq::AT_ROOMS, &to, cx),
            (Place::Room(room), Some(to)) => {
                let parcel = Parcel::new(kind, element, me.jid, to);
                self.chat(cx, |chats, line, cx| {
                    line.claim = claim;
                    chats.take(&room, parcel, line, cx);
                });
            }
            (Place::Room(_) | Place::NoRoom, _) => {
                self.reply_error(&element, Condition::ItemNotFound);
            }
            (Place::Elsewhere, _) => self.reply_error(&element, Condition::RemoteServerNotFound),
            (Place::Server | Place::Rooms, None) => {}
        }
    }

    /// The client's account and its inbox, if that is what this is about: nobody else looks into it, so it asks no steward.
    fn own_archive(
        &self,
        kind: StanzaKind,
        element: &Element,
        to: Option<&Jid>,
        cx: &Cx<'_>,
    ) -> Option<(Jid, RoomName)> {
        let own = self.me.as_ref().filter(|_| kind == StanzaKind::Iq)?.jid.bare();
        let is_own = to.is_none_or(|to| *to == own) && archive::is_asked(element);
        Some((own.clone(), account::inbox_of(&own, cx).filter(|_| is_own)?))
    }

    /// To the server itself, or one of its services, which knows these protocols.
    fn ask_service(
        &mut self,
        kind: StanzaKind,
        element: &Element,
        knows: &[iq::Feature],
        at: &Jid,
        cx: &mut Cx<'_>,
    ) {
        match kind {
            StanzaKind::Iq => {
                let from = Some(self.registration.peer());
                let me = self.me.as_ref().map(|me| iq::Asker { jid: &me.jid, who: &me.who, from });
                if let Some(answer) = me.and_then(|me| iq::answer(knows, element, &me, at, cx)) {
                    self.reply(&answer);
                }
            }
            StanzaKind::Message => self.reply_error(element, Condition::ServiceUnavailable),
            // Nobody there looks at presence.
            StanzaKind::Presence => {}
        }
    }

    /// The link has taken all that was written.
    pub(super) fn drained(&mut self, cx: &mut Cx<'_>) {
        self.is_pressed = self.stream.is_pressed();
        if self.is_pressed {
            return;
        }
        if let Some(me) = &self.me {
            self.chats.drained(&me.who, cx);
        }
    }

    fn notice(&mut self, notice: Notice<'_>, cx: &mut Cx<'_>) {
        if let Notice::Reply { room, ticket, reply } = notice {
            self.chat(cx, |chats, line, cx| chats.replied(room, ticket, reply, line, cx));
        }
    }

    /// Does something in the rooms, and sends what comes of it.
    fn chat(&mut self, cx: &mut Cx<'_>, work: impl FnOnce(&mut Chats, &mut Line<'_>, &mut Cx<'_>)) {
        let Some(me) = &self.me else { return };
        let (heads, pseudonyms) = (self.heads(), cx.coder.pseudonyms().cloned());
        let mut line = Line { who: &me.who, jid: &me.jid, pseudonyms, heads, claim: None, out: Vec::new() };
        work(&mut self.chats, &mut line, cx);
        for pieces in line.out {
            self.say(pieces);
        }
    }

    fn heads(&self) -> &'static Heads {
        if self.wire == Kind::Tcp { &chat::TCP } else { &chat::WEBSOCKET }
    }

    fn act(&mut self, act: &Act, cx: &mut Cx<'_>) {
        match act {
            Act::Disconnect(_) => self.shut(StreamError::PolicyViolation, cx),
            Act::TakenOver => self.shut(StreamError::Conflict, cx),
            // Its account says so: `ToClient::Removed`.
            Act::Removed | Act::Emit { .. } | Act::Join(_) | Act::Leave(_) => {}
        }
    }
}

/// A resource that nobody can guess (RFC 6120 §7.6).
fn made_up() -> String {
    hubbub_xmpp::stream::token()
}

fn binding(secured: &Secured) -> Binding {
    Binding { exporter: Some(secured.exporter), end_point: Some(secured.end_point.clone()) }
}

/// What an end counts as.
pub(super) fn close(reason: Reason) -> Close {
    match reason {
        Reason::Silent | Reason::Failed(StreamError::ConnectionTimeout) => Close::Timeout,
        Reason::Unacknowledged => Close::TooSlow,
        Reason::Finished
        | Reason::Reported
        | Reason::NoTls
        | Reason::Failed(StreamError::SystemShutdown | StreamError::Conflict) => Close::Done,
        Reason::Failed(_) => Close::Protocol,
    }
}
