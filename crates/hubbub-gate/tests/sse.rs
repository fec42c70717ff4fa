//! Event streams (WHATWG HTML §9.2), as docs/http.md tells them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod desk;

use bytes::Bytes;
use desk::{Desk, EPOCH, event, join_reply, joined, named_event, text};
use http::{Method, StatusCode};
use hubbub_gate::dialect::Dialect;
use hubbub_gate::session::{Close, Delivery, Input};
use hubbub_hub::policy::Right;
use hubbub_hub::{Command, Content, Offset, Refusal, Start};

/// One event as an `EventSource` makes it of a block of lines.
#[derive(Debug, Default, PartialEq)]
struct Block {
    id: Option<String>,
    event: Option<String>,
    data: String,
}

impl Block {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

/// WHATWG HTML §9.2.6, for the fields that a server may send. Comments and `retry` make no event.
fn blocks(stream: &str) -> Vec<Block> {
    let (mut blocks, mut block, mut data) = (Vec::new(), Block::default(), Vec::new());
    for line in stream.split_inclusive('\n') {
        let line = line.strip_suffix('\n').expect("every line ends");
        match line.split_once(": ").unwrap_or((line, "")) {
            ("", "") if !data.is_empty() => {
                block.data = std::mem::take(&mut data).join("\n");
                blocks.push(std::mem::take(&mut block));
            }
            ("id", id) => block.id = Some(id.to_owned()),
            ("event", name) => block.event = Some(name.to_owned()),
            ("data", line) => data.push(line.to_owned()),
            ("" | ":" | "retry", _) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(data.is_empty(), "the last block does not end");
    blocks
}

fn stream(query: &str, headers: &[(&str, &str)]) -> Desk {
    let headers = [&[("accept", "text/event-stream")], headers].concat();
    Desk::get(&format!("/rooms/lobby/messages?{query}"), &headers)
}

fn start(query: &str, headers: &[(&str, &str)]) -> Start {
    match stream(query, headers).only_question().1 {
        Command::Join { start, follow: true, .. } => start,
        other => panic!("{other:?}"),
    }
}

/// A stream that has begun, and whose beginning was read.
fn begun() -> Desk {
    let mut stream = stream("name=Ann", &[]);
    stream.answer(join_reply(joined(5, Vec::new(), 5)));
    stream.text();
    stream
}

#[test]
fn last_event_id_goes_before_the_address() {
    let at = |seq| Start::After(Offset::new(EPOCH, seq));
    let since = format!("since={EPOCH}-3");
    let last = format!("{EPOCH}-8");
    assert_eq!(start("", &[]), Start::Now);
    assert_eq!(start("last=4", &[]), Start::Last(4));
    assert_eq!(start(&since, &[]), at(3));
    assert_eq!(start(&since, &[("last-event-id", &last)]), at(8));
    assert_eq!(start("last=4", &[("last-event-id", &last)]), at(8));
    assert_eq!(start(&since, &[("last-event-id", "")]), at(3));
    assert_eq!(start(&since, &[("last-event-id", "of another server")]), Start::After(Offset::new(0, 0)));
}

#[test]
fn a_stream_begins_with_where_it_stands_and_goes_on_with_the_backlog() {
    let mut stream = stream("since=0&echo=false", &[]);
    stream.answer(join_reply(joined(0, vec![event(1, text("a")), named_event(2, "move", text("b"))], 2)));
    let (status, headers) = stream.head().unwrap();
    assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &"text/event-stream".parse().unwrap()));
    let sent = stream.text();
    assert!(sent.starts_with("retry: 2000\n"), "{sent}");
    let blocks = blocks(&sent);
    let names: Vec<_> = blocks.iter().map(|block| block.event.as_deref()).collect();
    assert_eq!(names, [Some("hubbub:joined"), None, Some("move")]);
    let ids: Vec<_> = blocks.iter().map(|block| block.id.clone().unwrap()).collect();
    assert_eq!(ids, [0, 1, 2].map(|seq| format!("{EPOCH}-{seq}")));
    let joined = blocks[0].json();
    assert_eq!((&joined["recovered"], &joined["cursor"]), (&true.into(), &format!("{EPOCH}-0").into()));
    assert_eq!(blocks[2].json()["data"], "b");
    assert_eq!(stream.seats, [(desk::lobby(), Delivery::Shared(Dialect::Sse), false)]);
}

#[test]
fn a_long_backlog_is_asked_for_page_by_page() {
    let mut stream = stream("since=0", &[]);
    stream.answer(join_reply(joined(0, vec![event(1, text("a"))], 2)));
    assert!(stream.asked.is_empty(), "the next page waits until this one is sent");
    stream.text();
    let (_, command, ticket) = stream.only_question();
    let after_the_first = Start::After(Offset::new(EPOCH, 1));
    assert!(matches!(command, Command::Join { start, .. } if start == after_the_first));
    stream.reply(ticket, join_reply(joined(1, vec![event(2, text("b"))], 2)));
    let blocks = blocks(&stream.text());
    assert_eq!(blocks.len(), 1, "joined is told once: {blocks:?}");
    assert_eq!(stream.seats.len(), 1);
}

#[test]
fn json_of_several_lines_arrives_as_it_was_written() {
    let json = "{\n\"a\": [1,\r\n 2]\r}";
    let mut stream = stream("since=0", &[]);
    stream.answer(join_reply(joined(
        0,
        vec![event(1, Content::Json(Bytes::from_static(json.as_bytes())))],
        1,
    )));
    let sent = stream.text();
    assert!(!sent.contains('\r'), "a carriage return ends a line of the stream");
    let message = blocks(&sent)[1].json();
    assert_eq!(message["data"], serde_json::from_str::<serde_json::Value>(json).unwrap());
}

#[test]
fn an_offset_that_is_gone_is_said_to_be() {
    let mut stream = stream("since=1-1", &[]);
    let mut page = joined(3, vec![event(4, text("oldest"))], 4);
    page.recovered = false;
    stream.answer(join_reply(page));
    let blocks = blocks(&stream.text());
    assert_eq!(blocks[0].json()["recovered"], false);
    assert_eq!(blocks[1].json()["data"], "oldest");
    assert_eq!(stream.end, None);
}

#[test]
fn a_comment_keeps_the_stream_open() {
    let mut stream = begun();
    for _ in 0..3 {
        assert!(!stream.wait(14_999));
        assert!(stream.wait(1));
        assert_eq!(stream.text(), ":\n\n");
    }
}

#[test]
fn a_token_that_expires_ends_the_stream_with_a_problem() {
    let desk = Desk::new();
    let address = format!("/rooms/lobby/messages?token={}", desk.token(20));
    let mut stream = desk.request(Method::GET, &address, &[("accept", "text/event-stream")], b"");
    stream.answer(join_reply(joined(5, Vec::new(), 5)));
    stream.text();
    assert!(stream.wait(15_000) && stream.end.is_none());
    stream.text();
    assert!(!stream.wait(4_999));
    assert!(stream.wait(1));
    let blocks = blocks(&stream.text());
    assert_eq!(blocks[0].event.as_deref(), Some("hubbub:error"));
    assert_eq!((&blocks[0].json()["status"], blocks[0].id.as_ref()), (&401.into(), None));
    assert_eq!(stream.end, Some(Close::Refused));
}

#[test]
fn refusals_before_and_after_the_beginning() {
    let mut early = stream("", &[]);
    early.refuse(Refusal::Forbidden(Right::Read));
    assert_eq!(early.whole().problem(), "forbidden");

    let mut late = stream("since=0", &[]);
    late.answer(join_reply(joined(0, vec![event(1, text("a"))], 2)));
    late.text();
    late.refuse(Refusal::Busy);
    assert_eq!(blocks(&late.text())[0].event.as_deref(), Some("hubbub:error"));
    assert_eq!(late.end, Some(Close::Refused));
}

#[test]
fn a_closing_server_ends_the_stream_without_a_word() {
    let mut stream = begun();
    stream.input(Input::Shutdown);
    assert_eq!((stream.end, stream.text()), (Some(Close::Done), String::new()));
    let mut early = self::stream("", &[]);
    early.input(Input::Shutdown);
    assert_eq!(early.whole().problem(), "unavailable");
}

#[test]
fn a_slow_reader_is_left_to_come_back() {
    let mut stream = begun();
    stream.out.write(Bytes::from_static(b"id: not read\n"));
    stream.input(Input::TooSlow);
    assert_eq!((stream.end, stream.text()), (Some(Close::TooSlow), String::new()));
}
