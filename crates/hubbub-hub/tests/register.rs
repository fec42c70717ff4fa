//! Names that a room keeps for people, whatever protocol anybody speaks.

mod common;
mod governed;

use std::sync::Arc;

use common::{Bench, account, bench, guest};
use governed::{affiliate, claim, claimed, configure, govern, snapshot};
use hubbub_hub::command::Stay;
use hubbub_hub::{
    AffairsSnapshot, Affiliation, Command, Effect, Govern, Identity, LogKind, Refusal, Reply, Start,
};

fn register(bench: &mut Bench, slot: u32, who: &Arc<Identity>, name: &str) {
    bench.ask(slot, who, "lobby", govern(Govern::Register(name.into())));
}

fn unregister(bench: &mut Bench, slot: u32, who: &Arc<Identity>) {
    bench.ask(slot, who, "lobby", govern(Govern::Unregister));
}

fn affairs(bench: &mut Bench, slot: u32, who: &Arc<Identity>) -> Arc<AffairsSnapshot> {
    bench.said();
    bench.ask(slot, who, "lobby", govern(Govern::Affairs));
    snapshot(bench)
}

fn enter(bench: &mut Bench, slot: u32, who: &Arc<Identity>, wish: &str) {
    let mut join = Command::join(Start::Now, 100, Stay::Seated, true, None);
    if let Command::Join { nick, .. } = &mut join {
        *nick = Some(wish.into());
    }
    bench.ask(slot, who, "lobby", join);
}

/// What somebody who came in is called.
fn me(bench: &mut Bench) -> String {
    bench.joined().me.expect("he is there").name.to_string()
}

/// The refusal that is the only answer there is.
fn refused(bench: &mut Bench) -> Refusal {
    let found = bench.effects.drain(..).find_map(|effect| match effect {
        Effect::Reply(_, _, _, Reply::Refused(why)) => Some(why),
        _ => None,
    });
    found.expect("it was refused")
}

/// The lobby, which is ann's and open to registration, with bo registered as Bo, who is not there.
fn registered() -> Bench {
    let mut bench = claimed();
    configure(&mut bench, 0, &account("ann"), |config| config.register = true);
    register(&mut bench, 2, &account("bo"), "Bo");
    let seen = affairs(&mut bench, 2, &account("bo"));
    assert_eq!((seen.affiliation, seen.registered.as_deref()), (Affiliation::Member, Some("Bo")));
    bench
}

#[test]
fn members_register_and_others_where_the_room_is_set_up_so() {
    let mut bench = claimed();
    register(&mut bench, 2, &account("bo"), "Bo");
    assert_eq!(refused(&mut bench), Refusal::NotAllowed);
    affiliate(&mut bench, 0, &account("ann"), "bo@localhost", Affiliation::Member);
    assert!(affairs(&mut bench, 2, &account("bo")).may_register);
    register(&mut bench, 2, &account("bo"), "Bo");
    bench.said();
    assert_eq!(affairs(&mut bench, 2, &account("bo")).registered.as_deref(), Some("Bo"));
    assert_eq!(affairs(&mut bench, 0, &account("ann")).registered, None, "that is bo's own affair");

    assert!(!affairs(&mut bench, 4, &account("cy")).may_register);
    configure(&mut bench, 0, &account("ann"), |config| config.register = true);
    bench.said();
    assert!(affairs(&mut bench, 4, &account("cy")).may_register);
    register(&mut bench, 4, &account("cy"), "Cy");
    bench.said();
    assert_eq!(affairs(&mut bench, 4, &account("cy")).affiliation, Affiliation::Member);
}

#[test]
fn registering_is_how_one_comes_into_a_room_for_members() {
    let mut bench = registered();
    configure(&mut bench, 0, &account("ann"), |config| config.members_only = true);
    bench.join(4, &account("cy"), "lobby", Start::Now);
    assert_eq!(refused(&mut bench), Refusal::MembersOnly);
    register(&mut bench, 4, &account("cy"), "Cy");
    bench.said();
    bench.join(4, &account("cy"), "lobby", Start::Now);
    assert_eq!(me(&mut bench), "Cy");
}

#[test]
fn neither_guests_nor_outcasts_register() {
    let mut bench = registered();
    register(&mut bench, 4, &guest("bo"), "Bob");
    assert_eq!(refused(&mut bench), Refusal::NotAllowed);
    affiliate(&mut bench, 0, &account("ann"), "bo@localhost", Affiliation::Outcast);
    bench.said();
    register(&mut bench, 2, &account("bo"), "Bo");
    assert_eq!(refused(&mut bench), Refusal::Outcast);
    unregister(&mut bench, 2, &account("bo"));
    assert_eq!(refused(&mut bench), Refusal::Outcast);
    enter(&mut bench, 4, &guest("cy"), "Bo");
    assert_eq!(me(&mut bench), "Bo", "an outcast has no name there");
}

#[test]
fn nobody_else_is_called_so() {
    let mut bench = registered();
    enter(&mut bench, 4, &account("cy"), "bo");
    assert_eq!(refused(&mut bench), Refusal::NameTaken, "the letters' case makes no difference");
    enter(&mut bench, 4, &account("cy"), "Cy");
    bench.said();
    bench.ask(4, &account("cy"), "lobby", Command::Rename { nick: "BO".into() });
    assert_eq!(refused(&mut bench), Refusal::NameTaken);
    bench.join(6, &guest("bo"), "lobby", Start::Now);
    assert_eq!(me(&mut bench), "bo (2)", "who does not ask for a name gets one");
    bench.publish(8, &account("BO"), "lobby", "from outside");
    assert!(bench.said().iter().all(|said| !said.contains("refused")));
    for taken in ["Bo", "cY", "BO (2)"] {
        register(&mut bench, 0, &account("ann"), taken);
        assert_eq!(refused(&mut bench), Refusal::NameTaken, "{taken}: kept, or somebody there has it");
    }
    register(&mut bench, 0, &account("ann"), " ");
    assert_eq!(refused(&mut bench), Refusal::BadName);
}

#[test]
fn whoever_has_a_name_kept_is_called_so_unless_he_wishes_otherwise() {
    let mut bench = registered();
    register(&mut bench, 2, &account("bo"), "Robert");
    bench.said();
    bench.join(2, &account("bo"), "lobby", Start::Now);
    assert_eq!(me(&mut bench), "Robert");
    bench.ask(2, &account("bo"), "lobby", Command::Rename { nick: "Bo".into() });
    assert!(bench.said().iter().all(|said| !said.contains("refused")), "it is nobody's any more");
    enter(&mut bench, 4, &account("cy"), "Robert");
    assert_eq!(refused(&mut bench), Refusal::NameTaken, "also while he is called otherwise");
    bench.ask(2, &account("bo"), "lobby", Command::Leave);
    enter(&mut bench, 2, &account("bo"), "Bobby");
    assert_eq!(me(&mut bench), "Bobby");
}

#[test]
fn whoever_unregisters_is_a_member_no_more() {
    let mut bench = registered();
    enter(&mut bench, 2, &account("bo"), "Bo");
    bench.said();
    unregister(&mut bench, 2, &account("bo"));
    let seen = affairs(&mut bench, 2, &account("bo"));
    assert_eq!((seen.affiliation, &seen.registered), (Affiliation::None, &None));
    unregister(&mut bench, 2, &account("bo"));
    assert_eq!(refused(&mut bench), Refusal::MembersOnly);
    bench.ask(2, &account("bo"), "lobby", Command::Leave);
    enter(&mut bench, 4, &account("cy"), "Bo");
    assert_eq!(me(&mut bench), "Bo");

    register(&mut bench, 0, &account("ann"), "Anna");
    unregister(&mut bench, 0, &account("ann"));
    let seen = affairs(&mut bench, 0, &account("ann"));
    assert_eq!((seen.affiliation, &seen.registered), (Affiliation::Owner, &None));
}

#[test]
fn the_others_see_that_somebody_is_a_member() {
    let mut bench = registered();
    bench.join(4, &account("cy"), "lobby", Start::Now);
    bench.said();
    register(&mut bench, 4, &account("cy"), "Cyrus");
    let told = bench.said();
    assert!(told.iter().any(|said| said.contains("cy") && said.contains("member")), "{told:?}");
    unregister(&mut bench, 4, &account("cy"));
    let told = bench.said();
    assert!(told.iter().any(|said| said.contains("cy") && said.contains("none")), "{told:?}");
}

#[test]
fn a_room_that_is_given_up_keeps_no_names() {
    let mut bench = bench(LogKind::Memory);
    claim(&mut bench, 0, &account("ann"), "lobby");
    register(&mut bench, 0, &account("ann"), "Anna");
    bench.said();
    bench.ask(0, &account("ann"), "lobby", govern(Govern::GiveUp));
    assert_eq!(
        affairs(&mut bench, 0, &account("ann")).registered.as_deref(),
        Some("Anna"),
        "it is not as it was"
    );
    let end = govern(Govern::Destroy { reason: None, alternate: None });
    bench.ask(0, &account("ann"), "lobby", end);
    bench.said();
    register(&mut bench, 0, &account("ann"), "Anne");
    assert!(matches!(refused(&mut bench), Refusal::Destroyed(_)));
}

#[test]
fn however_many_register_there_is_room_for_those_whom_the_owner_bans() {
    let mut bench = claimed();
    configure(&mut bench, 0, &account("ann"), |config| config.register = true);
    for number in 0..2100 {
        register(&mut bench, 1, &account(&format!("u{number}")), &format!("u{number}"));
    }
    let said = bench.said();
    assert_eq!(said.iter().filter(|said| said.contains("refused full")).count(), 52);
    affiliate(&mut bench, 0, &account("ann"), "mallory@localhost", Affiliation::Outcast);
    assert!(!bench.said().iter().any(|said| said.contains("refused")));
}
