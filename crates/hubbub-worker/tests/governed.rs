//! Whoever is put out of a room hears so in his own protocol, and hears nothing more of the room.

#![allow(clippy::unwrap_used, reason = "this is a test, also outside the functions that say so")]

mod common;

use std::sync::Arc;

use common::websocket::{Client, Got, texts};
use common::{House, Rules, said};
use hubbub_hub::command::Asked;
use hubbub_hub::{Affiliation, Command, Govern, Identity, RoomName, SessionKey, UserAddress};
use hubbub_worker::Mail;

const SOCKETIO: &str = "/socket.io/?EIO=4&transport=websocket&name=Troll";

fn lobby() -> RoomName {
    RoomName::parse("lobby").unwrap()
}

/// Asks for something about the lobby as the server itself, whose answer nobody waits for.
fn govern(house: &mut House, what: Govern) {
    let home = u16::try_from(lobby().spread() % u64::from(house.post.workers())).unwrap();
    let asked = Asked {
        session: SessionKey { worker: home, slot: u32::MAX, generation: 0 },
        identity: Arc::new(Identity::server("localhost")),
        room: lobby(),
        command: Command::Govern(Box::new(what)),
        ticket: 0,
        label: None,
    };
    house.post.put(home, Mail::Asked(asked));
    house.settle();
}

fn ban(house: &mut House) {
    let who = UserAddress::new("Troll", "guest.localhost").unwrap();
    let reason = Some("no trolls".into());
    govern(house, Govern::SetAffiliation { who, affiliation: Affiliation::Outcast, reason });
}

#[test]
fn a_banned_person_hears_so_in_every_protocol() {
    let mut house = House::new(3, &Rules::default());
    let mut raw = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Troll", &[]);
    let stream = house.stream(1, "/rooms/lobby/messages?name=Troll");
    let poll = house.get(2, "/rooms/lobby/messages?name=Troll&since=0&wait=20");
    let mut in_room = Client::open(&mut house, 0, SOCKETIO, &[]);
    in_room.say(&mut house, "40/lobby,");
    let mut in_main = Client::open(&mut house, 1, SOCKETIO, &[]);
    in_main.say(&mut house, "40");
    house.settle();
    in_main.say(&mut house, "42[\"join\",\"lobby\"]");
    let watcher = house.stream(0, "/rooms/lobby/messages?name=Ann");
    house.settle();
    for client in [&mut raw, &mut in_room, &mut in_main] {
        client.read(&mut house);
    }
    house.sent_text(stream);
    ban(&mut house);
    house.publish(1, "peace");
    house.settle();
    assert_eq!(raw.read(&mut house), [Got::Close(4403)]);
    let told = house.sent_text(stream);
    assert!(told.contains("event: hubbub:error") && told.contains("no trolls"), "{told}");
    assert!(!told.contains("peace") && house.is_over(stream));
    assert_eq!(house.head(poll).unwrap().0, 403);
    let got = in_room.read(&mut house);
    let [error, end] = texts(&got)[..] else { panic!("{got:?}") };
    assert!(error.starts_with("42/lobby,[\"hubbub:error\",") && error.contains("no trolls"), "{error}");
    assert_eq!(end, "41/lobby,");
    let got = in_main.read(&mut house);
    let [error, left] = texts(&got)[..] else { panic!("{got:?}") };
    assert!(error.contains("no trolls") && error.contains("\"room\":\"lobby\""), "{error}");
    assert!(left.starts_with("42[\"hubbub:left\",{\"room\":\"lobby\"}"), "{left}");
    let watched = house.sent_text(watcher);
    assert_eq!(said(&watched), ["peace"]);
    let left = watched.matches("\"action\":\"leave\",\"user\":\"troll@guest.localhost\"").count();
    assert_eq!(left, 1, "{watched}");
    assert!(watched.contains("\"reason\":\"no trolls\""));
}

#[test]
fn whoever_is_banned_does_not_come_in() {
    let mut house = House::new(2, &Rules::default());
    ban(&mut house);
    let mut socket = Client::ask(&mut house, 0, "/rooms/lobby/ws?name=Troll");
    house.settle();
    assert_eq!(house.head(socket.key).unwrap().0, 403);
    socket.read(&mut house);
    let stream = house.stream(1, "/rooms/lobby/messages?name=Troll");
    house.settle();
    assert_eq!(house.head(stream).unwrap().0, 403);
}

#[test]
fn a_closed_room_says_goodbye_to_all_and_where_to_go() {
    let mut house = House::new(2, &Rules::default());
    let mut raw = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Ann", &[]);
    let streams = [0, 1].map(|worker| house.stream(worker, "/rooms/lobby/messages?name=Bo"));
    house.settle();
    streams.into_iter().for_each(|stream| drop(house.sent(stream)));
    govern(&mut house, Govern::Destroy { reason: Some("moved".into()), alternate: Some("den".into()) });
    assert_eq!(raw.read(&mut house), [Got::Close(4403)]);
    for stream in streams {
        let told = house.sent_text(stream);
        assert!(told.contains("\"status\":410") && told.contains("\"alternate\":\"den\""), "{told}");
        assert!(house.is_over(stream));
    }
    let late = house.get(0, "/rooms/lobby/messages?name=Cy");
    house.settle();
    assert_eq!(house.head(late).unwrap().0, 410);
}

#[test]
fn a_subject_is_an_event_and_no_message_of_a_raw_socket() {
    let mut house = House::new(1, &Rules::default());
    let mut raw = Client::open(&mut house, 0, "/rooms/lobby/ws?name=Ann", &[]);
    let stream = house.stream(0, "/rooms/lobby/messages?name=Bo");
    house.settle();
    house.sent(stream);
    govern(&mut house, Govern::Subject("tea".into()));
    let told = house.sent_text(stream);
    assert!(told.contains("event: hubbub:subject") && told.contains("\"data\":\"tea\""), "{told}");
    assert_eq!(raw.read(&mut house), []);
}
