//! What goes with an account: its inbox and its papers. A note stays, so that whoever has the name next begins with
//! nothing, and so that a running server hears of what the command line does beside it.

use hubbub_hub::RoomName;
use rusqlite::{Connection, OptionalExtension, params};

use crate::affairs;
use crate::rows::nat;

/// Nothing that the server issues holds for longer, in seconds: the most that `token.lifetime` may be, and `token.leeway`.
const ISSUED_S: u32 = 366 * 86_400;

/// Takes away all that is kept under this name, and notes it.
pub(crate) fn clear(connection: &Connection, user: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM papers WHERE owner = ?1", params![user])?;
    let epoch = clear_log(connection, &RoomName::inbox_of(user))?;
    let sql = "INSERT INTO removed (user, epoch, number, unix_s)
        VALUES (?1, ?2, (SELECT coalesce(max(number), 0) + 1 FROM removed), unixepoch())
        ON CONFLICT (user) DO UPDATE SET
            epoch = max(epoch, excluded.epoch), number = excluded.number, unix_s = excluded.unix_s, swept = 0";
    connection.execute(sql, params![user, epoch])?;
    Ok(())
}

/// Deletes the log, and says which epoch it had; 0 if there is none.
fn clear_log(connection: &Connection, room: &RoomName) -> rusqlite::Result<u32> {
    let sql = "SELECT id, epoch FROM logs WHERE room = ?1";
    let log = connection.query_row(sql, params![room.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((id, epoch)): Option<(i64, u32)> = log.optional()? else { return Ok(0) };
    connection.execute("DELETE FROM events WHERE log = ?1", params![id])?;
    connection.execute("DELETE FROM logs WHERE id = ?1", params![id])?;
    Ok(epoch)
}

/// Before an account of this name is made: if there was one, takes away what has gathered since, written by sessions that
/// outlived it.
pub(crate) fn clear_again(connection: &Connection, user: &str) -> rusqlite::Result<()> {
    let sql = "SELECT EXISTS (SELECT 1 FROM removed WHERE user = ?1)";
    if connection.query_row(sql, params![user], |row| row.get(0))? {
        clear(connection, user)?;
    }
    Ok(())
}

/// The epoch for a new log: `wanted`, or the next one that no earlier inbox of this name had.
pub(crate) fn epoch(connection: &Connection, room: &RoomName, wanted: u32) -> rusqlite::Result<u32> {
    let Some(user) = room.inbox_owner() else { return Ok(wanted) };
    let mut statement = connection.prepare_cached("SELECT epoch FROM removed WHERE user = ?1")?;
    let last: Option<u32> = statement.query_row(params![user], |row| row.get(0)).optional()?;
    Ok(match last {
        Some(last) if wanted <= last => last.wrapping_add(1),
        _ => wanted,
    })
}

/// Has rooms' affairs forget those who were removed since the last time. `domain` is that of their addresses, which only the server
/// knows: what the command line removes beside it is swept when the server hears of it, or begins.
pub(crate) fn sweep(connection: &Connection, domain: &str) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("SELECT user FROM removed WHERE swept = 0 ORDER BY number")?;
    let users = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    for user in &users {
        affairs::forget(connection, &format!("{user}@{domain}"))?;
    }
    if !users.is_empty() {
        connection.execute("UPDATE removed SET swept = 1 WHERE swept = 0", [])?;
    }
    Ok(())
}

/// Who was removed, and when (seconds since 1970): the last time that may still matter to what was issued to him.
pub(crate) fn lately(connection: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let sql = "SELECT user, unix_s FROM removed WHERE unix_s > unixepoch() - ?1";
    let mut statement = connection.prepare(sql)?;
    let one = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, nat(row.get(1)?)));
    statement.query_map(params![ISSUED_S], one)?.collect()
}

/// The newest removal's number; 0 if there was none.
pub(crate) fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(number), 0) FROM removed", [], |row| row.get(0))
}

/// The inboxes that went after that removal, in order.
pub(crate) fn since(connection: &Connection, number: i64) -> rusqlite::Result<Vec<RoomName>> {
    let mut statement =
        connection.prepare_cached("SELECT user FROM removed WHERE number > ?1 ORDER BY number")?;
    let inbox = |row: &rusqlite::Row<'_>| Ok(RoomName::inbox_of(&row.get::<_, String>(0)?));
    statement.query_map(params![number], inbox)?.collect()
}
