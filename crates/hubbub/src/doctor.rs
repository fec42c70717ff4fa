//! `hubbub doctor`: what the server believes about its addresses, whether it answers there in every way that clients use, and what to
//! change. It needs nothing but this machine.

mod addresses;
mod candidates;
mod client;
mod handed_out;
mod http;
mod limits;
mod link;
mod message;
mod place;
mod relaying;
mod report;
mod serving;
mod site;
mod stun;
mod trust;

use std::error::Error;

use hubbub_hub::Now;
use hubbub_net::Clock;

use crate::cli::ServeOptions;
use crate::serve;

use report::{Finding, Report};
use site::{Site, Turn};
use trust::Caller;

/// Looks at everything, and says it as it goes.
///
/// # Errors
/// The configuration is wrong, or something was found that is.
pub(crate) fn run(options: &ServeOptions) -> Result<(), Box<dyn Error>> {
    let config = serve::read(options)?;
    config.admitted()?;
    let turn = Turn::of(&config)?;
    let site = Site::new(config, turn);
    let mut report = Report::to_stdout();
    examine(&site, Clock::start().now(), &mut report)?;
    match report.end()? {
        0 => Ok(()),
        wrong => Err(format!("{wrong} of these checks found something wrong").into()),
    }
}

fn examine(site: &Site, now: Now, report: &mut Report<std::io::Stdout>) -> std::io::Result<()> {
    let caller = Caller::new(site.host());
    report.section("Addresses", &addresses::check(site))?;
    let (serving, runs) = serving::check(site, &caller, now);
    report.section("Server", &serving)?;
    match &site.turn {
        None => report.section("STUN and TURN", &[turned_off()])?,
        Some(_) if runs.is_empty() => report.section("STUN and TURN", &[not_tried()])?,
        Some(turn) => {
            let (bindings, answering) = stun::check(site, &runs, &caller);
            report.section("STUN", &bindings)?;
            report.section("TURN", &relaying::check(turn, &answering, &caller, now))?;
        }
    }
    if let Some(turn) = &site.turn {
        report.section("What clients are told", &handed_out::check(site, turn, &runs))?;
    }
    if let Some(found) = candidates::check(&site.config) {
        report.section("Where only relayed candidates pass", &[found])?;
    }
    report.section("Limits and secrets", &limits::check(site))
}

fn turned_off() -> Finding {
    let advice = "to help clients of calls to reach each other, write `[turn]` and below it `enabled = true` (docs/turn.md)";
    Finding::note("turn.enabled", "false: this server answers neither", advice)
}

fn not_tried() -> Finding {
    Finding::note("STUN, TURN", "not tried: the server does not run", "start it, then ask the doctor again")
}
