//! Passwords are slow to check and to make verifiers of, which protects them, so they have a thread and a short queue of
//! their own. What is to be kept goes on to the writer.

use std::num::NonZeroU32;
use std::sync::mpsc::{Receiver, Sender};

use hubbub_hub::address::MAX_NAME_BYTES;
use hubbub_hub::{AccountAnswer, Fault, SessionKey, Ticket, WorkerId};
use rusqlite::Connection;

use crate::accounts::{self, Account};
use crate::store::Answer;
use crate::trouble::Trouble;
use crate::writer::{self, AccountChange, AccountJob, Job};

/// What the thread is sent.
pub(crate) enum Mail {
    Check { session: SessionKey, ticket: Ticket, user: String, password: String },
    Make { session: SessionKey, ticket: Ticket, whose: Whose, password: String },
    Stop,
}

/// Whose password it is to be.
pub(crate) enum Whose {
    New(Account),
    Known(String),
}

/// What the thread works with.
pub(crate) struct Passwords {
    pub(crate) connection: Connection,
    /// Rounds of PBKDF2 for new verifiers, and for names that nobody has.
    pub(crate) iterations: NonZeroU32,
    pub(crate) to_writer: Sender<writer::Mail>,
}

impl Passwords {
    /// The thread: answers until it is told to stop or nobody can ask any more.
    pub(crate) fn run(&self, mail: &Receiver<Mail>, reply: impl Fn(WorkerId, Answer)) {
        let mut trouble = Trouble::new("checking passwords");
        loop {
            match mail.recv() {
                Ok(Mail::Check { session, ticket, user, password }) => {
                    let account = accounts::check(&self.connection, &user, password, self.iterations);
                    let account = trouble.note(account).ok_or(Fault);
                    reply(session.worker, Answer::Password { session, ticket, account });
                }
                Ok(Mail::Make { session, ticket, whose, password }) => match self.change(whose, password) {
                    Some(change) => self.hand_over(AccountJob { session, ticket, change, _place: None }),
                    None => {
                        let answer = AccountAnswer::Unacceptable;
                        reply(session.worker, Answer::Account { session, ticket, answer });
                    }
                },
                Ok(Mail::Stop) | Err(_) => return,
            }
        }
    }

    fn change(&self, whose: Whose, password: String) -> Option<AccountChange> {
        if matches!(&whose, Whose::New(account) if !is_acceptable(account)) {
            return None;
        }
        let verifiers = accounts::verifiers(password, self.iterations)?;
        Some(match whose {
            Whose::New(account) => AccountChange::Add(account, verifiers),
            Whose::Known(user) => AccountChange::Verifiers(user, verifiers),
        })
    }

    fn hand_over(&self, job: AccountJob) {
        // A writer that is gone has been told to stop: nobody waits for an answer any more.
        let _ = self.to_writer.send(writer::Mail::Do(Job::Account(Box::new(job))));
    }
}

/// Whether these can be names: there, not too long, and the one that others see without control characters.
fn is_acceptable(account: &Account) -> bool {
    let fits = |name: &str| (1..=MAX_NAME_BYTES).contains(&name.len());
    fits(&account.user) && fits(&account.name) && !account.name.contains(char::is_control)
}
