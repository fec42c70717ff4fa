//! Group commit: all that was asked while the last commit was on its way to the disk goes into the next one.
//!
//! [`Writer::batch`] is one transaction and the answers that are true once it is committed. If it fails, nothing of it
//! is kept and all its messages are answered so. Messages that were behind them in the queue then do not follow the
//! head any more, and fail in their turn: what is kept has no holes.

mod batch;
mod opening;

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use hubbub_hub::{Fault, LogAnswer, LogAsk, RoomName, WorkerId};
use rusqlite::Connection;

use crate::log::Log;
use crate::reader;
use crate::store::Answer;
use crate::trouble::Trouble;

use batch::Batch;

/// After a failure the writer rests, so that a full disk does not also take a whole core.
const REST: Duration = Duration::from_millis(100);

/// Logs that are remembered without looking; beyond, all are forgotten and looked up anew.
const LOGS_MOST: usize = 16_384;

/// What the thread is sent.
pub(crate) enum Mail {
    Ask(WorkerId, LogAsk),
    Stop,
}

/// The only writer of logs.
pub(crate) struct Writer {
    connection: Connection,
    logs: HashMap<RoomName, Log>,
    /// The present as far as asks tell of it, in milliseconds since 1970: ages are counted from there. A message's age
    /// therefore takes effect when its log is opened or appended to.
    clock_ms: u64,
    trouble: Trouble,
    /// Logs that cannot be opened; the others go on.
    openings: Trouble,
}

impl Writer {
    pub(crate) fn new(connection: Connection) -> Self {
        let trouble = Trouble::new("writing messages");
        Self {
            connection,
            logs: HashMap::new(),
            clock_ms: 0,
            trouble,
            openings: Trouble::new("opening logs"),
        }
    }

    /// The thread: answers until it is told to stop or nobody can ask any more.
    pub(crate) fn run(mut self, batch_max: usize, mail: &Receiver<Mail>, reply: impl Fn(WorkerId, Answer)) {
        let mut going_on = true;
        while going_on {
            let Ok(Mail::Ask(from, first)) = mail.recv() else { return };
            let mut asks = vec![(from, first)];
            while asks.len() < batch_max {
                match mail.try_recv() {
                    Ok(Mail::Ask(from, ask)) => asks.push((from, ask)),
                    Ok(Mail::Stop) => going_on = false,
                    Err(_) => break,
                }
                if !going_on {
                    break;
                }
            }
            for (to, answer) in self.batch(asks) {
                reply(to, Answer::Log(answer));
            }
            if self.trouble.is_on() && going_on {
                std::thread::sleep(REST);
            }
        }
    }

    /// Does all of `asks` or nothing, and says what to answer, in order.
    pub(crate) fn batch(&mut self, asks: Vec<(WorkerId, LogAsk)>) -> Vec<(WorkerId, LogAnswer)> {
        if self.logs.len() > LOGS_MOST {
            self.logs.clear();
        }
        match self.transact(&asks) {
            Ok(answers) => {
                // A batch that wrote nothing proves nothing.
                if answers.iter().any(|(_, answer)| matches!(answer, LogAnswer::Kept { .. })) {
                    self.trouble.over();
                }
                answers
            }
            Err(cause) => {
                self.trouble.failed(&cause);
                self.decline(asks)
            }
        }
    }

    fn transact(&mut self, asks: &[(WorkerId, LogAsk)]) -> rusqlite::Result<Vec<(WorkerId, LogAnswer)>> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut batch = Batch::new(self);
        for (from, ask) in asks {
            batch.ask(*from, ask)?;
        }
        let answers = batch.finish()?;
        self.connection.execute_batch("COMMIT")?;
        Ok(answers)
    }

    /// Nothing was kept. Logs that exist are opened all the same, since that takes no writing.
    fn decline(&mut self, asks: Vec<(WorkerId, LogAsk)>) -> Vec<(WorkerId, LogAnswer)> {
        if !self.connection.is_autocommit() {
            // Where SQLite has rolled back by itself (a full disk), there is nothing left to undo.
            if let Err(cause) = self.connection.execute_batch("ROLLBACK") {
                self.trouble.failed(&cause);
            }
        }
        self.logs.clear();
        let mut failed = HashSet::new();
        let mut answers = Vec::new();
        for (from, ask) in asks {
            let answer = match ask {
                LogAsk::Open { ref room, .. } => {
                    failed.remove(room);
                    let log = opening::open_existing(&self.connection, &ask).map_err(|_| Fault);
                    LogAnswer::Opened { room: room.clone(), log: log.and_then(|found| found) }
                }
                LogAsk::Append { event, .. } => {
                    if !failed.insert(event.room.clone()) {
                        continue;
                    }
                    LogAnswer::Failed { room: event.room.clone(), from: event.at.seq }
                }
                LogAsk::Read { room, after, limit, ticket } => {
                    let events = reader::page(&self.connection, &room, after, limit).unwrap_or(Err(Fault));
                    LogAnswer::Page { room, ticket, events }
                }
            };
            answers.push((from, answer));
        }
        answers
    }
}

#[cfg(test)]
mod tests;
