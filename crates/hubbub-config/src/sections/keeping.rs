//! `[history]`, `[store]` and `[presence]`: what is kept, and how.

use std::time::Duration;

use super::{DAY, GIB, KIB, MIB};
use crate::section::Default::Is;
use crate::section::section;
use crate::value::Kind;

section! {
    /// How history is held in memory and handed out. How much of it there is, is said room by room in `[[room]]`.
    "history" History {
        /// Most messages of a durable room that are also held in memory; older ones are read from disk.
        tail_count: u32 = Is("1000"), Kind::Count("messages", 1, 1_000_000);
        /// Most bytes of them.
        tail_bytes: usize = Is("\"1 MiB\""), Kind::Bytes(KIB, GIB);
        /// About how many bytes of history are handed over at a time; a longer history comes in several such pages.
        page_bytes: usize = Is("\"256 KiB\""), Kind::Bytes(KIB, 64 * MIB);
        /// How long an `Idempotency-Key` is known; a retry within it gets the first answer again.
        idempotency_window: Duration = Is("\"5 min\""), Kind::Time(1, DAY);
        /// Most keys known in one room; the oldest are forgotten first.
        idempotency_keys: usize = Is("10000"), Kind::Count("keys", 1, 10_000_000);
    }
}

section! {
    /// The disk, used when `server.data` is set, and what stands for it otherwise.
    "store" Store {
        /// Whether a message is on disk before it is acknowledged (SQLite's `synchronous = full`). Without it, a crash of
        /// the server still loses nothing, but a power cut may lose what was acknowledged last.
        sync: bool = Is("true"), Kind::Switch;
        /// Most messages written in one transaction.
        batch: usize = Is("1024"), Kind::Count("messages", 1, 1 << 20);
        /// Rounds of PBKDF2 for new passwords (SCRAM, RFC 5802 §5.1). More are slower to check and to guess.
        password_iterations: u32 = Is("10000"), Kind::Count("rounds", 4096, 10_000_000);
        /// Most passwords that wait to be checked or set; further ones get `429 too-many`.
        password_queue: usize = Is("64"), Kind::Count("passwords", 1, 100_000);
        /// Most verifiers (what is kept instead of a password) and accounts that wait to be looked up or removed.
        verifier_queue: usize = Is("4096"), Kind::Count("verifiers", 1, 1 << 20);
        /// Most papers of one owner: contacts, his card, whom he blocks and the like, each one paper.
        papers: u64 = Is("2000"), Kind::Count("papers", 1, 1_000_000);
        /// Most bytes of them.
        papers_bytes: u64 = Is("\"1 MiB\""), Kind::Bytes(KIB, GIB);
        /// Most bytes of papers that wait to be read or written, with 256 for each question.
        papers_queue: usize = Is("\"16 MiB\""), Kind::Bytes(KIB, GIB);
        /// Most bytes that all papers together take in memory where `server.data` is not set: there they are gone with the
        /// process.
        papers_memory: usize = Is("\"64 MiB\""), Kind::Bytes(MIB, 64 * GIB);
    }
}

section! {
    /// Who is there.
    "presence" Presence {
        /// A room with more people than this tells how many, not who.
        list_max: usize = Is("250"), Kind::Count("people", 0, 100_000);
    }
}
