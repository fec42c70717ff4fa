//! Engine.IO over WebSocket, and on the way there from polling: the cases of the protocol documents, each.

use crate::session::{SETTINGS, Session, V3, V4, binary};
use hubbub_socketio::engine::{Engine, Message, Out, Peer, Reason, Settings, Transport};
use std::thread;

const NOTHING: [&str; 0] = [];

/// A session whose upgrade to WebSocket 9 has been probed.
fn probed() -> Session {
    let mut session = Session::polling(V4);
    assert_eq!(session.upgrade(9), NOTHING);
    assert_eq!(session.text(9, "2probe"), ["9 > 3probe"]);
    session
}

#[test]
fn handshake() {
    let mut out = Vec::new();
    let engine = Engine::open_websocket(V4, 9, "abc", &Settings::default(), 0, &mut out);
    let json =
        r#"0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#;
    assert!(matches!(&out[..], [Out::Text { leg: 9, text }] if text.as_str() == json));
    assert_eq!(engine.transport(), Transport::WebSocket(9));
    assert_eq!(engine.deadline(), Some(25_000));
}

#[test]
fn text_and_binary() {
    let mut session = Session::websocket(V4);
    assert_eq!(session.text(9, "4hello"), ["got hello"]);
    assert_eq!(session.bytes(9, &[1, 2, 3, 4]), ["got [1, 2, 3, 4]"]);
    let sent = session.send([Message::Text("hello"), binary(&[1, 2, 3, 4])]);
    assert_eq!(sent, ["9 > 4hello", "9 > [1, 2, 3, 4]"]);
}

#[test]
fn text_and_binary_of_protocol_3() {
    let mut session = Session::websocket(V3);
    assert_eq!(session.bytes(9, &[4, 1, 2, 3, 4]), ["got [1, 2, 3, 4]"]);
    assert_eq!(session.text(9, "b4AQIDBA=="), ["got [1, 2, 3, 4]"]);
    assert_eq!(session.send([binary(&[1, 2, 3, 4])]), ["9 > [4, 1, 2, 3, 4]"]);
    let mut session = Session::websocket(Peer { base64: true, ..V3 });
    assert_eq!(session.send([binary(&[1, 2, 3, 4])]), ["9 > b4AQIDBA=="]);
}

#[test]
fn what_is_malformed_closes_the_session() {
    for text in ["abc", "", "9"] {
        let mut session = Session::websocket(V4);
        assert_eq!(session.text(9, text), ["9 closed", "over: parse error"], "{text}");
        assert_eq!(session.text(9, "4a"), NOTHING);
        assert_eq!(session.send([Message::Text("a")]), NOTHING);
        assert_eq!(session.upgrade(8), ["8 closed"]);
    }
    let mut session = Session::websocket(V4);
    let long = vec![0; SETTINGS.max_payload as usize + 1];
    assert_eq!(session.bytes(9, &long[1..]).len(), 1);
    assert_eq!(session.bytes(9, &long), ["9 closed", "over: parse error"]);
}

#[test]
fn either_side_closes() {
    let mut session = Session::websocket(V4);
    assert_eq!(session.text(9, "1"), ["9 closed", "over: transport close"]);
    let mut session = Session::websocket(V4);
    assert_eq!(session.lost(9), ["over: transport close"]);
    let mut session = Session::websocket(V4);
    assert_eq!(session.close(), ["9 > 1", "9 closed", "over: forced close"]);
    assert_eq!(session.lost(9), NOTHING);
}

#[test]
fn heartbeats() {
    let mut session = Session::websocket(V4);
    for round in 1..=3 {
        assert_eq!(session.wait_until(300 * round), ["9 > 2"]);
        assert_eq!(session.text(9, "3"), NOTHING);
    }
    assert_eq!(session.wait_until(1200), ["9 > 2"]);
    assert_eq!(session.wait_until(1400), ["9 closed", "over: ping timeout"]);
    let mut session = Session::websocket(V4);
    assert_eq!(session.text(9, "2"), ["9 closed", "over: transport error"]);
}

#[test]
fn heartbeats_of_protocol_3() {
    let mut session = Session::websocket(V3);
    session.now = 200;
    assert_eq!(session.text(9, "2"), ["9 > 3"]);
    assert_eq!(session.text(9, "2any data"), ["9 > 3any data"]);
    assert_eq!(session.wait_until(700), ["9 closed", "over: ping timeout"]);
}

#[test]
fn packets_without_a_meaning_are_ignored() {
    let mut session = Session::websocket(V4);
    for text in ["0", "5", "6", "3"] {
        assert_eq!(session.text(9, text), NOTHING);
    }
    assert_eq!(session.text(9, "4a"), ["got a"]);
}

#[test]
fn upgrade() {
    let mut session = Session::polling(V4);
    session.poll(1);
    assert_eq!(session.upgrade(9), NOTHING);
    assert_eq!(session.text(9, "2probe"), ["9 > 3probe", "1 < 6"]);
    assert_eq!(session.poll(2), ["2 < 6"]);
    assert_eq!(session.poll(3), ["3 < 6"]);
    assert_eq!(session.text(9, "5"), ["9 upgraded"]);
    assert_eq!(session.engine.transport(), Transport::WebSocket(9));
    assert_eq!(session.text(9, "4hello"), ["got hello"]);
    assert_eq!(session.send([Message::Text("hello")]), ["9 > 4hello"]);
}

#[test]
fn nothing_is_lost_on_the_way() {
    let mut session = Session::polling(V4);
    session.upgrade(9);
    session.send([Message::Text("before")]);
    session.text(9, "2probe");
    assert_eq!(session.poll(1), ["1 < 4before"]);
    assert_eq!(session.send([Message::Text("a"), binary(&[1])]), NOTHING);
    assert_eq!(session.post(2, b"4still polling"), ["2 ok", "got still polling"]);
    assert_eq!(session.text(9, "5"), ["9 upgraded", "9 > 4a", "9 > [1]"]);
    assert_eq!(session.engine.queued_bytes(), 0);
}

#[test]
fn before_the_probe_polling_goes_on() {
    let mut session = Session::polling(V4);
    session.upgrade(9);
    assert_eq!(session.poll(1), NOTHING);
    assert_eq!(session.send([Message::Text("a")]), ["1 < 4a"]);
}

#[test]
fn requests_after_the_upgrade_do_no_harm() {
    let mut session = probed();
    session.text(9, "5");
    assert_eq!(session.poll(1), ["1 400"]);
    assert_eq!(session.post(2, b"4a"), ["2 400"]);
    assert_eq!(session.reject(3), ["3 400"]);
    assert_eq!(session.upgrade(8), ["8 closed"]);
    assert_eq!(session.text(9, "4hello"), ["got hello"]);
}

#[test]
fn only_one_upgrade_at_a_time() {
    let mut session = probed();
    assert_eq!(session.upgrade(8), ["8 closed"]);
    assert_eq!(session.text(8, "2probe"), NOTHING);
    assert_eq!(session.text(9, "5"), ["9 upgraded"]);
    assert_eq!(Session::websocket(V4).upgrade(8), ["8 closed"]);
}

#[test]
fn upgrades_can_be_forbidden() {
    let settings = Settings { allow_upgrades: false, ..SETTINGS };
    let mut out = Vec::new();
    let mut engine = Engine::open_polling(V4, 1, "x", &settings, 0, &mut out);
    out.clear();
    engine.upgrade(9, 0, &mut out);
    assert_eq!(out, [Out::CloseLeg { leg: 9 }]);
}

#[test]
fn a_probe_that_is_none_costs_only_itself() {
    for text in ["4a", "2", "2prob", "5", "", "x", "1"] {
        let mut session = Session::polling(V4);
        session.upgrade(9);
        assert_eq!(session.text(9, text), ["9 closed"], "{text}");
        assert_eq!(session.text(9, "2probe"), NOTHING);
        assert_eq!(session.poll(1), NOTHING);
        assert_eq!(session.upgrade(8), NOTHING);
        assert_eq!(session.text(8, "2probe"), ["8 > 3probe", "1 < 6"]);
    }
    let mut session = probed();
    assert_eq!(session.bytes(9, b"2probe"), ["9 closed"]);
}

#[test]
fn an_upgrade_that_never_ends_is_dropped() {
    let mut session = probed();
    assert_eq!(session.wait_until(100), ["9 closed"]);
    assert_eq!(session.poll(1), NOTHING);
    assert_eq!(session.wait_until(300), ["1 < 2"]);
}

#[test]
fn a_probing_websocket_that_is_lost_costs_only_itself() {
    let mut session = probed();
    assert_eq!(session.lost(9), NOTHING);
    assert_eq!(session.poll(1), NOTHING);
    assert_eq!(session.engine.deadline(), Some(300));
}

#[test]
fn a_pong_that_was_due_meanwhile_has_its_time_again() {
    let mut session = Session::polling(V4);
    assert_eq!(session.wait_until(300), NOTHING);
    session.now = 450;
    session.upgrade(9);
    session.now = 520;
    assert_eq!(session.lost(9), NOTHING);
    assert_eq!(session.engine.deadline(), Some(720));
}

#[test]
fn heartbeats_rest_during_an_upgrade() {
    let mut session = Session::polling(V4);
    session.now = 250;
    session.upgrade(9);
    session.text(9, "2probe");
    assert_eq!(session.engine.deadline(), Some(350));
    session.now = 340;
    assert_eq!(session.text(9, "5"), ["9 upgraded"]);
    // The ping that was due meanwhile goes out at once: the client counts on it.
    let mut out = Vec::new();
    session.engine.timeout(340, &mut out);
    assert!(matches!(&out[..], [Out::Text { text, .. }] if text.as_str() == "2"));
    assert_eq!(session.engine.deadline(), Some(540));
}

#[test]
fn a_pong_may_take_the_other_way() {
    let mut session = Session::polling(V4);
    assert_eq!(session.wait_until(300), NOTHING);
    session.now = 450;
    session.upgrade(9);
    session.text(9, "2probe");
    session.now = 520;
    assert_eq!(session.text(9, "5"), ["9 upgraded", "9 > 2"]);
    assert_eq!(session.engine.deadline(), Some(720));
    assert_eq!(session.text(9, "3"), NOTHING);
    assert_eq!(session.engine.deadline(), Some(820));
}

#[test]
fn the_end_during_an_upgrade_reaches_every_leg() {
    let mut session = Session::polling(V4);
    session.poll(1);
    session.upgrade(9);
    assert_eq!(session.post(2, b"x"), ["2 400", "9 closed", "1 < 1", "over: parse error"]);

    let mut session = probed();
    assert_eq!(session.close(), ["9 closed"]);
    assert_eq!(session.poll(1), ["1 < 1", "over: forced close"]);
}

#[test]
fn legs_can_be_renamed() {
    let mut session = Session::polling(V4);
    session.poll(1);
    session.upgrade(9);
    session.engine.relabel(1, 11);
    session.engine.relabel(9, 19);
    assert_eq!(session.text(9, "2probe"), NOTHING);
    assert_eq!(session.text(19, "2probe"), ["19 > 3probe", "11 < 6"]);
    session.text(19, "5");
    session.engine.relabel(19, 29);
    session.engine.relabel(5, 6);
    assert_eq!(session.send([Message::Text("a")]), ["29 > 4a"]);
}

#[test]
fn a_session_can_go_to_another_thread() {
    let mut session = probed();
    session.send([Message::Text("a")]);
    let mut engine = session.engine;
    let said = thread::spawn(move || {
        let mut out = Vec::new();
        engine.close(Reason::ServerShuttingDown, 1, &mut out);
        engine.poll(1, &mut out);
        out.len()
    });
    assert_eq!(said.join().unwrap(), 3);
}

/// What an idle session costs on WebSocket, all told: it owns nothing outside of itself.
#[test]
fn an_idle_session_is_small() {
    assert!(size_of::<Engine<u64>>() <= 96, "{} bytes", size_of::<Engine<u64>>());
    assert!(size_of::<Engine<u32>>() <= size_of::<Engine<u64>>());
}
