//! From msgpack to a packet whose payload is JSON.

use super::date;
use super::reader::{Head, next};
use crate::socketio::{Fault, Kind, Limits, OwnedPacket, Packet, Protocol, placeholder, placeholders};
use bytes::Bytes;
use serde::Serialize;

/// Reads a packet from a binary message. Attachments share the message's memory.
///
/// Members that the protocol does not know are passed over; the official client sends some.
///
/// # Errors
///
/// Whatever is wrong with it: the connection is to be closed.
pub fn decode(message: &Bytes, limits: &Limits) -> Result<OwnedPacket, Fault> {
    let mut transcoder = Transcoder {
        message,
        rest: message,
        json: Vec::new(),
        attachments: Vec::new(),
        bytes: 0,
        nodes: 0,
        limits,
    };
    let members = transcoder.members()?;
    if !transcoder.rest.is_empty() {
        return Err(Fault::Msgpack);
    }
    let attachments = transcoder.attachments;
    let payload = members.payload.map(utf8);
    if let Some(payload) = &payload {
        check_placeholders(payload, attachments.len())?;
    }
    let kind = members.kind.ok_or(Fault::Kind)?;
    if !attachments.is_empty() && !kind.with_attachments().is_binary() {
        return Err(Fault::Attachments);
    }
    let packet = OwnedPacket {
        kind: if attachments.is_empty() { kind } else { kind.with_attachments() },
        namespace: members.namespace.ok_or(Fault::Namespace)?,
        query: None,
        id: members.id,
        payload,
        attachments,
    };
    check(&packet, limits)?;
    Ok(packet)
}

/// The same rules as for text.
fn check(packet: &OwnedPacket, limits: &Limits) -> Result<(), Fault> {
    let borrowed = Packet {
        kind: packet.kind,
        attachments: 0,
        namespace: &packet.namespace,
        query: None,
        id: packet.id,
        payload: packet.payload.as_deref(),
        event: None,
    };
    borrowed.checked(Protocol::V5, limits).map(drop)
}

/// With attachments, an object that only looks like a placeholder would be taken for one.
fn check_placeholders(payload: &str, attachments: usize) -> Result<(), Fault> {
    if attachments == 0 {
        return Ok(());
    }
    let found = placeholders(payload, attachments)?;
    let ours = found
        .iter()
        .enumerate()
        .all(|(at, (range, num))| at == *num && payload[range.clone()] == placeholder(at));
    if ours && found.len() == attachments { Ok(()) } else { Err(Fault::Placeholder) }
}

fn utf8(json: Vec<u8>) -> String {
    String::from_utf8(json).expect("we wrote it from text")
}

/// What a packet's map has.
#[derive(Default)]
struct Members {
    kind: Option<Kind>,
    namespace: Option<String>,
    id: Option<u64>,
    payload: Option<Vec<u8>>,
}

/// Writes msgpack values as JSON.
struct Transcoder<'a> {
    message: &'a Bytes,
    rest: &'a [u8],
    json: Vec<u8>,
    attachments: Vec<Bytes>,
    /// Bytes in the attachments so far.
    bytes: usize,
    /// Values so far.
    nodes: usize,
    limits: &'a Limits,
}

impl Transcoder<'_> {
    fn members(&mut self) -> Result<Members, Fault> {
        let Head::Map(len) = next(&mut self.rest)? else { return Err(Fault::Msgpack) };
        let mut members = Members::default();
        for _ in 0..len {
            let Head::Str(name) = next(&mut self.rest)? else { return Err(Fault::Msgpack) };
            match name {
                "type" => members.kind = Some(self.kind()?),
                "nsp" => members.namespace = Some(self.namespace()?),
                "id" => members.id = self.id()?,
                "data" => self.data(&mut members)?,
                _ => self.skip()?,
            }
        }
        Ok(members)
    }

    /// Attachments have no kinds of their own here: 0 to 4 only.
    fn kind(&mut self) -> Result<Kind, Fault> {
        match next(&mut self.rest)? {
            Head::Unsigned(number @ 0..=4) => {
                Kind::from_number(u8::try_from(number).expect("it is small")).ok_or(Fault::Kind)
            }
            _ => Err(Fault::Kind),
        }
    }

    fn namespace(&mut self) -> Result<String, Fault> {
        match next(&mut self.rest)? {
            Head::Str(namespace) => Ok(namespace.to_owned()),
            _ => Err(Fault::Namespace),
        }
    }

    fn id(&mut self) -> Result<Option<u64>, Fault> {
        match next(&mut self.rest)? {
            Head::Unsigned(id) => Ok(Some(id)),
            Head::Undefined => Ok(None),
            _ => Err(Fault::Id),
        }
    }

    fn data(&mut self, members: &mut Members) -> Result<(), Fault> {
        if members.payload.is_some() {
            return Err(Fault::Payload);
        }
        let mut ahead = self.rest;
        if next(&mut ahead)? == Head::Undefined {
            self.rest = ahead;
            return Ok(());
        }
        self.value(0)?;
        members.payload = Some(std::mem::take(&mut self.json));
        Ok(())
    }

    /// Passes over a value. It counts against the limits like any other.
    fn skip(&mut self) -> Result<(), Fault> {
        let attachments = self.attachments.len();
        self.value(0)?;
        self.attachments.truncate(attachments);
        self.json.clear();
        Ok(())
    }

    /// Writes the next value, which stands in `depth` arrays and maps.
    fn value(&mut self, depth: u8) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(Fault::TooManyNodes);
        }
        match next(&mut self.rest)? {
            Head::Nil | Head::Undefined => self.put(&()),
            Head::Bool(value) => self.put(&value),
            Head::Unsigned(value) => self.put(&value),
            Head::Signed(value) => self.put(&value),
            // serde_json writes what is not finite as null, as JavaScript does.
            Head::Float(value) => self.put(&value),
            Head::Str(value) => self.put(value),
            Head::Date(ms) => self.put(&date::iso(ms)),
            Head::Bin(data) => self.attachment(data)?,
            Head::Array(len) => self.array(len, deeper(depth, self.limits)?)?,
            Head::Map(len) => self.map(len, deeper(depth, self.limits)?)?,
        }
        Ok(())
    }

    fn put<T: Serialize + ?Sized>(&mut self, value: &T) {
        serde_json::to_writer(&mut self.json, value).expect("a vector takes all");
    }

    fn attachment(&mut self, data: &[u8]) -> Result<(), Fault> {
        self.bytes += data.len();
        let num = self.attachments.len();
        if num >= self.limits.attachments as usize || self.bytes > self.limits.attachment_bytes {
            return Err(Fault::TooManyAttachments);
        }
        self.attachments.push(self.message.slice_ref(data));
        self.json.extend_from_slice(placeholder(num).as_bytes());
        Ok(())
    }

    fn array(&mut self, len: usize, depth: u8) -> Result<(), Fault> {
        self.json.push(b'[');
        for index in 0..len {
            self.comma(index);
            self.value(depth)?;
        }
        self.json.push(b']');
        Ok(())
    }

    fn map(&mut self, len: usize, depth: u8) -> Result<(), Fault> {
        self.json.push(b'{');
        for index in 0..len {
            self.comma(index);
            self.key()?;
            self.json.push(b':');
            self.value(depth)?;
        }
        self.json.push(b'}');
        Ok(())
    }

    /// JavaScript makes strings of numbers that are keys; other keys have no place in JSON.
    fn key(&mut self) -> Result<(), Fault> {
        match next(&mut self.rest)? {
            Head::Str(key) => self.put(key),
            Head::Unsigned(key) => self.put(&key.to_string()),
            Head::Signed(key) => self.put(&key.to_string()),
            _ => return Err(Fault::Msgpack),
        }
        Ok(())
    }

    fn comma(&mut self, index: usize) {
        if index > 0 {
            self.json.push(b',');
        }
    }
}

/// Recursion follows the depth, so it is held below that of any thread's stack whatever the limit says.
fn deeper(depth: u8, limits: &Limits) -> Result<u8, Fault> {
    if depth < limits.depth.min(127) { Ok(depth + 1) } else { Err(Fault::TooDeep) }
}
