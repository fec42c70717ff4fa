//! Who is told what: long polls once, whoever asked not to hear himself all but his own, nobody after he has gone.

mod common;

use common::sessions::Sayer;
use common::websocket::{Client, Got, texts};
use common::{House, Rules, said};
use hubbub_gate::session::Input;

#[test]
fn long_polls_are_told_once_and_all_alike() {
    let mut house = House::new(2, &Rules::default());
    let polls = [0, 0, 1].map(|worker| house.get(worker, "/rooms/lobby/messages?wait=20"));
    house.settle();
    assert!(polls.iter().all(|poll| !house.is_over(*poll)));
    house.publish(0, "one");
    house.settle();
    house.publish(0, "two");
    house.settle();
    for poll in polls {
        assert_eq!(house.head(poll).unwrap().0, 200);
        let answer = house.sent_text(poll);
        assert!(answer.contains(r#""data":"one""#) && !answer.contains("two"), "{answer}");
        assert!(house.is_over(poll));
    }
}

#[test]
fn a_long_poll_is_not_woken_by_somebody_who_comes() {
    let mut house = House::new(1, &Rules::default());
    let poll = house.get(0, "/rooms/lobby/messages?wait=20");
    house.settle();
    house.stream(0, "/rooms/lobby/messages?name=Ann");
    house.settle();
    assert!(!house.is_over(poll));
    house.wait(20_100);
    assert!(house.is_over(poll));
    assert!(house.sent_text(poll).contains(r#""messages":["#));
}

#[test]
fn a_long_poll_beside_a_stream_takes_nothing_from_it() {
    let mut house = House::new(1, &Rules::default());
    let before = house.stream(0, "/rooms/lobby/messages?name=Ann");
    house.settle();
    let poll = house.get(0, "/rooms/lobby/messages?wait=20");
    house.settle();
    let mut after = Client::open(&mut house, 0, "/rooms/lobby/ws", &[]);
    house.publish(0, "one");
    house.settle();
    assert!(house.is_over(poll));
    assert_eq!(said(&house.sent_text(before)), ["one"]);
    assert_eq!(texts(&after.read(&mut house)), ["one"]);
}

#[test]
fn without_echo_a_socket_hears_all_but_itself() {
    let mut house = House::new(2, &Rules::default());
    for worker in [0, 1] {
        let mut quiet = Client::open(&mut house, worker, "/rooms/lobby/ws?name=Ann&echo=false", &[]);
        let mut twin = Client::open(&mut house, worker, "/rooms/lobby/ws?name=Ann", &[]);
        quiet.say(&mut house, "mine");
        twin.say(&mut house, "hers");
        quiet.say(&mut house, "mine again");
        house.settle();
        assert_eq!(texts(&quiet.read(&mut house)), ["hers"]);
        assert_eq!(texts(&twin.read(&mut house)), ["mine", "hers", "mine again"]);
        house.release(quiet.key);
        house.release(twin.key);
    }
}

#[test]
fn without_echo_a_socket_with_a_context_of_its_own_hears_all_but_itself() {
    let mut house = House::new(1, &Rules { context_takeover: true, ..Rules::default() });
    let deflate = [("sec-websocket-extensions", "permessage-deflate")];
    let mut quiet = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Ann&echo=false", &deflate);
    let other = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Bob", &[]);
    quiet.say(&mut house, "mine");
    other.say(&mut house, "his");
    house.settle();
    assert_eq!(texts(&quiet.read(&mut house)), ["his"]);
}

/// Places of the gone are taken by the last of their group; nobody may lose his seat by that.
#[test]
fn who_goes_takes_nobody_with_him() {
    let mut house = House::new(1, &Rules::default());
    let streams: Vec<_> =
        (0..6).map(|number| house.stream(0, &format!("/rooms/lobby/messages?name=n{number}"))).collect();
    house.settle();
    for gone in [0, 4, 5] {
        house.release(streams[gone]);
    }
    house.settle();
    house.publish(0, "still here");
    house.settle();
    for staying in [1, 2, 3] {
        assert_eq!(said(&house.sent_text(streams[staying])), ["still here"]);
    }
}

#[test]
fn nobody_publishes_faster_than_the_rate() {
    let mut house = House::new(1, &Rules { publish_rate: 2, publish_burst: 3, ..Rules::default() });
    let stream = house.stream(0, "/rooms/lobby/messages?name=Ann");
    let (fast, other) = (house.open(0, Sayer), house.open(0, Sayer));
    house.settle();
    let say = |house: &mut House, session, text: &str| {
        house.input(session, Input::Stream(&mut text.to_owned().into_bytes()));
        house.settle();
        said(&house.sent_text(stream))
    };
    for text in ["1", "2", "3"] {
        assert_eq!(say(&mut house, fast, text), [text]);
    }
    assert!(say(&mut house, fast, "too fast").is_empty());
    assert_eq!(say(&mut house, other, "not concerned"), ["not concerned"]);
    house.wait(499);
    assert!(say(&mut house, fast, "a moment early").is_empty());
    house.wait(1);
    assert_eq!(say(&mut house, fast, "4"), ["4"]);
    house.wait(60_000);
    let burst: Vec<_> = (0..5).flat_map(|n| say(&mut house, fast, &n.to_string())).collect();
    assert_eq!(burst, ["0", "1", "2"]);
}

#[test]
fn who_publishes_too_fast_is_told() {
    let mut house = House::new(1, &Rules { publish_rate: 1, publish_burst: 1, ..Rules::default() });
    let mut hasty = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Ann", &[]);
    hasty.say(&mut house, "one");
    hasty.say(&mut house, "two");
    house.settle();
    let got = hasty.read(&mut house);
    assert!(got.contains(&Got::Close(1013)) && texts(&got).len() <= 1, "{got:?}");
}
