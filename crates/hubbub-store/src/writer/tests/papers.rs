//! Papers in the writer's batches: all of a change or none, beside messages, within what an owner may keep.

use hubbub_hub::{Paper, PaperChange, PapersAnswer, SessionKey};
use proptest::prelude::*;

use super::*;
use crate::line::Line;
use crate::papers::{Look, look};

const ASKER: SessionKey = SessionKey { worker: 3, slot: 1, generation: 2 };

fn job(owner: &str, changes: Vec<PaperChange>) -> Job {
    let place = Line::new(1).join(1).unwrap();
    Job::Papers(PapersJob { session: ASKER, ticket: 9, owner: owner.to_owned(), changes, _place: place })
}

fn put(key: &str, value: &str) -> PaperChange {
    ("card", key.to_owned(), Some(value.to_owned().into()))
}

fn take(key: &str) -> PaperChange {
    ("card", key.to_owned(), None)
}

impl Bench {
    fn write(&mut self, jobs: &[Job]) -> Vec<PapersAnswer> {
        let papers = |(to, answer)| match answer {
            Answer::Papers { session: ASKER, ticket: 9, answer } if to == 3 => Some(answer),
            Answer::Log(_) => None,
            other => panic!("{other:?}"),
        };
        self.writer.batch(jobs).into_iter().filter_map(papers).collect()
    }

    /// The shelf as `key=value`.
    fn shelf(&self, owner: &str, shelf: &'static str) -> Vec<String> {
        let all = Look { owner: owner.to_owned(), shelf, key: None };
        let papers = look(&self.writer.connection, &all).unwrap().into_iter();
        papers.map(|paper| format!("{}={}", paper.key, String::from_utf8_lossy(&paper.value))).collect()
    }
}

#[test]
fn kept_by_owner_shelf_and_key() {
    let mut bench = Bench::new();
    let mixed = vec![put("b", "1"), ("list", "b".to_owned(), Some("2".into())), put("a", ""), put("Z", "3")];
    assert_eq!(
        bench.write(&[job("ann", mixed), job("bob", vec![put("b", "4")])]),
        [PapersAnswer::Kept, PapersAnswer::Kept]
    );
    bench.reopen();
    assert_eq!(bench.shelf("ann", "card"), ["Z=3", "a=", "b=1"]);
    assert_eq!(bench.shelf("ann", "list"), ["b=2"]);
    assert_eq!(bench.shelf("bob", "card"), ["b=4"]);
    let one = Look { owner: "ann".to_owned(), shelf: "list", key: Some("b".to_owned()) };
    let paper = Paper { shelf: "list", key: "b".to_owned(), value: "2".into() };
    assert_eq!(look(&bench.writer.connection, &one).unwrap(), [paper]);
    let none = Look { key: Some("c".to_owned()), ..one };
    assert_eq!(look(&bench.writer.connection, &none).unwrap(), []);
}

#[test]
fn changes_follow_each_other() {
    let mut bench = Bench::new();
    bench.write(&[job("ann", vec![put("a", "1"), put("a", "2"), put("b", "1"), take("b"), take("c")])]);
    assert_eq!(bench.shelf("ann", "card"), ["a=2"]);
    assert_eq!(bench.write(&[job("ann", Vec::new())]), [PapersAnswer::Kept]);
    assert_eq!(bench.write(&[job("ann", vec![take("a")])]), [PapersAnswer::Kept]);
    assert_eq!(bench.shelf("ann", "card"), [""; 0]);
}

#[test]
fn what_is_too_much_is_not_kept_in_part_and_fails_nobody_else() {
    let mut bench = Bench::new();
    bench.open(ALL);
    let five = ["a", "b", "c", "d", "e"].map(|key| put(key, "x")).to_vec();
    let heavy = vec![put("a", &"x".repeat(90)), put("b", &"x".repeat(9))];
    let jobs = [
        Job::Log(3, append(1, 1)),
        job("ann", five.clone()),
        job("bob", heavy),
        job("cy", five[..4].to_vec()),
        Job::Log(3, append(2, 1)),
    ];
    assert_eq!(bench.write(&jobs), [PapersAnswer::Full, PapersAnswer::Full, PapersAnswer::Kept]);
    assert_eq!((bench.shelf("ann", "card").len(), bench.shelf("bob", "card").len()), (0, 0));
    assert_eq!(bench.shelf("cy", "card").len(), 4);
    assert_eq!(bench.read(0, 9), Ok(vec![1, 2]));
    let swapped = vec![take("a"), put("e", "x"), put("b", &"ü".repeat(46))];
    assert_eq!(bench.write(&[job("cy", swapped)]), [PapersAnswer::Kept], "4 keys, 2 and 92 bytes");
    assert_eq!(bench.write(&[job("cy", vec![put("b", &"ü".repeat(48))])]), [PapersAnswer::Full]);
}

#[test]
fn whoever_has_too_much_by_new_limits_may_still_take_away() {
    let mut bench = Bench::new();
    bench.write(&[job("ann", vec![put("a", "x"), put("b", "x"), put("c", "x")])]);
    bench.writer.papers.entries = 1;
    assert_eq!(bench.write(&[job("ann", vec![put("a", "")])]), [PapersAnswer::Full]);
    assert_eq!(bench.write(&[job("ann", vec![take("a")])]), [PapersAnswer::Kept]);
    assert_eq!(bench.shelf("ann", "card"), ["b=x", "c=x"]);
}

#[test]
fn on_a_full_disk_nothing_is_kept_and_it_is_said() {
    let mut bench = Bench::new();
    bench.writer.papers.bytes = u64::MAX;
    bench.write(&[job("ann", vec![put("a", "1")])]);
    bench.sql("PRAGMA max_page_count = 1");
    let big = || job("ann", vec![put("a", "2"), put("b", &"x".repeat(100_000))]);
    assert_eq!(
        bench.write(&[big(), job("bob", vec![put("a", "1")])]),
        [PapersAnswer::Unavailable, PapersAnswer::Unavailable]
    );
    assert!(bench.writer.trouble.is_on());
    assert_eq!(bench.shelf("ann", "card"), ["a=1"]);
    bench.sql("PRAGMA max_page_count = 1000000");
    assert_eq!(bench.write(&[big()]), [PapersAnswer::Kept]);
    assert!(!bench.writer.trouble.is_on());
}

/// One owner's shelf as a plain list in order.
type Plain = std::collections::BTreeMap<String, String>;

fn apply(plain: &Plain, changes: &[(String, Option<String>)]) -> Plain {
    let mut after = plain.clone();
    for (key, value) in changes {
        match value {
            Some(value) => after.insert(key.clone(), value.clone()),
            None => after.remove(key),
        };
    }
    after
}

fn fits(plain: &Plain) -> bool {
    let bytes: usize = plain.iter().map(|(key, value)| key.len() + value.len()).sum();
    plain.len() as u64 <= PAPERS.entries && bytes as u64 <= PAPERS.bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn behaves_like_a_plain_map(
        writes in prop::collection::vec(
            prop::collection::vec(("[a-dä\u{0}]{0,2}", prop::option::of("[xü]{0,30}")), 0..6),
            1..20,
        )
    ) {
        let mut bench = Bench::new();
        bench.sql("PRAGMA synchronous = off");
        let mut plain = Plain::new();
        for changes in writes {
            let after = apply(&plain, &changes);
            let grows = changes.iter().any(|(_, value)| value.is_some());
            let change = |(key, value): &(String, Option<String>)| {
                ("card", key.clone(), value.clone().map(Into::into))
            };
            let answer = bench.write(&[job("ann", changes.iter().map(change).collect())]);
            if !grows || fits(&after) {
                prop_assert_eq!(answer, [PapersAnswer::Kept]);
                plain = after;
            } else {
                prop_assert_eq!(answer, [PapersAnswer::Full]);
            }
            let shelf: Vec<_> = plain.iter().map(|(key, value)| format!("{key}={value}")).collect();
            prop_assert_eq!(bench.shelf("ann", "card"), shelf);
        }
    }
}
