//! Group commit: all that was asked while the last commit was on its way to the disk goes into the next one.
//!
//! [`Writer::batch`] is one transaction and the answers that are true once it is committed. If it fails, nothing of it
//! is kept and all its messages are answered so. Messages that were behind them in the queue then do not follow the
//! head any more, and fail in their turn: what is kept has no holes.

mod batch;
mod opening;

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use hubbub_hub::{
    AccountAnswer, Fault, LogAnswer, LogAsk, PaperChange, PapersAnswer, RoomName, SessionKey, Ticket,
    WorkerId,
};
use rusqlite::Connection;

use crate::accounts::Account;
use crate::line::Place;
use crate::log::Log;
use crate::lookup;
use crate::papers::PapersLimits;
use crate::scram::Verifier;
use crate::store::Answer;
use crate::trouble::Trouble;

use batch::Batch;

/// After a failure the writer rests, so that a full disk does not also take a whole core.
const REST: Duration = Duration::from_millis(100);

/// How often a writer that has nothing to do looks for accounts that were removed beside it.
const LOOK: Duration = Duration::from_secs(1);

/// Logs that are remembered without looking; beyond, all are forgotten and looked up anew.
const LOGS_MOST: usize = 16_384;

/// What the thread is sent.
pub(crate) enum Mail {
    Do(Job),
    Stop,
}

/// One thing to do, in a transaction with others.
#[derive(Debug)]
pub(crate) enum Job {
    /// What a home asks of a log.
    Log(WorkerId, LogAsk),
    /// What a session wants to keep.
    Papers(PapersJob),
    /// What a session wants to become of an account.
    Account(Box<AccountJob>),
}

/// Papers to be written.
#[derive(Debug)]
pub(crate) struct PapersJob {
    pub(crate) session: SessionKey,
    pub(crate) ticket: Ticket,
    pub(crate) owner: String,
    pub(crate) changes: Vec<PaperChange>,
    /// Given up before the answer is on its way.
    pub(crate) _place: Place,
}

impl PapersJob {
    fn answer(&self, answer: PapersAnswer) -> (WorkerId, Answer) {
        (self.session.worker, Answer::Papers { session: self.session, ticket: self.ticket, answer })
    }
}

/// An account to be made, changed or removed.
#[derive(Debug)]
pub(crate) struct AccountJob {
    pub(crate) session: SessionKey,
    pub(crate) ticket: Ticket,
    pub(crate) change: AccountChange,
    /// Given up before the answer is on its way; nothing where another queue has counted it.
    pub(crate) _place: Option<Place>,
}

/// What is to become of it.
#[derive(Debug)]
pub(crate) enum AccountChange {
    Add(Account, [Verifier; 2]),
    Verifiers(String, [Verifier; 2]),
    Remove(String),
}

impl AccountJob {
    fn answer(&self, answer: AccountAnswer) -> (WorkerId, Answer) {
        (self.session.worker, Answer::Account { session: self.session, ticket: self.ticket, answer })
    }
}

/// What the file was like when it was last looked at for what others have done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Looked {
    /// SQLite's own count of what other connections have committed.
    version: i64,
    /// The newest removal of an account that homes have been told of.
    removal: i64,
}

/// What to tell whom.
type Told = Vec<(WorkerId, Answer)>;

/// The only writer of logs and papers, and of accounts but for the command line.
pub(crate) struct Writer {
    connection: Connection,
    papers: PapersLimits,
    workers: u16,
    /// The host of accounts' addresses.
    domain: String,
    /// Nothing before the first look: what was removed before this server began is news to nobody.
    looked: Option<Looked>,
    logs: HashMap<RoomName, Log>,
    /// The present as far as asks tell of it, in milliseconds since 1970: ages are counted from there. A message's age
    /// therefore takes effect when its log is opened or appended to.
    clock_ms: u64,
    trouble: Trouble,
    /// Logs that cannot be opened; the others go on.
    openings: Trouble,
}

impl Writer {
    /// `workers`: how many are told when an inbox is no more. `domain`: the host of accounts' addresses.
    pub(crate) fn new(connection: Connection, papers: PapersLimits, workers: u16, domain: &str) -> Self {
        let trouble = Trouble::new("writing messages");
        Self {
            connection,
            papers,
            workers,
            domain: domain.to_owned(),
            looked: None,
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
            let mut jobs = Vec::new();
            match mail.recv_timeout(LOOK) {
                Ok(Mail::Do(first)) => jobs.push(first),
                Err(RecvTimeoutError::Timeout) if self.is_as_it_was() => continue,
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Mail::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            while going_on && jobs.len() < batch_max {
                match mail.try_recv() {
                    Ok(Mail::Do(job)) => jobs.push(job),
                    Ok(Mail::Stop) => going_on = false,
                    Err(_) => break,
                }
            }
            let answers = self.batch(&jobs);
            // With them their places in line: whoever has his answer may ask again.
            drop(jobs);
            for (to, answer) in answers {
                reply(to, answer);
            }
            if self.trouble.is_on() && going_on {
                std::thread::sleep(REST);
            }
        }
    }

    /// Does all of `jobs` or nothing, and says what to answer, in order.
    pub(crate) fn batch(&mut self, jobs: &[Job]) -> Told {
        if self.logs.len() > LOGS_MOST {
            self.logs.clear();
        }
        match self.transact(jobs) {
            Ok(answers) => {
                // A batch that wrote nothing proves nothing.
                if answers.iter().any(|(_, answer)| is_kept(answer)) {
                    self.trouble.over();
                }
                answers
            }
            Err(cause) => {
                self.trouble.failed(&cause);
                self.decline(jobs)
            }
        }
    }

    fn transact(&mut self, jobs: &[Job]) -> rusqlite::Result<Told> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let (version, looked) = (self.version()?, self.looked);
        let mut batch = Batch::new(self);
        // From here on nobody else writes: no log that was removed is written to.
        match looked {
            Some(looked) if looked.version == version => {}
            Some(_) => batch.tell_removals()?,
            None => batch.skip_removals()?,
        }
        for job in jobs {
            batch.take(job)?;
        }
        let (answers, removal) = batch.finish()?;
        self.connection.execute_batch("COMMIT")?;
        self.looked = Some(Looked { version, removal });
        Ok(answers)
    }

    /// Changes with each commit of another connection, never with one of this.
    fn version(&self) -> rusqlite::Result<i64> {
        self.connection.pragma_query_value(None, "data_version", |row| row.get(0))
    }

    /// Whether nobody else has written since the last look.
    fn is_as_it_was(&self) -> bool {
        self.version().is_ok_and(|version| self.looked.is_some_and(|looked| looked.version == version))
    }

    /// Nothing was kept. Logs that exist are opened all the same, since that takes no writing.
    fn decline(&mut self, jobs: &[Job]) -> Told {
        if !self.connection.is_autocommit() {
            // Where SQLite has rolled back by itself (a full disk), there is nothing left to undo.
            if let Err(cause) = self.connection.execute_batch("ROLLBACK") {
                self.trouble.failed(&cause);
            }
        }
        self.logs.clear();
        let mut failed = HashSet::new();
        let mut answers = Vec::new();
        for job in jobs {
            match job {
                Job::Log(from, ask) => {
                    let answer = self.decline_log(ask, &mut failed);
                    answers.extend(answer.map(|answer| (*from, Answer::Log(answer))));
                }
                Job::Papers(job) => answers.push(job.answer(PapersAnswer::Unavailable)),
                Job::Account(job) => answers.push(job.answer(AccountAnswer::Unavailable)),
            }
        }
        answers
    }

    /// `failed`: the rooms that have been told already that what they say is not kept.
    fn decline_log(&self, ask: &LogAsk, failed: &mut HashSet<RoomName>) -> Option<LogAnswer> {
        Some(match ask {
            LogAsk::Open { room, .. } => {
                failed.remove(room);
                let log = opening::open_existing(&self.connection, ask).map_err(|_| Fault);
                LogAnswer::Opened { room: room.clone(), log: log.and_then(|found| found) }
            }
            LogAsk::Append { event, .. } => {
                if !failed.insert(event.room.clone()) {
                    return None;
                }
                LogAnswer::Failed { room: event.room.clone(), from: event.at.seq }
            }
            LogAsk::Affairs { room, .. } => LogAnswer::AffairsLost { room: room.clone() },
            LogAsk::Read { .. } | LogAsk::Find { .. } | LogAsk::Archive { .. } => {
                return lookup::answer(&self.connection, ask).unwrap_or_else(|_| lookup::failed(ask));
            }
        })
    }
}

/// Whether this says that something was written.
fn is_kept(answer: &Answer) -> bool {
    matches!(
        answer,
        Answer::Log(LogAnswer::Kept { .. })
            | Answer::Papers { answer: PapersAnswer::Kept, .. }
            | Answer::Account { answer: AccountAnswer::Done, .. }
    )
}

#[cfg(test)]
mod tests;
