//! The store as a server uses it: threads, restarts, accounts changed beside it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use hubbub_hub::{
    AccountAnswer, AccountAsk, Body, Content, Event, EventName, Keep, LogAnswer, LogAsk, MessageId, Offset,
    Paper, PapersAnswer, PapersAsk, RoomName, Sender, SessionKey, Ticket, UserAddress, VerifierHash,
};
use hubbub_store::{
    Accounts, Answer, Busy, MemoryPapers, PapersLimits, Store, StoreError, StoreHandle, StoreSettings,
};

const KEEP: Keep = Keep { count: u64::MAX, bytes: u64::MAX, age_ms: u64::MAX };

fn settings(dir: &Path) -> StoreSettings {
    StoreSettings {
        dir: dir.to_owned(),
        sync_full: true,
        domain: "example.org".to_owned(),
        workers: 8,
        batch_max: 64,
        password_queue: 4,
        iterations: 10,
        verifier_queue: 4,
        papers: PapersLimits { entries: 10, bytes: 1000 },
        papers_queue: 4000,
    }
}

fn start(dir: &Path) -> (StoreHandle, Receiver<(u16, Answer)>) {
    let (to, from) = mpsc::channel();
    let handle =
        Store::open(settings(dir)).unwrap().start(move |worker, answer| to.send((worker, answer)).unwrap());
    (handle, from)
}

fn asker(worker: u16) -> SessionKey {
    SessionKey { worker, slot: 7, generation: 3 }
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

fn open(name: &str) -> LogAsk {
    LogAsk::Open {
        room: room(name),
        only_for_account: None,
        keep: KEEP,
        tail_count: 10,
        tail_bytes: 10_000,
        keys_since_ms: 0,
        new_epoch: 5,
    }
}

fn append(name: &str, seq: u64) -> LogAsk {
    let event = Event {
        room: room(name),
        at: Offset::new(5, seq),
        id: MessageId(u128::from(seq)),
        unix_ms: 1000 + seq,
        from: Sender { user: UserAddress::from_prepared("ann@localhost"), name: "Ann".into() },
        to: None,
        body: Body::new(EventName::default(), Content::Text(format!("message {seq}").into())),
        origin: None,
    };
    LogAsk::Append { event: Arc::new(event), key: None }
}

/// All answers about messages until everything of `rooms` up to `head` is kept.
fn kept(answers: &Receiver<(u16, Answer)>, rooms: usize, head: u64) -> usize {
    let (mut done, mut count) = (0, 0);
    while done < rooms {
        match answers.recv().unwrap().1 {
            Answer::Log(LogAnswer::Kept { through, .. }) => {
                count += 1;
                done += usize::from(through == head);
            }
            Answer::Log(LogAnswer::Opened { log, .. }) => assert!(log.unwrap().is_some()),
            other => panic!("{other:?}"),
        }
    }
    count
}

#[test]
fn asked_by_workers_answered_to_them() {
    let dir = tempfile::tempdir().unwrap();
    let (store, answers) = start(dir.path());
    store.log(7, open("lobby"));
    assert!(matches!(answers.recv().unwrap(), (7, Answer::Log(LogAnswer::Opened { log: Ok(Some(_)), .. }))));
    store.log(7, append("lobby", 1));
    assert!(matches!(
        answers.recv().unwrap(),
        (7, Answer::Log(LogAnswer::Kept { through: 1, oldest: 1, .. }))
    ));
    store.log(2, LogAsk::Read { room: room("lobby"), after: 0, limit: 5, ticket: 99 });
    let (2, Answer::Log(LogAnswer::Page { ticket: 99, events: Ok(events), .. })) = answers.recv().unwrap()
    else {
        panic!()
    };
    assert_eq!(&events[0].body.content.bytes()[..], b"message 1");
    store.stop();
    assert!(answers.recv().is_err(), "the threads are gone");
}

#[test]
fn many_messages_share_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let (store, answers) = start(dir.path());
    for name in ["a", "b"] {
        store.log(0, open(name));
    }
    for seq in 1..=500 {
        store.log(0, append("a", seq));
        store.log(0, append("b", seq));
    }
    let commits = kept(&answers, 2, 500);
    assert!(commits < 500, "{commits} answers for 1000 messages");
    store.stop();
}

#[test]
fn stopping_keeps_all_that_is_queued() {
    let dir = tempfile::tempdir().unwrap();
    let (store, answers) = start(dir.path());
    store.log(0, open("lobby"));
    (1..=300).for_each(|seq| store.log(0, append("lobby", seq)));
    let other = store.clone();
    store.stop();
    assert!(kept(&answers, 1, 300) >= 5, "at most 64 in a batch");
    other.log(0, append("lobby", 301));
    assert_eq!(other.password(asker(0), 1, "a".to_owned(), "b".to_owned()), Err(Busy));
    let (again, answers) = start(dir.path());
    again.log(0, open("lobby"));
    let (_, Answer::Log(LogAnswer::Opened { log: Ok(Some(log)), .. })) = answers.recv().unwrap() else {
        panic!()
    };
    assert_eq!((log.head, log.epoch, log.tail.len()), (300, 5, 10));
    again.stop();
}

#[test]
fn one_server_for_one_directory() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _answers) = start(dir.path());
    assert!(matches!(Store::open(settings(dir.path())), Err(StoreError::InUse(_))));
    store.stop();
    Store::open(settings(dir.path())).unwrap();
}

#[test]
fn the_signing_key_survives() {
    let dir = tempfile::tempdir().unwrap();
    let key = |dir: &Path| {
        let (store, _answers) = start(dir);
        let key = store.signing_key();
        store.stop();
        key
    };
    let first = key(dir.path());
    assert_eq!(first, key(dir.path()));
    assert_ne!(first, key(tempfile::tempdir().unwrap().path()));
}

#[test]
fn accounts_change_beside_a_running_server() {
    let dir = tempfile::tempdir().unwrap();
    let (store, answers) = start(dir.path());
    let mut ticket = 0;
    let mut user_in = |password: &str| {
        ticket += 1;
        store.password(asker(1), ticket, "alice".to_owned(), password.to_owned()).unwrap();
        loop {
            match answers.recv().unwrap() {
                (1, Answer::Password { ticket: told, account, .. }) => {
                    assert_eq!(told, ticket);
                    return account.unwrap().map(|account| account.name);
                }
                (_, Answer::Log(answer)) => {
                    assert!(!matches!(answer, LogAnswer::Failed { .. }), "{answer:?}")
                }
                other => panic!("{other:?}"),
            }
        }
    };
    store.log(0, open("lobby"));
    (1..=2000).for_each(|seq| store.log(0, append("lobby", seq)));
    let mut accounts = Accounts::open(dir.path()).unwrap().with_iterations(10);
    assert_eq!(user_in("one"), None);
    accounts.add("Alice", "one".to_owned()).unwrap();
    assert_eq!(user_in("one").as_deref(), Some("Alice"));
    accounts.set_password("alice", "two".to_owned()).unwrap();
    assert_eq!(user_in("one"), None);
    assert_eq!(user_in("two").as_deref(), Some("Alice"));
    accounts.remove("alice").unwrap();
    assert_eq!(user_in("two"), None);
    store.stop();
}

#[test]
fn the_password_queue_has_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let (blocked, release) = mpsc::channel::<()>();
    let gate = Arc::new(std::sync::Mutex::new(release));
    let store = Store::open(settings(dir.path())).unwrap().start(move |_, _| {
        let _ = gate.lock().unwrap().recv();
    });
    let asked = (0..20).map(|n| store.password(asker(0), n, "eve".to_owned(), "x".to_owned()));
    let taken = asked.filter(Result::is_ok).count();
    assert!((4..=6).contains(&taken), "{taken}");
    drop(blocked);
    store.stop();
}

#[test]
fn accounts_are_made_changed_and_removed_by_sessions() {
    let dir = tempfile::tempdir().unwrap();
    let (store, answers) = start(dir.path());
    let (user, name) = (|| "alice".to_owned(), || " Alice ".to_owned());
    let ask = |ask| {
        store.account(asker(1), 5, ask).unwrap();
        loop {
            match answers.recv().unwrap() {
                (1, Answer::Account { session, ticket: 5, answer }) if session == asker(1) => return answer,
                (_, Answer::Log(LogAnswer::Gone { .. })) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let register =
        |password: &str| AccountAsk::Register { user: user(), name: name(), password: password.to_owned() };
    let change = |password: &str| AccountAsk::ChangePassword { user: user(), password: password.to_owned() };
    assert_eq!(ask(AccountAsk::Exists { user: user() }), AccountAnswer::Exists(None));
    assert_eq!(ask(register("")), AccountAnswer::Unacceptable);
    assert_eq!(ask(register("bell\u{7}")), AccountAnswer::Unacceptable);
    assert_eq!(ask(change("one")), AccountAnswer::Unknown);
    assert_eq!(ask(register("one")), AccountAnswer::Done);
    assert_eq!(ask(register("two")), AccountAnswer::Conflict);
    assert_eq!(ask(AccountAsk::Exists { user: user() }), AccountAnswer::Exists(Some("Alice".to_owned())));
    assert_eq!(ask(change("")), AccountAnswer::Unacceptable);
    let accounts = Accounts::open(dir.path()).unwrap();
    let fits = |password: &str| accounts.verify("alice", password.to_owned()).unwrap().is_some();
    assert!(fits("one") && !fits("two"));
    assert_eq!(ask(change("two")), AccountAnswer::Done);
    assert!(fits("two") && !fits("one"));
    assert_eq!(ask(AccountAsk::Remove { user: user() }), AccountAnswer::Done);
    assert_eq!(ask(AccountAsk::Remove { user: user() }), AccountAnswer::Unknown);
    assert!(!fits("two"));
    for name in [String::new(), "x\ny".to_owned(), "x".repeat(256)] {
        let nobody = AccountAsk::Register { user: user(), name, password: "one".to_owned() };
        assert_eq!(ask(nobody), AccountAnswer::Unacceptable);
    }
    store.stop();
}

#[test]
fn all_workers_hear_of_an_inbox_that_is_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let (store, answers) = start(dir.path());
    let mut accounts = Accounts::open(dir.path()).unwrap().with_iterations(10);
    store.log(3, open("lobby"));
    assert!(matches!(answers.recv().unwrap(), (3, Answer::Log(LogAnswer::Opened { .. }))));
    accounts.add("Tea & Cake", "one".to_owned()).unwrap();
    // Nothing else is asked: the writer looks by itself.
    accounts.remove("tea & cake").unwrap();
    let told: Vec<_> = answers.iter().take(8).collect();
    for (worker, (to, answer)) in (0..8).zip(told) {
        assert!(
            matches!(&answer, Answer::Log(LogAnswer::Gone { room: gone }) if *gone == room("@tea & cake")),
            "{answer:?}"
        );
        assert_eq!(to, worker);
    }
    store.stop();
}

fn write(owner: &str, key: &str, value: impl Into<String>) -> PapersAsk {
    let changes = vec![("card", key.to_owned(), Some(value.into().into()))];
    PapersAsk::Write { owner: owner.to_owned(), changes }
}

fn read(owner: &str) -> PapersAsk {
    PapersAsk::Read { owner: owner.to_owned(), shelf: "card" }
}

fn get(owner: &str, key: &str) -> PapersAsk {
    PapersAsk::Get { owner: owner.to_owned(), shelf: "card", key: key.to_owned() }
}

fn paper(key: &str, value: &'static str) -> Paper {
    Paper { shelf: "card", key: key.to_owned(), value: value.into() }
}

/// The next answer about papers, to a session of worker 1.
fn told(answers: &Receiver<(u16, Answer)>, expected: Ticket) -> PapersAnswer {
    match answers.recv().unwrap() {
        (1, Answer::Papers { session, ticket, answer }) => {
            assert_eq!((session, ticket), (asker(1), expected));
            answer
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn papers_that_were_kept_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (store, answers) = start(dir.path());
    store.papers(asker(1), 1, write("ann", "b", "bee")).unwrap();
    assert_eq!(told(&answers, 1), PapersAnswer::Kept);
    store.papers(asker(1), 2, get("ann", "b")).unwrap();
    assert_eq!(told(&answers, 2), PapersAnswer::Found(vec![paper("b", "bee")]));
    store.papers(asker(1), 3, write("ann", "a", "x".repeat(2000))).unwrap();
    assert_eq!(told(&answers, 3), PapersAnswer::Full);
    store.papers(asker(1), 4, write("ann", "a", "ant")).unwrap();
    store.stop();
    assert_eq!(told(&answers, 4), PapersAnswer::Kept, "what is queued is kept before the end");
    let (again, answers) = start(dir.path());
    again.papers(asker(1), 5, read("ann")).unwrap();
    assert_eq!(told(&answers, 5), PapersAnswer::Found(vec![paper("a", "ant"), paper("b", "bee")]));
    again.papers(asker(1), 6, get("ann", "c")).unwrap();
    assert_eq!(told(&answers, 6), PapersAnswer::Found(Vec::new()));
    again.stop();
}

#[test]
fn without_a_directory_papers_are_in_memory() {
    let (to, answers) = mpsc::channel();
    let limits = PapersLimits { entries: 2, bytes: 1 << 20 };
    let papers = MemoryPapers::start(limits, 1 << 20, 1 << 20, move |session, ticket, answer| {
        to.send((session.worker, Answer::Papers { session, ticket, answer })).unwrap();
    })
    .unwrap();
    let ask = |ticket, ask| {
        papers.ask(asker(1), ticket, ask).unwrap();
        told(&answers, ticket)
    };
    assert_eq!(ask(1, write("ann", "b", "bee")), PapersAnswer::Kept);
    assert_eq!(ask(2, write("ann", "a", "ant")), PapersAnswer::Kept);
    assert_eq!(ask(3, write("ann", "c", "cat")), PapersAnswer::Full);
    assert_eq!(ask(4, read("ann")), PapersAnswer::Found(vec![paper("a", "ant"), paper("b", "bee")]));
    assert_eq!(ask(5, get("ann", "b")), PapersAnswer::Found(vec![paper("b", "bee")]));
    assert_eq!(ask(6, read("bob")), PapersAnswer::Found(Vec::new()));
    for n in 0..2 {
        // Two owners with less than their limit each have more than all may.
        let big = write(&format!("owner {n}"), "a", "x".repeat(600_000));
        let expected = if n == 0 { PapersAnswer::Kept } else { PapersAnswer::Unavailable };
        assert_eq!(ask(7 + n, big), expected);
    }
    assert_eq!(ask(9, write("bob", "a", "ant")), PapersAnswer::Kept, "there is room for small things");
    drop(papers);
    assert!(answers.recv().is_err(), "the thread is gone");
}

#[test]
fn verifiers_are_looked_up() {
    let dir = tempfile::tempdir().unwrap();
    let (store, answers) = start(dir.path());
    let mut accounts = Accounts::open(dir.path()).unwrap().with_iterations(10);
    accounts.add("Alice", "one".to_owned()).unwrap();
    let of = |user: &str, hash| {
        store.verifier(asker(1), 8, user.to_owned(), hash).unwrap();
        match answers.recv().unwrap() {
            (1, Answer::Verifier { session, ticket: 8, verifier }) if session == asker(1) => {
                verifier.unwrap()
            }
            other => panic!("{other:?}"),
        }
    };
    let (short, long) = (of("alice", VerifierHash::Sha1), of("alice", VerifierHash::Sha256));
    let (short, long) = (short.unwrap(), long.unwrap());
    assert_eq!((short.stored_key.len(), long.stored_key.len()), (20, 32));
    assert_eq!((short.iterations, long.name.as_str()), (10, "Alice"));
    assert_ne!(short.salt, long.salt);
    assert_eq!(of("bob", VerifierHash::Sha256), None);
    store.stop();
}

#[test]
fn lines_of_verifiers_and_papers_have_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let (blocked, release) = mpsc::channel::<()>();
    let gate = Arc::new(std::sync::Mutex::new(release));
    let store = Store::open(settings(dir.path())).unwrap().start(move |_, _| {
        let _ = gate.lock().unwrap().recv();
    });
    let verifier = |n| store.verifier(asker(0), n, "eve".to_owned(), VerifierHash::Sha1);
    let papers = |n| store.papers(asker(0), n, write("eve", "a", "x".repeat(100)));
    // Their answers are not taken: all of them keep their places.
    assert_eq!((0..20).filter(|n| verifier(*n).is_ok()).count(), 4);
    assert_eq!((0..20).filter(|n| papers(*n).is_ok()).count(), 4000 / (256 + 3 + 256 + 1 + 100));
    drop(blocked);
    store.stop();
}
