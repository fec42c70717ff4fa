//! Binary parts of an argument list, written in JSON: `{"base64":"…"}` stands for the bytes, as [`crate::envelope::args`] shows them.

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use hubbub_hub::{Args, Content, Part};
use serde::Deserialize;

/// Reads `json`, a JSON array that was checked, as an argument list. Objects that only look like binary parts stay what they
/// are. Nothing if it is no array.
#[must_use]
pub fn from_json(json: &str) -> Option<Content> {
    let json = json.trim();
    if !json.starts_with('[') {
        return None;
    }
    let parts = places(json);
    Args::new(Bytes::copy_from_slice(json.as_bytes()), parts).map(Content::Args)
}

fn places(json: &str) -> Vec<Part> {
    let bytes = json.as_bytes();
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(step) = json.get(at..).and_then(|rest| rest.find(['"', '{'])) {
        at += step;
        if bytes[at] == b'"' {
            at += string_len(&bytes[at..]);
            continue;
        }
        match part_at(json, at) {
            Some(part) => {
                at = part.at.end as usize;
                parts.push(part);
            }
            None => at += 1,
        }
    }
    parts
}

/// How long the string is at the start of `text`, with its quotes (RFC 8259 §7).
fn string_len(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    text.len()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    base64: String,
}

/// The part that the object at `at` stands for, if it does. An object that holds others is none; so the first closing brace
/// outside of strings ends it.
fn part_at(json: &str, at: usize) -> Option<Part> {
    let bytes = json.as_bytes();
    let mut end = at + 1;
    loop {
        match bytes.get(end)? {
            b'"' => end += string_len(&bytes[end..]),
            b'{' | b'[' => return None,
            b'}' => break,
            _ => end += 1,
        }
    }
    end += 1;
    let text = json.get(at..end)?;
    // Most objects have other members first, or as well.
    if !text[1..].trim_start().starts_with("\"base64\"") {
        return None;
    }
    let written: Written = serde_json::from_str(text).ok()?;
    let bytes = BASE64_STANDARD.decode(written.base64).ok()?.into();
    Some(Part { at: u32::try_from(at).ok()?..u32::try_from(end).ok()?, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope;
    use proptest::prelude::*;

    fn parts(json: &str) -> Vec<Vec<u8>> {
        match from_json(json) {
            Some(Content::Args(args)) => args.parts().iter().map(|part| part.bytes.to_vec()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn binary_parts_are_found_where_they_are() {
        assert_eq!(parts(r#"[{"base64":"aGk="}, 1, {"a":[{ "base64" : "" }]}]"#), [b"hi".to_vec(), vec![]]);
        assert_eq!(
            parts(r#"["{\"base64\":\"aGk=\"}", {"base64":"?"}, {"base64":"aGk=","x":1}]"#),
            Vec::<Vec<u8>>::new()
        );
        assert_eq!(parts(r#"[{"base64":{"base64":"aGk="}}]"#), [b"hi".to_vec()]);
        assert!(from_json("{}").is_none());
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again(json in "(\\[|\\]|\\{|\\}|\"|\\\\|:|,|base64|aGk=|é| ){0,24}") {
            let json = format!("[{json}]");
            let checked = serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok();
            let Some(Content::Args(args)) = from_json(&json) else { return Ok(()) };
            if checked {
                let mut shown = Vec::new();
                envelope::args(&mut shown, &args);
                let again = from_json(std::str::from_utf8(&shown).unwrap());
                let Some(Content::Args(again)) = again else { panic!("{shown:?}") };
                let bytes = |args: &Args| args.parts().iter().map(|part| part.bytes.clone()).collect::<Vec<_>>();
                prop_assert_eq!(bytes(&again), bytes(&args));
            }
        }
    }
}
