//! Sessions without links: how many there may be, and what they may be owed.

mod common;

use common::{House, Rules};
use http::Method;
use hubbub_gate::outbox::{OutboxLimits, WhenFull};
use hubbub_hub::SessionKey;

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

/// A new session's id, and the exchange that began it.
fn begin(house: &mut House) -> (SessionKey, Option<String>) {
    let leg = house.get(0, POLLING);
    house.settle();
    let answer = house.sent_text(leg);
    let sid = answer.split_once("\"sid\":\"").and_then(|(_, rest)| rest.split('"').next());
    (leg, sid.map(str::to_owned))
}

fn post(house: &mut House, sid: &str, body: &str) -> Option<(u16, String)> {
    let address = format!("{POLLING}&sid={sid}");
    let leg = house.request(0, Method::POST, &address, &[("content-type", "text/plain")], body);
    house.settle();
    let status = house.head(leg)?.0;
    Some((status, house.sent_text(leg)))
}

#[test]
fn there_are_no_more_than_allowed() {
    let mut house = House::new(1, &Rules::default());
    for _ in 0..100 {
        assert!(begin(&mut house).1.is_some());
    }
    let (leg, sid) = begin(&mut house);
    assert_eq!((house.head(leg).unwrap().0, sid), (503, None));
    // Nobody polls: the heartbeats end them, and there is room again.
    house.wait(26_000);
    house.wait(21_000);
    assert!(begin(&mut house).1.is_some());
}

#[test]
fn who_makes_us_answer_and_does_not_listen_is_ended() {
    let outbox = OutboxLimits { bytes: 20_000, when_full: WhenFull::Close };
    let mut house = House::new(1, &Rules { outbox, ..Rules::default() });
    let sid = begin(&mut house).1.unwrap();
    assert_eq!(post(&mut house, &sid, "40"), Some((200, "ok".into())));
    let asks = vec!["421[\"leave\",\"nowhere\"]"; 100].join("\u{1e}");
    for _ in 0..100 {
        post(&mut house, &sid, &asks);
    }
    let poll = house.get(0, &format!("{POLLING}&sid={sid}"));
    house.settle();
    let owed = house.sent_text(poll);
    assert!(owed.ends_with("\u{1e}1"), "its session was closed");
    assert!(owed.len() < 30_000, "it is owed {} bytes", owed.len());
    assert_eq!(post(&mut house, &sid, "3").unwrap().0, 400, "there is no such session any more");
}

#[test]
fn pongs_are_answers_too() {
    let outbox = OutboxLimits { bytes: 20_000, when_full: WhenFull::Close };
    let mut house = House::new(1, &Rules { outbox, eio3: true, ..Rules::default() });
    let address = "/socket.io/?EIO=3&transport=polling";
    let leg = house.get(0, address);
    house.settle();
    let answer = house.sent_text(leg);
    let sid = answer.split_once("\"sid\":\"").and_then(|(_, rest)| rest.split('"').next()).unwrap();
    let address = format!("{address}&sid={sid}");
    let ping = format!("10001:2{}", "x".repeat(10_000));
    for _ in 0..20 {
        house.request(0, Method::POST, &address, &[("content-type", "text/plain")], &ping);
        house.settle();
    }
    let poll = house.get(0, &address);
    house.settle();
    let owed = house.sent_text(poll);
    assert!(owed.ends_with("1:1"), "its session was closed");
    assert!(owed.len() < 40_000, "it is owed {} bytes", owed.len());
}
