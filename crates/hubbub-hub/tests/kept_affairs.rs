//! The affairs of a durable room outlive the process.

mod common;
mod governed;

use bytes::Bytes;
use common::{Bench, account, bench, guest, room};
use governed::{affiliate, claim, configure, govern, snapshot};
use hubbub_hub::{Affiliation, Command, Effect, Govern, LogAnswer, LogAsk, LogKind, Opened, Start};

fn opened(bench: &mut Bench, affairs: Option<Bytes>) {
    let log = Opened { epoch: 7, head: 0, oldest: 1, tail: Vec::new(), keys: Vec::new(), affairs };
    bench.answer(LogAnswer::Opened { room: room("lobby"), log: Ok(Some(log)) });
}

/// The lobby, in which ann is, who owns it.
fn claimed() -> Bench {
    let mut bench = bench(LogKind::Durable);
    claim(&mut bench, 0, &account("ann"), "lobby");
    opened(&mut bench, None);
    let said = bench.said();
    assert_eq!(said, ["open lobby", "keep affairs of lobby", "0 joins after 0:  live"]);
    bench
}

/// What the store was last asked to keep.
fn kept(bench: &mut Bench) -> Bytes {
    let kept = bench.effects.drain(..).filter_map(|effect| match effect {
        Effect::Log(LogAsk::Affairs { affairs, .. }) => Some(affairs),
        _ => None,
    });
    kept.last().expect("something has changed")
}

#[test]
fn a_restart_changes_nothing() {
    let mut before = claimed();
    affiliate(&mut before, 0, &account("ann"), "bo@localhost", Affiliation::Member);
    affiliate(&mut before, 0, &account("ann"), "troll@localhost", Affiliation::Outcast);
    configure(&mut before, 0, &account("ann"), |config| config.members_only = true);
    before.said();
    before.ask(0, &account("ann"), "lobby", govern(Govern::Subject("tea".into())));
    assert_eq!(before.said(), ["append 1 tea"]);
    before.answer(LogAnswer::Kept { room: room("lobby"), through: 1, oldest: 1 });
    let affairs = kept(&mut before);
    let mut after = bench(LogKind::Durable);
    after.join(0, &guest("cy"), "lobby", Start::Now);
    after.join(2, &account("troll"), "lobby", Start::Now);
    after.join(4, &account("bo"), "lobby", Start::Now);
    opened(&mut after, Some(affairs));
    assert_eq!(
        after.said(),
        ["open lobby", "0 refused membersonly", "2 refused outcast", "4 joins after 0:  live"]
    );
    claim(&mut after, 6, &account("ann"), "lobby");
    let joined = after.joined();
    assert_eq!((joined.affiliation, joined.created), (Affiliation::Owner, false));
    after.ask(6, &account("ann"), "lobby", govern(Govern::Affairs));
    let seen = snapshot(&mut after);
    assert!(seen.config.members_only && seen.affiliations.len() == 3);
    assert_eq!(seen.subject.as_ref().map(|subject| &*subject.text), Some("tea"));
}

#[test]
fn names_are_kept_over_a_restart() {
    let mut before = claimed();
    before.ask(0, &account("ann"), "lobby", govern(Govern::Register("Anna".into())));
    let affairs = kept(&mut before);
    let mut after = bench(LogKind::Durable);
    after.join(0, &guest("anna"), "lobby", Start::Now);
    opened(&mut after, Some(affairs));
    let called = |bench: &mut Bench| bench.joined().me.expect("somebody came in").name.to_string();
    assert_eq!(called(&mut after), "anna (2)");
    after.join(2, &account("ann"), "lobby", Start::Now);
    assert_eq!(called(&mut after), "Anna");
}

#[test]
fn a_room_whose_affairs_cannot_be_read_lets_nobody_in() {
    let mut bench = bench(LogKind::Durable);
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    opened(&mut bench, Some(Bytes::from_static(b"{}")));
    assert_eq!(bench.said(), ["open lobby", "0 refused logfailed"]);
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    opened(&mut bench, None);
    assert_eq!(bench.said(), ["open lobby", "0 joins after 0:  live"], "it is tried again");
}

#[test]
fn what_the_store_lost_it_is_asked_to_keep_again() {
    let mut bench = claimed();
    bench.answer(LogAnswer::AffairsLost { room: room("lobby") });
    bench.ask(0, &account("ann"), "lobby", Command::Leave);
    bench.said();
    bench.later(1000);
    assert_eq!(bench.said(), ["keep affairs of lobby"]);
    bench.later(1000);
    assert!(bench.said().is_empty());
}
