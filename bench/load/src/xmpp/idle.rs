//! Idle XMPP sessions: what each costs the server in memory and CPU. At the end each asks the server whether it is there
//! (XEP-0199), which proves that all were alive.

use std::time::Duration;

use crate::args::Sessions;
use crate::clock::Clock;
use crate::failure::{Failure, Result};
use crate::outcome::{Idling, Outcome};
use crate::pool::{Inbox, Pool};
use crate::probe::Probe;
use crate::xmpp::piece;
use crate::xmpp::session;

/// What every session asks.
const PING: &[u8] = b"<iq type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>";

/// Who has been answered.
struct Answers {
    answered: Vec<bool>,
    missing: usize,
}

impl Answers {
    fn take_one(&mut self, link: usize, stanza: &[u8]) -> Result<()> {
        if stanza.starts_with(b"<presence") {
            return Ok(());
        }
        let right = stanza.starts_with(b"<iq")
            && piece::tag_has(stanza, b"ping")
            && piece::tag_has(stanza, b"result");
        if !right || std::mem::replace(&mut self.answered[link], true) {
            return Err(piece::unexpected("not the one answer to a ping", stanza));
        }
        self.missing -= 1;
        Ok(())
    }
}

impl Inbox for Answers {
    fn take(&mut self, link: usize, bytes: &[u8], _: &mut Vec<u8>) -> Result<usize> {
        piece::elements(link, bytes, |stanza| self.take_one(link, stanza))
    }

    fn settled(&self) -> bool {
        self.missing == 0
    }

    fn missing(&self) -> String {
        format!("{} sessions have no answer", self.missing)
    }
}

/// Runs the scenario.
pub(crate) fn run(options: &Sessions) -> Result<Outcome> {
    let common = &options.common;
    let pid = common.server_pid.ok_or_else(|| Failure::Usage("sessions needs --server-pid".to_owned()))?;
    let probe = Probe::new(pid)?;
    let settle = Duration::from_secs(options.settle);
    let clock = Clock::start();
    drop(open(options, options.warmup, clock)?);
    std::thread::sleep(settle);
    let before = probe.memory()?;

    let (mut pool, mut answers) = open(options, common.connections, clock)?;
    pool.watch(&mut answers, settle)?;
    let opened = probe.memory()?;
    let cpu_before = probe.cpu()?;
    pool.watch(&mut answers, settle)?;
    let cpu = probe.cpu()? - cpu_before;

    (0..common.connections).try_for_each(|link| pool.send(link, PING))?;
    pool.settle(&mut answers)?;
    pool.watch(&mut answers, settle)?;
    let after = probe.memory()?;
    Ok(Outcome::of_idling("sessions", common, &Idling { before, opened, after, cpu, settle }))
}

/// So many sessions, of which none has asked anything.
fn open(options: &Sessions, connections: usize, clock: Clock) -> Result<(Pool, Answers)> {
    let (common, run) = (&options.common, fastrand::u64(..));
    let pool = session::open(common, &options.entrance, run, connections, clock, |_, _| Ok(()))?;
    Ok((pool, Answers { answered: vec![false; connections], missing: connections }))
}
