//! What a worker owns, and the ways in which its shell deals with it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use hubbub_auth::Doorman;
use hubbub_gate::coder::Coder;
use hubbub_gate::outbox::Outbox;
use hubbub_gate::session::{Deed, Input, Letter, Session};
use hubbub_gate::settings::GateSettings;
use hubbub_hub::command::Asked;
use hubbub_hub::{
    AccountAsk, Effect, Happening, HookAsk, Hub, Identity, LogAsk, Now, PapersAsk, Reply, RoomName,
    SessionKey, SessionName, Ticket, UserAddress, VerifierHash, WorkerId,
};
use slab::Slab;

use crate::actions::Collecting;
use crate::counters::Counters;
use crate::mail::{Mailbox, Post};
use crate::seats::Seats;
use crate::slot::{Allowance, Slot};
use crate::stewards::{Stewards, ToSteward};
use crate::veils::Veils;
use crate::wheel::{Alarm, Wheel};

/// The worker's own limits. Each is a documented setting.
#[derive(Debug, Clone, Copy)]
pub struct WorkerSettings {
    /// Most mail that may wait for a home before publications to it are refused as busy.
    pub mailbox_max: usize,
    /// Most sessions without a link.
    pub detached_max: usize,
    /// Messages per second that one session may publish; 0 for no limit.
    pub publish_rate: u64,
    /// Messages that it may publish at once.
    pub publish_burst: u64,
    /// Signals per second that one session may send; 0 for no limit.
    pub signal_rate: u64,
    /// Signals that it may send at once.
    pub signal_burst: u64,
}

/// A question for the store. The shell hands it over after the turn.
#[derive(Debug)]
pub enum Slow {
    /// Of a room's home.
    Log(LogAsk),
    /// Of a session; answered by [`crate::Mail::Answer`].
    Password {
        /// Who asks.
        session: SessionKey,
        /// What the answer carries.
        ticket: Ticket,
        /// The prepared localpart.
        user: String,
        /// What was offered.
        password: String,
    },
    /// Of a session; answered by [`crate::Mail::Answer`].
    Verifier {
        /// Who asks.
        session: SessionKey,
        /// What the answer carries.
        ticket: Ticket,
        /// The prepared localpart.
        user: String,
        /// For which hash.
        hash: VerifierHash,
    },
    /// Of a session; answered by [`crate::Mail::Answer`].
    Papers(SessionKey, Ticket, PapersAsk),
    /// Of a session; answered by [`crate::Mail::Answer`].
    Account(SessionKey, Ticket, AccountAsk),
    /// For an application.
    Hook(HookFrom, Box<HookAsk>),
    /// Of a session, about what is relayed; answered by [`crate::Mail::Answer`].
    Allocations(SessionKey, Ticket),
}

/// Who asks an application, and so where its answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookFrom {
    /// A room at home on this worker; answered by [`crate::Mail::Verdict`].
    Home(WorkerId),
    /// A session; answered by [`crate::Mail::Answer`].
    Session(SessionKey, Ticket),
}

/// What one thread owns.
pub struct Worker<L> {
    pub(crate) id: WorkerId,
    pub(crate) settings: WorkerSettings,
    pub(crate) gate: Arc<GateSettings>,
    pub(crate) doorman: Arc<Doorman>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) now: Now,
    pub(crate) slots: Slab<Slot<L>>,
    next_generation: u32,
    pub(crate) hub: Hub,
    pub(crate) seats: Seats,
    pub(crate) veils: Veils,
    pub(crate) wheel: Wheel,
    pub(crate) coder: Coder,
    pub(crate) rng: fastrand::Rng,
    pub(crate) post: Post,
    pub(crate) mailbox: Mailbox,
    /// Workers that were written to in this turn.
    pub(crate) rings: Vec<bool>,
    /// Commands of this turn, for homes anywhere.
    pub(crate) commands: VecDeque<Asked>,
    /// What homes here want done.
    pub(crate) effects: Vec<Effect>,
    /// What seats here are to be told, by room, in order.
    pub(crate) happened: HashMap<RoomName, Vec<Happening>>,
    /// The rooms of `happened`, in the order in which they came up: nothing that decides an order iterates a map.
    pub(crate) happened_order: Vec<RoomName>,
    /// Letters between sessions here: from whom, to whom, what.
    pub(crate) letters: VecDeque<(SessionKey, SessionKey, Letter)>,
    /// Who keeps something for which name.
    pub(crate) stewards: Stewards,
    /// Letters to names that are at home here.
    pub(crate) letters_to_stewards: VecDeque<ToSteward>,
    /// Places of sessions without links that are over.
    pub(crate) vacated: Vec<SessionKey>,
    /// How many such sessions there are.
    pub(crate) detached: usize,
    /// Bytes that this turn has given to tell.
    pub(crate) told: usize,
    pub(crate) deeds: Vec<Deed>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) slow: Vec<Slow>,
    pub(crate) touched: Vec<u32>,
    pub(crate) next_hub_tick_ms: u64,
    /// Who speaks for applications.
    pub(crate) server: Arc<Identity>,
    /// Orders of applications whose reports are awaited.
    pub(crate) collecting: BTreeMap<u64, Collecting>,
    pub(crate) next_collecting: u64,
    /// Where sessions are whose names are at home here.
    pub(crate) directory: HashMap<SessionName, SessionKey>,
    /// Sessions here that have a name.
    pub(crate) names: HashMap<SessionName, u32>,
    /// Sessions here that actions may reach, by user.
    pub(crate) users: HashMap<UserAddress, Vec<u32>>,
    /// Sessions here that end when an account does.
    pub(crate) accounts: HashMap<UserAddress, Vec<u32>>,
}

/// What a new worker is made of.
pub struct Parts {
    /// Which one it is.
    pub id: WorkerId,
    /// Its limits.
    pub settings: WorkerSettings,
    /// The gates' limits.
    pub gate: Arc<GateSettings>,
    /// Who may come in.
    pub doorman: Arc<Doorman>,
    /// The rooms at home here.
    pub hub: Hub,
    /// Writes to all workers.
    pub post: Post,
    /// Where it is written to.
    pub mailbox: Mailbox,
    /// What it counts.
    pub counters: Arc<Counters>,
    /// Must differ between workers and runs.
    pub seed: u64,
}

impl<L: Default> Worker<L> {
    /// A worker without sessions.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { id, settings, gate, doorman, hub, post, mailbox, counters, seed } = parts;
        let server = Arc::new(Identity::server(&gate.domain));
        let coder = Coder::of(&gate.domain).calling(doorman.pseudonyms());
        let mut rng = fastrand::Rng::with_seed(seed);
        Self {
            id,
            settings,
            gate,
            doorman,
            counters,
            now: Now::default(),
            slots: Slab::new(),
            // Names of places from an earlier run must not fit this one's.
            next_generation: rng.u32(..),
            hub,
            seats: Seats::default(),
            veils: Veils::default(),
            wheel: Wheel::new(),
            coder,
            rng,
            rings: vec![false; usize::from(post.workers())],
            post,
            mailbox,
            commands: VecDeque::new(),
            effects: Vec::new(),
            happened: HashMap::new(),
            happened_order: Vec::new(),
            told: 0,
            letters: VecDeque::new(),
            stewards: Stewards::default(),
            letters_to_stewards: VecDeque::new(),
            vacated: Vec::new(),
            detached: 0,
            deeds: Vec::new(),
            alarms: Vec::new(),
            slow: Vec::new(),
            touched: Vec::new(),
            next_hub_tick_ms: 0,
            server,
            collecting: BTreeMap::new(),
            next_collecting: 0,
            directory: HashMap::new(),
            names: HashMap::new(),
            users: HashMap::new(),
            accounts: HashMap::new(),
        }
    }

    /// Sets the time for what follows; [`Self::turn`] does so too.
    pub fn set_now(&mut self, now: Now) {
        self.now = now;
    }

    /// Begins a session, which gets [`Input::Opened`] at once.
    pub fn open(&mut self, session: Box<dyn Session>, link: L) -> SessionKey {
        self.place(session, link, true)
    }

    /// As [`Self::open`]; a session that is not `linked` gives up its place by itself.
    pub(crate) fn place(&mut self, session: Box<dyn Session>, link: L, linked: bool) -> SessionKey {
        let generation = self.next_generation;
        self.next_generation = self.next_generation.wrapping_add(1);
        let slot = self.slots.insert(Slot {
            generation,
            session: Some(session),
            outbox: Outbox::new(),
            link,
            securing: false,
            linked,
            parting: false,
            touched: false,
            armed_ms: u64::MAX,
            rooms: Vec::new(),
            seats: Vec::new(),
            name: None,
            who: None,
            accounts: Vec::new(),
            behind: false,
            messages: Allowance::full(self.now.mono_ms),
            signals: Allowance::full(self.now.mono_ms),
        }) as u32;
        self.counters.sessions_opened.add(1);
        self.counters.sessions.set(self.slots.len() as u64);
        self.handle(slot, Input::Opened);
        SessionKey { worker: self.id, slot, generation }
    }

    /// Gives a session something that came from its link.
    pub fn input(&mut self, key: SessionKey, input: Input<'_>) {
        if self.slot(key).is_some() {
            self.handle(key.slot, input);
        }
    }

    /// The session's place, if it still has it.
    #[must_use]
    pub fn slot(&self, key: SessionKey) -> Option<&Slot<L>> {
        self.slots.get(key.slot as usize).filter(|slot| slot.generation == key.generation)
    }

    /// As [`Self::slot`].
    pub fn slot_mut(&mut self, key: SessionKey) -> Option<&mut Slot<L>> {
        self.slots.get_mut(key.slot as usize).filter(|slot| slot.generation == key.generation)
    }

    /// The key of whoever has this place.
    #[must_use]
    pub fn key_at(&self, slot: u32) -> Option<SessionKey> {
        let generation = self.slots.get(slot as usize)?.generation;
        Some(SessionKey { worker: self.id, slot, generation })
    }

    /// By place alone, for those just named by [`Self::take_touched`].
    pub fn slot_at(&mut self, slot: u32) -> Option<&mut Slot<L>> {
        self.slots.get_mut(slot as usize)
    }

    /// Whether there is anything for [`Self::turn`] to do beside mail and deadlines.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !self.commands.is_empty()
            || !self.touched.is_empty()
            || !self.slow.is_empty()
            || !self.happened_order.is_empty()
            || !self.letters.is_empty()
            || !self.letters_to_stewards.is_empty()
            || !self.vacated.is_empty()
    }

    /// The link is gone: the session is told, and its place is given up, unless it goes on without a link.
    pub fn release(&mut self, key: SessionKey) {
        if self.slot(key).is_none_or(|place| !place.linked) {
            return;
        }
        self.handle(key.slot, Input::LinkLost);
        if self.goes_on(key.slot) {
            return;
        }
        self.end(key.slot);
        self.slots.remove(key.slot as usize);
        self.counters.sessions.set(self.slots.len() as u64);
    }

    /// Whether the session that was here with a link stays without one, if there may be another of those.
    fn goes_on(&mut self, slot: u32) -> bool {
        let stays = |place: &&mut Slot<L>| place.parting && place.is_taken();
        if self.slots.get_mut(slot as usize).filter(stays).is_none() {
            return false;
        }
        if self.detached >= self.settings.detached_max {
            self.handle(slot, Input::NoRoom);
            return false;
        }
        let Some(place) = self.slots.get_mut(slot as usize).filter(stays) else { return false };
        (place.parting, place.linked) = (false, false);
        (place.outbox, place.link) = (Outbox::new(), L::default());
        self.detached += 1;
        true
    }

    /// The slots whose links have something to send, or to end, since the last time.
    pub fn take_touched(&mut self, into: &mut Vec<u32>) {
        into.clear();
        std::mem::swap(&mut self.touched, into);
        for slot in into.iter() {
            if let Some(slot) = self.slots.get_mut(*slot as usize) {
                slot.touched = false;
            }
        }
    }

    /// Questions for the store.
    pub fn take_slow(&mut self) -> Vec<Slow> {
        std::mem::take(&mut self.slow)
    }

    /// The outbox has been handed to the link: tells the session if it wants to know.
    pub fn drained(&mut self, slot: u32) {
        if self.slots.get_mut(slot as usize).is_some_and(|slot| slot.outbox.take_drained()) {
            self.handle(slot, Input::Drained);
        }
    }

    /// How many sessions there are.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.slots.len()
    }

    /// What this worker counts.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn touch(&mut self, slot: u32) {
        if let Some(place) = self.slots.get_mut(slot as usize)
            && !std::mem::replace(&mut place.touched, true)
        {
            self.touched.push(slot);
        }
    }

    /// Writes to a worker, which is woken at the end of the turn.
    pub(crate) fn mail(&mut self, to: WorkerId, mail: crate::Mail) {
        self.post.put(to, mail);
        self.rings[usize::from(to)] = true;
    }

    /// A refusal on the spot, before a home was asked.
    pub(crate) fn refuse(&mut self, asked: &Asked, why: hubbub_hub::Refusal) {
        if matches!(asked.command, hubbub_hub::Command::File { .. }) {
            // Another home asked, on behalf of a session that has its answer.
            return;
        }
        let refused = Reply::Refused(why);
        self.effects.push(Effect::Reply(asked.session, asked.room.clone(), asked.ticket, refused));
    }
}
