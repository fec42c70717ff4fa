//! What is looked up beside the writer, among what is committed: older messages, papers, accounts.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use hubbub_hub::{
    AccountAnswer, Event, Fault, LogAnswer, LogAsk, PapersAnswer, RoomName, SessionKey, Ticket, VerifierHash,
    WorkerId,
};
use rusqlite::{Connection, OptionalExtension, params};

use crate::accounts::{self, Account};
use crate::line::Place;
use crate::lookup;
use crate::papers::{self, Look};
use crate::rows::{self, int, nat};
use crate::store::Answer;
use crate::trouble::{self, Trouble};

/// A page ends after so many bytes (by [`Event::weight`]), whatever its limit; it has at least one message if there is one.
/// Whoever wants more asks again.
pub(crate) const PAGE_BYTES: usize = 1 << 20;

/// What the thread is sent.
pub(crate) enum Mail {
    /// Of a home, which only wants to read.
    Log(WorkerId, LogAsk),
    /// Of a session, which has a place in a line.
    Look(SessionKey, Ticket, Sight, Place),
    Stop,
}

/// What a session wants to see.
pub(crate) enum Sight {
    Papers(Look),
    Verifier(String, VerifierHash),
    Account(String),
}

/// The thread: answers until it is told to stop or nobody can ask any more.
pub(crate) fn run(mut connection: Connection, mail: &Receiver<Mail>, reply: impl Fn(WorkerId, Answer)) {
    let mut reading = Trouble::new("reading messages");
    let mut looking = Trouble::new("reading papers and accounts");
    loop {
        match mail.recv() {
            Ok(Mail::Log(from, ask)) => {
                let found = reading.note(committed(&mut connection, &ask));
                if let Some(answer) = found.unwrap_or_else(|| lookup::failed(&ask)) {
                    reply(from, Answer::Log(answer));
                }
            }
            Ok(Mail::Look(session, ticket, sight, place)) => {
                let answer = see(&connection, session, ticket, sight, &mut looking);
                // First: whoever has his answer may ask again.
                drop(place);
                reply(session.worker, answer);
            }
            Ok(Mail::Stop) | Err(_) => return,
        }
    }
}

fn see(
    connection: &Connection,
    session: SessionKey,
    ticket: Ticket,
    sight: Sight,
    trouble: &mut Trouble,
) -> Answer {
    match sight {
        Sight::Papers(look) => {
            let found = trouble.note(papers::look(connection, &look));
            let answer = found.map_or(PapersAnswer::Unavailable, PapersAnswer::Found);
            Answer::Papers { session, ticket, answer }
        }
        Sight::Verifier(user, hash) => {
            let verifier = trouble.note(accounts::stored_verifier(connection, &user, hash)).ok_or(Fault);
            Answer::Verifier { session, ticket, verifier }
        }
        Sight::Account(user) => {
            let found = trouble.note(accounts::find(connection, &user));
            let exists =
                |account: Option<Account>| AccountAnswer::Exists(account.map(|account| account.name));
            let answer = found.map_or(AccountAnswer::Unavailable, exists);
            Answer::Account { session, ticket, answer }
        }
    }
}

/// A page or, where its rows are damaged, a fault.
pub(crate) type Page = Result<Vec<Arc<Event>>, Fault>;

/// One transaction, so that the log's place and its rows are of the same moment.
fn committed(connection: &mut Connection, ask: &LogAsk) -> rusqlite::Result<Option<LogAnswer>> {
    let transaction = connection.transaction()?;
    let answer = lookup::answer(&transaction, ask)?;
    transaction.commit()?;
    Ok(answer)
}

/// At most `limit` messages after `after`, in order, beginning with the oldest kept if `after` is older than that.
pub(crate) fn page(
    connection: &Connection,
    room: &RoomName,
    after: u64,
    limit: u32,
) -> rusqlite::Result<Page> {
    let sql = "SELECT id, epoch, oldest FROM logs WHERE room = ?1";
    let log = connection.prepare_cached(sql)?.query_row(params![room.as_str()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, nat(row.get(2)?)))
    });
    let Some((log, epoch, oldest)) = log.optional()? else { return Ok(Ok(Vec::new())) };
    let mut next = oldest.max(after.saturating_add(1));
    let sql =
        format!("SELECT {} FROM events WHERE log = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3", rows::EVENT);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![log, int(next), limit])?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        let Some(event) = rows::decode(row, room, epoch).ok().filter(|event| event.at.seq == next) else {
            trouble::damaged(room, next);
            return Ok(Err(Fault));
        };
        bytes += event.weight();
        if bytes > PAGE_BYTES && !events.is_empty() {
            break;
        }
        next += 1;
        events.push(event);
    }
    Ok(Ok(events))
}
