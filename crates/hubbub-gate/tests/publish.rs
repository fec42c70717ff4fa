//! `POST /rooms/{room}/messages`: what the media type makes of the body, and how it is acknowledged.

mod desk;

use desk::{Desk, EPOCH, published};
use http::{Method, StatusCode};
use hubbub_gate::session::{Close, Input};
use hubbub_hub::policy::Right;
use hubbub_hub::{Command, Content, Refusal};

fn post(query: &str, headers: &[(&str, &str)], body: &[u8]) -> Desk {
    Desk::new().request(Method::POST, &format!("/rooms/lobby/messages?name=Ann&{query}"), headers, body)
}

fn published_as(kind: &str, body: &[u8]) -> Content {
    match post("", &[("content-type", kind)], body).only_question().1 {
        Command::Publish { body, key: None, about: None } => body.content,
        other => panic!("{other:?}"),
    }
}

#[test]
fn json_is_checked_and_kept_byte_for_byte() {
    for kind in ["application/json", "Application/JSON; charset=utf-8", "application/ld+json"] {
        let body = b" {\"a\": 1.00, \"a\": [ ] }\n";
        assert_eq!(published_as(kind, body), Content::Json(body[..].into()), "{kind}");
        for broken in [&b""[..], b"{", b"{} {}", b"NaN"] {
            let answer = post("", &[("content-type", kind)], broken).whole();
            assert_eq!(answer.problem(), "bad-request", "{broken:?}");
        }
    }
}

/// RFC 8259 §8.1. Were it let through, it would break every text frame and every poll that carries it.
#[test]
fn json_is_utf_8() {
    for broken in [&b"\"\xff\""[..], b"{\"a\xc3\": 1}", b"[\"\xed\xa0\x80\"]"] {
        let mut post = post("", &[("content-type", "application/json")], broken);
        assert!(post.asked.is_empty(), "{broken:?} was let through");
        assert_eq!(post.whole().problem(), "bad-request");
    }
}

#[test]
fn text_is_utf_8_and_a_form_is_text() {
    for kind in ["text/plain", "text/html; charset=utf-8", "TEXT/x", "application/x-www-form-urlencoded"] {
        assert_eq!(published_as(kind, "a=b&ü".as_bytes()), desk::text("a=b&ü"), "{kind}");
        assert_eq!(published_as(kind, b""), desk::text(""));
        assert_eq!(post("", &[("content-type", kind)], b"\xc3\x28").whole().problem(), "bad-request");
    }
}

#[test]
fn anything_else_is_binary() {
    for kind in ["application/octet-stream", "image/png", "application/jsonp", "", "nonsense"] {
        assert_eq!(published_as(kind, b"\xff\0"), Content::Binary(b"\xff\0"[..].into()), "{kind}");
    }
    let Command::Publish { body, .. } = post("", &[], b"\xff").only_question().1 else { panic!() };
    assert_eq!(body.content, Content::Binary(b"\xff"[..].into()));
}

#[test]
fn the_answer_says_where_it_is_kept() {
    let mut post = post("event=move", &[("content-type", "text/plain")], b"e4");
    post.answer(published(7, false));
    let answer = post.whole();
    assert_eq!((answer.status, post.end), (StatusCode::CREATED, Some(Close::Done)));
    let envelope = answer.json();
    assert_eq!(envelope["offset"], format!("{EPOCH}-7"));
    // By the name under which the room knows it, whatever one calls oneself.
    assert_eq!(envelope["from"], "bob@guest.localhost");
    assert_eq!((&envelope["name"], &envelope["event"]), (&"Bob".into(), &"move".into()));
    assert_eq!(envelope["time"], 1_763_800_000_123_u64);
    assert_eq!(envelope.get("data"), None);
}

#[test]
fn a_repetition_is_told_with_200() {
    let mut post = post("", &[("idempotency-key", "k1")], b"x");
    let (_, command, ticket) = post.only_question();
    let Command::Publish { key: Some(key), .. } = command else { panic!("{command:?}") };
    assert_eq!(key.as_str(), "k1");
    post.reply(ticket, published(7, true));
    assert_eq!(post.whole().status, StatusCode::OK);
}

#[test]
fn bad_keys_and_names_are_refused() {
    for key in ["", "a b", &"k".repeat(129)] {
        assert_eq!(post("", &[("idempotency-key", key)], b"x").whole().problem(), "bad-request", "{key}");
    }
    for event in ["", "hubbub:joined", "a%00b", &"e".repeat(129)] {
        assert_eq!(post(&format!("event={event}"), &[], b"x").whole().problem(), "bad-request", "{event}");
    }
}

#[test]
fn refusals_of_the_room() {
    let refused = |why| {
        let mut post = post("", &[], b"x");
        post.refuse(why);
        assert_eq!(post.end, Some(Close::Refused));
        post.whole()
    };
    assert_eq!(refused(Refusal::Forbidden(Right::Publish)).status, StatusCode::FORBIDDEN);
    assert_eq!(refused(Refusal::NoSuchInbox).status, StatusCode::NOT_FOUND);
    assert_eq!(refused(Refusal::TooFast).status, StatusCode::TOO_MANY_REQUESTS);
    for why in [Refusal::Busy, Refusal::LogFailed, Refusal::TooManyRooms] {
        let answer = refused(why);
        assert_eq!(answer.problem(), "unavailable");
        assert_ne!(answer.header("retry-after"), "");
    }
}

#[test]
fn what_is_on_its_way_to_the_disk_outlasts_the_shutdown() {
    let mut post = post("", &[], b"x");
    post.input(Input::Shutdown);
    assert_eq!(post.end, None);
    post.answer(published(1, false));
    assert_eq!(post.whole().status, StatusCode::CREATED);
}

#[test]
fn a_disk_that_does_not_keep_up() {
    let mut post = post("", &[], b"x");
    assert!(post.wait(10_000));
    assert_eq!(post.whole().problem(), "unavailable");
}

#[test]
fn other_methods() {
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = Desk::new().request(method, "/rooms/lobby/messages", &[], b"").whole();
        assert_eq!(answer.problem(), "method-not-allowed");
        assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
    }
}
