//! Logins: so many clients at a time connect, log in, say that they are there, and close the stream again; each that is gone is
//! followed by the next. A login is measured from before the connection to the client's address.

use std::collections::VecDeque;
use std::time::Duration;

use crate::args::Logins;
use crate::clock::{Clock, Nanos, nanos};
use crate::failure::{Failure, Result};
use crate::link::{self, Link};
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::pool::{Inbox, Pool};
use crate::target::{Target, source};
use crate::xmpp::login::{Login, Sasl};
use crate::xmpp::piece::{self, Piece};
use crate::xmpp::scram::Keyring;

/// What a client says once it is in.
const FAREWELL: &str = "<presence/></stream:stream>";

/// All places, each with a client on its way in or out.
struct Queue {
    meter: Meter,
    keyring: Keyring,
    sasl: Sasl,
    /// By place: the client, and when it began.
    clients: Vec<(Login, Nanos)>,
    /// Places whose client is gone.
    free: VecDeque<usize>,
    out: String,
}

impl Queue {
    /// Reads the rest of what a server says to a client that has gone; answers how much is used.
    fn gone(&mut self, link: usize, bytes: &[u8]) -> Result<usize> {
        let mut used = 0;
        while let Some((piece, length)) = piece::next(&bytes[used..]) {
            used += length;
            match piece {
                Piece::End => self.free.push_back(link),
                Piece::Element(element) if piece::is_error(element) => {
                    return Err(piece::unexpected("an error", element));
                }
                Piece::Element(_) | Piece::Frame => {}
            }
        }
        Ok(used)
    }

    fn come_in(&mut self, link: usize, bytes: &[u8]) -> Result<usize> {
        let (login, begun) = &mut self.clients[link];
        let used = login.hear(bytes, &mut self.keyring, &mut self.out)?;
        if login.is_in() {
            self.meter.record(*begun, self.meter.now());
            self.out.push_str(FAREWELL);
        }
        Ok(used)
    }
}

impl Inbox for Queue {
    fn take(&mut self, link: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize> {
        let used = if self.clients[link].0.is_in() { 0 } else { self.come_in(link, bytes)? };
        out.extend_from_slice(self.out.as_bytes());
        self.out.clear();
        let rest = if self.clients[link].0.is_in() { self.gone(link, &bytes[used..])? } else { 0 };
        Ok(used + rest)
    }

    fn settled(&self) -> bool {
        !self.free.is_empty()
    }

    fn missing(&self) -> String {
        "nobody comes in or goes".to_owned()
    }
}

/// The places, and who has come.
struct Door<'a> {
    options: &'a Logins,
    target: Target,
    run: u64,
    /// How many have come.
    come: usize,
    queue: Queue,
}

impl Door<'_> {
    /// The next client begins to come in.
    fn next(&mut self) -> Result<(Link, Login, Nanos)> {
        let n = self.come;
        self.come += 1;
        let begun = self.queue.meter.now();
        let login = Login::new(self.queue.sasl, self.target.name(), n % self.options.accounts);
        let mut link = Link::new(link::connect(self.target.address, source(self.run, n))?, Vec::new())?;
        link.send(login.header().as_bytes())?;
        Ok((link, login, begun))
    }

    /// Waits until somebody is gone and lets the next come in his place; answers how many places were taken again.
    fn turn(&mut self, pool: &mut Pool) -> Result<u64> {
        pool.settle(&mut self.queue)?;
        let mut taken = 0;
        while let Some(place) = self.queue.free.pop_front() {
            let (link, login, begun) = self.next()?;
            self.queue.clients[place] = (login, begun);
            pool.replace(place, link)?;
            taken += 1;
        }
        Ok(taken)
    }
}

/// Runs the scenario.
///
/// # Errors
/// Among others, if there are fewer accounts than places: no account logs in twice at a time.
pub(crate) fn run(options: &Logins) -> Result<Outcome> {
    let (common, clock) = (&options.common, Clock::start());
    if options.accounts < 2 * common.connections {
        return Err(Failure::Usage("each place needs two accounts at least".to_owned()));
    }
    let queue = Queue {
        meter: Meter::new(common, clock)?,
        keyring: Keyring::default(),
        sasl: options.sasl,
        clients: Vec::new(),
        free: VecDeque::new(),
        out: String::new(),
    };
    let target = Target::parse(&common.url)?;
    let mut door = Door { options, target, run: fastrand::u64(..), come: 0, queue };
    let mut pool = Pool::new(common, clock)?;
    for _ in 0..common.connections {
        let (link, login, begun) = door.next()?;
        door.queue.clients.push((login, begun));
        pool.add(link)?;
    }
    let mut warm = 0;
    while warm < options.warmup {
        warm += door.turn(&mut pool)?;
    }
    door.queue.meter.begin()?;
    let end = clock.now() + nanos(Duration::from_secs(options.seconds));
    while clock.now() < end {
        door.turn(&mut pool)?;
    }
    Outcome::of_deliveries("logins", common, door.queue.meter.finish()?, &door.queue.meter)
}
