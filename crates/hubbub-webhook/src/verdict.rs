//! What an application's answer means (docs/webhooks.md). What cannot be understood is no answer at all: an application must not
//! believe that something was refused which was let pass because of a spelling mistake.

use std::sync::Arc;

use bytes::Bytes;
use hubbub_gate::actions::{self, ACTIONS_MAX, Message};
use hubbub_hub::{Action, Body, HookAsk, HookKind, Refused, Verdict};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Longest message of a refusal, in bytes.
const MESSAGE_MAX: usize = 1000;

/// An answer as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    refuse: Option<&'a RawValue>,
    #[serde(borrow)]
    rewrite: Option<Message<'a>>,
    #[serde(borrow)]
    answer: Option<&'a RawValue>,
    publish: Option<bool>,
    #[serde(borrow)]
    actions: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse<'a> {
    message: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Reads the answer `body` to `ask`. An empty one says yes.
///
/// # Errors
/// In a sentence: what is wrong with it.
pub fn parse(body: &[u8], ask: &HookAsk) -> Result<Verdict, String> {
    if body.trim_ascii().is_empty() {
        return Ok(Verdict::default());
    }
    let text = std::str::from_utf8(body).map_err(|_| "the answer is not UTF-8")?;
    let written: Written<'_> =
        serde_json::from_str(text).map_err(|error| format!("the answer cannot be read: {error}"))?;
    let about_event = written.rewrite.is_some() || written.answer.is_some() || written.publish.is_some();
    if ask.kind != HookKind::Event && about_event {
        return Err("rewrite, answer and publish answer an event only".to_owned());
    }
    Ok(Verdict {
        refuse: written.refuse.map(refused).transpose()?.map(Arc::new),
        rewrite: written.rewrite.map(|message| rewritten(&message, ask)).transpose()?,
        answer: written.answer.map(array).transpose()?,
        publish: written.publish.unwrap_or(true),
        actions: wanted(&written.actions.unwrap_or_default(), ask)?,
    })
}

/// `"no"`, or `{"message":"no","data":…}`.
fn refused(raw: &RawValue) -> Result<Refused, String> {
    let json = raw.get();
    let Refuse { message, data } = if json.starts_with('"') {
        let message = serde_json::from_str(json).map_err(|error| format!("refuse: {error}"))?;
        Refuse { message, data: None }
    } else {
        serde_json::from_str(json)
            .map_err(|error| format!("refuse is a message, or {{\"message\",\"data\"}}: {error}"))?
    };
    if message.is_empty() || message.len() > MESSAGE_MAX || message.chars().any(char::is_control) {
        return Err(format!("refuse: a message has 1 to {MESSAGE_MAX} bytes and no control characters"));
    }
    Ok(Refused { message, data: data.map(bytes) })
}

/// What is said instead. It says it of the same message, if of one; so reactions stay reactions.
fn rewritten(message: &Message<'_>, ask: &HookAsk) -> Result<Body, String> {
    let was = ask.body.as_ref();
    let event = was.map(|body| body.event.clone()).unwrap_or_default();
    let about = was.and_then(|body| body.about.as_ref());
    message
        .body(&event)
        .and_then(|body| actions::in_place(body, &event, about))
        .map_err(|why| format!("rewrite: {why}"))
}

fn array(raw: &RawValue) -> Result<Bytes, String> {
    if raw.get().starts_with('[') {
        Ok(bytes(raw))
    } else {
        Err("answer is an array: the arguments of the acknowledgement".to_owned())
    }
}

fn wanted(written: &[&RawValue], ask: &HookAsk) -> Result<Vec<Action>, String> {
    if written.len() > ACTIONS_MAX {
        return Err(format!("an answer has at most {ACTIONS_MAX} actions"));
    }
    let sender = ask.session_name();
    let parse = |(index, raw): (usize, &&RawValue)| {
        actions::parse(raw.get(), Some(&sender)).map_err(|why| format!("actions[{index}]: {why}"))
    };
    written.iter().enumerate().map(parse).collect()
}

fn bytes(raw: &RawValue) -> Bytes {
    Bytes::copy_from_slice(raw.get().as_bytes())
}

#[cfg(test)]
mod tests;
