//! An account's inbox: messages for it are said in the room `@name` first, so they are kept, and everybody who may read that room has
//! them by his own protocol.
//!
//! As long as a resource takes what is for the account, its steward has a seat in that room and hands on what happens there, from where
//! it left off: what came meanwhile is told with its time (XEP-0160, XEP-0203). How far that is, is a paper. Without a seat, what is for one
//! resource that is there goes to it as soon as it is kept.

mod form;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use hubbub_hub::command::Stay;
use hubbub_hub::{
    Carried, Command, Event, Happening, Identity, Joined, Notice, Offset, PapersAsk, Passing, Published,
    Refusal, Reply, RoomName, SessionKey, Start, Ticket,
};
use hubbub_xmpp::stanza::{Condition, StanzaKind};
use hubbub_xmpp::stream::Claim;

pub(in crate::xmpp) use self::form::{archived, is_between, room as inbox_of};
use super::papers::{Keeper, META};
use super::{Account, office};
use crate::pace::Pace;
use crate::session::{Cx, Delivery, Question};
use crate::settings::XmppSettings;
use crate::xmpp::chat::form::MESSAGE;
use crate::xmpp::letters::ToAccount;
use crate::xmpp::parcel::Parcel;

/// Under which name the account remembers how far its inbox was told.
pub(super) const TOLD: &str = "inbox";

/// Messages in one page of what waits.
const PAGE: u32 = 100;

/// Most stanzas that wait behind messages that are being kept.
const BEHIND: usize = 1000;
/// Most bytes of them.
const BEHIND_BYTES: usize = 1 << 22;

/// Most messages told out of turn, or in vain, that are remembered.
const AHEAD: usize = 1000;

/// What a steward knows of the inbox of its account.
#[derive(Default)]
pub(super) struct Inbox {
    seat: Seat,
    told: Told,
    /// It has not been written down how far all was told.
    is_unwritten: bool,
    writing: Option<Ticket>,
    /// Messages that are being kept, in their order.
    pending: VecDeque<Pending>,
    /// How many stanzas wait behind them, and how many bytes that is.
    behind: (usize, usize),
    pace: Pace,
}

#[derive(Default)]
enum Seat {
    /// Nobody takes what is for the account.
    #[default]
    None,
    /// What waits is asked for.
    Reading(Ticket),
    Live,
    /// The room does not let the account read. The next message is the time to ask again.
    Refused,
}

/// What was handed on.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Told {
    /// All up to here.
    through: Option<Offset>,
    /// These as well, of the same epoch.
    ahead: BTreeSet<u64>,
    /// But not these: nobody has heard them after all.
    owed: BTreeSet<u64>,
}

/// A message on its way into the log.
struct Pending {
    ticket: Ticket,
    parcel: Parcel,
    /// Until it is kept.
    claim: Option<Claim>,
    /// It is kept there, and is told when its turn comes.
    at: Option<Offset>,
    /// What the same sender said afterwards.
    behind: Vec<Parcel>,
}

impl Inbox {
    /// Whether there is nothing to wait for.
    pub(super) fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.writing.is_none() && !self.is_unwritten
    }

    /// Learns how far all was told.
    pub(super) fn know(&mut self, paper: &[u8]) {
        self.told = Told::decode(paper).unwrap_or_default();
    }

    /// Makes a stanza wait if something of its sender is being kept: he is heard in his order (RFC 6120 §10.1). Says whether it waits;
    /// nothing if too many do. What is for the account itself, and presence, is not a part of a conversation.
    pub(super) fn holds_up(&mut self, parcel: &Parcel) -> Option<bool> {
        let is_said = match parcel.kind() {
            StanzaKind::Message => true,
            StanzaKind::Iq => parcel.to().resource().is_some(),
            StanzaKind::Presence => false,
        };
        let mut of_sender = self.pending.iter_mut().rev().filter(|one| one.parcel.from() == parcel.from());
        let Some(last) = of_sender.next().filter(|_| is_said) else { return Some(false) };
        let (count, bytes) = (self.behind.0 + 1, self.behind.1 + parcel.element().bytes().len());
        if count > BEHIND || bytes > BEHIND_BYTES {
            return None;
        }
        self.behind = (count, bytes);
        last.behind.push(parcel.clone());
        Some(true)
    }

    fn is_seated(&self) -> bool {
        matches!(self.seat, Seat::Reading(_) | Seat::Live)
    }
}

impl Account {
    /// Takes a message of one of the account's own resources to whom it is for.
    pub(super) fn speak(&mut self, key: SessionKey, parcel: &Parcel, claim: Option<Claim>, cx: &mut Cx<'_>) {
        let who = self.devices().find(|resource| resource.key == key).map(|one| one.who.clone());
        let Some(who) = who.filter(|_| form::room(parcel.to(), cx).is_some()) else {
            return self.send(parcel.clone(), cx);
        };
        if !form::is_kept(parcel) {
            return self.say_in_passing(parcel, who, cx);
        }
        let XmppSettings { publish_rate, publish_burst, .. } = cx.settings.xmpp;
        if !self.inbox.pace.spend(publish_rate, publish_burst, cx.now.mono_ms) {
            return self.refuse(parcel, Condition::PolicyViolation, cx);
        }
        if parcel.to().bare_str() == self.bare.as_str() {
            self.keep_message(parcel.clone(), &who, claim, cx);
        } else {
            let letter = ToAccount::Keep(parcel.clone(), who, claim);
            cx.write_to_steward(office(parcel.to()), Self::appoint, letter);
        }
    }

    /// What is not kept goes on; that somebody writes also to those who read the other's inbox by other protocols.
    fn say_in_passing(&mut self, parcel: &Parcel, who: Arc<Identity>, cx: &mut Cx<'_>) {
        let XmppSettings { publish_rate, publish_burst, .. } = cx.settings.xmpp;
        let shown = form::typing(parcel).is_some() && parcel.to().bare_str() != self.bare.as_str();
        if shown && self.inbox.pace.spend(publish_rate, publish_burst, cx.now.mono_ms) {
            let letter = ToAccount::Show(parcel.clone(), who);
            cx.write_to_steward(office(parcel.to()), Self::appoint, letter);
        } else {
            self.send(parcel.clone(), cx);
        }
    }

    /// Shows that `who` is writing, unless the account does not want to hear of him.
    pub(super) fn show_typing(&mut self, parcel: &Parcel, who: &Arc<Identity>, cx: &mut Cx<'_>) {
        if !self.is_blocked(parcel.from())
            && let (Some(typing), Some(room)) = (form::typing(parcel), form::room(&self.bare, cx))
        {
            let ticket = self.next_ticket();
            let what = Some(Carried::new(MESSAGE, Bytes::new()));
            cx.command(&room, who, Command::Pass { typing: Some(typing), what }, ticket);
        }
        self.deliver(parcel, cx);
    }

    /// Somebody who speaks another protocol is writing. Who speaks XMPP says so to the devices themselves.
    fn tell_typing(&self, passing: &Passing, cx: &mut Cx<'_>) {
        let by_stream = passing.what.as_ref().is_some_and(|what| what.form() == MESSAGE);
        let parcel = form::typist(passing, &self.bare).filter(|_| !by_stream);
        if let Some(parcel) = parcel.filter(|parcel| !self.is_blocked(parcel.from())) {
            self.tell_willing(&parcel, cx);
        }
    }

    /// Keeps a message that `who` has for this account.
    pub(super) fn keep_message(
        &mut self,
        parcel: Parcel,
        who: &Arc<Identity>,
        claim: Option<Claim>,
        cx: &mut Cx<'_>,
    ) {
        if self.is_blocked(parcel.from()) {
            return self.ward_off(&parcel, cx);
        }
        let Some(room) = form::room(&self.bare, cx) else {
            return self.refuse(&parcel, Condition::ServiceUnavailable, cx);
        };
        if matches!(self.inbox.seat, Seat::Refused) {
            self.inbox.seat = Seat::None;
        }
        let ticket = self.next_ticket();
        let (body, wish) = form::body(&parcel);
        cx.command(&room, who, Command::Publish { body, key: None, about: wish.map(Box::new) }, ticket);
        self.inbox.pending.push_back(Pending { ticket, parcel, claim, at: None, behind: Vec::new() });
    }

    /// What the hub says of the inbox.
    pub(super) fn hear(&mut self, notice: Notice<'_>, cx: &mut Cx<'_>) {
        match notice {
            Notice::Reply { room, ticket, reply } => self.replied(room, ticket, reply, cx),
            Notice::Happened { what, .. } => {
                for one in what {
                    match one {
                        Happening::Event(event) => self.receive(event, false, cx),
                        Happening::Passing(passing) => self.tell_typing(passing, cx),
                        _ => {}
                    }
                }
            }
        }
    }

    fn replied(&mut self, room: &RoomName, ticket: Ticket, reply: Reply, cx: &mut Cx<'_>) {
        if matches!(self.inbox.seat, Seat::Reading(awaited) if awaited == ticket) {
            return match reply {
                Reply::Joined(joined) => self.read_page(room, &joined, cx),
                _ => self.inbox.seat = Seat::Refused,
            };
        }
        let Some(index) = self.inbox.pending.iter().position(|pending| pending.ticket == ticket) else {
            return;
        };
        match reply {
            Reply::Published(Published { at, .. }) if self.inbox.is_seated() && !self.inbox.told.has(at) => {
                self.inbox.pending[index].at = Some(at);
                self.inbox.pending[index].claim = None;
            }
            reply => {
                let Some(pending) = self.inbox.pending.remove(index) else { return };
                match reply {
                    Reply::Published(kept) => self.tell_at_once(&pending.parcel, &kept, cx),
                    // It may know better what it speaks of than we do: it goes on, though it is not kept.
                    Reply::Refused(Refusal::NoSuchMessage | Refusal::NotYours) => {
                        self.deliver_now(&pending.parcel, cx);
                    }
                    Reply::Refused(why) => self.refuse(&pending.parcel, condition(&why), cx),
                    // The room's application has taken it for itself.
                    _ => {}
                }
                self.go_on_behind(pending, cx);
            }
        }
    }

    /// It is kept, and no seat will tell of it.
    fn tell_at_once(&mut self, parcel: &Parcel, kept: &Published, cx: &mut Cx<'_>) {
        if self.inbox.told.has(kept.at) {
            return;
        }
        let parcel = form::stamped(parcel, &self.bare, kept.id, None);
        if let Some(parcel) = parcel.filter(|parcel| self.hand_on(parcel, cx)) {
            self.note_heard(kept.id, kept.at, &parcel);
            self.inbox.told.add_ahead(kept.at);
            self.inbox.is_unwritten = true;
        }
    }

    /// What was held up by a message may go.
    fn go_on_behind(&mut self, pending: Pending, cx: &mut Cx<'_>) {
        for parcel in pending.behind {
            let (count, bytes) = &mut self.inbox.behind;
            (*count, *bytes) = (*count - 1, *bytes - parcel.element().bytes().len());
            self.deliver_now(&parcel, cx);
        }
    }

    /// Takes or leaves the seat, as somebody is there who takes what is for the account; writes down how far all was told.
    pub(super) fn attend(&mut self, cx: &mut Cx<'_>) {
        let Some(room) = form::room(&self.bare, cx) else { return };
        let willing = self.devices().find(|one| one.is_willing()).map(|one| one.who.clone());
        match (&self.inbox.seat, willing) {
            (Seat::None, Some(who)) => self.ask_for_page(&room, &who, cx),
            (Seat::Reading(_) | Seat::Live, None) => self.leave_inbox(&room, cx),
            (Seat::Refused, None) => self.inbox.seat = Seat::None,
            _ => {}
        }
        self.write_down(cx);
    }

    fn ask_for_page(&mut self, room: &RoomName, who: &Arc<Identity>, cx: &mut Cx<'_>) {
        let ticket = self.next_ticket();
        let start = self.inbox.told.next();
        cx.command(room, who, Command::join(start, PAGE, Stay::Unseen, true, None), ticket);
        self.inbox.seat = Seat::Reading(ticket);
    }

    /// What the seat would have told of goes to whoever is there.
    fn leave_inbox(&mut self, room: &RoomName, cx: &mut Cx<'_>) {
        cx.leave(room);
        self.inbox.seat = Seat::None;
        let (kept, pending) =
            std::mem::take(&mut self.inbox.pending).into_iter().partition(|one| one.at.is_some());
        self.inbox.pending = pending;
        let kept: VecDeque<Pending> = kept;
        for one in kept {
            if one.parcel.to().resource().is_some() {
                // It may be told again with what waits: better than never.
                self.hand_on(&one.parcel, cx);
            }
            self.go_on_behind(one, cx);
        }
    }

    fn read_page(&mut self, room: &RoomName, joined: &Joined, cx: &mut Cx<'_>) {
        for event in &joined.page.events {
            self.receive(event, true, cx);
        }
        let cursor = joined.page.cursor();
        self.inbox.is_unwritten |= self.inbox.told.reach(cursor);
        if joined.live {
            cx.seat(room, Delivery::Personal, true);
            self.inbox.seat = Seat::Live;
        } else {
            self.inbox.seat = Seat::None;
        }
    }

    /// Hands on what the room tells, each once.
    fn receive(&mut self, event: &Event, waited: bool, cx: &mut Cx<'_>) {
        if self.inbox.told.take(event.at) {
            // Copies of what the account said itself are for its archive: its devices have carbons.
            let parcel = event.to.is_none().then(|| form::parcel(event, &self.bare, waited)).flatten();
            if let Some(parcel) = parcel.filter(|parcel| !self.is_blocked(parcel.from())) {
                self.note_heard(event.id, event.at, &parcel);
                self.hand_on(&parcel, cx);
            }
        }
        self.inbox.is_unwritten = true;
        while let Some(index) =
            self.inbox.pending.iter().position(|one| one.at.is_some_and(|at| self.inbox.told.has(at)))
        {
            if let Some(pending) = self.inbox.pending.remove(index) {
                self.go_on_behind(pending, cx);
            }
        }
    }

    /// What was told is to be told again, because whoever was told has not heard it.
    pub(super) fn owe(&mut self, at: Offset) {
        self.inbox.told.owe(at);
        self.inbox.is_unwritten = true;
    }

    fn write_down(&mut self, cx: &mut Cx<'_>) {
        let Keeper::Store(owner) = &self.keeper else { return };
        if !self.inbox.is_unwritten || self.inbox.writing.is_some() {
            return;
        }
        let paper = (META, TOLD.to_owned(), Some(self.inbox.told.encode()));
        let ask = PapersAsk::Write { owner: owner.clone(), changes: vec![paper] };
        self.inbox.is_unwritten = false;
        self.inbox.writing = Some(self.ask(Question::Papers(ask), cx));
    }

    /// Whether this answers what was written down here. If it is not kept, the next message is the time to try again.
    pub(super) fn wrote_down(&mut self, ticket: Ticket) -> bool {
        let is_it = self.inbox.writing == Some(ticket);
        if is_it {
            self.inbox.writing = None;
        }
        is_it
    }

    /// Nobody has said whether it is kept.
    pub(super) fn give_up_writing(&mut self) {
        self.inbox.writing = None;
    }

    fn next_ticket(&mut self) -> Ticket {
        self.last_ticket = self.last_ticket.wrapping_add(1);
        self.last_ticket
    }
}

impl Told {
    /// Whether what is at this place was handed on.
    fn has(&self, at: Offset) -> bool {
        self.through.is_some_and(|through| through.epoch == at.epoch && at.seq <= through.seq)
            && !self.owed.contains(&at.seq)
    }

    /// Where to go on reading.
    fn next(&self) -> Start {
        let Some(through) = self.through else { return Start::Oldest };
        let owed = self.owed.first().map_or(through.seq, |seq| through.seq.min(seq - 1));
        Start::After(Offset::new(through.epoch, owed))
    }

    /// All up to here was handed on, or is not there any more. Says whether that is new.
    fn reach(&mut self, at: Offset) -> bool {
        match self.through {
            Some(through) if through.epoch == at.epoch && at.seq <= through.seq => {
                let later = self.owed.split_off(&(at.seq + 1));
                !std::mem::replace(&mut self.owed, later).is_empty()
            }
            _ => {
                *self = Self { through: Some(at), ..Self::default() };
                true
            }
        }
    }

    /// What is at this place was not handed on after all.
    fn owe(&mut self, at: Offset) {
        if self.through.is_some_and(|through| through.epoch == at.epoch) {
            // What was told before its turn has it still to come.
            if !self.ahead.remove(&at.seq) && self.has(at) {
                self.owed.insert(at.seq);
            }
            if self.owed.len() > AHEAD {
                self.owed.pop_first();
            }
        }
    }

    /// Goes on to this place. Says whether what is there has still to be handed on.
    fn take(&mut self, at: Offset) -> bool {
        if self.has(at) {
            return false;
        }
        if self.through.is_some_and(|through| through.epoch != at.epoch) {
            self.ahead.clear();
            self.owed.clear();
        }
        if self.owed.remove(&at.seq) {
            return true;
        }
        self.through = Some(at);
        !self.ahead.remove(&at.seq)
    }

    /// What is at this place was handed on before its turn.
    fn add_ahead(&mut self, at: Offset) {
        let known = self.through.get_or_insert(Offset::new(at.epoch, 0));
        if known.epoch != at.epoch {
            *known = Offset::new(at.epoch, 0);
            self.ahead.clear();
            self.owed.clear();
        }
        self.ahead.insert(at.seq);
        if self.ahead.len() > AHEAD {
            self.ahead.pop_first();
        }
    }

    /// Numbers with spaces between them: the epoch, how far all was told, what else was, and with a minus what was not.
    fn encode(&self) -> Bytes {
        let through = self.through.unwrap_or(Offset::new(0, 0));
        let ahead: String = self.ahead.iter().map(|seq| format!(" {seq}")).collect();
        let owed: String = self.owed.iter().map(|seq| format!(" -{seq}")).collect();
        format!("{} {}{ahead}{owed}", through.epoch, through.seq).into()
    }

    fn decode(paper: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(paper).ok()?.split(' ');
        let through = Offset::new(words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let mut told = Self { through: Some(through), ..Self::default() };
        for word in words {
            match word.strip_prefix('-') {
                Some(owed) => told.owed.insert(owed.parse().ok().filter(|seq| *seq > 0)?),
                None => told.ahead.insert(word.parse().ok()?),
            };
        }
        Some(told)
    }
}

/// Why a message is not kept, in the words of RFC 6120 §8.3.3. Whoever has no inbox looks like nobody (RFC 6121 §8.5.1).
fn condition(why: &Refusal) -> Condition {
    match why {
        Refusal::NoSuchInbox => Condition::ServiceUnavailable,
        Refusal::TooFast => Condition::PolicyViolation,
        Refusal::Forbidden(_) | Refusal::Outcast | Refusal::NoVoice => Condition::Forbidden,
        Refusal::MembersOnly => Condition::RegistrationRequired,
        Refusal::ByApplication(_) => Condition::NotAcceptable,
        Refusal::LogFailed => Condition::InternalServerError,
        Refusal::Busy | Refusal::TooManyRooms | Refusal::NoVerdict => Condition::ResourceConstraint,
        _ => Condition::ServiceUnavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_once_whatever_its_turn() {
        let mut told = Told::default();
        let at = |seq| Offset::new(7, seq);
        told.add_ahead(at(2));
        assert!(told.take(at(1)) && !told.take(at(2)) && told.take(at(3)) && !told.take(at(3)));
        assert!(told.ahead.is_empty() && told.has(at(3)) && !told.has(at(4)));
        assert!(told.take(Offset::new(8, 1)), "another log");
    }

    #[test]
    fn what_was_told_in_vain_is_told_again_once() {
        let at = |seq| Offset::new(7, seq);
        let mut told = Told { through: Some(at(9)), ..Told::default() };
        told.owe(at(4));
        told.owe(at(7));
        told.owe(at(10));
        assert!(!told.has(at(4)) && told.has(at(5)) && !told.has(at(10)), "10 was never told");
        assert_eq!(told.next(), Start::After(at(3)));
        assert!(told.take(at(4)) && !told.take(at(4)) && !told.take(at(5)));
        assert!(told.reach(at(8)), "7 is not there any more");
        assert_eq!(told, Told { through: Some(at(9)), ..Told::default() });
        assert!(!told.reach(at(9)) && told.reach(at(11)) && told.has(at(10)));
        told.add_ahead(at(13));
        told.owe(at(13));
        assert!(told.take(at(12)) && told.take(at(13)));
    }

    #[test]
    fn what_is_written_is_read() {
        let (ahead, owed) = (BTreeSet::from([42, 44]), BTreeSet::from([3, 39]));
        let mut told = Told { through: Some(Offset::new(7, 40)), ahead, owed };
        assert_eq!(Told::decode(&told.encode()), Some(told.clone()));
        told.ahead.clear();
        assert_eq!(&told.encode()[..], b"7 40 -3 -39");
        told.owed.clear();
        assert_eq!(&told.encode()[..], b"7 40");
        for wrong in ["", "7", "7 x", "7 1 ", "7 1 -0", "7 1 - 2", "99999999999 1"] {
            assert_eq!(Told::decode(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
