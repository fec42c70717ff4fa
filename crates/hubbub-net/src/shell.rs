//! One worker on its thread: who calls its turn, and what happens after it.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use hubbub_gate::session::{Input, Secured, Session};
use hubbub_gate::settings::GateSettings;
use hubbub_hub::SessionKey;
use hubbub_worker::mail::Listener;
use hubbub_worker::{Counters, Worker};
use std::sync::Arc;

use crate::clock::Clock;
use crate::flush::Flusher;
use crate::link::LinkHandle;
use crate::pages::Pages;
use crate::prefixed::ReadFlag;
use crate::pulse::{Pulse, Pulses};
use crate::serve::{NetSettings, SlowHandler};
use crate::tls::Tls;
use crate::turn::Turn;

/// Bytes read from a link at once. One buffer serves all links of a worker: an idle link holds none.
const SCRATCH: usize = 64 * 1024;

/// All that the tasks of one thread share.
pub(crate) struct Shell {
    pub(crate) id: u16,
    pub(crate) worker: RefCell<Worker<LinkHandle>>,
    pub(crate) scratch: RefCell<Box<[u8]>>,
    pub(crate) settings: Arc<NetSettings>,
    pub(crate) gate: Arc<GateSettings>,
    pub(crate) pages: Arc<Pages>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: Clock,
    pub(crate) tls: Arc<Tls>,
    /// STUN and TURN, if the server has them.
    pub(crate) turn: OnceCell<Rc<Turn>>,
    flusher: RefCell<Flusher>,
    slow: SlowHandler,
    scheduled: Cell<bool>,
    turner: RefCell<Option<Waker>>,
    touched: RefCell<Vec<u32>>,
    pub(crate) pulses: Pulses,
    lingering: RefCell<VecDeque<(u64, SessionKey)>>,
}

impl Shell {
    pub(crate) fn new(parts: ShellParts) -> Rc<Self> {
        let ShellParts { id, worker, settings, gate, pages, counters, clock, tls, flusher, slow } = parts;
        Rc::new(Self {
            id,
            worker: RefCell::new(worker),
            scratch: RefCell::new(vec![0; SCRATCH].into_boxed_slice()),
            settings,
            gate,
            pages,
            counters,
            clock,
            tls,
            turn: OnceCell::new(),
            flusher: RefCell::new(flusher),
            slow,
            scheduled: Cell::new(false),
            turner: RefCell::new(None),
            touched: RefCell::new(Vec::new()),
            pulses: Pulses::default(),
            lingering: RefCell::default(),
        })
    }

    /// Asks for a turn once the links that are ready now have been read: that is what makes one turn of many inputs.
    pub(crate) fn schedule(&self) {
        if !self.scheduled.replace(true)
            && let Some(turner) = &*self.turner.borrow()
        {
            turner.wake_by_ref();
        }
    }

    /// Begins a session for a link that pulls its output.
    pub(crate) fn open(&self, session: Box<dyn Session>) -> SessionKey {
        let mut worker = self.worker.borrow_mut();
        worker.set_now(self.clock.now());
        let key = worker.open(session, LinkHandle::default());
        drop(worker);
        self.schedule();
        key
    }

    /// Gives a session what its link has read.
    pub(crate) fn received(&self, key: SessionKey, bytes: &mut [u8]) {
        self.counters.received_bytes.add(bytes.len() as u64);
        self.worker.borrow_mut().input(key, Input::Stream(bytes));
        self.schedule();
    }

    /// Tells a session that its link is encrypted now.
    pub(crate) fn secured(&self, key: SessionKey, secured: Arc<Secured>) {
        self.worker.borrow_mut().input(key, Input::Secured(secured));
        self.schedule();
    }

    /// Gives up a session's place.
    pub(crate) fn release(&self, key: SessionKey) {
        self.worker.borrow_mut().release(key);
        self.schedule();
    }

    /// Counts a connection for as long as the guard lives, if there may be one more.
    pub(crate) fn admit(self: &Rc<Self>, peer: IpAddr) -> Option<Connection> {
        if self.pulses.len() >= self.settings.connections_max {
            self.counters.connections_refused.add(1);
            return None;
        }
        let (key, pulse) = self.pulses.add(self.clock.mono_ms());
        self.counters.connections_accepted.add(1);
        self.counters.connections.set(self.pulses.len() as u64);
        Some(Connection {
            shell: self.clone(),
            key,
            pulse,
            http1: Cell::new(false),
            peer,
            secured: None,
            read: ReadFlag::default(),
        })
    }

    /// Whether any connection is open.
    pub(crate) fn is_connected(&self) -> bool {
        self.pulses.len() > 0
    }

    /// Runs turns until the thread ends.
    pub(crate) async fn run_turns(self: Rc<Self>, bell: Listener) {
        let far = || self.clock.instant(self.clock.mono_ms() + 86_400_000);
        let mut sleep = pin!(tokio::time::sleep_until(far()));
        poll_fn(|cx: &mut Context<'_>| {
            self.turner.borrow_mut().replace(cx.waker().clone());
            let rung = bell.poll_rung(cx).is_ready();
            let due = sleep.as_mut().poll(cx).is_ready();
            if rung || due || self.scheduled.replace(false) {
                let next = self.turn().map_or_else(far, |next| self.clock.instant(next));
                sleep.as_mut().reset(next);
                // A timer that was reset knows nobody to wake until it is polled again; so with the bell.
                let more = bell.poll_rung(cx).is_ready() | sleep.as_mut().poll(cx).is_ready();
                if more || self.scheduled.get() {
                    self.scheduled.set(true);
                    cx.waker().wake_by_ref();
                }
            }
            Poll::<()>::Pending
        })
        .await;
    }

    fn turn(&self) -> Option<u64> {
        let mut worker = self.worker.borrow_mut();
        let next = worker.turn(self.clock.now());
        let mut touched = self.touched.borrow_mut();
        worker.take_touched(&mut touched);
        self.flusher.borrow_mut().flush(&mut worker, &touched, &self.counters);
        for slot in touched.iter() {
            worker.drained(*slot);
            self.note_lingering(&worker, *slot);
        }
        for slow in worker.take_slow() {
            (self.slow)(self.id, slow);
        }
        if worker.has_work() {
            self.scheduled.set(true);
        }
        next
    }
}

/// How long a peer may take to read a session's last words, in milliseconds.
const LINGER_MS: u64 = 3000;

/// Links whose sessions are over, and whose peers may not read the rest.
impl Shell {
    fn note_lingering(&self, worker: &Worker<LinkHandle>, slot: u32) {
        if let Some(key) = worker.key_at(slot)
            && worker.slot(key).is_some_and(|place| place.is_over() && place.link.may_linger())
        {
            self.lingering.borrow_mut().push_back((self.clock.mono_ms() + LINGER_MS, key));
        }
    }

    /// Once a second: ends those that have lingered long enough.
    pub(crate) fn end_lingering(&self) {
        let now_ms = self.clock.mono_ms();
        let mut lingering = self.lingering.borrow_mut();
        while let Some((_, key)) = lingering.front().copied().filter(|(until, _)| *until <= now_ms) {
            lingering.pop_front();
            if let Some(place) = self.worker.borrow_mut().slot_mut(key) {
                place.link.condemn();
            }
        }
    }
}

/// What a [`Shell`] is made of.
pub(crate) struct ShellParts {
    pub(crate) id: u16,
    pub(crate) worker: Worker<LinkHandle>,
    pub(crate) settings: Arc<NetSettings>,
    pub(crate) gate: Arc<GateSettings>,
    pub(crate) pages: Arc<Pages>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: Clock,
    pub(crate) tls: Arc<Tls>,
    pub(crate) flusher: Flusher,
    pub(crate) slow: SlowHandler,
}

/// One open connection, counted and watched.
pub(crate) struct Connection {
    shell: Rc<Shell>,
    key: usize,
    pub(crate) pulse: Rc<Pulse>,
    /// Exchanges come one after the other.
    pub(crate) http1: Cell<bool>,
    /// Where it comes from.
    pub(crate) peer: IpAddr,
    /// What is known of its TLS, if it has any.
    pub(crate) secured: Option<Arc<Secured>>,
    /// Bytes came in since the last request.
    pub(crate) read: ReadFlag,
}

impl Connection {
    /// The present process time.
    pub(crate) fn now_ms(&self) -> u64 {
        self.shell.clock.mono_ms()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shell.pulses.remove(self.key);
        self.shell.counters.connections.set(self.shell.pulses.len() as u64);
    }
}

/// One exchange on a connection, from its request to the end of its answer.
pub(crate) struct Busy(Rc<Connection>);

impl Busy {
    pub(crate) fn new(connection: Rc<Connection>) -> Self {
        connection.pulse.begin();
        connection.read.store(false, Ordering::Relaxed);
        Self(connection)
    }

    /// Whether this exchange has its connection to itself.
    pub(crate) fn http1(&self) -> bool {
        self.0.http1.get()
    }

    /// Where the connection comes from.
    pub(crate) fn peer(&self) -> IpAddr {
        self.0.peer
    }

    /// What is known of the connection's TLS, if it has any.
    pub(crate) fn secured(&self) -> Option<Arc<Secured>> {
        self.0.secured.clone()
    }

    /// The connection's.
    pub(crate) fn pulse(&self) -> Rc<Pulse> {
        self.0.pulse.clone()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.pulse.end(self.0.now_ms());
    }
}
