//! Durable logs, accounts and papers, in one SQLite file.
//!
//! A worker never waits for a disk: it hands a [`hubbub_hub::LogAsk`] to the [`StoreHandle`] and later gets an
//! [`Answer`]. Three threads stand behind the handle, each with its own connection:
//!
//! - **store-writer** takes all that has been asked meanwhile into one transaction and answers when it is on disk
//!   (group commit): see `writer`;
//! - **store-reader** looks up older messages, papers and verifiers among what is committed: see `reader`;
//! - **passwords** checks passwords and makes verifiers of them, which is slow on purpose: see `passwords`.
//!
//! What sessions ask waits in lines with an end ([`Busy`]); what homes ask they bound themselves. A server without a data
//! directory keeps papers in [`MemoryPapers`].
//!
//! The command line changes accounts beside a running server with [`Accounts`].

mod accounts;
mod affairs;
mod database;
mod error;
mod line;
mod log;
mod lookup;
mod memory;
mod papers;
mod passwords;
mod reader;
mod removal;
mod rows;
mod scram;
mod secrets;
mod store;
mod trouble;
mod writer;

pub use accounts::{Account, Accounts};
pub use error::{AccountError, StoreError};
pub use line::Busy;
pub use memory::MemoryPapers;
pub use papers::PapersLimits;
pub use scram::{DEFAULT_ITERATIONS, MAX_PASSWORD_BYTES, Mechanism, Verifier};
pub use secrets::kept_signing_key;
pub use store::{Answer, Store, StoreHandle, StoreSettings};
