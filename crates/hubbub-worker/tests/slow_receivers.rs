//! A slow receiver harms nobody: its queue is bounded, and what happens when it is full happens to it alone.

mod common;

use common::websocket::{Client, Got, texts};
use common::{House, Rules, said};
use hubbub_gate::outbox::{OutboxLimits, WhenFull};

const BOUND: usize = 4000;

fn rules(when_full: WhenFull, context_takeover: bool) -> Rules {
    Rules { outbox: OutboxLimits { bytes: BOUND, when_full }, context_takeover, ..Rules::default() }
}

/// Publishes so many messages; `after_each` lets the fast receivers take theirs.
fn flood(house: &mut House, count: usize, mut after_each: impl FnMut(&mut House)) -> Vec<String> {
    let texts: Vec<_> = (0..count).map(|number| format!("{number:0>4}{}", "-".repeat(96))).collect();
    for text in &texts {
        house.publish(0, text);
        house.settle();
        after_each(house);
    }
    texts
}

#[test]
fn close_ends_the_slow_stream_and_only_that() {
    let mut house = House::new(1, &rules(WhenFull::Close, false));
    let slow = house.stream(0, "/rooms/lobby/messages?name=Slow");
    let fast = house.stream(0, "/rooms/lobby/messages?name=Fast");
    house.settle();
    let mut got = Vec::new();
    let all = flood(&mut house, 60, |house| got.extend(said(&house.sent_text(fast))));

    assert_eq!(got, all);
    assert!(house.is_over(slow) && !house.is_over(fast));
    assert_eq!(house.counters(0).closed_slow.get(), 1);
    assert!(house.queued(slow) <= BOUND);
}

#[test]
fn drop_oldest_keeps_the_slow_stream_and_its_newest_messages() {
    let mut house = House::new(1, &rules(WhenFull::DropOldest, false));
    let slow = house.stream(0, "/rooms/lobby/messages?name=Slow");
    let fast = house.stream(0, "/rooms/lobby/messages?name=Fast");
    house.settle();
    let mut got = Vec::new();
    let all = flood(&mut house, 60, |house| got.extend(said(&house.sent_text(fast))));

    assert_eq!(got, all);
    assert!(!house.is_over(slow));
    assert!(house.queued(slow) <= BOUND);
    let late = said(&house.sent_text(slow));
    assert!(!late.is_empty() && all.ends_with(&late), "{late:?}");
    assert!(house.counters(0).dropped.get() >= (all.len() - late.len()) as u64);
}

/// A worker that was held up finds much to tell. It tells it in portions: who reads keeps up, who does not costs no more
/// than his outbox. So it is wherever the room has its home.
#[test]
fn what_waited_for_a_worker_is_told_in_portions() {
    for (busy, late) in [(0, 1), (1, 0)] {
        let mut house = House::new(2, &rules(WhenFull::Close, false));
        let slow = house.stream(late, "/rooms/lobby/messages?name=Slow");
        let fast = house.stream(late, "/rooms/lobby/messages?name=Fast");
        house.settle();
        house.sent(slow);
        let mut got = said(&house.sent_text(fast));
        let all: Vec<_> = (0..200).map(|number| format!("{number:0>4}{}", "-".repeat(96))).collect();
        for text in &all {
            house.publish(busy, text);
            house.turn(busy);
        }
        while got.len() < all.len() {
            house.turn(late);
            assert!(house.queued(slow) <= BOUND, "{} bytes wait for who does not read", house.queued(slow));
            let more = said(&house.sent_text(fast));
            assert!(!more.is_empty(), "nothing more was told after {} messages", got.len());
            got.extend(more);
        }
        assert_eq!(got, all);
        assert!(house.is_over(slow) && !house.is_over(fast));
    }
}

#[test]
fn a_slow_socket_is_told_that_it_is_slow() {
    let mut house = House::new(1, &rules(WhenFull::Close, false));
    let mut slow = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Slow", &[]);
    flood(&mut house, 60, |_| {});
    assert_eq!(slow.read(&mut house), [Got::Close(1013)]);
    assert!(house.is_over(slow.key));
}

/// Receivers of one wire form are told together. When the last of them is closed, those of the next form must still be told.
#[test]
fn a_slow_socket_costs_the_streams_beside_it_nothing() {
    let mut house = House::new(1, &rules(WhenFull::Close, false));
    let slow = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Slow", &[]);
    let fast = house.stream(0, "/rooms/lobby/messages?name=Fast");
    house.settle();
    let mut got = Vec::new();
    let all = flood(&mut house, 60, |house| got.extend(said(&house.sent_text(fast))));
    assert!(house.is_over(slow.key));
    assert_eq!(got, all);
}

const TAKEOVER: &[(&str, &str)] = &[("sec-websocket-extensions", "permessage-deflate")];

/// RFC 7692 §7.1.1: with context takeover each message needs those before it.
#[test]
fn a_slow_socket_with_a_context_of_its_own_is_closed_too() {
    let mut house = House::new(1, &rules(WhenFull::Close, true));
    let mut slow = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Slow", TAKEOVER);
    flood(&mut house, 600, |_| {});
    assert!(house.is_over(slow.key), "messages were lost without a word");
    assert_eq!(slow.read(&mut house), [Got::Close(1013)]);
}

#[test]
fn dropping_leaves_a_socket_with_a_context_of_its_own_readable() {
    let mut house = House::new(1, &rules(WhenFull::DropOldest, true));
    let mut slow = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Slow", TAKEOVER);
    let all = flood(&mut house, 600, |_| {});
    let got = slow.read(&mut house);
    assert!(!got.iter().any(|one| matches!(one, Got::Nonsense(_))), "{got:?}");
    let known = |text: &&str| all.iter().any(|said| said == text);
    assert!(texts(&got).iter().all(known), "a message that nobody sent");
}

/// Answers to pings are bounded as everything else is: limits.outbox_bytes.
#[test]
fn a_peer_that_pings_and_never_reads_is_bounded() {
    let mut house = House::new(1, &rules(WhenFull::Close, false));
    let peer = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Ping", &[]);
    for _ in 0..200 {
        peer.ping(&mut house, &[b'p'; 125]);
        house.settle();
    }
    assert!(house.queued(peer.key) <= BOUND, "{} bytes wait", house.queued(peer.key));
}
