//! A durable room: nobody hears of a message before it is on disk, and no failure of the disk is papered over.

mod common;

use std::sync::Arc;

use common::{Bench, account, bench, guest, room};
use hubbub_hub::{Effect, Event, Fault, LogAnswer, LogAsk, LogKind, Offset, Opened, Start};

/// A bench whose room `lobby` is open with `head` messages on disk.
fn opened(head: u64, tail: Vec<Arc<Event>>) -> Bench {
    let mut bench = bench(LogKind::Durable);
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    assert_eq!(bench.said(), ["open lobby"]);
    let log = Opened { epoch: 7, head, oldest: 1, tail, keys: Vec::new(), affairs: None };
    bench.answer(LogAnswer::Opened { room: room("lobby"), log: Ok(Some(log)) });
    bench
}

fn kept(through: u64) -> LogAnswer {
    LogAnswer::Kept { room: room("lobby"), through, oldest: 1 }
}

#[test]
fn what_comes_while_the_log_opens_waits() {
    let mut bench = bench(LogKind::Durable);
    let ann = guest("ann");
    bench.join(0, &ann, "lobby", Start::Now);
    bench.publish(0, &ann, "lobby", "hello");
    assert_eq!(bench.said(), ["open lobby"]);
    let log = Opened { epoch: 7, head: 3, oldest: 1, tail: Vec::new(), keys: Vec::new(), affairs: None };
    bench.answer(LogAnswer::Opened { room: room("lobby"), log: Ok(Some(log)) });
    assert_eq!(bench.said(), ["0 joins after 3:  live", "append 4 hello"]);
}

#[test]
fn acknowledged_and_told_only_when_kept() {
    let mut bench = opened(0, Vec::new());
    let ann = guest("ann");
    bench.said();
    bench.publish(0, &ann, "lobby", "a");
    bench.publish(1, &ann, "lobby", "b");
    assert_eq!(bench.said(), ["append 1 a", "append 2 b"]);
    bench.answer(kept(2));
    assert_eq!(bench.said(), ["w0 a", "0 kept 1", "w0 b", "1 kept 2"]);
}

#[test]
fn a_repetition_waits_for_the_first() {
    let mut bench = opened(0, Vec::new());
    let ann = guest("ann");
    bench.said();
    bench.publish_keyed(0, &ann, "lobby", "a", "k");
    bench.publish_keyed(1, &ann, "lobby", "a", "k");
    assert_eq!(bench.said(), ["append 1 a"]);
    bench.answer(kept(1));
    assert_eq!(bench.said(), ["w0 a", "0 kept 1", "1 kept 1 again"]);
    bench.publish_keyed(2, &ann, "lobby", "a", "k");
    assert_eq!(bench.said(), ["2 kept 1 again"]);
}

#[test]
fn what_was_not_kept_is_refused_and_forgotten() {
    let mut bench = opened(0, Vec::new());
    let ann = guest("ann");
    bench.said();
    bench.publish_keyed(0, &ann, "lobby", "a", "k");
    bench.publish(1, &ann, "lobby", "b");
    bench.said();
    bench.answer(LogAnswer::Failed { room: room("lobby"), from: 1 });
    assert_eq!(bench.said(), ["0 refused logfailed", "1 refused logfailed", "open lobby"]);
    // The second failure of the same batch is old news.
    bench.answer(LogAnswer::Failed { room: room("lobby"), from: 2 });
    let log = Opened { epoch: 7, head: 0, oldest: 1, tail: Vec::new(), keys: Vec::new(), affairs: None };
    bench.answer(LogAnswer::Opened { room: room("lobby"), log: Ok(Some(log)) });
    bench.publish_keyed(0, &ann, "lobby", "a", "k");
    assert_eq!(bench.said(), ["append 1 a"]);
}

#[test]
fn too_many_on_their_way_to_the_disk_are_refused() {
    let mut bench = opened(0, Vec::new());
    bench.said();
    for slot in 0..5 {
        bench.publish(slot, &guest("ann"), "lobby", "x");
    }
    assert_eq!(bench.said().last().map(String::as_str), Some("4 refused busy"));
}

#[test]
fn a_log_that_cannot_be_opened_is_tried_again_by_the_next_command() {
    let mut bench = bench(LogKind::Durable);
    bench.publish(0, &guest("ann"), "@bob", "hi");
    assert_eq!(bench.said(), ["open @bob if bob"]);
    bench.answer(LogAnswer::Opened { room: room("@bob"), log: Err(Fault) });
    assert_eq!(bench.said(), ["0 refused logfailed"]);
    bench.publish(0, &guest("ann"), "@bob", "hi");
    assert_eq!(bench.said(), ["open @bob if bob"]);
    bench.answer(LogAnswer::Opened { room: room("@bob"), log: Ok(None) });
    assert_eq!(bench.said(), ["0 refused nosuchinbox"]);
    bench.join(1, &account("bob"), "@bob", Start::Now);
    assert_eq!(bench.said(), ["open @bob"]);
}

#[test]
fn an_inbox_whose_owner_is_removed_forgets_all_and_goes_on_in_another_epoch() {
    let mut bench = bench(LogKind::Durable);
    bench.join(0, &account("bob"), "@bob", Start::Now);
    let log = |epoch| Opened { epoch, head: 0, oldest: 1, tail: Vec::new(), keys: Vec::new(), affairs: None };
    bench.answer(LogAnswer::Opened { room: room("@bob"), log: Ok(Some(log(5))) });
    bench.publish(1, &account("ann"), "@bob", "for the old Bob");
    bench.answer(LogAnswer::Kept { room: room("@bob"), through: 1, oldest: 1 });
    bench.publish(2, &account("ann"), "@bob", "on its way");
    bench.said();
    bench.answer(LogAnswer::Gone { room: room("@bob") });
    assert_eq!(bench.said(), ["2 refused nosuchinbox"]);
    bench.answer(LogAnswer::Failed { room: room("@bob"), from: 2 });
    bench.publish(3, &account("ann"), "@bob", "hi");
    assert_eq!(bench.said(), ["3 refused nosuchinbox"]);

    bench.join(4, &account("bob"), "@bob", Start::Oldest);
    assert_eq!(bench.said(), ["open @bob"]);
    bench.answer(LogAnswer::Opened { room: room("@bob"), log: Ok(Some(log(6))) });
    let joined = bench.joined();
    assert_eq!((joined.page.head, joined.page.events.len()), (Offset::new(6, 0), 0));
}

#[test]
fn an_inbox_in_memory_goes_with_its_owner_too() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &account("bob"), "@bob", Start::Now);
    let before = bench.joined().page.head.epoch;
    bench.publish(1, &account("ann"), "@bob", "for the old Bob");
    bench.answer(LogAnswer::Gone { room: room("@bob") });
    bench.said();
    bench.join(2, &account("bob"), "@bob", Start::Oldest);
    let page = bench.joined().page;
    assert_eq!((page.head.seq, page.events.len()), (0, 0));
    assert_ne!(page.head.epoch, before);
}

/// Publishes and keeps so many, and gives them.
fn fill(bench: &mut Bench, count: u64) -> Vec<Arc<Event>> {
    let mut events = Vec::new();
    for seq in 1..=count {
        bench.publish(9, &guest("ann"), "lobby", &seq.to_string());
        let appended = bench.effects.drain(..).find_map(|effect| match effect {
            Effect::Log(LogAsk::Append { event, .. }) => Some(event),
            _ => None,
        });
        events.extend(appended);
        bench.answer(kept(seq));
    }
    bench.effects.clear();
    events
}

#[test]
fn older_messages_come_from_the_store_without_a_gap() {
    let mut bench = opened(0, Vec::new());
    let events = fill(&mut bench, 8);
    // Memory holds the newest five.
    bench.join(2, &guest("bo"), "lobby", Start::After(Offset::new(7, 3)));
    assert_eq!(bench.said(), ["w0 join bo (2)", "2 joins after 3: 4 5 6 7 8 live"]);
    bench.join(3, &guest("cy"), "lobby", Start::Oldest);
    assert_eq!(bench.said(), ["w0 join cy (3)", "read after 0 limit 100 #0"]);
    bench.answer(LogAnswer::Page { room: room("lobby"), ticket: 0, events: Ok(events[..6].to_vec()) });
    assert_eq!(bench.said(), ["3 joins after 0: 1 2 3 4 5 6"]);
    bench.join(3, &guest("cy"), "lobby", Start::After(Offset::new(7, 6)));
    assert_eq!(bench.said(), ["3 joins after 6: 7 8 live"]);
}

#[test]
fn what_was_trimmed_while_the_store_looked_is_said_to_be_gone() {
    let mut bench = opened(0, Vec::new());
    let events = fill(&mut bench, 8);
    bench.join(3, &guest("cy"), "lobby", Start::After(Offset::new(7, 1)));
    bench.said();
    bench.answer(LogAnswer::Page { room: room("lobby"), ticket: 0, events: Ok(events[4..].to_vec()) });
    assert_eq!(bench.said(), ["3 joins after 4: 5 6 7 8 live gone"]);
}

#[test]
fn what_is_on_disk_but_not_told_yet_is_not_read_early() {
    let mut bench = opened(0, Vec::new());
    let mut events = fill(&mut bench, 8);
    bench.publish(9, &guest("ann"), "lobby", "9");
    let Some(Effect::Log(LogAsk::Append { event, .. })) = bench.effects.pop() else {
        panic!("nothing was appended")
    };
    events.push(event);
    bench.join(3, &guest("cy"), "lobby", Start::Oldest);
    bench.said();
    bench.answer(LogAnswer::Page { room: room("lobby"), ticket: 0, events: Ok(events) });
    assert_eq!(bench.said(), ["3 joins after 0: 1 2 3 4 5 6 7 8 live"]);
    bench.answer(kept(9));
    assert_eq!(bench.said(), ["w0 9", "w1 9", "9 kept 9"]);
}

#[test]
fn whoever_leaves_while_the_store_looks_is_not_answered() {
    let mut bench = opened(0, Vec::new());
    fill(&mut bench, 8);
    bench.join(3, &guest("cy"), "lobby", Start::Oldest);
    bench.ask(3, &guest("cy"), "lobby", hubbub_hub::Command::Leave);
    bench.said();
    bench.answer(LogAnswer::Page { room: room("lobby"), ticket: 0, events: Ok(Vec::new()) });
    assert!(bench.said().is_empty());
}
