//! What the flush needs to know of a session's link.

use std::os::fd::RawFd;
use std::rc::Rc;
use std::task::Waker;

use crate::pulse::{Order, Pulse};

/// How a session's output reaches its peer.
#[derive(Debug, Default)]
pub(crate) struct LinkHandle {
    /// The link's task, when it waits for output or for a blocked socket.
    waker: Option<Waker>,
    /// The socket, if the flush may write to it directly; otherwise the task pulls from the outbox.
    pub(crate) direct: Option<RawFd>,
    /// The socket took no more: its task waits until it does, and the flush leaves it alone.
    pub(crate) blocked: bool,
    /// The session was over long ago and its peer has not read the rest.
    pub(crate) condemned: bool,
    /// A stream of its own inside an HTTP/2 connection: it can end without the others.
    pub(crate) own_stream: bool,
    /// The connection whose stream this is, if it may end with it.
    pub(crate) pulse: Option<Rc<Pulse>>,
}

impl LinkHandle {
    /// Remembers whom to wake.
    pub(crate) fn wait(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.waker = Some(waker.clone());
        }
    }

    /// Whether a peer that does not read can keep this link open after its session.
    pub(crate) fn may_linger(&self) -> bool {
        self.direct.is_some() || self.own_stream || self.pulse.is_some()
    }

    /// Has waited long enough.
    pub(crate) fn condemn(&mut self) {
        self.condemned = true;
        if let Some(pulse) = &self.pulse {
            pulse.tell(Order::Die);
        }
        self.wake();
    }

    /// Wakes the link's task.
    pub(crate) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}
