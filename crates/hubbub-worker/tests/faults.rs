//! A fault in one session costs that session, and nobody else.

mod common;

use common::sessions::{Fuse, Witness};
use common::{House, Rules, said};
use hubbub_hub::Start;

#[test]
fn a_session_that_panics_is_lost_alone_and_counted() {
    let mut house = House::new(1, &Rules::default());
    let fuse = house.open(0, Fuse);
    let (witness, seen) = Witness::new(Start::Now);
    let healthy = house.open(0, witness);
    let stream = house.stream(0, "/rooms/lobby/messages?name=Ann");
    house.settle();
    for text in ["before", "break", "after"] {
        house.publish(0, text);
        house.settle();
    }

    let told: Vec<_> = seen.borrow().messages.iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(told, ["before", "break", "after"]);
    assert_eq!(said(&house.sent_text(stream)), ["before", "break", "after"]);
    assert_eq!(house.counters(0).session_panics.get(), 1);
    assert!(house.is_over(fuse) && !house.is_over(healthy) && !house.is_over(stream));
}

#[test]
fn what_a_lost_session_had_not_sent_yet_is_not_sent() {
    let mut house = House::new(1, &Rules::default());
    let fuse = house.open(0, Fuse);
    house.settle();
    house.publish(0, "break");
    house.settle();
    assert_eq!(house.sent(fuse), b"");
}

#[test]
fn a_lost_session_leaves_its_room() {
    let mut house = House::new(2, &Rules::default());
    house.open(1, Fuse);
    let stream = house.stream(0, "/rooms/lobby/messages?name=Ann");
    house.settle();
    house.publish(0, "break");
    house.settle();
    let told = house.sent_text(stream);
    assert!(
        told.contains(r#"{"action":"leave","user":"fuse@guest.localhost","name":"fuse","count":1}"#),
        "{told}"
    );
}
