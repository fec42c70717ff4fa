//! Looking something up in the log: in memory if all of it is there, else in the store.

use super::{Room, RoomCx, refuse, reply};
use crate::archive::{Archive, ArchiveAsk};
use crate::command::{Asked, Command, Effect, Refusal, Reply};
use crate::event::Event;
use crate::id::MessageId;
use crate::log::{Fault, LogAsk};
use crate::policy::{LogKind, Right};

impl Room {
    pub(super) fn look_up_archive(&mut self, asked: Asked, cx: &mut RoomCx<'_>) {
        let Command::Archive(what) = &asked.command else { return };
        if !self.policy.allows(&asked.identity, Right::Read, &self.name) {
            return refuse(&asked, Refusal::Forbidden(Right::Read), cx);
        }
        if let Err(why) = self.may_see(&asked) {
            return refuse(&asked, why, cx);
        }
        self.expire(cx);
        if self.policy.log == LogKind::Memory {
            let found = self.search(what, cx.settings.page_bytes);
            return answer(&asked, found, cx);
        }
        if self.archives.len() >= cx.settings.pending_limit {
            return refuse(&asked, Refusal::Busy, cx);
        }
        let ticket = self.next_park;
        self.next_park += 1;
        let (room, through) = (self.name.clone(), self.history.head());
        cx.effects.push(Effect::Log(LogAsk::Archive { room, what: what.clone(), through, ticket }));
        self.archives.insert(ticket, asked);
    }

    /// The store has looked.
    pub(super) fn looked_up(
        &mut self,
        ticket: u64,
        found: Result<Option<Archive>, Fault>,
        cx: &mut RoomCx<'_>,
    ) {
        let Some(asked) = self.archives.remove(&ticket) else { return };
        let Ok(mut found) = found else { return refuse(&asked, Refusal::LogFailed, cx) };
        if let Some(found) = &mut found {
            // The store may know messages that are on disk but not told yet: nobody hears of them before their turn.
            let told = self.history.head();
            found.events.retain(|event| event.at.epoch == self.epoch && event.at.seq <= told);
        }
        answer(&asked, found, cx);
    }

    /// What is found in memory; nothing if a message that the question names is not there.
    fn search(&self, what: &ArchiveAsk, bytes: usize) -> Option<Archive> {
        let place = |id: &MessageId| self.history.newest(|event| event.id == *id).map(|event| event.at.seq);
        let places = |ids: &[MessageId]| ids.iter().map(place).collect::<Option<Vec<u64>>>();
        let after = places(&what.after)?.into_iter().max().unwrap_or(0);
        let before = places(&what.before)?.into_iter().min().unwrap_or(u64::MAX);
        places(what.ids.as_deref().unwrap_or_default())?;
        let fits =
            |event: &&std::sync::Arc<Event>| (after + 1..before).contains(&event.at.seq) && what.takes(event);
        let all = self.history.iter().filter(fits);
        let mut found = Archive::default();
        found.complete = if what.newest {
            let complete = found.fill(all.rev(), what.limit, bytes);
            found.events.reverse();
            complete
        } else {
            found.fill(all, what.limit, bytes)
        };
        Some(found)
    }
}

fn answer(asked: &Asked, found: Option<Archive>, cx: &mut RoomCx<'_>) {
    match found {
        Some(found) => reply(asked, Reply::Archive(Box::new(found)), cx),
        None => refuse(asked, Refusal::NoSuchMessage, cx),
    }
}
