//! Looking things up in a log that is in memory.

mod common;

use common::{account, bench, guest};
use hubbub_hub::{ArchiveAsk, Command, LogKind, MessageId, Start};

#[test]
fn pages_forwards_and_backwards_between_ids_and_times() {
    let mut bench = bench(LogKind::Memory);
    let ann = account("ann");
    bench.join(0, &ann, "lobby", Start::Now);
    for text in ["a", "b", "c", "d", "e"] {
        bench.publish(0, &ann, "lobby", text);
        bench.later(1000);
    }
    bench.said();
    bench.join(0, &ann, "lobby", Start::Oldest);
    let events = bench.joined().page.events;
    let id = |n: usize| vec![events[n].id];
    let all = || ArchiveAsk { limit: 10, ..ArchiveAsk::default() };
    let two = || ArchiveAsk { limit: 2, ..ArchiveAsk::default() };
    for (ask, expected) in [
        (all(), "a b c d e complete"),
        (two(), "a b"),
        (ArchiveAsk { newest: true, ..two() }, "d e"),
        (ArchiveAsk { newest: true, before: id(3), ..two() }, "b c"),
        (ArchiveAsk { newest: true, before: id(1), ..two() }, "a complete"),
        (ArchiveAsk { after: id(1), ..two() }, "c d"),
        (ArchiveAsk { after: id(0), before: id(3), ..all() }, "b c complete"),
        (ArchiveAsk { after: id(4), ..all() }, " complete"),
        (
            ArchiveAsk { start_ms: Some(events[1].unix_ms), end_ms: Some(events[2].unix_ms), ..all() },
            "b c complete",
        ),
        (ArchiveAsk { ids: Some(vec![events[3].id, events[0].id]), ..all() }, "a d complete"),
    ] {
        bench.ask(0, &ann, "lobby", Command::Archive(Box::new(ask.clone())));
        assert_eq!(bench.said(), [format!("0 found {expected}")], "{ask:?}");
    }
    for ask in [
        ArchiveAsk { after: vec![MessageId(1)], ..all() },
        ArchiveAsk { before: vec![MessageId(1)], ..all() },
        ArchiveAsk { ids: Some(vec![MessageId(1)]), ..all() },
    ] {
        bench.ask(0, &ann, "lobby", Command::Archive(Box::new(ask)));
        assert_eq!(bench.said(), ["0 refused nosuchmessage"]);
    }
}

#[test]
fn an_inbox_is_for_its_owner_and_says_with_whom() {
    let mut bench = bench(LogKind::Memory);
    let ann = account("ann");
    bench.join(0, &ann, "@ann", Start::Now);
    bench.publish(2, &account("bo"), "@ann", "b");
    bench.publish(2, &guest("cy"), "@ann", "c");
    bench.said();
    let with = |who: &str| {
        let with = Some(hubbub_hub::UserAddress::from_prepared(who));
        Command::Archive(Box::new(ArchiveAsk { with, limit: 9, ..ArchiveAsk::default() }))
    };
    bench.ask(0, &ann, "@ann", with("bo@localhost"));
    bench.ask(0, &ann, "@ann", with("cy@guest.localhost"));
    bench.ask(0, &ann, "@ann", with("nobody@localhost"));
    bench.ask(2, &account("bo"), "@ann", with("bo@localhost"));
    assert_eq!(
        bench.said(),
        ["0 found b complete", "0 found c complete", "0 found  complete", "2 refused forbidden(read)"]
    );
}
