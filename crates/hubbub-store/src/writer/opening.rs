//! Opening a log: made if it may be, trimmed, and its newest part brought along.

use std::collections::HashMap;
use std::sync::Arc;

use hubbub_hub::{
    Event, Fault, IdempotencyKey, LogAsk, MessageId, Offset, Opened, Published, Remembered, RoomName, Sender,
    UserAddress,
};
use rusqlite::{Connection, Row, params};

use crate::log::Log;
use crate::rows::{self, Damaged, int, nat};
use crate::{accounts, affairs, removal, trouble};

/// Most idempotency keys that an opening brings along. The newest count.
const KEYS_MOST: u32 = 65_536;

/// The log of `room`, if it is known or there.
pub(super) fn known<'a>(
    connection: &Connection,
    logs: &'a mut HashMap<RoomName, Log>,
    room: &RoomName,
) -> rusqlite::Result<Option<&'a mut Log>> {
    if !logs.contains_key(room) {
        let Some(log) = Log::load(connection, room)? else { return Ok(None) };
        logs.insert(room.clone(), log);
    }
    Ok(logs.get_mut(room))
}

/// Does a [`LogAsk::Open`]; nothing else is `Some`.
pub(super) fn open(
    connection: &Connection,
    logs: &mut HashMap<RoomName, Log>,
    clock_ms: u64,
    ask: &LogAsk,
) -> rusqlite::Result<Option<Opened>> {
    let LogAsk::Open { room, only_for_account, keep, new_epoch, .. } = ask else { return Ok(None) };
    if known(connection, logs, room)?.is_none() {
        if !may_make(connection, only_for_account.as_deref())? {
            return Ok(None);
        }
        let epoch = removal::epoch(connection, room, *new_epoch)?;
        logs.insert(room.clone(), Log::create(connection, room, epoch, *keep)?);
    }
    let Some(log) = logs.get_mut(room) else { return Ok(None) };
    log.set_keep(connection, *keep)?;
    log.settle(connection, clock_ms, true)?;
    opened(connection, log, ask).map(Some)
}

/// Opens without writing. A fault if that is impossible because the log would have to be made.
pub(super) fn open_existing(
    connection: &Connection,
    ask: &LogAsk,
) -> rusqlite::Result<Result<Option<Opened>, Fault>> {
    let LogAsk::Open { room, only_for_account, .. } = ask else { return Ok(Err(Fault)) };
    if let Some(log) = Log::load(connection, room)? {
        return Ok(Ok(Some(opened(connection, &log, ask)?)));
    }
    let may_make = may_make(connection, only_for_account.as_deref())?;
    Ok(if may_make { Err(Fault) } else { Ok(None) })
}

fn may_make(connection: &Connection, only_for: Option<&str>) -> rusqlite::Result<bool> {
    match only_for {
        None => Ok(true),
        Some(user) => Ok(accounts::find(connection, user)?.is_some()),
    }
}

fn opened(connection: &Connection, log: &Log, ask: &LogAsk) -> rusqlite::Result<Opened> {
    let LogAsk::Open { room, tail_count, tail_bytes, keys_since_ms, .. } = ask else {
        return Err(rusqlite::Error::InvalidQuery);
    };
    Ok(Opened {
        epoch: log.epoch,
        head: log.head,
        oldest: log.oldest,
        tail: tail(connection, log, room, *tail_count, *tail_bytes)?,
        keys: keys(connection, log, *keys_since_ms)?,
        affairs: affairs::find(connection, room)?,
    })
}

/// The newest messages, from the head back to the first that is too many, damaged or missing.
fn tail(
    connection: &Connection,
    log: &Log,
    room: &RoomName,
    count: u32,
    bytes: usize,
) -> rusqlite::Result<Vec<Arc<Event>>> {
    let sql = format!(
        "SELECT {} FROM events WHERE log = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq DESC LIMIT ?4",
        rows::EVENT
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![log.id, int(log.oldest), int(log.head), count])?;
    let (mut tail, mut next, mut left) = (Vec::new(), log.head, bytes);
    while let Some(row) = found.next()? {
        let Some(event) = rows::decode(row, room, log.epoch).ok().filter(|event| event.at.seq == next) else {
            trouble::damaged(room, next);
            break;
        };
        if event.weight() > left {
            break;
        }
        left -= event.weight();
        next -= 1;
        tail.push(event);
    }
    tail.reverse();
    Ok(tail)
}

/// The keys of messages stamped since then, oldest first.
fn keys(connection: &Connection, log: &Log, since_ms: u64) -> rusqlite::Result<Vec<Remembered>> {
    let sql = "SELECT user, key, id, seq, unix_ms, name FROM events
        WHERE log = ?1 AND key IS NOT NULL AND unix_ms >= ?2 ORDER BY unix_ms DESC, seq DESC LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(params![log.id, int(since_ms), KEYS_MOST])?;
    let mut keys = Vec::new();
    while let Some(row) = found.next()? {
        keys.extend(remembered(row, log.epoch));
    }
    keys.reverse();
    Ok(keys)
}

fn remembered(row: &Row<'_>, epoch: u32) -> Result<Remembered, Damaged> {
    let (user, key): (String, String) = (row.get(0)?, row.get(1)?);
    let (user, name) = (UserAddress::from_prepared(&user), row.get::<_, String>(5)?);
    Ok(Remembered {
        user: user.clone(),
        key: IdempotencyKey::parse(&key).ok_or(Damaged)?,
        published: Published {
            id: MessageId(u128::from_be_bytes(row.get(2)?)),
            at: Offset::new(epoch, nat(row.get(3)?)),
            unix_ms: nat(row.get(4)?),
            from: Sender { user, name: name.into() },
            repeated: false,
            answer: None,
        },
    })
}
