//! What people are to a room and may do there, whatever protocol they speak.

mod common;
mod governed;

use std::sync::Arc;

use common::{Bench, account, bench, bench_with, guest, inbox, policy, settings};
use governed::{affiliate, claim, claimed, configure, govern, password, set_role, snapshot};
use hubbub_hub::policy::Pattern;
use hubbub_hub::{
    Affiliation, Change, Command, Effect, Govern, Grants, Happening, Identity, IdentityKind, LogKind,
    Password, Policies, PresenceMode, Removal, Reply, Role, RoomPolicy, Start, Who,
};

#[test]
fn whoever_is_first_in_a_new_room_may_claim_it() {
    let mut bench = bench(LogKind::Memory);
    claim(&mut bench, 0, &guest("ann"), "lobby");
    assert!(!bench.joined().created, "anybody may take a guest's name");
    bench.ask(0, &guest("ann"), "lobby", Command::Leave);
    bench.join(0, &account("ann"), "lobby", Start::Now);
    let joined = bench.joined();
    assert_eq!(
        (joined.created, joined.affiliation, joined.role),
        (false, Affiliation::None, Role::Participant)
    );
    bench.ask(0, &account("ann"), "lobby", Command::Leave);
    claim(&mut bench, 0, &account("ann"), "lobby");
    let joined = bench.joined();
    assert_eq!(
        (joined.created, joined.affiliation, joined.role),
        (true, Affiliation::Owner, Role::Moderator)
    );
    claim(&mut bench, 2, &account("bo"), "lobby");
    assert!(!bench.joined().created, "it is somebody's");
    bench.publish(4, &guest("cy"), "cafe", "somebody was here");
    bench.said();
    claim(&mut bench, 2, &account("bo"), "cafe");
    assert!(!bench.joined().created, "something was said");
    bench.join(4, &guest("cy"), "den", Start::Now);
    bench.said();
    claim(&mut bench, 2, &account("bo"), "den");
    assert!(!bench.joined().created, "somebody is there");
    bench.said();
    claim(&mut bench, 6, &account("bo"), "@bo");
    assert!(!bench.joined().created, "an inbox is its owner's anyway");
}

#[test]
fn who_made_a_room_may_give_it_up_while_nothing_has_happened_there() {
    let give_up = |bench: &mut Bench| bench.ask(0, &account("ann"), "lobby", govern(Govern::GiveUp));
    let mut bench = claimed();
    give_up(&mut bench);
    let end = "Destroyed(Destroyed { reason: None, alternate: None })";
    assert_eq!(bench.said(), [&*format!("0 removed {end}"), "0 governed"]);
    claim(&mut bench, 2, &account("bo"), "lobby");
    assert!(bench.joined().created, "as if it had never been");
    bench.said();
    give_up(&mut bench);
    assert_eq!(bench.said(), ["0 refused notprivileged"]);

    let happenings: [fn(&mut Bench); 5] = [
        |bench| bench.publish(0, &account("ann"), "lobby", "hello"),
        |bench| bench.join(2, &account("bo"), "lobby", Start::Now),
        |bench| bench.poll(2, &account("bo"), "lobby"),
        |bench| affiliate(bench, 0, &account("ann"), "bo@localhost", Affiliation::Member),
        |bench| configure(bench, 0, &account("ann"), |config| config.moderated = true),
    ];
    for (number, happens) in happenings.into_iter().enumerate() {
        let mut bench = claimed();
        happens(&mut bench);
        bench.said();
        give_up(&mut bench);
        assert_eq!(bench.said(), ["0 governed"], "{number}");
        bench.ask(0, &account("ann"), "lobby", govern(Govern::Affairs));
        assert_eq!(snapshot(&mut bench).affiliation, Affiliation::Owner, "{number}");
    }
}

#[test]
fn policies_may_name_owners_and_keep_rooms_from_being_claimed() {
    let owned = RoomPolicy {
        owners: vec![Who::User("alice".into())],
        creator_owns: false,
        signals: true,
        ..policy(LogKind::Memory)
    };
    let mut bench = bench_with(settings(), Policies::new(Vec::new(), owned, inbox(LogKind::Memory)));
    claim(&mut bench, 0, &account("bo"), "lobby");
    assert!(!bench.joined().created);
    bench.join(2, &account("alice"), "lobby", Start::Now);
    assert_eq!(bench.joined().affiliation, Affiliation::Owner);
    bench.join(4, &guest("alice"), "lobby", Start::Now);
    assert_eq!(bench.joined().affiliation, Affiliation::None, "a guest of that name");
    bench.said();
    affiliate(&mut bench, 2, &account("alice"), "bo@localhost", Affiliation::Admin);
    affiliate(&mut bench, 0, &account("bo"), "alice@localhost", Affiliation::None);
    let said = bench.said();
    assert!(said.contains(&"w0 standing bo admin moderator".to_owned()), "{said:?}");
    assert_eq!(said.last().map(String::as_str), Some("0 refused notallowed"));
    set_role(&mut bench, 2, &account("alice"), "alice (2)", Role::None);
    assert_eq!(bench.said()[0], "4 removed Kicked");
}

#[test]
fn outcasts_neither_come_in_nor_read_nor_speak() {
    let mut bench = claimed();
    bench.join(2, &account("troll"), "lobby", Start::Now);
    bench.join(3, &account("troll"), "lobby", Start::Now);
    bench.poll(4, &account("troll"), "lobby");
    bench.said();
    affiliate(&mut bench, 0, &account("ann"), "troll@localhost", Affiliation::Outcast);
    assert_eq!(
        bench.said(),
        ["2 removed Banned", "3 removed Banned", "w0 removed troll outcast Banned (1)", "0 governed"]
    );
    bench.join(2, &account("troll"), "lobby", Start::Now);
    bench.poll(4, &account("troll"), "lobby");
    bench.publish(5, &account("troll"), "lobby", "let me in");
    bench.ask(6, &account("troll"), "lobby", Command::Presence);
    assert_eq!(
        bench.said(),
        ["2 refused outcast", "4 refused outcast", "5 refused outcast", "6 refused outcast"]
    );
    bench.publish(0, &account("ann"), "lobby", "peace");
    assert_eq!(bench.said(), ["w0 peace", "0 kept 1"], "his seats are gone");
    affiliate(&mut bench, 0, &account("ann"), "troll@localhost", Affiliation::None);
    bench.join(2, &account("troll"), "lobby", Start::Now);
    assert!(bench.said().contains(&"2 joins after 1:  live".to_owned()));
}

#[test]
fn a_room_for_members_is_for_members() {
    let mut bench = claimed();
    bench.join(2, &account("bo"), "lobby", Start::Now);
    bench.join(4, &guest("cy"), "lobby", Start::Now);
    affiliate(&mut bench, 0, &account("ann"), "bo@localhost", Affiliation::Member);
    bench.said();
    configure(&mut bench, 0, &account("ann"), |config| config.members_only = true);
    assert_eq!(
        bench.said(),
        ["w0 configured", "4 removed MembersOnly", "w0 removed cy none MembersOnly (2)", "0 governed"]
    );
    bench.join(4, &guest("cy"), "lobby", Start::Now);
    bench.publish(5, &account("di"), "lobby", "x");
    bench.publish(2, &account("bo"), "lobby", "hi");
    assert_eq!(bench.said(), ["4 refused membersonly", "5 refused membersonly", "w0 hi", "2 kept 1"]);
    affiliate(&mut bench, 0, &account("ann"), "bo@localhost", Affiliation::None);
    assert_eq!(bench.said()[..2], ["2 removed NoMember", "w0 removed bo none NoMember (1)"]);
}

#[test]
fn visitors_listen_until_they_get_a_voice() {
    let mut bench = claimed();
    configure(&mut bench, 0, &account("ann"), |config| config.moderated = true);
    bench.said();
    bench.join(2, &guest("bo"), "lobby", Start::Now);
    assert_eq!(bench.joined().role, Role::Visitor);
    bench.publish(2, &guest("bo"), "lobby", "may I?");
    bench.publish(7, &guest("di"), "lobby", "from outside");
    bench.ask(2, &guest("bo"), "lobby", govern(Govern::Subject("me".into())));
    assert_eq!(bench.said(), ["2 refused novoice", "7 refused novoice", "2 refused notprivileged"]);
    set_role(&mut bench, 0, &account("ann"), "BO", Role::Participant);
    bench.publish(2, &guest("bo"), "lobby", "thanks");
    assert_eq!(bench.said(), ["w0 standing bo none participant", "0 governed", "w0 thanks", "2 kept 1"]);
    set_role(&mut bench, 0, &account("ann"), "bo", Role::Visitor);
    configure(&mut bench, 0, &account("ann"), |config| config.moderated = false);
    let said = bench.said();
    assert_eq!(said[3..], ["w0 standing bo none participant", "0 governed"], "{said:?}");
}

#[test]
fn a_password_is_asked_of_all_but_owners() {
    let mut bench = claimed();
    configure(&mut bench, 0, &account("ann"), |config| config.password = Some(Password::new("sesame")));
    bench.said();
    bench.join(2, &account("bo"), "lobby", Start::Now);
    bench.publish(2, &account("bo"), "lobby", "x");
    bench.ask(2, &account("bo"), "lobby", Command::Presence);
    password(&mut bench, 2, &account("bo"), "sesam");
    assert_eq!(bench.said(), vec!["2 refused wrongpassword"; 4]);
    password(&mut bench, 2, &account("bo"), "sesame");
    assert!(bench.joined().live);
    bench.publish(2, &account("bo"), "lobby", "in");
    bench.publish(3, &account("bo"), "lobby", "by another session");
    bench.join(2, &account("bo"), "lobby", Start::Oldest);
    bench.join(6, &account("ann"), "lobby", Start::Now);
    assert_eq!(
        bench.said(),
        [
            "w0 in",
            "2 kept 1",
            "3 refused wrongpassword",
            "2 joins after 0: in live",
            "6 joins after 1:  live"
        ]
    );
    bench.ask(2, &account("bo"), "lobby", govern(Govern::Affairs));
    let seen = snapshot(&mut bench);
    assert!(seen.locked && seen.config.password.is_none() && seen.affiliations.is_empty());
    bench.ask(0, &account("ann"), "lobby", govern(Govern::Affairs));
    let seen = snapshot(&mut bench);
    assert_eq!(seen.config.password, Some(Password::new("sesame")));
    assert_eq!(format!("{seen:?}").find("sesame"), None);
}

#[test]
fn a_full_room_has_a_place_for_those_who_decide() {
    let mut bench = claimed();
    configure(&mut bench, 0, &account("ann"), |config| config.max_people = Some(1));
    bench.said();
    bench.join(2, &account("bo"), "lobby", Start::Now);
    bench.join(4, &account("ann"), "lobby", Start::Now);
    affiliate(&mut bench, 0, &account("ann"), "bo@localhost", Affiliation::Admin);
    bench.join(2, &account("bo"), "lobby", Start::Now);
    let said = bench.said();
    assert_eq!(said[..2], ["2 refused full", "4 joins after 0:  live"]);
    assert_eq!(said.last().map(String::as_str), Some("2 joins after 0:  live"));
}

#[test]
fn one_owner_stays_and_nobody_bans_himself() {
    let mut bench = claimed();
    let ann = account("ann");
    affiliate(&mut bench, 0, &ann, "ann@localhost", Affiliation::Outcast);
    affiliate(&mut bench, 0, &ann, "ann@localhost", Affiliation::Admin);
    assert_eq!(bench.said(), ["0 refused oneself", "0 refused lastowner"]);
    affiliate(&mut bench, 0, &ann, "bo@localhost", Affiliation::Owner);
    affiliate(&mut bench, 0, &ann, "ann@localhost", Affiliation::None);
    let said = bench.said();
    assert_eq!(said[2], "w0 standing ann none participant", "{said:?}");
    affiliate(&mut bench, 0, &ann, "bo@localhost", Affiliation::None);
    configure(&mut bench, 0, &ann, |config| config.title = "mine".into());
    assert_eq!(bench.said(), ["0 refused notprivileged", "0 refused notprivileged"]);
}

#[test]
fn guests_are_given_nothing_that_lasts() {
    let mut bench = claimed();
    bench.join(2, &guest("bo"), "lobby", Start::Now);
    bench.said();
    for affiliation in [Affiliation::Member, Affiliation::Admin, Affiliation::Owner] {
        affiliate(&mut bench, 0, &account("ann"), "bo@guest.localhost", affiliation);
        assert_eq!(bench.said(), ["0 refused notallowed"]);
    }
    bench.ask(2, &guest("bo"), "lobby", Command::Leave);
    affiliate(&mut bench, 0, &account("ann"), "bo@guest.localhost", Affiliation::Owner);
    bench.said();
    bench.join(2, &guest("bo"), "lobby", Start::Now);
    assert_eq!(bench.joined().affiliation, Affiliation::None, "given while nobody could say who he is");
    set_role(&mut bench, 0, &account("ann"), "bo", Role::Moderator);
    bench.join(6, &guest("cy"), "lobby", Start::Now);
    bench.said();
    set_role(&mut bench, 4, &guest("bo"), "cy", Role::None);
    assert_eq!(bench.said(), ["4 refused notprivileged"], "by another session of the same name");
    set_role(&mut bench, 2, &guest("bo"), "cy", Role::None);
    assert_eq!(bench.said()[0], "6 removed Kicked");
    set_role(&mut bench, 2, &guest("bo"), "nobody", Role::None);
    assert_eq!(bench.said(), ["2 refused nosuchperson"]);
}

#[test]
fn a_subject_is_an_event_and_is_remembered() {
    let mut bench = claimed();
    bench.join(2, &account("bo"), "lobby", Start::Now);
    bench.said();
    bench.ask(2, &account("bo"), "lobby", govern(Govern::Subject("tea".into())));
    assert_eq!(bench.said(), ["2 refused notprivileged"], "whose the room is, decides");
    configure(&mut bench, 0, &account("ann"), |config| config.change_subject = true);
    bench.said();
    bench.ask(2, &account("bo"), "lobby", govern(Govern::Subject("tea".into())));
    assert_eq!(bench.said(), ["w0 tea", "2 kept 1"]);
    bench.join(4, &account("cy"), "lobby", Start::Oldest);
    let joined = bench.joined();
    assert!(joined.page.events[0].body.event.is_subject());
    bench.ask(4, &account("cy"), "lobby", govern(Govern::Affairs));
    let subject = snapshot(&mut bench).subject.clone().expect("somebody has set one");
    assert_eq!((&*subject.text, &*subject.by.name), ("tea", "bo"));
    configure(&mut bench, 0, &account("ann"), |config| config.change_subject = false);
    bench.said();
    bench.ask(2, &account("bo"), "lobby", govern(Govern::Subject("cake".into())));
    bench.ask(9, &account("di"), "lobby", govern(Govern::Subject("cake".into())));
    bench.ask(0, &account("ann"), "lobby", govern(Govern::Subject("x".repeat(4097).into())));
    assert_eq!(bench.said(), ["2 refused notprivileged", "9 refused notprivileged", "0 refused toolong"]);
}

#[test]
fn a_closed_room_is_opened_by_its_owner_alone() {
    let mut bench = claimed();
    bench.join(3, &account("bo"), "lobby", Start::Now);
    bench.said();
    let destroy = || govern(Govern::Destroy { reason: Some("over".into()), alternate: Some("den".into()) });
    bench.ask(3, &account("bo"), "lobby", destroy());
    assert_eq!(bench.said(), ["3 refused notprivileged"]);
    bench.ask(0, &account("ann"), "lobby", destroy());
    let said = bench.said();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].starts_with("0 removed Destroyed") && said[1].starts_with("3 removed Destroyed"));
    claim(&mut bench, 3, &account("bo"), "lobby");
    bench.join(0, &account("ann"), "lobby", Start::Now);
    bench.publish(0, &account("ann"), "lobby", "x");
    assert!(bench.said().iter().all(|said| said.contains("refused destroyed")));
    claim(&mut bench, 0, &account("ann"), "lobby");
    assert!(bench.joined().created);
    bench.join(3, &account("bo"), "lobby", Start::Now);
    assert!(bench.joined().live);
}

#[test]
fn a_room_in_memory_stays_while_it_is_to() {
    for persistent in [false, true] {
        let mut bench = claimed();
        configure(&mut bench, 0, &account("ann"), |config| config.persistent = persistent);
        configure(&mut bench, 0, &account("ann"), |config| config.members_only = true);
        bench.ask(0, &account("ann"), "lobby", Command::Leave);
        for _ in 0..10 {
            bench.later(10_000);
        }
        bench.said();
        bench.join(2, &account("bo"), "lobby", Start::Now);
        let said = bench.said().pop().unwrap_or_default();
        assert_eq!(said == "2 refused membersonly", persistent, "{said}");
    }
}

#[test]
fn lists_of_people_are_for_those_who_decide() {
    let mut bench = claimed();
    for (who, affiliation) in
        [("bo", Affiliation::Admin), ("cy", Affiliation::Member), ("di", Affiliation::Outcast)]
    {
        affiliate(&mut bench, 0, &account("ann"), &format!("{who}@localhost"), affiliation);
    }
    bench.said();
    let mut seen = |who: &str| {
        bench.ask(8, &account(who), "lobby", govern(Govern::Affairs));
        snapshot(&mut bench).affiliations.len()
    };
    assert_eq!(["ann", "bo", "cy", "di", "ed"].map(&mut seen), [4, 4, 0, 0, 0]);
    configure(&mut bench, 0, &account("ann"), |config| config.members_only = true);
    let mut seen = |who: &str| {
        bench.ask(8, &account(who), "lobby", govern(Govern::Affairs));
        snapshot(&mut bench).affiliations.len()
    };
    assert_eq!(["ann", "bo", "cy", "di", "ed"].map(&mut seen), [4, 4, 3, 0, 0]);
}

#[test]
fn hidden_rooms_show_to_those_who_are_in_them() {
    let mut bench = claimed();
    bench.join(4, &guest("cy"), "open", Start::Now);
    configure(&mut bench, 0, &account("ann"), |config| {
        config.public = false;
        config.title = "Secret".into();
    });
    let names = |bench: &Bench, who: &Identity| -> Vec<String> {
        bench.hub.rooms(who, None, 10).iter().map(|room| room.name.to_string()).collect()
    };
    assert_eq!(names(&bench, &account("bo")), ["open"]);
    assert_eq!(names(&bench, &account("ann")), ["lobby", "open"]);
    assert_eq!(names(&bench, &Identity::server("localhost")), ["lobby", "open"]);
    let info = bench.hub.rooms(&account("ann"), None, 1).remove(0);
    assert_eq!((&*info.title, info.listed), ("Secret", false));
}

#[test]
fn where_people_are_only_counted_their_affairs_are_marked_so() {
    let counting = RoomPolicy { presence: PresenceMode::Count, ..policy(LogKind::Memory) };
    let mut bench = bench_with(settings(), Policies::new(Vec::new(), counting, inbox(LogKind::Memory)));
    claim(&mut bench, 0, &account("ann"), "lobby");
    bench.join(2, &account("bo"), "lobby", Start::Now);
    bench.effects.clear();
    set_role(&mut bench, 0, &account("ann"), "bo", Role::None);
    let affairs: Vec<_> = bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Happened(_, _, Happening::Affair(affair)) => Some(affair.clone()),
            Effect::Reply(_, _, _, Reply::Removed(affair)) => Some(affair.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(affairs.len(), 2);
    assert!(affairs.iter().all(|affair| !affair.listed && affair.count == 1));
    let Change::Removed(person, Removal::Kicked) = &affairs[0].what else { panic!("{affairs:?}") };
    assert_eq!((&*person.who.name, person.role), ("bo", Role::None));
}

#[test]
fn tokens_open_what_they_grant_and_no_more() {
    let mut bench = claimed();
    let grants = Some(Grants(vec![(Pattern::parse("cafe").expect("a name"), vec![])]));
    let kind = IdentityKind::Token;
    let who: Arc<Identity> = Arc::new(Identity { grants, kind, ..(*account("bo")).clone() });
    bench.ask(2, &who, "lobby", govern(Govern::Affairs));
    assert_eq!(bench.said(), ["2 refused forbidden(join)"]);
}
