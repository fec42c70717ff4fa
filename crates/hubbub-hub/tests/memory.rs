//! A room in memory: order, resuming, limits, presence.

mod common;

use common::{KEEP, account, bench, bench_with, guest, inbox, policies, policy, room, settings};
use hubbub_hub::policy::{Pattern, Who};
use hubbub_hub::{
    Command, Grants, Identity, Keep, LogKind, Offset, Policies, PresenceMode, Right, RoomPolicy, Start,
};
use proptest::prelude::*;

#[test]
fn told_once_for_each_worker_with_seats_then_acknowledged() {
    let mut bench = bench(LogKind::Memory);
    let ann = guest("ann");
    bench.publish(0, &ann, "lobby", "nobody hears");
    assert_eq!(bench.said(), ["0 kept 1"]);
    for slot in [1, 2, 3, 5] {
        bench.join(slot, &ann, "lobby", Start::Now);
    }
    bench.said();
    bench.publish(0, &ann, "lobby", "all hear");
    assert_eq!(bench.said(), ["w0 all hear", "w1 all hear", "0 kept 2"]);
    for slot in [1, 3, 5] {
        bench.ask(slot, &ann, "lobby", Command::Leave);
    }
    bench.said();
    bench.publish(0, &ann, "lobby", "one hears");
    assert_eq!(bench.said(), ["w0 one hears", "0 kept 3"]);
}

#[test]
fn where_readers_begin() {
    let mut bench = bench(LogKind::Memory);
    let ann = guest("ann");
    for text in ["a", "b", "c"] {
        bench.publish(0, &ann, "lobby", text);
    }
    bench.join(1, &ann, "lobby", Start::Oldest);
    let epoch = bench.joined().page.head.epoch;
    let mut joins = |start| {
        bench.join(1, &ann, "lobby", start);
        bench.said().pop().unwrap_or_default()
    };
    assert_eq!(joins(Start::Now), "1 joins after 3:  live");
    assert_eq!(joins(Start::Oldest), "1 joins after 0: a b c live");
    assert_eq!(joins(Start::Last(2)), "1 joins after 1: b c live");
    assert_eq!(joins(Start::Last(0)), "1 joins after 3:  live");
    assert_eq!(joins(Start::Last(u32::MAX)), "1 joins after 0: a b c live");
    assert_eq!(joins(Start::After(Offset::new(epoch, 2))), "1 joins after 2: c live");
    assert_eq!(joins(Start::After(Offset::new(epoch, 3))), "1 joins after 3:  live");
    assert_eq!(joins(Start::After(Offset::new(epoch, 4))), "1 joins after 0: a b c live gone");
    assert_eq!(joins(Start::After(Offset::new(epoch + 1, 1))), "1 joins after 0: a b c live gone");
}

#[test]
fn history_is_limited_by_count_age_and_bytes() {
    let limited = |keep| {
        let keep = RoomPolicy { keep, ..policy(LogKind::Memory) };
        bench_with(settings(), Policies::new(Vec::new(), keep, inbox(LogKind::Memory)))
    };
    let history = |bench: &mut common::Bench| {
        bench.join(1, &guest("ann"), "lobby", Start::Oldest);
        bench.said().pop().unwrap_or_default()
    };
    for keep in [Keep { count: 2, ..KEEP }, Keep { bytes: 2 * 161, ..KEEP }, Keep { age_ms: 1500, ..KEEP }] {
        let mut bench = limited(keep);
        for text in ["a", "b", "c"] {
            bench.later(1000);
            bench.publish(0, &guest("ann"), "lobby", text);
        }
        assert_eq!(history(&mut bench), "1 joins after 1: b c live", "{keep:?}");
    }
    let mut aged = limited(Keep { age_ms: 1500, ..KEEP });
    aged.publish(0, &guest("ann"), "lobby", "a");
    aged.later(2000);
    assert_eq!(history(&mut aged), "1 joins after 1:  live");
}

#[test]
fn an_empty_room_is_forgotten_and_comes_back_in_a_new_epoch() {
    let mut bench = bench_with(
        settings(),
        Policies::new(
            Vec::new(),
            RoomPolicy { keep: Keep { age_ms: 1000, ..KEEP }, ..policy(LogKind::Memory) },
            inbox(LogKind::Memory),
        ),
    );
    bench.publish(0, &guest("ann"), "lobby", "a");
    bench.poll(1, &guest("ann"), "lobby");
    let before = bench.joined().page.head;
    for _ in 0..12 {
        bench.later(10_000);
    }
    assert_eq!(bench.hub.room_count(), 0);
    bench.join(1, &guest("ann"), "lobby", Start::After(before));
    let joined = bench.joined();
    assert!(!joined.recovered);
    assert_ne!(joined.page.head.epoch, before.epoch);
}

#[test]
fn people_are_present_once_however_many_sessions_they_have() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    bench.join(2, &guest("bo"), "lobby", Start::Now);
    bench.join(4, &guest("bo"), "lobby", Start::Now);
    bench.ask(2, &guest("bo"), "lobby", Command::Leave);
    assert_eq!(
        bench.said(),
        ["0 joins after 0:  live", "w0 join bo (2)", "2 joins after 0:  live", "4 joins after 0:  live"]
    );
    bench.ask(4, &guest("bo"), "lobby", Command::Leave);
    assert_eq!(bench.said(), ["w0 leave bo (1)"]);
}

#[test]
fn a_crowd_is_counted_once_a_second() {
    let mut bench = bench(LogKind::Memory);
    for (slot, name) in ["ann", "bo", "cy", "di", "ed"].iter().enumerate() {
        bench.join(slot as u32 * 2, &guest(name), "lobby", Start::Now);
    }
    let said = bench.said();
    assert_eq!(said.iter().filter(|word| word.contains("join ")).count(), 2, "{said:?}");
    bench.later(1000);
    assert_eq!(bench.said(), ["w0 count 5"]);
    bench.later(1000);
    assert!(bench.said().is_empty());
}

#[test]
fn who_polls_stays_a_while() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    bench.poll(2, &guest("lee"), "lobby");
    bench.said();
    bench.later(20_000);
    bench.poll(4, &guest("lee"), "lobby");
    bench.later(20_000);
    assert_eq!(bench.said(), ["4 joins after 0: "]);
    bench.later(11_000);
    assert_eq!(bench.said(), ["w0 leave lee (1)"]);
}

#[test]
fn rights_by_rule_and_by_grant() {
    let strict = RoomPolicy {
        publish: vec![Who::Users],
        read: vec![Who::User("ann".into())],
        ..policy(LogKind::Memory)
    };
    let rules = vec![(Pattern::parse("strict").unwrap(), strict)];
    let mut bench =
        bench_with(settings(), Policies::new(rules, policy(LogKind::Memory), inbox(LogKind::Memory)));
    bench.publish(0, &guest("ann"), "strict", "x");
    bench.publish(0, &account("bob"), "strict", "x");
    bench.join(0, &account("bob"), "strict", Start::Now);
    bench.join(0, &account("ann"), "strict", Start::Now);
    let granted = Identity {
        grants: Some(Grants(vec![(Pattern::parse("s*").unwrap(), vec![Right::Read])])),
        ..(*account("bob")).clone()
    };
    bench.join(2, &granted.into(), "strict", Start::Now);
    let said = bench.said();
    assert_eq!(said[..3], ["0 refused forbidden(publish)", "0 kept 1", "0 refused forbidden(read)"]);
    assert!(
        said[3..].contains(&"0 joins after 1:  live".to_owned())
            && said[3..].contains(&"2 joins after 1:  live".to_owned())
    );
}

#[test]
fn an_inbox_is_its_owners() {
    let mut bench = bench(LogKind::Memory);
    bench.publish(0, &guest("ann"), "@bob", "nobody is there");
    bench.join(0, &guest("bob"), "@bob", Start::Now);
    bench.join(2, &account("bob"), "@bob", Start::Now);
    bench.publish(0, &guest("ann"), "@bob", "hi");
    bench.join(0, &account("ann"), "@bob", Start::Now);
    assert_eq!(
        bench.said(),
        [
            "0 refused nosuchinbox",
            "0 refused nosuchinbox",
            "2 joins after 0:  live",
            "w0 hi",
            "0 kept 1",
            "0 refused forbidden(join)"
        ]
    );
}

#[test]
fn there_are_only_so_many_rooms() {
    let mut bench =
        bench_with(hubbub_hub::HubSettings { rooms_max: 2, ..settings() }, policies(LogKind::Memory));
    for name in ["a", "b", "c", "a"] {
        bench.publish(0, &guest("ann"), name, "x");
    }
    assert_eq!(bench.said(), ["0 kept 1", "0 kept 1", "0 refused toomanyrooms", "0 kept 2"]);
    assert_eq!(room("a").inbox_owner(), None);
}

#[test]
fn presence_that_is_off_is_not_told() {
    let off = RoomPolicy { presence: PresenceMode::Off, ..policy(LogKind::Memory) };
    let mut bench = bench_with(settings(), Policies::new(Vec::new(), off, inbox(LogKind::Memory)));
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    bench.ask(0, &guest("ann"), "lobby", Command::Presence);
    assert_eq!(bench.said(), ["0 joins after 0:  live", "0 refused presenceoff"]);
}

proptest! {
    /// However somebody pages through the log while it grows, he reads each message once, in order.
    #[test]
    fn paging_reads_all_in_order(before in 0u64..40, limit in 1u32..7, grow in 0u64..3) {
        let mut bench = bench(LogKind::Memory);
        let ann = guest("ann");
        let mut published = 0;
        let mut say = |bench: &mut common::Bench, count: u64| {
            for _ in 0..count {
                published += 1;
                bench.publish(0, &ann, "lobby", &published.to_string());
            }
        };
        say(&mut bench, before);
        let mut read = Vec::new();
        let mut start = Start::Oldest;
        loop {
            bench.effects.clear();
            let stay = hubbub_hub::command::Stay::Seated;
            bench.ask(2, &ann, "lobby", Command::join(start, limit, stay, true, None));
            let joined = bench.joined();
            prop_assert!(joined.recovered);
            read.extend(joined.page.events.iter().map(|event| event.at.seq));
            if joined.live {
                break;
            }
            start = Start::After(joined.page.cursor());
            if read.len() < 60 {
                say(&mut bench, grow.min(u64::from(limit) - 1));
            }
        }
        let expected: Vec<u64> = (1..=read.len() as u64).collect();
        prop_assert_eq!(&read, &expected);
    }
}
