//! One worker: what a thread of Hubbub owns, and the turn in which it does its work.
//!
//! A worker owns sessions, their seats, and the homes of its share of the rooms. Workers share nothing but immutable
//! events and mailboxes. The shell (`hubbub-net`) gives input to [`Worker::input`], runs [`Worker::turn`], and flushes the links
//! that [`Worker::take_touched`] names. Start reading at `turn`.

mod accounts;
pub mod actions;
pub mod counters;
mod directory;
mod fanout;
mod letters;
pub mod mail;
mod seats;
mod slot;
mod stewards;
mod turn;
mod veils;
mod wheel;
pub mod worker;

pub use counters::Counters;
pub use mail::{Mail, Mailbox, Post, mailboxes};
pub use slot::Slot;
pub use worker::{HookFrom, Slow, Worker, WorkerSettings};
