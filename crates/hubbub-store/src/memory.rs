//! Papers of a server without a data directory: the same tables in memory, gone with the process.

use std::sync::mpsc::{self, Receiver, Sender};

use hubbub_hub::{PapersAnswer, PapersAsk, SessionKey, Ticket};
use rusqlite::{Connection, TransactionBehavior};

use crate::error::StoreError;
use crate::line::{Busy, Line, Place};
use crate::papers::{self, Look, PapersLimits};
use crate::trouble::Trouble;
use crate::{database, store};

/// What is asked, by whom.
struct Mail {
    session: SessionKey,
    ticket: Ticket,
    ask: PapersAsk,
    place: Place,
}

/// The way to papers in memory. Cheap to clone. When the last is gone the thread finishes what is queued and ends.
#[derive(Debug, Clone)]
pub struct MemoryPapers {
    to: Sender<Mail>,
    line: Line,
}

impl MemoryPapers {
    /// Starts the thread. All papers together take `bytes` at most; `queue` as in
    /// [`crate::StoreSettings::papers_queue`]. `reply` is called on the thread, and must not wait.
    ///
    /// # Errors
    /// SQLite gives no database.
    ///
    /// # Panics
    /// The operating system gives no thread, as with [`std::thread::spawn`].
    pub fn start(
        limits: PapersLimits,
        bytes: usize,
        queue: usize,
        reply: impl Fn(SessionKey, Ticket, PapersAnswer) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let connection = database::in_memory(bytes)?;
        let (to, mail) = mpsc::channel();
        drop(store::spawn("papers", move || run(connection, limits, &mail, reply)));
        Ok(Self { to, line: Line::new(queue) })
    }

    /// Asks on behalf of a session. Never waits.
    ///
    /// # Errors
    /// As much as may is waiting already.
    pub fn ask(&self, session: SessionKey, ticket: Ticket, ask: PapersAsk) -> Result<(), Busy> {
        let place = self.line.join(ask.weight())?;
        self.to.send(Mail { session, ticket, ask, place }).map_err(|_| Busy)
    }
}

fn run(
    mut connection: Connection,
    limits: PapersLimits,
    mail: &Receiver<Mail>,
    reply: impl Fn(SessionKey, Ticket, PapersAnswer),
) {
    let mut trouble = Trouble::new("keeping papers in memory");
    while let Ok(Mail { session, ticket, ask, place }) = mail.recv() {
        let answer = trouble.note(answer(&mut connection, limits, ask)).unwrap_or(PapersAnswer::Unavailable);
        // First: whoever has his answer may ask again.
        drop(place);
        reply(session, ticket, answer);
    }
}

fn answer(
    connection: &mut Connection,
    limits: PapersLimits,
    ask: PapersAsk,
) -> rusqlite::Result<PapersAnswer> {
    let look = match ask {
        PapersAsk::Read { owner, shelf } => Look { owner, shelf, key: None },
        PapersAsk::Get { owner, shelf, key } => Look { owner, shelf, key: Some(key) },
        PapersAsk::Write { owner, changes } => {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = papers::write(&transaction, limits, &owner, &changes)?;
            transaction.commit()?;
            return Ok(answer);
        }
    };
    papers::look(connection, &look).map(PapersAnswer::Found)
}
