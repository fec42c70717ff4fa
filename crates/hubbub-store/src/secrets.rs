//! The server's own secrets: made once, by whoever comes first, and kept.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use crate::database;
use crate::error::StoreError;

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

/// The signing key that is kept in `dir`, for a program that looks at it beside the server. `None` if no server has begun there yet.
/// Nothing is made or changed.
///
/// # Errors
/// The database cannot be read.
pub fn kept_signing_key(dir: &Path) -> Result<Option<[u8; 32]>, StoreError> {
    let Some(connection) = database::look(dir)? else { return Ok(None) };
    let query = "SELECT value FROM secrets WHERE name = ?1";
    Ok(connection.query_row(query, [SIGNING_KEY], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_and_nothing_is_made() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("data");
        assert_eq!(kept_signing_key(&dir).unwrap(), None);
        assert!(!dir.exists());
        database::prepare(&dir).unwrap();
        assert_eq!(kept_signing_key(&dir).unwrap(), None);
        let key = get_or_make(&database::connect(&dir).unwrap(), SIGNING_KEY).unwrap();
        assert_eq!(kept_signing_key(&dir).unwrap(), Some(key));
    }

    #[test]
    fn what_is_no_database_is_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("hubbub.db"),
            "no database at all, but long enough to be taken for one",
        )
        .unwrap();
        assert!(matches!(kept_signing_key(dir.path()), Err(StoreError::Database(_))));
    }
}
