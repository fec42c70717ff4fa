//! Any JSON, searched for candidates that are not relayed: nothing panics, what passes is JSON in which none is left, and nothing
//! more is taken from it the second time.
#![no_main]

use std::borrow::Cow;

use hubbub_gate::candidates::{Candidates, Unclear};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = str::from_utf8(input) else { return };
    let is_json = serde_json::from_str::<&RawValue>(text).is_ok();
    match Candidates::Relayed.pass(text) {
        Ok(Some(left)) => {
            assert!(is_json);
            if let Ok(value) = serde_json::from_str::<Value>(&left) {
                nothing_tells(&value);
            }
            assert!(serde_json::from_str::<&RawValue>(&left).is_ok(), "{left}");
            // Of a text that only began like SDP what is left may be no SDP, and then it is refused.
            let again = Candidates::Relayed.pass(&left);
            assert!(again == Ok(Some(Cow::Borrowed(&*left))) || again == Err(Unclear::Place), "{left}");
        }
        Ok(None) => assert!(is_json),
        // Of lists in lists there may be too many.
        Err(Unclear::Json) => assert!(!is_json || text.matches(['[', '{']).count() > 64),
        Err(Unclear::Place) => assert!(is_json),
    }
});

/// Whatever texts there are in it.
fn nothing_tells(value: &Value) {
    match value {
        Value::String(text) => {
            let words: Vec<_> = text.split(|c: char| !c.is_ascii_alphanumeric()).collect();
            let tells = |pair: &[&str]| pair[0] == "typ" && ["host", "srflx", "prflx"].contains(&pair[1]);
            assert!(!words.windows(2).any(tells), "{text}");
        }
        Value::Array(values) => values.iter().for_each(nothing_tells),
        Value::Object(members) => members.values().for_each(nothing_tells),
        _ => {}
    }
}
