//! Opening allocations, so many at a time, with what packets need to pass: a permission and a channel for each. And ending them.

use std::net::SocketAddrV4;

use clap::Args as ClapArgs;

use crate::args::Common;
use crate::clock::{Clock, Nanos};
use crate::failure::{Failure, Result};
use crate::target::Target;
use crate::turn::datagrams::Card;
use crate::turn::dialog::{Dialog, Goal, User};
use crate::turn::ends::{Ear, Ends};
use crate::turn::piece::{CHANNELS, Piece, unexpected};
use crate::turn::post::{Plan, Post, Transport};

/// How many are opened at a time.
const AT_ONCE: usize = 16;
/// After which time a request is sent again (RFC 8489 §6.2.1).
const AGAIN: Nanos = 500_000_000;

/// How clients of TURN come in.
#[derive(ClapArgs)]
pub(crate) struct Entrance {
    /// What time-limited credentials are made with.
    #[arg(long)]
    pub(crate) secret: String,
}

/// So many clients of the server that the command line names.
pub(crate) fn plan(
    common: &Common,
    transport: Transport,
    clients: usize,
    group: usize,
    run: u64,
) -> Result<Plan> {
    if clients == 0 {
        return Err(Failure::Usage("at least one allocation is needed".to_owned()));
    }
    let server = Target::parse(&common.url)?.address;
    Ok(Plan { transport, card: Card::Plain, server, clients, group, run })
}

/// An allocation as traffic needs it.
pub(crate) struct Allocation {
    /// The number of its channel.
    pub(crate) channel: u16,
    /// Its relayed address.
    pub(crate) relay: SocketAddrV4,
}

/// Opens all sockets and one allocation for each client, with a channel to its peer.
pub(crate) fn open(
    common: &Common,
    entrance: &Entrance,
    plan: Plan,
    clock: Clock,
) -> Result<(Ends, Opening)> {
    let mut ends = Ends::open(common, plan, clock)?;
    let dialog = |n| {
        let goal = Goal::Channel(ends.peer(n)?, channel(n));
        Ok(Dialog::new(User::mint(&entrance.secret, n), goal))
    };
    let dialogs = (0..ends.post.plan().clients).map(dialog).collect::<Result<_>>()?;
    let mut opening = Opening { dialogs, begun: 0, done: 0 };
    opening.run(&mut ends)?;
    Ok((ends, opening))
}

/// The number of client `n`'s channel: not the same for neighbours, so that a mistake shows.
fn channel(n: usize) -> u16 {
    CHANNELS.start() + (n % CHANNELS.len()) as u16
}

/// Allocations that are being opened, or ended.
pub(crate) struct Opening {
    dialogs: Vec<Dialog>,
    begun: usize,
    done: usize,
}

impl Opening {
    /// All allocations.
    pub(crate) fn allocations(&self) -> Result<Vec<Allocation>> {
        let allocation =
            |(n, dialog): (usize, &Dialog)| Ok(Allocation { channel: channel(n), relay: dialog.relay()? });
        self.dialogs.iter().enumerate().map(allocation).collect()
    }

    /// Ends them.
    pub(crate) fn end(&mut self, ends: &mut Ends) -> Result<()> {
        self.dialogs.iter_mut().for_each(Dialog::end);
        self.run(ends)
    }

    fn run(&mut self, ends: &mut Ends) -> Result<()> {
        (self.begun, self.done) = (0, 0);
        for _ in 0..AT_ONCE {
            self.begin(ends.now(), &mut ends.post);
        }
        ends.settle(self)
    }

    /// Has the next client ask, if there is one.
    fn begin(&mut self, now: Nanos, post: &mut Post) {
        if self.begun < self.dialogs.len() {
            self.ask(self.begun, now, post);
            self.begun += 1;
        }
    }

    fn ask(&mut self, n: usize, now: Nanos, post: &mut Post) {
        ask(&mut self.dialogs[n], n, now, post);
    }
}

/// Sends what client `n` asks.
pub(crate) fn ask(dialog: &mut Dialog, n: usize, now: Nanos, post: &mut Post) {
    dialog.asked = now;
    post.for_server(n, |bytes| bytes.extend_from_slice(dialog.request()));
}

/// Sends it once more if it was not answered in time. What TCP carries is not lost.
pub(crate) fn ask_again(dialog: &mut Dialog, n: usize, now: Nanos, post: &mut Post) -> bool {
    let late = post.plan().transport == Transport::Udp && !dialog.is_done() && now >= dialog.asked + AGAIN;
    if late {
        ask(dialog, n, now, post);
    }
    late
}

impl Ear for Opening {
    fn client(&mut self, n: usize, piece: Piece<'_>, now: Nanos, post: &mut Post) -> Result<()> {
        let Piece::Message(message) = piece else {
            return Err(Failure::Protocol("data of a channel that nobody has sent".to_owned()));
        };
        let dialog = self.dialogs.get_mut(n).ok_or_else(|| unexpected("for nobody", message))?;
        if !dialog.hear(message)? {
            return Ok(());
        }
        if !dialog.is_done() {
            self.ask(n, now, post);
            return Ok(());
        }
        self.done += 1;
        self.begin(now, post);
        Ok(())
    }

    fn peer(&mut self, _: usize, from: SocketAddrV4, bytes: &[u8], _: Nanos, _: &mut Post) -> Result<()> {
        Err(unexpected(&format!("from {from}, which nobody has sent"), bytes))
    }

    fn tick(&mut self, now: Nanos, post: &mut Post) -> Result<()> {
        for (n, dialog) in self.dialogs[..self.begun].iter_mut().enumerate() {
            ask_again(dialog, n, now, post);
        }
        Ok(())
    }

    fn settled(&self) -> bool {
        self.done == self.dialogs.len()
    }

    fn missing(&self) -> String {
        format!("{} of {} allocations are not done", self.dialogs.len() - self.done, self.dialogs.len())
    }
}
