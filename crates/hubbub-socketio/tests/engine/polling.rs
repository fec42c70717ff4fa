//! Engine.IO over HTTP long-polling: the cases of the protocol documents, each.

use crate::session::{SETTINGS, Session, V3, V4, binary};
use hubbub_socketio::engine::{Engine, Message, Out, Peer, Settings, Text, Transport};

const NOTHING: [&str; 0] = [];

fn open(peer: Peer, settings: &Settings) -> String {
    let mut out = Vec::new();
    Engine::open_polling(peer, 1, "lv_VI97HAXpY6yYWAAAC", settings, 0, &mut out);
    let [Out::Payload { leg: 1, body, binary: false }] = &out[..] else { panic!("{out:?}") };
    String::from_utf8(body.clone()).unwrap()
}

#[test]
fn handshake() {
    let json = r#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    assert_eq!(open(V4, &Settings::default()), json);
    let alone = Settings { allow_upgrades: false, ..Settings::default() };
    assert_eq!(open(V4, &alone), json.replace(r#"["websocket"]"#, "[]"));
    let v3 = r#"97:0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#;
    assert_eq!(open(V3, &Settings::default()), v3);
}

#[test]
fn one_plain_text_packet() {
    let mut session = Session::polling(V4);
    assert_eq!(session.post(1, b"4hello"), ["1 ok", "got hello"]);
    assert_eq!(session.send([Message::Text("hello")]), NOTHING);
    assert_eq!(session.poll(2), ["2 < 4hello"]);
    assert_eq!(session.poll(3), NOTHING);
}

#[test]
fn several_plain_text_packets() {
    let mut session = Session::polling(V4);
    let got = ["1 ok", "got test1", "got test2", "got test3"];
    assert_eq!(session.post(1, b"4test1\x1e4test2\x1e4test3"), got);
    session.send(["test1", "test2", "test3"].map(Message::Text));
    assert_eq!(session.poll(2), ["2 < 4test1|4test2|4test3"]);
}

#[test]
fn text_and_binary() {
    let mut session = Session::polling(V4);
    assert_eq!(session.post(1, b"4hello\x1ebAQIDBA=="), ["1 ok", "got hello", "got [1, 2, 3, 4]"]);
    session.send([Message::Text("hello"), binary(&[1, 2, 3, 4])]);
    assert_eq!(session.poll(2), ["2 < 4hello|bAQIDBA=="]);
}

#[test]
fn a_client_that_takes_few_at_once() {
    let mut session = Session::polling(V4);
    session.engine.limit_answers(2);
    session.send(["a", "b", "c", "d", "e"].map(Message::Text));
    assert_eq!(session.poll(1), ["1 < 4a|4b"]);
    session.send([Message::Text("f")]);
    assert_eq!(session.poll(2), ["2 < 4c|4d"]);
    assert_eq!(session.poll(3), ["3 < 4e|4f"]);
    assert_eq!(session.engine.queued_bytes(), 0);
    assert_eq!(session.poll(4), NOTHING);
}

#[test]
fn a_waiting_poll_is_answered_with_all_there_is() {
    let mut session = Session::polling(V4);
    assert_eq!(session.poll(1), NOTHING);
    assert_eq!(session.send(["a", "b"].map(Message::Text)), ["1 < 4a|4b"]);
    assert_eq!(session.send([Message::Text("c")]), NOTHING);
    assert_eq!(session.poll(2), ["2 < 4c"]);
}

#[test]
fn what_waits_is_counted() {
    let mut session = Session::polling(V4);
    assert_eq!(session.engine.queued_bytes(), 0);
    session.send([Message::Text(""), binary(&[0; 100])]);
    assert!((102..300).contains(&session.engine.queued_bytes()));
    session.poll(1);
    assert_eq!(session.engine.queued_bytes(), 0);
}

#[test]
fn packets_can_be_shared() {
    let mut session = Session::polling(V4);
    let packet = Text::from("4shared".to_owned());
    let mut out = Vec::new();
    session.engine.send_packet(&packet, &mut out);
    assert_eq!(session.poll(1), ["1 < 4shared"]);
    let mut session = Session::websocket(V4);
    session.engine.send_packet(&packet, &mut out);
    assert_eq!(out, [Out::Text { leg: 9, text: packet }]);
}

#[test]
fn malformed_payloads_close_the_session() {
    for body in [&b"abc"[..], b"", b"4a\x1e", b"4\xff", b"bA", b"4a\x1ex"] {
        let mut session = Session::polling(V4);
        session.poll(1);
        assert_eq!(session.post(2, body), ["2 400", "1 < 1", "over: parse error"], "{body:?}");
        assert_eq!(session.poll(3), ["3 400"]);
        assert_eq!(session.post(4, b"4a"), ["4 400"]);
        assert_eq!(session.engine.deadline(), None);
    }
    let mut session = Session::polling(V4);
    assert_eq!(session.post_as(1, b"4a", true), ["1 400", "over: parse error"]);
}

#[test]
fn who_breaks_the_protocol_gets_nothing_more() {
    let mut session = Session::polling(V4);
    session.poll(1);
    session.engine.send(Message::Text("not flushed yet"), &mut Vec::new());
    assert_eq!(session.post(2, b"x"), ["2 400", "1 < 1", "over: parse error"]);
}

#[test]
fn payloads_have_limits() {
    let mut session = Session::polling(V4);
    let records = ["4"; SETTINGS.max_records as usize].join("\x1e");
    assert_eq!(session.post(1, records.as_bytes()).len(), 101);
    assert_eq!(session.post(2, (records + "\x1e4").as_bytes()), ["2 400", "over: parse error"]);

    let mut session = Session::polling(V4);
    let body = vec![b'4'; SETTINGS.max_payload as usize];
    assert_eq!(session.post(1, &body)[0], "1 ok");
    let body = vec![b'4'; SETTINGS.max_payload as usize + 1];
    assert_eq!(session.post(2, &body), ["2 413", "over: transport error"]);
}

#[test]
fn two_polls_at_once_close_the_session() {
    let mut session = Session::polling(V4);
    session.poll(1);
    assert_eq!(session.poll(2), ["2 400", "1 < 1", "over: transport error"]);
    assert_eq!(session.poll(3), ["3 400"]);
    assert_eq!(session.engine.transport(), Transport::Closed);
}

#[test]
fn two_posts_at_once_close_the_session() {
    let mut session = Session::polling(V4);
    session.poll(1);
    assert_eq!(session.reject(2), ["2 400", "1 < 1", "over: transport error"]);
}

#[test]
fn a_poll_given_up_closes_the_session() {
    let mut session = Session::polling(V4);
    session.poll(1);
    assert_eq!(session.lost(1), ["over: transport error"]);
    assert_eq!(session.poll(2), ["2 400"]);
}

#[test]
fn legs_that_are_not_ours_are_nothing() {
    let mut session = Session::polling(V4);
    session.poll(1);
    assert_eq!(session.lost(7), NOTHING);
    assert_eq!(session.text(7, "4a"), NOTHING);
    assert_eq!(session.send([Message::Text("a")]), ["1 < 4a"]);
}

#[test]
fn the_client_closes() {
    let mut session = Session::polling(V4);
    session.poll(1);
    assert_eq!(session.post(2, b"4a\x1e1\x1e4b"), ["2 ok", "1 < 6", "over: transport close", "got a"]);
    assert_eq!(session.poll(3), ["3 400"]);
}

#[test]
fn the_server_closes_while_a_poll_waits() {
    let mut session = Session::polling(V4);
    session.poll(1);
    session.engine.send(Message::Text("bye"), &mut Vec::new());
    assert_eq!(session.close(), ["1 < 4bye|1", "over: forced close"]);
    assert_eq!(session.close(), NOTHING);
}

#[test]
fn the_server_closes_between_polls() {
    let mut session = Session::polling(V4);
    session.send([Message::Text("bye")]);
    assert_eq!(session.close(), NOTHING);
    assert!(!session.engine.is_open());
    assert_eq!(session.send([Message::Text("too late")]), NOTHING);
    assert_eq!(session.post(1, b"4too late"), ["1 ok"]);
    assert_eq!(session.upgrade(9), ["9 closed"]);
    assert_eq!(session.poll(2), ["2 < 4bye|1", "over: forced close"]);
    assert_eq!(session.poll(3), ["3 400"]);
}

#[test]
fn the_server_closes_and_the_client_is_gone() {
    let mut session = Session::polling(V4);
    session.close();
    assert_eq!(session.wait_until(30_000), ["over: forced close"]);
    assert_eq!(session.engine.deadline(), None);
}

#[test]
fn heartbeats() {
    let mut session = Session::polling(V4);
    for round in 1..=3 {
        session.poll(1);
        assert_eq!(session.wait_until(300 * round), ["1 < 2"]);
        assert_eq!(session.post(2, b"3"), ["2 ok"]);
    }
    session.poll(1);
    assert_eq!(session.wait_until(1200), ["1 < 2"]);
    session.poll(1);
    assert_eq!(session.wait_until(1400), ["1 < 1", "over: ping timeout"]);
}

#[test]
fn a_client_that_does_not_poll_is_found() {
    let mut session = Session::polling(V4);
    session.send([Message::Text("anyone?")]);
    assert_eq!(session.wait_until(300), NOTHING);
    assert_eq!(session.wait_until(500), ["over: ping timeout"]);
    assert_eq!(session.poll(1), ["1 400"]);
}

#[test]
fn heartbeats_have_a_direction() {
    let mut session = Session::polling(V4);
    assert_eq!(session.post(1, b"4a\x1e2"), ["1 400", "over: transport error"]);
    let mut session = Session::polling(V3);
    assert_eq!(session.post(1, b"1:3"), ["1 400", "over: transport error"]);
}

#[test]
fn protocol_3() {
    let mut session = Session::polling(V3);
    assert_eq!(session.post(1, b"6:4hello6:4world"), ["1 ok", "got hello", "got world"]);
    assert_eq!(session.post(1, "2:4€10:b4AQIDBA==".as_bytes()), ["1 ok", "got €", "got [1, 2, 3, 4]"]);
    let body = [0, 4, 255, b'4', 0xe2, 0x82, 0xac, 1, 5, 255, 4, 1, 2, 3, 4];
    assert_eq!(session.post_as(1, &body, true), ["1 ok", "got €", "got [1, 2, 3, 4]"]);
    session.send([Message::Text("hello"), Message::Text("€")]);
    assert_eq!(session.poll(2), ["2 < 6:4hello2:4€"]);
    session.send([Message::Text("hello"), binary(&[1, 2, 3, 4])]);
    let body = [0, 6, 255, 52, 104, 101, 108, 108, 111, 1, 5, 255, 4, 1, 2, 3, 4];
    assert_eq!(session.poll(3), [format!("3 < {body:?}")]);
    assert_eq!(session.post(1, b"abc"), ["1 400", "over: parse error"]);
}

#[test]
fn protocol_3_without_binary() {
    let mut session = Session::polling(Peer { base64: true, ..V3 });
    session.send([Message::Text("€"), binary(&[1, 2, 3, 4])]);
    assert_eq!(session.poll(1), ["1 < 2:4€10:b4AQIDBA=="]);
}

#[test]
fn heartbeats_of_protocol_3() {
    let mut session = Session::polling(V3);
    session.poll(1);
    session.now = 300;
    assert_eq!(session.post(2, b"1:2"), ["2 ok", "1 < 1:3"]);
    assert_eq!(session.engine.deadline(), Some(800));
    session.poll(1);
    assert_eq!(session.wait_until(800), ["1 < 1:1", "over: ping timeout"]);
}
