//! What passes of what real clients say of where they are, and that nothing else does.

#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const HOST: &str = "candidate:1 1 udp 2122260223 192.168.7.9 50000 typ host generation 0 ufrag Ab1c";
const MDNS: &str = "candidate:2 1 udp 2113937151 5b1e2c3d.local 50001 typ host";
const SRFLX: &str = "candidate:3 1 udp 1686052607 203.0.113.9 50000 typ srflx raddr 192.168.7.9 rport 50000";
const TCP: &str = "candidate:4 1 tcp 1518280447 192.168.7.9 9 typ host tcptype active";
const RELAY: &str =
    "candidate:5 1 udp 41885439 198.51.100.1 62000 typ relay raddr 203.0.113.9 rport 50000 generation 0";
const HIDDEN: &str =
    "candidate:5 1 udp 41885439 198.51.100.1 62000 typ relay raddr 0.0.0.0 rport 9 generation 0";
const RELAY6: &str = "candidate:6 1 udp 41885439 2001:db8::1 62001 typ relay raddr 2001:db8:7::9 rport 50002";
const HIDDEN6: &str = "candidate:6 1 udp 41885439 2001:db8::1 62001 typ relay raddr :: rport 9";

fn pass(json: &str) -> Result<Option<Cow<'_, str>>, Unclear> {
    Candidates::Relayed.pass(json)
}

/// What is left of a value.
fn left(value: &Value) -> Option<Value> {
    let text = value.to_string();
    pass(&text).unwrap().map(|left| serde_json::from_str(&left).unwrap())
}

fn offer(lines: &[&str]) -> String {
    let head = ["v=0", "o=- 46117 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0"];
    head.iter().chain(lines).map(|line| format!("{line}\r\n")).collect()
}

fn description(lines: &[&str]) -> Value {
    json!({ "type": "offer", "sdp": offer(lines) })
}

/// Asserts what becomes of a session description.
fn becomes(before: &[&str], after: &[&str]) {
    assert_eq!(left(&description(before)), Some(description(after)));
}

fn line(candidate: &str) -> String {
    format!("a={candidate}")
}

#[test]
fn who_did_not_ask_has_everything_as_it_was_written() {
    let text = format!("{{ \"candidate\" : \"{HOST}\" }}");
    assert_eq!(Candidates::All.pass(&text), Ok(Some(Cow::Borrowed(&*text))));
    assert_eq!(Candidates::All.pass("no JSON"), Ok(Some(Cow::Borrowed("no JSON"))));
}

#[test]
fn what_has_no_candidates_is_as_it_was_written() {
    for text in [
        "1",
        " null ",
        "true",
        "\"\"",
        "[ ]",
        "{ }",
        " { \"a\" : [ 1.0 , 1e400 , \"\\ud800\" ] } ",
        r#"{"call":"c","ring":{"kind":"call","audio":true}}"#,
        r#"{"candidate":null}"#,
        r#"{"candidate":{"candidate":"","sdpMid":"0"}}"#,
        r#"{"candidate":"a=end-of-candidates"}"#,
        r#"{"type":"rollback","sdp":""}"#,
        r#"{"type":"renegotiate","renegotiate":true}"#,
        r#"{"text":"my typ of host"}"#,
        r#"{"a":1,"a":2}"#,
    ] {
        assert_eq!(pass(text), Ok(Some(Cow::Borrowed(text))), "{text}");
    }
}

#[test]
fn candidates_one_by_one() {
    for candidate in [
        HOST,
        MDNS,
        SRFLX,
        TCP,
        "candidate:1 1 udp 1 10.0.0.1 5",
        "candidate:",
        "1 1 udp 1 10.0.0.1 5 typ host",
        "candidate:1 1 udp 1 198.51.100.1 5 typ relay\ncandidate:1 1 udp 1 10.0.0.1 5 typ host",
        "?",
    ] {
        let init =
            json!({ "candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "Ab1c" });
        for said in [
            init.clone(),
            json!({ "call": "c", "candidate": init }),         // ours
            json!({ "type": "candidate", "candidate": init }), // simple-peer's
            json!({ "type": "media", "connectionId": "mc_1", "candidate": init }), // PeerJS's
            json!({ "type": "candidate", "label": 0, "id": "0", "candidate": candidate }), // aiortc's
            json!({ "candidate": init.to_string() }),
            json!({ "candidates": [init, init] }),
            json!(json!({ "candidate": init }).to_string()),
        ] {
            assert_eq!(left(&said), None, "{said}");
        }
    }
}

#[test]
fn those_of_relays_pass_and_do_not_tell_who_asked_for_them() {
    for (said, told) in [(RELAY, HIDDEN), (RELAY6, HIDDEN6), (HIDDEN, HIDDEN)] {
        for prefix in ["", "a="] {
            let init = |candidate| json!({ "call": "c", "candidate": { "candidate": format!("{prefix}{candidate}"), "sdpMid": "0" } });
            assert_eq!(left(&init(said)), Some(init(told)));
            let text = |candidate| json!({ "candidate": init(candidate).to_string() });
            assert_eq!(left(&text(said)), Some(text(told)));
        }
    }
    let browsers = RELAY.replace("203.0.113.9 rport 50000", "0.0.0.0 rport 0");
    let text = json!({ "candidate": browsers }).to_string();
    assert!(
        matches!(pass(&text), Ok(Some(Cow::Borrowed(_)))),
        "a browser that relays everything hides it itself"
    );
}

#[test]
fn of_several_together_the_others_pass() {
    let init = |candidate: &str| json!({ "candidate": candidate, "sdpMid": "0" });
    let said = json!({ "call": 1, "candidates": [init(HOST), init(RELAY), init(SRFLX), init("")] });
    assert_eq!(left(&said), Some(json!({ "call": 1, "candidates": [init(HIDDEN), init("")] })));
    let both = json!({ "description": description(&[]), "candidate": init(HOST), "more": 1 });
    assert_eq!(left(&both), Some(json!({ "description": description(&[]), "more": 1 })));
}

#[test]
fn of_descriptions_only_those_lines_go() {
    let media = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel";
    let rest = ["c=IN IP4 0.0.0.0", "a=ice-ufrag:Ab1c", "a=mid:0", "a=end-of-candidates"];
    let with = |candidates: &[&str]| -> Vec<String> {
        let candidates = candidates.iter().map(|candidate| line(candidate));
        std::iter::once(media.to_owned()).chain(candidates).chain(rest.map(str::to_owned)).collect()
    };
    let (before, after) = (with(&[HOST, MDNS, RELAY, SRFLX, TCP, RELAY6]), with(&[HIDDEN, HIDDEN6]));
    let refs = |lines: &[String]| description(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    for wrap in [
        |description: Value| description,
        |description: Value| json!({ "call": "c", "round": 1, "description": description }),
        |description: Value| json!({ "type": "media", "connectionId": "mc_1", "sdp": description }),
        |description: Value| json!({ "sdp": description.to_string() }),
        |description: Value| json!([[description["sdp"]]]),
    ] {
        assert_eq!(left(&wrap(refs(&before))), Some(wrap(refs(&after))));
    }
}

#[test]
fn lines_end_as_readers_have_it() {
    let text = format!("v=0\ra={HOST}\na={HOST}\r\n a={HOST}\n\na={RELAY}\ra={HOST}");
    let told = format!("v=0\r\na={HIDDEN}\r");
    assert_eq!(left(&json!({ "sdp": text })), Some(json!({ "sdp": told })));
}

#[test]
fn by_default_media_go_nowhere_or_to_a_relay() {
    let (host, relay, hidden) = (line(HOST), line(RELAY), line(HIDDEN));
    becomes(
        &[
            "m=audio 50000 RTP/AVP 0",
            "c=IN IP4 192.168.7.9",
            "a=rtcp:50001 IN IP4 192.168.7.9",
            &host,
            &relay,
        ],
        &["m=audio 9 RTP/AVP 0", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", &hidden],
    );
    becomes(
        &[
            "m=audio 62000 RTP/AVP 0",
            "c=IN IP4 198.51.100.1",
            "a=rtcp:62000 IN IP4 198.51.100.1",
            &host,
            &relay,
        ],
        &["m=audio 62000 RTP/AVP 0", "c=IN IP4 198.51.100.1", "a=rtcp:62000 IN IP4 198.51.100.1", &hidden],
    );
    // RTCP elsewhere, and the port of a relay at an address that is none.
    becomes(
        &[
            "m=audio 62000 RTP/AVP 0",
            "c=IN IP4 198.51.100.1",
            "a=rtcp:50001",
            &relay,
            "m=audio 62000 RTP/AVP 0",
            "c=IN IP6 fd00::9",
            &relay,
        ],
        &[
            "m=audio 9 RTP/AVP 0",
            "c=IN IP4 0.0.0.0",
            "a=rtcp:9",
            &hidden,
            "m=audio 9 RTP/AVP 0",
            "c=IN IP6 ::",
            &hidden,
        ],
    );
    // Several addresses.
    becomes(
        &["m=audio 62000 RTP/AVP 0", "c=IN IP4 192.168.7.9", "c=IN IP4 198.51.100.1", &relay],
        &["m=audio 9 RTP/AVP 0", "c=IN IP4 0.0.0.0", "c=IN IP4 0.0.0.0", &hidden],
    );
    // What is refused or goes with others stays so (RFC 9143 section 6).
    becomes(&["m=video 0 RTP/AVP 96", "c=IN IP4 192.168.7.9"], &["m=video 0 RTP/AVP 96", "c=IN IP4 0.0.0.0"]);
}

#[test]
fn an_address_for_all_sections_stays_if_it_is_a_relay_s_in_all_that_have_none() {
    let (relay, hidden) = (line(RELAY), line(HIDDEN));
    let all = "c=IN IP4 198.51.100.1";
    becomes(
        &[all, "m=audio 62000 RTP/AVP 0", &relay, "m=video 5000 RTP/AVP 96", "c=IN IP4 192.168.7.9"],
        &[all, "m=audio 62000 RTP/AVP 0", &hidden, "m=video 9 RTP/AVP 96", "c=IN IP4 0.0.0.0"],
    );
    becomes(
        &[all, "m=audio 62000 RTP/AVP 0", &relay, "m=video 5000 RTP/AVP 96"],
        &["c=IN IP4 0.0.0.0", "m=audio 9 RTP/AVP 0", &hidden, "m=video 9 RTP/AVP 96"],
    );
    becomes(&["c=IN IP4 192.168.7.9"], &["c=IN IP4 0.0.0.0"]);
}

#[test]
fn other_lines_tell_no_address_either() {
    becomes(&["m=audio 9 RTP/AVP 0", "a=remote-candidates:1 192.168.7.9 50000"], &["m=audio 9 RTP/AVP 0"]);
    for (said, told) in [
        ("o=ann 1 2 IN IP4 192.168.7.9", "o=ann 1 2 IN IP4 0.0.0.0"),
        ("o=ann 1 2 IN IP4 pc.example", "o=ann 1 2 IN IP4 0.0.0.0"),
        ("o=ann 1 2 IN IP6 fd00::9", "o=ann 1 2 IN IP6 ::"),
        ("o=- 1 2 IN IP4 127.0.0.1", "o=- 1 2 IN IP4 127.0.0.1"),
    ] {
        assert_eq!(left(&json!({ "sdp": said })), Some(json!({ "sdp": told })));
    }
}

#[test]
fn where_none_can_be_taken_out_it_is_refused() {
    for text in [
        json!({ "log": format!("here: {HOST}") }),
        json!({ "sdp": format!("v=0\r\nx {SRFLX}") }),
        json!({ "log": "40 c=IN IP4 192.168.7.9" }),
        json!({ "log": format!("here: {RELAY}") }),
        json!({ "sdp": "42[\"1 1 udp 1 10.0.0.1 5 TYP Host\"]" }),
        json!(json!(json!(json!({ "candidate": HOST }).to_string()).to_string()).to_string()),
    ] {
        assert_eq!(pass(&text.to_string()), Err(Unclear::Place), "{text}");
    }
}

#[test]
fn what_cannot_be_searched_is_refused() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(pass(&nested(64)).is_ok());
    for text in [
        "",
        "{",
        "[1,]",
        "nul",
        "1 2",
        "{\"sdp\":\"\u{1}\"}",
        &nested(65),
        &"[".repeat(60_000),
        &nested(30_000),
    ] {
        assert_eq!(pass(text), Err(Unclear::Json), "{}", text.chars().take(20).collect::<String>());
    }
}

#[test]
fn the_first_rule_that_matches_a_room_decides() {
    let rule = |pattern, candidates| (Pattern::parse(pattern).unwrap(), candidates);
    let rooms = ByRoom::new(vec![
        rule("open-*", Candidates::All),
        rule("*", Candidates::Relayed),
        rule("@*", Candidates::All),
    ]);
    let of = |name| rooms.of(&RoomName::parse(name).unwrap());
    assert_eq!(
        [of("open-1"), of("lobby"), of("@ann")],
        [Candidates::All, Candidates::Relayed, Candidates::All]
    );
    assert_eq!(rooms.rules.len(), 2, "what comes after the last that asks for something is not looked at");
    assert!(ByRoom::new(vec![rule("*", Candidates::All)]).rules.is_empty());
}

/// JSON as clients may write it, with candidates and descriptions here and there.
fn signals() -> impl Strategy<Value = Value> {
    let candidates = prop::sample::select(vec![HOST, MDNS, SRFLX, TCP, RELAY, RELAY6, ""]);
    let lines = prop::sample::select(vec![
        "m=audio 50000 RTP/AVP 0",
        "m=video 62000 RTP/AVP 96",
        "m=x",
        "c=IN IP4 192.168.7.9",
        "c=IN IP4 198.51.100.1",
        "c=",
        "a=mid:0",
        "o=- 1 1 IN IP4 192.168.7.9",
        "a=rtcp:50001 IN IP4 192.168.7.9",
        "a=rtcp:62000",
        "a=remote-candidates:1 192.168.7.9 5",
        "",
    ]);
    let some = candidates.clone().prop_map(|candidate| format!("a={candidate}"));
    let sdp = prop::collection::vec(prop_oneof![some, lines.prop_map(str::to_owned)], 0..12).prop_flat_map(
        |lines| prop::sample::select(vec!["\r\n", "\n", "\r"]).prop_map(move |end| lines.join(end)),
    );
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        candidates.prop_map(|text| json!({ "candidate": text, "sdpMid": "0" })),
        sdp.prop_map(|sdp| json!({ "type": "offer", "sdp": sdp })),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("(candidate|sdp|[a-z]{1,5})", inner.clone(), 0..4)
                .prop_map(|map| json!(map)),
            inner.prop_map(|inner| json!(inner.to_string())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_tells_where_its_sender_is(said in signals()) {
        let text = said.to_string();
        match pass(&text) {
            Ok(Some(left)) => {
                prop_assert!(serde_json::from_str::<Value>(&left).is_ok(), "{left}");
                for address in ["192.168.7.9", "203.0.113.9", ".local", "2001:db8:7::9"] {
                    prop_assert!(!left.contains(address), "{left}");
                }
                // It is the same the second time.
                prop_assert_eq!(pass(&left), Ok(Some(Cow::Borrowed(&*left))));
            }
            Ok(None) => prop_assert!(text.contains("candidate")),
            Err(why) => prop_assert!(why == Unclear::Place && text.contains("\\\\"), "{text}: {why}"),
        }
    }

    #[test]
    fn any_text_is_searched_or_refused(text in "\\PC{0,80}|[\\[\\]{}\",:a \\\\]{0,40}") {
        let valid = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
        prop_assert_eq!(pass(&text) == Err(Unclear::Json), !valid, "{}", text);
    }
}
