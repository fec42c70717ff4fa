//! Signals as clients write and read them, the same in every protocol that speaks JSON: `{"to","signal"}` one way, `{"from","name","signal"}`
//! the other (docs/signals.md). What a signal says is its sender's bytes: it is checked to be JSON, and looked into only where not all
//! candidates pass ([`crate::candidates`]).

use std::borrow::Cow;

use bytes::Bytes;
use hubbub_hub::{Command, Hears, Identity, RoomName, SessionKey, SessionName, Signal, SignalTo, Signalled};
use hubbub_hub::{Joined, UserAddress, Whois};
use hubbub_xmpp::jid::Jid;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::candidates::ByRoom;
use crate::envelope::string;
use crate::outbox::{OutboxLimits, WhenFull};
use crate::problem::Problem;
use crate::session::Cx;

/// The event's name.
pub(crate) const SIGNAL: &str = "hubbub:signal";

/// Limits of an outbox that is to take a signal. Nothing keeps signals, so whoever does not read them is too slow, whatever the policy.
pub(crate) fn keeping(limits: OutboxLimits) -> OutboxLimits {
    OutboxLimits { when_full: WhenFull::Close, ..limits }
}

/// What a client writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words<'a> {
    #[serde(borrow)]
    to: Cow<'a, str>,
    #[serde(borrow)]
    signal: &'a RawValue,
}

/// Where addresses are read and written: in a room of this server.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    room: &'a RoomName,
    rooms_host: &'a str,
    most_bytes: usize,
    candidates: &'a ByRoom,
}

impl<'a> Around<'a> {
    /// In `room`.
    pub(crate) fn room(room: &'a RoomName, cx: &'a Cx<'_>) -> Self {
        let settings = cx.settings;
        Self {
            room,
            rooms_host: cx.coder.rooms_host(),
            most_bytes: settings.signal_bytes,
            candidates: &settings.candidates,
        }
    }

    /// Reads `{"to","signal"}`.
    ///
    /// # Errors
    /// It is something else, says an address that is none, or too much.
    pub(crate) fn read(self, data: &str) -> Result<Command, Problem> {
        let Words { to, signal } = serde_json::from_str(data).map_err(|error| {
            Problem::bad_request(format!("A signal is {{\"to\":ADDRESS,\"signal\":…}}: {error}."))
        })?;
        self.command(&to, signal.get())
    }

    /// What is asked of the room: to tell `to` what `signal`, JSON, says.
    ///
    /// # Errors
    /// The address is none, the signal too large, or what is in it cannot be told where not all candidates pass.
    pub(crate) fn command(self, to: &str, signal: &str) -> Result<Command, Problem> {
        if signal.len() > self.most_bytes {
            return Err(Problem::signal_too_large(self.most_bytes));
        }
        let to = self.to(to)?;
        let passes = self.candidates.of(self.room).pass(signal);
        let left = passes.map_err(|why| Problem::bad_request(format!("Signals are refused: {why}.")))?;
        let counts = left.as_deref().map_or(0, longest).max(signal.len());
        let body = left.map(|left| Bytes::copy_from_slice(left.as_bytes()));
        Ok(Command::Signal(Box::new(Signal { to, body, counts })))
    }

    /// Reads whom a signal goes to: one session, all of a user's, or, where people are hidden, all of an occupant's.
    fn to(self, text: &str) -> Result<SignalTo, Problem> {
        let wrong = || {
            Problem::bad_request(
                "to is the address of somebody in the room, as presence shows it, or of one of his sessions.",
            )
        };
        let address = Jid::parse(text).map_err(|_| wrong())?;
        if address.local().is_none() {
            return Err(wrong());
        }
        let here = address.local() == Some(self.room.as_str()) && address.domain() == self.rooms_host;
        match address.resource() {
            Some(name) if here => Ok(SignalTo::Named(name.into())),
            Some(resource) => {
                Ok(SignalTo::Session(UserAddress::from_prepared(address.bare_str()), resource.into()))
            }
            None => Ok(SignalTo::User(UserAddress::from_prepared(address.bare_str()))),
        }
    }

    /// Writes `{"from","name","signal"}`, without the last brace.
    fn open(self, signalled: &Signalled, out: &mut Vec<u8>) {
        let Signalled { from, resource, body } = signalled;
        out.extend_from_slice(b"{\"from\":");
        string(out, &self.address(&from.user, &from.name, resource.as_deref()));
        out.extend_from_slice(b",\"name\":");
        string(out, &from.name);
        out.extend_from_slice(b",\"signal\":");
        out.extend_from_slice(body);
    }

    /// The data of `hubbub:signal`.
    pub(crate) fn written(self, signalled: &Signalled) -> String {
        let mut out = Vec::with_capacity(signalled.body.len() + 128);
        self.open(signalled, &mut out);
        out.push(b'}');
        String::from_utf8(out).expect("the parts are checked where they come in, and the rest is ASCII")
    }

    fn address(self, user: &UserAddress, name: &str, resource: Option<&str>) -> String {
        match resource {
            Some(resource) => format!("{user}/{resource}"),
            None => format!("{}@{}/{name}", self.room.as_str(), self.rooms_host),
        }
    }

    /// The address by which signals reach this very session, once it is in the room: `session` in the data of `hubbub:joined`.
    pub(crate) fn own(
        self,
        joined: &Joined,
        who: &Identity,
        hears: &Hears,
        key: SessionKey,
    ) -> Option<String> {
        let resource = match hears {
            Hears::Nothing => return None,
            Hears::ByKey => SessionName::from(key).as_str().to_owned(),
            Hears::ByName(name) => name.to_string(),
        };
        // A session that is there as somebody else is not reached as this one.
        if joined.me.as_ref().is_some_and(|me| me.user != who.user) {
            return None;
        }
        let hidden = joined.whois != Whois::Anyone;
        let name = joined.me.as_ref().map_or(&who.name, |me| &me.name);
        Some(self.address(&who.user, name, Some(resource.as_str()).filter(|_| !hidden)))
    }
}

/// How long JSON becomes at most where it is written: every line of it begins anew in an event stream (HTML Living Standard §9.2.6), and XML
/// has names for some characters (XML 1.0 §4.6).
fn longest(json: &str) -> usize {
    let added = |byte: u8| match byte {
        b'\n' | b'\r' => 6,
        b'&' | b'<' | b'>' => 4,
        _ => 0,
    };
    json.len() + json.bytes().map(added).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_hub::Sender;

    fn lobby(read: impl FnOnce(Around<'_>)) {
        let room = RoomName::parse("lobby").unwrap();
        let candidates = ByRoom::default();
        read(Around { room: &room, rooms_host: "rooms.localhost", most_bytes: 16, candidates: &candidates });
    }

    fn user(address: &str) -> UserAddress {
        UserAddress::from_prepared(address)
    }

    #[test]
    fn whom_it_goes_to() {
        lobby(|around| {
            let bo = || user("bo@guest.localhost");
            assert_eq!(around.to("bo@guest.localhost").unwrap(), SignalTo::User(bo()));
            let one = SignalTo::Session(bo(), "s0.1.2".into());
            assert_eq!(around.to("Bo@guest.localhost/s0.1.2").unwrap(), one);
            assert_eq!(around.to("lobby@rooms.localhost/Bo").unwrap(), SignalTo::Named("Bo".into()));
            // Another room's occupant is nobody here.
            let other = SignalTo::Session(user("hall@rooms.localhost"), "Bo".into());
            assert_eq!(around.to("hall@rooms.localhost/Bo").unwrap(), other);
            for wrong in ["", "@", "localhost", "localhost/x", "a@", "a b@c", &"x".repeat(5000)] {
                assert!(around.to(wrong).is_err(), "{wrong}");
            }
        });
    }

    #[test]
    fn what_is_said_is_handed_on_as_it_is() {
        lobby(|around| {
            let Command::Signal(signal) = around.read(r#"{"to":"bo@a.org","signal":{ "a" : 1.0 }}"#).unwrap()
            else {
                panic!("a signal")
            };
            let body = signal.body.unwrap();
            assert_eq!(body, r#"{ "a" : 1.0 }"#);
            let from = Sender { user: user("ann@a.org"), name: "A \"nn".into() };
            let mut heard = Signalled { from, resource: Some("s0.1.2".into()), body };
            let written = r#"{"from":"ann@a.org/s0.1.2","name":"A \"nn","signal":{ "a" : 1.0 }}"#;
            assert_eq!(around.written(&heard), written);
            heard.resource = None;
            assert!(around.written(&heard).starts_with(r#"{"from":"lobby@rooms.localhost/A \"nn""#));
        });
    }

    #[test]
    fn what_is_none_is_refused() {
        lobby(|around| {
            for wrong in [
                "",
                "1",
                "{}",
                r#"{"to":"bo@a.org"}"#,
                r#"{"signal":1}"#,
                r#"{"to":1,"signal":1}"#,
                r#"{"to":"bo@a.org","signal":1,"from":"x@y"}"#,
            ] {
                assert_eq!(around.read(wrong).unwrap_err().status, 400, "{wrong}");
            }
            let large = format!(r#"{{"to":"bo@a.org","signal":"{}"}}"#, "x".repeat(15));
            assert_eq!(around.read(&large).unwrap_err().status, 413);
        });
    }
}
