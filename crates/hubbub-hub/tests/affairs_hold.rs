//! Whatever people do about each other, what must hold of a room's affairs holds.

mod common;
mod governed;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{Bench, account, guest, settings};
use governed::{affiliate, claim, configure, govern, password, set_role, snapshot};
use hubbub_hub::presence::{Movement, Person, PresenceView};
use hubbub_hub::{
    Affiliation, Change, Command, Effect, Govern, Happening, HubSettings, Identity, LogKind, Password, Reply,
    Role, Start, name_key,
};
use proptest::prelude::*;

/// What somebody may do. People and sessions are numbers: each person has two sessions of his own.
#[derive(Debug, Clone)]
enum Step {
    Join(usize, u32, bool),
    Leave(usize, u32),
    Poll(usize),
    Affiliate(usize, usize, Affiliation),
    Role(usize, usize, Role),
    MembersOnly(usize, bool),
    Moderated(usize, bool),
    Locked(usize, bool),
    Most(usize, Option<u32>),
    Registration(usize, bool),
    Register(usize, usize),
    Unregister(usize),
    Say(usize, u32),
    Subject(usize, u32),
    Destroy(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0..6_usize;
    let session = || 0..2_u32;
    let affiliation = prop::sample::select(Affiliation::ALL.to_vec());
    let role = prop::sample::select(Role::ALL.to_vec());
    prop_oneof![
        8 => (who(), session(), any::<bool>()).prop_map(|(who, at, knows)| Step::Join(who, at, knows)),
        2 => (who(), session()).prop_map(|(who, at)| Step::Leave(who, at)),
        1 => who().prop_map(Step::Poll),
        8 => (who(), who(), affiliation).prop_map(|(by, who, what)| Step::Affiliate(by, who, what)),
        6 => (who(), who(), role).prop_map(|(by, who, what)| Step::Role(by, who, what)),
        2 => (who(), any::<bool>()).prop_map(|(by, on)| Step::MembersOnly(by, on)),
        2 => (who(), any::<bool>()).prop_map(|(by, on)| Step::Moderated(by, on)),
        1 => (who(), any::<bool>()).prop_map(|(by, on)| Step::Locked(by, on)),
        1 => (who(), prop::option::of(0..4_u32)).prop_map(|(by, most)| Step::Most(by, most)),
        2 => (who(), any::<bool>()).prop_map(|(by, on)| Step::Registration(by, on)),
        4 => (who(), who()).prop_map(|(who, name)| Step::Register(who, name)),
        1 => who().prop_map(Step::Unregister),
        3 => (who(), session()).prop_map(|(who, at)| Step::Say(who, at)),
        1 => (who(), session()).prop_map(|(who, at)| Step::Subject(who, at)),
        1 => who().prop_map(Step::Destroy),
    ]
}

fn people() -> Vec<Arc<Identity>> {
    let accounts = ["ann", "bo", "cy", "di"].map(account);
    accounts.into_iter().chain(["ed", "ann"].map(guest)).collect()
}

fn slot(who: usize, session: u32) -> u32 {
    2 * (2 * who as u32 + session)
}

/// What a watcher knows of who is there: affiliation and role by address.
type Known = BTreeMap<String, (Affiliation, Role)>;

fn play(bench: &mut Bench, people: &[Arc<Identity>], step: &Step) {
    match *step {
        Step::Join(who, session, true) => password(bench, slot(who, session), &people[who], "sesame"),
        Step::Join(who, session, false) => claim(bench, slot(who, session), &people[who], "lobby"),
        Step::Leave(who, session) => bench.ask(slot(who, session), &people[who], "lobby", Command::Leave),
        Step::Poll(who) => bench.poll(98, &people[who], "lobby"),
        Step::Affiliate(by, who, what) => {
            affiliate(bench, slot(by, 0), &people[by], people[who].user.as_str(), what);
        }
        Step::Role(by, who, what) => {
            set_role(bench, slot(by, 0), &people[by], &people[who].name.clone(), what)
        }
        Step::MembersOnly(by, on) => configure(bench, slot(by, 0), &people[by], |one| one.members_only = on),
        Step::Moderated(by, on) => configure(bench, slot(by, 0), &people[by], |one| one.moderated = on),
        Step::Locked(by, on) => configure(bench, slot(by, 0), &people[by], |one| {
            one.password = on.then(|| Password::new("sesame"));
        }),
        Step::Most(by, most) => configure(bench, slot(by, 0), &people[by], |one| one.max_people = most),
        Step::Registration(by, on) => configure(bench, slot(by, 0), &people[by], |one| one.register = on),
        Step::Register(who, name) => {
            let name = govern(Govern::Register(people[name].name.clone()));
            bench.ask(slot(who, 0), &people[who], "lobby", name);
        }
        Step::Unregister(who) => bench.ask(slot(who, 0), &people[who], "lobby", govern(Govern::Unregister)),
        Step::Say(who, session) => bench.publish(slot(who, session), &people[who], "lobby", "x"),
        Step::Subject(who, session) => {
            bench.ask(slot(who, session), &people[who], "lobby", govern(Govern::Subject("x".into())));
        }
        Step::Destroy(who) => {
            let destroy = govern(Govern::Destroy { reason: None, alternate: None });
            bench.ask(slot(who, 0), &people[who], "lobby", destroy);
        }
    }
}

/// Follows what is told on the watcher's worker, and which sessions have been put out.
fn follow(bench: &mut Bench, known: &mut Known) {
    for effect in bench.effects.drain(..) {
        match effect {
            Effect::Happened(1, _, Happening::Presence(change)) => {
                let Some((person, movement)) = &change.who else { continue };
                match movement {
                    Movement::Leave => known.remove(person.who.user.as_str()),
                    _ => known.insert(person.who.user.to_string(), (person.affiliation, person.role)),
                };
            }
            Effect::Happened(1, _, Happening::Affair(affair)) => match &affair.what {
                Change::Standing(person) => {
                    known.insert(person.who.user.to_string(), (person.affiliation, person.role));
                }
                Change::Removed(person, _) => {
                    known.remove(person.who.user.as_str());
                }
                Change::Affiliation(..) | Change::Configured { .. } => {}
            },
            _ => {}
        }
    }
}

fn everybody(bench: &mut Bench) -> Arc<[Person]> {
    bench.ask(101, &Arc::new(Identity::server("localhost")), "lobby", Command::Presence);
    match bench.effects.pop() {
        Some(Effect::Reply(_, _, _, Reply::Presence(PresenceView::List(list), _))) => list,
        Some(Effect::Reply(_, _, _, Reply::Refused(_))) => Arc::new([]),
        other => panic!("{other:?}"),
    }
}

fn list(bench: &mut Bench) -> Known {
    let everybody = everybody(bench);
    everybody.iter().map(|one| (one.who.user.to_string(), (one.affiliation, one.role))).collect()
}

/// A name that is kept for somebody, a member at least, is nobody else's.
fn check_names(bench: &mut Bench, people: &[Arc<Identity>]) {
    let there = everybody(bench);
    let mut kept = BTreeMap::new();
    for who in people {
        bench.ask(99, who, "lobby", govern(Govern::Affairs));
        let affairs = snapshot(bench);
        let Some(name) = &affairs.registered else { continue };
        assert!(affairs.affiliation >= Affiliation::Member, "{name} is kept for {who:?}");
        assert_eq!(kept.insert(name_key(name), who.user.clone()), None, "{name} is kept for two");
    }
    for person in &*there {
        let keeper = kept.get(&name_key(&person.who.name));
        assert!(keeper.is_none_or(|keeper| *keeper == person.who.user), "{person:?} is called as {keeper:?}");
    }
}

fn check(bench: &mut Bench, known: &Known) {
    let there = list(bench);
    bench.ask(101, &Arc::new(Identity::server("localhost")), "lobby", govern(Govern::Affairs));
    let affairs = snapshot(bench);
    if affairs.destroyed.is_some() {
        assert!(there.is_empty());
        return;
    }
    let owners = affairs.affiliations.iter().filter(|(_, one)| *one == Affiliation::Owner);
    assert!(owners.count() > 0, "a room that was claimed keeps an owner");
    for (user, (affiliation, role)) in there.iter().filter(|(user, _)| *user != "localhost") {
        assert_ne!(*affiliation, Affiliation::Outcast, "{user} is there and banned");
        assert_ne!(*role, Role::None, "{user} is there and is not");
        assert!(!affairs.config.members_only || *affiliation >= Affiliation::Member, "{user} is no member");
        assert!(*affiliation < Affiliation::Admin || *role == Role::Moderator, "{user} has to decide");
        assert!(!user.contains("guest") || *affiliation == Affiliation::None, "{user} is a guest");
        let kept = affairs.affiliations.iter().find(|(other, _)| other.as_str() == user);
        let kept = kept.map_or(Affiliation::None, |(_, one)| *one);
        assert!(user.contains("guest") || kept == *affiliation, "{user} is {affiliation:?}, kept {kept:?}");
    }
    assert_eq!(&there, known, "whoever watches knows who is there");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn affairs_hold(steps in prop::collection::vec(step(), 1..60)) {
        let settings = HubSettings { presence_list_max: 100, ..settings() };
        let mut bench = common::bench_with(settings, common::policies(LogKind::Memory));
        let people = people();
        let server = Arc::new(Identity::server("localhost"));
        claim(&mut bench, slot(0, 0), &people[0], "lobby");
        bench.join(101, &server, "lobby", Start::Now);
        bench.effects.clear();
        let mut known = list(&mut bench);
        for step in &steps {
            play(&mut bench, &people, step);
            follow(&mut bench, &mut known);
            check(&mut bench, &known);
            check_names(&mut bench, &people);
            bench.ask(101, &server, "lobby", govern(Govern::Affairs));
            if snapshot(&mut bench).destroyed.is_some() {
                break;
            }
        }
    }
}
