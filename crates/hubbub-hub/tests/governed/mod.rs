//! Asking about a room's affairs in few words.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own share of this")]

use std::sync::Arc;

use hubbub_hub::command::Stay;
use hubbub_hub::{
    AffairsSnapshot, Affiliation, Command, Effect, Govern, Identity, LogKind, Password, Reply, Role,
    RoomConfig, Start, UserAddress,
};

use super::common::{Bench, account, bench};

pub fn govern(what: Govern) -> Command {
    Command::Govern(Box::new(what))
}

/// Comes in and wants the room, if it is new.
pub fn claim(bench: &mut Bench, slot: u32, who: &Arc<Identity>, to: &str) {
    let mut join = Command::join(Start::Now, 100, Stay::Seated, true, None);
    if let Command::Join { claims, .. } = &mut join {
        *claims = true;
    }
    bench.ask(slot, who, to, join);
}

/// Comes into the lobby with a password.
pub fn password(bench: &mut Bench, slot: u32, who: &Arc<Identity>, word: &str) {
    let mut join = Command::join(Start::Now, 100, Stay::Seated, true, None);
    if let Command::Join { password, .. } = &mut join {
        *password = Some(Password::new(word));
    }
    bench.ask(slot, who, "lobby", join);
}

/// The lobby, in which ann is, who owns it.
pub fn claimed() -> Bench {
    let mut bench = bench(LogKind::Memory);
    claim(&mut bench, 0, &account("ann"), "lobby");
    bench.said();
    bench
}

pub fn affiliate(bench: &mut Bench, slot: u32, by: &Arc<Identity>, user: &str, affiliation: Affiliation) {
    let who = UserAddress::from_prepared(user);
    bench.ask(slot, by, "lobby", govern(Govern::SetAffiliation { who, affiliation, reason: None }));
}

pub fn set_role(bench: &mut Bench, slot: u32, by: &Arc<Identity>, name: &str, role: Role) {
    bench.ask(slot, by, "lobby", govern(Govern::SetRole { name: name.into(), role, reason: None }));
}

/// Changes how the lobby is set up.
pub fn configure(bench: &mut Bench, slot: u32, by: &Arc<Identity>, change: impl FnOnce(&mut RoomConfig)) {
    let before = std::mem::take(&mut bench.effects);
    bench.ask(slot, by, "lobby", govern(Govern::Affairs));
    let mut config = snapshot(bench).config.clone();
    bench.effects = before;
    change(&mut config);
    bench.ask(slot, by, "lobby", govern(Govern::Configure(config)));
}

/// How the affairs stand, by the only answer there is.
pub fn snapshot(bench: &mut Bench) -> Arc<AffairsSnapshot> {
    let found = bench.effects.drain(..).find_map(|effect| match effect {
        Effect::Reply(_, _, _, Reply::Governed(affairs)) => Some(affairs),
        _ => None,
    });
    found.expect("somebody asked")
}
