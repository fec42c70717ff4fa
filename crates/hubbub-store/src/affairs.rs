//! How rooms' affairs stand, one row for each room that has any.

use bytes::Bytes;
use hubbub_hub::RoomName;
use rusqlite::{Connection, OptionalExtension, params};

/// Keeps a room's affairs in the place of what was kept before.
pub(crate) fn keep(connection: &Connection, room: &RoomName, affairs: &[u8]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO affairs (room, affairs) VALUES (?1, ?2)
        ON CONFLICT (room) DO UPDATE SET affairs = excluded.affairs";
    connection.prepare_cached(sql)?.execute(params![room.as_str(), affairs])?;
    Ok(())
}

/// A room's affairs, if any were ever kept.
pub(crate) fn find(connection: &Connection, room: &RoomName) -> rusqlite::Result<Option<Bytes>> {
    let sql = "SELECT affairs FROM affairs WHERE room = ?1";
    let found = connection.prepare_cached(sql)?.query_row(params![room.as_str()], |row| row.get(0));
    Ok(found.optional()?.map(|bytes: Vec<u8>| bytes.into()))
}
