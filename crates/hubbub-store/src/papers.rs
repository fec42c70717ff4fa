//! Papers in the database: read by shelf or key, written all at once or not at all.

use bytes::Bytes;
use hubbub_hub::{Paper, PaperChange, PapersAnswer};
use rusqlite::{Connection, params};

use crate::rows::nat;

/// How much one owner may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PapersLimits {
    /// Papers, on all shelves together.
    pub entries: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

/// Which papers somebody wants to see.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) owner: String,
    pub(crate) shelf: &'static str,
    /// Only this one; `None` for all of the shelf.
    pub(crate) key: Option<String>,
}

/// What there is of what somebody wants to see, in the order of the keys' bytes.
pub(crate) fn look(connection: &Connection, look: &Look) -> rusqlite::Result<Vec<Paper>> {
    let Look { owner, shelf, key } = look;
    let sql = "SELECT key, value FROM papers WHERE owner = ?1 AND shelf = ?2 ORDER BY key";
    let only = "SELECT key, value FROM papers WHERE owner = ?1 AND shelf = ?2 AND key = ?3";
    let paper = |row: &rusqlite::Row<'_>| {
        Ok(Paper { shelf, key: row.get(0)?, value: Bytes::from(row.get::<_, Vec<u8>>(1)?) })
    };
    match key {
        None => connection.prepare_cached(sql)?.query_map(params![owner, shelf], paper)?.collect(),
        Some(key) => connection.prepare_cached(only)?.query_map(params![owner, shelf, key], paper)?.collect(),
    }
}

/// Writes within the transaction around it: all of `changes`, or none if the owner would have more than he may. Whoever
/// only takes away is never told that there is too much.
pub(crate) fn write(
    connection: &Connection,
    limits: PapersLimits,
    owner: &str,
    changes: &[PaperChange],
) -> rusqlite::Result<PapersAnswer> {
    connection.execute_batch("SAVEPOINT papers")?;
    for (shelf, key, value) in changes {
        put(connection, owner, shelf, key, value.as_deref())?;
    }
    let grows = changes.iter().any(|(_, _, value)| value.is_some());
    if grows && is_too_much(connection, limits, owner)? {
        connection.execute_batch("ROLLBACK TO papers; RELEASE papers")?;
        return Ok(PapersAnswer::Full);
    }
    connection.execute_batch("RELEASE papers")?;
    Ok(PapersAnswer::Kept)
}

fn put(
    connection: &Connection,
    owner: &str,
    shelf: &str,
    key: &str,
    value: Option<&[u8]>,
) -> rusqlite::Result<()> {
    let keep = "INSERT OR REPLACE INTO papers (owner, shelf, key, value) VALUES (?1, ?2, ?3, ?4)";
    let forget = "DELETE FROM papers WHERE owner = ?1 AND shelf = ?2 AND key = ?3";
    match value {
        Some(value) => connection.prepare_cached(keep)?.execute(params![owner, shelf, key, value])?,
        None => connection.prepare_cached(forget)?.execute(params![owner, shelf, key])?,
    };
    Ok(())
}

/// Counted each time: an owner has few papers, and SQLite knows how long a value is without reading it.
fn is_too_much(connection: &Connection, limits: PapersLimits, owner: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*), coalesce(sum(octet_length(key) + octet_length(value)), 0)
        FROM papers WHERE owner = ?1";
    connection.prepare_cached(sql)?.query_row(params![owner], |row| {
        Ok(nat(row.get(0)?) > limits.entries || nat(row.get(1)?) > limits.bytes)
    })
}
