//! How rooms' affairs stand, one row for each room that has any.

use bytes::Bytes;
use hubbub_hub::RoomName;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

/// Keeps a room's affairs in the place of what was kept before.
pub(crate) fn keep(connection: &Connection, room: &RoomName, affairs: &[u8]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO affairs (room, affairs) VALUES (?1, ?2)
        ON CONFLICT (room) DO UPDATE SET affairs = excluded.affairs";
    connection.prepare_cached(sql)?.execute(params![room.as_str(), affairs])?;
    Ok(())
}

/// Has all rooms forget what this address is to them, and its name there. Those that cannot be read are left alone: nobody can open such a room.
pub(crate) fn forget(connection: &Connection, address: &str) -> rusqlite::Result<()> {
    let written = Value::from(address).to_string();
    let sql = "SELECT room, affairs FROM affairs WHERE instr(affairs, ?1) > 0";
    let mut statement = connection.prepare_cached(sql)?;
    let named = statement.query_map(params![written.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let named: Vec<(String, Vec<u8>)> = named.collect::<Result<_, _>>()?;
    for (room, affairs) in named {
        let Ok(mut affairs) = serde_json::from_slice::<Value>(&affairs) else { continue };
        let mut forget = |list| {
            let all = affairs.get_mut(list).and_then(Value::as_object_mut);
            all.is_some_and(|all| all.remove(address).is_some())
        };
        if forget("affiliations") | forget("names") {
            let sql = "UPDATE affairs SET affairs = ?2 WHERE room = ?1";
            connection.execute(sql, params![room, affairs.to_string().as_bytes()])?;
        }
    }
    Ok(())
}

/// A room's affairs, if any were ever kept.
pub(crate) fn find(connection: &Connection, room: &RoomName) -> rusqlite::Result<Option<Bytes>> {
    let sql = "SELECT affairs FROM affairs WHERE room = ?1";
    let found = connection.prepare_cached(sql)?.query_row(params![room.as_str()], |row| row.get(0));
    Ok(found.optional()?.map(|bytes: Vec<u8>| bytes.into()))
}
