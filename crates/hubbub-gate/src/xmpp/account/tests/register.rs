//! What becomes of an account, and in which order its devices hear of it.

use hubbub_hub::{AccountAnswer, AccountAsk};

use super::desk::{Desk, ORCHARD, ROMEO};
use super::{BOTH, PING};
use crate::session::{Act, Answer, Close, Input, Question};
use crate::xmpp::letters::ToAccount;

const REMOVE: &str = "<iq type='set' id='r1'><query xmlns='jabber:iq:register'><remove/></query></iq>";
const CHANGE: &str = "<iq type='set' id='c1' to='a.org'><query xmlns='jabber:iq:register'><username>Romeo</username><password>new</password></query></iq>";
const BALCONY: &str = "romeo@a.org/balcony";

fn asked(desk: &Desk) -> Vec<AccountAsk> {
    let ask = |question: &Question| match question {
        Question::Account(ask) => ask.clone(),
        _ => panic!("nothing else is asked"),
    };
    desk.asked.iter().map(|(_, question)| ask(question)).collect()
}

#[test]
fn a_new_password_holds_up_nobody() {
    let mut desk = Desk::romeo();
    desk.says(1, ORCHARD, CHANGE);
    desk.says(1, ORCHARD, PING);
    assert!(desk.said()[0].contains("id='p1' type='result'"));
    let (user, password) = ("romeo".to_owned(), "new".to_owned());
    assert_eq!(asked(&desk), [AccountAsk::ChangePassword { user, password }]);
    desk.answer(Answer::Account(AccountAnswer::Done));
    let said = desk.said();
    assert!(said[0].contains("id='c1' type='result'") && said[0].contains("from='a.org'"), "{said:?}");
}

#[test]
fn what_the_store_refuses_is_told() {
    for (answer, condition) in [
        (AccountAnswer::Unknown, "registration-required"),
        (AccountAnswer::Unacceptable, "not-acceptable"),
        (AccountAnswer::Unavailable, "resource-constraint"),
    ] {
        let mut desk = Desk::romeo();
        desk.says(1, ORCHARD, CHANGE);
        desk.answer(Answer::Account(answer));
        assert!(desk.said()[0].contains(condition), "{condition}");
    }
}

#[test]
fn who_removes_the_account_hears_so_before_all_streams_end() {
    let mut desk = Desk::with(ROMEO, &[("juliet@a.org", BOTH)]);
    desk.bind(2, BALCONY);
    desk.said();
    desk.says(1, ORCHARD, REMOVE);
    assert_eq!(asked(&desk), [AccountAsk::Remove { user: "romeo".to_owned() }]);
    // All homes hear of it before the store answers.
    desk.input(Input::Act(Act::Removed));
    assert_eq!(desk.said(), [""; 0]);
    desk.answer(Answer::Account(AccountAnswer::Done));
    let said = desk.said();
    assert!(said[0].contains("id='r1' type='result'"), "{said:?}");
    assert_eq!(said[1..], ["to client 2: Removed", "to client 1: Removed"]);
    for slot in [1, 2] {
        desk.letter(slot, ToAccount::Gone(Vec::new()));
    }
    let said = desk.said();
    assert!(
        said.iter()
            .any(|one| one.contains("to xmpp:juliet@a.org: <presence") && one.contains("'unsubscribe'"))
    );
    assert!(
        said.iter()
            .any(|one| one.contains("to xmpp:juliet@a.org: <presence") && one.contains("'unsubscribed'"))
    );
    assert_eq!(desk.end, Some(Close::Done));
}

#[test]
fn an_account_that_is_removed_elsewhere_ends_its_streams_too() {
    let mut desk = Desk::romeo();
    desk.input(Input::Act(Act::Removed));
    assert_eq!(desk.said(), ["to client 1: Removed"]);
    // Who was on his way in hears the same.
    desk.bind(2, BALCONY);
    assert_eq!(desk.said(), ["to client 2: Bound", "to client 2: Removed"]);
}
