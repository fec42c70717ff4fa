//! The command line: one subcommand per scenario, each option defined once.

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::turn::datagrams::Card;
use crate::turn::opening::Entrance as TurnEntrance;
use crate::turn::post::Transport;
use crate::xmpp::login::Sasl;
use crate::xmpp::session::Entrance;

/// Drive a real-time server and check every delivery.
///
/// Each message carries a run id, a sender and a sequence number; each subscriber must get each message exactly once
/// and in order, byte for byte. The first miss, duplicate, disorder or stall ends the run with exit status 1.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Print the outcome as one line of JSON instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) scenario: Scenario,
}

/// What to do to the server.
#[derive(Subcommand)]
pub(crate) enum Scenario {
    /// Many WebSockets in one room; one of them publishes, all receive. A round ends when all have received.
    Fanout(Fanout),
    /// Every WebSocket talks to itself: what it sends must come back to it.
    Echo(Echo),
    /// Open WebSockets, leave them alone, and see how much memory the server holds for each.
    Idle(Idle),
    /// Parked HTTP long polls on one channel; publish, and every poller must get the message and poll again.
    Longpoll(Longpoll),
    /// Socket.IO clients that poll; one of them emits an event, and each must get it and poll again.
    Polling(Polling),
    /// XMPP sessions that say nothing: how much memory the server holds for each.
    Sessions(Sessions),
    /// XMPP clients that log in, and go again.
    Logins(Logins),
    /// XMPP clients in pairs that talk to each other.
    Chat(Chat),
    /// An XMPP client that reads pages of a room's archive.
    Page(Page),
    /// Packets through allocations of TURN, from clients to their peers and back.
    Turn(Relay),
    /// Allocations that nothing goes through: how much memory the server holds for each.
    TurnIdle(Reserve),
    /// Clients of TURN that make an allocation and end it.
    TurnAllocate(Allocate),
    /// Peers in swarms of a WebTorrent tracker: all announce with offers, and answer those that they get.
    TrackerAnnounce(Announce),
    /// Peers of a tracker that say nothing: how much memory the server holds for each.
    TrackerIdle(Peers),
}

/// What every scenario needs to know.
#[derive(ClapArgs)]
pub(crate) struct Common {
    /// Address of the server: `ws://HOST:PORT/PATH` (`http://…` for polls), `xmpp://HOST:PORT/DOMAIN` or
    /// `turn://HOST:PORT/`. HOST is an IPv4 loopback address.
    /// `#` in the path becomes the number of the connection.
    #[arg(long)]
    pub(crate) url: String,
    /// How many connections to open, or allocations (the open-file limit of the process is the bound).
    #[arg(long, default_value_t = 1000)]
    pub(crate) connections: usize,
    /// Bytes in each message, at least 48.
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(48..=65_536))]
    pub(crate) size: u32,
    /// Process whose CPU and memory (with its children's) are measured.
    #[arg(long, value_name = "PID")]
    pub(crate) server_pid: Option<u32>,
    /// How to wait for the server. `spin` never sleeps: the server then pays no wake-up of this process, as it
    /// would not if its clients were on other machines.
    #[arg(long, value_enum, default_value_t = Waiting::Spin)]
    pub(crate) waiting: Waiting,
    /// Seconds without any delivery after which the run has failed.
    #[arg(long, default_value_t = 20)]
    pub(crate) patience: u64,
}

/// What the connections carry.
#[derive(ClapArgs)]
pub(crate) struct Sockets {
    /// Speak Socket.IO: go to this namespace, and make each message the argument of a `message` event there. The URL is
    /// then that of Engine.IO, with `EIO=4` and the transport.
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) socketio: Option<String>,
    /// Every event must carry an offset as its last argument, as it does for clients that can recover their state.
    #[arg(long, requires = "socketio")]
    pub(crate) offsets: bool,
    /// Speak XMPP: come into this room (`room@domain`) and talk there.
    #[arg(long, value_name = "ROOM", conflicts_with = "socketio")]
    pub(crate) xmpp: Option<String>,
    #[command(flatten)]
    pub(crate) entrance: Entrance,
}

/// How to wait for the server.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Waiting {
    /// Ask again and again, never sleep.
    Spin,
    /// Sleep until the kernel has something.
    Sleep,
}

/// Options of the fan-out scenario.
#[derive(ClapArgs)]
pub(crate) struct Fanout {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) sockets: Sockets,
    /// Measured rounds.
    #[arg(long, default_value_t = 200)]
    pub(crate) rounds: u64,
    /// Measure for so many seconds instead, to the end of the round.
    #[arg(long, conflicts_with = "rounds")]
    pub(crate) seconds: Option<u64>,
    /// Rounds before the measurement begins.
    #[arg(long, default_value_t = 20)]
    pub(crate) warmup: u64,
    /// Messages published back to back, in one write, in each round.
    #[arg(long, default_value_t = 1)]
    pub(crate) burst: u64,
    /// Messages that may be under way at once: a round does not wait for the one before it while there is room. As many
    /// as a burst if not said, so that it does.
    #[arg(long)]
    pub(crate) window: Option<u64>,
}

/// Options of the echo scenario.
#[derive(ClapArgs)]
pub(crate) struct Echo {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Measured messages per connection.
    #[arg(long, default_value_t = 2000)]
    pub(crate) messages: u64,
    /// Measure for so many seconds instead.
    #[arg(long, conflicts_with = "messages")]
    pub(crate) seconds: Option<u64>,
    /// Messages per connection before the measurement begins.
    #[arg(long, default_value_t = 200)]
    pub(crate) warmup: u64,
    /// Messages that each connection keeps in flight.
    #[arg(long, default_value_t = 1)]
    pub(crate) window: u64,
}

/// Options of the idle scenario.
#[derive(ClapArgs)]
pub(crate) struct Idle {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) sockets: Sockets,
    /// Connections opened and closed again before memory is read for the first time, so that what a server
    /// allocates once is not taken for a cost per connection.
    #[arg(long, default_value_t = 200)]
    pub(crate) warmup: usize,
    /// Seconds between the last handshake and the reading; as long again is watched for idle CPU.
    #[arg(long, default_value_t = 3)]
    pub(crate) settle: u64,
}

/// Options of the long-poll scenario.
#[derive(ClapArgs)]
pub(crate) struct Longpoll {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Where to POST messages, if not to the URL that is polled.
    #[arg(long)]
    pub(crate) publish_url: Option<String>,
    /// How a poller says what it has seen.
    #[arg(long, value_enum, default_value_t = Resume::Cursor)]
    pub(crate) resume: Resume,
    /// Measured rounds: in each, one message wakes every poller.
    #[arg(long, default_value_t = 100)]
    pub(crate) rounds: u64,
    /// Rounds before the measurement begins.
    #[arg(long, default_value_t = 10)]
    pub(crate) warmup: u64,
    /// Milliseconds between the last poller's return and the next message, so that all are parked again.
    #[arg(long, default_value_t = 20)]
    pub(crate) pause: u64,
}

/// Options of the scenario with Socket.IO clients that poll.
#[derive(ClapArgs)]
pub(crate) struct Polling {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Where they all are.
    #[arg(long, value_name = "NAMESPACE", default_value = "/lobby")]
    pub(crate) socketio: String,
    /// Every event must carry an offset as its last argument, as it does for clients that can recover their state.
    #[arg(long)]
    pub(crate) offsets: bool,
    /// Measured rounds: in each, one event wakes every client.
    #[arg(long, default_value_t = 100)]
    pub(crate) rounds: u64,
    /// Rounds before the measurement begins.
    #[arg(long, default_value_t = 10)]
    pub(crate) warmup: u64,
    /// Milliseconds between the last client's return and the next event, so that all are parked again.
    #[arg(long, default_value_t = 20)]
    pub(crate) pause: u64,
}

/// Options of the scenario with idle XMPP sessions.
#[derive(ClapArgs)]
pub(crate) struct Sessions {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) entrance: Entrance,
    /// Sessions opened and closed again before memory is read for the first time.
    #[arg(long, default_value_t = 200)]
    pub(crate) warmup: usize,
    /// Seconds between the last login and the reading; as long again is watched for idle CPU.
    #[arg(long, default_value_t = 3)]
    pub(crate) settle: u64,
}

/// Options of the scenario with logins. `--connections` is how many log in at the same time.
#[derive(ClapArgs)]
pub(crate) struct Logins {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How they say who they are.
    #[arg(long, value_enum, default_value_t = Sasl::Anonymous)]
    pub(crate) sasl: Sasl,
    /// How many accounts there are; they log in one after another, again and again.
    #[arg(long, default_value_t = 1000)]
    pub(crate) accounts: usize,
    /// Seconds to measure.
    #[arg(long, default_value_t = 2)]
    pub(crate) seconds: u64,
    /// Logins before the measurement begins.
    #[arg(long, default_value_t = 100)]
    pub(crate) warmup: u64,
}

/// Options of the scenario with pairs.
#[derive(ClapArgs)]
pub(crate) struct Chat {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) entrance: Entrance,
    /// Seconds to measure.
    #[arg(long, default_value_t = 2)]
    pub(crate) seconds: u64,
    /// Messages of each client before the measurement begins.
    #[arg(long, default_value_t = 20)]
    pub(crate) warmup: u64,
    /// Messages that each pair keeps in flight.
    #[arg(long, default_value_t = 1)]
    pub(crate) window: u64,
}

/// Options of the scenario with pages of an archive.
#[derive(ClapArgs)]
pub(crate) struct Page {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) entrance: Entrance,
    /// The room whose archive is read.
    #[arg(long, value_name = "ROOM")]
    pub(crate) room: String,
    /// Messages on a page.
    #[arg(long, default_value_t = 50)]
    pub(crate) page: u64,
    /// How many messages the archive has; the last page must end with the last of them.
    #[arg(long)]
    pub(crate) archive: u64,
    /// Read the page after the first message since this time (XEP-0082) instead of the last page.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Measured pages.
    #[arg(long, default_value_t = 200)]
    pub(crate) rounds: u64,
    /// Pages before the measurement begins.
    #[arg(long, default_value_t = 20)]
    pub(crate) warmup: u64,
}

/// Options of the scenario with packets through allocations. `--size` is how long a packet is that a peer sends or gets.
#[derive(ClapArgs)]
pub(crate) struct Relay {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) entrance: TurnEntrance,
    /// How clients reach the server. Peers are always on UDP.
    #[arg(long, value_enum, default_value_t = Transport::Udp)]
    pub(crate) transport: Transport,
    /// What is between: nothing, or network cards that cut and join datagrams.
    #[arg(long, value_enum, default_value_t = Card::Plain)]
    pub(crate) card: Card,
    /// Packets that go to and fro in each allocation, at most 64.
    #[arg(long, default_value_t = 16)]
    pub(crate) window: usize,
    /// Seconds to measure.
    #[arg(long, default_value_t = 2)]
    pub(crate) seconds: u64,
    /// Seconds before the measurement begins.
    #[arg(long, default_value_t = 1)]
    pub(crate) warmup: u64,
}

/// Options of the scenario with idle allocations.
#[derive(ClapArgs)]
pub(crate) struct Reserve {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) entrance: TurnEntrance,
    /// Allocations made and ended again before memory is read for the first time.
    #[arg(long, default_value_t = 200)]
    pub(crate) warmup: usize,
    /// Seconds between the last allocation and the reading; as long again is watched for idle CPU.
    #[arg(long, default_value_t = 3)]
    pub(crate) settle: u64,
}

/// Options of the scenario with allocations made and ended. `--connections` is how many clients there are at a time.
#[derive(ClapArgs)]
pub(crate) struct Allocate {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) entrance: TurnEntrance,
    /// Seconds to measure.
    #[arg(long, default_value_t = 2)]
    pub(crate) seconds: u64,
    /// Allocations before the measurement begins.
    #[arg(long, default_value_t = 100)]
    pub(crate) warmup: u64,
}

/// Options of the scenario with announces. `--connections` is how many peers there are.
#[derive(ClapArgs)]
pub(crate) struct Announce {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many swarms they are in, as many in each.
    #[arg(long, default_value_t = 50)]
    pub(crate) swarms: usize,
    /// Seconds to measure, and to the end of what is under way then.
    #[arg(long, default_value_t = 2)]
    pub(crate) seconds: u64,
    /// Announces of each peer before the measurement begins, and after its first.
    #[arg(long, default_value_t = 1)]
    pub(crate) warmup: u64,
}

/// Options of the scenario with peers that say nothing.
#[derive(ClapArgs)]
pub(crate) struct Peers {
    #[command(flatten)]
    pub(crate) common: Common,
    /// How many swarms they are in, as many in each.
    #[arg(long, default_value_t = 50)]
    pub(crate) swarms: usize,
    /// Peers that come and go before memory is read for the first time.
    #[arg(long, default_value_t = 200)]
    pub(crate) warmup: usize,
    /// Seconds between the last announce and the reading; as long again is watched for idle CPU.
    #[arg(long, default_value_t = 3)]
    pub(crate) settle: u64,
}

/// How a poller says what it has seen.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Resume {
    /// Hubbub: `cursor` of the JSON answer becomes `since=` of the next request.
    Cursor,
    /// nchan: `Last-Modified` and `ETag` of the answer become `If-Modified-Since` and `If-None-Match`.
    Validators,
}
