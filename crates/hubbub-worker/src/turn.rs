//! The turn: take the mail, fire the deadlines, run what was asked, tell everybody.
//!
//! Handlers write only to their own outbox and queue deeds; the effects run here. The shell flushes when the turn is over, once per link.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hubbub_gate::session::{Answer, Close, Cx, Deed, Input, Question};
use hubbub_hub::command::{Asked, Notice};
use hubbub_hub::{
    Command, Effect, IdentityKind, LogAnswer, Now, Refusal, Reply, RoomName, SessionKey, Ticket, WorkerId,
};

use crate::mail::Mail;
use crate::seats::Seat;
use crate::stewards::ToSteward;
use crate::wheel::Alarm;
use crate::worker::{HookFrom, Slow, Worker, WorkerSettings};

/// A signal of more bytes counts as several, so that one burst of them fits into the outbox of whom it is for.
const SIGNAL_BYTES: usize = 4096;
/// Mail taken in one turn; the rest comes in the next.
const MAIL_BUDGET: usize = 8192;
/// Most that mail may give to tell in one turn, in bytes; the rest comes in the next. See [`Worker::may_tell`].
const TOLD_BUDGET: usize = 256 * 1024;
/// Rounds of cause and effect in one turn; the rest comes in the next.
const ROUNDS: usize = 64;
/// How often rooms look at what has run out.
const HUB_TICK_MS: u64 = 1000;

impl<L: Default> Worker<L> {
    /// Does all there is to do. Gives the time of the next deadline, in process time.
    pub fn turn(&mut self, now: Now) -> Option<u64> {
        self.now = now;
        self.counters.turns.add(1);
        self.take_mail();
        self.fire_deadlines();
        self.end_collecting();
        self.tick_hub();
        for _ in 0..ROUNDS {
            if self.is_settled() {
                break;
            }
            self.run_commands();
            self.run_effects();
            self.fan_out();
            self.deliver_letters();
            self.deliver_to_stewards();
        }
        self.clear_vacated();
        self.ring_others();
        self.next_deadline()
    }

    fn is_settled(&self) -> bool {
        self.commands.is_empty()
            && self.effects.is_empty()
            && self.happened_order.is_empty()
            && self.letters.is_empty()
            && self.letters_to_stewards.is_empty()
    }

    fn next_deadline(&self) -> Option<u64> {
        let hub = (self.hub.room_count() > 0).then_some(self.next_hub_tick_ms);
        [self.wheel.next_ms(), hub, self.collecting_until()].into_iter().flatten().min()
    }

    fn take_mail(&mut self) {
        self.counters.mail_waiting.set(self.mailbox.waiting() as u64);
        self.told = 0;
        for _ in 0..MAIL_BUDGET {
            if !self.may_tell() {
                break;
            }
            let Some(mail) = self.mailbox.take() else { return };
            match mail {
                Mail::Asked(asked) => {
                    self.at_home(asked);
                    self.run_effects();
                }
                Mail::Reply(session, room, ticket, reply) => {
                    self.effect(Effect::Reply(session, room, ticket, reply))
                }
                Mail::Happened(room, what) => self.effect(Effect::Happened(self.id, room, what)),
                Mail::Log(answer) => self.log_answered(answer),
                Mail::Answer(session, ticket, answer) => self.answered(session, ticket, answer),
                Mail::Order(order) => self.carry_out(order),
                Mail::Report(id, report) => self.reported(id, report),
                Mail::Named(name, key) => self.named(name, key),
                Mail::Unnamed(name, key) => self.unnamed(&name, key),
                Mail::Survey(session, ticket, who, after, limit) => {
                    let rooms = self.hub.rooms(&who, after.as_ref(), limit);
                    let rooms = Answer::Rooms(rooms, self.post.workers());
                    self.mail(session.worker, Mail::Answer(session, ticket, rooms));
                }
                Mail::Letter(from, to, letter) => self.deliver(from, to, letter),
                Mail::ToSteward(letter) => self.deliver_to_steward(*letter),
                Mail::Undelivered(from, to) => self.input(from, Input::Undelivered(to)),
                Mail::Verdict(room, id, answer) => {
                    self.hub.verdict(&room, id, answer, self.now, &mut self.effects);
                    self.run_effects();
                }
                Mail::Shutdown => self.say_goodbye(),
            }
        }
        // There may be more: come again at once.
        self.rings[usize::from(self.id)] = true;
    }

    /// Whether this turn may take on more to tell. All that happens in a room in one turn is one piece of output, and a worker
    /// that was held up may find a great deal of it: readers must get to send between pieces that their outboxes can hold.
    /// An eighth, because what is told may be larger than what was said (escaped in JSON up to six times).
    fn may_tell(&self) -> bool {
        self.told < TOLD_BUDGET.min(self.gate.outbox.bytes / 8)
    }

    /// The store's word to the homes here. What is left of a removed account ends with it.
    fn log_answered(&mut self, answer: LogAnswer) {
        let owner = match &answer {
            LogAnswer::Gone { room, .. } => room.inbox_owner().map(str::to_owned),
            _ => None,
        };
        self.hub.answer(answer, self.now, &mut self.effects);
        self.run_effects();
        owner.into_iter().for_each(|owner| self.account_removed(&owner));
    }

    /// A slow answer. The actions of an application's verdict are the worker's.
    fn answered(&mut self, session: SessionKey, ticket: Ticket, mut answer: Answer) {
        let actions = match &mut answer {
            Answer::Hook(Ok(verdict)) => std::mem::take(&mut verdict.actions),
            _ => Vec::new(),
        };
        self.input(session, Input::Answer(ticket, answer));
        self.act_all(actions);
    }

    fn say_goodbye(&mut self) {
        let slots: Vec<_> = self.slots.iter().map(|(slot, _)| slot as u32).collect();
        for slot in slots {
            self.handle(slot, Input::Shutdown);
        }
    }

    fn fire_deadlines(&mut self) {
        let mut alarms = std::mem::take(&mut self.alarms);
        self.wheel.fire(self.now.mono_ms, &mut alarms);
        for alarm in alarms.drain(..) {
            self.ring_alarm(alarm);
        }
        self.alarms = alarms;
    }

    /// The alarm may be stale: the place has a new session, or the deadline has moved.
    fn ring_alarm(&mut self, alarm: Alarm) {
        let Some(slot) = self.slots.get_mut(alarm.slot as usize) else { return };
        if slot.generation != alarm.generation || slot.armed_ms != alarm.due_ms {
            return;
        }
        slot.armed_ms = u64::MAX;
        let deadline = slot.session.as_ref().and_then(|session| session.deadline());
        match deadline {
            Some(due) if due <= self.now.mono_ms => self.handle(alarm.slot, Input::Timeout),
            Some(due) => self.arm(alarm.slot, due),
            None => {}
        }
    }

    fn arm(&mut self, slot: u32, due_ms: u64) {
        let Some(place) = self.slots.get_mut(slot as usize) else { return };
        // A later deadline is found when the earlier alarm rings.
        if due_ms < place.armed_ms {
            place.armed_ms = due_ms;
            self.wheel.arm(Alarm { slot, generation: place.generation, due_ms });
        }
    }

    fn tick_hub(&mut self) {
        if self.now.mono_ms < self.next_hub_tick_ms {
            return;
        }
        self.next_hub_tick_ms = self.now.mono_ms + HUB_TICK_MS;
        self.hub.tick(self.now, &mut self.effects);
        self.counters.rooms.set(self.hub.room_count() as u64);
    }

    fn run_commands(&mut self) {
        while let Some(asked) = self.commands.pop_front() {
            let home = self.home_of(&asked.room);
            if home == self.id {
                self.at_home(asked);
            } else if self.post.waiting(home) > self.settings.mailbox_max
                && !matches!(asked.command, Command::Leave | Command::Succeed { .. })
            {
                self.refuse(&asked, Refusal::Busy);
            } else {
                self.mail(home, Mail::Asked(asked));
            }
        }
    }

    fn at_home(&mut self, asked: Asked) {
        // Whoever cannot keep up with being told must not be told more.
        if matches!(asked.command, Command::Publish { .. } | Command::Emit(_)) && self.is_anyone_behind() {
            return self.refuse(&asked, Refusal::Busy);
        }
        self.counters.published.add(u64::from(matches!(asked.command, Command::Publish { .. })));
        self.hub.command(asked, self.now, &mut self.effects);
    }

    fn is_anyone_behind(&self) -> bool {
        (0..self.post.workers())
            .any(|worker| worker != self.id && self.post.waiting(worker) > self.settings.mailbox_max)
    }

    fn run_effects(&mut self) {
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            self.effect(effect);
        }
        // Refusals may have come up meanwhile; they run in the next round.
        if self.effects.is_empty() {
            self.effects = effects;
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Ask(asked) => self.commands.push_back(*asked),
            Effect::Log(ask) => self.slow.push(Slow::Log(ask)),
            Effect::Hook(ask) => self.slow.push(Slow::Hook(HookFrom::Home(self.id), ask)),
            Effect::Act(room, actions) => {
                self.act_all(actions);
                room.into_iter().for_each(|room| self.let_go_on(room));
            }
            Effect::Reply(session, room, ticket, mut reply) if session.worker == self.id => {
                // Whoever joins has read what is waiting to be told; it must go out to the others first. And who signals has been seen
                // to come in.
                if matches!(reply, Reply::Joined(_) | Reply::Succeeded | Reply::Removed(_) | Reply::Signal(_))
                {
                    self.fan_out_room(&room);
                }
                // And whoever was put out must not hear what comes after.
                if matches!(reply, Reply::Removed(_)) {
                    self.put_out(session, &room);
                }
                if let Reply::Signal(signalled) = &reply {
                    self.told += signalled.body.len();
                }
                self.veil_reply(session, &room, &mut reply);
                self.input(session, Input::Notice(Notice::Reply { room: &room, ticket, reply }));
            }
            Effect::Reply(session, room, ticket, reply) => {
                self.mail(session.worker, Mail::Reply(session, room, ticket, reply));
            }
            Effect::Happened(worker, room, what) if worker == self.id => self.queue_happening(room, what),
            Effect::Happened(worker, room, what) => self.mail(worker, Mail::Happened(room, what)),
        }
    }

    fn ring_others(&mut self) {
        for (worker, ring) in self.rings.iter_mut().enumerate() {
            if std::mem::take(ring) {
                self.post.ring(WorkerId::try_from(worker).expect("workers are counted in a WorkerId"));
            }
        }
    }

    /// Gives a session an input, and does what it wants done. A panic costs this session and is counted.
    pub(crate) fn handle(&mut self, slot: u32, input: Input<'_>) {
        let Some(place) = self.slots.get_mut(slot as usize) else { return };
        let Some(mut session) = place.session.take() else { return };
        place.note_backlog();
        let mut deeds = std::mem::take(&mut self.deeds);
        let mut cx = Cx {
            key: SessionKey { worker: self.id, slot, generation: place.generation },
            now: self.now,
            out: &mut place.outbox,
            doorman: &self.doorman,
            settings: &self.gate,
            coder: &mut self.coder,
            rng: &mut self.rng,
            deeds: &mut deeds,
        };
        let too_slow = matches!(input, Input::TooSlow);
        // Sound to go on after: what the session owned is dropped, and scratch space is cleared before each use.
        let result = catch_unwind(AssertUnwindSafe(|| session.handle(input, &mut cx)));
        let deadline = session.deadline();
        place.session = Some(session);
        if result.is_err() {
            // Half of what it wanted done is worse than nothing.
            deeds.clear();
        }
        for deed in deeds.drain(..) {
            self.deed(slot, deed);
        }
        if self.deeds.is_empty() {
            self.deeds = deeds;
        }
        match result {
            // It has had the chance to say so: that is its end, whatever it makes of it.
            Ok(Ok(())) if too_slow => self.close(slot, Close::TooSlow),
            Ok(Ok(())) => self.after(slot, deadline),
            Ok(Err(close)) => self.close(slot, close),
            Err(_) => self.lost(slot),
        }
    }

    fn after(&mut self, slot: u32, deadline: Option<u64>) {
        if let Some(due) = deadline.filter(|due| *due != u64::MAX) {
            self.arm(slot, due);
        }
        if self.slots.get(slot as usize).is_some_and(|place| place.outbox.is_flooded(self.gate.outbox)) {
            return self.handle(slot, Input::TooSlow);
        }
        let writes = self
            .slots
            .get(slot as usize)
            .is_some_and(|place| !place.outbox.is_empty() || place.outbox.has_head());
        if writes {
            self.touch(slot);
        }
    }

    fn close(&mut self, slot: u32, close: Close) {
        match close {
            Close::Done => {}
            Close::Protocol => self.counters.closed_protocol.add(1),
            Close::TooSlow => self.counters.closed_slow.add(1),
            Close::Timeout => self.counters.closed_timeout.add(1),
            Close::Refused => self.counters.closed_refused.add(1),
        }
        self.end(slot);
    }

    /// A session panicked: it is dropped with what it wanted to say, and its link is closed.
    fn lost(&mut self, slot: u32) {
        self.counters.session_panics.add(1);
        tracing::error!("a session was lost to a fault of the server; please report what is printed above");
        if let Some(place) = self.slots.get_mut(slot as usize) {
            place.outbox.clear_unsent();
        }
        self.end(slot);
    }

    /// The session is over: its seats are given up, and its rooms told.
    pub(crate) fn end(&mut self, slot: u32) {
        let Some(place) = self.slots.get_mut(slot as usize) else { return };
        if place.session.take().is_none() {
            return;
        }
        let session = SessionKey { worker: self.id, slot, generation: place.generation };
        let seats = std::mem::take(&mut place.seats);
        let rooms = std::mem::take(&mut place.rooms);
        if !place.linked {
            self.vacated.push(session);
            self.dismiss(slot);
        }
        self.be_forgotten(slot);
        self.belong_to_nobody(slot);
        for seat in seats {
            self.unseat(seat);
        }
        for room in rooms {
            self.take_leave(session, room);
        }
        self.touch(slot);
    }

    fn take_leave(&mut self, session: SessionKey, room: RoomName) {
        let (identity, command) = (self.nobody(), Command::Leave);
        self.commands.push_back(Asked { session, identity, room, command, ticket: 0, label: None });
    }

    /// A room's home has put a session out: it has no seat there any more.
    fn put_out(&mut self, session: SessionKey, room: &RoomName) {
        let current = self.slots.get_mut(session.slot as usize);
        let Some(place) = current.filter(|place| place.generation == session.generation) else { return };
        place.rooms.retain(|other| other != room);
        self.unseat_from(session.slot, room, None);
    }

    /// Asks whom a session wants to know something from.
    fn ask(&mut self, session: SessionKey, question: Question, ticket: Ticket) {
        match question {
            Question::Password { user, password } => {
                self.slow.push(Slow::Password { session, ticket, user, password });
            }
            Question::Verifier { user, hash } => {
                self.slow.push(Slow::Verifier { session, ticket, user, hash });
            }
            Question::Papers(ask) => self.slow.push(Slow::Papers(session, ticket, ask)),
            Question::Account(ask) => self.slow.push(Slow::Account(session, ticket, ask)),
            Question::Hook(mut ask) => {
                let name = self.slot(session).and_then(|place| place.name.clone());
                ask.label = ask.label.or(name);
                self.slow.push(Slow::Hook(HookFrom::Session(session, ticket), ask));
            }
            Question::Allocations => self.slow.push(Slow::Allocations(session, ticket)),
            Question::Act(action) => self.act(action, Some((session, ticket))),
            Question::Rooms { who, after, limit } => {
                for worker in 0..self.post.workers() {
                    let survey = Mail::Survey(session, ticket, who.clone(), after.clone(), limit);
                    self.mail(worker, survey);
                }
            }
        }
    }

    /// Takes what a session asks of a room.
    fn command(&mut self, asked: Asked) {
        let slot = asked.session.slot;
        if matches!(asked.command, Command::Join { .. }) {
            self.note_joining(&asked);
        }
        // A steward speaks for others, each of whom its protocol has limited.
        let is_steward = self.stewards.is_at(slot);
        let limited = asked.identity.kind != IdentityKind::Server && !is_steward;
        if limited && !self.may_ask(slot, &asked.command) {
            return self.refuse(&asked, Refusal::TooFast);
        }
        self.commands.push_back(asked);
    }

    /// A session is going to be somewhere: who has to know where finds it from now on.
    fn note_joining(&mut self, asked: &Asked) {
        let slot = asked.session.slot;
        let Some(place) = self.slots.get_mut(slot as usize) else { return };
        if !place.rooms.contains(&asked.room) {
            place.rooms.push(asked.room.clone());
        }
        if asked.identity.kind == IdentityKind::Account {
            place.belong(slot, &asked.identity.user, &mut self.accounts);
        }
        if matches!(asked.command, Command::Join { hello: Some(_), .. }) {
            self.be_known(slot, &asked.identity);
        }
    }

    fn deed(&mut self, slot: u32, deed: Deed) {
        let Some(place) = self.slots.get_mut(slot as usize) else { return };
        let session = SessionKey { worker: self.id, slot, generation: place.generation };
        match deed {
            Deed::Command(room, identity, command, ticket) => {
                let label = place.name.clone();
                self.command(Asked { session, identity, room, command, ticket, label });
            }
            Deed::Ask(question, ticket) => self.ask(session, question, ticket),
            Deed::Belong(user) => place.belong(slot, &user, &mut self.accounts),
            Deed::Name(name, who) => self.name(slot, name, &who),
            Deed::Unknown => self.be_unknown(slot),
            Deed::Acked(id, args) => self.acked(slot, id, args),
            Deed::Seat { room, delivery, echo } => {
                let seat = self.seats.add(&room, delivery, Seat { slot, quiet: !echo });
                place.seats.push(seat);
            }
            Deed::Unseat(None) => {
                let seats = std::mem::take(&mut place.seats);
                seats.into_iter().for_each(|seat| self.unseat(seat));
            }
            Deed::Unseat(Some((room, delivery))) => self.unseat_from(slot, &room, Some(delivery)),
            Deed::Leave(room) => {
                place.rooms.retain(|other| *other != room);
                self.unseat_from(slot, &room, None);
                self.take_leave(session, room);
            }
            // A key may be from before a restart, when there were more workers: the sender is told that nobody is there.
            Deed::Letter(to, letter) if to.worker == self.id || to.worker >= self.post.workers() => {
                self.letters.push_back((session, to, letter));
            }
            Deed::Letter(to, letter) => self.mail(to.worker, Mail::Letter(session, to, letter)),
            Deed::Steward { name, appoint, letter } => {
                self.send_to_steward(ToSteward { from: session, name, appoint, letter });
            }
            Deed::Spawn(_) if self.detached >= self.settings.detached_max => {
                self.handle(slot, Input::NoRoom);
            }
            Deed::Spawn(session) => {
                self.detached += 1;
                self.place(session, L::default(), false);
            }
            Deed::Secure => {
                place.securing = true;
                self.touch(slot);
            }
            Deed::Part => {
                place.parting = place.linked;
                self.touch(slot);
            }
            Deed::TurnInto(next) => {
                place.session = Some(next);
                self.handle(slot, Input::Opened);
            }
        }
    }

    /// Spends one message, or one signal, of the session's allowance, if what it asks takes that.
    fn may_ask(&mut self, slot: u32, command: &Command) -> bool {
        let now_ms = self.now.mono_ms;
        let WorkerSettings { publish_rate, publish_burst, signal_rate, signal_burst, .. } = self.settings;
        let Some(place) = self.slots.get_mut(slot as usize) else { return true };
        match command {
            Command::Signal(signal) => {
                let count = 1 + (signal.counts / SIGNAL_BYTES) as u64;
                place.signals.spend(count, signal_rate, signal_burst, now_ms)
            }
            told if told.is_told() => place.messages.spend(1, publish_rate, publish_burst, now_ms),
            _ => true,
        }
    }
}
