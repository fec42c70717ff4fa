//! Pages of a room's archive (XEP-0313, XEP-0059): one client asks for a page, and for the next when it has that whole.
//!
//! What was said in the room are our own messages, numbered from 0 by one sender, so that a page is right if its messages are
//! the very ones that stand there: consecutive, each whole, and of the last page the last one the last of all.

use crate::args::Page;
use crate::clock::{Clock, Nanos};
use crate::failure::{Failure, Result};
use crate::meter::Meter;
use crate::outcome::Outcome;
use crate::pool::{Inbox, Pool};
use crate::stamp::Stamp;
use crate::xmpp::piece::{self, between};
use crate::xmpp::room::Room;
use crate::xmpp::session;

/// What the archive calls its own.
const MAM: &str = "urn:xmpp:mam:2";

/// One reader.
struct Reader {
    room: String,
    size: usize,
    meter: Meter,
    /// Number of the query that is under way.
    query: u64,
    asked: Nanos,
    /// Numbers of the messages that have come.
    seen: Vec<u64>,
    /// The archive's own name of the first.
    first: String,
    done: bool,
}

impl Reader {
    /// Asks for a page and waits until it is whole.
    fn ask(&mut self, pool: &mut Pool, filter: &str, paging: &str, max: u64) -> Result<()> {
        self.query += 1;
        self.seen.clear();
        self.first.clear();
        self.done = false;
        let query = format!(
            "<iq type='set' id='q{0}' to='{1}'><query xmlns='{MAM}' queryid='q{0}'>{filter}\
             <set xmlns='http://jabber.org/protocol/rsm'><max>{max}</max>{paging}</set></query></iq>",
            self.query, self.room
        );
        self.asked = self.meter.now();
        pool.send(0, query.as_bytes())?;
        pool.settle(self)
    }

    /// The page must have these messages.
    fn check(&self, first: u64, count: u64) -> Result<()> {
        if self.seen.iter().copied().eq(first..first + count) {
            return Ok(());
        }
        let seen = format!("{:?}…{:?}, {} in all", self.seen.first(), self.seen.last(), self.seen.len());
        Err(Failure::Protocol(format!("a page of messages {seen}, not {count} from {first} on")))
    }

    fn take_one(&mut self, stanza: &[u8]) -> Result<()> {
        if stanza.starts_with(b"<iq") && piece::tag_has(stanza, format!("q{}", self.query).as_bytes()) {
            self.meter.record(self.asked, self.meter.now());
            self.done = true;
            return Ok(());
        }
        if stanza.starts_with(b"<presence") {
            return Ok(());
        }
        let unexpected = || piece::unexpected("not a message of the page", stanza);
        let stamp = piece::body(stanza)
            .and_then(|body| Stamp::parse(body).filter(|stamp| stamp.message(self.size) == body));
        self.seen.push(stamp.ok_or_else(unexpected)?.seq);
        if self.first.is_empty() {
            self.first = result_id(stanza).ok_or_else(unexpected)?;
        }
        Ok(())
    }
}

impl Inbox for Reader {
    fn take(&mut self, link: usize, bytes: &[u8], _: &mut Vec<u8>) -> Result<usize> {
        piece::elements(link, bytes, |stanza| self.take_one(stanza))
    }

    fn settled(&self) -> bool {
        self.done
    }

    fn missing(&self) -> String {
        format!("{} messages of the page have come", self.seen.len())
    }
}

/// What the archive calls a message: `id` of the element `result`.
fn result_id(stanza: &[u8]) -> Option<String> {
    let tag = between(stanza, b"<result", b">")?;
    let id = between(tag, b" id='", b"'").or_else(|| between(tag, b" id=\"", b"\""))?;
    Some(String::from_utf8_lossy(id).into_owned())
}

/// Runs the scenario.
pub(crate) fn run(options: &Page) -> Result<Outcome> {
    let (common, clock) = (&options.common, Clock::start());
    let room = Room::new(&options.room);
    let enter = |n, session: &mut session::Session| room.enter(n, session);
    let mut pool = session::open(common, &options.entrance, fastrand::u64(..), 1, clock, enter)?;
    let mut reader = Reader {
        room: options.room.clone(),
        size: common.size as usize,
        meter: Meter::new(common, clock)?,
        query: 0,
        asked: 0,
        seen: Vec::new(),
        first: String::new(),
        done: true,
    };
    let (paging, first) = place(options, &mut pool, &mut reader)?;
    for round in 0..options.warmup + options.rounds {
        if round == options.warmup {
            reader.meter.begin()?;
        }
        reader.ask(&mut pool, "", &paging, options.page)?;
        reader.check(first, options.page)?;
    }
    let outcome = Outcome::of_deliveries("page", common, reader.meter.finish()?, &reader.meter)?;
    Ok(Outcome { connections: 1, ..outcome })
}

/// How the page that is wanted is asked for, and the first message that it must have.
fn place(options: &Page, pool: &mut Pool, reader: &mut Reader) -> Result<(String, u64)> {
    let Some(since) = &options.since else {
        return Ok(("<before/>".to_owned(), options.archive - options.page));
    };
    let filter = format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>{MAM}</value></field>\
         <field var='start'><value>{since}</value></field></x>"
    );
    reader.ask(pool, &filter, "", 1)?;
    let &[found] = reader.seen.as_slice() else {
        return Err(Failure::Protocol(format!("no single message since {since}: {:?}", reader.seen)));
    };
    Ok((format!("<after>{}</after>", reader.first), found + 1))
}
