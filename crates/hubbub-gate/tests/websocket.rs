//! A room over a WebSocket (RFC 6455), as docs/websocket.md tells it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod desk;

use bytes::Bytes;
use desk::{Desk, EPOCH, event, happens, join_reply, joined, published, text};
use http::{HeaderMap, Method, StatusCode};
use hubbub_gate::coder::WsDeflate;
use hubbub_gate::dialect::Dialect;
use hubbub_gate::session::{Close, Delivery, Input};
use hubbub_hub::policy::Right;
use hubbub_hub::{Command, Content, Notice, Offset, Refusal, Start};
use hubbub_ws::{Config, Decoder, Incoming, Inflater, Kind, Limits, Opcode, Role, client, encode_frame};
use serde_json::{Value, json};

const MASK: [u8; 4] = [1, 2, 3, 4];
const HANDSHAKE: [(&str, &str); 4] = [
    ("upgrade", "websocket"),
    ("connection", "keep-alive, Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];
const ENVELOPES: (&str, &str) = ("sec-websocket-protocol", "other, hubbub.json");

fn socket(query: &str, more: &[(&str, &str)]) -> Desk {
    Desk::get(&format!("/rooms/lobby/ws?name=Ann&{query}"), &[&HANDSHAKE[..], more].concat())
}

/// A socket that is open, and whose handshake was read.
fn open(more: &[(&str, &str)]) -> Desk {
    let mut socket = socket("", more);
    socket.answer(join_reply(joined(5, Vec::new(), 5)));
    assert_eq!(socket.head().unwrap().0, StatusCode::SWITCHING_PROTOCOLS);
    socket.written();
    socket
}

/// What the peer reads, in words.
fn frames(socket: &mut Desk) -> Vec<String> {
    let limits = Limits { frame: 1 << 20, message: 1 << 20, fragments: 10 };
    let mut decoder = Decoder::new(Config { role: Role::Client, limits, deflate: None });
    let mut inflater = Inflater::new();
    let mut bytes = socket.written();
    let mut input = &mut bytes[..];
    let mut frames = Vec::new();
    while let Some(incoming) = decoder.next(&mut input, &mut inflater).unwrap() {
        frames.push(match incoming {
            Incoming::Text(text) => text.to_owned(),
            Incoming::Binary(bytes) => format!("binary {bytes:?}"),
            Incoming::Ping(payload) => format!("ping {payload:?}"),
            Incoming::Pong(payload) => format!("pong {payload:?}"),
            Incoming::Close(frame) => format!("close {}", frame.map_or(1005, |frame| frame.code)),
        });
    }
    frames
}

fn send(socket: &mut Desk, write: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = Vec::new();
    write(&mut bytes);
    socket.input(Input::Stream(&mut bytes));
}

fn say(socket: &mut Desk, text: &str) {
    send(socket, |out| client::encode_message(out, Kind::Text, text.as_bytes(), MASK));
}

fn close(socket: &mut Desk, code: u16) {
    send(socket, |out| client::encode_close(out, code, "", MASK));
}

fn json_frames(socket: &mut Desk) -> Vec<Value> {
    frames(socket).iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

/// The handshake without one of its headers, or with another value for it.
fn handshake_with(name: &str, value: Option<&str>) -> (StatusCode, String, HeaderMap) {
    let kept = HANDSHAKE.iter().copied().filter(|(known, _)| *known != name);
    let headers: Vec<_> = kept.chain(value.map(|value| (name, value))).collect();
    let answer = Desk::get("/rooms/lobby/ws", &headers).whole();
    (answer.status, answer.problem(), answer.headers)
}

#[test]
fn the_handshake_is_accepted_when_the_room_lets_in() {
    let mut socket = socket("since=0&echo=false", &[]);
    assert!(socket.head().is_none(), "not before the room has answered");
    socket.answer(join_reply(joined(0, vec![event(1, text("first"))], 1)));
    let (status, headers) = socket.head().unwrap();
    assert_eq!(status, StatusCode::SWITCHING_PROTOCOLS);
    // RFC 6455 §1.3 has this key and this answer.
    assert_eq!(headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(
        (&headers["upgrade"], &headers["connection"]),
        (&"websocket".parse().unwrap(), &"Upgrade".parse().unwrap())
    );
    assert!(
        !headers.contains_key("sec-websocket-protocol") && !headers.contains_key("sec-websocket-extensions")
    );
    assert_eq!(frames(&mut socket), ["first"]);
    assert_eq!(socket.seats, [(desk::lobby(), Delivery::Shared(Dialect::WsRaw(WsDeflate::OFF)), false)]);
}

#[test]
fn what_is_no_handshake_is_told_to_upgrade() {
    for (name, value) in [
        ("upgrade", None),
        ("upgrade", Some("h2c")),
        ("sec-websocket-version", None),
        ("sec-websocket-version", Some("8")),
        ("sec-websocket-version", Some("013")),
    ] {
        let (status, problem, headers) = handshake_with(name, value);
        assert_eq!((status.as_u16(), problem.as_str()), (426, "upgrade-required"), "{name}: {value:?}");
        assert_eq!(
            (&headers["upgrade"], &headers["sec-websocket-version"]),
            (&"websocket".parse().unwrap(), &"13".parse().unwrap())
        );
    }
}

#[test]
fn a_broken_handshake_is_a_bad_request() {
    for (name, value) in [
        ("connection", None),
        ("connection", Some("close")),
        ("sec-websocket-key", None),
        ("sec-websocket-key", Some("c2hvcnQ=")),
        ("sec-websocket-key", Some("not base64 at all, no way")),
    ] {
        let (status, problem, _) = handshake_with(name, value);
        assert_eq!((status.as_u16(), problem.as_str()), (400, "bad-request"), "{name}: {value:?}");
    }
    let twice = [&HANDSHAKE[..], &HANDSHAKE[3..]].concat();
    assert_eq!(Desk::get("/rooms/lobby/ws", &twice).whole().problem(), "bad-request");
    assert_eq!(socket("since=never", &[]).whole().problem(), "bad-request");
}

#[test]
fn other_refusals_of_the_handshake() {
    assert_eq!(socket("", &[("origin", "http://elsewhere.example")]).whole().problem(), "forbidden");
    assert_eq!(socket("token=x", &[]).whole().problem(), "unauthorized");
    let posted = Desk::new().request(Method::POST, "/rooms/lobby/ws", &HANDSHAKE, b"").whole();
    assert_eq!((posted.problem(), posted.header("allow")), ("method-not-allowed".into(), "GET, OPTIONS"));
    for (why, problem) in
        [(Refusal::Forbidden(Right::Join), "forbidden"), (Refusal::NoSuchInbox, "not-found")]
    {
        let mut refused = socket("", &[]);
        refused.refuse(why);
        assert_eq!(refused.whole().problem(), problem);
    }
    let mut late = socket("", &[]);
    assert!(late.wait(10_000));
    assert_eq!(late.whole().problem(), "unavailable");
}

#[test]
fn a_frame_is_a_message_of_its_kind() {
    let mut socket = open(&[]);
    say(&mut socket, "hello");
    send(&mut socket, |out| client::encode_message(out, Kind::Binary, b"\xff", MASK));
    let content = |(_, command, _)| match command {
        Command::Publish { body, key: None, about: None } => body.content,
        other => panic!("{other:?}"),
    };
    let contents: Vec<_> = socket.asked.drain(..).map(content).collect();
    assert_eq!(contents, [text("hello"), Content::Binary(Bytes::from_static(b"\xff"))]);
    let what = happens(&event(6, Content::Json(Bytes::from_static(b"[1]"))));
    socket.input(Input::Notice(Notice::Happened { room: &desk::lobby(), what: &what }));
    assert_eq!(frames(&mut socket), ["[1]"]);
}

#[test]
fn silence_is_answered_by_a_ping_and_more_of_it_by_4408() {
    let mut socket = open(&[]);
    assert!(!socket.wait(19_999));
    assert!(socket.wait(1));
    assert_eq!(frames(&mut socket), ["ping []"]);
    assert!(!socket.wait(4_999));
    assert!(socket.wait(1));
    assert_eq!((frames(&mut socket), socket.end), (vec!["close 4408".to_owned()], Some(Close::Timeout)));
}

#[test]
fn a_pong_or_anything_else_ends_the_silence() {
    for word in [|out: &mut Vec<u8>| client::encode_pong(out, b"", MASK), |out: &mut Vec<u8>| out.push(0x81)]
    {
        let mut socket = open(&[]);
        assert!(socket.wait(20_000));
        frames(&mut socket);
        assert!(!socket.wait(4_999));
        send(&mut socket, word);
        assert!(!socket.wait(19_999));
        assert!(socket.wait(1));
        assert_eq!(frames(&mut socket), ["ping []"]);
    }
}

#[test]
fn a_ping_is_answered_with_its_payload() {
    let mut socket = open(&[]);
    send(&mut socket, |out| client::encode_ping(out, b"now", MASK));
    assert_eq!(frames(&mut socket), [format!("pong {:?}", b"now")]);
}

#[test]
fn the_peers_close_is_answered_with_its_code() {
    for code in [1000, 1001, 4999] {
        let mut socket = open(&[]);
        close(&mut socket, code);
        assert_eq!((frames(&mut socket), socket.end), (vec![format!("close {code}")], Some(Close::Done)));
    }
    let mut socket = open(&[]);
    send(&mut socket, |out| encode_frame(out, true, false, Opcode::Close, b"", Some(MASK)));
    assert_eq!((frames(&mut socket), socket.end), (vec!["close 1000".to_owned()], Some(Close::Done)));
}

#[test]
fn a_closing_server_says_1001_and_waits_for_the_answer() {
    let mut socket = open(&[]);
    socket.input(Input::Shutdown);
    assert_eq!((frames(&mut socket), socket.end), (vec!["close 1001".to_owned()], None));
    say(&mut socket, "too late");
    assert!(socket.asked.is_empty());
    close(&mut socket, 1001);
    assert_eq!((frames(&mut socket), socket.end), (Vec::new(), Some(Close::Done)));
}

#[test]
fn a_peer_that_never_answers_our_close_is_left() {
    let mut socket = open(&[]);
    socket.input(Input::Shutdown);
    frames(&mut socket);
    assert!(!socket.wait(1_999));
    assert!(socket.wait(1));
    assert_eq!((frames(&mut socket), socket.end), (Vec::new(), Some(Close::Timeout)));
}

#[test]
fn a_handshake_in_a_closing_server_is_refused() {
    let mut socket = socket("", &[]);
    socket.input(Input::Shutdown);
    assert_eq!(socket.whole().problem(), "unavailable");
}

#[test]
fn a_token_that_expires_closes_with_4401() {
    let desk = Desk::new();
    let address = format!("/rooms/lobby/ws?token={}", desk.token(12));
    let mut socket = desk.request(Method::GET, &address, &HANDSHAKE, b"");
    socket.answer(join_reply(joined(5, Vec::new(), 5)));
    assert!(!socket.wait(11_000));
    say(&mut socket, "speaking does not make it longer");
    assert!(!socket.wait(999));
    assert!(socket.wait(1));
    assert_eq!((frames(&mut socket), socket.end), (vec!["close 4401".to_owned()], None));
}

#[test]
fn broken_frames_and_their_codes() {
    let long = vec![b'x'; 1001];
    let cases: [(&str, Vec<u8>); 4] = [
        ("close 1002", vec![0x81, 0x01, b'a']),
        ("close 1002", vec![0xf1, 0x80, 0, 0, 0, 0]),
        ("close 1007", vec![0x81, 0x81, 0, 0, 0, 0, 0xff]),
        ("close 1009", {
            let mut out = Vec::new();
            client::encode_message(&mut out, Kind::Binary, &long, MASK);
            out
        }),
    ];
    for (code, bytes) in cases {
        let mut socket = open(&[]);
        send(&mut socket, |out| out.extend(&bytes));
        assert_eq!((frames(&mut socket), socket.end), (vec![code.to_owned()], Some(Close::Protocol)));
    }
}

#[test]
fn a_raw_socket_learns_of_refusals_by_its_close_code() {
    for (why, code) in
        [(Refusal::Forbidden(Right::Publish), 1008), (Refusal::Busy, 1013), (Refusal::TooFast, 1013)]
    {
        let mut socket = open(&[]);
        say(&mut socket, "hello");
        socket.refuse(why);
        assert_eq!(frames(&mut socket), [format!("close {code}")]);
    }
}

#[test]
fn an_offset_that_is_gone() {
    let gone = || {
        let mut page = joined(3, vec![event(4, text("oldest"))], 4);
        page.recovered = false;
        join_reply(page)
    };
    let mut raw = socket("since=1-1", &[]);
    raw.answer(gone());
    assert_eq!(raw.head().unwrap().0, StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!((frames(&mut raw), raw.seats.len()), (vec!["close 4410".to_owned()], 0));

    let mut enveloped = socket("since=1-1", &[ENVELOPES]);
    enveloped.answer(gone());
    let frames = json_frames(&mut enveloped);
    assert_eq!(
        (&frames[0]["event"], &frames[0]["data"]["recovered"]),
        (&"hubbub:joined".into(), &false.into())
    );
    assert_eq!(frames[1]["data"], "oldest");
}

#[test]
fn the_backlog_comes_page_by_page() {
    let mut socket = socket("since=0", &[]);
    socket.answer(join_reply(joined(0, vec![event(1, text("a"))], 2)));
    assert!(socket.asked.is_empty() && socket.seats.is_empty());
    assert_eq!(frames(&mut socket), ["a"]);
    let (_, command, ticket) = socket.only_question();
    let next = Start::After(Offset::new(EPOCH, 1));
    assert!(matches!(command, Command::Join { start, .. } if start == next));
    socket.reply(ticket, join_reply(joined(1, vec![event(2, text("b"))], 2)));
    assert_eq!((frames(&mut socket), socket.seats.len()), (vec!["b".to_owned()], 1));
}

#[test]
fn envelopes_are_agreed_on() {
    let mut socket = socket("", &[ENVELOPES]);
    socket.answer(join_reply(joined(5, Vec::new(), 5)));
    assert_eq!(socket.head().unwrap().1["sec-websocket-protocol"], "hubbub.json");
    let frames = json_frames(&mut socket);
    assert_eq!(frames[0]["event"], "hubbub:joined");
    assert_eq!(frames[0]["data"]["cursor"], format!("{EPOCH}-5"));
}

#[test]
fn an_envelope_with_a_key_is_acknowledged() {
    let mut socket = open(&[ENVELOPES]);
    say(&mut socket, r#"{"event":"move","data":{"to": "e4"},"key":"k1"}"#);
    let (_, command, ticket) = socket.only_question();
    let Command::Publish { body, key: Some(key), .. } = command else { panic!("{command:?}") };
    assert_eq!((body.event.as_str(), key.as_str()), ("move", "k1"));
    assert_eq!(body.content, Content::Json(Bytes::from_static(br#"{"to": "e4"}"#)));
    socket.reply(ticket, published(6, false));
    let expected = json!({"key": "k1", "id": desk::id(6).to_string(), "offset": format!("{EPOCH}-6")});
    assert_eq!(json_frames(&mut socket), [json!({"event": "hubbub:ack", "data": expected})]);

    say(&mut socket, r#"{"data":"without a key"}"#);
    socket.answer(published(7, false));
    assert_eq!(frames(&mut socket), [""; 0]);
}

#[test]
fn acknowledgements_go_to_the_message_they_belong_to() {
    let mut socket = open(&[ENVELOPES]);
    say(&mut socket, r#"{"data":1,"key":"a"}"#);
    say(&mut socket, r#"{"data":2,"key":"b"}"#);
    let tickets: Vec<_> = socket.asked.drain(..).map(|(_, _, ticket)| ticket).collect();
    socket.reply(tickets[1], published(6, false));
    socket.reply(tickets[0], published(7, true));
    let told = json_frames(&mut socket);
    assert_eq!((&told[0]["data"]["key"], &told[1]["data"]["key"]), (&"b".into(), &"a".into()));
}

#[test]
fn a_refused_envelope_is_told_and_the_socket_stays() {
    let mut socket = open(&[ENVELOPES]);
    say(&mut socket, r#"{"data":"x","key":"k1"}"#);
    socket.refuse(Refusal::Forbidden(Right::Publish));
    let told = json_frames(&mut socket);
    assert_eq!((&told[0]["event"], &told[0]["data"]["key"]), (&"hubbub:error".into(), &"k1".into()));
    assert_eq!((&told[0]["data"]["status"], socket.end), (&403.into(), None));
}

#[test]
fn envelopes_that_cannot_be_read() {
    for (frame, key) in [
        ("hello", None),
        ("[]", None),
        (r#"{"dta":1}"#, None),
        (r#"{"event":"hubbub:joined","key":"k"}"#, Some("k")),
        (r#"{"data":"?","encoding":"base64","key":"k"}"#, Some("k")),
        (r#"{"data":1,"encoding":"base64"}"#, None),
        (r#"{"data":"","encoding":"hex"}"#, None),
        (r#"{"data":1,"key":"a b"}"#, Some("a b")),
    ] {
        let mut socket = open(&[ENVELOPES]);
        say(&mut socket, frame);
        let told = json_frames(&mut socket);
        assert_eq!(
            (&told[0]["event"], &told[0]["data"]["status"]),
            (&"hubbub:error".into(), &400.into()),
            "{frame}"
        );
        assert_eq!(told[0]["data"].get("key").and_then(Value::as_str), key, "{frame}");
        assert!(socket.asked.is_empty() && socket.end.is_none());
    }
}

#[test]
fn what_envelopes_may_carry() {
    for (frame, content) in [
        (r#"{"data":"t\u00fc"}"#, text("tü")),
        (r#"{"data":[1,  2]}"#, Content::Json(Bytes::from_static(b"[1,  2]"))),
        (r#"{"data":null}"#, Content::Json(Bytes::from_static(b"null"))),
        (r#"{"data":"/wA=","encoding":"base64"}"#, Content::Binary(Bytes::from_static(b"\xff\0"))),
    ] {
        let mut socket = open(&[ENVELOPES]);
        say(&mut socket, frame);
        let Command::Publish { body, .. } = socket.only_question().1 else { panic!("{frame}") };
        assert_eq!(body.content, content, "{frame}");
    }
}

#[test]
fn envelopes_are_text() {
    let mut socket = open(&[ENVELOPES]);
    send(&mut socket, |out| client::encode_message(out, Kind::Binary, b"{}", MASK));
    assert_eq!((frames(&mut socket), socket.end), (vec!["close 1003".to_owned()], Some(Close::Protocol)));
}
