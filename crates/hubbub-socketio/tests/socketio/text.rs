//! The text parser: every example of the protocol documents, and everything that is not one.

use hubbub_socketio::socketio::{
    Fault, Kind, Limits, Packet, Protocol, ack, binary_ack, binary_event, connect, connect_error, disconnect,
    event,
};

fn v5(text: &str) -> Result<Packet<'_>, Fault> {
    Packet::decode(Protocol::V5, text, &Limits::default())
}

fn v4(text: &str) -> Result<Packet<'_>, Fault> {
    Packet::decode(Protocol::V4, text, &Limits::default())
}

fn encoded(encode: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    encode(&mut out);
    String::from_utf8(out).unwrap()
}

/// Kind, namespace, id, attachments, payload.
type Parts<'a> = (Kind, &'a str, Option<u64>, u32, Option<&'a str>);

fn parts<'a>(packet: &Packet<'a>) -> Parts<'a> {
    (packet.kind, packet.namespace, packet.id, packet.attachments, packet.payload)
}

/// SIO5 "Packet encoding", "Examples".
#[test]
fn examples_of_protocol_5() {
    let one = r#"["baz",{"_placeholder":true,"num":0}]"#;
    let two = r#"["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    let bar = r#"["bar",{"_placeholder":true,"num":0}]"#;
    let sid = r#"{"sid":"oSO0OpakMV_3jnilAAAA"}"#;
    let refused = r#"{"message":"Not authorized"}"#;
    let (foo, hi) = (r#"["foo"]"#, r#"["bar"]"#);
    let examples: Vec<(String, Parts<'_>, String)> = vec![
        ("0".into(), (Kind::Connect, "/", None, 0, None), encoded(|out| connect(out, "/", None))),
        (
            format!("0/admin,{sid}"),
            (Kind::Connect, "/admin", None, 0, Some(sid)),
            encoded(|out| connect(out, "/admin", Some(sid))),
        ),
        (
            format!("4{refused}"),
            (Kind::ConnectError, "/", None, 0, Some(refused)),
            encoded(|out| connect_error(out, "/", refused)),
        ),
        (
            format!("2{foo}"),
            (Kind::Event, "/", None, 0, Some(foo)),
            encoded(|out| event(out, "/", None, foo)),
        ),
        (
            format!("2/admin,{hi}"),
            (Kind::Event, "/admin", None, 0, Some(hi)),
            encoded(|out| event(out, "/admin", None, hi)),
        ),
        (
            format!("51-{one}"),
            (Kind::BinaryEvent, "/", None, 1, Some(one)),
            encoded(|out| binary_event(out, "/", None, 1, one)),
        ),
        (
            format!("52-/admin,{two}"),
            (Kind::BinaryEvent, "/admin", None, 2, Some(two)),
            encoded(|out| binary_event(out, "/admin", None, 2, two)),
        ),
        (
            format!("212{foo}"),
            (Kind::Event, "/", Some(12), 0, Some(foo)),
            encoded(|out| event(out, "/", Some(12), foo)),
        ),
        (
            format!("3/admin,13{hi}"),
            (Kind::Ack, "/admin", Some(13), 0, Some(hi)),
            encoded(|out| ack(out, "/admin", 13, hi)),
        ),
        (
            format!("61-15{bar}"),
            (Kind::BinaryAck, "/", Some(15), 1, Some(bar)),
            encoded(|out| binary_ack(out, "/", 15, 1, bar)),
        ),
        ("1".into(), (Kind::Disconnect, "/", None, 0, None), encoded(|out| disconnect(out, "/"))),
        (
            "1/admin,".into(),
            (Kind::Disconnect, "/admin", None, 0, None),
            encoded(|out| disconnect(out, "/admin")),
        ),
    ];
    for (text, expected, ours) in &examples {
        assert_eq!(parts(&v5(text).unwrap()), *expected, "{text}");
        assert_eq!(ours, text);
    }
}

/// SIO4 "Packet types" and "Packet encoding", where it differs.
#[test]
fn examples_of_protocol_4() {
    let packet = v4("0/admin?token=1234&uid=abcd,").unwrap();
    assert_eq!(
        (packet.kind, packet.namespace, packet.query),
        (Kind::Connect, "/admin", Some("token=1234&uid=abcd"))
    );
    assert_eq!(v4("0/admin").unwrap().namespace, "/admin");
    assert_eq!(v4("0/admin").unwrap().query, None);
    assert_eq!(v4(r#"2["hello",1]"#).unwrap().event.unwrap().args, ["1"]);
    let packet = v4(r#"2/admin,456["project:delete",123]"#).unwrap();
    assert_eq!((packet.namespace, packet.id), ("/admin", Some(456)));
    assert_eq!(packet.event.unwrap().name, "project:delete");
    assert_eq!(parts(&v4("3/admin,456[]").unwrap()), (Kind::Ack, "/admin", Some(456), 0, Some("[]")));
    assert_eq!(v4(r#"4/admin,"Not authorized""#).unwrap().payload, Some(r#""Not authorized""#));
    assert_eq!(encoded(|out| connect_error(out, "/", r#""Not authorized""#)), r#"4"Not authorized""#);
    assert_eq!(encoded(|out| connect(out, "/admin", None)), "0/admin,");
    assert_eq!(v4("0{}"), Err(Fault::Payload));
    assert_eq!(v4("4 0"), Err(Fault::Payload));
    // In protocol 5 there is no query: a question mark is part of the name.
    assert_eq!(v5("0/admin?a=1,").unwrap().namespace, "/admin?a=1");
}

#[test]
fn events_in_their_parts() {
    let packet = v5(r#"2[ "a\"\u0062" , {"x":[1, 2]} ,"three", null ]"#).unwrap();
    let event = packet.event.unwrap();
    assert_eq!(event.name, "a\"b");
    assert_eq!(event.args, [r#"{"x":[1, 2]}"#, r#""three""#, "null"]);
    assert_eq!(event.args_text(0), r#"{"x":[1, 2]} ,"three", null"#);
    assert_eq!(event.args_json(1), r#"["three", null]"#);
    assert_eq!(event.args_json(3), "[]");
    assert_eq!(event.args_json(9), "[]");
    assert_eq!(&event.payload[event.arg_range(1)], r#""three""#);
    assert_eq!(v5(r#"2["alone"]"#).unwrap().event.unwrap().args_json(0), "[]");
    assert_eq!(v5("2[7,true]").unwrap().event.unwrap().name, "7");
    assert_eq!(v5("3123[1]").unwrap().event, None);
}

#[test]
fn names_that_are_none() {
    for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
        assert_eq!(v5(&format!("2[\"{name}\"]")), Err(Fault::EventName), "{name}");
    }
    assert_eq!(v5(r#"2["\u0063onnect"]"#), Err(Fault::EventName));
    assert_eq!(v5(r#"51-["disconnect",{"_placeholder":true,"num":0}]"#), Err(Fault::EventName));
    for name in ["null", "true", "{}", "[]", r#""\ud800""#] {
        assert_eq!(v5(&format!("2[{name}]")), Err(Fault::EventName), "{name}");
    }
    assert!(v5(r#"2["connected"]"#).is_ok());
}

#[test]
fn payloads_of_the_wrong_kind() {
    for text in [
        "2",
        "2[]",
        "2{}",
        "2\"a\"",
        "2/a,",
        "21",
        "2[\"a\"",
        "2[\"a\"]]",
        "2[\"a\",]",
        "2 ",
        "2x",
        "0[]",
        "0\"a\"",
        "0null",
        "0{\"a\"}",
        "1{}",
        "1[]",
        "31{}",
        "31",
        "31[1",
        "4[]",
        "41.5",
        "51-",
        "51-{}",
        "51-[]",
    ] {
        assert!(matches!(v5(text), Err(Fault::Payload | Fault::Id)), "{text}: {:?}", v5(text));
    }
}

#[test]
fn types_ids_and_namespaces_that_are_none() {
    for text in ["", "7", "9[]", "x", "-1", "€", " 2[\"a\"]"] {
        assert_eq!(v5(text), Err(Fault::Kind), "{text}");
    }
    assert_eq!(v5("218446744073709551615[\"a\"]").unwrap().id, Some(u64::MAX));
    for text in ["218446744073709551616[\"a\"]", "3[]", "3/a,[]", "61-[]", "01", "11", "41{}", "0/a,7{}"] {
        assert_eq!(v5(text), Err(Fault::Id), "{text}");
    }
    assert_eq!(v5("2/a\u{1e}1,[\"a\"]"), Err(Fault::Namespace));
    assert_eq!(v5("0/a").unwrap().namespace, "/a");
    assert_eq!(v5("0/,").unwrap().namespace, "/");
}

#[test]
fn attachments_that_are_none() {
    for text in [
        "5[\"a\"]",
        "5-[\"a\"]",
        "5x-[\"a\"]",
        "51[\"a\"]",
        "5-1-[\"a\"]",
        "51.0-[\"a\"]",
        "5",
        "54294967296-[\"a\"]",
    ] {
        assert_eq!(v5(text), Err(Fault::Attachments), "{text}");
    }
    assert!(v5("564-[\"a\"]").is_ok());
    assert_eq!(v5("565-[\"a\"]"), Err(Fault::TooManyAttachments));
    assert_eq!(v5("50-[\"a\"]").unwrap().attachments, 0);
    assert_eq!(v5("21-[\"a\"]"), Err(Fault::Payload));
}

#[test]
fn limits() {
    let limits = Limits { args: 3, depth: 3, ..Limits::default() };
    let decode = |text| Packet::decode(Protocol::V5, text, &limits).map(drop);
    assert_eq!(decode(r#"2["a",1,2]"#), Ok(()));
    assert_eq!(decode(r#"2["a",1,2,3]"#), Err(Fault::TooManyArgs));
    assert_eq!(decode("31[1,2,3,4]"), Err(Fault::TooManyArgs));
    assert_eq!(decode(r#"2["a",[[]]]"#), Ok(()));
    assert_eq!(decode(r#"2["a",[[[]]]]"#), Err(Fault::TooDeep));
    assert_eq!(decode(r#"0{"a":{"b":{"c":{}}}}"#), Err(Fault::TooDeep));
}
