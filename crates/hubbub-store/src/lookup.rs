//! What a room's home looks up in its log: pages of older messages, one message, a search.

use std::ops::Range;
use std::sync::Arc;

use hubbub_hub::{Archive, ArchiveAsk, Event, Fault, Find, LogAnswer, LogAsk, MessageId, RoomName};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::reader::{self, PAGE_BYTES};
use crate::rows::{self, int, nat};
use crate::trouble;

/// Messages that are said at about the same time may stand in the log in another order than that of their ids: so many at each end
/// of a span of time are looked at.
const SKEW: u32 = 1000;

/// Answers what only reads; nothing is left to answer of the rest.
pub(crate) fn answer(connection: &Connection, ask: &LogAsk) -> rusqlite::Result<Option<LogAnswer>> {
    let answer = match ask {
        LogAsk::Read { room, after, limit, ticket } => {
            let events = reader::page(connection, room, *after, *limit)?;
            LogAnswer::Page { room: room.clone(), ticket: *ticket, events }
        }
        LogAsk::Find { room, what, ticket } => {
            let event = find(connection, room, *what)?;
            LogAnswer::Found { room: room.clone(), ticket: *ticket, event }
        }
        LogAsk::Archive { room, what, through, ticket } => {
            let found = search(connection, room, what, *through)?;
            LogAnswer::Archive { room: room.clone(), ticket: *ticket, found }
        }
        LogAsk::Open { .. } | LogAsk::Append { .. } | LogAsk::Affairs { .. } => return Ok(None),
    };
    Ok(Some(answer))
}

/// What to say when nothing can be read.
pub(crate) fn failed(ask: &LogAsk) -> Option<LogAnswer> {
    Some(match ask {
        LogAsk::Read { room, ticket, .. } => {
            LogAnswer::Page { room: room.clone(), ticket: *ticket, events: Err(Fault) }
        }
        LogAsk::Find { room, ticket, .. } => {
            LogAnswer::Found { room: room.clone(), ticket: *ticket, event: Err(Fault) }
        }
        LogAsk::Archive { room, ticket, .. } => {
            LogAnswer::Archive { room: room.clone(), ticket: *ticket, found: Err(Fault) }
        }
        LogAsk::Open { .. } | LogAsk::Append { .. } | LogAsk::Affairs { .. } => return None,
    })
}

/// A log's row, its epoch, and its oldest message that is kept.
type LogRow = (i64, u32, u64);

fn log_of(connection: &Connection, room: &RoomName) -> rusqlite::Result<Option<LogRow>> {
    let sql = "SELECT id, epoch, oldest FROM logs WHERE room = ?1";
    let row = connection
        .prepare_cached(sql)?
        .query_row(params![room.as_str()], |row| Ok((row.get(0)?, row.get(1)?, nat(row.get(2)?))));
    row.optional()
}

/// The place of a message that is kept.
fn place(connection: &Connection, (log, _, oldest): LogRow, id: MessageId) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT seq FROM events WHERE log = ?1 AND id = ?2";
    let seq = connection.prepare_cached(sql)?.query_row(params![log, id.0.to_be_bytes()], |row| row.get(0));
    Ok(seq.optional()?.map(nat).filter(|seq| *seq >= oldest))
}

fn find(
    connection: &Connection,
    room: &RoomName,
    what: Find,
) -> rusqlite::Result<Result<Option<Arc<Event>>, Fault>> {
    let Some(log) = log_of(connection, room)? else { return Ok(Ok(None)) };
    let seq = match what {
        Find::Id(id) => place(connection, log, id)?,
        Find::Seq(seq) => Some(seq).filter(|seq| *seq >= log.2),
    };
    let Some(seq) = seq else { return Ok(Ok(None)) };
    let ask = ArchiveAsk { limit: 1, ..ArchiveAsk::default() };
    let found = among(connection, room, log, &ask, seq..seq.saturating_add(1))?;
    Ok(found.map(|found| found.events.into_iter().next()))
}

/// Looks through one log; nothing if a message that the question names is not there.
fn search(
    connection: &Connection,
    room: &RoomName,
    ask: &ArchiveAsk,
    through: u64,
) -> rusqlite::Result<Result<Option<Archive>, Fault>> {
    let Some(log) = log_of(connection, room)? else {
        let names_none = ask.after.is_empty() && ask.before.is_empty() && ask.ids.is_none();
        let nothing = Archive { complete: true, ..Archive::default() };
        return Ok(Ok(names_none.then_some(nothing)));
    };
    let (mut from, mut until) = (log.2, through.saturating_add(1));
    for id in &ask.after {
        let Some(seq) = place(connection, log, *id)? else { return Ok(Ok(None)) };
        from = from.max(seq.saturating_add(1));
    }
    for id in &ask.before {
        let Some(seq) = place(connection, log, *id)? else { return Ok(Ok(None)) };
        until = until.min(seq);
    }
    if let Some(start) = ask.start_ms {
        from = from.max(first_since(connection, log, start)?);
    }
    if let Some(end) = ask.end_ms {
        until = until.min(last_until(connection, log, end)?.saturating_add(1));
    }
    let Some(ids) = &ask.ids else {
        return Ok(among(connection, room, log, ask, from..until)?.map(Some));
    };
    let mut places = Vec::new();
    for id in ids {
        let Some(seq) = place(connection, log, *id)? else { return Ok(Ok(None)) };
        places.push(seq);
    }
    places.sort_unstable();
    places.dedup();
    places.retain(|seq| (from..until).contains(seq));
    at_places(connection, room, log, ask, places)
}

/// What is looked for at these places, which are in order.
fn at_places(
    connection: &Connection,
    room: &RoomName,
    log: LogRow,
    ask: &ArchiveAsk,
    places: Vec<u64>,
) -> rusqlite::Result<Result<Option<Archive>, Fault>> {
    let one = ArchiveAsk { limit: 1, ..ask.clone() };
    let mut events = Vec::new();
    for seq in places {
        match among(connection, room, log, &one, seq..seq.saturating_add(1))? {
            Ok(found) => events.extend(found.events),
            Err(fault) => return Ok(Err(fault)),
        }
    }
    if ask.newest {
        events.reverse();
    }
    Ok(Ok(Some(page(&events, ask))))
}

/// The first place where something said at that time or later may stand. Ids are times (RFC 9562 §5.7).
fn first_since(connection: &Connection, (log, ..): LogRow, ms: u64) -> rusqlite::Result<u64> {
    let sql =
        "SELECT min(seq) FROM (SELECT seq FROM events WHERE log = ?1 AND id >= ?2 ORDER BY id LIMIT ?3)";
    let id = (u128::from(ms) << 80).to_be_bytes();
    let seq: Option<i64> =
        connection.prepare_cached(sql)?.query_row(params![log, id, SKEW], |row| row.get(0))?;
    Ok(seq.map_or(u64::MAX, nat))
}

/// The last place where something said at that time or earlier may stand.
fn last_until(connection: &Connection, (log, ..): LogRow, ms: u64) -> rusqlite::Result<u64> {
    let sql =
        "SELECT max(seq) FROM (SELECT seq FROM events WHERE log = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3)";
    let id = (u128::from(ms.saturating_add(1)) << 80).to_be_bytes();
    let seq: Option<i64> =
        connection.prepare_cached(sql)?.query_row(params![log, id, SKEW], |row| row.get(0))?;
    Ok(seq.map_or(0, nat))
}

/// The statement that finds what is looked for between two places, the second not included; one more than is wanted, to know whether
/// there are more.
pub(crate) fn statement(log: i64, ask: &ArchiveAsk, places: Range<u64>) -> (String, Vec<Value>) {
    // SQLite would rather go through all of the span.
    let index = if ask.with.is_some() { " INDEXED BY events_by_peer" } else { "" };
    let mut sql = format!("SELECT {} FROM events{index} WHERE log = ? AND seq >= ? AND seq < ?", rows::EVENT);
    let mut values = vec![Value::from(log), Value::from(int(places.start)), Value::from(int(places.end))];
    let bounds = [(" AND unix_ms >= ?", ask.start_ms), (" AND unix_ms <= ?", ask.end_ms)];
    for (condition, ms) in bounds.into_iter().filter_map(|(condition, ms)| Some((condition, ms?))) {
        sql.push_str(condition);
        values.push(Value::from(int(ms)));
    }
    if let Some(with) = &ask.with {
        sql.push_str(" AND peer = ?");
        values.push(Value::from(with.as_str().to_owned()));
    }
    sql.push_str(if ask.newest { " ORDER BY seq DESC LIMIT ?" } else { " ORDER BY seq LIMIT ?" });
    values.push(Value::from(i64::from(ask.limit) + 1));
    (sql, values)
}

/// What is looked for between two places, the second not included.
fn among(
    connection: &Connection,
    room: &RoomName,
    (log, epoch, _): LogRow,
    ask: &ArchiveAsk,
    places: Range<u64>,
) -> rusqlite::Result<Result<Archive, Fault>> {
    let (sql, values) = statement(log, ask, places);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(values))?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    // What is too large for the page says that there is more.
    while bytes <= PAGE_BYTES || events.len() < 2 {
        let Some(row) = found.next()? else { break };
        let Ok(event) = rows::decode(row, room, epoch) else {
            trouble::damaged(room, row.get(0).map_or(0, nat));
            return Ok(Err(Fault));
        };
        bytes += event.weight();
        events.push(event);
    }
    Ok(Ok(page(&events, ask)))
}

/// Of what was found, in the direction of the question, as much as fits.
fn page(found: &[Arc<Event>], ask: &ArchiveAsk) -> Archive {
    let mut archive = Archive::default();
    archive.complete = archive.fill(found.iter(), ask.limit, PAGE_BYTES);
    if ask.newest {
        archive.events.reverse();
    }
    archive
}
