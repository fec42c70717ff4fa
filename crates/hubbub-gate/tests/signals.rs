//! Signals by event streams and requests, as docs/signals.md tells them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod desk;

use std::sync::Arc;

use desk::{Desk, bob, join_reply, joined};
use http::{Method, StatusCode};
use hubbub_gate::session::{Close, Input};
use hubbub_hub::{Command, Hears, Refusal, Reply, SessionKey, Signal, SignalTo, Signalled, UserAddress};
use serde_json::{Value, json};

const PATH: &str = "/rooms/lobby/signals";
/// Every session of a desk has this place.
const PLACE: SessionKey = SessionKey { worker: 0, slot: 0, generation: 0 };

/// A stream that has begun, and what it was told of itself.
fn stream() -> (Desk, Value) {
    let mut stream = Desk::get("/rooms/lobby/messages?name=Ann", &[("accept", "text/event-stream")]);
    let (_, command, ticket) = stream.only_question();
    assert!(matches!(command, Command::Join { hears: Hears::ByKey, .. }));
    stream.reply(ticket, join_reply(joined(5, Vec::new(), 5)));
    let text = stream.text();
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    (stream, serde_json::from_str(data).unwrap())
}

fn post(body: &Value) -> Desk {
    Desk::new().request(Method::POST, PATH, &[], body.to_string().as_bytes())
}

fn good(introduced: &Value) -> Value {
    json!({ "ticket": introduced["ticket"], "to": "bob@guest.localhost/s1.2.3", "signal": { "a": 1 } })
}

/// Brings the one letter of `from` to `to`.
fn deliver(from: &mut Desk, to: &mut Desk) {
    let (place, letter) = from.letters.pop().unwrap();
    assert_eq!((place, from.letters.len()), (PLACE, 0));
    to.input(Input::Letter(PLACE, letter));
}

#[test]
fn the_stream_says_what_a_request_brings_and_the_request_hears_what_became_of_it() {
    let (mut stream, introduced) = stream();
    assert_eq!(introduced["session"], "ann@guest.localhost/s0.0.0");
    let mut post = post(&good(&introduced));
    deliver(&mut post, &mut stream);
    let (room, command, ticket) = stream.only_question();
    let to = SignalTo::Session(UserAddress::new("bob", "guest.localhost").unwrap(), "s1.2.3".into());
    let Command::Signal(asked) = command else { panic!("a signal: {command:?}") };
    assert_eq!((room, *asked), (desk::lobby(), Signal { to, body: Some("{\"a\":1}".into()), counts: 7 }));
    stream.reply(ticket, Reply::Signalled(1));
    deliver(&mut stream, &mut post);
    let answer = post.whole();
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "sessions": 1 })));
    assert_eq!((stream.text(), stream.end), (String::new(), None));
}

#[test]
fn a_refusal_ends_the_request_and_not_the_stream() {
    let (mut stream, introduced) = stream();
    for (why, problem) in [
        (Refusal::Deaf, "not-found"),
        (Refusal::NotThere, "conflict"),
        (Refusal::SignalsOff, "forbidden"),
        (Refusal::TooFast, "too-many"),
    ] {
        let mut post = post(&good(&introduced));
        deliver(&mut post, &mut stream);
        stream.refuse(why);
        deliver(&mut stream, &mut post);
        assert_eq!(post.whole().problem(), problem);
    }
    assert_eq!((stream.text(), stream.end), (String::new(), None));
}

#[test]
fn a_ticket_is_for_one_stream_in_one_room() {
    let (mut stream, introduced) = stream();
    let body = good(&introduced).to_string();
    let mut elsewhere = Desk::new().request(Method::POST, "/rooms/hall/signals", &[], body.as_bytes());
    deliver(&mut elsewhere, &mut stream);
    deliver(&mut stream, &mut elsewhere);
    assert_eq!(elsewhere.whole().problem(), "conflict");

    // Another stream has come to the place.
    let mut later = Desk::new();
    later.now.unix_ms += 1;
    let accept = [("accept", "text/event-stream")];
    let mut later = later.request(Method::GET, "/rooms/lobby/messages", &accept, b"");
    later.answer(join_reply(joined(5, Vec::new(), 5)));
    let mut post = post(&good(&introduced));
    deliver(&mut post, &mut later);
    deliver(&mut later, &mut post);
    assert_eq!(post.whole().problem(), "stream-gone");
    assert!(stream.asked.is_empty() && later.asked.is_empty());
}

#[test]
fn whoever_brings_no_ticket_of_ours_writes_to_nobody() {
    let (_, introduced) = stream();
    let mut body = good(&introduced);
    body["ticket"] = format!("{}x", introduced["ticket"].as_str().unwrap()).into();
    let mut post = post(&body);
    assert!(post.letters.is_empty());
    assert_eq!(post.whole().problem(), "stream-gone");
}

#[test]
fn a_request_ends_when_nobody_answers() {
    type End = fn(&mut Desk);
    let (_, introduced) = stream();
    let ends: [(End, &str); 3] = [
        (|post| post.input(Input::Undelivered(PLACE)), "stream-gone"),
        (|post| assert!(post.wait(60_000)), "unavailable"),
        (|post| post.input(Input::Shutdown), "unavailable"),
    ];
    for (end, problem) in ends {
        let mut post = post(&good(&introduced));
        assert_eq!(post.letters.len(), 1);
        end(&mut post);
        assert_eq!(post.whole().problem(), problem);
    }
    let mut gone = post(&good(&introduced));
    gone.input(Input::LinkLost);
    assert_eq!(gone.end, Some(Close::Done));
}

#[test]
fn what_is_heard_has_no_id_and_does_not_pile_up() {
    let (mut stream, _) = stream();
    let heard = |body: &str| {
        let (from, body) = (bob(), bytes::Bytes::copy_from_slice(body.as_bytes()));
        Reply::Signal(Arc::new(Signalled { from, resource: Some("s1.2.3".into()), body }))
    };
    stream.reply(0, heard("{\r\n\"a\":1}"));
    let block = "event: hubbub:signal\n\
         data: {\"from\":\"bob@guest.localhost/s1.2.3\",\"name\":\"Bob\",\"signal\":{\ndata: \ndata: \"a\":1}}\n\n";
    assert_eq!(stream.text(), block);
    for _ in 0..100 {
        stream.reply(0, heard(&format!("\"{}\"", "x".repeat(60_000))));
    }
    assert_eq!(stream.end, Some(Close::TooSlow));
}
