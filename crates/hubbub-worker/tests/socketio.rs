//! Clients of Socket.IO in several namespaces, rooms and places, and what they may not do to others.

#![allow(clippy::unwrap_used, reason = "this is a test, also outside the functions that say so")]

mod common;

use std::sync::Arc;

use common::websocket::{Client, Got, texts};
use common::{House, Rules};
use http::Method;
use hubbub_gate::outbox::{OutboxLimits, WhenFull};
use hubbub_gate::session::{Act, Input};
use hubbub_hub::hook::{Hook, HookAsk, HookKind, HookName};
use hubbub_hub::{Body, Content, Emission, EventName, RoomName, SessionKey};
use hubbub_worker::Worker;
use hubbub_worker::worker::Slow;

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// Begins a session on polling on worker 0.
fn begin(house: &mut House, query: &str) -> String {
    let leg = house.get(0, &format!("{POLLING}{query}"));
    house.settle();
    let answer = house.sent_text(leg);
    let (_, rest) = answer.split_once("\"sid\":\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

fn post(house: &mut House, sid: &str, body: &str) -> SessionKey {
    let address = format!("{POLLING}&sid={sid}");
    house.request(0, Method::POST, &address, &[("content-type", "text/plain")], body)
}

fn poll(house: &mut House, sid: &str) -> SessionKey {
    house.get(0, &format!("{POLLING}&sid={sid}"))
}

fn polled(house: &mut House, sid: &str) -> String {
    let leg = poll(house, sid);
    house.settle();
    house.sent_text(leg)
}

/// A WebSocket of a session of its own on `worker`, and what it has heard so far is passed over.
fn socket(house: &mut House, worker: u16, query: &str) -> Client {
    let socket = Client::open(house, worker, &format!("{WEBSOCKET}{query}"), &[]);
    house.settle();
    socket
}

fn heard(house: &mut House, socket: &mut Client) -> Vec<String> {
    house.settle();
    let got = socket.read(house);
    texts(&got).into_iter().map(str::to_owned).collect()
}

/// A WebSocket on worker 1 to which a session has said all but the last word of its upgrade.
fn probing(house: &mut House, sid: &str) -> Client {
    let mut socket = Client::open(house, 1, &format!("{WEBSOCKET}&sid={sid}"), &[]);
    socket.say(house, "2probe");
    assert_eq!(heard(house, &mut socket), ["3probe"]);
    socket
}

/// A room that is at home on worker 2 of 3.
fn far_room() -> String {
    let name = |number| format!("room{number}");
    let far = |name: &String| RoomName::parse(name).unwrap().spread() % 3 == 2;
    (0..).map(name).find(far).unwrap()
}

/// Turns of all but the home of the far room, which is busy.
fn turn_without_home(house: &mut House) {
    for worker in [0, 1, 0, 1, 0, 1] {
        house.turn(worker);
    }
}

#[test]
fn an_id_from_when_there_were_more_workers() {
    let mut former = House::new(3, &Rules::default());
    let leg = former.get(2, POLLING);
    former.settle();
    let answer = former.sent_text(leg);
    let sid = answer.split_once("\"sid\":\"").and_then(|(_, rest)| rest.split('"').next()).unwrap();
    let mut house = House::new(1, &Rules::default());
    let leg = poll(&mut house, sid);
    house.settle();
    assert_eq!(house.head(leg).unwrap().0, 400);
}

#[test]
fn whoever_asks_somebody_who_cannot_answer_is_told_so() {
    let mut former = House::new(1, &Rules::default());
    let sid = begin(&mut former, "");
    let mut house = House::new(1, &Rules::default());
    // After a restart two strangers have the places of the exchange and its session.
    house.stream(0, "/rooms/lobby/messages");
    house.stream(0, "/rooms/lobby/messages");
    let leg = poll(&mut house, &sid);
    house.settle();
    assert!(!house.is_over(leg), "somebody has the place");
    house.wait(60_000);
    assert_eq!(house.head(leg).unwrap().0, 400);
}

#[test]
fn one_connection_of_two_people_leaves_nobody_behind() {
    let mut house = House::new(2, &Rules::default());
    let mut socket = socket(&mut house, 0, "");
    socket.say(&mut house, "40/lobby,{\"name\":\"Ann\"}");
    socket.say(&mut house, "40{\"name\":\"Mallory\"}");
    house.settle();
    socket.say(&mut house, "420[\"join\",\"lobby\"]");
    assert!(heard(&mut house, &mut socket).iter().any(|packet| packet.starts_with("430")));
    house.release(socket.key);
    house.settle();
    let presence = house.get(0, "/rooms/lobby/presence");
    house.settle();
    let presence = house.sent_text(presence);
    assert!(presence.contains("\"count\":0"), "{presence}");
}

#[test]
fn what_was_asked_before_a_move_is_answered_after_it() {
    let room = far_room();
    let mut house = House::new(3, &Rules::default());
    let sid = begin(&mut house, "");
    post(&mut house, &sid, "40");
    house.settle();
    polled(&mut house, &sid);
    let mut socket = probing(&mut house, &sid);
    let asks = format!("421[\"join\",\"{room}\"]\u{1e}422[\"publish\",\"{room}\",\"message\",\"hello\"]");
    post(&mut house, &sid, &asks);
    turn_without_home(&mut house);
    socket.say(&mut house, "5");
    turn_without_home(&mut house);
    let heard = heard(&mut house, &mut socket);
    let acks = |id: &str| heard.iter().filter(|packet| packet.starts_with(id)).count();
    assert_eq!((acks("431["), acks("432[")), (1, 1), "{heard:?}");
    assert!(heard.iter().any(|packet| packet.contains("hubbub:joined")), "{heard:?}");
}

#[test]
fn what_was_said_before_a_move_is_acknowledged_after_it() {
    let room = far_room();
    let mut house = House::new(3, &Rules::default());
    let sid = begin(&mut house, "");
    post(&mut house, &sid, "40");
    house.settle();
    polled(&mut house, &sid);
    let mut socket = probing(&mut house, &sid);
    post(&mut house, &sid, &format!("421[\"publish\",\"{room}\",\"message\",\"hello\"]"));
    turn_without_home(&mut house);
    socket.say(&mut house, "5");
    turn_without_home(&mut house);
    let heard = heard(&mut house, &mut socket);
    assert!(heard.iter().any(|packet| packet.starts_with("431[")), "{heard:?}");
}

#[test]
fn a_room_that_says_no_after_a_move_is_no_reason_to_be_put_out() {
    let mut house = House::new(3, &Rules::default());
    let sid = begin(&mut house, "");
    post(&mut house, &sid, "40");
    house.settle();
    polled(&mut house, &sid);
    let mut socket = probing(&mut house, &sid);
    // Nobody may join a stranger's inbox.
    post(&mut house, &sid, "421[\"join\",\"@bob\"]");
    house.turn(0);
    socket.say(&mut house, "5");
    house.turn(1);
    house.turn(0);
    let heard = heard(&mut house, &mut socket);
    assert!(heard.iter().any(|packet| packet.starts_with("431[{\"error\"")), "{heard:?}");
    assert!(!heard.iter().any(|packet| packet == "41"), "{heard:?}");
}

/// What the applications are asked, as the questions come.
fn asked(house: &mut House) -> Vec<HookAsk> {
    let slow = house.workers.iter_mut().flat_map(Worker::take_slow);
    slow.filter_map(|slow| if let Slow::Hook(_, ask) = slow { Some(*ask) } else { None }).collect()
}

#[test]
fn the_application_hears_of_a_connection_as_such_though_it_moves_before_it_is_let_in() {
    let hook = Hook { name: HookName::new("app"), kinds: vec![HookKind::Connect] };
    let mut house = House::new(2, &Rules { hook: Some(hook), ..Rules::default() });
    let sid = begin(&mut house, "");
    post(&mut house, &sid, "40/lobby,{\"ticket\":7}");
    house.settle();
    let first = asked(&mut house);
    assert_eq!(first.len(), 1);
    let mut socket = probing(&mut house, &sid);
    socket.say(&mut house, "5");
    assert!(heard(&mut house, &mut socket).is_empty(), "it was let in before the application said so");
    let again = asked(&mut house);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].kind, HookKind::Connect);
    assert_eq!(again[0].label, first[0].label);
    assert!(
        first[0].label.as_ref().is_some_and(|label| label.key().is_none()),
        "a name that outlives its place"
    );
    let auth = again[0].hello.as_ref().and_then(|hello| hello.auth.as_deref());
    assert_eq!(auth, Some(&b"{\"ticket\":7}"[..]));
}

#[test]
fn who_does_not_want_to_hear_himself_does_not_after_a_move() {
    let mut house = House::new(2, &Rules::default());
    let sid = begin(&mut house, "&echo=false");
    post(&mut house, &sid, "40/lobby,");
    house.settle();
    polled(&mut house, &sid);
    post(&mut house, &sid, "42/lobby,[\"message\",\"mine\"]");
    house.settle();
    let mut socket = probing(&mut house, &sid);
    socket.say(&mut house, "5");
    house.publish(0, "another's");
    let heard = heard(&mut house, &mut socket);
    assert!(heard.iter().any(|packet| packet.contains("another's")), "{heard:?}");
    assert!(!heard.iter().any(|packet| packet.contains("mine")), "{heard:?}");
}

#[test]
fn a_join_from_before_the_history_is_told_so_and_harms_nobody() {
    let mut house = House::new(1, &Rules::default());
    let mut socket = socket(&mut house, 0, "");
    socket.say(&mut house, "40");
    house.settle();
    socket.say(&mut house, "421[\"join\",\"lobby\",{\"since\":\"1-5\"}]");
    let heard = heard(&mut house, &mut socket);
    let ack = heard.iter().find(|packet| packet.starts_with("431[")).unwrap();
    assert!(ack.contains("\"recovered\":false"), "{ack}");
    assert!(!house.is_over(socket.key));
}

#[test]
fn who_leaves_before_he_is_in_is_answered_twice() {
    let room = far_room();
    let mut house = House::new(3, &Rules::default());
    let mut socket = socket(&mut house, 0, "");
    socket.say(&mut house, "40");
    house.settle();
    socket.say(&mut house, &format!("421[\"join\",\"{room}\"]"));
    socket.say(&mut house, &format!("422[\"leave\",\"{room}\"]"));
    let heard = heard(&mut house, &mut socket);
    assert!(heard.iter().any(|packet| packet.starts_with("431[{\"error\"")), "{heard:?}");
    assert!(heard.iter().any(|packet| packet.starts_with("432[{\"room\"")), "{heard:?}");
}

#[test]
fn who_leaves_a_namespace_before_he_is_in_is_not_there() {
    let room = far_room();
    let mut house = House::new(3, &Rules::default());
    let mut socket = socket(&mut house, 0, "");
    socket.say(&mut house, &format!("40/{room},"));
    socket.say(&mut house, &format!("41/{room},"));
    let heard = heard(&mut house, &mut socket);
    assert!(!heard.iter().any(|packet| packet.starts_with("40/")), "{heard:?}");
    let presence = house.get(0, &format!("/rooms/{room}/presence"));
    house.settle();
    let presence = house.sent_text(presence);
    assert!(presence.contains("\"count\":0"), "{presence}");
}

#[test]
fn who_does_not_read_is_not_sent_page_after_page() {
    let outbox = OutboxLimits { bytes: 100_000, when_full: WhenFull::Close };
    let mut house = House::new(1, &Rules { outbox, ..Rules::default() });
    for _ in 0..5 {
        house.publish(0, &"x".repeat(10_000));
        house.settle();
    }
    let mut socket = socket(&mut house, 0, "");
    socket.say(&mut house, "40");
    house.settle();
    for _ in 0..40 {
        socket.say(&mut house, "42[\"join\",\"lobby\",{\"since\":\"0\"}]");
        house.settle();
        socket.say(&mut house, "42[\"leave\",\"lobby\"]");
        house.settle();
    }
    let queued = house.queued(socket.key);
    assert!(queued > 50_000, "it was sent a page");
    assert!(queued < 200_000, "{queued} bytes wait for it");
    socket.say(&mut house, "421[\"join\",\"lobby\"]");
    house.settle();
    let now: Vec<_> = socket.read(&mut house);
    assert!(!now.iter().any(|got| matches!(got, Got::Text(text) if text.starts_with("431["))));
    let later = heard(&mut house, &mut socket);
    assert!(later.iter().any(|packet| packet.starts_with("431[")), "{later:?}");
}

#[test]
fn a_session_that_waits_to_tell_its_end_sleeps() {
    let mut house = House::new(1, &Rules::default());
    let sid = begin(&mut house, "");
    // Nobody connects to a namespace, but the heartbeats are answered.
    for _ in 0..2 {
        house.wait(26_000);
        post(&mut house, &sid, "3");
        house.settle();
    }
    let next = house.workers[0].turn(house.now).unwrap();
    assert!(next > house.now.mono_ms + 500, "it is woken again in {} ms", next - house.now.mono_ms);
    assert!(polled(&mut house, &sid).ends_with('1'), "it was to be told that it is over");
}

#[test]
fn half_a_surrogate_pair_is_said_as_it_is() {
    let mut house = House::new(1, &Rules::default());
    let mut socket = socket(&mut house, 0, "");
    socket.say(&mut house, "40/lobby,");
    house.settle();
    socket.say(&mut house, r#"421["message","\ud800"]"#.replace("42", "42/lobby,").as_str());
    let heard = heard(&mut house, &mut socket);
    assert!(heard.iter().any(|packet| packet.starts_with(r#"42/lobby,["message","\ud800""#)), "{heard:?}");
}

#[test]
fn a_websocket_that_does_not_read_pongs_while_it_waits_to_take_over_is_ended() {
    let outbox = OutboxLimits { bytes: 20_000, when_full: WhenFull::Close };
    let mut house = House::new(2, &Rules { outbox, ..Rules::default() });
    let sid = begin(&mut house, "");
    let socket = probing(&mut house, &sid);
    for _ in 0..500 {
        socket.ping(&mut house, &[b'x'; 100]);
    }
    house.settle();
    assert!(house.is_over(socket.key), "it is owed {} bytes", house.queued(socket.key));
}

#[test]
fn what_waited_for_a_poll_is_no_flood_on_the_websocket() {
    let outbox = OutboxLimits { bytes: 20_000, when_full: WhenFull::Close };
    let mut house = House::new(2, &Rules { outbox, ..Rules::default() });
    for _ in 0..30 {
        house.publish(0, &"x".repeat(1000));
    }
    house.settle();
    let sid = begin(&mut house, "");
    post(&mut house, &sid, "40/lobby,{\"since\":\"0\"}");
    house.settle();
    let mut socket = probing(&mut house, &sid);
    socket.say(&mut house, "5");
    let heard = heard(&mut house, &mut socket);
    assert_eq!(heard.iter().filter(|packet| packet.contains("xxxx")).count(), 30);
}

#[test]
fn who_is_lost_while_it_moves_is_gone() {
    let mut house = House::new(2, &Rules::default());
    let sid = begin(&mut house, "");
    post(&mut house, &sid, "40/lobby,{\"name\":\"Ann\"}");
    house.settle();
    polled(&mut house, &sid);
    let socket = probing(&mut house, &sid);
    socket.say(&mut house, "5");
    house.turn(1);
    house.turn(0);
    house.release(socket.key);
    house.settle();
    let presence = house.get(0, "/rooms/lobby/presence");
    house.settle();
    let presence = house.sent_text(presence);
    assert!(presence.contains("\"count\":0"), "{presence}");
}

#[test]
fn what_the_application_tells_a_session_that_moves_reaches_it() {
    let mut house = House::new(2, &Rules::default());
    let sid = begin(&mut house, "");
    // The exchange that began it has the first place, the session the second.
    let place = house.workers[0].key_at(1).unwrap();
    post(&mut house, &sid, "40");
    house.settle();
    polled(&mut house, &sid);
    let mut socket = probing(&mut house, &sid);
    socket.say(&mut house, "5");
    house.turn(1);
    house.turn(0);
    let body = Body::new(EventName::default(), Content::Text("welcome".into()));
    let emission = Arc::new(Emission { room: None, body, volatile: false, except: Vec::new() });
    house.input(place, Input::Act(Act::Emit { emission, ack: None }));
    let heard = heard(&mut house, &mut socket);
    assert!(heard.iter().any(|packet| packet.contains("welcome")), "{heard:?}");
}
