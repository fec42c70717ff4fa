//! The server's own secrets: made once, by whoever comes first, and kept.

use rusqlite::{Connection, params};

/// What tokens that this server issues are signed with.
pub(crate) const SIGNING_KEY: &str = "token-signing-key";

/// The secret of this name.
pub(crate) fn get_or_make(connection: &Connection, name: &str) -> rusqlite::Result<[u8; 32]> {
    let mut fresh = [0; 32];
    aws_lc_rs::rand::fill(&mut fresh).expect("the operating system has random numbers");
    connection
        .execute("INSERT OR IGNORE INTO secrets (name, value) VALUES (?1, ?2)", params![name, fresh])?;
    connection.query_row("SELECT value FROM secrets WHERE name = ?1", params![name], |row| row.get(0))
}
