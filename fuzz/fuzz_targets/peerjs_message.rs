//! Any text that a peer of PeerJS sends is read or refused: nothing panics, and what is told to another is JSON that says who said it,
//! whatever the text says, and has the payload byte for byte.
#![no_main]

use std::collections::BTreeMap;

use hubbub_gate::peerjs::PeerId;
use hubbub_gate::peerjs::message::{Said, read, write};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = str::from_utf8(input) else { return };
    if let Some(id) = PeerId::parse(text) {
        assert_eq!(
            serde_json::to_string(id.as_str()).expect("a text"),
            format!("\"{text}\""),
            "it needs no escape"
        );
    }
    let Ok(Said::To { dst, kind, payload }) = read(text) else { return };
    let told = write(kind, "ann", &dst, payload);
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(&told).expect("what is told is an object");
    assert_eq!(members["src"].get(), "\"ann\"");
    assert_eq!(members.get("payload").map(|value| value.get()), payload.map(RawValue::get));
    let Ok(Said::To { dst: again, kind: same, .. }) = read(&told) else { panic!("it can be read again") };
    assert_eq!((again, same), (dst, kind));
});
