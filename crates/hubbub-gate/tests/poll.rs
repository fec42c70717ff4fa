//! Polls and long polls, as docs/http.md tells them.

mod desk;

use desk::{Desk, EPOCH, event, happens, join_reply, joined, text};
use http::StatusCode;
use hubbub_gate::dialect::Dialect;
use hubbub_gate::session::{Close, Delivery, Input};
use hubbub_hub::command::Stay;
use hubbub_hub::{Command, Offset, Refusal, Start};
use std::sync::Arc;

const MESSAGES: &str = "/rooms/lobby/messages";

fn poll(query: &str, headers: &[(&str, &str)]) -> Desk {
    Desk::get(&format!("{MESSAGES}?{query}"), headers)
}

/// What a poll asks its room for.
fn asks(query: &str) -> (Start, u32, Stay, bool) {
    match poll(query, &[]).only_question().1 {
        Command::Join { start, limit, stay, follow, .. } => (start, limit, stay, follow),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_address_asks_for() {
    let at = Start::After(Offset::new(EPOCH, 42));
    assert_eq!(asks(""), (Start::Last(100), 100, Stay::Unseen, false));
    assert_eq!(asks("limit=7"), (Start::Last(7), 7, Stay::Unseen, false));
    assert_eq!(asks("last=5000&limit=7").0, Start::Last(7));
    assert_eq!(asks("limit=5000").1, 1000);
    assert_eq!(asks("since=0").0, Start::Oldest);
    assert_eq!(asks(&format!("since={EPOCH}-42&wait=3")), (at, 100, Stay::Unseen, true));
    assert_eq!(asks("name=Ann").2, Stay::Lingering);
}

#[test]
fn a_page_is_answered_at_once() {
    let mut poll = poll("limit=2", &[]);
    poll.answer(join_reply(joined(3, vec![event(4, text("a")), event(5, text("b"))], 9)));
    let answer = poll.whole();
    assert_eq!((answer.status, poll.end), (StatusCode::OK, Some(Close::Done)));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    let page = answer.json();
    assert_eq!((&page["room"], &page["more"]), (&"lobby".into(), &true.into()));
    assert_eq!(page["cursor"], format!("{EPOCH}-5"));
    assert_eq!(page["messages"][1]["data"], "b");
    assert_eq!(page["messages"][1]["offset"], format!("{EPOCH}-5"));
}

#[test]
fn an_answer_that_is_known_is_not_sent_again() {
    let page = || join_reply(joined(0, vec![event(1, text("a"))], 1));
    let mut first = poll("", &[]);
    first.answer(page());
    let etag = first.whole().header("etag").to_owned();
    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let mut again = poll("", &[("if-none-match", &known)]);
        again.answer(page());
        let answer = again.whole();
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{known}");
        assert_eq!(answer.header("etag"), etag);
        assert_eq!(answer.header("content-length"), "");
    }
    let mut grown = poll("", &[("if-none-match", &etag)]);
    grown.answer(join_reply(joined(0, vec![event(1, text("a")), event(2, text("b"))], 2)));
    assert_eq!(grown.whole().status, StatusCode::OK);
}

/// A long poll that has found nothing and waits.
fn waiting(query: &str) -> Desk {
    let mut poll = poll(query, &[]);
    poll.answer(join_reply(joined(5, Vec::new(), 5)));
    assert_eq!(poll.seats, [(desk::lobby(), Delivery::Once(Dialect::Poll), true)]);
    assert!(poll.head().is_none() && poll.end.is_none());
    poll
}

#[test]
fn a_long_poll_is_woken_by_what_happens() {
    let mut poll = waiting("wait=20");
    let what = happens(&event(6, text("news")));
    poll.input(Input::Once { what: &what, bytes: &"the bytes that all share".into() });
    let answer = poll.whole();
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "the bytes that all share"));
}

#[test]
fn a_long_poll_is_woken_by_no_more_than_it_wants() {
    let mut poll = waiting("wait=20&limit=2");
    let what: Vec<_> = (6..9).flat_map(|seq| happens(&event(seq, text("news")))).collect();
    poll.input(Input::Once { what: &what, bytes: &"all three".into() });
    let page = poll.whole().json();
    assert_eq!((&page["cursor"], &page["more"]), (&format!("{EPOCH}-7").into(), &true.into()));
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_long_poll_ends_with_nothing_and_the_same_cursor() {
    for ends in [|poll: &mut Desk| assert!(poll.wait(20_000)), |poll: &mut Desk| poll.input(Input::Shutdown)]
    {
        let mut poll = waiting("wait=20");
        ends(&mut poll);
        let page = poll.whole().json();
        assert_eq!((&page["cursor"], &page["more"]), (&format!("{EPOCH}-5").into(), &false.into()));
        assert_eq!(page["messages"].as_array().map(Vec::len), Some(0));
    }
}

#[test]
fn nobody_waits_longer_than_the_server_lets_him() {
    let mut poll = waiting("wait=100000");
    assert!(!poll.wait(59_999));
    assert!(poll.wait(1));
}

#[test]
fn a_cursor_that_is_gone() {
    let mut poll = poll("since=1-1", &[]);
    let mut page = joined(3, vec![event(4, text("a"))], 4);
    (page.recovered, page.page.oldest) = (false, Offset::new(EPOCH, 3));
    poll.answer(join_reply(page));
    let answer = poll.whole();
    assert_eq!((answer.status, answer.problem()), (StatusCode::GONE, "cursor-gone".into()));
    assert_eq!(answer.json()["cursor"], format!("{EPOCH}-4"));
    assert_eq!(answer.json()["oldest"], format!("{EPOCH}-3"));
}

#[test]
fn what_is_refused() {
    let refused = |query: &str, headers: &[(&str, &str)]| poll(query, headers).whole().problem();
    for query in ["limit=0", "since=x", "since=1-1&last=2", "wait=soon", "name=a&name=b"] {
        assert_eq!(refused(query, &[]), "bad-request", "{query}");
    }
    assert_eq!(refused("", &[("accept", "image/png, text/html")]), "not-acceptable");
    assert_eq!(refused("", &[("origin", "http://elsewhere.example")]), "forbidden");
    assert_eq!(refused("token=x", &[]), "unauthorized");
    assert_eq!(Desk::get("/rooms/a@other.example/messages", &[]).whole().problem(), "not-found");
    let mut closed = poll("", &[]);
    closed.refuse(Refusal::Busy);
    let answer = closed.whole();
    assert_eq!((answer.problem(), answer.header("retry-after")), ("unavailable".into(), "2"));
}

#[test]
fn a_room_that_does_not_answer_in_time() {
    let mut poll = poll("", &[]);
    assert!(!poll.wait(9_999));
    assert!(poll.wait(1));
    assert_eq!(poll.whole().problem(), "unavailable");
}

#[test]
fn content_in_its_three_kinds() {
    use bytes::Bytes;
    use hubbub_hub::Content::{Binary, Json};
    let mut poll = poll("", &[]);
    let json = Json(Bytes::from_static(b"{\"a\": 1.0,\n\"a\": 2}"));
    let events: Vec<Arc<_>> =
        vec![event(1, text("\"\u{1}ü")), event(2, json), event(3, Binary(Bytes::from_static(b"\xff\0")))];
    poll.answer(join_reply(joined(0, events, 3)));
    let answer = poll.whole();
    assert!(
        answer.body.contains("\"data\":{\"a\": 1.0,\n\"a\": 2}}"),
        "JSON stays as its sender wrote it: {}",
        answer.body
    );
    let messages = &answer.json()["messages"];
    assert_eq!(messages[0]["data"], "\"\u{1}ü");
    assert_eq!((&messages[2]["data"], &messages[2]["encoding"]), (&"/wA=".into(), &"base64".into()));
    assert_eq!(messages[0].get("encoding"), None);
}
