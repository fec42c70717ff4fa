//! Durable logs and accounts, in one SQLite file.
//!
//! A worker never waits for a disk: it hands a [`hubbub_hub::LogAsk`] to the [`StoreHandle`] and later gets an
//! [`Answer`]. Three threads stand behind the handle, each with its own connection:
//!
//! - **store-writer** takes all that has been asked meanwhile into one transaction and answers when it is on disk
//!   (group commit): see `writer`;
//! - **store-reader** looks up older messages among what is committed: see `reader`;
//! - **passwords** checks passwords, which is slow on purpose: see `passwords`.
//!
//! The command line changes accounts beside a running server with [`Accounts`].

mod accounts;
mod database;
mod error;
mod log;
mod passwords;
mod reader;
mod rows;
mod scram;
mod secrets;
mod store;
mod trouble;
mod writer;

pub use accounts::{Account, Accounts};
pub use error::{AccountError, StoreError};
pub use passwords::Busy;
pub use scram::{DEFAULT_ITERATIONS, MAX_PASSWORD_BYTES, Mechanism, Verifier};
pub use store::{Answer, Store, StoreHandle, StoreSettings};
