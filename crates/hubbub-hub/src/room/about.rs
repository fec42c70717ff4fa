//! Messages about messages: the one that is meant is found before anything is said of it, in memory or in the store.
//!
//! What is said meanwhile waits in a row, so messages keep their order. The row is bounded together with what is on its way to the disk.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Room, RoomCx, Stage, refuse};
use crate::about::{About, Act, Named, Original, Retracted, Wish, quote};
use crate::affairs::Role;
use crate::command::{Asked, Effect, Refusal, SessionKey};
use crate::event::{Body, Content, Event};
use crate::idempotency::IdempotencyKey;
use crate::identity::{Identity, IdentityKind};
use crate::log::{Fault, Find, LogAsk};

/// What waits for the message that it is about, or for what waits before it.
#[derive(Debug, Default)]
pub(super) struct Finding {
    row: VecDeque<Waiting>,
    bytes: usize,
    last_ticket: u64,
}

/// Something said, with all that came with it.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) asked: Asked,
    pub(super) body: Body,
    pub(super) key: Option<IdempotencyKey>,
}

#[derive(Debug)]
struct Waiting {
    said: Said,
    wish: Option<Wish>,
    found: Found,
}

/// A message that was looked for.
#[derive(Debug)]
enum Found {
    /// The store was asked.
    Asked(u64),
    /// It is there, or not.
    Known(Option<Arc<Event>>),
    /// The store cannot say.
    Failed,
}

impl Finding {
    pub(super) fn waiting(&self) -> usize {
        self.row.len()
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.bytes
    }
}

impl Room {
    /// Takes what somebody says to be kept, when the message is found that it is about.
    pub(super) fn find(&mut self, said: Said, wish: Option<Wish>, cx: &mut RoomCx<'_>) {
        if wish.is_none() && self.finding.row.is_empty() {
            return self.publish_found(said, cx);
        }
        if self.is_behind(cx) {
            return refuse(&said.asked, Refusal::Busy, cx);
        }
        let found = match &wish {
            Some(wish) => self.look_up(&said.asked.identity, wish, cx),
            None => Found::Known(None),
        };
        self.finding.bytes += said.body.weight();
        self.finding.row.push_back(Waiting { said, wish, found });
        self.go_through_findings(cx);
    }

    fn look_up(&mut self, who: &Identity, wish: &Wish, cx: &mut RoomCx<'_>) -> Found {
        let find = match &wish.named {
            Named::Own(own_id) => {
                let found = self.called(own_id, wish.act, who);
                // Messages of other protocols have no other name than their id.
                match own_id.parse().ok().filter(|_| found.is_none()) {
                    Some(id) => Find::Id(id),
                    None => return Found::Known(found),
                }
            }
            Named::At(at) if at.epoch != self.epoch => return Found::Known(None),
            Named::At(at) => Find::Seq(at.seq),
            Named::Id(id) => Find::Id(*id),
        };
        let is_it = |event: &Event| match find {
            Find::Id(id) => event.id == id,
            Find::Seq(seq) => event.at.seq == seq,
        };
        let in_memory = self.newest(is_it);
        if in_memory.is_some() || self.oldest >= self.history.first() {
            return Found::Known(in_memory);
        }
        self.finding.last_ticket += 1;
        let (room, ticket) = (self.name.clone(), self.finding.last_ticket);
        cx.effects.push(Effect::Log(LogAsk::Find { room, what: find, ticket }));
        Found::Asked(ticket)
    }

    /// The newest message in memory that a client called so.
    fn called(&self, own_id: &Arc<str>, act: Act, who: &Identity) -> Option<Arc<Event>> {
        let mine = matches!(act, Act::Edit | Act::Retract);
        self.newest(|event| {
            event.body.own_id.as_ref() == Some(own_id)
                && (!mine || event.from.user == who.user)
                && self.is_for(event, who)
        })
    }

    /// The newest message of which that is true: of those on their way to the disk, which will be there before whatever is said of
    /// them, and of those in memory.
    fn newest(&self, is_it: impl Fn(&Event) -> bool) -> Option<Arc<Event>> {
        let pending = self.pending.iter().rev().map(|pending| &pending.event).find(|event| is_it(event));
        pending.cloned().or_else(|| self.history.newest(&is_it))
    }

    /// Whether what a message speaks of is not there any more, or about to be gone.
    pub(super) fn is_late(&self, about: Option<&About>) -> bool {
        let Some(original) = about.and_then(About::original) else { return false };
        let gone = |event: &Event| matches!(event.body.about, Some(About::Retracted(_)));
        let going = |event: &Event| matches!(&event.body.about, Some(About::Retraction(taken)) if taken.id == original.id);
        self.pending.iter().any(|pending| going(&pending.event))
            || self.history.newest(|event| event.id == original.id).is_some_and(|event| gone(&event))
    }

    /// The store has looked.
    pub(super) fn found(
        &mut self,
        ticket: u64,
        event: Result<Option<Arc<Event>>, Fault>,
        cx: &mut RoomCx<'_>,
    ) {
        let is_it = |waits: &&mut Waiting| matches!(waits.found, Found::Asked(asked) if asked == ticket);
        if let Some(waits) = self.finding.row.iter_mut().find(is_it) {
            waits.found = event.map_or(Found::Failed, Found::Known);
        }
        self.go_through_findings(cx);
    }

    /// Lets go on what knows what it is about, up to the first that does not.
    pub(super) fn go_through_findings(&mut self, cx: &mut RoomCx<'_>) {
        while matches!(self.stage, Stage::Open) {
            match self.finding.row.front() {
                None | Some(Waiting { found: Found::Asked(_), .. }) => return,
                Some(_) => {}
            }
            let Some(Waiting { mut said, wish, found }) = self.finding.row.pop_front() else { return };
            self.finding.bytes -= said.body.weight();
            let original = match found {
                Found::Known(original) => original,
                Found::Failed | Found::Asked(_) => {
                    refuse(&said.asked, Refusal::LogFailed, cx);
                    continue;
                }
            };
            match wish.map(|wish| self.about(&said.asked, &wish, original.as_deref())) {
                Some(Err(why)) if !self.was_said(&said) => refuse(&said.asked, why, cx),
                about => {
                    said.body.about = about.and_then(Result::ok).flatten();
                    self.publish_found(said, cx);
                }
            }
        }
    }

    /// Whether this is a repetition: it is answered as the first was, whatever has become of the message that it is about.
    fn was_said(&self, said: &Said) -> bool {
        let user = &said.asked.identity.user;
        said.key.as_ref().is_some_and(|key| self.keys.get(user, key).is_some())
    }

    /// What a message says of another, if its sender may say so.
    fn about(&self, asked: &Asked, wish: &Wish, original: Option<&Event>) -> Result<Option<About>, Refusal> {
        let allowed = original
            .filter(|event| self.is_for(event, &asked.identity) && speaks(event))
            .ok_or(Refusal::NoSuchMessage)
            .and_then(|event| self.may_say(asked, wish.act, event).map(|()| event));
        match allowed {
            Ok(event) => Ok(Some(in_words(wish.act, original_of(event)))),
            Err(_) if wish.or_plain => Ok(None),
            Err(why) => Err(why),
        }
    }

    fn may_say(&self, asked: &Asked, act: Act, event: &Event) -> Result<(), Refusal> {
        let mine = is_by(event, &asked.identity, Some(asked.session));
        match act {
            Act::Edit if !mine => Err(Refusal::NotYours),
            Act::Retract if !mine && self.standing(asked).role < Role::Moderator => Err(Refusal::NotYours),
            _ => Ok(()),
        }
    }

    /// Whether somebody may know of a message here: in an inbox those who exchanged it.
    fn is_for(&self, event: &Event, who: &Identity) -> bool {
        self.name.inbox_owner().is_none()
            || who.owns(&self.name)
            || is_by(event, who, None)
            || event.to.as_ref() == Some(&who.user)
    }

    /// What a retraction takes back is not there any more: neither the message nor what it was edited to, nor what answers repeat.
    pub(super) fn bury(&mut self, retraction: &Event) {
        let Some(About::Retraction(original)) = &retraction.body.about else { return };
        self.history.replace(|event| match &event.body.about {
            _ if event.id == original.id => Some(event.tombstone(retraction)),
            Some(About::Edit(edited)) if edited.id == original.id => Some(event.tombstone(retraction)),
            Some(About::Reply(answered)) if answered.id == original.id && !answered.text.is_empty() => {
                let about = Some(About::Reply(unquoted(answered)));
                Some(Event { body: Body { about, ..event.body.clone() }, ..event.clone() })
            }
            _ => None,
        });
    }

    /// Nothing of what waits can be kept.
    pub(super) fn refuse_findings(&mut self, why: &Refusal, cx: &mut RoomCx<'_>) {
        self.finding.bytes = 0;
        for waits in std::mem::take(&mut self.finding.row) {
            refuse(&waits.said.asked, why.clone(), cx);
        }
    }
}

/// Whether somebody has said this: not somebody else who had the same name before him. Of guests, whose names anybody may take, the
/// session counts where there is one to compare.
fn is_by(event: &Event, who: &Identity, session: Option<SessionKey>) -> bool {
    let same = event.from.user == who.user && event.unix_ms >= who.since_unix_ms;
    same && (who.kind != IdentityKind::Guest || session.is_none() || event.origin == session)
}

/// Whether something can be said of a message: it is one, and it is still there.
fn speaks(event: &Event) -> bool {
    let plain = matches!(&event.body.about, None | Some(About::Reply(_) | About::Edit(_)));
    plain && !event.body.event.is_subject()
}

/// The message itself, also where an edit of it is named.
fn original_of(event: &Event) -> Arc<Original> {
    if let Some(About::Edit(original)) = &event.body.about {
        return Arc::new(Original { text: quote(&event.body.content), ..(**original).clone() });
    }
    Arc::new(Original {
        id: event.id,
        own_id: event.body.own_id.clone(),
        from: event.from.clone(),
        text: quote(&event.body.content),
    })
}

/// Only an answer shows what it answers.
fn unquoted(original: &Original) -> Arc<Original> {
    Arc::new(Original { text: "".into(), ..original.clone() })
}

fn in_words(act: Act, original: Arc<Original>) -> About {
    match act {
        Act::Reply => About::Reply(original),
        Act::Edit => About::Edit(unquoted(&original)),
        Act::React => About::Reactions(unquoted(&original)),
        Act::Retract => About::Retraction(unquoted(&original)),
    }
}

impl Event {
    /// What is left of this message when `retraction` takes it back.
    #[must_use]
    pub fn tombstone(&self, retraction: &Self) -> Self {
        let Self { id, from: by, unix_ms, .. } = retraction;
        let retracted = Retracted { id: *id, by: by.clone(), unix_ms: *unix_ms };
        let body = Body {
            event: self.body.event.clone(),
            content: Content::Text("".into()),
            carried: None,
            own_id: self.body.own_id.clone(),
            about: Some(About::Retracted(Arc::new(retracted))),
        };
        Self { body, ..self.clone() }
    }
}
