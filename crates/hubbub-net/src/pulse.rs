//! Whether a connection does anything: the heads of requests must come in time, and nobody may stay silent for ever.
//!
//! Connections have no timers of their own. Each notes when something last happened; once a second all are looked at.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use slab::Slab;

use crate::serve::NetSettings;

/// What a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Go on.
    Live,
    /// Finish what you are at and take nothing new.
    Finish,
    /// End now.
    Die,
}

/// One connection's.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// Exchanges under way; a WebSocket is one for as long as it lasts, and has its own ideas of silence.
    busy: Cell<u32>,
    /// Part of a head has come.
    partial: Cell<bool>,
    /// When the last exchange ended, or the head began, in process time.
    since_ms: Cell<u64>,
    order: Cell<Order>,
    task: RefCell<Option<Waker>>,
}

impl Pulse {
    fn new(now_ms: u64) -> Self {
        Self {
            busy: Cell::new(0),
            // A connection that says nothing at all is as suspicious as one that stops in the middle of a head.
            partial: Cell::new(true),
            since_ms: Cell::new(now_ms),
            order: Cell::new(Order::Live),
            task: RefCell::new(None),
        }
    }

    /// Bytes came in that no request was made of: part of a head.
    pub(crate) fn read_part(&self, now_ms: u64) {
        if self.busy.get() == 0 && !self.partial.replace(true) {
            self.since_ms.set(now_ms);
        }
    }

    /// Something came in: the peer is not silent.
    pub(crate) fn read_any(&self, now_ms: u64) {
        self.since_ms.set(now_ms);
    }

    /// A request is there.
    pub(crate) fn begin(&self) {
        self.busy.set(self.busy.get() + 1);
        self.partial.set(false);
    }

    /// Its answer is done.
    pub(crate) fn end(&self, now_ms: u64) {
        self.busy.set(self.busy.get() - 1);
        self.since_ms.set(now_ms);
    }

    /// What the connection is told now; its task is woken when that changes.
    pub(crate) fn order(&self, cx: &Context<'_>) -> Order {
        let mut task = self.task.borrow_mut();
        if !task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            *task = Some(cx.waker().clone());
        }
        self.order.get()
    }

    /// The task that took orders is over, and no other comes in its place: whoever serves the connection now is told to end by
    /// its session. Without this the space of that task would be kept until the connection ends.
    pub(crate) fn retire(&self) {
        *self.task.borrow_mut() = None;
    }

    /// Gives an order.
    pub(crate) fn tell(&self, order: Order) {
        if self.order.replace(order) != order
            && let Some(task) = &*self.task.borrow()
        {
            task.wake_by_ref();
        }
    }

    fn is_dead(&self, now_ms: u64, settings: &NetSettings) -> bool {
        let limit = if self.partial.get() { settings.header_ms } else { settings.idle_ms };
        self.busy.get() == 0 && now_ms.saturating_sub(self.since_ms.get()) > limit
    }
}

/// All of a worker's connections.
#[derive(Debug, Default)]
pub(crate) struct Pulses(RefCell<Slab<Rc<Pulse>>>);

impl Pulses {
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    pub(crate) fn add(&self, now_ms: u64) -> (usize, Rc<Pulse>) {
        let pulse = Rc::new(Pulse::new(now_ms));
        (self.0.borrow_mut().insert(pulse.clone()), pulse)
    }

    pub(crate) fn remove(&self, key: usize) {
        self.0.borrow_mut().remove(key);
    }

    /// Ends the silent.
    pub(crate) fn look(&self, now_ms: u64, settings: &NetSettings) {
        for (_, pulse) in self.0.borrow().iter() {
            match (pulse.is_dead(now_ms, settings), pulse.order.get()) {
                // A word of farewell first, for protocols that have one; a second later it is meant.
                (true, Order::Live) if !pulse.partial.get() => pulse.tell(Order::Finish),
                (true, _) => pulse.tell(Order::Die),
                (false, _) => {}
            }
        }
    }

    /// The server is closing.
    pub(crate) fn finish(&self) {
        for (_, pulse) in self.0.borrow().iter() {
            pulse.tell(Order::Finish);
        }
    }
}
