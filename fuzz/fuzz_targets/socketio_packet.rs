//! Any messages to the text parser, and any to the msgpack parser: nothing panics, a packet is within its limits, and
//! it is the same again when it is written and read once more.
//!
//! Input: one byte of options, then messages; 0xff stands between them. Of the text parser's, those that begin with
//! 0xfe are binary.
#![no_main]

use bytes::Bytes;
use hubbub_socketio::socketio::{
    Assembler, Kind, Limits, OwnedPacket, Packet, Protocol, ack, binary_ack, binary_event, connect,
    connect_error, disconnect, event, msgpack, placeholders,
};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { attachments: 3, attachment_bytes: 50, args: 8, depth: 6, nodes: 60 };

fuzz_target!(|data: &[u8]| {
    let [options, rest @ ..] = data else { return };
    match options & 3 {
        0 => packed(rest),
        1 => messages(Protocol::V4, rest),
        _ => messages(Protocol::V5, rest),
    }
});

fn messages(protocol: Protocol, rest: &[u8]) {
    let mut assembler = Assembler::new();
    for message in rest.split(|byte| *byte == 0xff) {
        let went_on = match (message, std::str::from_utf8(message)) {
            ([0xfe, bytes @ ..], _) => {
                assembler.binary(Bytes::copy_from_slice(bytes), &LIMITS).map(|packet| {
                    if let Some(packet) = packet {
                        check_owned(&packet);
                    }
                })
            }
            (_, Ok(text)) => {
                let _ = placeholders(text, 2);
                assembler.text(protocol, text, &LIMITS).map(|packet| {
                    if let Some(packet) = packet {
                        check_text(protocol, &packet);
                    }
                })
            }
            _ => return,
        };
        if went_on.is_err() {
            return;
        }
    }
}

fn check_text(protocol: Protocol, packet: &Packet<'_>) {
    assert!(packet.attachments <= LIMITS.attachments);
    assert_eq!(packet.event.is_some(), packet.kind.is_event());
    assert!(packet.event.as_ref().is_none_or(|event| event.args.len() < LIMITS.args));
    let mut out = Vec::new();
    let namespace =
        packet.query.map_or(packet.namespace.to_owned(), |query| format!("{}?{query}", packet.namespace));
    let (id, json, attachments) =
        (packet.id, packet.payload.unwrap_or_default(), packet.attachments as usize);
    match (packet.kind, id) {
        (Kind::Connect, _) => connect(&mut out, &namespace, packet.payload),
        (Kind::Disconnect, _) => disconnect(&mut out, &namespace),
        (Kind::ConnectError, _) => connect_error(&mut out, &namespace, json),
        (Kind::Event, id) => event(&mut out, &namespace, id, json),
        (Kind::BinaryEvent, id) => binary_event(&mut out, &namespace, id, attachments, json),
        (Kind::Ack, id) => ack(&mut out, &namespace, id.expect("acknowledgements have one"), json),
        (Kind::BinaryAck, id) => {
            binary_ack(&mut out, &namespace, id.expect("acknowledgements have one"), attachments, json);
        }
    }
    let text = std::str::from_utf8(&out).expect("it was made from text");
    assert_eq!(Packet::decode(protocol, text, &LIMITS).as_ref(), Ok(packet));
}

/// One that has its attachments.
fn check_owned(packet: &OwnedPacket) {
    let borrowed = packet.as_packet();
    let attachments = packet.attachments.len();
    assert!((1..=LIMITS.attachments as usize).contains(&attachments));
    assert!(packet.attachments.iter().map(Bytes::len).sum::<usize>() <= LIMITS.attachment_bytes);
    let payload = borrowed.payload.expect("events and acknowledgements have one");
    let found = placeholders(payload, attachments).expect("they were checked");
    assert!(found.iter().all(|(range, num)| payload.get(range.clone()).is_some() && *num < attachments));
    assert!(found.is_sorted_by(|(a, _), (b, _)| a.end <= b.start));
}

fn packed(message: &[u8]) {
    let Ok(packet) = msgpack::decode(&Bytes::copy_from_slice(message), &LIMITS) else { return };
    if !packet.attachments.is_empty() {
        check_owned(&packet);
    }
    // Members of the same name become one when they are written, so it is the second reading that must stay.
    let second = written_and_read(&packet);
    assert_eq!(written_and_read(&second), second);
}

fn written_and_read(packet: &OwnedPacket) -> OwnedPacket {
    let OwnedPacket { kind, namespace, id, payload, attachments, .. } = packet;
    let mut out = Vec::new();
    msgpack::encode(*kind, namespace, *id, payload.as_deref(), attachments, &mut out).expect("it was read");
    msgpack::decode(&out.into(), &LIMITS).expect("it was written")
}
