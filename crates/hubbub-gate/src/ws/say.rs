//! What a WebSocket client says: messages, raw or in envelopes.

use std::borrow::Cow;

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use hubbub_hub::{Body, Content, EventName, IdempotencyKey};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::problem::Problem;
use crate::publish::spread;

/// A frame of `hubbub.json` from a client.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame<'a> {
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    encoding: Option<Cow<'a, str>>,
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
    #[serde(default)]
    args: bool,
}

/// `null` is data as well; only what is not there is missing.
pub(crate) fn present<'de, D: Deserializer<'de>>(data: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(data).map(Some)
}

/// A message to publish, and the key under which its fate is wanted.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) body: Body,
    pub(super) key: Option<IdempotencyKey>,
}

/// A frame that is a message.
pub(super) fn raw(content: Content) -> Said {
    Said { body: Body::new(EventName::default(), content), key: None }
}

/// A frame that is an envelope.
///
/// # Errors
/// A problem, and the key it belongs to if that much could be read.
pub(super) fn envelope(text: &str) -> Result<Said, (Option<String>, Problem)> {
    let frame: Frame<'_> = serde_json::from_str(text).map_err(|error| {
        (None, Problem::bad_request(format!("A frame is {{\"event\",\"data\",\"key\"}}: {error}.")))
    })?;
    let blame = |problem| (frame.key.as_deref().map(str::to_owned), problem);
    let key =
        match frame.key.as_deref() {
            None => None,
            Some(key) => Some(IdempotencyKey::parse(key).ok_or_else(|| {
                blame(Problem::bad_request("key must be 1 to 128 visible ASCII characters."))
            })?),
        };
    let event = match frame.event.as_deref() {
        None => EventName::default(),
        Some(name) => {
            EventName::parse(name).map_err(|error| blame(Problem::bad_request(format!("event: {error}."))))?
        }
    };
    let data = frame.data.ok_or_else(|| blame(Problem::bad_request("A message has data.")))?.get();
    let mut content = content(data, frame.encoding.as_deref()).map_err(blame)?;
    if frame.args {
        content =
            spread(content).ok_or_else(|| blame(Problem::bad_request("With args, data is an array.")))?;
    }
    Ok(Said { body: Body::new(event, content), key })
}

/// A string is text, anything else is JSON; base64 is binary where it is marked so.
pub(crate) fn content(data: &str, encoding: Option<&str>) -> Result<Content, Problem> {
    if !data.starts_with('"') && encoding.is_none() {
        return Ok(Content::Json(Bytes::copy_from_slice(data.as_bytes())));
    }
    let text: Cow<'_, str> = serde_json::from_str(data)
        .map_err(|_| Problem::bad_request("data with an encoding must be a string."))?;
    match encoding {
        None => Ok(Content::Text(Bytes::copy_from_slice(text.as_bytes()))),
        Some("base64") => BASE64_STANDARD
            .decode(text.as_bytes())
            .map(|bytes| Content::Binary(bytes.into()))
            .map_err(|_| Problem::bad_request("data is not base64.")),
        Some(_) => Err(Problem::bad_request("encoding must be base64, or absent.")),
    }
}
