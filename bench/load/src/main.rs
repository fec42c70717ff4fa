//! `hubbub-load`: drives one server with many connections from one thread, checks that every subscriber gets every
//! message exactly once and in order, and says what that cost the server in CPU and memory.
//!
//! The map: `args` is the command line; one file per scenario (`fanout`, `echo`, `idle`, `longpoll`, `polling`); `check`
//! decides whether deliveries are right, `stamp` is what a message looks like; `pool` and `link` move bytes, `ws`, `frame` and
//! `reply` read them; `speech` and `socketio` are what WebSockets carry; `xmpp` is all of XMPP, `turn` all of TURN and
//! `tracker` all of WebTorrent's trackers, with scenarios of their own; `probe` looks at the server's process, `standstill`
//! at what idle connections cost it; `outcome` is what is printed.

mod args;
mod check;
mod clock;
mod echo;
mod failure;
mod fanout;
mod frame;
mod idle;
mod link;
mod longpoll;
mod meter;
mod outcome;
mod polling;
mod pool;
mod probe;
mod reply;
mod socketio;
mod speech;
mod stamp;
mod standstill;
mod target;
mod tracker;
mod turn;
mod ws;
mod xmpp;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Scenario};

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.scenario {
        Scenario::Fanout(options) => fanout::run(options),
        Scenario::Echo(options) => echo::run(options),
        Scenario::Idle(options) => idle::run(options),
        Scenario::Longpoll(options) => longpoll::run(options),
        Scenario::Polling(options) => polling::run(options),
        Scenario::Sessions(options) => xmpp::idle::run(options),
        Scenario::Logins(options) => xmpp::logins::run(options),
        Scenario::Chat(options) => xmpp::chat::run(options),
        Scenario::Page(options) => xmpp::page::run(options),
        Scenario::Turn(options) => turn::traffic::run(options),
        Scenario::TurnIdle(options) => turn::idle::run(options),
        Scenario::TurnAllocate(options) => turn::allocate::run(options),
        Scenario::TrackerAnnounce(options) => tracker::announce::run(options),
        Scenario::TrackerIdle(options) => tracker::idle::run(options),
    };
    match result {
        Ok(outcome) => {
            println!("{}", if args.json { outcome.to_json() } else { outcome.to_text() });
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("hubbub-load: FAILED: {failure}");
            ExitCode::FAILURE
        }
    }
}
