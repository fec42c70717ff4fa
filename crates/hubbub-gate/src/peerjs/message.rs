//! What is said over a socket of PeerJS: JSON objects with a `type`. Those between peers have `src`, `dst` and a `payload` that is
//! nobody's business here.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ws::say::present;

/// What one peer says to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A session description that asks.
    Offer,
    /// One that answers.
    Answer,
    /// A way on which its sender may be reached.
    Candidate,
    /// Its sender goes.
    Leave,
    /// What was said did not reach anybody.
    Expire,
}

impl Kind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Offer, Self::Answer, Self::Candidate, Self::Leave, Self::Expire];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offer => "OFFER",
            Self::Answer => "ANSWER",
            Self::Candidate => "CANDIDATE",
            Self::Leave => "LEAVE",
            Self::Expire => "EXPIRE",
        }
    }

    /// Whether it is worth to be kept for somebody who is not there yet.
    #[must_use]
    pub fn waits(self) -> bool {
        !matches!(self, Self::Leave | Self::Expire)
    }
}

/// What a peer says.
#[derive(Debug)]
pub enum Said<'a> {
    /// It is there.
    Heartbeat,
    /// It goes, and gives up its id.
    Leaving,
    /// Something to another peer.
    To {
        /// To whom: perhaps nobody can have this id.
        dst: Cow<'a, str>,
        /// What.
        kind: Kind,
        /// The JSON value, as it was sent.
        payload: Option<&'a RawValue>,
    },
    /// Something that means nothing here. The reference passes over it too.
    Nothing,
}

#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    dst: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    payload: Option<&'a RawValue>,
}

/// Reads what a peer says. Whom it says to be (`src`) does not count.
///
/// # Errors
/// What is wrong with it, for people.
pub fn read(text: &str) -> Result<Said<'_>, String> {
    // A list of members without their names would be read as well.
    if !text.trim_ascii_start().starts_with('{') {
        return Err("it is no JSON object".to_owned());
    }
    let Incoming { kind, dst, payload } = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if kind == "HEARTBEAT" {
        return Ok(Said::Heartbeat);
    }
    let known = Kind::ALL.into_iter().find(|known| known.as_str() == kind);
    Ok(match (known, dst.filter(|dst| !dst.is_empty())) {
        (Some(kind), Some(dst)) => Said::To { dst, kind, payload },
        (Some(Kind::Leave), None) => Said::Leaving,
        _ => Said::Nothing,
    })
}

#[derive(Serialize)]
struct Outgoing<'a> {
    r#type: &'a str,
    src: &'a str,
    dst: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
}

/// What is told to `dst`. Ids may be any text.
#[must_use]
pub fn write(kind: Kind, src: &str, dst: &str, payload: Option<&RawValue>) -> String {
    let message = Outgoing { r#type: kind.as_str(), src, dst, payload };
    serde_json::to_string(&message).expect("texts and JSON can be written as JSON")
}

/// That the peer has its id.
pub(super) const OPEN: &str = r#"{"type":"OPEN"}"#;

/// That another has the peer's id.
pub(super) const ID_TAKEN: &str = r#"{"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}"#;

/// That the peer cannot stay, and why.
pub(super) fn error(why: &str) -> String {
    serde_json::json!({ "type": "ERROR", "payload": { "msg": why } }).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn what_means_something() {
        let shown = |text: &str| format!("{:?}", read(text).unwrap());
        assert_eq!(shown(r#"{"type":"HEARTBEAT"}"#), "Heartbeat");
        assert_eq!(shown(r#"{"type":"LEAVE"}"#), "Leaving");
        assert_eq!(shown(r#"{"type":"LEAVE","dst":""}"#), "Leaving");
        let offer = read(r#"{"src":7,"payload":{"a": [1]},"x":1,"dst":"b","type":"OFFER"}"#).unwrap();
        let Said::To { dst, kind: Kind::Offer, payload: Some(payload) } = offer else {
            panic!("an offer");
        };
        assert_eq!(
            write(Kind::Offer, "a", &dst, Some(payload)),
            r#"{"type":"OFFER","src":"a","dst":"b","payload":{"a": [1]}}"#
        );
        let null = read(r#"{"type":"ANSWER","dst":"b","payload":null}"#).unwrap();
        assert!(matches!(null, Said::To { payload: Some(value), .. } if value.get() == "null"));
        let none = read(r#"{"type":"ANSWER","dst":"b"}"#).unwrap();
        assert!(matches!(none, Said::To { payload: None, .. }));
    }

    #[test]
    fn what_means_nothing() {
        for text in [
            r#"{"type":"OPEN"}"#,
            r#"{"type":"ID-TAKEN","dst":"b"}"#,
            r#"{"type":"ERROR","dst":"b","payload":{"msg":"x"}}"#,
            r#"{"type":"offer","dst":"b"}"#,
            r#"{"type":"OFFER"}"#,
            r#"{"type":"CANDIDATE","dst":null}"#,
            r#"{"type":""}"#,
        ] {
            assert!(matches!(read(text), Ok(Said::Nothing)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        let deep = format!(r#"{{"type":{}"#, "[".repeat(60_000));
        for text in [
            "",
            "null",
            "[]",
            r#"["OFFER","b"]"#,
            r#" ["HEARTBEAT","b",1]"#,
            "7",
            r#""OFFER""#,
            "{}",
            r#"{"type":null}"#,
            r#"{"type":["OFFER"],"dst":"b"}"#,
            r#"{"type":"OFFER","dst":7}"#,
            r#"{"type":"OFFER","dst":["b"]}"#,
            r#"{"type":"OFFER","dst":"\ud800"}"#,
            r#"{"type":"OFFER","type":"LEAVE","dst":"b"}"#,
            r#"{"type":"OFFER","dst":"b","dst":"c"}"#,
            r#"{"type":"OFFER","dst":"b"} {}"#,
            r#"{"type":"OFFER","dst":"b","payload":}"#,
            r#"{"type":"OFFER","dst":"b","payload":{"a":1}"#,
            &deep,
        ] {
            assert!(read(text).is_err(), "{}", text.chars().take(60).collect::<String>());
        }
    }

    #[test]
    fn depth_is_the_receiver_s_affair() {
        let payload = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        let text = format!(r#"{{"type":"OFFER","dst":"b","payload":{payload}}}"#);
        let Ok(Said::To { payload: Some(kept), .. }) = read(&text) else { panic!("an offer") };
        assert_eq!(kept.get(), payload);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}|\\{\"type\":\"(OFFER|LEAVE)\",\"dst\":\\PC{0,20}\\}") {
            let _ = read(&text);
        }

        #[test]
        fn what_is_told_is_what_was_said_by_whoever_said_it(
            src in "[a-z]{1,8}", dst in "\\PC{1,20}", forged in "\\PC{0,9}", text in "\\PC{0,40}", kind in 0..5usize,
        ) {
            let kind = Kind::ALL[kind];
            let payload = json!({ "sdp": text, "n": [1, null] });
            let said = json!({ "type": kind.as_str(), "src": forged, "dst": dst, "payload": payload }).to_string();
            let Ok(Said::To { dst: to, kind: is, payload: Some(raw) }) = read(&said) else {
                return Err(TestCaseError::fail(said));
            };
            prop_assert_eq!(is, kind);
            let told: Value = serde_json::from_str(&write(is, &src, &to, Some(raw))).unwrap();
            let wanted = json!({ "type": kind.as_str(), "src": src, "dst": dst, "payload": payload });
            prop_assert_eq!(told, wanted);
        }

        #[test]
        fn an_error_can_say_anything(why in "\\PC{0,40}") {
            let told: Value = serde_json::from_str(&error(&why)).unwrap();
            prop_assert_eq!(told["payload"]["msg"].as_str(), Some(&*why));
        }
    }
}
