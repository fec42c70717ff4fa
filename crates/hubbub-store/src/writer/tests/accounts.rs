//! Accounts in the writer's batches, and what goes with them when they are removed here or by the command line.

use std::num::NonZeroU32;

use hubbub_hub::SessionKey;

use super::*;
use crate::accounts::{Account, verifiers};
use crate::papers::{Look, look};

const ASKER: SessionKey = SessionKey { worker: 0, slot: 1, generation: 2 };

fn job(change: AccountChange) -> Job {
    Job::Account(Box::new(AccountJob { session: ASKER, ticket: 9, change, _place: None }))
}

fn made_of(password: &str) -> [Verifier; 2] {
    verifiers(password.to_owned(), NonZeroU32::MIN).unwrap()
}

fn add(user: &str) -> Job {
    let account = Account { user: user.to_owned(), name: user.to_uppercase() };
    job(AccountChange::Add(account, made_of("one")))
}

fn password(user: &str) -> Job {
    job(AccountChange::Verifiers(user.to_owned(), made_of("two")))
}

fn remove(user: &str) -> Job {
    job(AccountChange::Remove(user.to_owned()))
}

fn inbox() -> RoomName {
    RoomName::inbox_of("alice")
}

/// Its owner opens it.
fn open_inbox(new_epoch: u32) -> Job {
    let mut ask = open(ALL);
    if let LogAsk::Open { room, new_epoch: epoch, .. } = &mut ask {
        (*room, *epoch) = (inbox(), new_epoch);
    }
    Job::Log(0, ask)
}

/// A stranger does.
fn open_for_a_stranger() -> Job {
    let Job::Log(from, mut ask) = open_inbox(EPOCH) else { unreachable!("it is one") };
    if let LogAsk::Open { only_for_account, .. } = &mut ask {
        *only_for_account = Some("alice".to_owned());
    }
    Job::Log(from, ask)
}

fn said_in_inbox(epoch: u32, seq: u64) -> Job {
    let mut event = (*event(seq, 1, 10)).clone();
    (event.room, event.at) = (inbox(), Offset::new(epoch, seq));
    Job::Log(0, LogAsk::Append { event: Arc::new(event), key: None })
}

fn paper_of_alice() -> Job {
    let changes = vec![("card", "main".to_owned(), Some("hers".into()))];
    let place = crate::line::Line::new(1).join(1).unwrap();
    let owner = "alice".to_owned();
    Job::Papers(PapersJob { session: ASKER, ticket: 9, owner, changes, _place: place })
}

impl Bench {
    /// What is answered, in words.
    fn told(&mut self, jobs: &[Job]) -> Vec<String> {
        let word = |(to, answer)| {
            assert_eq!(to, 0);
            match answer {
                Answer::Log(answer) => words(&[answer]).remove(0),
                Answer::Account { session: ASKER, ticket: 9, answer } => format!("{answer:?}").to_lowercase(),
                Answer::Papers { answer, .. } => format!("papers {answer:?}").to_lowercase(),
                other => panic!("{other:?}"),
            }
        };
        self.writer.batch(jobs).into_iter().map(word).collect()
    }

    fn by_hand(&self) -> Accounts {
        Accounts::open(self.dir.path()).unwrap().with_iterations(1)
    }

    fn password_of_alice(&self) -> Option<&'static str> {
        let fits =
            |password: &&str| self.by_hand().verify("alice", (*password).to_owned()).unwrap().is_some();
        ["one", "two"].into_iter().find(fits)
    }

    fn papers_of_alice(&self) -> usize {
        let all = Look { owner: "alice".to_owned(), shelf: "card", key: None };
        look(&self.writer.connection, &all).unwrap().len()
    }

    fn epoch_of_inbox(&self) -> u32 {
        let sql = "SELECT epoch FROM logs WHERE room = '@alice'";
        self.writer.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn made_changed_and_removed() {
    let mut bench = Bench::new();
    assert_eq!(bench.told(&[password("alice"), remove("alice")]), ["unknown", "unknown"]);
    assert_eq!(bench.told(&[add("alice"), add("alice"), add("bob")]), ["done", "conflict", "done"]);
    assert_eq!(bench.password_of_alice(), Some("one"));
    assert_eq!(bench.told(&[password("alice")]), ["done"]);
    assert_eq!(bench.password_of_alice(), Some("two"));
    let shown: Vec<_> = bench.by_hand().list().unwrap().into_iter().map(|account| account.name).collect();
    assert_eq!(shown, ["ALICE", "BOB"]);
    assert_eq!(bench.told(&[remove("alice")]), ["gone @alice", "done"]);
    assert_eq!(bench.password_of_alice(), None);
}

#[test]
fn whoever_has_the_name_next_inherits_nothing() {
    let mut bench = Bench::new();
    bench.told(&[add("alice"), open_inbox(EPOCH), said_in_inbox(EPOCH, 1), paper_of_alice()]);
    let told = bench.told(&[said_in_inbox(EPOCH, 2), remove("alice"), said_in_inbox(EPOCH, 3)]);
    assert_eq!(told, ["+2/0", "gone @alice", "done", "-3"]);
    assert_eq!((bench.rows(), bench.papers_of_alice()), (0, 0));
    assert_eq!(bench.told(&[open_for_a_stranger()]), ["none"], "no account has no inbox");

    // A session that outlived the account still writes.
    assert_eq!(bench.told(&[open_inbox(EPOCH)]), ["open 0"]);
    assert_eq!(bench.epoch_of_inbox(), EPOCH + 1, "another life, another epoch");
    assert_eq!(bench.told(&[said_in_inbox(EPOCH + 1, 1), paper_of_alice()]), ["+1/1", "papers kept"]);

    assert_eq!(bench.told(&[add("alice")]), ["gone @alice", "done"]);
    assert_eq!((bench.rows(), bench.papers_of_alice()), (0, 0));
    assert_eq!(bench.told(&[open_inbox(EPOCH + 9)]), ["open 0"]);
    assert_eq!(bench.epoch_of_inbox(), EPOCH + 9);
}

#[test]
fn a_name_that_had_no_account_keeps_what_it_has() {
    let mut bench = Bench::new();
    bench.told(&[open_inbox(EPOCH), said_in_inbox(EPOCH, 1), paper_of_alice()]);
    assert_eq!(bench.told(&[add("alice"), said_in_inbox(EPOCH, 2)]), ["done", "+2/1"]);
    assert_eq!(bench.papers_of_alice(), 1);
}

#[test]
fn what_the_command_line_removes_is_noticed_before_anything_is_written() {
    let mut bench = Bench::new();
    bench.told(&[add("alice"), open_inbox(EPOCH), said_in_inbox(EPOCH, 1), Job::Log(0, open(ALL))]);
    bench.by_hand().remove("alice").unwrap();
    assert!(!bench.writer.is_as_it_was());
    assert_eq!(
        bench.told(&[said_in_inbox(EPOCH, 2), Job::Log(0, append(1, 1))]),
        ["gone @alice", "-2", "+1/1"]
    );
    assert!(bench.writer.is_as_it_was());
    assert_eq!(bench.rows(), 1, "of the lobby");
    bench.by_hand().add("alice", "two".to_owned()).unwrap();
    bench.by_hand().remove("alice").unwrap();
    assert_eq!(bench.told(&[]), ["gone @alice"], "once, however often");
    assert_eq!(bench.told(&[]), [""; 0]);
}

#[test]
fn removals_from_before_are_news_to_nobody() {
    let mut bench = Bench::new();
    bench.told(&[add("alice"), remove("alice")]);
    bench.reopen();
    assert_eq!(bench.told(&[Job::Log(0, open(ALL))]), ["open 0"]);
    assert_eq!(bench.told(&[add("bob"), remove("bob")]), ["done", "gone @bob", "done"]);
}

#[test]
fn a_batch_that_fails_removes_nothing_and_tells_of_nothing() {
    let mut bench = Bench::new();
    bench.told(&[add("alice"), open_inbox(EPOCH), said_in_inbox(EPOCH, 1), paper_of_alice()]);
    bench.sql("PRAGMA max_page_count = 1");
    let big = Job::Log(0, LogAsk::Append { event: event(1, 1, 100_000), key: None });
    bench.told(&[Job::Log(0, open(ALL))]);
    assert_eq!(bench.told(&[remove("alice"), big]), ["unavailable", "-1"]);
    assert_eq!((bench.password_of_alice(), bench.rows(), bench.papers_of_alice()), (Some("one"), 1, 1));
    bench.sql("PRAGMA max_page_count = 1000000");
    assert_eq!(bench.told(&[remove("alice")]), ["gone @alice", "done"]);
}

#[test]
fn rooms_forget_whoever_is_removed_and_nobody_else() {
    const AFFAIRS: &str = r#"{"affiliations":{"alice@example.org":"owner","alice@other.org":"member","bob@example.org":"admin"},"names":{"alice@example.org":"Alice","bob@example.org":"Bob"},"title":"of alice@example.org"}"#;
    const WITHOUT: &str = r#"{"affiliations":{"alice@other.org":"member","bob@example.org":"admin"},"names":{"bob@example.org":"Bob"},"title":"of alice@example.org"}"#;
    let keep = || LogAsk::Affairs { room: lobby(), affairs: AFFAIRS.as_bytes().to_vec().into() };
    let json =
        |bytes: Option<bytes::Bytes>| serde_json::from_slice::<serde_json::Value>(&bytes.unwrap()).unwrap();
    let (all, without) = (json(Some(AFFAIRS.into())), json(Some(WITHOUT.into())));
    let mut bench = Bench::new();
    bench.open(ALL);
    bench.told(&[add("alice"), add("bob"), Job::Log(0, keep())]);
    assert_eq!(json(bench.open(ALL).affairs), all);
    assert_eq!(bench.told(&[remove("alice")]), ["gone @alice", "done"]);
    assert_eq!(json(bench.open(ALL).affairs), without);
    // What is given to her successor is hers.
    bench.told(&[add("alice"), Job::Log(0, keep())]);
    bench.told(&[password("alice")]);
    assert_eq!(json(bench.open(ALL).affairs), all);
    // By the command line, while no server runs.
    Accounts::open(bench.dir.path()).unwrap().remove("alice").unwrap();
    bench.reopen();
    assert_eq!(json(bench.open(ALL).affairs), without);
    let lately = crate::removal::lately(&bench.writer.connection).unwrap();
    assert!(matches!(&lately[..], [(user, at)] if user == "alice" && *at > 1_700_000_000), "{lately:?}");
}
