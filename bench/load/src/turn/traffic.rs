//! Packets through allocations, to and fro: a peer answers each with one of its own, and a client that with the next. So as many
//! go one way as the other, whatever a server would rather do first.

use std::net::SocketAddrV4;
use std::time::Duration;

use crate::args::{Common, Relay};
use crate::check::{AFTERMATH, Fault};
use crate::clock::{Clock, Nanos};
use crate::failure::{Failure, Result};
use crate::meter::Meter;
use crate::outcome::{Measured, Outcome};
use crate::turn::datagrams::BATCH;
use crate::turn::ends::{Ear, Ends};
use crate::turn::flow::{Arrival, Flow};
use crate::turn::opening::{self, Allocation};
use crate::turn::packet::Packets;
use crate::turn::piece::{self, Piece, unexpected};
use crate::turn::post::{Plan, Post};
use crate::turn::stun::Answer;

/// For so long nothing must come of a flow until what is under way counts as lost.
const PAUSE: Nanos = 1_000_000_000;
/// One in so many packets may be lost.
const LOSSES: u64 = 1000;
/// The largest packets, which fit into an Ethernet frame with what TURN and IP put before them.
const LARGEST: u32 = 1400;

/// The two ways through an allocation. The number of a flow is twice that of its allocation, and this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// From the client to its peer.
    Up,
    /// From the peer to its client.
    Down,
}

/// All flows through all allocations.
pub(crate) struct Traffic {
    packets: Packets,
    allocations: Vec<Allocation>,
    flows: Vec<Flow>,
    /// Latency and cost.
    meter: Meter,
    /// Whether a client says more when it is answered. Peers always answer.
    going: bool,
    sent: u64,
    lost: u64,
}

impl Traffic {
    /// Through these allocations, with at most `window` packets under way in each.
    pub(crate) fn new(
        common: &Common,
        allocations: Vec<Allocation>,
        window: usize,
        run: u64,
        clock: Clock,
    ) -> Result<Self> {
        if common.size > LARGEST {
            return Err(Failure::Usage(format!("a packet of {} bytes: at most {LARGEST} fit", common.size)));
        }
        Ok(Self {
            packets: Packets::new(run, common.size as usize),
            flows: (0..2 * allocations.len()).map(|_| Flow::new(window)).collect(),
            allocations,
            meter: Meter::new(common, clock)?,
            going: false,
            sent: 0,
            lost: 0,
        })
    }

    /// One packet to and fro in every allocation, not in all at a time; none may be lost.
    pub(crate) fn once(&mut self, ends: &mut Ends) -> Result<()> {
        for begin in (0..self.flows.len()).step_by(BATCH) {
            let end = self.flows.len().min(begin + BATCH);
            (begin..end).step_by(2).for_each(|up| self.send(up, 1, ends.now(), &mut ends.post));
            ends.settle(self)?;
        }
        match self.lost {
            0 => Ok(()),
            lost => Err(Failure::Lossy { lost, sent: self.sent }),
        }
    }

    /// Keeps so many packets under way in each allocation, for so many seconds that count after others that do not.
    fn keep_going(&mut self, ends: &mut Ends, window: u64, warmup: u64, seconds: u64) -> Result<Measured> {
        self.going = true;
        (0..self.flows.len()).step_by(2).for_each(|up| self.send(up, window, ends.now(), &mut ends.post));
        ends.watch(self, Duration::from_secs(warmup))?;
        (self.sent, self.lost) = (0, 0);
        self.silent_flow();
        self.meter.begin()?;
        ends.watch(self, Duration::from_secs(seconds))?;
        let mut measured = self.meter.finish()?;
        self.going = false;
        ends.settle(self)?;
        ends.watch(self, AFTERMATH)?;
        self.check(seconds)?;
        measured.lost = Some(self.lost);
        Ok(measured)
    }

    /// A flow that has had nothing for so long is dead, however few packets it has lost.
    fn check(&mut self, seconds: u64) -> Result<()> {
        if let Some(flow) = self.silent_flow() {
            let missing = format!("allocation {} relays nothing {:?}", flow / 2, way(flow));
            return Err(Failure::Stalled { seconds, missing });
        }
        if self.lost * LOSSES > self.sent {
            return Err(Failure::Lossy { lost: self.lost, sent: self.sent });
        }
        Ok(())
    }

    /// One that has had nothing since this was asked last.
    fn silent_flow(&mut self) -> Option<usize> {
        let heard: Vec<bool> = self.flows.iter_mut().map(Flow::heard).collect();
        heard.iter().position(|heard| !heard)
    }

    /// Sends so many packets on one flow.
    fn send(&mut self, flow: usize, count: u64, now: Nanos, post: &mut Post) {
        let (n, size) = (flow / 2, self.packets.size());
        let Allocation { channel, relay } = self.allocations[n];
        self.sent += count;
        for _ in 0..count {
            let seq = self.flows[flow].send(now);
            let write = |out: &mut Vec<u8>| self.packets.write(flow as u32, seq, out);
            match way(flow) {
                Way::Up => post.for_server(n, |out| {
                    piece::head(channel, size, out);
                    write(out);
                }),
                Way::Down => post.for_relay(n, relay, write),
            }
        }
    }

    /// Takes a packet that `receiver` got, which must be of a flow that `right` says is. Answers which, and how many before it are
    /// lost.
    fn take(
        &mut self,
        receiver: usize,
        packet: &[u8],
        now: Nanos,
        right: impl FnOnce(usize, &Allocation) -> bool,
    ) -> Result<Option<(usize, u64)>> {
        let stamp = self.packets.read(receiver, packet)?;
        let flow = stamp.sender as usize;
        let allocation = self.allocations.get(flow / 2).filter(|allocation| right(flow, allocation));
        if allocation.is_none() {
            return Err(Fault::Foreign { receiver, stamp }.into());
        }
        match self.flows[flow].receive(receiver, stamp, now)? {
            Arrival::Late => Ok(None),
            Arrival::Next(sent, lost) => {
                self.meter.record(sent, now);
                Ok(Some((flow, lost)))
            }
        }
    }

    /// What follows when a packet has come, or none of its flow: an answer to each, and others in the place of the lost.
    fn go_on(&mut self, flow: usize, come: u64, lost: u64, now: Nanos, post: &mut Post) {
        self.lost += lost;
        if self.going || way(flow) == Way::Up {
            self.send(flow ^ 1, come, now, post);
        }
        if self.going {
            self.send(flow, lost, now, post);
        }
    }
}

fn way(flow: usize) -> Way {
    match flow % 2 {
        0 => Way::Up,
        _ => Way::Down,
    }
}

impl Ear for Traffic {
    fn client(&mut self, n: usize, piece: Piece<'_>, now: Nanos, post: &mut Post) -> Result<()> {
        let (channel, packet) = match piece {
            Piece::Data(channel, packet) => (channel, packet),
            // A request that was sent again may be answered twice.
            Piece::Message(message) if Answer::parse(message).is_some() => return Ok(()),
            Piece::Message(message) => {
                return Err(unexpected("neither an answer nor a channel's data", message));
            }
        };
        let right = |flow: usize, allocation: &Allocation| {
            flow / 2 == n && way(flow) == Way::Down && allocation.channel == channel
        };
        if let Some((flow, lost)) = self.take(n, packet, now, right)? {
            self.go_on(flow, 1, lost, now, post);
        }
        Ok(())
    }

    fn peer(
        &mut self,
        door: usize,
        from: SocketAddrV4,
        packet: &[u8],
        now: Nanos,
        post: &mut Post,
    ) -> Result<()> {
        let right = |flow: usize, allocation: &Allocation| {
            post.plan().door(flow / 2) == door && way(flow) == Way::Up && allocation.relay == from
        };
        if let Some((flow, lost)) = self.take(door, packet, now, right)? {
            self.go_on(flow, 1, lost, now, post);
        }
        Ok(())
    }

    fn tick(&mut self, now: Nanos, post: &mut Post) -> Result<()> {
        for flow in 0..self.flows.len() {
            let lost = self.flows[flow].give_up(now, PAUSE);
            self.go_on(flow, 0, lost, now, post);
        }
        Ok(())
    }

    fn settled(&self) -> bool {
        self.flows.iter().all(|flow| flow.under_way() == 0)
    }

    fn missing(&self) -> String {
        format!("{} packets are missing", self.flows.iter().map(Flow::under_way).sum::<u64>())
    }
}

/// Runs the scenario.
///
/// # Errors
/// Among others, if there is no window: nothing could be sent.
pub(crate) fn run(options: &Relay) -> Result<Outcome> {
    let common = &options.common;
    if options.window == 0 || options.window > BATCH {
        return Err(Failure::Usage(format!("a window of {}: expected 1 to {BATCH}", options.window)));
    }
    let (clock, run) = (Clock::start(), fastrand::u64(..));
    // What may be under way on one socket fits into the room that a kernel gives it if nobody asks.
    let group = BATCH / options.window;
    let plan = opening::plan(common, options.transport, common.connections, group, run)?;
    let plan = Plan { card: options.card, ..plan };
    let (mut ends, opening) = opening::open(common, &options.entrance, plan, clock)?;
    let mut traffic = Traffic::new(common, opening.allocations()?, options.window, run, clock)?;
    let measured = traffic.keep_going(&mut ends, options.window as u64, options.warmup, options.seconds)?;
    Outcome::of_deliveries("turn", common, measured, &traffic.meter)
}
