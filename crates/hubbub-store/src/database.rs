//! The file: who may read it, how it is opened, which schema it has.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::StoreError;
use crate::rows::int;

/// The one file, beside it SQLite's own `-wal` and `-shm`, which take its permissions.
const FILE: &str = "hubbub.db";

/// Held by the one server that writes logs. The command line does not take it.
const LOCK: &str = "hubbub.lock";

/// How long one connection waits for another's transaction before it gives up.
const BUSY: Duration = Duration::from_secs(10);

/// `user_version` counts how many of these have run. Never change one that was released: add another.
const MIGRATIONS: [&str; 7] = [
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
    include_str!("schema-6.sql"),
    include_str!("schema-7.sql"),
];

/// Makes the directory and the file where they are missing, and brings the schema up to date.
pub(crate) fn prepare(dir: &Path) -> Result<(), StoreError> {
    let file_error = |path: &Path| {
        let path = path.to_owned();
        move |cause| StoreError::File { path, cause }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(file_error(dir))?;
    let path = dir.join(FILE);
    private_file(&path).map_err(file_error(&path))?;
    migrate(&mut connect(dir)?)
}

/// Holds the directory for one server as long as the file is open, also against a crash: the kernel lets go of it.
pub(crate) fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(LOCK);
    let file = private_file(&path).map_err(|cause| StoreError::File { path: path.clone(), cause })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(dir.to_owned())),
        Err(std::fs::TryLockError::Error(cause)) => Err(StoreError::File { path, cause }),
    }
}

/// Opens the file, or makes it readable for its owner alone.
fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// A connection that waits for others and whose commits are on disk when they return.
pub(crate) fn connect(dir: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(dir.join(FILE))?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    sync(&connection, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// A connection that changes nothing. `None` if there is no database.
pub(crate) fn look(dir: &Path) -> Result<Option<Connection>, StoreError> {
    let path = dir.join(FILE);
    let is_there = path.try_exists().map_err(|cause| StoreError::File { path: path.clone(), cause })?;
    if !is_there {
        return Ok(None);
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY)?;
    Ok(Some(connection))
}

/// A database of the same schema that is nowhere but in memory, and takes about `bytes` of it at most.
pub(crate) fn in_memory(bytes: usize) -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    migrate(&mut connection)?;
    connection.pragma_update(None, "max_page_count", int(bytes as u64) / page)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Whether a commit waits for the disk (`FULL`), or only for the operating system (`NORMAL`: what was acknowledged
/// survives a crash of the process, but the last moments may be lost with the machine's power).
pub(crate) fn sync(connection: &Connection, full: bool) -> Result<(), StoreError> {
    connection.pragma_update(None, "synchronous", if full { "full" } else { "normal" })?;
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).expect("there are few migrations");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for script in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_can_read_what_is_made() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("data");
        prepare(&dir).unwrap();
        let connection = connect(&dir).unwrap();
        connection.execute("INSERT INTO secrets VALUES ('x', x'00')", []).unwrap();
        assert_eq!(mode(&dir), 0o700);
        for file in ["hubbub.db", "hubbub.db-wal", "hubbub.db-shm"] {
            assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn a_newer_schema_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path()).unwrap();
        connect(dir.path()).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = prepare(dir.path()).unwrap_err();
        let newest = MIGRATIONS.len() as i64;
        assert!(matches!(error, StoreError::Newer { found: 99, known } if known == newest), "{error}");
        let left: i64 =
            connect(dir.path()).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(left, 99);
    }

    /// A directory as a version that knew only the first `known` scripts left it.
    fn left_by_version(known: usize, rows: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let connection = Connection::open(dir.path().join(FILE)).unwrap();
        MIGRATIONS[..known].iter().for_each(|script| connection.execute_batch(script).unwrap());
        connection.execute_batch(rows).unwrap();
        connection.pragma_update(None, "user_version", known as i64).unwrap();
        dir
    }

    #[test]
    fn an_older_database_is_brought_up_to_date_with_all_that_is_in_it() {
        let rows = "INSERT INTO accounts VALUES ('alice', 'Alice');
            INSERT INTO verifiers VALUES ('alice', 'SCRAM-SHA-1', x'01', 4096, x'02', x'03');
            INSERT INTO logs VALUES (1, 'lobby', 77, 1, 1, 9, 10, 10, 10);
            INSERT INTO events (log, seq, id, unix_ms, weight, user, name, event, kind, content)
                VALUES (1, 1, x'04', 5, 9, 'ann@localhost', 'Ann', 'message', 0, x'68');";
        let dir = left_by_version(1, rows);
        prepare(dir.path()).unwrap();
        let connection = connect(dir.path()).unwrap();
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        for table in ["accounts", "verifiers", "logs", "events"] {
            assert_eq!(count(&format!("SELECT count(*) FROM {table}")), 1, "{table}");
        }
        connection.execute("INSERT INTO papers VALUES ('alice', 'card', 'main', x'05')", []).unwrap();
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, MIGRATIONS.len() as i64);
        prepare(dir.path()).unwrap();
        assert_eq!(count("SELECT count(*) FROM papers"), 1, "once is enough");
    }

    #[test]
    fn messages_of_older_inboxes_are_found_by_whom_they_are_from() {
        let rows = "INSERT INTO logs VALUES (1, '@ann', 77, 1, 1, 9, 10, 10, 10), (2, 'lobby', 78, 1, 1, 9, 10, 10, 10);
            INSERT INTO events (log, seq, id, unix_ms, weight, user, name, event, kind, content)
                VALUES (1, 1, x'04', 5, 9, 'bo@localhost', 'Bo', 'message', 0, x'68'),
                    (2, 1, x'04', 5, 9, 'bo@localhost', 'Bo', 'message', 0, x'68');";
        let dir = left_by_version(5, rows);
        prepare(dir.path()).unwrap();
        let connection = connect(dir.path()).unwrap();
        let peer = |log: i64| {
            let sql = "SELECT peer FROM events WHERE log = ?1";
            connection.query_row(sql, [log], |row| row.get::<_, Option<String>>(0)).unwrap()
        };
        assert_eq!((peer(1).as_deref(), peer(2)), (Some("bo@localhost"), None));
    }

    #[test]
    fn in_memory_there_is_the_same_schema_and_an_end() {
        let connection = in_memory(1 << 18).unwrap();
        let sql = "INSERT INTO papers VALUES ('alice', 'card', ?1, zeroblob(50000))";
        let kept = (0..100).take_while(|n| connection.execute(sql, [n.to_string()]).is_ok()).count();
        assert!((2..6).contains(&kept), "{kept} of 50 kB in 256 KiB");
        connection.execute("DELETE FROM papers", []).unwrap();
        connection.execute(sql, ["again"]).unwrap();
    }

    #[test]
    fn messages_of_the_first_version_have_nothing_beside_their_content() {
        let dir = tempfile::tempdir().unwrap();
        let connection = connect(dir.path()).unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let row = "INSERT INTO events VALUES
            (1, 1, x'00', 5, 165, 'ann@localhost', 'Ann', 'message', 0, NULL, x'6869')";
        connection.execute(row, []).unwrap();
        drop(connection);
        prepare(dir.path()).unwrap();
        let sql = "SELECT name || CAST(content AS TEXT) || (carried IS NULL) FROM events";
        let read: String = connect(dir.path()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(read, "Annhi1");
    }

    #[test]
    fn one_server_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path()).unwrap();
        assert!(matches!(lock(dir.path()), Err(StoreError::InUse(_))));
        drop(held);
        lock(dir.path()).unwrap();
    }
}
