//! Idle XMPP sessions: what each costs the server in memory and CPU. At the end each asks the server whether it is there
//! (XEP-0199), which proves that all were alive.

use std::time::Duration;

use crate::args::Sessions;
use crate::clock::Clock;
use crate::failure::Result;
use crate::outcome::Outcome;
use crate::pool::{Inbox, Pool};
use crate::standstill::{self, Crowd};
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
    standstill::measure("sessions", &options.common, options.warmup, options.settle, |connections| {
        Clients::open(options, connections)
    })
}

/// Sessions, of which none has asked anything yet.
struct Clients {
    pool: Pool,
    answers: Answers,
}

impl Clients {
    fn open(options: &Sessions, connections: usize) -> Result<Self> {
        let (clock, run) = (Clock::start(), fastrand::u64(..));
        let pool = session::open(&options.common, &options.entrance, run, connections, clock, |_, _| Ok(()))?;
        Ok(Self { pool, answers: Answers { answered: vec![false; connections], missing: connections } })
    }
}

impl Crowd for Clients {
    fn watch(&mut self, time: Duration) -> Result<()> {
        self.pool.watch(&mut self.answers, time)
    }

    fn stir(&mut self) -> Result<()> {
        (0..self.answers.missing).try_for_each(|link| self.pool.send(link, PING))?;
        self.pool.settle(&mut self.answers)
    }
}
