//! What an account does, message by message.

mod answers;
mod desk;
mod messages;
mod register;

use hubbub_hub::AccountAnswer;
use hubbub_xmpp::jid::Jid;

use self::desk::{Desk, ORCHARD, ROMEO, parcel};
use super::contact::Contact;
use super::subscription::State;
use crate::session::{Answer, Close, Input, Question, Session};
use crate::xmpp::letters::ToAccount;

const BOTH: State = State { to: true, from: true, asks: false, asked: false, approved: false };
const ADD: &str =
    "<iq type='set' id='r1'><query xmlns='jabber:iq:roster'><item jid='nurse@b.org'/></query></iq>";
const PING: &str = "<iq type='get' id='p1'><ping xmlns='urn:xmpp:ping'/></iq>";

#[test]
fn nobody_is_told_of_a_change_before_it_is_kept() {
    let mut desk = Desk::romeo();
    desk.says(1, ORCHARD, "<iq type='get' id='g1'><query xmlns='jabber:iq:roster'/></iq>");
    assert_eq!(desk.said().len(), 1);
    desk.says(1, ORCHARD, ADD);
    desk.says(1, ORCHARD, PING);
    assert_eq!(desk.said(), [""; 0]);
    let written = desk.written();
    assert_eq!((written[0].0, written[0].1.as_str()), ("roster", "nurse@b.org"));
    assert_eq!((written[1].0, written[1].1.as_str()), ("meta", "roster-version"));
    desk.answer(Answer::PapersKept);
    let said = desk.said();
    assert!(said[0].contains("id='r1' type='result'"), "{said:?}");
    assert!(said[1].contains("<item jid='nurse@b.org' subscription='none'/>"), "{said:?}");
    assert!(said[2].contains("id='p1' type='result'"), "{said:?}");
    assert_eq!((said.len(), desk.end), (3, None));
}

#[test]
fn what_cannot_be_kept_has_not_happened() {
    for (answer, condition) in
        [(Answer::PapersFull, "resource-constraint"), (Answer::Unavailable, "internal-server-error")]
    {
        let mut desk = Desk::romeo();
        desk.says(1, ORCHARD, ADD);
        desk.answer(answer);
        let said = desk.said();
        assert!(said[0].contains("id='r1' type='error'") && said[0].contains(condition), "{said:?}");
        assert!(desk.account.contacts.is_empty());
        desk.says(1, ORCHARD, PING);
        assert_eq!(desk.said().len(), 1);
    }
}

#[test]
fn a_store_that_is_silent_holds_nobody_up_for_ever() {
    let mut desk = Desk::romeo();
    desk.says(1, ORCHARD, ADD);
    desk.says(1, ORCHARD, PING);
    desk.now.mono_ms = desk.account.deadline().unwrap();
    desk.input(Input::Timeout);
    let said = desk.said();
    assert!(
        said[0].contains("internal-server-error") && said[1].contains("id='p1' type='result'"),
        "{said:?}"
    );
    // Its word comes too late, and to nobody's surprise.
    desk.answer(Answer::PapersKept);
    assert_eq!((desk.said().len(), desk.account.contacts.len()), (0, 0));
}

#[test]
fn without_its_papers_an_account_lets_nobody_in() {
    let mut desk = Desk::new(ROMEO);
    desk.bind(1, ORCHARD);
    desk.hears("juliet@a.org/balcony", "<message id='m1'><body>Hello</body></message>");
    assert_eq!((desk.said().len(), desk.end), (0, None));
    desk.answer(Answer::Unavailable);
    let said = desk.said();
    assert_eq!(said[0], "to client 1: BindRefused(InternalServerError)");
    assert!(
        said[1].starts_with("to xmpp:juliet@a.org: <message") && said[1].contains("internal-server-error")
    );
    assert_eq!(desk.end, Some(Close::Done));
}

#[test]
fn what_waits_is_bounded() {
    for body in [1, 200_000] {
        let mut desk = Desk::new(ROMEO);
        desk.bind(1, ORCHARD);
        let message = format!("<message id='x'><body>{}</body></message>", "x".repeat(body));
        for _ in 0..super::WAITING_BYTES / body.max(super::LETTER) {
            desk.hears("juliet@a.org/balcony", &message);
        }
        let refused = desk.said();
        assert!(!refused.is_empty() && refused.len() < 4000, "{}", refused.len());
        assert!(refused.iter().all(|one| one.contains("resource-constraint")));
        // Who comes and goes is not forgotten.
        desk.letter(1, ToAccount::Gone(Vec::new()));
        desk.answer_reading(&[]);
        assert_eq!(desk.end, Some(Close::Done));
    }
}

#[test]
fn for_the_absent_nothing_is_read_because_of_presence() {
    for stanza in ["<presence/>", "<presence type='unavailable'/>", "<presence type='probe'/>"] {
        let mut desk = Desk::new(ROMEO);
        desk.hears("juliet@a.org/balcony", stanza);
        assert_eq!((desk.said().len(), desk.asked.len(), desk.end), (0, 0, Some(Close::Done)), "{stanza}");
    }
}

#[test]
fn nobody_is_as_silent_as_somebody_who_does_not_answer() {
    for kind in ["subscribe", "subscribed", "unsubscribe", "unsubscribed"] {
        let mut desk = Desk::new(ROMEO);
        desk.hears("juliet@a.org", &format!("<presence type='{kind}'/>"));
        for (ticket, question) in std::mem::take(&mut desk.asked) {
            let answer = match question {
                Question::Account(_) => Answer::Account(AccountAnswer::Exists(None)),
                _ => Answer::Papers(Vec::new()),
            };
            desk.input(Input::Answer(ticket, answer));
        }
        assert_eq!(desk.said(), [""; 0], "{kind}");
        assert_eq!(desk.end, Some(Close::Done));
    }
}

#[test]
fn approved_in_advance() {
    let mut desk = Desk::romeo();
    desk.says(1, ORCHARD, "<presence/>");
    desk.said();
    desk.says(1, ORCHARD, "<presence type='subscribed' to='juliet@a.org'/>");
    desk.answer(Answer::PapersKept);
    assert_eq!(desk.said(), [""; 0]);
    desk.hears("juliet@a.org", "<presence type='subscribe'/>");
    desk.answer(Answer::PapersKept);
    let said = desk.said();
    assert!(said[0].contains("from='romeo@a.org' to='juliet@a.org' type='subscribed'"), "{said:?}");
    assert!(said[1].contains("from='romeo@a.org/orchard' to='juliet@a.org'/>"), "{said:?}");
    assert_eq!(said.len(), 2);
    let state = desk.account.contacts[&Jid::parse("juliet@a.org").unwrap()].state;
    assert_eq!(state, State { from: true, ..State::default() });
}

#[test]
fn whoever_takes_a_resource_over_makes_the_other_go() {
    let mut desk = Desk::with(ROMEO, &[("juliet@a.org", BOTH)]);
    desk.says(1, ORCHARD, "<presence/>");
    desk.said();
    desk.bind(2, ORCHARD);
    let said = desk.said();
    assert!(said[0].starts_with("to xmpp:juliet@a.org: <presence") && said[0].contains("unavailable"));
    assert_eq!(said[1..], ["to client 1: Replaced", "to client 2: Bound"]);
    // The old one says that it is gone, which is not news.
    desk.letter(1, ToAccount::Gone(Vec::new()));
    assert_eq!((desk.said().len(), desk.end), (0, None));
}

#[test]
fn too_many_resources() {
    let mut desk = Desk::romeo();
    for slot in 2..=16 {
        desk.bind(slot, &format!("romeo@a.org/{slot}"));
    }
    assert_eq!(desk.said().len(), 15);
    desk.bind(17, "romeo@a.org/17");
    assert_eq!(desk.said(), ["to client 17: BindRefused(ResourceConstraint)"]);
}

#[test]
fn of_guests_an_account_keeps_the_name_only() {
    let mut desk = Desk::romeo();
    desk.hears("ann@guest.a.org", "<presence type='subscribe'/>");
    assert_eq!(desk.written()[0], ("roster", "ann@guest.a.org".to_owned(), None));
    desk.answer(Answer::PapersKept);
    desk.says(1, ORCHARD, "<presence type='subscribed' to='ann@guest.a.org'/>");
    let (_, _, kept) = desk.written().remove(0);
    assert_eq!(Contact::decode(kept.unwrap().as_bytes()).unwrap().state, State::default());
    desk.answer(Answer::PapersKept);
    assert!(desk.account.contacts[&Jid::parse("ann@guest.a.org").unwrap()].state.from);
}

#[test]
fn a_guest_takes_leave_for_good() {
    let mut desk = Desk::new("ann@guest.a.org");
    desk.bind(1, "ann@guest.a.org/x");
    assert_eq!(desk.said(), ["to client 1: Bound"]);
    desk.letter(
        1,
        ToAccount::Own(
            parcel("ann@guest.a.org/x", "<presence type='subscribe' to='romeo@a.org'/>", ""),
            None,
        ),
    );
    desk.letter(1, ToAccount::Gone(Vec::new()));
    let said = desk.said();
    assert!(said[1].contains("from='ann@guest.a.org' to='romeo@a.org' type='unsubscribe'"), "{said:?}");
    assert_eq!((said.len(), desk.end), (2, Some(Close::Done)));
}

#[test]
fn of_directed_presence_there_is_only_so_much() {
    let mut desk = Desk::romeo();
    for n in 0..200 {
        desk.says(1, ORCHARD, &format!("<presence to='x{n}@a.org'/>"));
    }
    assert_eq!(desk.said().len(), 200);
    desk.says(1, ORCHARD, "<presence to='y@a.org'/>");
    assert!(desk.said()[0].contains("resource-constraint"));
    desk.says(1, ORCHARD, "<presence to='x1@a.org' type='unavailable'/>");
    desk.letter(1, ToAccount::Gone(Vec::new()));
    assert_eq!(desk.said().len(), 1 + 199);
}

#[test]
fn who_is_blocked_sees_one_go_and_come_again() {
    let mut desk = Desk::with(ROMEO, &[("juliet@a.org", BOTH)]);
    desk.says(1, ORCHARD, "<presence/>");
    desk.said();
    let block = |verb: &str| {
        format!(
            "<iq type='set' id='b'><{verb} xmlns='urn:xmpp:blocking'><item jid='juliet@a.org'/></{verb}></iq>"
        )
    };
    desk.says(1, ORCHARD, &block("block"));
    desk.answer(Answer::PapersKept);
    let said = desk.said();
    assert!(said[0].starts_with("to xmpp:juliet@a.org: <presence") && said[0].contains("unavailable"));
    desk.says(1, ORCHARD, "<presence><show>away</show></presence>");
    desk.hears("juliet@a.org/balcony", "<presence type='probe'/>");
    desk.hears("juliet@a.org/balcony", "<iq type='result' id='i'/>");
    assert!(desk.said().iter().all(|one| one.starts_with("to client 1: <presence")));
    desk.says(1, ORCHARD, &block("unblock"));
    desk.answer(Answer::PapersKept);
    let said = desk.said();
    assert!(said[0].starts_with("to xmpp:juliet@a.org: <presence") && said[0].contains("<show>away</show>"));
    assert!(said[1].starts_with("to xmpp:juliet@a.org: <presence") && said[1].contains("type='probe'"));
    assert!(said[2].contains("id='b' type='result'"));
}
