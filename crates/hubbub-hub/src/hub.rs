//! The rooms that are at home on one worker.

use std::collections::{HashMap, VecDeque};

use crate::address::{RoomName, UserAddress};
use crate::command::{Asked, Command, Effect, Refusal, Reply, RoomInfo, Stay};
use crate::hook::HookAnswer;
use crate::id::{MessageId, MessageIds};
use crate::identity::Identity;
use crate::log::LogAnswer;
use crate::policy::Policies;
use crate::presence::Place;
use crate::room::{Room, RoomCx};
use crate::signal::HeardPace;
use crate::time::Now;

/// The hub's limits. Each is a documented setting.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// How many workers there are.
    pub workers: u16,
    /// Most rooms at home on one worker.
    pub rooms_max: usize,
    /// How long an empty room without history is remembered, in milliseconds.
    pub room_idle_ms: u64,
    /// A room with more people is counted, not listed.
    pub presence_list_max: usize,
    /// How long somebody who polls stays present after a request, in milliseconds.
    pub linger_ms: u64,
    /// How long an idempotency key is known, in milliseconds.
    pub key_window_ms: u64,
    /// Most keys known in one room.
    pub key_limit: usize,
    /// Most messages of one room on their way to the disk, and most commands waiting for its log to open.
    pub pending_limit: usize,
    /// Most bytes of one room on their way to the disk, counted by [`crate::Event::weight`].
    pub pending_bytes: usize,
    /// Most messages of a durable room held in memory.
    pub tail_count: u32,
    /// Most bytes of them.
    pub tail_bytes: usize,
    /// About how many bytes one page of history carries.
    pub page_bytes: usize,
    /// How much one session may be told in signals, whoever sends them.
    pub heard: HeardPace,
}

/// All rooms at home on one worker.
#[derive(Debug)]
pub struct Hub {
    settings: HubSettings,
    policies: Policies,
    ids: MessageIds,
    /// Boxed: the table keeps free places.
    rooms: HashMap<RoomName, Box<Room>>,
    /// Who polls, in order of when his presence runs out unless he asks again.
    lingering: VecDeque<(u64, RoomName, Place)>,
    /// When each of them runs out by his last request.
    lingers_until: HashMap<(RoomName, Place), u64>,
    last_epoch: u32,
    next_sweep_ms: u64,
}

/// How often rooms are looked through for what is too old.
const SWEEP_EVERY_MS: u64 = 10_000;

impl Hub {
    /// A hub without rooms. `seed` must differ between workers and runs.
    #[must_use]
    pub fn new(settings: HubSettings, policies: Policies, seed: u64) -> Self {
        Self {
            settings,
            policies,
            ids: MessageIds::new(seed),
            rooms: HashMap::new(),
            lingering: VecDeque::new(),
            lingers_until: HashMap::new(),
            last_epoch: 0,
            next_sweep_ms: 0,
        }
    }

    /// Does what a session asks of a room that is at home here.
    pub fn command(&mut self, asked: Asked, now: Now, effects: &mut Vec<Effect>) {
        let name = asked.room.clone();
        if !self.rooms.contains_key(&name) {
            match asked.command {
                Command::Leave | Command::Part { .. } | Command::GoOn | Command::Succeed { .. } => return,
                // Nobody reads there; whoever owns it will not miss that somebody was writing.
                Command::Pass { .. } if name.inbox_owner().is_some() => {
                    let said = Reply::Answered(None);
                    return effects.push(Effect::Reply(asked.session, name, asked.ticket, said));
                }
                Command::Rename { .. }
                | Command::Show { .. }
                | Command::Pass { .. }
                | Command::Signal(_)
                | Command::WhoIs { .. } => {
                    let no = Reply::Refused(Refusal::NotThere);
                    return effects.push(Effect::Reply(asked.session, name, asked.ticket, no));
                }
                // Nobody is there to hear it.
                Command::Emit(_) => {
                    let said = Reply::Answered(None);
                    return effects.push(Effect::Reply(asked.session, name, asked.ticket, said));
                }
                _ => {}
            }
            if self.rooms.len() >= self.settings.rooms_max {
                if matches!(asked.command, Command::File { .. }) {
                    return;
                }
                let no = Reply::Refused(Refusal::TooManyRooms);
                return effects.push(Effect::Reply(asked.session, name, asked.ticket, no));
            }
            if let Some(missing) = self.policies.of(&name).missing(&asked.identity, &asked.command, &name) {
                let no = Reply::Refused(Refusal::Forbidden(missing));
                return effects.push(Effect::Reply(asked.session, name, asked.ticket, no));
            }
            self.open(name.clone(), &asked.identity, now, effects);
        }
        let lingers = matches!(asked.command, Command::Join { stay: Stay::Lingering, .. });
        if lingers && self.policies.of(&name).missing(&asked.identity, &asked.command, &name).is_none() {
            self.linger(name.clone(), &asked.identity, now);
        }
        self.in_room(&name, now, effects, |room, cx| room.command(asked, cx));
    }

    /// Takes an answer of the store to the room that asked.
    pub fn answer(&mut self, answer: LogAnswer, now: Now, effects: &mut Vec<Effect>) {
        let name = match &answer {
            LogAnswer::Opened { room, .. }
            | LogAnswer::AffairsLost { room }
            | LogAnswer::Kept { room, .. }
            | LogAnswer::Failed { room, .. }
            | LogAnswer::Gone { room }
            | LogAnswer::Page { room, .. }
            | LogAnswer::Found { room, .. }
            | LogAnswer::Archive { room, .. } => room.clone(),
        };
        self.in_room(&name, now, effects, |room, cx| room.answer(answer, cx));
    }

    /// Somebody's account is no more: whoever is called so next is nothing to any room here.
    pub fn forget(&mut self, user: &UserAddress, now: Now, effects: &mut Vec<Effect>) {
        let mut names: Vec<_> = self.rooms.keys().cloned().collect();
        names.sort_unstable();
        for name in names {
            self.in_room(&name, now, effects, |room, cx| room.forget_affiliation(user, cx));
        }
    }

    /// Takes an application's word to the room that asked for it.
    pub fn verdict(
        &mut self,
        name: &RoomName,
        id: MessageId,
        answer: HookAnswer,
        now: Now,
        effects: &mut Vec<Effect>,
    ) {
        if !self.rooms.contains_key(name) {
            // It was told of the last one's leaving.
            let actions = answer.unwrap_or_default().actions;
            return effects.push(Effect::Act(None, actions));
        }
        let mut polls = None;
        self.in_room(name, now, effects, |room, cx| polls = room.verdict(id, answer, cx));
        if let Some(who) = polls {
            self.linger(name.clone(), &who, now);
        }
    }

    /// At most `limit` rooms that are open here and that `who` may see, by name, after the name `after`.
    #[must_use]
    pub fn rooms(&self, who: &Identity, after: Option<&RoomName>, limit: usize) -> Vec<RoomInfo> {
        let comes = |name: &&RoomName| after.is_none_or(|after| *name > after);
        let seen = self.rooms.iter().filter(|(_, room)| room.is_seen_by(who));
        let mut names: Vec<_> = seen.map(|(name, _)| name).filter(comes).collect();
        names.sort_unstable();
        names.truncate(limit);
        names.into_iter().filter_map(|name| self.rooms.get(name)).map(|room| room.info()).collect()
    }

    /// Once a second: presence that has run out, counts that changed, rooms that nobody needs.
    pub fn tick(&mut self, now: Now, effects: &mut Vec<Effect>) {
        self.end_lingering(now, effects);
        let sweep = now.mono_ms >= self.next_sweep_ms;
        if sweep {
            self.next_sweep_ms = now.mono_ms + SWEEP_EVERY_MS;
        }
        let Self { settings, ids, rooms, last_epoch, .. } = self;
        let mut cx = RoomCx { now, settings, ids, effects, new_epoch: *last_epoch };
        rooms.retain(|_, room| {
            room.tell_count(&mut cx);
            room.keep_affairs_if_lost(&mut cx);
            !(sweep && room.sweep(&cx))
        });
    }

    /// How many rooms are at home here.
    #[must_use]
    pub fn room_count(&self) -> usize {
        self.rooms.len()
    }

    fn open(&mut self, name: RoomName, by: &Identity, now: Now, effects: &mut Vec<Effect>) {
        let policy = self.policies.of(&name).clone();
        let new_epoch = self.new_epoch(now);
        let mut cx = RoomCx { now, settings: &self.settings, ids: &mut self.ids, effects, new_epoch };
        let room = Room::open(name.clone(), policy, by, &mut cx);
        self.rooms.insert(name, Box::new(room));
    }

    /// The present quarter of a second, or later if that one was used: no two lives of a room share an epoch, also
    /// when the server is restarted at once. The number comes round after 34 years.
    fn new_epoch(&mut self, now: Now) -> u32 {
        let quarter = (now.unix_ms >> 8) as u32;
        self.last_epoch = quarter.max(self.last_epoch.wrapping_add(1));
        self.last_epoch
    }

    fn in_room(
        &mut self,
        name: &RoomName,
        now: Now,
        effects: &mut Vec<Effect>,
        work: impl FnOnce(&mut Room, &mut RoomCx<'_>),
    ) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let new_epoch = self.last_epoch;
        let mut cx = RoomCx { now, settings: &self.settings, ids: &mut self.ids, effects, new_epoch };
        work(room, &mut cx);
    }

    fn linger(&mut self, room: RoomName, who: &Identity, now: Now) {
        let until = now.mono_ms + self.settings.linger_ms;
        let entry = (room, Place::Polling(who.user.clone()));
        if self.lingers_until.insert(entry.clone(), until).is_none() {
            self.lingering.push_back((until, entry.0, entry.1));
        }
    }

    /// One entry per person waits in the queue; when its time comes and he has asked again, it waits once more.
    fn end_lingering(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while self.lingering.front().is_some_and(|(until, ..)| *until <= now.mono_ms) {
            let Some((_, room, place)) = self.lingering.pop_front() else { break };
            let entry = (room, place);
            match self.lingers_until.get(&entry).copied() {
                Some(until) if until > now.mono_ms => self.lingering.push_back((until, entry.0, entry.1)),
                _ => {
                    self.lingers_until.remove(&entry);
                    self.in_room(&entry.0, now, effects, |home, cx| home.exit(&entry.1, cx));
                }
            }
        }
    }
}
