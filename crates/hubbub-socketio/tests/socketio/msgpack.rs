//! The msgpack parser: packets as npm's `socket.io-msgpack-parser` 3.0.2 writes them, and those that are none.

use bytes::Bytes;
use hubbub_socketio::socketio::{Fault, Kind, Limits, OwnedPacket, msgpack};

fn hex(text: &str) -> Bytes {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn decode(message: &str) -> Result<OwnedPacket, Fault> {
    msgpack::decode(&hex(message), &Limits::default())
}

fn encode(packet: &OwnedPacket) -> Vec<u8> {
    let mut out = Vec::new();
    let OwnedPacket { kind, namespace, id, payload, attachments, .. } = packet;
    msgpack::encode(*kind, namespace, *id, payload.as_deref(), attachments, &mut out).unwrap();
    out
}

/// Kind, namespace, id, payload.
type Parts<'a> = (Kind, &'a str, Option<u64>, Option<&'a str>);

#[test]
fn packets_of_the_official_parser() {
    let every = r#"["hello",1,-1,300,-300,70000,1.5,null,true,[],{"a":"é"}]"#;
    let examples: [(&str, Parts<'_>); 6] = [
        (
            "83a47479706500a36e7370a62f61646d696ea46461746181a5746f6b656ea3313233",
            (Kind::Connect, "/admin", None, Some(r#"{"token":"123"}"#)),
        ),
        ("83a47479706500a36e7370a12fa464617461d40000", (Kind::Connect, "/", None, None)),
        ("82a47479706501a36e7370a62f61646d696e", (Kind::Disconnect, "/admin", None, None)),
        // With `options`, which the official client adds, between `data` and `id`.
        (
            "85a47479706502a4646174619ba568656c6c6f01ffcd012cd1fed4ce00011170cb3ff8000000000000c0c39081a161a2c3a9a76f70\
             74696f6e7381a8636f6d7072657373c3a269640ca36e7370a12f",
            (Kind::Event, "/", Some(12), Some(every)),
        ),
        (
            "84a47479706503a36e7370a62f61646d696ea46461746191a3626172a269640d",
            (Kind::Ack, "/admin", Some(13), Some(r#"["bar"]"#)),
        ),
        (
            "83a47479706504a36e7370a12fa46461746181a76d657373616765ae4e6f7420617574686f72697a6564",
            (Kind::ConnectError, "/", None, Some(r#"{"message":"Not authorized"}"#)),
        ),
    ];
    for (message, expected) in examples {
        let packet = decode(message).unwrap();
        let OwnedPacket { kind, namespace, id, payload, .. } = &packet;
        assert_eq!((*kind, namespace.as_str(), *id, payload.as_deref()), expected);
        let again = msgpack::decode(&encode(&packet).into(), &Limits::default()).unwrap();
        assert_eq!(again, packet);
    }
}

#[test]
fn what_we_write_the_official_parser_would_write() {
    for message in [
        "83a47479706500a36e7370a62f61646d696ea46461746181a5746f6b656ea3313233",
        "82a47479706501a36e7370a62f61646d696e",
        "83a47479706504a36e7370a12fa46461746181a76d657373616765ae4e6f7420617574686f72697a6564",
    ] {
        assert_eq!(Bytes::from(encode(&decode(message).unwrap())), hex(message));
    }
}

#[test]
fn binary_becomes_attachments() {
    let message = hex("83a47479706502a36e7370a12fa46461746193a362617ac4040102030481a178c702000506");
    let packet = msgpack::decode(&message, &Limits::default()).unwrap();
    assert_eq!(packet.kind, Kind::BinaryEvent);
    let payload = r#"["baz",{"_placeholder":true,"num":0},{"x":{"_placeholder":true,"num":1}}]"#;
    assert_eq!(packet.payload.as_deref(), Some(payload));
    assert_eq!(packet.attachments, [&[1, 2, 3, 4][..], &[5, 6]]);
    assert_eq!(packet.as_packet().attachments, 2);
    // They lie where they lay.
    assert!(message.as_ptr_range().contains(&packet.attachments[0].as_ptr()));
    // What goes out is of the same length but for the ArrayBuffer, which becomes a plain binary, a byte shorter.
    assert_eq!(encode(&packet).len(), message.len() - 1);
}

#[test]
fn members_that_nobody_knows_leave_nothing_behind() {
    // {"x": [<07>], "type": 2, "nsp": "/", "data": ["a", <08>]}
    let packet = decode("84a17891c40107a47479706502a36e7370a12fa46461746192a161c40108").unwrap();
    assert_eq!(packet.payload.as_deref(), Some(r#"["a",{"_placeholder":true,"num":0}]"#));
    assert_eq!(packet.attachments, [&[8][..]]);
}

#[test]
fn what_json_has_not() {
    let odd = "83a47479706502a36e7370a12fa46461746196a36f6464d40000d7000000019aaaac267bcb7ff8000000000000cb7ff0000000000000\
               cf001fffffffffffff";
    let payload = r#"["odd",null,"2025-11-22T08:26:40.123Z",null,null,9007199254740991]"#;
    assert_eq!(decode(odd).unwrap().payload.as_deref(), Some(payload));
}

/// An event whose data is `["a", VALUE]`.
fn event(value: &str) -> Result<OwnedPacket, Fault> {
    decode(&format!("83a47479706502a36e7370a12fa46461746192a161{value}"))
}

fn argument(value: &str) -> String {
    let packet = event(value).unwrap();
    packet.as_packet().event.unwrap().args[0].to_owned()
}

#[test]
fn integers_are_exact() {
    assert_eq!(argument("cfffffffffffffffff"), u64::MAX.to_string());
    assert_eq!(argument("d38000000000000000"), i64::MIN.to_string());
    for (json, expected) in
        [(u64::MAX.to_string(), "cfffffffffffffffff"), (i64::MIN.to_string(), "d38000000000000000")]
    {
        let mut out = Vec::new();
        msgpack::encode(Kind::Event, "/", None, Some(&format!("[{json}]")), &[], &mut out).unwrap();
        assert!(out.ends_with(&hex(expected)));
    }
}

#[test]
fn keys_of_maps() {
    assert_eq!(argument("8301a162ff01a16302"), r#"{"1":"b","-1":1,"c":2}"#);
    for key in ["c0", "c3", "cb3ff8000000000000", "90", "80", "c40101"] {
        assert_eq!(event(&format!("81{key}01")), Err(Fault::Msgpack), "{key}");
    }
}

#[test]
fn strings_are_escaped() {
    assert_eq!(argument("a4221e5c0a"), r#""\"\u001e\\\n""#);
}

#[test]
fn nobody_forges_a_placeholder() {
    // {"_placeholder": true, "num": 0} as a map, beside a real attachment.
    let forged = "82ac5f706c616365686f6c646572c3a36e756d00";
    assert_eq!(event(&format!("92c40101{forged}")), Err(Fault::Placeholder));
    // One that has the real one within itself.
    let around = "83ac5f706c616365686f6c646572c3a36e756d00a178c40101";
    assert_eq!(event(around), Err(Fault::Placeholder));
    let alone = event(forged).unwrap();
    assert_eq!((alone.kind, alone.attachments.len()), (Kind::Event, 0));
    // And what is no binary packet keeps it as the object it is.
    let again = msgpack::decode(&encode(&alone).into(), &Limits::default()).unwrap();
    assert_eq!(again, alone);
}

#[test]
fn what_is_no_packet() {
    let faults = [
        ("", Fault::Msgpack),
        ("c0", Fault::Msgpack),
        ("80", Fault::Kind),
        ("81a47479706500", Fault::Namespace),
        ("82a47479706505a36e7370a12f", Fault::Kind),
        ("82a474797065a130a36e7370a12f", Fault::Kind),
        ("82a47479706500a36e737001", Fault::Namespace),
        ("82a47479706500a36e7370a161", Fault::Namespace),
        ("8200000000", Fault::Msgpack),
        ("82a47479706500a36e7370a12f00", Fault::Msgpack),
        ("82a47479706502a36e7370a12f", Fault::Payload),
        ("83a47479706502a36e7370a12fa46461746180", Fault::Payload),
        ("83a47479706502a36e7370a12fa46461746190", Fault::Payload),
        ("83a47479706502a36e7370a12fa46461746191c0", Fault::EventName),
        ("83a47479706502a36e7370a12fa46461746191aa646973636f6e6e656374", Fault::EventName),
        ("83a47479706503a36e7370a12fa46461746190", Fault::Id),
        ("84a47479706503a36e7370a12fa46461746190a26964c0", Fault::Id),
        ("84a47479706503a36e7370a12fa46461746190a26964ff", Fault::Id),
        ("83a47479706500a36e7370a12fa46461746190", Fault::Payload),
        ("83a47479706501a36e7370a12fa46461746180", Fault::Payload),
        // A second `data`, and an attachment where none can be.
        ("84a47479706502a36e7370a12fa46461746191a161a46461746191a161", Fault::Payload),
        ("83a47479706500a36e7370a12fa46461746181a161c40100", Fault::Attachments),
    ];
    for (message, fault) in faults {
        assert_eq!(decode(message), Err(fault), "{message}");
    }
}

#[test]
fn limits() {
    let limits = Limits { attachments: 2, attachment_bytes: 4, args: 3, depth: 2, nodes: 6 };
    let decode = |value: &str| {
        let message = hex(&format!("83a47479706502a36e7370a12fa46461746192a161{value}"));
        msgpack::decode(&message, &limits).map(drop)
    };
    assert_eq!(decode("92c40101c40102"), Ok(()));
    assert_eq!(decode("93c40101c40102c40103"), Err(Fault::TooManyAttachments));
    assert_eq!(decode("c40401020304"), Ok(()));
    assert_eq!(decode("c4050102030405"), Err(Fault::TooManyAttachments));
    assert_eq!(decode("93010203"), Ok(()));
    assert_eq!(decode("9401020304"), Err(Fault::TooManyNodes));
    assert_eq!(decode("9190"), Err(Fault::TooDeep));
    assert_eq!(decode("90"), Ok(()));
    let deep = "91".repeat(100_000);
    assert_eq!(event(&(deep + "c0")), Err(Fault::TooDeep));
}

#[test]
fn what_cannot_be_written() {
    let mut out = b"before".to_vec();
    let mut encode = |payload| msgpack::encode(Kind::BinaryEvent, "/", None, Some(payload), &[], &mut out);
    assert_eq!(encode("[1"), Err(Fault::Payload));
    assert_eq!(encode(r#"["a",{"_placeholder":true,"num":0}]"#), Err(Fault::Placeholder));
    assert_eq!(encode(r#"["a",{"_placeholder":true}]"#), Err(Fault::Placeholder));
    assert_eq!(encode(&"[".repeat(1000)), Err(Fault::Payload));
    assert_eq!(out, b"before");
}
