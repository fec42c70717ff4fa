//! What happens in a room: events, their bodies and their senders.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::about::About;
use crate::address::{RoomName, UserAddress};
use crate::command::SessionKey;
use crate::id::MessageId;
use crate::offset::Offset;

/// Something that happened in a room, stamped once by the room's home and immutable ever after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Where it happened.
    pub room: RoomName,
    /// Its place in the room's order.
    pub at: Offset,
    /// Its name in every protocol and archive.
    pub id: MessageId,
    /// When the home stamped it, in milliseconds since 1970.
    pub unix_ms: u64,
    /// Who said it.
    pub from: Sender,
    /// To whom: only of what the owner of an inbox said to somebody else, of which his inbox has a copy.
    pub to: Option<UserAddress>,
    /// What was said.
    pub body: Body,
    /// The session that said it, while it may still be told apart from others; not kept.
    pub origin: Option<SessionKey>,
}

impl Event {
    /// Bytes that this event counts for against a history's or a queue's limit: its content and a flat share for the rest.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.body.weight() + 160
    }

    /// In an inbox: with whom its owner exchanged this.
    #[must_use]
    pub fn peer(&self) -> &UserAddress {
        self.to.as_ref().unwrap_or(&self.from.user)
    }
}

/// Who said something: an address that can be answered, and the name that others see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The bare address.
    pub user: UserAddress,
    /// The name to show.
    pub name: Arc<str>,
}

/// An event's name and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// What kind of thing was said.
    pub event: EventName,
    /// What was said.
    pub content: Content,
    /// What the sender's protocol says beside it.
    pub carried: Option<Carried>,
    /// What its sender's client calls it: not unique, never a key, but the name by which some clients speak of it later.
    pub own_id: Option<Arc<str>>,
    /// What it has to do with an earlier message. Written by the room's home.
    pub about: Option<About>,
}

impl Body {
    /// A body with nothing beside its content.
    #[must_use]
    pub fn new(event: EventName, content: Content) -> Self {
        Self { event, content, carried: None, own_id: None, about: None }
    }

    /// Bytes that this counts for against limits.
    #[must_use]
    pub fn weight(&self) -> usize {
        let own_id = self.own_id.as_ref().map_or(0, |own_id| own_id.len());
        let about = self.about.as_ref().map_or(0, About::weight);
        self.content.weight() + self.carried.as_ref().map_or(0, Carried::weight) + own_id + about
    }
}

/// What one protocol can say and no content holds: kept, and handed on as it is to those who understand its form. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried(Arc<(Cow<'static, str>, Bytes)>);

impl Carried {
    /// Something of the form `form`, a short name that gates choose.
    #[must_use]
    pub fn new(form: impl Into<Cow<'static, str>>, bytes: Bytes) -> Self {
        Self(Arc::new((form.into(), bytes)))
    }

    /// Which form the bytes have.
    #[must_use]
    pub fn form(&self) -> &str {
        &self.0.0
    }

    /// The sender's bytes, opaque to everybody who does not know the form.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0.1
    }

    /// Bytes that this counts for against limits.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.form().len() + self.bytes().len()
    }
}

/// Content, kept exactly as the sender wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// UTF-8, checked where it came in.
    Text(Bytes),
    /// One JSON value, checked where it came in and never written anew.
    Json(Bytes),
    /// Anything.
    Binary(Bytes),
    /// Several values, or none, or values with binary parts: what an event of Socket.IO may carry beside the above.
    Args(Args),
}

impl Content {
    /// The content's bytes, whatever they are; of arguments, the array without its binary parts.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Text(bytes) | Self::Json(bytes) | Self::Binary(bytes) => bytes,
            Self::Args(args) => &args.json,
        }
    }

    /// Bytes that this counts for against limits.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Json(bytes) | Self::Binary(bytes) => bytes.len(),
            Self::Args(args) => {
                args.json.len() + args.parts.iter().map(|part| part.bytes.len() + 64).sum::<usize>()
            }
        }
    }
}

/// An event's arguments: a JSON array, in which objects hold the places of binary parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    json: Bytes,
    parts: Arc<[Part]>,
}

/// A binary part of [`Args`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where in the JSON the value stands that holds its place.
    pub at: Range<u32>,
    /// What belongs there.
    pub bytes: Bytes,
}

impl Args {
    /// `json` is a JSON array, checked where it came in; `parts` lie in it, one after the other.
    ///
    /// Nothing if they do not.
    #[must_use]
    pub fn new(json: Bytes, parts: Vec<Part>) -> Option<Self> {
        let end = u32::try_from(json.len()).ok()?;
        let mut free = 0;
        for part in &parts {
            if part.at.start < free || part.at.start >= part.at.end || part.at.end > end {
                return None;
            }
            free = part.at.end;
        }
        Some(Self { json, parts: parts.into() })
    }

    /// The array as the sender wrote it.
    #[must_use]
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// Its binary parts, in the order of their places.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Appends the array with `write` in the place of each part, which is given its index and bytes.
    pub fn write_with(&self, out: &mut Vec<u8>, mut write: impl FnMut(&mut Vec<u8>, usize, &Bytes)) {
        let mut from = 0;
        for (index, part) in self.parts.iter().enumerate() {
            out.extend_from_slice(&self.json[from..part.at.start as usize]);
            write(out, index, &part.bytes);
            from = part.at.end as usize;
        }
        out.extend_from_slice(&self.json[from..]);
    }
}

/// An event's name: `message` unless the sender says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventName(Arc<str>);

/// Why a string cannot name an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventNameError {
    /// Empty, over 128 bytes, or with control characters.
    #[error("an event's name has 1 to 128 bytes and no control characters")]
    Malformed,
    /// Begins with `hubbub:`.
    #[error("names that begin with hubbub: are the server's own")]
    Reserved,
}

impl EventName {
    /// What an event is called when nobody named it.
    pub const MESSAGE: &'static str = "message";

    /// What it is called when the room's subject changes; the content is the new one.
    pub const SUBJECT: &'static str = "hubbub:subject";

    /// What it is called when somebody says how he feels about a message; the content is a JSON array of strings.
    pub const REACTIONS: &'static str = "hubbub:reactions";

    /// What it is called when a message is taken back; there is no content.
    pub const RETRACTION: &'static str = "hubbub:retraction";

    /// What it is called when only those who understand what it carries can show it; there is no content.
    pub const CARRIED: &'static str = "hubbub:carried";

    /// The names that only the server gives.
    const OWN: [&'static str; 4] = [Self::SUBJECT, Self::REACTIONS, Self::RETRACTION, Self::CARRIED];

    /// Checks a name that a client gave.
    ///
    /// # Errors
    /// The name is malformed, or reserved for the server.
    pub fn parse(text: &str) -> Result<Self, EventNameError> {
        if text.is_empty() || text.len() > 128 || text.chars().any(char::is_control) {
            return Err(EventNameError::Malformed);
        }
        if text.starts_with("hubbub:") {
            return Err(EventNameError::Reserved);
        }
        Ok(Self(text.into()))
    }

    /// Checks a name that was kept: it may be one of the server's own.
    ///
    /// # Errors
    /// No event could have been kept under it.
    pub fn from_kept(text: &str) -> Result<Self, EventNameError> {
        if Self::OWN.contains(&text) { Ok(Self(text.into())) } else { Self::parse(text) }
    }

    /// The name of a change of subject.
    #[must_use]
    pub fn subject() -> Self {
        Self(Self::SUBJECT.into())
    }

    /// The name of reactions.
    #[must_use]
    pub fn reactions() -> Self {
        Self(Self::REACTIONS.into())
    }

    /// The name of a retraction.
    #[must_use]
    pub fn retraction() -> Self {
        Self(Self::RETRACTION.into())
    }

    /// The name of what is only carried.
    #[must_use]
    pub fn carried() -> Self {
        Self(Self::CARRIED.into())
    }

    /// Whether the event says nothing to those who do not understand what it carries.
    #[must_use]
    pub fn is_carried(&self) -> bool {
        &*self.0 == Self::CARRIED
    }

    /// Whether the event is a change of subject.
    #[must_use]
    pub fn is_subject(&self) -> bool {
        &*self.0 == Self::SUBJECT
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the default name, which most protocols need not say.
    #[must_use]
    pub fn is_message(&self) -> bool {
        &*self.0 == Self::MESSAGE
    }
}

thread_local! {
    /// The default name is in nearly every event: one allocation per thread serves them all.
    static MESSAGE: EventName = EventName(EventName::MESSAGE.into());
}

impl Default for EventName {
    fn default() -> Self {
        MESSAGE.with(Clone::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(at: Range<u32>) -> Part {
        Part { at, bytes: Bytes::from_static(b"x") }
    }

    #[test]
    fn parts_lie_in_the_array_in_order() {
        let json = Bytes::from_static(b"[{},{}]");
        assert!(Args::new(json.clone(), vec![part(1..3), part(4..6)]).is_some());
        for wrong in
            [vec![part(4..6), part(1..3)], vec![part(1..3), part(2..4)], vec![part(1..8)], vec![part(3..3)]]
        {
            assert!(Args::new(json.clone(), wrong).is_none());
        }
    }

    #[test]
    fn parts_are_written_in_their_places() {
        let args = Args::new(Bytes::from_static(b"[{},1,{}]"), vec![part(1..3), part(6..8)]).unwrap();
        let mut out = Vec::new();
        args.write_with(&mut out, |out, index, _| out.push(b'a' + index as u8));
        assert_eq!(out, b"[a,1,b]");
    }
}
