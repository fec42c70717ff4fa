//! For any input at all: nothing panics, and what was written can be read.

use bytes::Bytes;
use hubbub_socketio::engine::{
    Frame, Message, Outgoing, PacketKind, Peer, Version, decode_frame, decode_payload, encode_payload,
};
use hubbub_socketio::socketio::{
    Assembler, Limits, Packet, Protocol, binary_event, event, msgpack, placeholder, placeholders,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

fn peer() -> impl Strategy<Value = Peer> {
    let version = prop_oneof![Just(Version::V3), Just(Version::V4)];
    (version, any::<bool>()).prop_map(|(version, base64)| Peer { version, base64 })
}

#[derive(Debug, Clone)]
enum Data {
    Text(String),
    Binary(Vec<u8>),
}

impl Data {
    fn message(&self) -> Message<'_> {
        match self {
            Self::Text(text) => Message::Text(text),
            Self::Binary(bytes) => Message::Binary(Bytes::copy_from_slice(bytes)),
        }
    }
}

/// Text without the separator of protocol 4, which cannot go as text.
fn data() -> impl Strategy<Value = Data> {
    prop_oneof![
        "[^\u{1e}]{0,20}".prop_map(Data::Text),
        "[a€😀b4:]{0,8}".prop_map(Data::Text),
        vec(any::<u8>(), 0..20).prop_map(Data::Binary),
    ]
}

/// JSON of a few levels, as serde_json prints it.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".{0,4}", inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn payloads_come_back(peer in peer(), data in vec(data(), 1..8)) {
        let packets: Vec<_> = data.iter().map(|data| Outgoing::message(data.message())).collect();
        let mut body = Vec::new();
        let binary = encode_payload(peer, &packets, &mut body);
        let read = decode_payload(peer.version, &body, binary, 8).unwrap();
        prop_assert!(read.iter().all(|packet| packet.kind == PacketKind::Message));
        let read: Vec<_> = read.into_iter().map(|packet| packet.data).collect();
        prop_assert_eq!(read, data.iter().map(Data::message).collect::<Vec<_>>());
    }

    #[test]
    fn no_text_becomes_two_packets(peer in peer(), text in "[a1\u{1e}:]{0,9}") {
        let mut body = Vec::new();
        let binary = encode_payload(peer, &[Outgoing::message(Message::Text(&text))], &mut body);
        let read = decode_payload(peer.version, &body, binary, 8).unwrap();
        prop_assert_eq!(read.len(), 1);
        match &read[0].data {
            Message::Text(read) => prop_assert_eq!(*read, &text),
            Message::Binary(read) => prop_assert_eq!(read, text.as_bytes()),
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(peer in peer(), binary: bool, body in vec(any::<u8>(), 0..60)) {
        let records = decode_payload(peer.version, &body, binary, 5);
        prop_assert!(records.is_err() || records.unwrap().len() <= 5);
        let _ = decode_frame(peer.version, Frame::Binary(&body));
    }

    #[test]
    fn nearly_payloads_are_read_or_refused(peer in peer(), binary: bool, body in "[0-6]{0,2}[:b\u{1e}€😀\u{0}\u{1}a]{0,12}") {
        let _ = decode_payload(peer.version, body.as_bytes(), binary, 5);
        let _ = decode_frame(peer.version, Frame::Text(&body));
    }

    #[test]
    fn events_come_back(name in "[a-z\"\\\\€]{1,8}!", args in vec(json(), 0..5), id: Option<u64>, named: bool) {
        let namespace = if named { "/lobby" } else { "/" };
        let mut payload = vec![Value::from(name.as_str())];
        payload.extend(args.iter().cloned());
        let payload = Value::from(payload).to_string();
        let mut out = Vec::new();
        event(&mut out, namespace, id, &payload);
        let text = String::from_utf8(out).unwrap();
        let packet = Packet::decode(Protocol::V5, &text, &Limits::default()).unwrap();
        prop_assert_eq!((packet.namespace, packet.id, packet.payload), (namespace, id, Some(payload.as_str())));
        let event = packet.event.unwrap();
        prop_assert_eq!(&event.name, &name);
        let read: Vec<_> = args.iter().map(Value::to_string).collect();
        prop_assert_eq!(&event.args, &read);
        prop_assert_eq!(event.args_json(0), format!("[{}]", read.join(",")));
    }

    #[test]
    fn msgpack_brings_what_text_brings(args in vec(json(), 0..4), attachments in vec(vec(any::<u8>(), 0..9), 0..4), id: Option<u64>) {
        let attachments: Vec<_> = attachments.into_iter().map(Bytes::from).collect();
        let mut payload = vec![Value::from("name")];
        payload.extend(args);
        payload.extend((0..attachments.len()).map(|num| serde_json::from_str::<Value>(&placeholder(num)).unwrap()));
        let payload = Value::from(payload).to_string();
        let mut out = Vec::new();
        binary_event(&mut out, "/a", id, attachments.len(), &payload);
        let text = String::from_utf8(out).unwrap();
        let (mut assembler, limits) = (Assembler::new(), Limits::default());
        let whole = assembler.text(Protocol::V5, &text, &limits).unwrap().is_some();
        prop_assert_eq!(whole, attachments.is_empty());
        for (index, attachment) in attachments.iter().enumerate() {
            let packet = assembler.binary(attachment.clone(), &limits).unwrap();
            prop_assert_eq!(packet.is_some(), index + 1 == attachments.len());
            let Some(packet) = packet else { continue };
            prop_assert_eq!(placeholders(&payload, attachments.len()).unwrap().len(), attachments.len());
            let mut message = Vec::new();
            msgpack::encode(packet.kind, "/a", id, Some(&payload), &attachments, &mut message).unwrap();
            prop_assert_eq!(msgpack::decode(&message.into(), &limits).unwrap(), packet);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[0-6]?[0-9]{0,2}-?(/[a?,]{0,3})?[0-9]{0,2}[\\[{\"a\\\\:,1\\]} ]{0,16}", v4: bool) {
        let protocol = if v4 { Protocol::V4 } else { Protocol::V5 };
        if let Ok(packet) = Packet::decode(protocol, &text, &Limits::default()) {
            prop_assert_eq!(packet.kind.is_event(), packet.event.is_some());
        }
        let _ = placeholders(&text, 1);
    }

    #[test]
    fn any_msgpack_is_read_or_refused(rest in vec(any::<u8>(), 0..60)) {
        let mut message = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1a".to_vec();
        message.extend(rest);
        let _ = msgpack::decode(&message.into(), &Limits::default()).map(|packet| packet.as_packet().event.unwrap().args.len());
    }
}
