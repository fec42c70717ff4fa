//! The writer by itself, one batch at a time, on a real file.

mod accounts;
mod affairs;
mod archive;
mod model;
mod papers;

use std::sync::Arc;

use hubbub_hub::{
    Args, Body, Carried, Content, Event, EventName, IdempotencyKey, Keep, MessageId, Offset, Opened, Part,
    Sender, UserAddress,
};
use tempfile::TempDir;

use super::*;
use crate::accounts::Accounts;
use crate::{database, reader};

const EPOCH: u32 = 77;
const PAPERS: PapersLimits = PapersLimits { entries: 4, bytes: 100 };
const ALL: Keep = Keep { count: u64::MAX, bytes: u64::MAX, age_ms: u64::MAX };

/// A message of the lobby, as long as `bytes` says.
fn event(seq: u64, unix_ms: u64, bytes: usize) -> Arc<Event> {
    Arc::new(Event {
        room: lobby(),
        at: Offset::new(EPOCH, seq),
        id: MessageId(u128::from(seq) << 64 | 5),
        unix_ms,
        from: Sender { user: UserAddress::new("ann", "guest.localhost").unwrap(), name: "Ann".into() },
        to: None,
        body: Body::new(EventName::default(), Content::Text("x".repeat(bytes).into())),
        origin: None,
    })
}

fn lobby() -> RoomName {
    RoomName::parse("lobby").unwrap()
}

fn append(seq: u64, unix_ms: u64) -> LogAsk {
    LogAsk::Append { event: event(seq, unix_ms, 10), key: None }
}

fn open(keep: Keep) -> LogAsk {
    LogAsk::Open {
        room: lobby(),
        only_for_account: None,
        keep,
        tail_count: 1000,
        tail_bytes: 1 << 20,
        keys_since_ms: 0,
        new_epoch: EPOCH,
    }
}

struct Bench {
    dir: TempDir,
    writer: Writer,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        database::prepare(dir.path()).unwrap();
        let writer = Writer::new(database::connect(dir.path()).unwrap(), PAPERS, 1, "example.org");
        Self { dir, writer }
    }

    /// A writer that knows only what the file says.
    fn reopen(&mut self) {
        self.writer = Writer::new(database::connect(self.dir.path()).unwrap(), PAPERS, 1, "example.org");
    }

    fn ask(&mut self, asks: Vec<LogAsk>) -> Vec<LogAnswer> {
        let jobs: Vec<_> = asks.into_iter().map(|ask| Job::Log(3, ask)).collect();
        let answers = self.writer.batch(&jobs).into_iter();
        answers
            .map(|answer| match answer {
                (3, Answer::Log(answer)) => answer,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn open(&mut self, keep: Keep) -> Opened {
        match self.ask(vec![open(keep)]).remove(0) {
            LogAnswer::Opened { log: Ok(Some(opened)), .. } => opened,
            other => panic!("{other:?}"),
        }
    }

    fn read(&mut self, after: u64, limit: u32) -> Result<Vec<u64>, Fault> {
        let page = reader::page(&self.writer.connection, &lobby(), after, limit).unwrap();
        page.map(|events| seqs(&events))
    }

    fn rows(&self) -> u64 {
        self.writer
            .connection
            .query_row("SELECT count(*) FROM events", [], |row| row.get(0).map(crate::rows::nat))
            .unwrap()
    }

    fn sql(&self, sql: &str) {
        self.writer.connection.execute_batch(sql).unwrap();
    }
}

fn seqs(events: &[Arc<Event>]) -> Vec<u64> {
    events.iter().map(|event| event.at.seq).collect()
}

/// What was said of messages, shortly: `+through/oldest` or `-from`.
fn words(answers: &[LogAnswer]) -> Vec<String> {
    answers
        .iter()
        .map(|answer| match answer {
            LogAnswer::Kept { through, oldest, .. } => format!("+{through}/{oldest}"),
            LogAnswer::Failed { from, .. } => format!("-{from}"),
            LogAnswer::Opened { log, .. } => match log {
                Ok(Some(opened)) => format!("open {}", opened.head),
                Ok(None) => "none".to_owned(),
                Err(Fault) => "fault".to_owned(),
            },
            LogAnswer::Gone { room } => format!("gone {}", room.as_str()),
            LogAnswer::AffairsLost { room } => format!("affairs of {room} lost"),
            LogAnswer::Page { events, .. } => {
                format!("page {:?}", events.as_ref().map(|events| seqs(events)))
            }
            LogAnswer::Found { event, .. } => {
                format!("found {:?}", event.as_ref().map(|event| event.as_ref().map(|event| event.at.seq)))
            }
            LogAnswer::Archive { found, .. } => {
                let seqs = |found: &Option<hubbub_hub::Archive>| {
                    found.as_ref().map(|found| (seqs(&found.events), found.complete))
                };
                format!("archive {:?}", found.as_ref().map(seqs))
            }
        })
        .collect()
}

#[test]
fn what_is_kept_comes_back_as_it_was() {
    let mut bench = Bench::new();
    bench.open(ALL);
    let contents = [
        Content::Text("grüß".into()),
        Content::Json(" {\"a\": 1} ".into()),
        Content::Binary(vec![0, 255].into()),
        Content::Args(Args::new("[1,\"two\"]".into(), Vec::new()).expect("no parts")),
        Content::Args(
            Args::new(
                "[{},{}]".into(),
                vec![Part { at: 1..3, bytes: vec![0, 255].into() }, Part { at: 4..6, bytes: "".into() }],
            )
            .expect("both lie in it"),
        ),
    ];
    let events: Vec<_> = (1..)
        .zip(contents)
        .map(|(seq, content)| {
            let mut event = (*event(seq, 1000 + seq, 0)).clone();
            event.body = Body::new(EventName::parse("chat").unwrap(), content);
            event.body.carried = (seq % 2 == 0).then(|| Carried::new("odd", vec![0, 255, b'\''].into()));
            Arc::new(event)
        })
        .collect();
    let asks = events.iter().map(|event| LogAsk::Append { event: event.clone(), key: None });
    assert_eq!(words(&bench.ask(asks.collect())), ["+5/1"]);
    bench.reopen();
    let opened = bench.open(ALL);
    assert_eq!((opened.epoch, opened.head, opened.oldest), (EPOCH, 5, 1));
    assert_eq!(opened.tail, events);
    assert_eq!(reader::page(&bench.writer.connection, &lobby(), 0, 10).unwrap().unwrap(), events);
}

#[test]
fn one_answer_for_each_room_and_batch() {
    let mut bench = Bench::new();
    bench.open(ALL);
    let answers = bench.ask(vec![append(1, 1), append(2, 1), append(4, 1), append(5, 1), append(3, 1)]);
    assert_eq!(words(&answers), ["+2/1", "-4", "+3/1"]);
}

#[test]
fn what_does_not_follow_the_head_is_not_kept() {
    let mut bench = Bench::new();
    assert_eq!(words(&bench.ask(vec![append(1, 1)])), ["-1"], "never opened");
    bench.open(ALL);
    assert_eq!(
        words(&bench.ask(vec![append(2, 1), append(3, 1), open(ALL), append(1, 1)])),
        ["-2", "open 0", "+1/1"]
    );
    let mut stale = (*event(2, 1, 1)).clone();
    stale.at.epoch = EPOCH - 1;
    assert_eq!(words(&bench.ask(vec![LogAsk::Append { event: Arc::new(stale), key: None }])), ["-2"]);
    assert_eq!(words(&bench.ask(vec![append(1, 1)])), ["-1"], "twice");
    assert_eq!(bench.read(0, 10), Ok(vec![1]));
}

#[test]
fn an_inbox_is_made_for_accounts_alone() {
    let mut bench = Bench::new();
    let inbox = |only_for: Option<&str>| LogAsk::Open {
        room: RoomName::parse("@alice").unwrap(),
        only_for_account: only_for.map(str::to_owned),
        keep: ALL,
        tail_count: 1,
        tail_bytes: 1,
        keys_since_ms: 0,
        new_epoch: 1,
    };
    assert_eq!(words(&bench.ask(vec![inbox(Some("alice"))])), ["none"]);
    let mut accounts = Accounts::open(bench.dir.path()).unwrap().with_iterations(1);
    accounts.add("Alice", "x".to_owned()).unwrap();
    assert_eq!(words(&bench.ask(vec![inbox(Some("alice"))])), ["open 0"]);
    assert_eq!(words(&bench.ask(vec![inbox(None)])), ["open 0"], "whether there is an account or not");
}

#[test]
fn keys_come_back_within_their_time() {
    let mut bench = Bench::new();
    bench.open(ALL);
    let keyed =
        |seq, ms, key: &str| LogAsk::Append { event: event(seq, ms, 1), key: IdempotencyKey::parse(key) };
    bench.ask(vec![keyed(1, 100, "old"), keyed(2, 200, "b"), append(3, 250), keyed(4, 300, "a")]);
    bench.reopen();
    let mut ask = open(ALL);
    if let LogAsk::Open { keys_since_ms, .. } = &mut ask {
        *keys_since_ms = 200;
    }
    let LogAnswer::Opened { log: Ok(Some(opened)), .. } = bench.ask(vec![ask]).remove(0) else { panic!() };
    let keys: Vec<_> = opened.keys.iter().map(|known| (known.key.as_str(), known.published.at.seq)).collect();
    assert_eq!(keys, [("b", 2), ("a", 4)]);
    let first = &opened.keys[0];
    assert_eq!((first.user.local(), first.published.unix_ms, first.published.repeated), ("ann", 200, false));
    assert_eq!(first.published.id, event(2, 0, 0).id);
}

#[test]
fn trimmed_by_count_bytes_and_age() {
    let mut bench = Bench::new();
    bench.open(Keep { count: 3, ..ALL });
    let answers = bench.ask((1..=5).map(|seq| append(seq, seq * 100)).collect());
    assert_eq!(words(&answers), ["+5/3"]);
    assert_eq!(bench.read(0, 10), Ok(vec![3, 4, 5]));

    let weight = event(1, 1, 10).weight() as u64;
    assert_eq!(bench.open(Keep { bytes: 2 * weight, ..ALL }).oldest, 4);
    assert_eq!(words(&bench.ask(vec![append(6, 600)])), ["+6/5"]);

    assert_eq!(bench.open(Keep { age_ms: 50, ..ALL }).oldest, 6);
    assert_eq!(words(&bench.ask(vec![append(7, 650)])), ["+7/6"]);
    assert_eq!(words(&bench.ask(vec![append(8, 651)])), ["+8/7"]);

    bench.reopen();
    let opened = bench.open(Keep { count: 0, ..ALL });
    assert_eq!((opened.head, opened.oldest, opened.tail.len()), (8, 9, 0));
    assert_eq!(bench.rows(), 0);
    assert_eq!(words(&bench.ask(vec![append(9, 652)])), ["+9/10"]);
}

#[test]
fn rows_are_deleted_some_at_a_time() {
    let mut bench = Bench::new();
    bench.open(Keep { count: 10, ..ALL });
    for seq in 1..=265 {
        bench.ask(vec![append(seq, seq)]);
    }
    assert_eq!(bench.rows(), 265);
    assert_eq!(bench.read(0, 1000), Ok((256..=265).collect()));
    assert_eq!(words(&bench.ask(vec![append(266, 266)])), ["+266/257"]);
    assert_eq!(bench.rows(), 10);
}

#[test]
fn a_page_ends_at_its_limit_or_when_it_is_heavy() {
    let mut bench = Bench::new();
    bench.open(ALL);
    let heavy = |seq| LogAsk::Append { event: event(seq, 1, 700_000), key: None };
    bench.ask(vec![append(1, 1), append(2, 1), heavy(3), heavy(4), append(5, 1)]);
    assert_eq!(bench.read(0, 2), Ok(vec![1, 2]));
    assert_eq!(bench.read(0, 10), Ok(vec![1, 2, 3]));
    assert_eq!(bench.read(3, 10), Ok(vec![4, 5]));
    assert_eq!(bench.read(5, 10), Ok(vec![]));
    assert_eq!(bench.read(u64::MAX, 10), Ok(vec![]));
    bench.ask(vec![LogAsk::Append { event: event(6, 1, reader::PAGE_BYTES * 2), key: None }]);
    assert_eq!(bench.read(5, 10), Ok(vec![6]), "one at least");
}

#[test]
fn damaged_rows_are_a_fault_and_the_log_goes_on() {
    for damage in [
        "UPDATE events SET id = x'00' WHERE seq = 2",
        "UPDATE events SET kind = 9 WHERE seq = 2",
        "UPDATE events SET content = x'ff' WHERE seq = 2",
        "UPDATE events SET event = '' WHERE seq = 2",
        "DELETE FROM events WHERE seq = 2",
    ] {
        let mut bench = Bench::new();
        bench.open(ALL);
        bench.ask((1..=4).map(|seq| append(seq, 1)).collect());
        bench.sql(damage);
        bench.reopen();
        let opened = bench.open(ALL);
        assert_eq!((opened.head, seqs(&opened.tail)), (4, vec![3, 4]), "{damage}");
        assert_eq!(bench.read(0, 10), Err(Fault), "{damage}");
        assert_eq!(bench.read(2, 10), Ok(vec![3, 4]), "{damage}");
        assert_eq!(words(&bench.ask(vec![append(5, 1)])), ["+5/1"], "{damage}");
        assert_eq!(bench.open(Keep { count: 3, ..ALL }).oldest, 3, "{damage}");
    }
}

#[test]
fn a_full_disk_keeps_nothing_and_breaks_nothing() {
    let mut bench = Bench::new();
    bench.open(ALL);
    assert_eq!(words(&bench.ask(vec![append(1, 1), append(2, 1)])), ["+2/1"]);
    bench.sql("PRAGMA max_page_count = 1");
    let big = LogAsk::Append { event: event(4, 1, 100_000), key: None };
    let other = LogAsk::Open {
        room: RoomName::parse("other").unwrap(),
        only_for_account: None,
        keep: ALL,
        tail_count: 0,
        tail_bytes: 0,
        keys_since_ms: 0,
        new_epoch: 1,
    };
    let answers = bench.ask(vec![append(3, 1), big, append(5, 1), open(ALL), other]);
    assert_eq!(words(&answers), ["-3", "open 2", "fault"]);
    assert!(bench.writer.trouble.is_on());
    assert_eq!(words(&bench.ask(vec![append(6, 1)])), ["-6"], "behind the hole");
    assert!(bench.writer.trouble.is_on(), "nothing was written since");
    bench.sql("PRAGMA max_page_count = 1000000");
    assert_eq!(words(&bench.ask(vec![append(3, 1), append(4, 1)])), ["+4/1"]);
    assert!(!bench.writer.trouble.is_on());
    bench.reopen();
    assert_eq!(seqs(&bench.open(ALL).tail), [1, 2, 3, 4]);
}

#[test]
fn logs_that_were_forgotten_are_found_again() {
    let mut bench = Bench::new();
    bench.open(Keep { count: 2, ..ALL });
    bench.ask((1..=3).map(|seq| append(seq, 1)).collect());
    bench.writer.logs.clear();
    assert_eq!(words(&bench.ask(vec![append(4, 1)])), ["+4/3"]);
}

#[test]
fn a_log_that_cannot_be_opened_fails_no_other() {
    let mut bench = Bench::new();
    bench.open(ALL);
    bench.sql("INSERT INTO logs VALUES (9, 'odd', -1, 0, 1, 0, 0, 0, 0)");
    let mut odd = open(ALL);
    if let LogAsk::Open { room, .. } = &mut odd {
        *room = RoomName::parse("odd").unwrap();
    }
    assert_eq!(words(&bench.ask(vec![append(1, 1), odd, append(2, 1)])), ["+2/1", "fault"]);
    assert!(bench.writer.openings.is_on() && !bench.writer.trouble.is_on());
    assert_eq!(bench.read(0, 9), Ok(vec![1, 2]));
}
