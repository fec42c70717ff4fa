//! What sessions ask the store leaves the turn with who asks and under which ticket, and comes back to him alone.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use common::{House, Rules};
use hubbub_gate::session::{Answer, Close, Cx, Input, Question, Session};
use hubbub_hub::{
    AccountAnswer, AccountAsk, Paper, PapersAsk, SessionKey, StoredVerifier, Ticket, VerifierHash,
};
use hubbub_worker::{Mail, Slow, Worker};

type Heard = Rc<RefCell<Vec<(Ticket, Answer)>>>;

/// Asks about its papers and its verifier, and writes down what it is answered.
struct Asker(Heard);

fn papers() -> PapersAsk {
    let changes = vec![("card", "main".to_owned(), Some("Ann".into())), ("card", "old".to_owned(), None)];
    PapersAsk::Write { owner: "ann".to_owned(), changes }
}

impl Session for Asker {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => {
                cx.ask(Question::Papers(papers()), 7);
                cx.ask(Question::Verifier { user: "ann".to_owned(), hash: VerifierHash::Sha1 }, 8);
                cx.ask(Question::Account(AccountAsk::Exists { user: "ann".to_owned() }), 9);
                cx.ask(Question::Allocations, 10);
            }
            Input::Answer(ticket, answer) => self.0.borrow_mut().push((ticket, answer)),
            _ => {}
        }
        Ok(())
    }
}

fn verifier() -> StoredVerifier {
    StoredVerifier {
        salt: vec![1],
        iterations: 4096,
        stored_key: vec![2],
        server_key: vec![3],
        name: "Ann".to_owned(),
    }
}

/// What is asked on both workers, in order.
fn asked(house: &mut House) -> Vec<Slow> {
    house.workers.iter_mut().flat_map(Worker::take_slow).collect()
}

fn answer(house: &House, session: SessionKey, ticket: Ticket, answer: Answer) {
    house.post.send(session.worker, Mail::Answer(session, ticket, answer));
}

#[test]
fn questions_for_the_store_leave_with_their_asker_and_answers_come_back_to_him() {
    let mut house = House::new(2, &Rules::default());
    let (other, heard) = (Heard::default(), Heard::default());
    house.open(0, Asker(other.clone()));
    asked(&mut house);
    let session = house.open(1, Asker(heard.clone()));
    house.settle();
    let questions = asked(&mut house);
    let [
        Slow::Papers(of, 7, ask),
        Slow::Verifier { session: by, ticket: 8, user, hash: VerifierHash::Sha1 },
        Slow::Account(wants, 9, AccountAsk::Exists { .. }),
        Slow::Allocations(looks, 10),
    ] = &questions[..]
    else {
        panic!("{questions:?}")
    };
    assert_eq!([*of, *by, *wants, *looks], [session; 4]);
    assert_eq!(user, "ann");
    assert_eq!(*ask, papers());

    let paper = Paper { shelf: "card", key: "main".to_owned(), value: "Ann".into() };
    answer(&house, session, 8, Answer::Verifier(Some(verifier())));
    answer(&house, session, 7, Answer::PapersKept);
    answer(&house, session, 7, Answer::Papers(vec![paper.clone()]));
    answer(&house, session, 7, Answer::PapersFull);
    answer(&house, session, 9, Answer::Account(AccountAnswer::Exists(None)));
    answer(&house, session, 10, Answer::Allocations(Vec::new()));
    answer(&house, session, 7, Answer::Unavailable);
    house.settle();
    assert_eq!(other.borrow().len(), 0);
    match &heard.borrow()[..] {
        [
            (8, Answer::Verifier(Some(found))),
            (7, Answer::PapersKept),
            (7, Answer::Papers(papers)),
            (7, Answer::PapersFull),
            (9, Answer::Account(AccountAnswer::Exists(None))),
            (10, Answer::Allocations(none)),
            (7, Answer::Unavailable),
        ] => {
            assert_eq!((found, &papers[..], none.len()), (&verifier(), &[paper][..], 0));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_for_somebody_who_is_gone_reaches_nobody() {
    let mut house = House::new(1, &Rules::default());
    let (gone, heir) = (Heard::default(), Heard::default());
    let session = house.open(0, Asker(gone.clone()));
    house.release(session);
    let next = house.open(0, Asker(heir.clone()));
    assert_eq!(next.slot, session.slot, "the test wants the same place");
    answer(&house, session, 7, Answer::PapersKept);
    house.settle();
    assert!(gone.borrow().is_empty() && heir.borrow().is_empty());
}
