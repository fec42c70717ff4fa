//! `hubbub`: one server for everything real-time on the web.

mod assemble;
mod certificates;
mod cli;
mod console;
mod doctor;
mod limits;
mod peerjs;
mod self_signed;
mod serve;
mod store;
mod tracker;
mod turn;
mod user;
mod webhooks;
mod xmpp;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

/// Every exchange allocates a little; this costs half of what the system's allocator does, and gives memory back sooner.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Cli { command, serve } = Cli::parse();
    let done = match command.unwrap_or(Command::Serve(serve)) {
        Command::Serve(options) => serve::run(&options),
        Command::Check(options) => serve::check(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Init { file } => serve::init(file.as_deref()),
        Command::User { command } => user::run(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("hubbub: {why}");
            ExitCode::FAILURE
        }
    }
}
