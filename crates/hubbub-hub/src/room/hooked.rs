//! The application behind a room: what waits for its word, and what its word does.
//!
//! Whoever comes in waits by himself. What is said waits in a row: verdicts may come in any order, but publications take
//! effect in the order in which they came. The row is bounded together with what is on its way to the disk.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::{Room, RoomCx, Stage, refuse, reply};
use crate::address::UserAddress;
use crate::command::{Asked, Command, Effect, Refusal, Reply, SessionKey, Stay};
use crate::event::Body;
use crate::hook::{Action, HookAnswer, HookAsk, HookKind, SessionName, Verdict};
use crate::id::MessageId;
use crate::idempotency::{IdempotencyKey, Known};
use crate::identity::{Identity, IdentityKind};
use crate::presence::Place;

/// All that concerns a room's application. Empty where there is none.
#[derive(Debug, Default)]
pub(super) struct Hooked {
    row: VecDeque<Waiting>,
    /// What the bodies in it weigh.
    row_bytes: usize,
    /// What the last of the row has caused comes before the next.
    paused: bool,
    joining: HashMap<MessageId, Joining>,
    /// Who has been let in.
    inside: HashMap<Place, Inside>,
}

/// Something said that waits for its verdict, or for those before it.
#[derive(Debug)]
struct Waiting {
    id: MessageId,
    asked: Asked,
    body: Body,
    key: Option<IdempotencyKey>,
    /// Repetitions with the same key, which get the same answer.
    also: Vec<Asked>,
    verdict: Option<Verdict>,
}

/// Somebody who wants to come in.
#[derive(Debug)]
struct Joining {
    asked: Asked,
    /// His session has ended meanwhile.
    gone: bool,
}

/// Somebody who was let in.
#[derive(Debug)]
struct Inside {
    who: Arc<Identity>,
    session: SessionKey,
    label: Option<SessionName>,
    /// He stays, so his leaving is told.
    stays: bool,
}

impl Inside {
    fn of(asked: &Asked) -> Self {
        let stays = !matches!(asked.command, Command::Join { stay: Stay::Unseen, .. });
        Self { who: asked.identity.clone(), session: asked.session, label: asked.label.clone(), stays }
    }
}

impl Hooked {
    /// Nobody is inside and nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.row.is_empty() && self.joining.is_empty() && self.inside.is_empty()
    }

    pub(super) fn waiting(&self) -> usize {
        self.row.len()
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.row_bytes
    }

    /// A session goes on as another.
    pub(super) fn rename(&mut self, former: SessionKey, session: SessionKey) {
        if let Some(inside) = self.inside.remove(&Place::Session(former)) {
            self.inside.insert(Place::Session(session), Inside { session, ..inside });
        }
    }

    fn repeats(&mut self, user: &UserAddress, key: &IdempotencyKey) -> Option<&mut Waiting> {
        let same =
            |waits: &&mut Waiting| waits.key.as_ref() == Some(key) && waits.asked.identity.user == *user;
        self.row.iter_mut().find(same)
    }
}

/// Where a join puts somebody.
fn place_of(asked: &Asked) -> Place {
    match asked.command {
        Command::Join { stay: Stay::Lingering, .. } => Place::Polling(asked.identity.user.clone()),
        _ => Place::Session(asked.session),
    }
}

impl Room {
    /// As what the application wants to hear of this join first, if it does and has not yet.
    pub(super) fn must_ask_to_join(&self, asked: &Asked) -> Option<HookKind> {
        let hook = self.policy.hook.as_ref().filter(|_| asked.identity.kind != IdentityKind::Server)?;
        let Command::Join { hello, .. } = &asked.command else { return None };
        let kind = hook.coming_in(hello.is_some())?;
        if self.hooked.inside.contains_key(&place_of(asked)) { None } else { Some(kind) }
    }

    /// Remembers who comes in unasked, if the application wants to hear of his leaving.
    pub(super) fn note_inside(&mut self, asked: &Asked) {
        let wants = self.policy.hook.as_ref().is_some_and(|hook| hook.wants(HookKind::Leave));
        if wants && asked.identity.kind != IdentityKind::Server {
            self.hooked.inside.entry(place_of(asked)).or_insert_with(|| Inside::of(asked));
        }
    }

    /// Asks the application whether somebody may come in.
    pub(super) fn ask_to_join(&mut self, kind: HookKind, asked: Asked, cx: &mut RoomCx<'_>) {
        if self.hooked.joining.len() >= cx.settings.pending_limit {
            return refuse(&asked, Refusal::Busy, cx);
        }
        let Command::Join { hello, .. } = &asked.command else { return };
        let Some(mut ask) = self.hook_ask(kind, &asked.identity, asked.session, asked.label.as_ref(), cx)
        else {
            return;
        };
        ask.hello.clone_from(hello);
        self.hooked.joining.insert(ask.id, Joining { asked, gone: false });
        cx.effects.push(Effect::Hook(Box::new(ask)));
    }

    /// Whether what `who` says must wait for the application's word.
    pub(super) fn must_ask_to_publish(&self, who: &Identity) -> bool {
        let hook = self.policy.hook.as_ref();
        who.kind != IdentityKind::Server && hook.is_some_and(|hook| hook.wants(HookKind::Event))
    }

    /// Asks the application whether something may be said.
    pub(super) fn ask_to_publish(
        &mut self,
        asked: Asked,
        body: Body,
        key: Option<IdempotencyKey>,
        cx: &mut RoomCx<'_>,
    ) {
        let ask = self.hook_ask(HookKind::Event, &asked.identity, asked.session, asked.label.as_ref(), cx);
        let Some(mut ask) = ask else { return };
        ask.body = Some(body.clone());
        self.hooked.row_bytes += body.weight();
        self.hooked.row.push_back(Waiting { id: ask.id, asked, body, key, also: Vec::new(), verdict: None });
        cx.effects.push(Effect::Hook(Box::new(ask)));
    }

    /// Lets a repetition wait for what becomes of the first, as long as not too many do. Gives it back if there is none.
    pub(super) fn wait_with_first(
        &mut self,
        asked: Asked,
        key: Option<&IdempotencyKey>,
        cx: &mut RoomCx<'_>,
    ) -> Option<Asked> {
        let first = key.and_then(|key| self.hooked.repeats(&asked.identity.user, key));
        match first {
            Some(first) if first.also.len() < cx.settings.pending_limit => first.also.push(asked),
            Some(_) => refuse(&asked, Refusal::Busy, cx),
            None => return Some(asked),
        }
        None
    }

    fn hook_ask(
        &self,
        kind: HookKind,
        who: &Arc<Identity>,
        session: SessionKey,
        label: Option<&SessionName>,
        cx: &mut RoomCx<'_>,
    ) -> Option<HookAsk> {
        Some(HookAsk {
            id: cx.ids.next(cx.now.unix_ms),
            hook: self.policy.hook.as_ref()?.name.clone(),
            kind,
            unix_ms: cx.now.unix_ms,
            room: Some(self.name.clone()),
            who: who.clone(),
            session,
            label: label.cloned(),
            body: None,
            hello: None,
        })
    }

    /// The application's word on one question. Gives who is now present by polling.
    pub(crate) fn verdict(
        &mut self,
        id: MessageId,
        answer: HookAnswer,
        cx: &mut RoomCx<'_>,
    ) -> Option<Arc<Identity>> {
        self.touched_ms = cx.now.mono_ms;
        if let Some(joining) = self.hooked.joining.remove(&id) {
            return self.join_decided(joining, answer, cx);
        }
        let place = self.hooked.row.iter().position(|waits| waits.id == id);
        match (place, answer) {
            (Some(at), Ok(verdict)) => self.hooked.row[at].verdict = Some(verdict),
            (Some(at), Err(why)) => self.give_up(at, &why, cx),
            // It was told of somebody's leaving.
            (None, answer) => act(answer.unwrap_or_default().actions, cx),
        }
        self.go_through_row(cx);
        None
    }

    /// There is no verdict. Nothing comes of it, so nothing has to come before it.
    fn give_up(&mut self, at: usize, why: &Refusal, cx: &mut RoomCx<'_>) {
        let Some(waits) = self.hooked.row.remove(at) else { return };
        self.hooked.row_bytes -= waits.body.weight();
        let Waiting { asked, also, .. } = waits;
        std::iter::once(&asked).chain(&also).for_each(|asked| refuse(asked, why.clone(), cx));
    }

    fn join_decided(
        &mut self,
        Joining { asked, gone }: Joining,
        answer: HookAnswer,
        cx: &mut RoomCx<'_>,
    ) -> Option<Arc<Identity>> {
        let verdict = match answer {
            Ok(verdict) => verdict,
            Err(why) => {
                refuse(&asked, why, cx);
                return None;
            }
        };
        if let Some(no) = verdict.refuse {
            refuse(&asked, Refusal::ByApplication(no), cx);
            act(verdict.actions, cx);
            return None;
        }
        let lingers = matches!(asked.command, Command::Join { stay: Stay::Lingering, .. });
        let who = Some(asked.identity.clone()).filter(|_| lingers && !gone);
        let inside = Inside::of(&asked);
        if gone {
            self.tell_leave(&inside, cx);
        } else {
            self.hooked.inside.insert(place_of(&asked), inside);
            self.command(asked, cx);
        }
        act(verdict.actions, cx);
        who
    }

    /// What the last of the row has caused is on its way.
    pub(super) fn go_on(&mut self, cx: &mut RoomCx<'_>) {
        self.hooked.paused = false;
        self.go_through_row(cx);
    }

    /// Lets take effect what has its verdict, up to the first that has not.
    pub(super) fn go_through_row(&mut self, cx: &mut RoomCx<'_>) {
        while matches!(self.stage, Stage::Open) && !self.hooked.paused {
            let Some(mut waits) = self.hooked.row.pop_front() else { return };
            let Some(verdict) = waits.verdict.take() else { return self.hooked.row.push_front(waits) };
            self.hooked.row_bytes -= waits.body.weight();
            self.take_effect(waits, verdict, cx);
        }
    }

    fn take_effect(&mut self, waits: Waiting, verdict: Verdict, cx: &mut RoomCx<'_>) {
        let Waiting { asked, mut also, body, key, .. } = waits;
        also.insert(0, asked);
        let Verdict { refuse: no, rewrite, answer, publish, actions } = verdict;
        match no {
            Some(no) => {
                also.iter().for_each(|asked| refuse(asked, Refusal::ByApplication(no.clone()), cx));
            }
            None if publish => {
                // What is said is the application's matter, of what it is said is not.
                let about = body.about.clone();
                let body = rewrite.map_or(body, |rewritten| Body { about, ..rewritten });
                self.stamp(also, body, key, answer, cx);
            }
            None => {
                if let Some((key, first)) = key.zip(also.first()) {
                    let known = Known::Answered(answer.clone());
                    self.keys.insert(cx.now.unix_ms, first.identity.user.clone(), key, known);
                    self.expire(cx);
                }
                also.iter().for_each(|asked| reply(asked, Reply::Answered(answer.clone()), cx));
            }
        }
        if !actions.is_empty() {
            self.hooked.paused = true;
            cx.effects.push(Effect::Act(Some(self.name.clone()), actions));
        }
    }

    /// The log cannot be opened: nothing of what waits can be kept.
    pub(super) fn refuse_row(&mut self, why: &Refusal, cx: &mut RoomCx<'_>) {
        self.hooked.row_bytes = 0;
        for Waiting { asked, also, .. } in std::mem::take(&mut self.hooked.row) {
            std::iter::once(&asked).chain(&also).for_each(|asked| refuse(asked, why.clone(), cx));
        }
    }

    /// The session has ended while it waited to come in: if it would have been let in, it has left.
    pub(super) fn stop_joining(&mut self, session: SessionKey) {
        for joining in self.hooked.joining.values_mut() {
            joining.gone |= joining.asked.session == session;
        }
    }

    /// Somebody who was let in is gone.
    pub(super) fn tell_exit(&mut self, place: &Place, cx: &mut RoomCx<'_>) {
        if let Some(inside) = self.hooked.inside.remove(place) {
            self.tell_leave(&inside, cx);
        }
    }

    fn tell_leave(&self, inside: &Inside, cx: &mut RoomCx<'_>) {
        let wants = self.policy.hook.as_ref().is_some_and(|hook| hook.wants(HookKind::Leave));
        if !wants || !inside.stays {
            return;
        }
        let label = inside.label.as_ref();
        if let Some(ask) = self.hook_ask(HookKind::Leave, &inside.who, inside.session, label, cx) {
            cx.effects.push(Effect::Hook(Box::new(ask)));
        }
    }
}

fn act(actions: Vec<Action>, cx: &mut RoomCx<'_>) {
    if !actions.is_empty() {
        cx.effects.push(Effect::Act(None, actions));
    }
}
