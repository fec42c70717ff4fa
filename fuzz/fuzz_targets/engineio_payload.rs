//! Any request body and any frame, in both protocols: nothing panics, no more packets come out than are allowed, and
//! what was read is the same again when it is written and read once more.
//!
//! Input: one byte of options, then the body.
#![no_main]

use hubbub_socketio::engine::{
    Frame, Message, Outgoing, Packet, Peer, Version, decode_frame, decode_payload, encode_payload,
};
use libfuzzer_sys::fuzz_target;

const MAX_RECORDS: usize = 20;

fuzz_target!(|data: &[u8]| {
    let [options, body @ ..] = data else { return };
    let version = if options & 1 == 0 { Version::V3 } else { Version::V4 };
    let peer = Peer { version, base64: options & 2 == 0 };
    frames(version, body);
    let Ok(packets) = decode_payload(version, body, options & 4 == 0, MAX_RECORDS) else { return };
    assert!(packets.len() <= MAX_RECORDS);
    if packets.is_empty() {
        return;
    }
    let mut written = Vec::new();
    let again: Vec<_> = packets.iter().map(outgoing).collect();
    let binary = encode_payload(peer, &again, &mut written);
    assert_eq!(decode_payload(version, &written, binary, MAX_RECORDS).as_deref(), Ok(&packets[..]));
});

fn frames(version: Version, body: &[u8]) {
    let _ = decode_frame(version, Frame::Binary(body));
    if let Ok(text) = std::str::from_utf8(body) {
        let _ = decode_frame(version, Frame::Text(text));
    }
}

fn outgoing(packet: &Packet<'_>) -> Outgoing {
    match &packet.data {
        Message::Text(data) => Outgoing::packet(packet.kind, data),
        Message::Binary(data) => Outgoing::Binary(data.clone()),
    }
}
