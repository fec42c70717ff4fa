//! Mailboxes: the only thing that workers share, beside the immutable events in them.
//!
//! Mail is ordered between any two workers, which is what lets a reader join without a gap: its backlog and all later
//! events come from the same home through the same box.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;
use hubbub_gate::session::{AckId, Answer, Letter};
use hubbub_hub::command::Asked;
use hubbub_hub::{
    Happening, HookAnswer, Identity, LogAnswer, MessageId, Reply, RoomName, SessionKey, SessionName, Ticket,
    WorkerId,
};

use crate::actions::{Order, Report};
use crate::stewards::ToSteward;

/// What one worker, or the store, writes to a worker.
#[derive(Debug)]
pub enum Mail {
    /// To a room's home.
    Asked(Asked),
    /// From a room's home to a session.
    Reply(SessionKey, RoomName, Ticket, Reply),
    /// From a room's home, once for each worker with seats.
    Happened(RoomName, Happening),
    /// From the store to a room's home.
    Log(LogAnswer),
    /// From an application to a room's home.
    Verdict(RoomName, MessageId, HookAnswer),
    /// From the store, or an application, to a session.
    Answer(SessionKey, Ticket, Answer),
    /// From whoever does an application's actions to where the sessions are, or where it is known where they are.
    Order(Order),
    /// Back.
    Report(AckId, Report),
    /// To a name's home: it is this session's.
    Named(SessionName, SessionKey),
    /// To a name's home: it is not this session's any more.
    Unnamed(SessionName, SessionKey),
    /// From a session: which rooms are open that this one may see? After this name, at most so many.
    Survey(SessionKey, Ticket, Arc<Identity>, Option<RoomName>, usize),
    /// From a session to another: from whom, to whom.
    Letter(SessionKey, SessionKey, Letter),
    /// From a session to the steward of a name.
    ToSteward(Box<ToSteward>),
    /// To a session whose letter found nobody there.
    Undelivered(SessionKey, SessionKey),
    /// From the main thread: say goodbye to everybody.
    Shutdown,
}

/// Wakes a worker that sleeps.
#[derive(Debug, Default)]
struct Bell {
    rung: AtomicBool,
    waker: AtomicWaker,
    /// Mail in the box.
    waiting: AtomicUsize,
}

/// The ways to write to all workers. Each thread has its own copy.
#[derive(Debug, Clone)]
pub struct Post {
    boxes: Vec<(Sender<Mail>, Arc<Bell>)>,
}

impl Post {
    /// Puts mail into a worker's box. It is not woken yet: see [`Self::ring`].
    pub fn put(&self, to: WorkerId, mail: Mail) {
        let (sender, bell) = &self.boxes[usize::from(to)];
        bell.waiting.fetch_add(1, Ordering::Relaxed);
        // A worker that is gone needs no mail.
        let _ = sender.send(mail);
    }

    /// Wakes a worker to read its mail.
    pub fn ring(&self, to: WorkerId) {
        let bell = &self.boxes[usize::from(to)].1;
        if !bell.rung.swap(true, Ordering::AcqRel) {
            bell.waker.wake();
        }
    }

    /// Puts mail and wakes the worker: for threads that have no turn.
    pub fn send(&self, to: WorkerId, mail: Mail) {
        self.put(to, mail);
        self.ring(to);
    }

    /// Mail that waits for a worker.
    #[must_use]
    pub fn waiting(&self, to: WorkerId) -> usize {
        self.boxes[usize::from(to)].1.waiting.load(Ordering::Relaxed)
    }

    /// How many workers there are.
    #[must_use]
    pub fn workers(&self) -> u16 {
        u16::try_from(self.boxes.len()).unwrap_or(u16::MAX)
    }
}

/// One worker's end.
#[derive(Debug)]
pub struct Mailbox {
    mail: Receiver<Mail>,
    bell: Arc<Bell>,
}

impl Mailbox {
    /// The next piece of mail.
    pub(crate) fn take(&self) -> Option<Mail> {
        let mail = self.mail.try_recv().ok()?;
        self.bell.waiting.fetch_sub(1, Ordering::Relaxed);
        Some(mail)
    }

    /// Mail that waits.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.bell.waiting.load(Ordering::Relaxed)
    }

    /// A handle with which the shell waits for the bell while the worker is busy elsewhere.
    #[must_use]
    pub fn listener(&self) -> Listener {
        Listener(self.bell.clone())
    }
}

/// Waits for a worker's bell.
#[derive(Debug, Clone)]
pub struct Listener(Arc<Bell>);

impl Listener {
    /// Ready when the bell has been rung since the last time.
    pub fn poll_rung(&self, cx: &Context<'_>) -> Poll<()> {
        self.0.waker.register(cx.waker());
        if self.0.rung.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A mailbox for each of `workers`, and the post that reaches them all.
#[must_use]
pub fn mailboxes(workers: u16) -> (Post, Vec<Mailbox>) {
    let (boxes, mailboxes) = (0..workers)
        .map(|_| {
            let (sender, mail) = channel();
            let bell = Arc::new(Bell::default());
            ((sender, bell.clone()), Mailbox { mail, bell })
        })
        .unzip();
    (Post { boxes }, mailboxes)
}
