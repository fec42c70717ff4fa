//! What can go wrong, said so that the operator knows what to do.

use std::path::PathBuf;

use hubbub_hub::address::NameError;

/// Why the store cannot be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data directory or a file in it cannot be made or opened.
    #[error("cannot use {path}: {cause}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Another server has the directory.
    #[error("{0} is in use by another server: stop it, or choose another data directory")]
    InUse(PathBuf),
    /// The file was written by a newer Hubbub.
    #[error(
        "the database has schema {found}, this version knows up to {known}: use the newer Hubbub that wrote it"
    )]
    Newer {
        /// The schema in the file.
        found: i64,
        /// The newest that this version knows.
        known: i64,
    },
    /// SQLite says no.
    #[error("the database failed: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Why an account was not added, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name cannot be an address.
    #[error("{0}")]
    Name(#[from] NameError),
    /// Empty, too long, or with characters that RFC 4013 prohibits.
    #[error("a password has 1 to 1024 bytes and no control characters")]
    Password,
    /// There is one of this name (names differ by more than case).
    #[error("there is an account {0} already")]
    Exists(String),
    /// There is none.
    #[error("there is no account {0}")]
    Unknown(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for AccountError {
    fn from(cause: rusqlite::Error) -> Self {
        Self::Store(cause.into())
    }
}
