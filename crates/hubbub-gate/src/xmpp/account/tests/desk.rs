//! One account at a desk: the test plays its clients, the other accounts and the store.

use std::sync::Arc;

use hubbub_auth::{Admit, Doorman, TokenKeys};
use hubbub_hub::{
    AccountAnswer, Command, Identity, IdentityKind, Now, Paper, PapersAsk, RoomName, SessionKey, Ticket,
    UserAddress,
};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::kind_of;
use hubbub_xmpp::{stream, xml};

use super::super::Account;
use super::super::contact::Contact;
use super::super::papers::ROSTER;
use super::super::subscription::State;
use crate::coder::Coder;
use crate::outbox::Outbox;
use crate::session::{Answer, Close, Cx, Deed, Input, Question, Session};
use crate::settings::{GateSettings, XmppSettings};
use crate::xmpp::letters::{ToAccount, ToClient};
use crate::xmpp::parcel::Parcel;

pub(super) const ROMEO: &str = "romeo@a.org";
pub(super) const ORCHARD: &str = "romeo@a.org/orchard";

pub(super) struct Desk {
    pub(super) account: Account,
    pub(super) now: Now,
    settings: GateSettings,
    doorman: Doorman,
    /// What was said, in order: `to client 1: <iq …>`, `to juliet@a.org: <presence …>`.
    said: Vec<String>,
    /// What the store was asked and has not answered.
    pub(super) asked: Vec<(Ticket, Question)>,
    /// What rooms were asked and have not answered.
    pub(super) commands: Vec<(RoomName, Command, Ticket)>,
    pub(super) end: Option<Close>,
}

impl Desk {
    pub(super) fn new(bare: &str) -> Self {
        let admit = Admit { guests: true, accounts: true, tokens: false };
        let keys =
            TokenKeys { hmac: None, ed25519_public_pem: None, issuer: None, audience: None, leeway_s: 0 };
        Self {
            account: Account::new(Jid::parse(bare).unwrap()),
            now: Now { unix_ms: 1_763_800_000_000, mono_ms: 5000 },
            settings: settings(),
            doorman: Doorman::new("a.org", None, admit, &keys, Some([7; 32])).unwrap(),
            said: Vec::new(),
            asked: Vec::new(),
            commands: Vec::new(),
            end: None,
        }
    }

    /// An account of which the store knows this much.
    pub(super) fn with(bare: &str, contacts: &[(&str, State)]) -> Self {
        let mut desk = Self::new(bare);
        desk.bind(1, &format!("{bare}/orchard"));
        let paper = |(jid, state): &(&str, State)| {
            let value = Contact { listed: true, state: *state, ..Contact::default() }.encode();
            Paper { shelf: ROSTER, key: (*jid).to_owned(), value }
        };
        desk.answer_reading(&contacts.iter().map(paper).collect::<Vec<_>>());
        desk.said.clear();
        desk
    }

    /// A client that is bound, and whom nobody has been told of.
    pub(super) fn romeo() -> Self {
        Self::with(ROMEO, &[])
    }

    pub(super) fn answer_reading(&mut self, roster: &[Paper]) {
        for (ticket, question) in std::mem::take(&mut self.asked) {
            let answer = match question {
                Question::Papers(PapersAsk::Read { shelf: "roster", .. }) => Answer::Papers(roster.to_vec()),
                Question::Papers(PapersAsk::Read { .. }) => Answer::Papers(Vec::new()),
                Question::Account(_) => Answer::Account(AccountAnswer::Exists(Some("Romeo".to_owned()))),
                _ => panic!("nothing else is read"),
            };
            self.input(Input::Answer(ticket, answer));
        }
    }

    pub(super) fn input(&mut self, input: Input<'_>) {
        let (mut out, mut deeds) = (Outbox::new(), Vec::new());
        let mut cx = Cx {
            key: key(0),
            now: self.now,
            out: &mut out,
            doorman: &self.doorman,
            settings: &self.settings,
            coder: &mut Coder::default(),
            rng: &mut fastrand::Rng::with_seed(1),
            deeds: &mut deeds,
        };
        self.end = self.account.handle(input, &mut cx).err();
        deeds.into_iter().for_each(|deed| self.deed(deed));
    }

    fn deed(&mut self, deed: Deed) {
        match deed {
            Deed::Ask(question, ticket) => self.asked.push((ticket, question)),
            Deed::Letter(to, letter) => {
                let what = match *letter.downcast::<ToClient>().unwrap() {
                    ToClient::Deliver(parcel) => text(&parcel),
                    other => format!("{other:?}"),
                };
                self.said.push(format!("to client {}: {what}", to.slot));
            }
            Deed::Steward { name, letter, .. } => match *letter.downcast::<ToAccount>().unwrap() {
                ToAccount::Deliver(parcel) => self.said.push(format!("to {name}: {}", text(&parcel))),
                ToAccount::Keep(parcel, ..) => {
                    self.said.push(format!("to {name} to keep: {}", text(&parcel)))
                }
                other => panic!("an account says {other:?} to another"),
            },
            Deed::Command(room, _, command, ticket) => self.commands.push((room, command, ticket)),
            Deed::Seat { .. } | Deed::Leave(_) | Deed::Belong(_) => {}
            _ => panic!("accounts do nothing else"),
        }
    }

    pub(super) fn bind(&mut self, slot: u32, jid: &str) {
        let jid = Jid::parse(jid).unwrap();
        let user = UserAddress::from_prepared(jid.bare_str());
        let (name, kind) = ("Romeo".into(), IdentityKind::Account);
        let who =
            Identity { user, name, kind, named: true, grants: None, since_unix_ms: 0, expires_unix_ms: None };
        self.letter(slot, ToAccount::Bind { jid, who: Arc::new(who) });
    }

    pub(super) fn letter(&mut self, slot: u32, letter: ToAccount) {
        self.input(Input::Letter(key(slot), Box::new(letter)));
    }

    /// The client in this place says something, as itself.
    pub(super) fn says(&mut self, slot: u32, jid: &str, stanza: &str) {
        self.letter(slot, ToAccount::Own(parcel(jid, stanza, ROMEO), None));
    }

    /// Somebody else's account says something.
    pub(super) fn hears(&mut self, from: &str, stanza: &str) {
        self.letter(9, ToAccount::Deliver(parcel(from, stanza, ROMEO)));
    }

    /// What was said since the last time.
    pub(super) fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// The one thing that the store was asked to write, as text.
    pub(super) fn written(&self) -> Vec<(&'static str, String, Option<String>)> {
        let [(_, Question::Papers(PapersAsk::Write { owner, changes }))] = &self.asked[..] else {
            panic!("one write and nothing else");
        };
        assert_eq!(owner, "romeo");
        let text = |value: &bytes::Bytes| String::from_utf8(value.to_vec()).unwrap();
        changes.iter().map(|(shelf, key, value)| (*shelf, key.clone(), value.as_ref().map(text))).collect()
    }

    /// The store answers what it was asked.
    pub(super) fn answer(&mut self, answer: Answer) {
        let (ticket, _) = self.asked.remove(0);
        self.input(Input::Answer(ticket, answer));
    }
}

fn key(slot: u32) -> SessionKey {
    SessionKey { worker: 0, slot, generation: 0 }
}

/// A stanza from one address; to whom it says, or else to `to`.
pub(super) fn parcel(from: &str, stanza: &str, to: &str) -> Parcel {
    let element = xml::parse_under(stanza.as_bytes(), "jabber:client", &xml::Limits::default()).unwrap();
    let to = element.attr("to").map_or_else(|| to.to_owned(), |to| to.into_owned());
    let jid = |text: &str| Jid::parse(text).unwrap();
    Parcel::new(kind_of(&element).unwrap(), element, jid(from), jid(&to))
}

/// A stanza as it goes on the wire.
fn text(parcel: &Parcel) -> String {
    let pieces: Vec<u8> = parcel.pieces("").into_iter().flatten().collect();
    format!("<{}{}", parcel.kind().as_str(), String::from_utf8(pieces).unwrap())
}

/// As by default, but people may register.
fn settings() -> GateSettings {
    let stream = stream::Settings { register: true, ..stream::Settings::new("a.org") };
    let xmpp = XmppSettings { stream: Arc::new(stream), ..XmppSettings::of("a.org") };
    GateSettings { xmpp, ..GateSettings::of("a.org") }
}
