//! Passwords are slow to check, which protects them, so they have a thread and a short queue of their own.

use std::num::NonZeroU32;
use std::sync::mpsc::Receiver;

use hubbub_hub::{Fault, SessionKey, Ticket, WorkerId};
use rusqlite::Connection;

use crate::accounts;
use crate::store::Answer;
use crate::trouble::Trouble;

/// What the thread is sent.
pub(crate) enum Mail {
    Check { session: SessionKey, ticket: Ticket, user: String, password: String },
    Stop,
}

/// The thread: answers until it is told to stop or nobody can ask any more.
pub(crate) fn run(
    connection: &Connection,
    iterations: NonZeroU32,
    mail: &Receiver<Mail>,
    reply: impl Fn(WorkerId, Answer),
) {
    let mut trouble = Trouble::new("checking passwords");
    while let Ok(Mail::Check { session, ticket, user, password }) = mail.recv() {
        let account = trouble.note(accounts::check(connection, &user, password, iterations)).ok_or(Fault);
        reply(session.worker, Answer::Password { session, ticket, account });
    }
}
