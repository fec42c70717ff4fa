//! An account as all its devices share it: which of them are there, whom it knows, and which of them gets what.
//!
//! It is the steward of its bare address: a session without a link, on the worker that is the address's home. It begins with the
//! first letter, reads what the account keeps (`papers`), and ends when none of its resources is left. All that its clients send to anybody
//! goes through it first (`own`), then to the steward of whoever it is for (`deliver`): the two servers of RFC 6121 in one.
//! Guests have a steward as well, which remembers nothing beyond its own end.

mod blocking;
mod carbons;
mod contact;
mod inbox;
mod iq;
mod papers;
mod presence;
mod private;
mod register;
mod returned;
mod roster;
mod route;
mod subscribing;
mod subscription;
#[cfg(test)]
mod tests;
mod vcard;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use hubbub_hub::{Identity, SessionKey, Ticket};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, StanzaKind, iq_result};
use hubbub_xmpp::xml::Tag;

use self::contact::Contact;
use self::inbox::Inbox;
use self::papers::{Fetched, Keeper, Stage};
use self::returned::Lately;
use super::letters::{ToAccount, ToClient, Unheard};
use super::parcel::Parcel;
use crate::session::{Act, Close, Cx, Deed, Input, Session};

pub(super) use self::carbons::NS as CARBONS;
pub(super) use self::inbox::{archived, inbox_of, is_between};
pub(super) use self::iq::FEATURES;

/// Most that waits while a steward reads or writes, in bytes.
const WAITING_BYTES: usize = 1 << 22;
/// What a letter weighs beside its stanza, in bytes.
const LETTER: usize = 1024;

/// The name of an account's steward: of the bare address of `jid`.
pub(super) fn office(jid: &Jid) -> Arc<str> {
    format!("xmpp:{}", jid.bare_str()).into()
}

/// One account.
pub(super) struct Account {
    bare: Jid,
    /// Boxed: most accounts have one, and a tree makes room for eleven.
    resources: BTreeMap<String, Box<Resource>>,
    /// Whether there is such an account, whoever of it is there.
    exists: bool,
    /// Everybody it has to do with, by bare address.
    contacts: BTreeMap<Jid, Contact>,
    /// Names the state of the roster (RFC 6121 §2.6); empty as long as nothing has changed.
    version: String,
    blocked: BTreeSet<Jid>,
    inbox: Inbox,
    lately: Lately,
    keeper: Keeper,
    stage: Stage,
    /// Letters that came while it reads or writes.
    waiting: VecDeque<(SessionKey, ToAccount)>,
    waiting_bytes: usize,
    /// Questions on somebody's behalf that hold up nobody else.
    fetching: BTreeMap<Ticket, (Parcel, Fetched)>,
    /// What the store is asked to do with the account itself, and for whom.
    changing: BTreeMap<Ticket, Parcel>,
    /// It is no more: whoever has the name next is somebody else.
    is_removed: bool,
    last_ticket: Ticket,
    /// When it gives up waiting for an answer.
    until_ms: Option<u64>,
}

/// One device of the account: a stream with a resource.
pub(super) struct Resource {
    jid: Jid,
    key: SessionKey,
    who: Arc<Identity>,
    /// What it last told everybody, while it is available.
    presence: Option<Parcel>,
    /// From −128 to 127: what is for the account does not go to those below 0 (RFC 6121 §4.7.2.3).
    priority: i8,
    /// It has asked for the roster, and is told of changes (§2.1.6).
    is_interested: bool,
    /// It has asked for the block list, and is told of changes (XEP-0191 §3.3).
    sees_blocks: bool,
    /// It has copies of what the others hear and say (XEP-0280).
    has_copies: bool,
    /// Whom it has sent presence beside those who are subscribed (RFC 6121 §4.6).
    directed: BTreeSet<Jid>,
}

impl Resource {
    fn new(jid: Jid, key: SessionKey, who: Arc<Identity>) -> Self {
        Self {
            jid,
            key,
            who,
            presence: None,
            priority: 0,
            is_interested: false,
            sees_blocks: false,
            has_copies: false,
            directed: BTreeSet::new(),
        }
    }
}

impl Account {
    /// Makes the steward of the account of this office.
    pub(super) fn appoint(office: &Arc<str>) -> Box<dyn Session> {
        let bare = office.strip_prefix("xmpp:").unwrap_or(office);
        match Jid::parse(bare) {
            Ok(bare) => Box::new(Self::new(bare)),
            Err(_) => Box::new(Nobody),
        }
    }

    fn new(bare: Jid) -> Self {
        Self {
            bare,
            resources: BTreeMap::new(),
            exists: false,
            contacts: BTreeMap::new(),
            version: String::new(),
            blocked: BTreeSet::new(),
            inbox: Inbox::default(),
            lately: Lately::default(),
            keeper: Keeper::Memory(BTreeMap::new()),
            stage: Stage::New,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            fetching: BTreeMap::new(),
            changing: BTreeMap::new(),
            is_removed: false,
            last_ticket: 0,
            until_ms: None,
        }
    }

    /// Takes a letter, now or when what is under way is done.
    fn take(&mut self, from: SessionKey, letter: ToAccount, cx: &mut Cx<'_>) {
        if matches!(self.stage, Stage::New) {
            if is_for_those_present(&letter) {
                return;
            }
            // Who comes in has proved that there is such an account.
            self.exists = matches!(letter, ToAccount::Bind { .. });
            self.read(cx);
        }
        if self.waiting.is_empty() && self.is_attentive() {
            return self.attend_to(from, letter, cx);
        }
        let weight = weight(&letter);
        match letter {
            ToAccount::Own(parcel, _)
            | ToAccount::Deliver(parcel)
            | ToAccount::Show(parcel, _)
            | ToAccount::Keep(parcel, ..)
                if self.waiting_bytes + weight > WAITING_BYTES =>
            {
                return self.refuse(&parcel, Condition::ResourceConstraint, cx);
            }
            letter => self.waiting.push_back((from, letter)),
        }
        self.waiting_bytes += weight;
        self.go_on(cx);
    }

    /// Deals with what waits, up to where it has to wait again.
    fn go_on(&mut self, cx: &mut Cx<'_>) {
        while self.is_attentive() {
            let Some((from, letter)) = self.waiting.pop_front() else {
                // Few stewards wait for anything once they have read.
                return self.waiting = VecDeque::new();
            };
            self.waiting_bytes -= weight(&letter);
            self.attend_to(from, letter, cx);
        }
    }

    /// Whether it waits for nothing itself.
    fn is_attentive(&self) -> bool {
        matches!(self.stage, Stage::Ready | Stage::Failed)
    }

    fn attend_to(&mut self, from: SessionKey, letter: ToAccount, cx: &mut Cx<'_>) {
        match self.stage {
            Stage::Failed => self.turn_away(from, letter, cx),
            _ => self.told(from, letter, cx),
        }
    }

    fn told(&mut self, from: SessionKey, letter: ToAccount, cx: &mut Cx<'_>) {
        match letter {
            ToAccount::Bind { jid, who } => self.bind(from, jid, who, cx),
            ToAccount::Gone(unheard) => self.gone(from, &unheard, cx),
            ToAccount::Own(parcel, claim) => self.own(from, &parcel, claim, cx),
            ToAccount::Deliver(parcel) => self.deliver(&parcel, cx),
            ToAccount::Show(parcel, who) => self.show_typing(&parcel, &who, cx),
            ToAccount::Keep(parcel, who, claim) => self.keep_message(parcel, &who, claim, cx),
        }
    }

    /// Without its papers it is of no use to anybody.
    fn turn_away(&self, from: SessionKey, letter: ToAccount, cx: &mut Cx<'_>) {
        match letter {
            ToAccount::Bind { .. } => {
                cx.write_to(from, ToClient::BindRefused(Condition::InternalServerError));
            }
            ToAccount::Gone(_) => {}
            ToAccount::Own(parcel, _)
            | ToAccount::Deliver(parcel)
            | ToAccount::Show(parcel, _)
            | ToAccount::Keep(parcel, ..) => {
                self.refuse(&parcel, Condition::InternalServerError, cx);
            }
        }
    }

    /// A resource that somebody has goes over to who came last (RFC 6120 §7.7.2.2).
    fn bind(&mut self, key: SessionKey, jid: Jid, who: Arc<Identity>, cx: &mut Cx<'_>) {
        let Some(name) = jid.resource().map(str::to_owned) else { return };
        if !self.resources.contains_key(&name) && self.resources.len() >= cx.settings.xmpp.resources {
            return cx.write_to(key, ToClient::BindRefused(Condition::ResourceConstraint));
        }
        self.exists = true;
        if let Some(old) = self.resources.remove(&name) {
            self.withdraw(&old, cx);
            cx.write_to(old.key, ToClient::Replaced);
        }
        cx.deeds.push(Deed::Belong(who.user.clone()));
        self.resources.insert(name, Box::new(Resource::new(jid, key, who)));
        cx.write_to(key, ToClient::Bound);
        if self.is_removed {
            cx.write_to(key, ToClient::Removed);
        }
    }

    fn gone(&mut self, key: SessionKey, unheard: &[Unheard], cx: &mut Cx<'_>) {
        if let Some(gone) = self.name_of(key).and_then(|name| self.resources.remove(&name)) {
            self.withdraw(&gone, cx);
        }
        if !self.is_removed {
            unheard.iter().for_each(|one| self.take_back(one, cx));
        }
        if self.resources.is_empty() && (self.is_removed || matches!(self.keeper, Keeper::Memory(_))) {
            self.end_subscriptions(cx);
        }
    }

    /// The name of the resource that this stream has.
    fn name_of(&self, key: SessionKey) -> Option<String> {
        let found = self.resources.iter().find(|(_, resource)| resource.key == key);
        found.map(|(name, _)| name.clone())
    }

    /// Sends a stanza to whomever it is for, as far as he is concerned: through his steward.
    fn send(&mut self, parcel: Parcel, cx: &mut Cx<'_>) {
        if parcel.to().bare_str() == self.bare.as_str() {
            self.deliver(&parcel, cx);
        } else {
            cx.write_to_steward(office(parcel.to()), Self::appoint, ToAccount::Deliver(parcel));
        }
    }

    /// Says something in the account's own name, or in that of `from`, one of its resources.
    fn say(&mut self, kind: StanzaKind, tag: &Tag, from: &Jid, to: &Jid, cx: &mut Cx<'_>) {
        if let Some(parcel) = Parcel::made(kind, tag, from, to) {
            self.send(parcel, cx);
        }
    }

    /// The result of an iq.
    fn reply(&self, asked: &Parcel, payload: Option<Tag>, cx: &mut Cx<'_>) {
        let id = asked.element().attr("id").unwrap_or_default();
        let result = iq_result(&id, None, None, payload);
        self.hand_back(Parcel::made(StanzaKind::Iq, &result, asked.to(), asked.from()), cx);
    }

    /// The error that answers a stanza, if it is one that errors answer.
    fn refuse(&self, parcel: &Parcel, why: Condition, cx: &mut Cx<'_>) {
        self.hand_back(parcel.refused(why, None), cx);
    }

    /// An answer to one's own resource goes straight there, to anybody else through his steward.
    fn hand_back(&self, answer: Option<Parcel>, cx: &mut Cx<'_>) {
        let Some(answer) = answer else { return };
        let own = self.devices().find(|resource| resource.jid == *answer.to());
        match own {
            Some(resource) => route::tell(resource, &answer, cx),
            None if answer.to().bare_str() == self.bare.as_str() => {}
            None => {
                cx.write_to_steward(office(answer.to()), Self::appoint, ToAccount::Deliver(answer));
            }
        }
    }

    /// Whether nothing is left to be done or kept here.
    fn is_idle(&self) -> bool {
        let is_busy =
            matches!(self.stage, Stage::Reading(_) | Stage::Writing { .. }) || !self.inbox.is_idle();
        !is_busy
            && self.resources.is_empty()
            && self.waiting.is_empty()
            && self.fetching.is_empty()
            && self.changing.is_empty()
    }
}

/// What a letter weighs while it waits. A stanza is there as it came and as it goes.
fn weight(letter: &ToAccount) -> usize {
    match letter {
        ToAccount::Own(parcel, _)
        | ToAccount::Deliver(parcel)
        | ToAccount::Show(parcel, _)
        | ToAccount::Keep(parcel, ..) => LETTER + 2 * parcel.element().bytes().len(),
        ToAccount::Gone(unheard) => {
            let bytes = unheard.iter().map(|one| LETTER + 2 * one.parcel.element().bytes().len());
            LETTER + bytes.sum::<usize>()
        }
        ToAccount::Bind { .. } => LETTER,
    }
}

/// Of presence only those hear who are there: nobody looks into the papers of the absent for it. So a probe to an account of which nobody
/// is there has no answer (RFC 6121 §4.3.2 would have one say that it is unavailable).
fn is_for_those_present(letter: &ToAccount) -> bool {
    match letter {
        ToAccount::Gone(unheard) => unheard.is_empty(),
        ToAccount::Deliver(parcel) => {
            let kind = parcel.kind_of();
            parcel.kind() == StanzaKind::Presence && matches!(&*kind, "" | "unavailable" | "probe" | "error")
        }
        ToAccount::Bind { .. } | ToAccount::Own(..) | ToAccount::Show(..) | ToAccount::Keep(..) => false,
    }
}

impl Session for Account {
    fn sees_addresses(&self) -> bool {
        true
    }

    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Letter(from, letter) => match letter.downcast::<ToAccount>() {
                Ok(letter) => self.take(from, *letter, cx),
                Err(_) => return Ok(()),
            },
            Input::Answer(ticket, answer) => {
                self.answered(ticket, answer, cx);
                self.go_on(cx);
            }
            Input::Notice(notice) => self.hear(notice, cx),
            Input::Act(Act::Removed) => self.removed(cx),
            Input::Undelivered(key) => self.take(key, ToAccount::Gone(Vec::new()), cx),
            Input::Timeout => {
                self.overdue(cx);
                self.go_on(cx);
            }
            Input::Shutdown => return Err(Close::Done),
            _ => return Ok(()),
        }
        if matches!(self.stage, Stage::Ready) {
            self.attend(cx);
        }
        if self.is_idle() { Err(Close::Done) } else { Ok(()) }
    }

    fn deadline(&self) -> Option<u64> {
        self.until_ms
    }
}

/// In the place of a steward whose name is no address.
struct Nobody;

impl Session for Nobody {
    fn handle(&mut self, _: Input<'_>, _: &mut Cx<'_>) -> Result<(), Close> {
        Err(Close::Done)
    }
}
