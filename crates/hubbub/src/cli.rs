//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// One server for everything real-time on the web: polling, long polling, Server-Sent Events, WebSocket, Socket.IO and XMPP in the same
/// rooms; calls and files between people, by signals, PeerJS, WebTorrent's tracker, STUN and TURN.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve (the same as no command at all)
    Serve(ServeOptions),
    /// Say whether the configuration is right, and if not, what to mend
    Check(ServeOptions),
    /// Look at the server from this machine: addresses, HTTP, STUN, TURN; say what is wrong and what to do
    Doctor(ServeOptions),
    /// Write a configuration with every setting explained, at its default
    Init {
        /// Where to; the standard output if absent. An existing file is left alone
        file: Option<PathBuf>,
    },
    /// Manage accounts, also beside a running server
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
}

/// What `serve`, `check` and `doctor` start from. Each goes before what the configuration says.
#[derive(Debug, Args)]
pub(crate) struct ServeOptions {
    /// The configuration file; `hubbub init` writes one
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Listen on this address and port; repeatable; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<String>,
    /// Keep durable rooms and accounts in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The domain of this server's addresses [default: localhost]
    #[arg(long, value_name = "NAME")]
    pub(crate) domain: Option<String>,
    /// Worker threads [default: one for each core]
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<u16>,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account
    Add(Account),
    /// Give an account another password
    Passwd(Account),
    /// Remove an account
    Remove {
        /// The account's name
        name: String,
        #[command(flatten)]
        data: Data,
    },
    /// List the accounts
    List {
        #[command(flatten)]
        data: Data,
    },
}

/// An account and its password.
#[derive(Debug, Args)]
pub(crate) struct Account {
    /// The account's name
    pub(crate) name: String,
    /// The password; asked for if absent, or read from the standard input if that is no terminal
    #[arg(long)]
    pub(crate) password: Option<String>,
    #[command(flatten)]
    pub(crate) data: Data,
}

/// Where the accounts are.
#[derive(Debug, Args)]
pub(crate) struct Data {
    /// The server's data folder
    #[arg(long = "data", value_name = "DIR")]
    pub(crate) dir: PathBuf,
}
