//! What an application wants done, in JSON: the same in the answer to a webhook and in `POST /api/actions` (docs/webhooks.md).

use std::borrow::Cow;

use bytes::Bytes;
use hubbub_hub::{About, Action, Body, Content, EventName, RoomName, SessionName, Target, UserAddress};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::about;
use crate::attachments;
use crate::publish::spread;
use crate::ws::say;

/// Most actions in one answer or request.
pub const ACTIONS_MAX: usize = 1000;

/// Most sessions that one emit leaves out.
const EXCEPT_MAX: usize = 1000;

/// Longest wait for acknowledgements, in seconds.
const ACK_SECONDS_MAX: f64 = 60.0;

/// Longest reason for a disconnection, in bytes: as much as the close frame of a WebSocket carries (RFC 6455 §5.5).
const REASON_MAX: usize = 123;

/// The session by which an application was asked, in its answer.
const SENDER: &str = "sender";

/// An action as it is written. Which members belong together is checked afterwards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    room: Option<Cow<'a, str>>,
    #[serde(borrow)]
    session: Option<Cow<'a, str>>,
    #[serde(borrow)]
    user: Option<Cow<'a, str>>,
    all: Option<bool>,
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "say::present")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    encoding: Option<Cow<'a, str>>,
    args: Option<bool>,
    #[serde(borrow)]
    except: Option<Vec<Cow<'a, str>>>,
    volatile: Option<bool>,
    ack: Option<f64>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
}

/// A message as it is written: the members of an envelope that its sender chooses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message<'a> {
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "say::present")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    encoding: Option<Cow<'a, str>>,
    #[serde(default)]
    args: bool,
}

impl Message<'_> {
    /// What it says; its event is called `event` if it does not say so itself.
    ///
    /// # Errors
    /// In a sentence: what is missing or wrong.
    pub fn body(&self, event: &EventName) -> Result<Body, String> {
        let event = match self.event.as_deref() {
            Some(name) => EventName::parse(name).map_err(|error| format!("event: {error}"))?,
            None => event.clone(),
        };
        let data = self.data.map(RawValue::get).ok_or("a message has data")?;
        let encoding = self.encoding.as_deref();
        if self.args {
            return Ok(Body::new(event, args(data, encoding)?));
        }
        let content = say::content(data, encoding).map_err(|problem| problem.detail)?;
        Ok(Body::new(event, content))
    }
}

/// What an application wants said in the place of something that was said `about` another message, as an event called `event`.
///
/// # Errors
/// In a sentence: reactions that are none, or something in the place of a retraction, which says nothing else.
pub fn in_place(body: Body, event: &EventName, about: Option<&About>) -> Result<Body, String> {
    match about {
        Some(About::Reactions(_)) if body.event != *event => Err("reactions keep their name".to_owned()),
        Some(About::Reactions(_)) => match about::checked(&body.content) {
            Some(content) => Ok(Body::new(body.event, content)),
            None => Err(about::NO_REACTIONS.to_owned()),
        },
        Some(About::Retraction(_)) => Err("a retraction says nothing else".to_owned()),
        _ => Ok(body),
    }
}

fn args(data: &str, encoding: Option<&str>) -> Result<Content, String> {
    if encoding.is_some() {
        return Err("with args there is no encoding; write {\"base64\":\"…\"} among the data".to_owned());
    }
    attachments::from_json(data)
        .or_else(|| spread(Content::Json(Bytes::copy_from_slice(data.as_bytes()))))
        .ok_or_else(|| "with args, data is an array".to_owned())
}

/// Reads one action. `sender` is who the application was asked about, if it was asked.
///
/// # Errors
/// In a sentence: what is missing, wrong or too much.
pub fn parse(json: &str, sender: Option<&SessionName>) -> Result<Action, String> {
    let written: Written<'_> =
        serde_json::from_str(json).map_err(|error| format!("this is no action: {error}"))?;
    match &*written.action {
        "emit" => written.emit(sender),
        "join" => written
            .only(&["session", "room"])
            .and_then(|()| Ok(Action::Join { session: written.session(sender)?, room: written.room()? })),
        "leave" => written
            .only(&["session", "room"])
            .and_then(|()| Ok(Action::Leave { session: written.session(sender)?, room: written.room()? })),
        "disconnect" => written.disconnect(sender),
        other => Err(format!("there is no action {other:?}; there are emit, join, leave and disconnect")),
    }
}

impl Written<'_> {
    fn emit(self, sender: Option<&SessionName>) -> Result<Action, String> {
        self.only(&[
            "room", "session", "user", "all", "event", "data", "encoding", "args", "except", "volatile",
            "ack",
        ])?;
        let to = self.target(sender)?;
        let except = self.except(sender)?;
        let ack_ms = self.ack.map(milliseconds).transpose()?;
        let volatile = self.volatile.unwrap_or(false);
        let Self { event, data, encoding, args, .. } = self;
        let message = Message { event, data, encoding, args: args.unwrap_or(false) };
        Ok(Action::Emit { to, except, body: message.body(&EventName::default())?, volatile, ack_ms })
    }

    fn disconnect(&self, sender: Option<&SessionName>) -> Result<Action, String> {
        self.only(&["session", "user", "all", "room", "reason"])?;
        let reason = self.reason.as_deref().unwrap_or("disconnected by the application");
        if reason.len() > REASON_MAX || reason.chars().any(char::is_control) {
            return Err(format!("a reason has at most {REASON_MAX} bytes and no control characters"));
        }
        Ok(Action::Disconnect { to: self.target(sender)?, reason: reason.into() })
    }

    /// Whether nothing else is there than `members`.
    fn only(&self, members: &[&str]) -> Result<(), String> {
        let there = [
            ("room", self.room.is_some()),
            ("session", self.session.is_some()),
            ("user", self.user.is_some()),
            ("all", self.all.is_some()),
            ("event", self.event.is_some()),
            ("data", self.data.is_some()),
            ("encoding", self.encoding.is_some()),
            ("args", self.args.is_some()),
            ("except", self.except.is_some()),
            ("volatile", self.volatile.is_some()),
            ("ack", self.ack.is_some()),
            ("reason", self.reason.is_some()),
        ];
        match there.iter().find(|(name, there)| *there && !members.contains(name)) {
            Some((name, _)) => Err(format!("{} has no {name}", self.action)),
            None => Ok(()),
        }
    }

    fn target(&self, sender: Option<&SessionName>) -> Result<Target, String> {
        let said = [self.room.is_some(), self.session.is_some(), self.user.is_some(), self.all == Some(true)];
        if said.iter().filter(|said| **said).count() != 1 || self.all == Some(false) {
            return Err(format!("{} is for one of room, session, user, or \"all\":true", self.action));
        }
        if let Some(user) = &self.user {
            return user_address(user).map(Target::User);
        }
        match (&self.room, &self.session) {
            (Some(_), _) => self.room().map(Target::Room),
            (_, Some(_)) => self.session(sender).map(Target::Session),
            _ => Ok(Target::All),
        }
    }

    fn room(&self) -> Result<RoomName, String> {
        let name = self.room.as_deref().ok_or_else(|| format!("{} needs a room", self.action))?;
        RoomName::parse(name).map_err(|error| format!("room: {error}"))
    }

    fn session(&self, sender: Option<&SessionName>) -> Result<SessionName, String> {
        let name = self.session.as_deref().ok_or_else(|| format!("{} needs a session", self.action))?;
        session_name(name, sender)
    }

    fn except(&self, sender: Option<&SessionName>) -> Result<Vec<SessionName>, String> {
        let names = self.except.as_deref().unwrap_or_default();
        if names.len() > EXCEPT_MAX {
            return Err(format!("except lists at most {EXCEPT_MAX} sessions"));
        }
        names.iter().map(|name| session_name(name, sender)).collect()
    }
}

fn session_name(name: &str, sender: Option<&SessionName>) -> Result<SessionName, String> {
    match (name, sender) {
        (SENDER, Some(sender)) => Ok(sender.clone()),
        (SENDER, None) => Err("nobody is the sender here; name a session".to_owned()),
        _ => SessionName::parse(name).ok_or_else(|| format!("{name:?} cannot be a session's name")),
    }
}

/// A bare address as it is shown: `ann@guest.example.org`.
fn user_address(text: &str) -> Result<UserAddress, String> {
    let (local, host) = text.rsplit_once('@').filter(|(_, host)| !host.is_empty()).ok_or_else(|| {
        format!("{text:?} is no user's address; write one such as \"ann@guest.example.org\"")
    })?;
    UserAddress::new(local, &host.to_ascii_lowercase()).map_err(|error| format!("user: {error}"))
}

fn milliseconds(seconds: f64) -> Result<u64, String> {
    if !(0.0..=ACK_SECONDS_MAX).contains(&seconds) {
        return Err(format!("ack is a number of seconds from 0 to {ACK_SECONDS_MAX}"));
    }
    Ok((seconds * 1000.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> SessionName {
        SessionName::parse("s0.1.2").unwrap()
    }

    fn refused(json: &str) -> String {
        parse(json, Some(&ann())).unwrap_err()
    }

    #[test]
    fn whom_an_emit_is_for() {
        let to = |member: &str| {
            let json = format!(r#"{{"action":"emit",{member},"data":1}}"#);
            match parse(&json, Some(&ann())) {
                Ok(Action::Emit { to, .. }) => Ok(to),
                Ok(other) => panic!("{other:?}"),
                Err(why) => Err(why),
            }
        };
        assert_eq!(to(r#""room":"Lobby""#), Ok(Target::Room(RoomName::parse("lobby").unwrap())));
        assert_eq!(to(r#""session":"sender""#), Ok(Target::Session(ann())));
        assert_eq!(to(r#""all":true"#), Ok(Target::All));
        let ann = UserAddress::new("ann", "guest.localhost").unwrap();
        assert_eq!(to(r#""user":"Ann@Guest.localhost""#), Ok(Target::User(ann)));
        for wrong in [
            r#""room":"a","all":true"#,
            r#""all":false"#,
            r#""volatile":true"#,
            r#""user":"ann""#,
            r#""room":"a@b""#,
            r#""session":"a b""#,
        ] {
            assert!(to(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_whole_emit() {
        let json = r#"{"action":"emit","room":"lobby","event":"move","data":[1,"a"],"args":true,"except":["sender","x"],"volatile":true,"ack":1.5}"#;
        let Ok(Action::Emit { except, body, volatile, ack_ms, .. }) = parse(json, Some(&ann())) else {
            panic!("it is an emit")
        };
        assert_eq!(except, [ann(), SessionName::parse("x").unwrap()]);
        assert_eq!((body.event.as_str(), volatile, ack_ms), ("move", true, Some(1500)));
        assert!(matches!(body.content, Content::Args(args) if &args.json()[..] == br#"[1,"a"]"#));
    }

    #[test]
    fn what_is_no_action() {
        for (json, says) in [
            ("7", "no action"),
            ("{}", "missing field `action`"),
            (r#"{"action":"sing"}"#, "there is no action \"sing\""),
            (r#"{"action":"emit","room":"a"}"#, "a message has data"),
            (r#"{"action":"emit","room":"a","data":1,"to":"b"}"#, "unknown field"),
            (r#"{"action":"emit","room":"a","data":1,"event":"hubbub:x"}"#, "hubbub:"),
            (r#"{"action":"emit","room":"a","data":1,"ack":61}"#, "from 0 to 60"),
            (r#"{"action":"emit","room":"a","data":1,"args":true}"#, "an array"),
            (r#"{"action":"emit","room":"a","data":"?","encoding":"base64"}"#, "base64"),
            (r#"{"action":"join","room":"a"}"#, "needs a session"),
            (r#"{"action":"join","session":"sender"}"#, "needs a room"),
            (r#"{"action":"leave","session":"sender","room":"a","data":1}"#, "has no data"),
            (r#"{"action":"disconnect"}"#, "one of room, session, user"),
            (r#"{"action":"disconnect","all":true,"reason":"a\nb"}"#, "control"),
        ] {
            let why = refused(json);
            assert!(why.contains(says), "{json}: {why}");
        }
        assert!(parse(r#"{"action":"disconnect","session":"sender"}"#, None).unwrap_err().contains("nobody"));
    }
}
