//! One transaction in the making.

use std::collections::HashMap;
use std::sync::Arc;

use hubbub_hub::{AccountAnswer, Event, Fault, IdempotencyKey, LogAnswer, LogAsk, RoomName, WorkerId};
use rusqlite::Connection;

use super::{AccountChange, AccountJob, Job, PapersJob, Told, Writer, opening};
use crate::affairs;
use crate::log::Log;
use crate::lookup;
use crate::papers::{self, PapersLimits};
use crate::store::Answer;
use crate::trouble::Trouble;
use crate::{accounts, removal};

/// What was done so far, and what to answer if the commit succeeds.
pub(super) struct Batch<'a> {
    connection: &'a Connection,
    logs: &'a mut HashMap<RoomName, Log>,
    clock_ms: &'a mut u64,
    openings: &'a mut Trouble,
    papers: PapersLimits,
    workers: u16,
    domain: &'a str,
    /// The newest removal of an account that homes are told of.
    removal: i64,
    answers: Told,
    /// Where in `answers` the latest word about a room's messages is: they share it.
    latest: HashMap<RoomName, usize>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(writer: &'a mut Writer) -> Self {
        let Writer { connection, papers, workers, domain, looked, logs, clock_ms, openings, .. } = writer;
        let (papers, workers, answers, latest) = (*papers, *workers, Vec::new(), HashMap::new());
        let removal = looked.map_or(0, |looked| looked.removal);
        Self { connection, logs, clock_ms, openings, papers, workers, domain, removal, answers, latest }
    }

    pub(super) fn take(&mut self, job: &Job) -> rusqlite::Result<()> {
        match job {
            Job::Log(from, ask) => self.ask(*from, ask),
            Job::Papers(job) => self.write_papers(job),
            Job::Account(job) => self.change_account(job),
        }
    }

    fn change_account(&mut self, job: &AccountJob) -> rusqlite::Result<()> {
        let (done, otherwise) = match &job.change {
            AccountChange::Add(account, verifiers) => {
                (accounts::insert(self.connection, account, verifiers)?, AccountAnswer::Conflict)
            }
            AccountChange::Verifiers(user, verifiers) => {
                (accounts::replace(self.connection, user, verifiers)?, AccountAnswer::Unknown)
            }
            AccountChange::Remove(user) => (accounts::delete(self.connection, user)?, AccountAnswer::Unknown),
        };
        // Homes hear of it before the one who wanted it does.
        self.tell_removals()?;
        self.answers.push(job.answer(if done { AccountAnswer::Done } else { otherwise }));
        Ok(())
    }

    /// Forgets the logs that went with an account since the last look, and tells all workers, of whom one has the home.
    pub(super) fn tell_removals(&mut self) -> rusqlite::Result<()> {
        for room in removal::since(self.connection, self.removal)? {
            self.logs.remove(&room);
            self.latest.remove(&room);
            let gone = |worker| (worker, Answer::Log(LogAnswer::Gone { room: room.clone() }));
            self.answers.extend((0..self.workers).map(gone));
        }
        self.skip_removals()
    }

    /// What was removed until now is known, and left nothing behind.
    pub(super) fn skip_removals(&mut self) -> rusqlite::Result<()> {
        removal::sweep(self.connection, self.domain)?;
        self.removal = removal::newest(self.connection)?;
        Ok(())
    }

    fn write_papers(&mut self, job: &PapersJob) -> rusqlite::Result<()> {
        let answer = papers::write(self.connection, self.papers, &job.owner, &job.changes)?;
        self.answers.push(job.answer(answer));
        Ok(())
    }

    fn ask(&mut self, from: WorkerId, ask: &LogAsk) -> rusqlite::Result<()> {
        match ask {
            LogAsk::Open { room, keys_since_ms, .. } => {
                *self.clock_ms = (*self.clock_ms).max(*keys_since_ms);
                let log = self.open(room, ask)?;
                self.latest.remove(room);
                self.answers.push((from, Answer::Log(LogAnswer::Opened { room: room.clone(), log })));
            }
            LogAsk::Append { event, key } => self.append(from, event, key.as_ref())?,
            LogAsk::Affairs { room, affairs } => affairs::keep(self.connection, room, affairs)?,
            LogAsk::Read { .. } | LogAsk::Find { .. } | LogAsk::Archive { .. } => {
                let answer = lookup::answer(self.connection, ask)?;
                self.answers.extend(answer.map(|answer| (from, Answer::Log(answer))));
            }
        }
        Ok(())
    }

    /// Opens within the batch, and apart from it: one log that cannot be opened fails no other.
    fn open(
        &mut self,
        room: &RoomName,
        ask: &LogAsk,
    ) -> rusqlite::Result<Result<Option<hubbub_hub::Opened>, Fault>> {
        self.connection.execute_batch("SAVEPOINT opening")?;
        match opening::open(self.connection, self.logs, *self.clock_ms, ask) {
            Ok(opened) => {
                self.connection.execute_batch("RELEASE opening")?;
                self.openings.over();
                Ok(Ok(opened))
            }
            // A full disk ends the whole transaction.
            Err(cause) if self.connection.is_autocommit() => Err(cause),
            Err(cause) => {
                self.openings.failed(&cause);
                self.logs.remove(room);
                self.connection.execute_batch("ROLLBACK TO opening; RELEASE opening")?;
                Ok(Err(Fault))
            }
        }
    }

    fn append(
        &mut self,
        from: WorkerId,
        event: &Arc<Event>,
        key: Option<&IdempotencyKey>,
    ) -> rusqlite::Result<()> {
        // Not the latest of all: a clock that was wrong for a moment must not go on trimming after it was set right.
        *self.clock_ms = event.unix_ms;
        let kept = match opening::known(self.connection, self.logs, &event.room)? {
            Some(log) => log.append(self.connection, event, key)?,
            None => false,
        };
        let latest = self.latest.get(&event.room).map(|at| &mut self.answers[*at].1);
        match (kept, latest) {
            (true, Some(Answer::Log(LogAnswer::Kept { through, .. }))) => *through = event.at.seq,
            (false, Some(Answer::Log(LogAnswer::Failed { .. }))) => {}
            _ => {
                self.latest.insert(event.room.clone(), self.answers.len());
                self.answers.push((from, Answer::Log(first_word(event, kept))));
            }
        }
        Ok(())
    }

    /// Trims the logs that grew, and fills in what is the oldest of each. Gives what to answer, and which removal is the
    /// newest that this tells of.
    pub(super) fn finish(mut self) -> rusqlite::Result<(Told, i64)> {
        for (_, answer) in &mut self.answers {
            let Answer::Log(LogAnswer::Kept { room, through, oldest }) = answer else { continue };
            if let Some(log) = self.logs.get_mut(room) {
                log.settle(self.connection, *self.clock_ms, false)?;
                *oldest = log.oldest.min(*through + 1);
            }
        }
        Ok((self.answers, self.removal))
    }
}

/// What to say of the first of some messages; `oldest` is known at the end.
fn first_word(event: &Event, kept: bool) -> LogAnswer {
    let room = event.room.clone();
    if kept {
        LogAnswer::Kept { room, through: event.at.seq, oldest: 0 }
    } else {
        LogAnswer::Failed { room, from: event.at.seq }
    }
}
