//! One log as the writer knows it: where it stands, what is appended, what is trimmed.
//!
//! `oldest` follows the policy exactly. The rows before it are nobody's any more and are deleted some at a time, so
//! that a full log does not pay for a deletion with every message.

use std::collections::VecDeque;
use std::sync::Arc;

use hubbub_hub::{Event, IdempotencyKey, Keep, RoomName};
use rusqlite::{Connection, OptionalExtension, named_params, params};

use crate::rows::{self, int, nat};

/// Rows are deleted when so many wait for it,
const SWEEP_AT: u64 = 256;
/// and at most so many at once, so that a policy made stricter does not hold up everybody's messages.
const SWEEP_MOST: u64 = 4096;
/// Rows looked at ahead of `oldest`.
const AHEAD: i64 = 256;

/// One log. Whatever is changed here is only true once the transaction is committed.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) id: i64,
    pub(crate) epoch: u32,
    /// The last sequence number; 0 in a new log.
    pub(crate) head: u64,
    /// The oldest sequence number kept by the policy; `head + 1` if none is.
    pub(crate) oldest: u64,
    /// The weight of `oldest..=head`.
    bytes: u64,
    keep: Keep,
    /// The oldest row that is there.
    bottom: u64,
    /// The rows from `oldest` on, as far as they were looked at.
    ahead: VecDeque<Ahead>,
    /// `head`, `oldest` and `bytes` as they are written down.
    written: (u64, u64, u64),
}

/// What trimming wants to know of a row.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    seq: u64,
    weight: u64,
    unix_ms: u64,
}

impl Log {
    /// The log of `room`, if there is one.
    pub(crate) fn load(connection: &Connection, room: &RoomName) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT id, epoch, head, oldest, bytes, keep_count, keep_bytes, keep_age_ms,
                (SELECT min(seq) FROM events WHERE log = logs.id)
            FROM logs WHERE room = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_row(params![room.as_str()], |row| {
            let (head, oldest, bytes) = (nat(row.get(2)?), nat(row.get(3)?), nat(row.get(4)?));
            Ok(Self {
                id: row.get(0)?,
                epoch: row.get(1)?,
                head,
                oldest,
                bytes,
                keep: Keep { count: nat(row.get(5)?), bytes: nat(row.get(6)?), age_ms: nat(row.get(7)?) },
                bottom: row.get::<_, Option<i64>>(8)?.map_or(head + 1, nat),
                ahead: VecDeque::new(),
                written: (head, oldest, bytes),
            })
        });
        found.optional()
    }

    /// A new log for `room`.
    pub(crate) fn create(
        connection: &Connection,
        room: &RoomName,
        epoch: u32,
        keep: Keep,
    ) -> rusqlite::Result<Self> {
        let sql = "INSERT INTO logs (room, epoch, head, oldest, bytes, keep_count, keep_bytes, keep_age_ms)
            VALUES (:room, :epoch, 0, 1, 0, :count, :bytes, :age)";
        connection.prepare_cached(sql)?.execute(named_params! {
            ":room": room.as_str(),
            ":epoch": epoch,
            ":count": int(keep.count),
            ":bytes": int(keep.bytes),
            ":age": int(keep.age_ms),
        })?;
        let id = connection.last_insert_rowid();
        let (head, oldest, bytes) = (0, 1, 0);
        let written = (head, oldest, bytes);
        Ok(Self { id, epoch, head, oldest, bytes, keep, bottom: 1, ahead: VecDeque::new(), written })
    }

    /// Keeps as much as `keep` says from now on.
    pub(crate) fn set_keep(&mut self, connection: &Connection, keep: Keep) -> rusqlite::Result<()> {
        if int_keep(keep) != int_keep(self.keep) {
            let sql = "UPDATE logs SET keep_count = ?2, keep_bytes = ?3, keep_age_ms = ?4 WHERE id = ?1";
            let (count, bytes, age) = int_keep(keep);
            connection.prepare_cached(sql)?.execute(params![self.id, count, bytes, age])?;
        }
        self.keep = keep;
        Ok(())
    }

    /// Appends what comes next. `false`, and nothing done, if it does not come next: what was before it is lost.
    pub(crate) fn append(
        &mut self,
        connection: &Connection,
        event: &Arc<Event>,
        key: Option<&IdempotencyKey>,
    ) -> rusqlite::Result<bool> {
        if event.at.epoch != self.epoch || event.at.seq != self.head + 1 {
            return Ok(false);
        }
        rows::insert(connection, self.id, event, key)?;
        self.head = event.at.seq;
        self.bytes += event.weight() as u64;
        Ok(true)
    }

    /// Moves `oldest` to where the policy says at `unix_ms`, deletes rows if enough wait or `sweep` says so, and writes
    /// down where the log stands. A log that stands where it did is not written to.
    pub(crate) fn settle(
        &mut self,
        connection: &Connection,
        unix_ms: u64,
        sweep: bool,
    ) -> rusqlite::Result<()> {
        self.trim(connection, unix_ms)?;
        let waiting = self.oldest.saturating_sub(self.bottom);
        if waiting >= SWEEP_AT || (sweep && waiting > 0) {
            self.sweep(connection)?;
        }
        let place = (self.head, self.oldest, self.bytes);
        if place != self.written {
            let sql = "UPDATE logs SET head = ?2, oldest = ?3, bytes = ?4 WHERE id = ?1";
            let place = params![self.id, int(self.head), int(self.oldest), int(self.bytes)];
            connection.prepare_cached(sql)?.execute(place)?;
        }
        self.written = place;
        Ok(())
    }

    fn trim(&mut self, connection: &Connection, unix_ms: u64) -> rusqlite::Result<()> {
        let since = unix_ms.saturating_sub(self.keep.age_ms);
        while self.oldest <= self.head {
            let over = self.head + 1 - self.oldest > self.keep.count || self.bytes > self.keep.bytes;
            if !over && self.keep.age_ms == u64::MAX {
                break;
            }
            let Some(row) = self.look_ahead(connection)? else {
                // The rows that should be there are not: the log goes on after them.
                self.oldest = self.head + 1;
                self.bytes = 0;
                break;
            };
            if !over && row.unix_ms >= since {
                break;
            }
            if row.seq > self.oldest {
                // What is missing counts for nothing.
                self.oldest = row.seq;
                continue;
            }
            self.ahead.pop_front();
            self.oldest = row.seq + 1;
            self.bytes = self.bytes.saturating_sub(row.weight);
        }
        Ok(())
    }

    /// The first row from `oldest` on.
    fn look_ahead(&mut self, connection: &Connection) -> rusqlite::Result<Option<Ahead>> {
        if self.ahead.is_empty() {
            let sql =
                "SELECT seq, weight, unix_ms FROM events WHERE log = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![self.id, int(self.oldest), AHEAD])?;
            while let Some(row) = rows.next()? {
                let (seq, weight, unix_ms) = (nat(row.get(0)?), nat(row.get(1)?), nat(row.get(2)?));
                self.ahead.push_back(Ahead { seq, weight, unix_ms });
            }
        }
        Ok(self.ahead.front().copied())
    }

    fn sweep(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let until = self.oldest.min(self.bottom.saturating_add(SWEEP_MOST));
        let sql = "DELETE FROM events WHERE log = ?1 AND seq < ?2";
        connection.prepare_cached(sql)?.execute(params![self.id, int(until)])?;
        self.bottom = until;
        Ok(())
    }
}

/// Limits as they are kept: two that are too large for SQLite are the same.
fn int_keep(keep: Keep) -> (i64, i64, i64) {
    (int(keep.count), int(keep.bytes), int(keep.age_ms))
}
