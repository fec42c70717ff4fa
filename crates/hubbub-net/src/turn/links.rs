//! Clients on TCP and TLS: what waits for each of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::task::Waker;

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
}

impl Links {
    /// None yet. `limit` is how many bytes may wait for one.
    pub(crate) fn new(limit: usize) -> Self {
        Self { open: HashMap::new(), last: 0, limit }
    }

    /// A new one, and its number.
    pub(crate) fn open(&mut self) -> (u64, Rc<Outlet>) {
        self.last += 1;
        let outlet = Rc::new(Outlet::default());
        self.open.insert(self.last, outlet.clone());
        (self.last, outlet)
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
        message.iter().for_each(|piece| waiting.bytes.extend_from_slice(piece));
        if let Some(task) = waiting.task.take() {
            task.wake();
        }
        true
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
}
