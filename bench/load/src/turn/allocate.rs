//! Clients that come, get an allocation and end it: each asks without credentials, with them, and for the end. Another client
//! takes its place at once.

use std::net::SocketAddrV4;
use std::time::Duration;

use crate::args::Allocate;
use crate::clock::{Clock, Nanos};
use crate::failure::{Failure, Result};
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::turn::dialog::{Dialog, Goal, User};
use crate::turn::ends::{Ear, Ends};
use crate::turn::opening::{self, ask, ask_again};
use crate::turn::piece::{Piece, unexpected};
use crate::turn::post::{ADDRESSES, Post, Transport};

/// How many clients share a socket.
const GROUP: usize = 16;
/// One request in so many may have to be sent again.
const LOSSES: u64 = 1000;

/// A client that is there.
struct Place {
    /// Its number.
    n: usize,
    dialog: Dialog,
    begun: Nanos,
}

/// All that are there.
struct Places {
    secret: String,
    places: Vec<Place>,
    meter: Meter,
    gone: u64,
    again: u64,
    /// How many must have gone until the warm-up is over.
    wanted: u64,
    /// Whether others take the places of those who go.
    going: bool,
}

impl Places {
    /// Client `n` comes, who is the user that goes with his place.
    fn come(&self, n: usize, now: Nanos, post: &mut Post) -> Place {
        let user = User::mint(&self.secret, n % post.plan().clients);
        let mut dialog = Dialog::new(user, Goal::End);
        ask(&mut dialog, n, now, post);
        Place { n, dialog, begun: now }
    }

    /// Numbers go round before two clients would have one address.
    fn after(&self, n: usize) -> usize {
        let count = self.places.len();
        (n + count) % (ADDRESSES - ADDRESSES % count)
    }
}

impl Ear for Places {
    fn client(&mut self, n: usize, piece: Piece<'_>, now: Nanos, post: &mut Post) -> Result<()> {
        let Piece::Message(message) = piece else {
            return Err(Failure::Protocol("data of a channel that nobody has".to_owned()));
        };
        let number = n % self.places.len();
        let place = &mut self.places[number];
        if !place.dialog.hear(message)? {
            return Ok(());
        }
        if place.n != n {
            return Err(unexpected("for a client who is gone", message));
        }
        if !place.dialog.is_done() {
            ask(&mut place.dialog, n, now, post);
            return Ok(());
        }
        self.meter.record(place.begun, now);
        self.gone += 1;
        if self.going {
            self.places[number] = self.come(self.after(n), now, post);
        }
        Ok(())
    }

    fn peer(&mut self, _: usize, from: SocketAddrV4, bytes: &[u8], _: Nanos, _: &mut Post) -> Result<()> {
        Err(unexpected(&format!("from {from}, which nobody has sent"), bytes))
    }

    fn tick(&mut self, now: Nanos, post: &mut Post) -> Result<()> {
        for place in &mut self.places {
            self.again += u64::from(ask_again(&mut place.dialog, place.n, now, post));
        }
        Ok(())
    }

    fn settled(&self) -> bool {
        if self.going {
            self.gone >= self.wanted
        } else {
            self.places.iter().all(|place| place.dialog.is_done())
        }
    }

    fn missing(&self) -> String {
        format!("{} clients have come and gone", self.gone)
    }
}

/// Runs the scenario.
pub(crate) fn run(options: &Allocate) -> Result<Outcome> {
    let (common, clock) = (&options.common, Clock::start());
    let plan = opening::plan(common, Transport::Udp, common.connections, GROUP, fastrand::u64(..))?;
    let mut ends = Ends::open(common, plan, clock)?;
    let mut places = Places {
        secret: options.entrance.secret.clone(),
        places: Vec::with_capacity(common.connections),
        meter: Meter::new(common, clock)?,
        gone: 0,
        again: 0,
        wanted: options.warmup,
        going: true,
    };
    for n in 0..common.connections {
        let place = places.come(n, ends.now(), &mut ends.post);
        places.places.push(place);
    }
    ends.settle(&mut places)?;
    (places.gone, places.again) = (0, 0);
    places.meter.begin()?;
    ends.watch(&mut places, Duration::from_secs(options.seconds))?;
    let mut measured = places.meter.finish()?;
    places.going = false;
    ends.settle(&mut places)?;
    // Each client asks three times.
    if places.again * LOSSES > places.gone * 3 {
        return Err(Failure::Lossy { lost: places.again, sent: places.gone * 3 });
    }
    measured.lost = Some(places.again);
    Outcome::of_deliveries("turn-allocate", common, measured, &places.meter)
}
