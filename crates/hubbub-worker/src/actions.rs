//! What applications want done: to tell rooms, sessions and users something, to move sessions, to end them.
//!
//! A message for a room's log is a publication like any other, by the server's own identity. Everything else is an order to
//! the workers whose sessions it concerns. Whoever asks what became of it is told when all of them have reported.

use std::sync::Arc;

use bytes::Bytes;
use hubbub_gate::session::{AckId, Act, Answer, Input, Outcome};
use hubbub_hub::command::Asked;
use hubbub_hub::{
    Action, Body, Command, Emission, Happening, RoomName, SessionKey, SessionName, Target, Ticket,
    UserAddress,
};

use crate::mail::Mail;
use crate::worker::Worker;

/// Something for sessions, on the way to the worker that has them.
#[derive(Debug, Clone)]
pub struct Order {
    /// Whose sessions.
    pub(crate) to: Target,
    /// What they are to do.
    pub(crate) act: Act,
    /// Who wants to know what came of it.
    pub(crate) report: Option<AckId>,
}

/// What came of an order.
#[derive(Debug)]
pub enum Report {
    /// One worker is through.
    Came(Came),
    /// One session has acknowledged.
    Acked(SessionName, Bytes),
}

/// What came of an order on one worker, or on all.
#[derive(Debug, Default)]
pub struct Came {
    /// So many sessions are meant.
    found: usize,
    /// It reached so many of them.
    reached: usize,
    /// So many of those were asked to acknowledge.
    asked: usize,
    /// A session could not do it, because it is in its one room.
    stuck: bool,
}

/// An order whose reports are awaited.
#[derive(Debug)]
pub(crate) struct Collecting {
    asker: (SessionKey, Ticket),
    workers_left: u16,
    came: Came,
    acks: Vec<(SessionName, Bytes)>,
    /// Whether there is one session at most, and whether acknowledgements are wanted.
    single: bool,
    wants_acks: bool,
    due_ms: u64,
}

/// How long other workers may take to report, beside what sessions may take to acknowledge.
const REPORT_MS: u64 = 5000;

impl<L: Default> Worker<L> {
    /// Does what an application's verdict asks for. Nobody is told what came of it.
    pub(crate) fn act_all(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.act(action, None);
        }
    }

    /// Lets a room here go on once what was just queued for it has been done.
    pub(crate) fn let_go_on(&mut self, room: RoomName) {
        self.ask_as_server(room, Command::GoOn, self.nowhere());
    }

    /// Does one action; `asker`, a session here, is told what came of it.
    pub(crate) fn act(&mut self, action: Action, asker: Option<(SessionKey, Ticket)>) {
        match action {
            Action::Emit { to: Target::Room(room), except, body, volatile, ack_ms: None } => {
                self.say_in(room, except, body, volatile, asker);
            }
            Action::Emit { to, except, body, volatile, ack_ms } => {
                let room = if let Target::Room(room) = &to { Some(room.clone()) } else { None };
                let emission = Arc::new(Emission { room, body, volatile, except });
                // Without an asker there is nobody to collect acknowledgements for.
                let ack_ms = ack_ms.filter(|_| asker.is_some());
                self.order(to, Act::Emit { emission, ack: None }, ack_ms, asker);
            }
            Action::Join { session, room } => {
                self.order(Target::Session(session), Act::Join(room), None, asker);
            }
            Action::Leave { session, room } => {
                self.order(Target::Session(session), Act::Leave(room), None, asker);
            }
            Action::Disconnect { to, reason } => self.order(to, Act::Disconnect(reason), None, asker),
        }
    }

    /// Says something in a room: into its log if everybody may hear it, else only to those who are there.
    fn say_in(
        &mut self,
        room: RoomName,
        except: Vec<SessionName>,
        body: Body,
        volatile: bool,
        asker: Option<(SessionKey, Ticket)>,
    ) {
        let command = if volatile || !except.is_empty() {
            Command::Emit(Arc::new(Emission { room: Some(room.clone()), body, volatile, except }))
        } else {
            Command::Publish { body, key: None, about: None }
        };
        self.ask_as_server(room, command, asker.unwrap_or_else(|| self.nowhere()));
    }

    fn ask_as_server(&mut self, room: RoomName, command: Command, (session, ticket): (SessionKey, Ticket)) {
        let identity = self.server.clone();
        self.commands.push_back(Asked { session, identity, room, command, ticket, label: None });
    }

    /// Where answers go that nobody awaits.
    fn nowhere(&self) -> (SessionKey, Ticket) {
        (SessionKey { worker: self.id, slot: u32::MAX, generation: u32::MAX }, 0)
    }

    fn order(&mut self, to: Target, act: Act, ack_ms: Option<u64>, asker: Option<(SessionKey, Ticket)>) {
        let single = matches!(to, Target::Session(_));
        let workers = if single { 1 } else { self.post.workers() };
        let report = asker.map(|asker| self.collect(asker, workers, single, ack_ms));
        let act = match act {
            Act::Emit { emission, .. } => Act::Emit { emission, ack: report.filter(|_| ack_ms.is_some()) },
            other => other,
        };
        let order = Order { to, act, report };
        match &order.to {
            Target::Session(name) => self.mail(self.who_knows(name), Mail::Order(order)),
            Target::Room(_) | Target::User(_) | Target::All => {
                (0..workers).for_each(|worker| self.mail(worker, Mail::Order(order.clone())));
            }
        }
    }

    fn collect(
        &mut self,
        asker: (SessionKey, Ticket),
        workers_left: u16,
        single: bool,
        ack_ms: Option<u64>,
    ) -> AckId {
        let number = self.next_collecting;
        self.next_collecting += 1;
        let wants_acks = ack_ms.is_some();
        let due_ms = self.now.mono_ms.saturating_add(ack_ms.unwrap_or(REPORT_MS));
        let (came, acks) = (Came::default(), Vec::new());
        let collecting = Collecting { asker, workers_left, came, acks, single, wants_acks, due_ms };
        self.collecting.insert(number, collecting);
        AckId { worker: self.id, number }
    }

    /// Carries an order out here, or passes it on to where the session is.
    pub(crate) fn carry_out(&mut self, order: Order) {
        let slots = match &order.to {
            Target::Session(name) => match self.find(name) {
                Some(key) if key.worker != self.id => {
                    let to = Target::Session(key.into());
                    return self.mail(key.worker, Mail::Order(Order { to, ..order }));
                }
                Some(key) => self.slot(key).map(|_| key.slot).into_iter().collect(),
                None => Vec::new(),
            },
            Target::User(user) => self.sessions_of(user),
            Target::Room(room) => self.seated_in(room),
            Target::All => self.everybody(),
        };
        let mut came = Came::default();
        let excepted = match &order.act {
            Act::Emit { emission, .. } => self.excepted(emission),
            Act::Join(_) | Act::Leave(_) | Act::Disconnect(_) | Act::TakenOver | Act::Removed => Vec::new(),
        };
        for slot in slots.into_iter().filter(|slot| !excepted.contains(slot)) {
            self.act_on(slot, order.act.clone(), &mut came);
        }
        if let Some(id) = order.report {
            self.mail(id.worker, Mail::Report(id, Report::Came(came)));
        }
    }

    /// Gives a session what is meant for it, if it can take it.
    fn act_on(&mut self, slot: u32, mut act: Act, came: &mut Came) {
        let Some(place) = self.slots.get_mut(slot as usize) else { return };
        let Some(session) = &place.session else { return };
        came.found += 1;
        let behind = place.is_behind();
        match &mut act {
            Act::Emit { emission, .. } if emission.volatile && behind => return,
            Act::Emit { ack, .. } => {
                *ack = ack.filter(|_| session.can_acknowledge());
                came.asked += usize::from(ack.is_some());
            }
            Act::Join(_) | Act::Leave(_) if !session.can_move() => {
                came.stuck = true;
                return;
            }
            Act::Join(_) | Act::Leave(_) | Act::Disconnect(_) | Act::TakenOver | Act::Removed => {}
        }
        came.reached += 1;
        self.handle(slot, Input::Act(act));
    }

    fn sessions_of(&self, user: &UserAddress) -> Vec<u32> {
        self.users.get(user).cloned().unwrap_or_default()
    }

    fn seated_in(&self, room: &RoomName) -> Vec<u32> {
        let ways = self.seats.deliveries(room);
        let seats = ways.into_iter().flat_map(|way| self.seats.of(room, way).iter().map(|seat| seat.slot));
        // Who polls is not there to be told or ended.
        let lasts = |slot: &u32| self.slots.get(*slot as usize).is_some_and(|place| place.who.is_some());
        let mut slots: Vec<_> = seats.filter(lasts).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    fn everybody(&self) -> Vec<u32> {
        let present = self.slots.iter().filter(|(_, place)| place.who.is_some());
        present.map(|(slot, _)| slot as u32).collect()
    }

    /// The sessions here that an emission leaves out.
    pub(crate) fn excepted(&self, emission: &Emission) -> Vec<u32> {
        let here = |name: &SessionName| match name.key() {
            Some(key) if key.worker == self.id => self.slot(key).map(|_| key.slot),
            Some(_) => None,
            None => self.names.get(name).copied(),
        };
        emission.except.iter().filter_map(here).collect()
    }

    /// A report on an order that was given here.
    pub(crate) fn reported(&mut self, id: AckId, report: Report) {
        let Some(collecting) = self.collecting.get_mut(&id.number) else { return };
        match report {
            Report::Came(Came { found, reached, asked, stuck }) => {
                collecting.workers_left = collecting.workers_left.saturating_sub(1);
                collecting.came.found += found;
                collecting.came.reached += reached;
                collecting.came.asked += asked;
                collecting.came.stuck |= stuck;
            }
            Report::Acked(session, args) => collecting.acks.push((session, args)),
        }
        if collecting.workers_left == 0 && collecting.acks.len() >= collecting.came.asked {
            self.conclude(id.number, false);
        }
    }

    /// Tells the asker what came of an order.
    fn conclude(&mut self, number: u64, timeout: bool) {
        let Some(done) = self.collecting.remove(&number) else { return };
        let Collecting { asker: (session, ticket), came, acks, single, wants_acks, .. } = done;
        let Came { found, reached, stuck, .. } = came;
        let outcome = match wants_acks {
            _ if single && found == 0 => Outcome::NoSuchSession,
            _ if stuck => Outcome::OneRoomOnly,
            true => Outcome::Acked { reached, acks, timeout },
            false => Outcome::Reached(reached),
        };
        self.input(session, Input::Answer(ticket, Answer::Acted(outcome)));
    }

    /// Ends the wait for reports whose time is over.
    pub(crate) fn end_collecting(&mut self) {
        let now_ms = self.now.mono_ms;
        let due = self.collecting.iter().filter(|(_, one)| one.due_ms <= now_ms);
        let due: Vec<_> = due.map(|(number, _)| *number).collect();
        due.into_iter().for_each(|number| self.conclude(number, true));
    }

    /// When the first of them is over, in process time.
    pub(crate) fn collecting_until(&self) -> Option<u64> {
        self.collecting.values().map(|one| one.due_ms).min()
    }

    /// A session's peer has acknowledged something.
    pub(crate) fn acked(&mut self, slot: u32, id: AckId, args: Bytes) {
        let Some(key) = self.key_at(slot) else { return };
        let name = self.slots.get(slot as usize).and_then(|place| place.name.clone());
        let name = name.unwrap_or_else(|| key.into());
        self.mail(id.worker, Mail::Report(id, Report::Acked(name, args)));
    }

    /// Tells those in a room what no log keeps, each dialect once; those who have not read yet are left out of what is volatile.
    pub(crate) fn fan_out_emission(&mut self, room: &RoomName, emission: &Arc<Emission>) {
        let excepted = self.excepted(emission);
        let what = [Happening::Emission(emission.clone())];
        for delivery in self.seats.deliveries(room) {
            self.tell_some(room, delivery, &what, |slot, place| {
                !(excepted.contains(&slot) || emission.volatile && place.is_behind())
            });
        }
    }
}
