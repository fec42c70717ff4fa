//! After a close frame nothing more is sent (RFC 6455 §5.5.1), whatever happens in the room meanwhile.

mod common;

use common::websocket::{Client, Got};
use common::{House, Rules};

#[test]
fn nothing_follows_the_close_frame_of_a_closing_server() {
    let mut house = House::new(1, &Rules::default());
    let mut socket = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Ann", &[]);
    house.shut_down();
    house.publish(0, "late");
    house.settle();
    assert_eq!(socket.read(&mut house), [Got::Close(1001)]);
}

#[test]
fn nothing_follows_the_close_frame_of_a_token_that_has_expired() {
    let mut house = House::new(1, &Rules::default());
    let ann = house.doorman.account_in("ann", "Ann");
    let (token, _) = house.doorman.issue(&ann, 10, house.now.unix_ms).unwrap();
    let mut socket = Client::open(&mut house, 0, &format!("/rooms/lobby/ws?token={token}"), &[]);
    house.wait(10_100);
    house.publish(0, "late");
    house.settle();
    assert_eq!(socket.read(&mut house), [Got::Close(4401)]);
}
