//! Saying something: stamped by the home, kept, told to all, acknowledged.
//!
//! In a durable room nobody hears of a message before it is on disk: were it told first and lost in a crash, two
//! messages would have had the same offset.

use std::sync::Arc;

use bytes::Bytes;

use super::about::Said;
use super::{Room, RoomCx, Stage, refuse, reply};
use crate::command::{Asked, Command, Effect, Happening, Published, Refusal, Reply};
use crate::event::{Body, Event};
use crate::history::History;
use crate::idempotency::{IdempotencyKey, Keys, Known};
use crate::log::LogAsk;
use crate::offset::Offset;
use crate::policy::{LogKind, Right};

/// A message on its way to the disk, and who waits for it: its sender, and whoever repeated it meanwhile.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) event: Arc<Event>,
    key: Option<IdempotencyKey>,
    waiting: Vec<Asked>,
    /// What the room's application answered.
    answer: Option<Bytes>,
}

impl Room {
    pub(super) fn publish(&mut self, mut asked: Asked, cx: &mut RoomCx<'_>) {
        if !self.policy.allows(&asked.identity, Right::Publish, &self.name) {
            return refuse(&asked, Refusal::Forbidden(Right::Publish), cx);
        }
        if let Err(why) = self.may_speak(&asked) {
            return refuse(&asked, why, cx);
        }
        let Command::Publish { body, key, about } = std::mem::replace(&mut asked.command, Command::Presence)
        else {
            return;
        };
        self.find(Said { asked, body, key }, about.map(|wish| *wish), cx);
    }

    /// What is said of others is settled: it is said, unless it was said before.
    pub(super) fn publish_found(&mut self, Said { asked, body, key }: Said, cx: &mut RoomCx<'_>) {
        let known = key.as_ref().and_then(|key| self.keys.get(&asked.identity.user, key)).cloned();
        match known {
            Some(Known::Kept(published)) => {
                reply(&asked, Reply::Published(Published { repeated: true, ..published }), cx);
            }
            Some(Known::Pending(seq)) => self.wait_for(seq, asked, cx),
            Some(Known::Answered(answer)) => reply(&asked, Reply::Answered(answer), cx),
            None => self.publish_new(asked, body, key, cx),
        }
    }

    pub(super) fn publish_new(
        &mut self,
        asked: Asked,
        body: Body,
        key: Option<IdempotencyKey>,
        cx: &mut RoomCx<'_>,
    ) {
        if self.is_behind(cx) {
            return refuse(&asked, Refusal::Busy, cx);
        }
        let Some(asked) = self.wait_with_first(asked, key.as_ref(), cx) else { return };
        if self.must_ask_to_publish(&asked.identity) {
            self.ask_to_publish(asked, body, key, cx);
        } else {
            self.stamp(vec![asked], body, key, None, cx);
        }
    }

    /// The disk, or the application behind the room, does not keep up.
    pub(super) fn is_behind(&self, cx: &RoomCx<'_>) -> bool {
        self.pending.len() + self.hooked.waiting() + self.finding.waiting() >= cx.settings.pending_limit
            || self.pending_bytes + self.hooked.waiting_bytes() + self.finding.waiting_bytes()
                >= cx.settings.pending_bytes
    }

    fn wait_for(&mut self, seq: u64, asked: Asked, cx: &mut RoomCx<'_>) {
        match self.pending.iter_mut().find(|pending| pending.event.at.seq == seq) {
            Some(pending) if pending.waiting.len() <= cx.settings.pending_limit => {
                pending.waiting.push(asked)
            }
            Some(_) => refuse(&asked, Refusal::Busy, cx),
            None => {}
        }
    }

    /// Stamps what the first of `waiting` says; the others have repeated it.
    pub(super) fn stamp(
        &mut self,
        waiting: Vec<Asked>,
        body: Body,
        key: Option<IdempotencyKey>,
        answer: Option<Bytes>,
        cx: &mut RoomCx<'_>,
    ) {
        let Some(first) = waiting.first() else { return };
        if self.is_late(body.about.as_ref()) {
            return waiting.iter().for_each(|asked| refuse(asked, Refusal::NoSuchMessage, cx));
        }
        let event = Arc::new(Event {
            room: self.name.clone(),
            at: Offset::new(self.epoch, self.next_seq()),
            id: cx.ids.next(cx.now.unix_ms),
            unix_ms: cx.now.unix_ms,
            from: self.occupants.sender(&first.identity),
            to: None,
            body,
            origin: Some(first.session),
        });
        self.keep(event, key, waiting, answer, cx);
    }

    /// Keeps what is stamped.
    pub(super) fn keep(
        &mut self,
        event: Arc<Event>,
        key: Option<IdempotencyKey>,
        waiting: Vec<Asked>,
        answer: Option<Bytes>,
        cx: &mut RoomCx<'_>,
    ) {
        let pending = Pending { event, key, waiting, answer };
        if self.policy.log == LogKind::Memory {
            return self.release(pending, cx);
        }
        let Pending { event, key, .. } = &pending;
        if let Some(key) = key {
            let known = Known::Pending(event.at.seq);
            self.keys.insert(event.unix_ms, event.from.user.clone(), key.clone(), known);
        }
        cx.effects.push(Effect::Log(LogAsk::Append { event: event.clone(), key: key.clone() }));
        self.pending_bytes += event.weight();
        self.pending.push_back(pending);
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.pending.back().map_or(self.history.head(), |pending| pending.event.at.seq) + 1
    }

    /// The message is kept: tell the room, then those who wait for word of it.
    fn release(&mut self, kept: Pending, cx: &mut RoomCx<'_>) {
        let Pending { event, key, waiting, answer } = kept;
        let (id, at, unix_ms, from) = (event.id, event.at, event.unix_ms, event.from.clone());
        let published = Published { id, at, unix_ms, from, repeated: false, answer };
        if let Some(key) = key {
            let known = Known::Kept(published.clone());
            self.keys.insert(event.unix_ms, event.from.user.clone(), key, known);
            self.keys.expire(cx.now.unix_ms.saturating_sub(cx.settings.key_window_ms), cx.settings.key_limit);
        }
        self.history.push(event.clone());
        self.trim(cx);
        if event.body.event.is_subject() {
            self.note_subject(&event, cx);
        }
        self.bury(&event);
        if let Some(sender) = waiting.first() {
            self.copy_to_sender(&event, sender, cx);
        }
        self.tell(&Happening::Event(event), cx);
        for (repetition, asked) in waiting.iter().enumerate() {
            let published = Published { repeated: repetition > 0, ..published.clone() };
            reply(asked, Reply::Published(published), cx);
        }
    }

    /// The store has everything up to `through` on disk.
    pub(super) fn kept(&mut self, through: u64, oldest: u64, cx: &mut RoomCx<'_>) {
        while self.pending.front().is_some_and(|pending| pending.event.at.seq <= through) {
            let Some(pending) = self.pending.pop_front() else { break };
            self.pending_bytes -= pending.event.weight();
            self.release(pending, cx);
        }
        self.oldest = self.oldest.max(oldest);
    }

    /// The store could not keep what is pending. Senders are told, and the log is opened anew: what the store still
    /// answers of the lost messages comes before it says that the log is open.
    pub(super) fn log_failed(&mut self, cx: &mut RoomCx<'_>) {
        if !matches!(self.stage, Stage::Open) {
            return;
        }
        self.lose_pending(&Refusal::LogFailed, cx);
        self.ask_to_open(false, cx);
    }

    fn lose_pending(&mut self, why: &Refusal, cx: &mut RoomCx<'_>) {
        self.pending_bytes = 0;
        for Pending { event, key, waiting, .. } in std::mem::take(&mut self.pending) {
            if let Some(key) = key {
                self.keys.forget(&event.from.user, &key);
            }
            waiting.iter().for_each(|asked| refuse(asked, why.clone(), cx));
        }
    }

    /// The account of the inbox's owner was removed: what was said is forgotten here too, and whoever owns it next begins
    /// with nothing, in an epoch of its own. Those who sit here keep their seats until they leave.
    pub(super) fn log_gone(&mut self, cx: &mut RoomCx<'_>) {
        // A log that is on its way was asked for before or after this; the store answers in that order.
        if matches!(self.stage, Stage::Opening(_)) {
            return;
        }
        self.lose_pending(&Refusal::NoSuchInbox, cx);
        self.refuse_row(&Refusal::NoSuchInbox, cx);
        self.refuse_findings(&Refusal::NoSuchInbox, cx);
        let mut archives: Vec<_> = std::mem::take(&mut self.archives).into_iter().collect();
        archives.sort_unstable_by_key(|(ticket, _)| *ticket);
        archives.iter().for_each(|(_, asked)| refuse(asked, Refusal::NoSuchInbox, cx));
        let mut parked: Vec<_> = std::mem::take(&mut self.parked).into_iter().collect();
        parked.sort_unstable_by_key(|(ticket, _)| *ticket);
        parked.iter().for_each(|(_, parked)| refuse(&parked.asked, Refusal::NoSuchInbox, cx));
        self.stage = Stage::Absent;
        self.epoch = cx.new_epoch.max(self.epoch.wrapping_add(1));
        self.history = History::new(0, Vec::new());
        self.oldest = 1;
        self.keys = Keys::default();
    }
}
