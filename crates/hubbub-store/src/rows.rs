//! A message as a row, and back. A row is believed only as far as it makes sense.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use hubbub_hub::{
    About, Args, Body, Carried, Content, Event, EventName, IdempotencyKey, MessageId, Offset, Part, RoomName,
    Sender, UserAddress,
};
use rusqlite::{Connection, Row, named_params, params};

/// A row that no Hubbub wrote so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

impl From<rusqlite::Error> for Damaged {
    fn from(_: rusqlite::Error) -> Self {
        Self
    }
}

/// SQLite counts in i64. What is more than that is as good as endless.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The other way; `i64::MAX` stands for all that did not fit.
pub(crate) fn nat(number: i64) -> u64 {
    match number {
        i64::MAX => u64::MAX,
        other => u64::try_from(other).unwrap_or(0),
    }
}

/// Writes one message.
pub(crate) fn insert(
    connection: &Connection,
    log: i64,
    event: &Event,
    key: Option<&IdempotencyKey>,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO events (log, seq, id, unix_ms, weight, user, name, event, kind, key, content,
            carried_form, carried, own_id, about, original, recipient, peer)
        VALUES (:log, :seq, :id, :unix_ms, :weight, :user, :name, :event, :kind, :key, :content,
            :carried_form, :carried, :own_id, :about, :original, :recipient, :peer)";
    let about = event.body.about.as_ref();
    let original = match about {
        Some(About::Edit(original) | About::Reply(original)) => Some(original.id.0.to_be_bytes()),
        _ => None,
    };
    let carried = event.body.carried.as_ref();
    connection.prepare_cached(sql)?.execute(named_params! {
        ":log": log,
        ":seq": int(event.at.seq),
        ":id": event.id.0.to_be_bytes(),
        ":unix_ms": int(event.unix_ms),
        ":weight": int(event.weight() as u64),
        ":user": event.from.user.as_str(),
        ":name": &*event.from.name,
        ":event": event.body.event.as_str(),
        ":kind": kind(&event.body.content),
        ":key": key.map(IdempotencyKey::as_str),
        ":content": &*stored(&event.body.content),
        ":carried_form": carried.map(Carried::form),
        ":carried": carried.map(|carried| &**carried.bytes()),
        ":own_id": event.body.own_id.as_deref(),
        ":about": about.map(About::encode),
        ":original": original,
        ":recipient": event.to.as_ref().map(UserAddress::as_str),
        ":peer": event.room.inbox_owner().map(|_| event.peer().as_str()),
    })?;
    match about {
        Some(About::Retraction(original)) => bury(connection, log, original.id, event),
        _ => Ok(()),
    }
}

/// Nothing of what is taken back stays but its place, neither of the message nor of what it was edited to.
fn bury(connection: &Connection, log: i64, id: MessageId, retraction: &Event) -> rusqlite::Result<()> {
    let Some(About::Retracted(retracted)) = retraction.tombstone(retraction).body.about else {
        return Ok(());
    };
    let about = About::Retracted(retracted).encode();
    let nothing = "kind = 0, content = x'', carried_form = NULL, carried = NULL, about = ?3";
    let edits = "CAST(about AS TEXT) ->> 'act' = 'edit'";
    let id = id.0.to_be_bytes();
    for which in ["id = ?2".to_owned(), format!("original = ?2 AND {edits}")] {
        let sql = format!("UPDATE events SET {nothing} WHERE log = ?1 AND {which}");
        connection.prepare_cached(&sql)?.execute(params![log, id, about])?;
    }
    // Answers go on, without what they repeat.
    let sql = "UPDATE events SET about = CAST(json_remove(CAST(about AS TEXT), '$.text') AS BLOB)
        WHERE log = ?1 AND original = ?2 AND CAST(about AS TEXT) ->> 'act' = 'reply'";
    connection.prepare_cached(sql)?.execute(params![log, id])?;
    Ok(())
}

/// The columns that [`decode`] reads, in its order.
pub(crate) const EVENT: &str = "seq, id, unix_ms, user, name, event, kind, content, carried_form, carried,
    own_id, about, recipient";

/// Reads a message of `room` from [`EVENT`]'s columns.
pub(crate) fn decode(row: &Row<'_>, room: &RoomName, epoch: u32) -> Result<Arc<Event>, Damaged> {
    let user: String = row.get(3)?;
    let name: String = row.get(4)?;
    let event: String = row.get(5)?;
    let content: Vec<u8> = row.get(7)?;
    Ok(Arc::new(Event {
        room: room.clone(),
        at: Offset::new(epoch, nat(row.get(0)?)),
        id: MessageId(u128::from_be_bytes(row.get(1)?)),
        unix_ms: nat(row.get(2)?),
        from: Sender { user: UserAddress::from_prepared(&user), name: name.into() },
        to: row.get::<_, Option<String>>(12)?.map(|to| UserAddress::from_prepared(&to)),
        body: Body {
            event: event_name(&event)?,
            content: content_of(row.get(6)?, content)?,
            carried: carried_of(row)?,
            own_id: row.get::<_, Option<String>>(10)?.map(Into::into),
            about: about_of(row)?,
        },
        origin: None,
    }))
}

/// What was said beside the content. Its form is whatever the gate that wrote it called it.
fn carried_of(row: &Row<'_>) -> Result<Option<Carried>, Damaged> {
    let (form, bytes): (Option<String>, Option<Vec<u8>>) = (row.get(8)?, row.get(9)?);
    Ok(form.zip(bytes).map(|(form, bytes)| Carried::new(form, bytes.into())))
}

fn about_of(row: &Row<'_>) -> Result<Option<About>, Damaged> {
    let about: Option<Vec<u8>> = row.get(11)?;
    about.map(|about| About::decode(&about).ok_or(Damaged)).transpose()
}

/// The default name is in nearly every row: it shares one allocation.
fn event_name(text: &str) -> Result<EventName, Damaged> {
    if text == EventName::MESSAGE {
        return Ok(EventName::default());
    }
    EventName::from_kept(text).map_err(|_| Damaged)
}

/// A content's kind in its row. Numbers are never given a new meaning.
fn kind(content: &Content) -> i64 {
    match content {
        Content::Text(_) => 0,
        Content::Json(_) => 1,
        Content::Binary(_) => 2,
        Content::Args(args) if args.parts().is_empty() => 3,
        Content::Args(_) => 4,
    }
}

/// A content as its row has it.
fn stored(content: &Content) -> Cow<'_, [u8]> {
    match content {
        Content::Text(bytes) | Content::Json(bytes) | Content::Binary(bytes) => Cow::Borrowed(bytes),
        Content::Args(args) if args.parts().is_empty() => Cow::Borrowed(args.json()),
        Content::Args(args) => Cow::Owned(with_parts(args)),
    }
}

/// Whoever sends text or JSON on relies on its being UTF-8, so that is looked at again.
fn content_of(kind: i64, bytes: Vec<u8>) -> Result<Content, Damaged> {
    if matches!(kind, 0 | 1 | 3) && std::str::from_utf8(&bytes).is_err() {
        return Err(Damaged);
    }
    let bytes = Bytes::from(bytes);
    match kind {
        0 => Ok(Content::Text(bytes)),
        1 => Ok(Content::Json(bytes)),
        2 => Ok(Content::Binary(bytes)),
        3 => Args::new(bytes, Vec::new()).map(Content::Args).ok_or(Damaged),
        4 => parts_of(bytes).map(Content::Args).ok_or(Damaged),
        _ => Err(Damaged),
    }
}

/// `length, JSON`, then for each part `start, end, length, bytes`; numbers are u32, big-endian.
fn with_parts(args: &Args) -> Vec<u8> {
    let number = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    let mut out = number(args.json().len()).to_vec();
    out.extend_from_slice(args.json());
    for part in args.parts() {
        out.extend_from_slice(&part.at.start.to_be_bytes());
        out.extend_from_slice(&part.at.end.to_be_bytes());
        out.extend_from_slice(&number(part.bytes.len()));
        out.extend_from_slice(&part.bytes);
    }
    out
}

fn parts_of(mut bytes: Bytes) -> Option<Args> {
    let json = sized(&mut bytes)?;
    std::str::from_utf8(&json).ok()?;
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let at = bytes.try_get_u32().ok()?..bytes.try_get_u32().ok()?;
        parts.push(Part { at, bytes: sized(&mut bytes)? });
    }
    Args::new(json, parts)
}

fn sized(bytes: &mut Bytes) -> Option<Bytes> {
    let length = bytes.try_get_u32().ok()? as usize;
    (length <= bytes.len()).then(|| bytes.split_to(length))
}
