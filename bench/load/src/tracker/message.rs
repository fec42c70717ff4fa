//! Messages of the tracker's protocol: JSON objects, one in each WebSocket text frame.

use std::borrow::Cow;

use serde::Deserialize;

use crate::failure::{Failure, Result};

/// What a tracker says to a peer.
#[derive(Debug)]
pub(crate) enum Heard<'a> {
    /// The answer to an announce.
    Response {
        /// The swarm.
        info_hash: Cow<'a, str>,
        /// How many in it have everything.
        complete: u64,
        /// How many have not.
        incomplete: u64,
    },
    /// Somebody's offer or answer.
    Description {
        /// `offer` or `answer`: which of the two fields it was in.
        kind: &'static str,
        /// The swarm.
        info_hash: Cow<'a, str>,
        /// Who sends it.
        peer_id: Cow<'a, str>,
        /// Of which offer, or to which.
        offer_id: Cow<'a, str>,
        /// What it says.
        sdp: Cow<'a, str>,
    },
}

/// All fields that any message has.
#[derive(Deserialize)]
struct Fields<'a> {
    action: Option<String>,
    #[serde(borrow)]
    info_hash: Option<Text<'a>>,
    peer_id: Option<Text<'a>>,
    offer_id: Option<Text<'a>>,
    offer: Option<Described<'a>>,
    answer: Option<Described<'a>>,
    complete: Option<u64>,
    incomplete: Option<u64>,
    interval: Option<u64>,
}

/// A string that is not copied if it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Described<'a> {
    r#type: String,
    #[serde(borrow)]
    sdp: Cow<'a, str>,
}

/// Reads a message.
///
/// # Errors
/// Whatever is neither the answer to an announce nor an offer or an answer.
pub(crate) fn read(payload: &[u8]) -> Result<Heard<'_>> {
    let fields = serde_json::from_slice(payload).map_err(|error| wrong(&error.to_string(), payload))?;
    heard(fields).ok_or_else(|| wrong("no message of a tracker", payload))
}

fn heard(fields: Fields<'_>) -> Option<Heard<'_>> {
    let Fields { action, info_hash, peer_id, offer_id, offer, answer, complete, incomplete, interval } =
        fields;
    let info_hash = info_hash.filter(|_| action.as_deref() == Some("announce"))?.0;
    let (kind, described) = match (offer, answer) {
        (Some(offer), None) => ("offer", offer),
        (None, Some(answer)) => ("answer", answer),
        (None, None) => {
            interval.filter(|&seconds| seconds > 0)?;
            return Some(Heard::Response { info_hash, complete: complete?, incomplete: incomplete? });
        }
        (Some(_), Some(_)) => return None,
    };
    (described.r#type == kind).then_some(())?;
    Some(Heard::Description {
        kind,
        info_hash,
        peer_id: peer_id?.0,
        offer_id: offer_id?.0,
        sdp: described.sdp,
    })
}

fn wrong(what: &str, payload: &[u8]) -> Failure {
    Failure::Protocol(format!("{what}: {}", String::from_utf8_lossy(payload)))
}

/// Appends a JSON string.
pub(crate) fn string(text: &str, json: &mut Vec<u8>) {
    serde_json::to_writer(json, text).expect("a string is always JSON, and a Vec takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_trackers_say() {
        let response = br#"{"complete":1,"incomplete":2,"action":"announce","interval":120,"info_hash":"h"}"#;
        let Heard::Response { info_hash, complete, incomplete } = read(response).unwrap() else {
            panic!("not a response");
        };
        assert_eq!((&*info_hash, complete, incomplete), ("h", 1, 2));

        let offer = br#"{"action":"announce","offer":{"type":"offer","sdp":"v\r\n"},"offer_id":"\u0000o","peer_id":"p","info_hash":"h"}"#;
        let Heard::Description { kind, peer_id, offer_id, sdp, .. } = read(offer).unwrap() else {
            panic!("not an offer");
        };
        assert_eq!((kind, &*peer_id, &*offer_id, &*sdp), ("offer", "p", "\0o", "v\r\n"));
    }

    #[test]
    fn refuses_the_rest_and_shows_it() {
        for wrong in [
            r#"{"failure reason":"full"}"#,
            r#"{"action":"scrape","files":{}}"#,
            r#"{"action":"announce","info_hash":"h","complete":1,"incomplete":2}"#,
            r#"{"action":"announce","info_hash":"h","complete":1,"incomplete":2,"interval":0}"#,
            r#"{"action":"announce","info_hash":"h","peer_id":"p","offer_id":"o","answer":{"type":"offer","sdp":"v"}}"#,
            "[]",
        ] {
            let complaint = read(wrong.as_bytes()).unwrap_err().to_string();
            assert!(complaint.contains(wrong), "{complaint}");
        }
    }

    #[test]
    fn writes_ids_as_json() {
        let mut json = Vec::new();
        string("\0\"ÿ", &mut json);
        assert_eq!(String::from_utf8(json).unwrap(), r#""\u0000\"ÿ""#);
    }
}
