//! A room's home: the one place that stamps, keeps and tells what happens in it.

mod about;
mod archive;
mod between;
mod copies;
mod entry;
mod govern;
mod hooked;
mod join;
mod people;
mod publish;
mod register;
mod removal;
mod signals;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::address::RoomName;
use crate::affairs::Affairs;
use crate::command::{
    Asked, Command, Effect, Happening, Page, Refusal, Reply, RoomInfo, SessionKey, WorkerId,
};
use crate::event::Event;
use crate::history::History;
use crate::hub::HubSettings;
use crate::id::MessageIds;
use crate::idempotency::Keys;
use crate::identity::{Identity, IdentityKind};
use crate::log::{Fault, LogAnswer, LogAsk, Opened};
use crate::offset::Offset;
use crate::policy::{LogKind, Right, RoomPolicy};
use crate::presence::{Occupants, Place};
use crate::time::Now;

use about::Finding;
use hooked::Hooked;
use join::Parked;
use publish::Pending;

/// What a room needs of its hub while it works.
pub(crate) struct RoomCx<'a> {
    pub(crate) now: Now,
    pub(crate) settings: &'a HubSettings,
    pub(crate) ids: &'a mut MessageIds,
    pub(crate) effects: &'a mut Vec<Effect>,
    /// An epoch that no log of this hub has had.
    pub(crate) new_epoch: u32,
}

/// One room, at home.
#[derive(Debug)]
pub(crate) struct Room {
    name: RoomName,
    policy: Arc<RoomPolicy>,
    stage: Stage,
    epoch: u32,
    history: History,
    /// The oldest sequence number kept anywhere: here, or in the store.
    oldest: u64,
    keys: Keys,
    /// Stamped, and on the way to the disk. Always empty in a memory room.
    pending: VecDeque<Pending>,
    /// What they weigh.
    pending_bytes: usize,
    /// Joins that wait for a page from the store.
    parked: HashMap<u64, Parked>,
    next_park: u64,
    /// Who waits for what the store looks up.
    archives: HashMap<u64, Asked>,
    finding: Finding,
    hooked: Hooked,
    affairs: Affairs,
    /// The store could not keep them.
    affairs_lost: bool,
    /// Who is told what happens.
    seats: HashMap<SessionKey, Arc<Identity>>,
    /// Whose seats are still their former selves'.
    succeeding: HashMap<SessionKey, SessionKey>,
    /// Seats by worker: those above zero are told what happens.
    interest: Vec<u32>,
    occupants: Occupants,
    /// When somebody last asked anything here, in process time.
    touched_ms: u64,
}

/// Whether the log is there to work with.
#[derive(Debug)]
enum Stage {
    /// Asked for; what comes in meanwhile waits.
    Opening(Vec<Asked>),
    /// There.
    Open,
    /// There is no such inbox. The room answers so until it is swept away.
    Absent,
    /// The log could not be opened. The next command tries again.
    Failed,
}

impl Room {
    /// A room that begins to open its log; `by` is who asked first.
    pub(crate) fn open(name: RoomName, policy: Arc<RoomPolicy>, by: &Identity, cx: &mut RoomCx<'_>) -> Self {
        let mut room = Self {
            stage: Stage::Open,
            epoch: cx.new_epoch,
            history: History::new(0, Vec::new()),
            oldest: 1,
            keys: Keys::default(),
            pending: VecDeque::new(),
            pending_bytes: 0,
            parked: HashMap::new(),
            next_park: 0,
            archives: HashMap::new(),
            finding: Finding::default(),
            hooked: Hooked::default(),
            affairs: Affairs::default(),
            affairs_lost: false,
            seats: HashMap::new(),
            succeeding: HashMap::new(),
            interest: vec![0; usize::from(cx.settings.workers)],
            occupants: Occupants::default(),
            touched_ms: cx.now.mono_ms,
            name,
            policy,
        };
        room.open_log(!by.owns(&room.name), cx);
        room
    }

    /// For a `stranger` an inbox is opened only if it has an owner; in memory only the owner himself can show that.
    fn open_log(&mut self, stranger: bool, cx: &mut RoomCx<'_>) {
        match self.policy.log {
            LogKind::Durable => self.ask_to_open(stranger, cx),
            LogKind::Memory if self.name.inbox_owner().is_some() && stranger => self.stage = Stage::Absent,
            LogKind::Memory => self.stage = Stage::Open,
        }
    }

    fn ask_to_open(&mut self, stranger: bool, cx: &mut RoomCx<'_>) {
        self.stage = Stage::Opening(Vec::new());
        cx.effects.push(Effect::Log(LogAsk::Open {
            room: self.name.clone(),
            only_for_account: self.name.inbox_owner().filter(|_| stranger).map(str::to_owned),
            keep: self.policy.keep,
            tail_count: cx.settings.tail_count,
            tail_bytes: cx.settings.tail_bytes,
            keys_since_ms: cx.now.unix_ms.saturating_sub(cx.settings.key_window_ms),
            new_epoch: cx.new_epoch,
        }));
    }

    /// Does what a session asks, or keeps it until the log is open.
    pub(crate) fn command(&mut self, asked: Asked, cx: &mut RoomCx<'_>) {
        self.touched_ms = cx.now.mono_ms;
        match asked.command {
            Command::Leave => return self.leave(asked.session, cx),
            Command::Part { word } => return self.part(asked.session, word, cx),
            Command::Succeed { former } => return self.succeed(former, asked.session),
            Command::GoOn => return self.go_on(cx),
            _ => {}
        }
        match &mut self.stage {
            Stage::Opening(waiting) if waiting.len() < cx.settings.pending_limit => waiting.push(asked),
            Stage::Opening(_) => refuse(&asked, Refusal::Busy, cx),
            // The owner may come where strangers may not.
            Stage::Absent if !asked.identity.owns(&self.name) => refuse(&asked, Refusal::NoSuchInbox, cx),
            Stage::Absent | Stage::Failed => {
                self.open_log(!asked.identity.owns(&self.name), cx);
                self.command(asked, cx);
            }
            Stage::Open => self.run(asked, cx),
        }
    }

    fn run(&mut self, asked: Asked, cx: &mut RoomCx<'_>) {
        match asked.command {
            Command::Join { .. } => self.join(asked, cx),
            Command::Publish { .. } => self.publish(asked, cx),
            Command::File { .. } => self.file(&asked, cx),
            Command::Archive(_) => self.look_up_archive(asked, cx),
            Command::Presence => self.tell_presence(&asked, cx),
            Command::Govern(_) => self.govern(asked, cx),
            Command::Rename { .. } => self.rename(&asked, cx),
            Command::Show { .. } => self.show(&asked, cx),
            Command::Emit(_) => self.emit(&asked, cx),
            Command::Pass { .. } => self.pass(&asked, cx),
            Command::WhoIs { .. } => self.who_is(&asked, cx),
            Command::Signal(_) => self.signal(&asked, cx),
            Command::Leave | Command::Part { .. } | Command::GoOn | Command::Succeed { .. } => {}
        }
    }

    /// Takes what the store answered.
    pub(crate) fn answer(&mut self, answer: LogAnswer, cx: &mut RoomCx<'_>) {
        match answer {
            LogAnswer::Opened { log, .. } => self.opened(log, cx),
            LogAnswer::Kept { through, oldest, .. } => self.kept(through, oldest, cx),
            LogAnswer::Failed { .. } => self.log_failed(cx),
            LogAnswer::Gone { .. } => self.log_gone(cx),
            LogAnswer::Page { ticket, events, .. } => self.unpark(ticket, events, cx),
            LogAnswer::Found { ticket, event, .. } => self.found(ticket, event, cx),
            LogAnswer::Archive { ticket, found, .. } => self.looked_up(ticket, found, cx),
            LogAnswer::AffairsLost { .. } => self.affairs_lost = true,
        }
    }

    fn opened(&mut self, log: Result<Option<Opened>, Fault>, cx: &mut RoomCx<'_>) {
        let Stage::Opening(waiting) = std::mem::replace(&mut self.stage, Stage::Open) else { return };
        let adopted = log.and_then(|log| log.map(|log| self.adopt(log)).transpose());
        match adopted {
            Ok(Some(())) => {}
            Ok(None) => self.stage = Stage::Absent,
            Err(_) => {
                self.stage = Stage::Failed;
                self.refuse_row(&Refusal::LogFailed, cx);
                self.refuse_findings(&Refusal::LogFailed, cx);
                return waiting.iter().for_each(|asked| refuse(asked, Refusal::LogFailed, cx));
            }
        }
        for asked in waiting {
            self.command(asked, cx);
        }
        self.go_through_findings(cx);
        self.go_through_row(cx);
    }

    /// A room whose affairs cannot be read lets nobody in: it would not know whom it must not.
    fn adopt(&mut self, log: Opened) -> Result<(), Fault> {
        if let Some(affairs) = &log.affairs {
            self.affairs = Affairs::read(affairs).ok_or(Fault)?;
            self.occupants.keep_names(&self.affairs.names);
        }
        self.epoch = log.epoch;
        self.oldest = log.oldest;
        self.history = History::new(log.head, log.tail);
        for known in log.keys {
            let stamped = known.published.unix_ms;
            self.keys.insert(
                stamped,
                known.user,
                known.key,
                crate::idempotency::Known::Kept(known.published),
            );
        }
        Ok(())
    }

    fn leave(&mut self, session: SessionKey, cx: &mut RoomCx<'_>) {
        self.forget(session);
        self.stop_joining(session);
        if let Stage::Opening(waiting) = &mut self.stage {
            // What it said stays said; it is only its joining that must not happen any more.
            waiting.retain(|asked| asked.session != session || asked.command.is_kept());
        }
        self.exit(&Place::Session(session), cx);
    }

    /// A session is told nothing more, and waits for nothing more to read.
    fn forget(&mut self, session: SessionKey) {
        if self.seats.remove(&session).is_some() {
            self.interest[usize::from(session.worker)] -= 1;
        }
        self.succeeding.remove(&session);
        self.parked.retain(|_, parked| parked.asked.session != session);
    }

    /// One session takes another's place: nobody came and nobody went.
    fn succeed(&mut self, former: SessionKey, session: SessionKey) {
        if self.seats.contains_key(&former) {
            self.succeeding.insert(session, former);
        }
        self.parked.retain(|_, parked| parked.asked.session != former);
        self.occupants.move_place(&Place::Session(former), Place::Session(session));
        self.hooked.rename(former, session);
    }

    /// A session has its seat: its former self gives up the one it kept until now, and is told where its duty ends.
    pub(super) fn take_over(&mut self, session: SessionKey, cx: &mut RoomCx<'_>) {
        let Some(former) = self.succeeding.remove(&session) else { return };
        if self.seats.remove(&former).is_some() {
            self.interest[usize::from(former.worker)] -= 1;
        }
        cx.effects.push(Effect::Reply(former, self.name.clone(), 0, Reply::Succeeded));
    }

    /// What the application says and no log keeps.
    fn emit(&self, asked: &Asked, cx: &mut RoomCx<'_>) {
        let Command::Emit(emission) = &asked.command else { return };
        if asked.identity.kind != IdentityKind::Server {
            return refuse(asked, Refusal::Forbidden(Right::Publish), cx);
        }
        self.tell(&Happening::Emission(emission.clone()), cx);
        reply(asked, Reply::Answered(None), cx);
    }

    /// What the room is like now.
    pub(crate) fn info(&self) -> RoomInfo {
        RoomInfo {
            name: self.name.clone(),
            head: Offset::new(self.epoch, self.history.head()),
            people: self.occupants.count(),
            sessions: self.seats.len(),
            title: self.affairs.config.title.as_str().into(),
            listed: self.is_listed(),
        }
    }

    fn is_listed(&self) -> bool {
        self.affairs.config.public && self.affairs.destroyed.is_none() && self.name.inbox_owner().is_none()
    }

    /// Whether the room shows in a list for `who`: hidden ones do to those who are in them, and to the server.
    pub(crate) fn is_seen_by(&self, who: &Identity) -> bool {
        let open = || self.is_listed() && self.policy.allows(who, Right::Join, &self.name);
        who.kind == IdentityKind::Server || self.occupants.person(&who.user).is_some() || open()
    }

    /// Tells every worker that has seats here.
    fn tell(&self, what: &Happening, cx: &mut RoomCx<'_>) {
        for (worker, seats) in self.interest.iter().enumerate() {
            if *seats > 0 {
                let worker = WorkerId::try_from(worker).expect("workers are counted in a WorkerId");
                cx.effects.push(Effect::Happened(worker, self.name.clone(), what.clone()));
            }
        }
    }

    /// Drops what is too old. Says whether the room can be forgotten: nobody is here and nothing is left or on its way.
    pub(crate) fn sweep(&mut self, cx: &RoomCx<'_>) -> bool {
        self.expire(cx);
        let idle = cx.now.mono_ms.saturating_sub(self.touched_ms) >= cx.settings.room_idle_ms;
        let empty = self.seats.is_empty() && self.occupants.count() == 0 && self.pending.is_empty();
        let empty =
            empty && self.hooked.is_empty() && self.finding.waiting() == 0 && self.archives.is_empty();
        let opening = matches!(self.stage, Stage::Opening(_));
        let kept_elsewhere = self.policy.log == LogKind::Durable && !self.affairs_lost;
        let closed = self.policy.log == LogKind::Memory && self.affairs.destroyed.is_some();
        let nothing_left = self.history.is_empty() && self.keys.is_empty() && !self.affairs.config.persistent;
        let unneeded = kept_elsewhere || closed || (nothing_left && !self.affairs_lost);
        idle && empty && !opening && self.parked.is_empty() && unneeded
    }

    fn expire(&mut self, cx: &RoomCx<'_>) {
        self.keys.expire(cx.now.unix_ms.saturating_sub(cx.settings.key_window_ms), cx.settings.key_limit);
        self.trim(cx);
    }

    /// Holds the history in memory to its limits: the policy's, and for a durable log the cache's.
    fn trim(&mut self, cx: &RoomCx<'_>) {
        let mut keep = self.policy.keep;
        if self.policy.log == LogKind::Durable {
            keep.count = keep.count.min(u64::from(cx.settings.tail_count));
            keep.bytes = keep.bytes.min(cx.settings.tail_bytes as u64);
            self.history.trim(&keep, cx.now.unix_ms);
            self.oldest = self.oldest.max(self.history.head().saturating_sub(self.policy.keep.count) + 1);
        } else {
            self.history.trim(&keep, cx.now.unix_ms);
            self.oldest = self.history.first();
        }
    }

    fn page(&self, from: u64, events: Vec<Arc<Event>>) -> Page {
        Page {
            events,
            from: Offset::new(self.epoch, from),
            oldest: Offset::new(self.epoch, self.oldest - 1),
            head: Offset::new(self.epoch, self.history.head()),
        }
    }
}

fn reply(asked: &Asked, reply: Reply, cx: &mut RoomCx<'_>) {
    cx.effects.push(Effect::Reply(asked.session, asked.room.clone(), asked.ticket, reply));
}

fn refuse(asked: &Asked, why: Refusal, cx: &mut RoomCx<'_>) {
    if matches!(asked.command, Command::File { .. }) {
        // Another home asked, on behalf of a session that has its answer.
        return;
    }
    reply(asked, Reply::Refused(why), cx);
}
