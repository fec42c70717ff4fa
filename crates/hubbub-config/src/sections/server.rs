//! `[server]` and `[log]`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::MINUTE;
use crate::land::words;
use crate::section::Default::{Is, Unset};
use crate::section::section;
use crate::value::Kind;

section! {
    /// Where the server listens, where it keeps what must survive, what it is called.
    "server" Server {
        /// The addresses to listen on. Port 0 takes any free port; the addresses in use are printed first of all.
        /// An address beyond this machine is refused until `access.admit` says who may come in.
        listen: Vec<SocketAddr> = Is(r#"["127.0.0.1:8080"]"#), Kind::Texts("IP:PORT");
        /// The folder for durable rooms and accounts; it is made if it is missing. Without it everything is in
        /// memory and gone when the server ends, and there are no accounts.
        data: Option<PathBuf> = Unset(r#""/var/lib/hubbub""#), Kind::Text("a path");
        /// The host name in addresses: an account is `name@domain`, a guest is `name@guest.domain`.
        domain: String = Is(r#""localhost""#), Kind::Text("a host name");
        /// How many workers share the connections and the rooms. Without it, one for each core.
        workers: Option<u16> = Unset("2"), Kind::Count("workers", 1, 1024);
        /// Whether to write to all connections of a turn in one io_uring submission. Without it, or where the kernel does
        /// not allow it, there is one system call for each connection.
        io_uring: bool = Is("true"), Kind::Switch;
        /// How long connections get to end by themselves when the server is told to stop; then they are cut.
        close_grace: Duration = Is("\"5 s\""), Kind::Time(0, 10 * MINUTE);
    }
}

section! {
    /// What the server says about itself on standard error.
    "log" Logging {
        /// The least important lines that are still written.
        level: Level = Is(r#""info""#), Kind::Choice(Level::WORDS);
    }
}

words! {
    /// How important a line of the log is.
    Level {
        /// Nothing at all.
        Off = "off",
        /// What failed.
        Error = "error",
        /// And what is about to.
        Warn = "warn",
        /// And what an operator likes to know.
        Info = "info",
        /// And what a developer likes to know.
        Debug = "debug",
        /// And everything else.
        Trace = "trace",
    }
}
