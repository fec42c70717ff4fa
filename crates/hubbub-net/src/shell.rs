//! One worker on its thread: who calls its turn, and what happens after it.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use hubbub_gate::session::{Input, Session};
use hubbub_gate::settings::GateSettings;
use hubbub_hub::SessionKey;
use hubbub_worker::mail::Listener;
use hubbub_worker::{Counters, Worker};
use std::sync::Arc;

use crate::clock::Clock;
use crate::flush::Flusher;
use crate::link::LinkHandle;
use crate::pages::Pages;
use crate::pulse::{Pulse, Pulses};
use crate::serve::{NetSettings, SlowHandler};

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
    flusher: RefCell<Flusher>,
    slow: SlowHandler,
    scheduled: Cell<bool>,
    turner: RefCell<Option<Waker>>,
    touched: RefCell<Vec<u32>>,
    pub(crate) pulses: Pulses,
}

impl Shell {
    pub(crate) fn new(parts: ShellParts) -> Rc<Self> {
        let ShellParts { id, worker, settings, gate, pages, counters, clock, flusher, slow } = parts;
        Rc::new(Self {
            id,
            worker: RefCell::new(worker),
            scratch: RefCell::new(vec![0; SCRATCH].into_boxed_slice()),
            settings,
            gate,
            pages,
            counters,
            clock,
            flusher: RefCell::new(flusher),
            slow,
            scheduled: Cell::new(false),
            turner: RefCell::new(None),
            touched: RefCell::new(Vec::new()),
            pulses: Pulses::default(),
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

    /// Gives up a session's place.
    pub(crate) fn release(&self, key: SessionKey) {
        self.worker.borrow_mut().release(key);
        self.schedule();
    }

    /// Counts a connection for as long as the guard lives, if there may be one more.
    pub(crate) fn admit(self: &Rc<Self>) -> Option<Connection> {
        if self.pulses.len() >= self.settings.connections_max {
            self.counters.connections_refused.add(1);
            return None;
        }
        let (key, pulse) = self.pulses.add(self.clock.now().mono_ms);
        self.counters.connections_accepted.add(1);
        self.counters.connections.set(self.pulses.len() as u64);
        Some(Connection { shell: self.clone(), key, pulse })
    }

    /// Whether any connection is open.
    pub(crate) fn is_connected(&self) -> bool {
        self.pulses.len() > 0
    }

    /// Runs turns until the thread ends.
    pub(crate) async fn run_turns(self: Rc<Self>, bell: Listener) {
        let far = || self.clock.instant(self.clock.now().mono_ms + 86_400_000);
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

/// What a [`Shell`] is made of.
pub(crate) struct ShellParts {
    pub(crate) id: u16,
    pub(crate) worker: Worker<LinkHandle>,
    pub(crate) settings: Arc<NetSettings>,
    pub(crate) gate: Arc<GateSettings>,
    pub(crate) pages: Arc<Pages>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) clock: Clock,
    pub(crate) flusher: Flusher,
    pub(crate) slow: SlowHandler,
}

/// One open connection, counted and watched.
pub(crate) struct Connection {
    shell: Rc<Shell>,
    key: usize,
    pub(crate) pulse: Rc<Pulse>,
}

impl Connection {
    /// The present process time.
    pub(crate) fn now_ms(&self) -> u64 {
        self.shell.clock.now().mono_ms
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
        Self(connection)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.pulse.end(self.0.now_ms());
    }
}
