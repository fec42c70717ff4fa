//! Clients on TCP and TLS: what waits for each of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::task::Waker;

use super::neighbours::Neighbours;
use super::splice::Splice;

/// All of one worker's.
pub(crate) struct Links {
    open: HashMap<u64, Rc<Outlet>>,
    last: u64,
    limit: usize,
}

/// What waits for one client.
#[derive(Default)]
pub(crate) struct Outlet(RefCell<Waiting>);

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    sent: usize,
    task: Option<Waker>,
    /// What its link is to become one with, when all that waits has been sent.
    splice: Option<Splice>,
    /// Whether there is such, or was.
    is_spliced: bool,
    /// Whether its link is to end.
    is_cut: bool,
}

impl Links {
    /// None yet. `limit` is how many bytes may wait for one.
    pub(crate) fn new(limit: usize) -> Self {
        Self { open: HashMap::new(), last: 0, limit }
    }

    /// A new one, and its number.
    pub(crate) fn open(&mut self, neighbours: &Neighbours) -> (u64, Rc<Outlet>) {
        self.last += 1;
        let (number, outlet) = (neighbours.link(self.last), Rc::new(Outlet::default()));
        self.open.insert(number, outlet.clone());
        (number, outlet)
    }

    /// Has a link become one with a connection to a peer.
    ///
    /// # Errors
    /// It is gone, or one with another.
    pub(crate) fn splice(&self, number: u64, splice: Splice) -> Result<(), Splice> {
        match self.open.get(&number) {
            Some(outlet) if !outlet.0.borrow().is_spliced => {
                outlet.0.borrow_mut().order(|waiting| {
                    (waiting.splice, waiting.is_spliced) = (Some(splice), true);
                });
                Ok(())
            }
            _ => Err(splice),
        }
    }

    /// Has all look after themselves.
    pub(crate) fn wake_all(&self) {
        self.open.values().for_each(|outlet| outlet.0.borrow_mut().order(|_| ()));
    }

    /// Whether it is to.
    pub(crate) fn is_spliced(&self, number: u64) -> bool {
        self.open.get(&number).is_some_and(|outlet| outlet.0.borrow().is_spliced)
    }

    /// Has a link end.
    pub(crate) fn cut(&self, number: u64) {
        if let Some(outlet) = self.open.get(&number) {
            outlet.0.borrow_mut().order(|waiting| waiting.is_cut = true);
        }
    }

    pub(crate) fn close(&mut self, number: u64) {
        self.open.remove(&number);
    }

    /// Has a message sent, whole or not at all. `false`: too much waits already.
    pub(crate) fn send(&self, number: u64, message: [&[u8]; 3]) -> bool {
        let Some(outlet) = self.open.get(&number) else { return true };
        let mut waiting = outlet.0.borrow_mut();
        let length: usize = message.iter().map(|piece| piece.len()).sum();
        if waiting.bytes.len() - waiting.sent + length > self.limit {
            return false;
        }
        waiting.order(|waiting| message.iter().for_each(|piece| waiting.bytes.extend_from_slice(piece)));
        true
    }
}

impl Waiting {
    fn order(&mut self, change: impl FnOnce(&mut Self)) {
        change(self);
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }
}

impl Outlet {
    /// Has `task` woken when there is more.
    pub(crate) fn wait(&self, task: &Waker) {
        let waiting = &mut *self.0.borrow_mut();
        if !waiting.task.as_ref().is_some_and(|before| before.will_wake(task)) {
            waiting.task = Some(task.clone());
        }
    }

    /// Hands out what waits, if anything does, and forgets as much of it as was taken.
    pub(crate) fn take<E>(&self, take: impl FnOnce(&[u8]) -> Result<usize, E>) -> Result<usize, E> {
        let waiting = &mut *self.0.borrow_mut();
        let count = take(&waiting.bytes[waiting.sent..])?;
        waiting.sent += count;
        if waiting.sent == waiting.bytes.len() {
            // Nothing is held for a link that waits.
            (waiting.bytes, waiting.sent) = (Vec::new(), 0);
        } else if waiting.sent > waiting.bytes.len() / 2 {
            waiting.bytes.drain(..std::mem::take(&mut waiting.sent));
        }
        Ok(count)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().bytes.is_empty()
    }

    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        let waiting = self.0.borrow();
        waiting.bytes.len() - waiting.sent
    }

    /// What its link is to become one with.
    pub(crate) fn take_splice(&self) -> Option<Splice> {
        self.0.borrow_mut().splice.take()
    }

    pub(crate) fn has_splice(&self) -> bool {
        self.0.borrow().splice.is_some()
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.0.borrow().is_cut
    }
}
