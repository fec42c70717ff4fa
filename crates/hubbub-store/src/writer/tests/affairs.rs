//! Rooms' affairs: the last that were kept come back with the log.

use bytes::Bytes;
use hubbub_hub::LogAsk;

use super::{ALL, Bench, append, event, lobby, words};

fn affairs(text: &'static str) -> LogAsk {
    LogAsk::Affairs { room: lobby(), affairs: Bytes::from_static(text.as_bytes()) }
}

#[test]
fn the_last_that_were_kept_come_back() {
    let mut bench = Bench::new();
    assert_eq!(bench.open(ALL).affairs, None);
    assert_eq!(words(&bench.ask(vec![affairs("one"), append(1, 1), affairs("two")])), ["+1/1"]);
    bench.reopen();
    assert_eq!(bench.open(ALL).affairs.as_deref(), Some(&b"two"[..]));
}

#[test]
fn what_cannot_be_kept_is_said_to_be_lost() {
    let mut bench = Bench::new();
    bench.open(ALL);
    bench.ask(vec![affairs("one")]);
    bench.sql("PRAGMA max_page_count = 1");
    let big = LogAsk::Append { event: event(1, 1, 100_000), key: None };
    assert_eq!(words(&bench.ask(vec![affairs("two"), big])), ["affairs of lobby lost", "-1"]);
    bench.sql("PRAGMA max_page_count = 1000000");
    assert_eq!(bench.open(ALL).affairs.as_deref(), Some(&b"one"[..]));
}
