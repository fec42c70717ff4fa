//! What a WebSocket client says: messages, raw or in envelopes.

use std::borrow::Cow;

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use hubbub_hub::{Body, Command, Content, EventName, IdempotencyKey, Wish};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::about::{self, Words};
use crate::problem::Problem;
use crate::publish::spread;
use crate::signals::{Around, SIGNAL};

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
    #[serde(borrow)]
    reply_to: Option<Cow<'a, str>>,
    #[serde(borrow)]
    edit_of: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reactions_to: Option<Cow<'a, str>>,
    #[serde(borrow)]
    retracts: Option<Cow<'a, str>>,
}

/// `null` is data as well; only what is not there is missing.
pub(crate) fn present<'de, D: Deserializer<'de>>(data: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(data).map(Some)
}

/// What is to be done, and the key under which its fate is wanted.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) command: Command,
    pub(super) key: Option<IdempotencyKey>,
}

/// A frame that is a message.
pub(super) fn raw(content: Content) -> Said {
    let body = Body::new(EventName::default(), content);
    Said { command: Command::Publish { body, key: None, about: None }, key: None }
}

/// A frame that is an envelope.
///
/// # Errors
/// A problem, and the key it belongs to if that much could be read.
pub(super) fn envelope(text: &str, around: Around<'_>) -> Result<Said, (Option<String>, Problem)> {
    let frame: Frame<'_> = serde_json::from_str(text).map_err(|error| {
        (None, Problem::bad_request(format!("A frame is {{\"event\",\"data\",\"key\"}}: {error}.")))
    })?;
    let key = frame.key();
    let said = key.and_then(|key| Ok(Said { command: frame.command(key.clone(), around)?, key }));
    said.map_err(|problem| (frame.key.as_deref().map(str::to_owned), problem))
}

impl Frame<'_> {
    fn key(&self) -> Result<Option<IdempotencyKey>, Problem> {
        let key = self.key.as_deref().map(|key| {
            IdempotencyKey::parse(key)
                .ok_or_else(|| Problem::bad_request("key must be 1 to 128 visible ASCII characters."))
        });
        key.transpose()
    }

    fn command(&self, key: Option<IdempotencyKey>, around: Around<'_>) -> Result<Command, Problem> {
        let wish = self.wish()?;
        let event = match self.event.as_deref() {
            None => None,
            Some(SIGNAL) if wish.is_none() => return around.read(self.data.map_or("", RawValue::get)),
            Some(about::TYPING) if wish.is_none() => return self.typing(),
            Some(name) => Some(
                EventName::parse(name).map_err(|error| Problem::bad_request(format!("event: {error}.")))?,
            ),
        };
        Words { event, content: self.content()?, wish, key }.command()
    }

    /// What it says of an earlier message.
    fn wish(&self) -> Result<Option<Wish>, Problem> {
        let words = [
            ("reply_to", &self.reply_to),
            ("edit_of", &self.edit_of),
            ("reactions_to", &self.reactions_to),
            ("retracts", &self.retracts),
        ];
        let mut named = words.iter().filter_map(|(word, name)| about::wish(word, name.as_deref()?));
        match (named.next().transpose()?, named.next()) {
            (_, Some(_)) => Err(Problem::bad_request(format!("Give one of {}.", about::ONE_OF))),
            (wish, None) => Ok(wish),
        }
    }

    fn typing(&self) -> Result<Command, Problem> {
        let typing = self.data.and_then(|data| serde_json::from_str(data.get()).ok());
        typing
            .map(about::pass)
            .ok_or_else(|| Problem::bad_request("hubbub:typing has true or false as data."))
    }

    fn content(&self) -> Result<Option<Content>, Problem> {
        let Some(data) = self.data else { return Ok(None) };
        let content = content(data.get(), self.encoding.as_deref())?;
        if !self.args {
            return Ok(Some(content));
        }
        let args = spread(content).ok_or_else(|| Problem::bad_request("With args, data is an array."));
        args.map(Some)
    }
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
