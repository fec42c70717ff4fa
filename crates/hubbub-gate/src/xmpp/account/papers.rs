//! What an account keeps: read when its steward begins, written before anybody is told of a change.
//!
//! While something is read or written all else waits in a row, so whoever asks twice is answered in order and nobody sees half of a
//! change. Only what is fetched one by one (private XML, cards) does not hold up the others. Guests keep it in memory, as long as one of
//! their resources is there.

use std::collections::BTreeMap;

use bytes::Bytes;
use hubbub_hub::{AccountAnswer, AccountAsk, Paper, PaperChange, PapersAsk, RoomName, Ticket};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::Condition;

use super::Account;
use super::contact::Contact;
use crate::session::{Answer, Cx, Question};
use crate::xmpp::parcel::Parcel;

/// Contacts, by their bare addresses.
pub(super) const ROSTER: &str = "roster";
/// Who is blocked: addresses, without a value.
pub(super) const BLOCK: &str = "block";
/// Private XML, by name and namespace.
pub(super) const PRIVATE: &str = "private";
/// Cards.
pub(super) const VCARD: &str = "vcard";
/// What the account itself has to remember.
pub(super) const META: &str = "meta";

/// The shelves that a steward knows by heart.
const READ: [&str; 3] = [ROSTER, BLOCK, META];

/// Most that a guest keeps, in bytes. The store has limits of its own.
const GUEST_BYTES: usize = 1 << 16;

/// Where papers are.
#[derive(Debug)]
pub(super) enum Keeper {
    /// In the store, under the prepared localpart of the account.
    Store(String),
    /// Here: a guest's.
    Memory(BTreeMap<(&'static str, String), Bytes>),
}

impl Keeper {
    /// Who keeps the papers of `bare`; nobody if it can have none.
    fn of(bare: &Jid, domain: &str) -> Option<Self> {
        if bare.domain() != domain {
            return Some(Self::Memory(BTreeMap::new()));
        }
        Some(Self::Store(RoomName::from_localpart(bare.local()?).ok()?.as_str().to_owned()))
    }
}

/// What a steward is about.
pub(super) enum Stage {
    /// Nobody has wanted anything of it yet.
    New,
    /// It reads: these answers are to come.
    Reading(Vec<Ticket>),
    /// It takes letters.
    Ready,
    /// It writes.
    Writing {
        ticket: Ticket,
        /// Who is told if it cannot be kept.
        cause: Parcel,
        then: Then,
    },
    /// It could not read, and serves nobody.
    Failed,
}

/// What is done when a change is kept.
type Then = Box<dyn FnOnce(&mut Account, &mut Cx<'_>)>;

/// What is made of something that was fetched; `None` if there is no such thing.
pub(super) type Fetched = fn(&mut Account, &Parcel, Option<Bytes>, &mut Cx<'_>);

impl Account {
    /// Begins to read; letters wait until that is done.
    pub(super) fn read(&mut self, cx: &mut Cx<'_>) {
        self.stage = match Keeper::of(&self.bare, &cx.settings.domain) {
            None => Stage::Failed,
            Some(Keeper::Store(owner)) => {
                self.keeper = Keeper::Store(owner.clone());
                let mut tickets: Vec<_> = READ
                    .map(|shelf| {
                        self.ask(Question::Papers(PapersAsk::Read { owner: owner.clone(), shelf }), cx)
                    })
                    .into();
                if !self.exists {
                    tickets.push(self.ask(Question::Account(AccountAsk::Exists { user: owner }), cx));
                }
                Stage::Reading(tickets)
            }
            Some(memory) => {
                self.keeper = memory;
                Stage::Ready
            }
        };
    }

    pub(super) fn ask(&mut self, question: Question, cx: &mut Cx<'_>) -> Ticket {
        self.last_ticket = self.last_ticket.wrapping_add(1);
        self.until_ms = Some(cx.now.mono_ms + cx.settings.answer_ms);
        cx.ask(question, self.last_ticket);
        self.last_ticket
    }

    /// The answer to something that was asked here.
    pub(super) fn answered(&mut self, ticket: Ticket, answer: Answer, cx: &mut Cx<'_>) {
        if let Some((asked, fetched)) = self.fetching.remove(&ticket) {
            match answer {
                Answer::Papers(mut papers) => {
                    fetched(self, &asked, papers.pop().map(|paper| paper.value), cx);
                }
                _ => self.refuse(&asked, Condition::InternalServerError, cx),
            }
            return;
        }
        if let Some(asked) = self.changing.remove(&ticket) {
            return self.changed(&asked, &answer, cx);
        }
        if self.wrote_down(ticket) {
            return;
        }
        match std::mem::replace(&mut self.stage, Stage::Ready) {
            Stage::Reading(mut tickets) if tickets.contains(&ticket) => {
                tickets.retain(|other| *other != ticket);
                self.stage = match (self.learn(answer), tickets.is_empty()) {
                    (false, _) => Stage::Failed,
                    (true, false) => Stage::Reading(tickets),
                    (true, true) => Stage::Ready,
                };
            }
            Stage::Writing { ticket: awaited, cause, then } if awaited == ticket => match answer {
                Answer::PapersKept => then(self, cx),
                Answer::PapersFull => self.refuse(&cause, Condition::ResourceConstraint, cx),
                _ => self.refuse(&cause, Condition::InternalServerError, cx),
            },
            other => self.stage = other,
        }
    }

    /// Takes what was read. Says whether it was.
    fn learn(&mut self, answer: Answer) -> bool {
        match answer {
            Answer::Papers(papers) => papers.into_iter().for_each(|paper| self.know(paper)),
            Answer::Account(AccountAnswer::Exists(name)) => self.exists |= name.is_some(),
            _ => return false,
        }
        true
    }

    fn know(&mut self, Paper { shelf, key, value }: Paper) {
        // Who holds a token may have papers without being in the list of accounts.
        self.exists = true;
        match shelf {
            ROSTER => {
                let contact = Jid::parse(&key).ok().zip(Contact::decode(&value));
                self.contacts.extend(contact);
            }
            BLOCK => self.blocked.extend(Jid::parse(&key)),
            META if key == super::roster::VERSION => {
                self.version = String::from_utf8_lossy(&value).into_owned();
            }
            META if key == super::inbox::TOLD => self.inbox.know(&value),
            _ => {}
        }
    }

    /// Nobody has answered in time.
    pub(super) fn overdue(&mut self, cx: &mut Cx<'_>) {
        if self.until_ms.is_none_or(|until_ms| until_ms > cx.now.mono_ms) {
            return;
        }
        self.until_ms = None;
        self.give_up_writing();
        for (asked, _) in std::mem::take(&mut self.fetching).into_values() {
            self.refuse(&asked, Condition::InternalServerError, cx);
        }
        for asked in std::mem::take(&mut self.changing).into_values() {
            self.refuse(&asked, Condition::InternalServerError, cx);
        }
        match std::mem::replace(&mut self.stage, Stage::Ready) {
            Stage::Reading(_) => self.stage = Stage::Failed,
            Stage::Writing { cause, .. } => self.refuse(&cause, Condition::InternalServerError, cx),
            other => self.stage = other,
        }
    }

    /// Keeps `changes`, then goes on with `then`; if they cannot be kept the sender of `cause` is told so. To be called last: other
    /// letters wait until then.
    pub(super) fn keep(
        &mut self,
        changes: Vec<PaperChange>,
        cause: &Parcel,
        cx: &mut Cx<'_>,
        then: impl FnOnce(&mut Self, &mut Cx<'_>) + 'static,
    ) {
        match &mut self.keeper {
            Keeper::Store(_) if changes.is_empty() => then(self, cx),
            Keeper::Store(owner) => {
                let owner = owner.clone();
                let ticket = self.ask(Question::Papers(PapersAsk::Write { owner, changes }), cx);
                self.stage = Stage::Writing { ticket, cause: cause.clone(), then: Box::new(then) };
            }
            Keeper::Memory(papers) => match keep_in_memory(papers, changes) {
                Ok(()) => then(self, cx),
                Err(why) => self.refuse(cause, why, cx),
            },
        }
    }

    /// Fetches one paper, on behalf of who sent `asked`.
    pub(super) fn fetch(
        &mut self,
        shelf: &'static str,
        key: String,
        asked: &Parcel,
        fetched: Fetched,
        cx: &mut Cx<'_>,
    ) {
        match &self.keeper {
            Keeper::Memory(papers) => {
                let found = papers.get(&(shelf, key)).cloned();
                fetched(self, asked, found, cx);
            }
            Keeper::Store(owner) => {
                let owner = owner.clone();
                let ticket = self.ask(Question::Papers(PapersAsk::Get { owner, shelf, key }), cx);
                self.fetching.insert(ticket, (asked.clone(), fetched));
            }
        }
    }
}

/// Takes all changes, or none.
fn keep_in_memory(
    papers: &mut BTreeMap<(&'static str, String), Bytes>,
    changes: Vec<PaperChange>,
) -> Result<(), Condition> {
    let mut after = papers.clone();
    for (shelf, key, value) in changes {
        match value {
            Some(value) => after.insert((shelf, key), value),
            None => after.remove(&(shelf, key)),
        };
    }
    let weight: usize = after.iter().map(|((_, key), value)| key.len() + value.len()).sum();
    if weight > GUEST_BYTES {
        return Err(Condition::ResourceConstraint);
    }
    *papers = after;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_keeps_little_and_all_or_nothing() {
        let mut papers = BTreeMap::new();
        let write =
            |key: &str, length: usize| (PRIVATE, key.to_owned(), Some(Bytes::from(vec![b'x'; length])));
        assert_eq!(keep_in_memory(&mut papers, vec![write("a", 40_000)]), Ok(()));
        let too_much = vec![write("b", 10), write("c", 40_000)];
        assert_eq!(keep_in_memory(&mut papers, too_much), Err(Condition::ResourceConstraint));
        assert_eq!(papers.len(), 1);
        let instead = vec![(PRIVATE, "a".to_owned(), None), write("c", 40_000)];
        assert_eq!(keep_in_memory(&mut papers, instead), Ok(()));
        assert_eq!(papers.keys().map(|(_, key)| key.as_str()).collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn who_keeps_what() {
        let of = |jid: &str| Keeper::of(&Jid::parse(jid).unwrap(), "example.org");
        assert!(matches!(of("alice@example.org"), Some(Keeper::Store(owner)) if owner == "alice"));
        assert!(matches!(of("ann@guest.example.org"), Some(Keeper::Memory(_))));
        assert!(of("example.org").is_none());
    }
}
