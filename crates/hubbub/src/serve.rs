//! `hubbub serve`, `check` and `init`.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use hubbub_auth::Revoked;
use hubbub_config::{Config, Flags, load};
use hubbub_gate::peerjs::Counts;
use hubbub_gate::tracker::Tally;
use hubbub_net::tls::Tls;
use hubbub_net::turn::TurnDesk;
use hubbub_net::{Clock, Pages, Readings, Server, ServerParts};
use hubbub_store::StoreHandle;
use hubbub_webhook::Webhooks;
use hubbub_worker::{Counters, HookFrom, mailboxes};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing_subscriber::EnvFilter;

use crate::cli::ServeOptions;
use crate::turn::Relaying;
use crate::{assemble, certificates, console, limits, peerjs, store, tracker, turn, webhooks, xmpp};

/// The whole surface, for machines.
const OPENAPI: &str = include_str!("openapi.json");

/// Serves until a signal says otherwise.
pub(crate) fn run(options: &ServeOptions) -> Result<(), Box<dyn Error>> {
    // Before anybody can know that the server is there, and stop it.
    let signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let config = read(options)?;
    let admitted = config.admitted()?;
    start_log(&config);
    let workers = worker_count(&config);
    let (post, boxes) = mailboxes(workers);
    let counters: Vec<_> = boxes.iter().map(|_| Arc::new(Counters::default())).collect();
    let (clock, revoked) = (Clock::start(), Arc::new(Revoked::default()));
    let (kept, slow) = match &config.server.data {
        Some(dir) => store::open(dir, &config, post.clone(), (revoked.clone(), clock))
            .map(|(handle, slow)| (Some(handle), slow))?,
        None => (None, store::none(&config, post.clone())?),
    };
    let (admit, signing_key) =
        (assemble::admit(&config, &admitted), kept.as_ref().map(StoreHandle::signing_key));
    let tls = Arc::new(Tls::new(certificates::all(&config, clock.now())?));
    let webhooks = webhooks::start(&config, clock, post.clone())?;
    let (turn_settings, relaying) = turn::assemble(&config, workers, signing_key)?;
    let open_files = limits::open_files();
    let calls = if config.turn.tcp_relays { hubbub_net::turn::CALLS * usize::from(workers) } else { 0 };
    let relays = turn_settings.as_ref().map_or(0, |turn| config.turn.allocations * turn.relays.len() + calls);
    let beside = limits::beside_relays(open_files, relays);
    let connections = limits::connections(config.limits.connections, workers, beside);
    let xmpp_settings = xmpp::settings(&config, admit, tls.is_on(), signing_key);
    let ice = relaying.as_ref().map(|relaying| relaying.ice.clone());
    let slow = turn::questions(relaying.as_ref(), post.clone(), slow);
    let tracker = tracker::settings(&config, workers);
    let tally = tracker.tally.clone();
    let gate = assemble::gate(&config, xmpp_settings, ice, tracker);
    let peers = gate.peerjs.counts.clone();
    let server = hubbub_net::serve(ServerParts {
        listen: config.server.listen.clone(),
        mailboxes: boxes,
        post,
        net: assemble::net(&config, connections),
        gate,
        worker: assemble::worker(&config, connections),
        hub: config.hub_settings(workers),
        policies: config.policies(),
        doorman: assemble::doorman(&config, &admitted, signing_key)?.with_revoked(revoked),
        pages: Pages::new(
            console::find,
            OPENAPI,
            xmpp::host_meta(&config),
            counters.clone(),
            readings(&webhooks, tls.clone(), relaying.as_ref(), tally, peers),
        ),
        counters,
        slow: webhooks::questions(webhooks.clone(), slow),
        clock,
        tls: tls.clone(),
        turn: turn_settings,
    })?;
    if let Some(relaying) = &relaying {
        turn::tell(relaying, &config, &server.bound, tls.is_on());
    }
    say_where(&server)?;
    certificates::tell(&tls, clock.now());
    tracing::info!(workers, connections = connections * usize::from(workers), open_files, "ready");
    wait_for(signals, || read_again(options, &tls, clock));
    close(server, &webhooks, kept);
    Ok(())
}

/// The first lines printed: other programs read them.
fn say_where(server: &Server) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for address in &server.bound {
        writeln!(out, "listening on http://{address}")?;
    }
    out.flush()
}

/// Until one says that the server is to close.
fn wait_for(mut signals: Signals, hung_up: impl Fn()) {
    // A terminal that was closed sends SIGHUP too, and is none any more: who started a server by hand wants it to end.
    let had_terminal = std::io::stderr().is_terminal();
    let signal = signals.forever().find(|signal| {
        let is_told = *signal == SIGHUP && (!had_terminal || std::io::stderr().is_terminal());
        if is_told {
            hung_up();
        }
        !is_told
    });
    tracing::info!(signal, "closing; a second signal ends at once");
    std::thread::spawn(move || {
        if signals.forever().any(|signal| signal != SIGHUP) {
            std::process::exit(1);
        }
    });
}

/// The certificates, as the configuration names them now. If anything is wrong with them, those before stay.
fn read_again(options: &ServeOptions, tls: &Tls, clock: Clock) {
    let read = read(options).and_then(|config| certificates::all(&config, clock.now()));
    match read {
        Ok(certificates) => {
            tls.replace(certificates);
            certificates::tell(tls, clock.now());
        }
        Err(why) => tracing::error!("the certificates stay as they were: {why}"),
    }
}

/// What is counted beside the workers.
fn readings(
    webhooks: &Webhooks<HookFrom>,
    tls: Arc<Tls>,
    relaying: Option<&Relaying>,
    tracker: Arc<Tally>,
    peers: Arc<Counts>,
) -> Readings {
    let webhooks = webhooks::readings(webhooks);
    let desk = relaying.map(|relaying| relaying.desk.clone());
    let relayed = move || desk.as_ref().map(TurnDesk::readings).unwrap_or_default();
    Arc::new(move || {
        [
            webhooks(),
            certificates::readings(&tls),
            relayed(),
            tracker::readings(&tracker),
            peerjs::readings(&peers),
        ]
        .concat()
    })
}

/// Sessions first, while what they wait for is still kept and applications can be told that they leave; then the store.
fn close(server: Server, webhooks: &Webhooks<HookFrom>, kept: Option<StoreHandle>) {
    server.close();
    webhooks.stop();
    if let Some(store) = kept {
        store.stop();
    }
    tracing::info!("closed");
}

/// Says whether the configuration is right.
pub(crate) fn check(options: &ServeOptions) -> Result<(), Box<dyn Error>> {
    let config = read(options)?;
    let admitted = config.admitted()?;
    assemble::doorman(&config, &admitted, None)?;
    webhooks::applications(&config)?;
    certificates::configured(&config)?;
    println!("the configuration is right");
    Ok(())
}

/// Writes an annotated configuration.
pub(crate) fn init(file: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let text = hubbub_config::annotated();
    let Some(path) = file else {
        print!("{text}");
        return Ok(());
    };
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => format!("{} is there already and was left alone", path.display()),
            _ => format!("{} cannot be written: {error}", path.display()),
        })?;
    file.write_all(text.as_bytes())?;
    println!("wrote {}", path.display());
    Ok(())
}

pub(crate) fn read(options: &ServeOptions) -> Result<Config, Box<dyn Error>> {
    let flags = Flags {
        listen: options.listen.clone(),
        data: options.data.clone(),
        domain: options.domain.clone(),
        workers: options.workers,
    };
    // A variable that is not UTF-8 is none of ours.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Ok(load(options.config.as_deref(), environment, flags)?)
}

fn worker_count(config: &Config) -> u16 {
    let cores =
        || std::thread::available_parallelism().map_or(1, |cores| u16::try_from(cores.get()).unwrap_or(1024));
    config.server.workers.unwrap_or_else(cores)
}

/// To the standard error, so that the standard output says only where the server listens.
fn start_log(config: &Config) {
    // `stun-types` warns of every packet that is none: what strangers send is not worth a line.
    let said = || EnvFilter::new(format!("{},stun_types=off", config.log.level.as_str()));
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| said());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
