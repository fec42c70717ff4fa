//! From text to packets (SIO5 "Packet encoding").

use super::packet::Packet;
use super::{Event, Fault, Kind, Limits, Protocol, json};
use std::borrow::Cow;

/// Names of events that mean something to the libraries themselves.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

impl<'a> Packet<'a> {
    /// Reads `<type>[<attachments>-][<namespace>,][<id>][<payload>]`.
    ///
    /// The attachments themselves follow in packets of their own: see [`Assembler`](super::Assembler).
    ///
    /// # Errors
    ///
    /// Whatever is wrong with it.
    pub fn decode(protocol: Protocol, text: &'a str, limits: &Limits) -> Result<Self, Fault> {
        let digit = *text.as_bytes().first().ok_or(Fault::Kind)?;
        let kind = Kind::from_number(digit.wrapping_sub(b'0')).ok_or(Fault::Kind)?;
        let (attachments, rest) = attachments(kind, &text[1..], limits)?;
        let (namespace, rest) = namespace(rest);
        let (namespace, query) = match (protocol, namespace.split_once('?')) {
            (Protocol::V4, Some((namespace, query))) => (namespace, Some(query)),
            _ => (namespace, None),
        };
        let (id, rest) = id(rest)?;
        let payload = if rest.is_empty() { None } else { Some(json::check(rest, limits.depth)?) };
        Self { kind, attachments, namespace, query, id, payload, event: None }.checked(protocol, limits)
    }

    /// The packet, if its parts fit together. The payload must be JSON already.
    pub(super) fn checked(mut self, protocol: Protocol, limits: &Limits) -> Result<Self, Fault> {
        if !self.namespace.starts_with('/') || self.namespace.contains(char::is_control) {
            return Err(Fault::Namespace);
        }
        check_id(self.kind, self.id)?;
        check_payload(protocol, self.kind, self.payload)?;
        match self.payload {
            Some(payload) if self.kind.is_event() => self.event = Some(event(payload, limits)?),
            Some(payload) if self.kind.is_ack() => drop(json::elements(payload, limits.args)?),
            _ => {}
        }
        Ok(self)
    }
}

fn attachments<'a>(kind: Kind, text: &'a str, limits: &Limits) -> Result<(u32, &'a str), Fault> {
    if !kind.is_binary() {
        return Ok((0, text));
    }
    let (number, rest) = split_digits(text);
    let rest = rest.strip_prefix('-').ok_or(Fault::Attachments)?;
    let number = number.parse().map_err(|_| Fault::Attachments)?;
    if number > limits.attachments {
        return Err(Fault::TooManyAttachments);
    }
    Ok((number, rest))
}

/// The main namespace is not named. The comma after another may be missing at the end.
fn namespace(text: &str) -> (&str, &str) {
    if text.starts_with('/') { text.split_once(',').unwrap_or((text, "")) } else { ("/", text) }
}

fn id(text: &str) -> Result<(Option<u64>, &str), Fault> {
    match split_digits(text) {
        ("", _) => Ok((None, text)),
        (digits, rest) => Ok((Some(digits.parse().map_err(|_| Fault::Id)?), rest)),
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// Only events can ask for an acknowledgement, and every acknowledgement says which one it is.
fn check_id(kind: Kind, id: Option<u64>) -> Result<(), Fault> {
    match id {
        None if kind.is_ack() => Err(Fault::Id),
        Some(_) if !kind.is_ack() && !kind.is_event() => Err(Fault::Id),
        _ => Ok(()),
    }
}

/// What payload a packet of this kind has (SIO5 "Exchange protocol", SIO4 "Packet types").
fn check_payload(protocol: Protocol, kind: Kind, payload: Option<&str>) -> Result<(), Fault> {
    let first = payload.and_then(|payload| payload.bytes().next());
    let fits = match (kind, protocol) {
        (Kind::Connect, Protocol::V5) => matches!(first, None | Some(b'{')),
        (Kind::Connect, Protocol::V4) | (Kind::Disconnect, _) => first.is_none(),
        (Kind::ConnectError, _) => matches!(first, None | Some(b'{' | b'"')),
        (Kind::Event | Kind::Ack | Kind::BinaryEvent | Kind::BinaryAck, _) => first == Some(b'['),
    };
    if fits { Ok(()) } else { Err(Fault::Payload) }
}

/// Takes an event's payload apart. It must be a JSON array.
pub(super) fn event<'a>(payload: &'a str, limits: &Limits) -> Result<Event<'a>, Fault> {
    let mut args = json::elements(payload, limits.args)?;
    if args.is_empty() {
        return Err(Fault::Payload);
    }
    let name = name(args.remove(0))?;
    if RESERVED.contains(&&*name) {
        return Err(Fault::EventName);
    }
    Ok(Event { name, args, payload })
}

/// Names are strings; the reference server lets numbers through, too.
fn name(json: &str) -> Result<Cow<'_, str>, Fault> {
    match json.as_bytes() {
        [b'"', ..] if json.contains('\\') => {
            serde_json::from_str(json).map(Cow::Owned).map_err(|_| Fault::EventName)
        }
        [b'"', ..] => Ok(Cow::Borrowed(&json[1..json.len() - 1])),
        [b'-' | b'0'..=b'9', ..] => Ok(Cow::Borrowed(json)),
        _ => Err(Fault::EventName),
    }
}
