//! Every question has exactly one answer, whatever is asked in whatever order, and whatever the store does meanwhile
//! (RFC 6120 §8.2.3).

use hubbub_hub::{AccountAnswer, PapersAsk};
use proptest::prelude::*;
use proptest::sample::select;

use super::desk::{Desk, ORCHARD};
use crate::session::{Answer, Input, Question, Session};

/// What may be asked; some of it makes sense.
const PAYLOADS: [&str; 15] = [
    "<query xmlns='jabber:iq:roster'/>",
    "<query xmlns='jabber:iq:roster' ver='0'/>",
    "<query xmlns='jabber:iq:roster'><item jid='nurse@b.org'/></query>",
    "<query xmlns='jabber:iq:roster'><item jid='nurse@b.org' subscription='remove'/></query>",
    "<query xmlns='jabber:iq:roster'><item jid='@'/></query>",
    "<query xmlns='jabber:iq:private'><p xmlns='urn:example:p'>x</p></query>",
    "<query xmlns='jabber:iq:private'/>",
    "<vCard xmlns='vcard-temp'><FN>Romeo</FN></vCard>",
    "<blocklist xmlns='urn:xmpp:blocking'/>",
    "<block xmlns='urn:xmpp:blocking'><item jid='juliet@a.org'/></block>",
    "<unblock xmlns='urn:xmpp:blocking'/>",
    "<query xmlns='http://jabber.org/protocol/disco#info'/>",
    "<query xmlns='http://jabber.org/protocol/disco#items'/>",
    "<ping xmlns='urn:xmpp:ping'/>",
    "<what xmlns='urn:example:what'/>",
];

#[derive(Debug, Clone)]
enum Step {
    /// One of the account's own clients asks.
    Own(&'static str, &'static str, &'static str),
    /// Somebody else asks.
    Other(&'static str, &'static str),
    /// Something else happens.
    Presence(&'static str),
    /// The store answers: as it was asked, or not.
    Store(bool),
    /// It does not for a long time.
    Silence,
}

fn step() -> impl Strategy<Value = Step> {
    let kinds = || select(vec!["get", "set"]);
    let to = select(vec!["", " to='romeo@a.org'", " to='romeo@a.org/nowhere'", " to='juliet@a.org'"]);
    let presence = select(vec![
        "<presence/>",
        "<presence type='unavailable'/>",
        "<presence type='subscribe' to='juliet@a.org'/>",
        "<presence type='subscribed' to='juliet@a.org'/>",
        "<presence type='unsubscribed' to='juliet@a.org'/>",
    ]);
    prop_oneof![
        6 => (kinds(), to, select(&PAYLOADS[..])).prop_map(|(kind, to, payload)| Step::Own(kind, to, payload)),
        2 => (kinds(), select(&PAYLOADS[..])).prop_map(|(kind, payload)| Step::Other(kind, payload)),
        2 => presence.prop_map(Step::Presence),
        5 => any::<bool>().prop_map(Step::Store),
        1 => Just(Step::Silence),
    ]
}

/// The store's word to its oldest question.
fn store(desk: &mut Desk, as_asked: bool) {
    if desk.asked.is_empty() {
        return;
    }
    let answer = match &desk.asked[0].1 {
        _ if !as_asked => Answer::Unavailable,
        Question::Papers(PapersAsk::Write { .. }) => Answer::PapersKept,
        Question::Papers(_) => Answer::Papers(Vec::new()),
        Question::Account(_) => Answer::Account(AccountAnswer::Exists(None)),
        _ => panic!("nothing else is asked"),
    };
    desk.answer(answer);
}

/// How often `id` was answered, or handed on to whoever will.
fn answers(said: &[String], id: usize) -> usize {
    said.iter().filter(|one| one.contains(": <iq") && one.contains(&format!(" id='q{id}' "))).count()
}

proptest! {
    #[test]
    fn one_each(steps in prop::collection::vec(step(), 1..40)) {
        let mut desk = Desk::romeo();
        for (id, step) in steps.iter().enumerate() {
            match step {
                Step::Own(kind, to, payload) => {
                    desk.says(1, ORCHARD, &format!("<iq type='{kind}' id='q{id}'{to}>{payload}</iq>"));
                }
                Step::Other(kind, payload) => {
                    let iq = format!("<iq type='{kind}' id='q{id}' to='romeo@a.org'>{payload}</iq>");
                    desk.hears("juliet@a.org/balcony", &iq);
                }
                Step::Presence(presence) => desk.says(1, ORCHARD, presence),
                Step::Store(as_asked) => store(&mut desk, *as_asked),
                Step::Silence => {
                    desk.now.mono_ms = desk.account.deadline().unwrap_or(desk.now.mono_ms);
                    desk.input(Input::Timeout);
                }
            }
        }
        while !desk.asked.is_empty() {
            store(&mut desk, true);
        }
        let said = desk.said();
        for (id, step) in steps.iter().enumerate() {
            let wanted = usize::from(matches!(step, Step::Own(..) | Step::Other(..)));
            prop_assert_eq!(answers(&said, id), wanted, "{:?}: {:?}", step, said);
        }
        prop_assert_eq!(desk.end, None);
    }
}
