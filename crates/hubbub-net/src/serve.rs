//! Starting the workers, and stopping them gently.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hubbub_auth::Doorman;
use hubbub_gate::settings::GateSettings;
use hubbub_hub::{Hub, HubSettings, Policies, WorkerId};
use hubbub_worker::worker::Parts;
use hubbub_worker::{Counters, Mail, Mailbox, Post, Slow, Worker, WorkerSettings};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::LocalSet;

use crate::accept;
use crate::clock::Clock;
use crate::flush::Flusher;
use crate::pages::Pages;
use crate::shell::{Shell, ShellParts};
use crate::tls::Tls;
use crate::turn::{self, Turn, TurnSettings};
use crate::udp::bind_listening;

/// Limits of the shell. Each is a documented setting.
#[derive(Debug, Clone)]
pub struct NetSettings {
    /// Most connections of one worker.
    pub connections_max: usize,
    /// Bytes of a request's head.
    pub header_bytes: u32,
    /// How long the first bytes of a connection and the head of a request may take, in milliseconds.
    pub header_ms: u64,
    /// How long a body may take, in milliseconds.
    pub body_timeout_ms: u64,
    /// How long a connection may be silent between requests, in milliseconds.
    pub idle_ms: u64,
    /// Most streams of one HTTP/2 connection.
    pub http2_streams: u32,
    /// How long sessions may take to say goodbye when the server closes, in milliseconds.
    pub close_grace_ms: u64,
    /// Whether to write by io_uring where the kernel allows it.
    pub io_uring: bool,
}

/// Takes questions to the store. Called on the workers' threads; must not wait.
pub type SlowHandler = Arc<dyn Fn(WorkerId, Slow) + Send + Sync>;

/// What a server is made of.
pub struct ServerParts {
    /// Where to listen; port 0 lets the kernel choose.
    pub listen: Vec<SocketAddr>,
    /// One mailbox for each worker.
    pub mailboxes: Vec<Mailbox>,
    /// Writes to them.
    pub post: Post,
    /// One set of counters for each worker.
    pub counters: Vec<Arc<Counters>>,
    /// The shell's limits.
    pub net: NetSettings,
    /// The gates' limits.
    pub gate: GateSettings,
    /// The workers' limits.
    pub worker: WorkerSettings,
    /// The hub's limits.
    pub hub: HubSettings,
    /// What rooms are like.
    pub policies: Policies,
    /// Who may come in.
    pub doorman: Doorman,
    /// What is not a room.
    pub pages: Pages,
    /// The way to the store.
    pub slow: SlowHandler,
    /// The clock.
    pub clock: Clock,
    /// What connections are encrypted with.
    pub tls: Arc<Tls>,
    /// STUN and TURN, if the server has them.
    pub turn: Option<TurnSettings>,
}

/// A running server.
pub struct Server {
    /// The addresses it listens on, in the order in which they were asked for.
    pub bound: Vec<SocketAddr>,
    post: Post,
    closing: watch::Sender<bool>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Closes gently: nobody new comes in, sessions say goodbye, and what is left after the grace is cut off.
    pub fn close(self) {
        let _ = self.closing.send(true);
        for worker in 0..self.post.workers() {
            self.post.send(worker, Mail::Shutdown);
        }
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// What all workers have in common.
struct Common {
    net: Arc<NetSettings>,
    gate: Arc<GateSettings>,
    doorman: Arc<Doorman>,
    pages: Arc<Pages>,
    worker: WorkerSettings,
    hub: HubSettings,
    policies: Policies,
    slow: SlowHandler,
    post: Post,
    clock: Clock,
    tls: Arc<Tls>,
    turn: Option<turn::Common>,
}

/// What one worker listens on.
#[derive(Default)]
struct Listeners {
    streams: Vec<std::net::TcpListener>,
    datagrams: Vec<std::net::UdpSocket>,
    /// Its place in STUN and TURN.
    turn: Option<turn::Place>,
}

/// Starts a server.
///
/// # Errors
/// An address cannot be bound, or a thread cannot be started.
pub fn serve(parts: ServerParts) -> io::Result<Server> {
    let ServerParts {
        listen,
        mailboxes,
        post,
        counters,
        net,
        gate,
        worker,
        hub,
        policies,
        doorman,
        pages,
        slow,
        clock,
        tls,
        turn,
    } = parts;
    let (bound, mut listeners) = bind_all(&listen, mailboxes.len(), turn.as_ref())?;
    let turn = turn.map(|settings| {
        let (common, places) = settings.split();
        listeners.iter_mut().zip(places).for_each(|(one, place)| one.turn = Some(place));
        common
    });
    let (closing, closed) = watch::channel(false);
    let common = Arc::new(Common {
        net: net.into(),
        gate: gate.into(),
        doorman: doorman.into(),
        pages: pages.into(),
        worker,
        hub,
        policies,
        slow,
        post: post.clone(),
        clock,
        tls,
        turn,
    });
    let mut threads = Vec::new();
    for (id, (mailbox, counters)) in mailboxes.into_iter().zip(counters).enumerate() {
        let id = WorkerId::try_from(id).map_err(|_| io::Error::other("too many workers"))?;
        let (common, closed, listeners) =
            (common.clone(), closed.clone(), std::mem::take(&mut listeners[usize::from(id)]));
        let thread = std::thread::Builder::new()
            .name(format!("worker-{id}"))
            .spawn(move || run(id, &common, mailbox, counters, listeners, closed))?;
        threads.push(thread);
    }
    Ok(Server { bound, post, closing, threads })
}

/// With port 0, so many ports are tried until one is free for datagrams too.
const FREE_PORTS: usize = 32;

/// Binds each address once for each worker; the kernel spreads connections, and peers that send datagrams, over them.
fn bind_all(
    listen: &[SocketAddr],
    workers: usize,
    turn: Option<&TurnSettings>,
) -> io::Result<(Vec<SocketAddr>, Vec<Listeners>)> {
    let mut bound = Vec::new();
    let mut by_worker: Vec<_> = (0..workers).map(|_| Listeners::default()).collect();
    for address in listen {
        let tries = if address.port() == 0 && turn.is_some() { FREE_PORTS } else { 1 };
        let mut tried = (0..tries).map(|_| bind_one(*address, workers, turn));
        let first = tried.next().expect("there is one at least");
        let (address, streams, datagrams) = match first {
            Err(error) => tried.find_map(Result::ok).ok_or(error)?,
            done => done?,
        };
        bound.push(address);
        by_worker.iter_mut().zip(streams).for_each(|(worker, stream)| worker.streams.push(stream));
        by_worker.iter_mut().zip(datagrams).for_each(|(worker, datagrams)| worker.datagrams.push(datagrams));
    }
    for address in turn.into_iter().flat_map(|turn| turn.other_addresses(&bound)) {
        for worker in &mut by_worker {
            let bytes = turn.and_then(|turn| turn.socket_bytes);
            worker
                .datagrams
                .push(bind_listening(address, bytes).map_err(|error| refused(address, "UDP", &error))?);
        }
    }
    Ok((bound, by_worker))
}

type Bound = (SocketAddr, Vec<std::net::TcpListener>, Vec<std::net::UdpSocket>);

/// One address, for all workers.
fn bind_one(mut address: SocketAddr, workers: usize, turn: Option<&TurnSettings>) -> io::Result<Bound> {
    let mut streams = Vec::new();
    for _ in 0..workers {
        let listener = accept::bind(address).map_err(|error| refused(address, "TCP", &error))?;
        // With port 0 the first choice holds for all.
        address = listener.local_addr()?;
        streams.push(listener);
    }
    let mut datagrams = Vec::new();
    if let Some(turn) = turn {
        for _ in 0..workers {
            let socket = bind_listening(address, turn.socket_bytes);
            datagrams.push(socket.map_err(|error| refused(address, "UDP", &error))?);
        }
    }
    Ok((address, streams, datagrams))
}

fn refused(address: SocketAddr, transport: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address} ({transport}): {error}"))
}

fn run(
    id: WorkerId,
    common: &Common,
    mailbox: Mailbox,
    counters: Arc<Counters>,
    listeners: Listeners,
    closed: watch::Receiver<bool>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime needs only an epoll descriptor");
    let bell = mailbox.listener();
    let seed = common.clock.now().unix_ms ^ u64::from(id) << 48 ^ u64::from(std::process::id()) << 24;
    let worker = Worker::new(Parts {
        id,
        settings: common.worker,
        gate: common.gate.clone(),
        doorman: common.doorman.clone(),
        hub: Hub::new(common.hub.clone(), common.policies.clone(), seed),
        post: common.post.clone(),
        mailbox,
        counters: counters.clone(),
        seed,
    });
    let shell = Shell::new(ShellParts {
        id,
        worker,
        settings: common.net.clone(),
        gate: common.gate.clone(),
        pages: common.pages.clone(),
        counters,
        clock: common.clock,
        tls: common.tls.clone(),
        flusher: Flusher::new(common.net.io_uring),
        slow: common.slow.clone(),
    });
    let local = LocalSet::new();
    let turns = local.spawn_local(shell.clone().run_turns(bell));
    local.block_on(&runtime, async move {
        let Listeners { streams, datagrams, turn } = listeners;
        if let (Some(settings), Some(place)) = (&common.turn, turn) {
            match Turn::start(settings, datagrams, place, common.clock) {
                Ok(turn) => drop(shell.turn.set(turn)),
                Err(error) => tracing::error!("a worker cannot relay: {error}"),
            }
        }
        for listener in streams {
            match TcpListener::from_std(listener) {
                Ok(listener) => {
                    drop(tokio::task::spawn_local(accept::accept(shell.clone(), listener, closed.clone())))
                }
                Err(error) => tracing::error!("a worker cannot listen: {error}"),
            }
        }
        tokio::select! {
            _ = turns => abort(),
            () = watch_pulses(&shell) => {}
            () = wait_for_end(&shell, closed) => {}
        }
    });
}

/// A worker that runs no more turns would go on accepting connections and serve none of them. Sessions are caught one by
/// one; what gets here is a fault in what they share, and an honest restart is better.
pub(crate) fn abort() -> ! {
    tracing::error!("a worker was lost to a fault of the server; please report what is printed above");
    std::process::abort()
}

/// Ends connections that have fallen silent, and links that linger; until the thread ends.
async fn watch_pulses(shell: &Shell) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        shell.pulses.look(shell.clock.mono_ms(), &shell.settings);
        shell.end_lingering();
        if let Some(turn) = shell.turn.get() {
            turn.look();
        }
    }
}

/// Until the server closes, and then until all sessions are gone or the grace is over.
async fn wait_for_end(shell: &Shell, mut closed: watch::Receiver<bool>) {
    let _ = closed.wait_for(|closed| *closed).await;
    shell.pulses.finish();
    let grace = Duration::from_millis(shell.settings.close_grace_ms);
    let gone = async {
        while shell.worker.borrow().sessions() > 0 || shell.is_connected() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = tokio::time::timeout(grace, gone).await;
}
