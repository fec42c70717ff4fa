//! A hub with nothing around it: commands in, effects out.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test file uses its own share of this"
)]

use std::sync::Arc;

use bytes::Bytes;
use hubbub_hub::command::{Asked, Stay};
use hubbub_hub::policy::Who;
use hubbub_hub::presence::Person;
use hubbub_hub::{
    Affair, Body, Change, Command, Content, Effect, EventName, Find, Happening, HeardPace, Hub, HubSettings,
    IdempotencyKey, Identity, IdentityKind, Joined, Keep, LogAnswer, LogAsk, LogKind, Now, Policies,
    PresenceMode, Refusal, Reply, RoomName, RoomPolicy, SessionKey, Start, UserAddress,
};

pub const KEEP: Keep = Keep { count: 1000, bytes: 1 << 20, age_ms: u64::MAX };

pub fn settings() -> HubSettings {
    HubSettings {
        workers: 2,
        rooms_max: 100,
        room_idle_ms: 60_000,
        presence_list_max: 3,
        linger_ms: 30_000,
        key_window_ms: 300_000,
        key_limit: 100,
        pending_limit: 4,
        pending_bytes: 1 << 20,
        tail_count: 5,
        tail_bytes: 1 << 20,
        page_bytes: 1 << 20,
        heard: HeardPace { rate: 0, burst: 0 },
    }
}

pub fn policy(log: LogKind) -> RoomPolicy {
    let anyone = || vec![Who::Anyone];
    RoomPolicy {
        log,
        keep: KEEP,
        presence: PresenceMode::List,
        join: anyone(),
        publish: anyone(),
        read: anyone(),
        hook: None,
        owners: Vec::new(),
        creator_owns: true,
        signals: true,
    }
}

pub fn inbox(log: LogKind) -> RoomPolicy {
    let owner = || vec![Who::Owner];
    RoomPolicy { presence: PresenceMode::Off, join: owner(), read: owner(), ..policy(log) }
}

pub fn policies(log: LogKind) -> Policies {
    Policies::new(Vec::new(), policy(log), inbox(log))
}

/// The hub, its clock, and what it has said.
pub struct Bench {
    pub hub: Hub,
    pub now: Now,
    pub effects: Vec<Effect>,
}

pub fn bench(log: LogKind) -> Bench {
    bench_with(settings(), policies(log))
}

pub fn bench_with(settings: HubSettings, policies: Policies) -> Bench {
    let now = Now { unix_ms: 1_763_800_000_000, mono_ms: 1000 };
    Bench { hub: Hub::new(settings, policies, 1), now, effects: Vec::new() }
}

pub fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

pub fn guest(name: &str) -> Arc<Identity> {
    person(name, "guest.localhost", IdentityKind::Guest)
}

pub fn account(name: &str) -> Arc<Identity> {
    person(name, "localhost", IdentityKind::Account)
}

fn person(name: &str, host: &str, kind: IdentityKind) -> Arc<Identity> {
    let user = UserAddress::new(name, host).unwrap();
    Arc::new(Identity {
        user,
        name: name.into(),
        kind,
        named: true,
        grants: None,
        since_unix_ms: 0,
        expires_unix_ms: None,
    })
}

pub fn session(slot: u32) -> SessionKey {
    SessionKey { worker: (slot % 2) as u16, slot, generation: 0 }
}

pub fn body(text: &str) -> Body {
    Body::new(EventName::default(), Content::Text(Bytes::copy_from_slice(text.as_bytes())))
}

impl Bench {
    pub fn ask(&mut self, slot: u32, who: &Arc<Identity>, to: &str, command: Command) {
        let asked = Asked {
            session: session(slot),
            identity: who.clone(),
            room: room(to),
            command,
            ticket: slot,
            label: None,
        };
        self.hub.command(asked, self.now, &mut self.effects);
    }

    pub fn publish(&mut self, slot: u32, who: &Arc<Identity>, to: &str, text: &str) {
        self.ask(slot, who, to, Command::Publish { body: body(text), key: None, about: None });
    }

    pub fn publish_keyed(&mut self, slot: u32, who: &Arc<Identity>, to: &str, text: &str, key: &str) {
        let key = IdempotencyKey::parse(key);
        self.ask(slot, who, to, Command::Publish { body: body(text), key, about: None });
    }

    pub fn join(&mut self, slot: u32, who: &Arc<Identity>, to: &str, start: Start) {
        self.ask(slot, who, to, Command::join(start, 100, Stay::Seated, true, None));
    }

    pub fn poll(&mut self, slot: u32, who: &Arc<Identity>, to: &str) {
        self.ask(slot, who, to, Command::join(Start::Oldest, 100, Stay::Lingering, false, None));
    }

    pub fn answer(&mut self, answer: LogAnswer) {
        self.hub.answer(answer, self.now, &mut self.effects);
    }

    pub fn later(&mut self, ms: u64) {
        self.now = Now { unix_ms: self.now.unix_ms + ms, mono_ms: self.now.mono_ms + ms };
        self.hub.tick(self.now, &mut self.effects);
    }

    /// What was said since the last time, in a few words each.
    pub fn said(&mut self) -> Vec<String> {
        self.effects.drain(..).map(|effect| words(&effect)).collect()
    }

    /// The only thing said, an answer to a join.
    pub fn joined(&mut self) -> Joined {
        let joined = self.effects.drain(..).find_map(|effect| match effect {
            Effect::Reply(_, _, _, Reply::Joined(joined)) => Some(*joined),
            _ => None,
        });
        joined.expect("somebody joined")
    }
}

pub fn words(effect: &Effect) -> String {
    match effect {
        Effect::Reply(session, _, _, Reply::Joined(joined)) => {
            let texts: Vec<_> = joined.page.events.iter().map(|event| text(&event.body)).collect();
            let gone = if joined.recovered { "" } else { " gone" };
            let live = if joined.live { " live" } else { "" };
            format!("{} joins after {}: {}{live}{gone}", session.slot, joined.page.from.seq, texts.join(" "))
        }
        Effect::Reply(session, _, _, Reply::Published(published)) => {
            let again = if published.repeated { " again" } else { "" };
            format!("{} kept {}{again}", session.slot, published.at.seq)
        }
        Effect::Reply(session, _, _, Reply::Person(person)) => {
            format!("{} finds {}", session.slot, person.0.who.user)
        }
        Effect::Happened(worker, _, Happening::Passing(passing)) => {
            let what = passing.what.as_ref().map(|what| String::from_utf8_lossy(what.bytes()));
            let typing = passing.typing.map(|typing| if typing { "writes " } else { "stops " });
            format!("w{worker} in passing: {}{}", typing.unwrap_or_default(), what.unwrap_or_default())
        }
        Effect::Reply(session, _, _, Reply::Signalled(sessions)) => {
            format!("{} signalled {sessions}", session.slot)
        }
        Effect::Reply(session, _, ticket, Reply::Signal(heard)) => {
            assert_eq!(*ticket, 0, "nobody asked for it");
            let whose = heard.resource.as_ref().map_or_else(
                || heard.from.name.to_string(),
                |resource| format!("{}/{resource}", heard.from.user),
            );
            format!("{} hears {} of {whose}", session.slot, String::from_utf8_lossy(&heard.body))
        }
        Effect::Reply(session, _, _, Reply::Governed(_)) => format!("{} governed", session.slot),
        Effect::Reply(session, _, _, Reply::Removed(affair)) => {
            format!("{} removed {:?}", session.slot, affair.removed().expect("it says who").1)
        }
        Effect::Happened(worker, _, Happening::Affair(affair)) => {
            format!("w{worker} {}", affair_words(affair))
        }
        Effect::Reply(session, _, _, Reply::Renamed(me)) => format!("{} is {}", session.slot, me.name),
        Effect::Reply(session, _, _, Reply::Succeeded) => format!("{} succeeded", session.slot),
        Effect::Reply(session, _, _, Reply::Refused(why)) => {
            format!("{} refused {}", session.slot, refusal(why))
        }
        Effect::Reply(session, _, _, Reply::Answered(answer)) => {
            format!(
                "{} answered {}",
                session.slot,
                answer.as_ref().map_or("".into(), |json| String::from_utf8_lossy(json))
            )
        }
        Effect::Happened(worker, _, Happening::Emission(emission)) => {
            format!("w{worker} emitted {}", text(&emission.body))
        }
        Effect::Hook(ask) => {
            let what = ask.body.as_ref().map_or_else(String::new, |body| format!(" {}", text(body)));
            format!("ask {} {}{what}", ask.kind.as_str(), ask.who.name)
        }
        Effect::Ask(asked) => format!("ask {} {}", asked.room, command_words(&asked.command)),
        Effect::Act(_, actions) => format!("act {}", actions.len()),
        Effect::Reply(session, _, _, Reply::Presence(view, _)) => {
            format!("{} presence {view:?}", session.slot)
        }
        Effect::Happened(worker, _, Happening::Event(event)) => format!("w{worker} {}", text(&event.body)),
        Effect::Happened(worker, _, Happening::Presence(change)) => match &change.who {
            Some((person, movement)) => {
                format!("w{worker} {movement:?} {} ({})", person.who.name, change.count).to_lowercase()
            }
            None => format!("w{worker} count {}", change.count),
        },
        Effect::Log(LogAsk::Open { room, only_for_account, .. }) => match only_for_account {
            Some(owner) => format!("open {room} if {owner}"),
            None => format!("open {room}"),
        },
        Effect::Log(LogAsk::Affairs { room, .. }) => format!("keep affairs of {room}"),
        Effect::Log(LogAsk::Append { event, .. }) => format!("append {} {}", event.at.seq, text(&event.body)),
        Effect::Log(LogAsk::Read { after, limit, ticket, .. }) => {
            format!("read after {after} limit {limit} #{ticket}")
        }
        Effect::Log(LogAsk::Find { what, ticket, .. }) => match what {
            Find::Id(_) => format!("find #{ticket}"),
            Find::Seq(seq) => format!("find {seq} #{ticket}"),
        },
        Effect::Log(LogAsk::Archive { ticket, .. }) => format!("look up #{ticket}"),
        Effect::Reply(session, _, _, Reply::Archive(found)) => {
            let texts: Vec<_> = found.events.iter().map(|event| text(&event.body)).collect();
            let complete = if found.complete { " complete" } else { "" };
            format!("{} found {}{complete}", session.slot, texts.join(" "))
        }
    }
}

fn command_words(command: &Command) -> String {
    match command {
        Command::File { event, to } => format!("file {} to {to}", text(&event.body)),
        other => format!("{other:?}"),
    }
}

fn affair_words(affair: &Affair) -> String {
    match &affair.what {
        Change::Standing(Person { who, affiliation, role, .. }) => {
            format!("standing {} {} {}", who.name, affiliation.as_str(), role.as_str())
        }
        Change::Removed(Person { who, affiliation, .. }, why) => {
            format!("removed {} {} {why:?} ({})", who.name, affiliation.as_str(), affair.count)
        }
        Change::Affiliation(user, affiliation) => format!("affiliation {user} {}", affiliation.as_str()),
        Change::Configured { .. } => "configured".to_owned(),
    }
}

fn refusal(why: &Refusal) -> String {
    format!("{why:?}").to_lowercase()
}

fn text(body: &Body) -> String {
    String::from_utf8_lossy(body.content.bytes()).into_owned()
}
