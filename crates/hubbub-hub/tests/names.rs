//! What people are called in a room.

mod common;

use std::collections::HashMap;
use std::sync::Arc;

use common::{Bench, account, bench, guest};
use hubbub_hub::command::Stay;
use hubbub_hub::presence::PresenceView;
use hubbub_hub::{Carried, Command, Effect, Happening, Identity, LogKind, Reply, Sender, Start, name_key};
use proptest::prelude::*;

fn join_as(bench: &mut Bench, slot: u32, who: &Arc<Identity>, nick: &str) {
    let mut join = Command::join(Start::Now, 100, Stay::Seated, true, None);
    if let Command::Join { nick: wish, .. } = &mut join {
        *wish = Some(nick.into());
    }
    bench.ask(slot, who, "lobby", join);
}

fn rename(bench: &mut Bench, slot: u32, who: &Arc<Identity>, nick: &str) {
    bench.ask(slot, who, "lobby", Command::Rename { nick: nick.into() });
}

/// What somebody who came in is called.
fn me(bench: &mut Bench) -> String {
    bench.joined().me.expect("he is there").name.to_string()
}

/// Of whom the last message was.
fn said_by(bench: &mut Bench) -> Vec<Sender> {
    let from = bench.effects.drain(..).filter_map(|effect| match effect {
        Effect::Happened(_, _, Happening::Event(event)) => Some(event.from.clone()),
        Effect::Reply(_, _, _, Reply::Published(published)) => Some(published.from),
        _ => None,
    });
    from.collect()
}

#[test]
fn two_people_of_one_name_are_told_apart() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    assert_eq!(me(&mut bench), "ann");
    bench.join(2, &account("ann"), "lobby", Start::Now);
    assert_eq!(me(&mut bench), "ann (2)");
    bench.join(4, &account("ann"), "lobby", Start::Now);
    assert_eq!(me(&mut bench), "ann (2)", "one person has one name");
    bench.publish(4, &account("ann"), "lobby", "hi");
    assert!(said_by(&mut bench).iter().all(|from| &*from.name == "ann (2)"));
    bench.ask(0, &guest("ann"), "lobby", Command::Leave);
    bench.join(6, &guest("ann"), "lobby", Start::Now);
    assert_eq!(me(&mut bench), "ann", "the name was free again");
}

#[test]
fn whoever_speaks_from_outside_takes_nobodys_name() {
    let mut bench = bench(LogKind::Memory);
    bench.publish(1, &account("ann"), "lobby", "alone");
    assert_eq!(&*said_by(&mut bench)[0].name, "ann");
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    bench.publish(1, &account("ann"), "lobby", "who is that?");
    let from = said_by(&mut bench);
    assert_eq!(from.len(), 2);
    assert!(from.iter().all(|from| &*from.name == "ann (2)" && from.user == account("ann").user));
}

#[test]
fn a_wish_is_granted_or_refused() {
    let mut bench = bench(LogKind::Memory);
    join_as(&mut bench, 0, &guest("ann"), " Witch ");
    assert_eq!(me(&mut bench), "Witch");
    bench.said();
    join_as(&mut bench, 2, &guest("bo"), "WITCH");
    join_as(&mut bench, 2, &guest("bo"), "  ");
    join_as(&mut bench, 2, &guest("bo"), "a\nb");
    join_as(&mut bench, 2, &guest("bo"), &"x".repeat(256));
    assert_eq!(
        bench.said(),
        ["2 refused nametaken", "2 refused badname", "2 refused badname", "2 refused badname"]
    );
    bench.ask(0, &guest("ann"), "lobby", Command::Leave);
    join_as(&mut bench, 2, &guest("bo"), "WITCH");
    assert_eq!(me(&mut bench), "WITCH", "whoever was refused is not there, and the name is free");
}

#[test]
fn everybody_hears_of_a_new_name() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    bench.join(1, &guest("bo"), "lobby", Start::Now);
    bench.said();
    rename(&mut bench, 1, &guest("bo"), "Ann");
    assert_eq!(bench.said(), ["1 refused nametaken"]);
    rename(&mut bench, 1, &guest("bo"), "Bobby");
    assert_eq!(
        bench.said(),
        ["w0 rename { former: \"bo\" } bobby (2)", "w1 rename { former: \"bo\" } bobby (2)", "1 is Bobby"]
    );
    rename(&mut bench, 1, &guest("bo"), "BOBBY");
    assert_eq!(bench.said().len(), 3, "one's own name may be written otherwise");
    rename(&mut bench, 1, &guest("bo"), "BOBBY");
    assert_eq!(bench.said(), ["1 is BOBBY"], "nothing changed");
    bench.publish(1, &guest("bo"), "lobby", "hi");
    assert!(said_by(&mut bench).iter().all(|from| &*from.name == "BOBBY"));
    rename(&mut bench, 3, &guest("cy"), "Cy");
    bench.ask(3, &guest("cy"), "nowhere", Command::Rename { nick: "Cy".into() });
    assert_eq!(bench.said(), ["3 refused notthere", "3 refused notthere"]);
}

#[test]
fn how_somebody_is_there_is_told_to_those_who_are_there() {
    let mut bench = bench(LogKind::Memory);
    let show = |status: &'static str| Command::Show { status: Some(Carried::new("form", status.into())) };
    let mut join = Command::join(Start::Now, 100, Stay::Seated, true, None);
    if let Command::Join { status, .. } = &mut join {
        *status = Some(Carried::new("form", "busy".into()));
    }
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    bench.said();
    bench.ask(1, &guest("bo"), "lobby", join);
    let PresenceView::List(there) = bench.joined().presence else { panic!("the room lists who is there") };
    let busy = there.iter().find(|one| &*one.who.name == "bo").expect("bo has come in");
    assert_eq!(busy.status, Some(Carried::new("form", "busy".into())));
    bench.ask(1, &guest("bo"), "lobby", show("away"));
    bench.ask(1, &guest("bo"), "lobby", show("away"));
    assert_eq!(bench.said(), ["w0 show bo (2)", "w1 show bo (2)", "1 answered ", "1 answered "]);
    bench.ask(
        1,
        &guest("bo"),
        "lobby",
        Command::Show { status: Some(Carried::new("form", vec![b'x'; 4093].into())) },
    );
    bench.ask(3, &guest("cy"), "lobby", show("away"));
    assert_eq!(bench.said(), ["1 refused toolong", "3 refused notthere"]);
    bench.ask(1, &guest("bo"), "lobby", Command::Show { status: None });
    assert_eq!(bench.said().len(), 3);
}

/// What may happen to names.
#[derive(Debug, Clone)]
enum Step {
    Join(u32, usize, Option<&'static str>),
    Poll(usize),
    Leave(u32),
    Rename(u32, &'static str),
    Later,
}

fn step() -> impl Strategy<Value = Step> {
    let nick = || prop::sample::select(vec!["ann", "Ann", "ann (2)", "ANN (2)", "bo", "ß", "SS", "ｂｏ"]);
    prop_oneof![
        4 => (0..8_u32, 0..6_usize, prop::option::of(nick())).prop_map(|(at, who, nick)| Step::Join(at, who, nick)),
        1 => (0..6_usize).prop_map(Step::Poll),
        2 => (0..8_u32).prop_map(Step::Leave),
        3 => (0..8_u32, nick()).prop_map(|(at, nick)| Step::Rename(at, nick)),
        1 => Just(Step::Later),
    ]
}

fn play(bench: &mut Bench, people: &[Arc<Identity>], step: &Step) {
    match step {
        Step::Join(slot, who, Some(nick)) => join_as(bench, *slot, &people[*who], nick),
        Step::Join(slot, who, None) => bench.join(*slot, &people[*who], "lobby", Start::Now),
        Step::Poll(who) => bench.poll(99, &people[*who], "lobby"),
        Step::Leave(slot) => bench.ask(*slot, &people[0], "lobby", Command::Leave),
        Step::Rename(slot, nick) => rename(bench, *slot, &people[0], nick),
        Step::Later => bench.later(16_000),
    }
}

proptest! {
    /// Whatever people wish for, come and go: no two who are there have one name, and whoever watches knows what each is called.
    #[test]
    fn names_are_ones_own(steps in prop::collection::vec(step(), 1..40)) {
        let settings = hubbub_hub::HubSettings { presence_list_max: 100, ..common::settings() };
        let mut bench = common::bench_with(settings, common::policies(LogKind::Memory));
        let people: Vec<_> =
            ["ann", "bo"].into_iter().flat_map(|name| [guest(name), account(name)]).chain([guest("ss"), account("ß")]).collect();
        bench.join(101, &guest("watcher"), "lobby", Start::Now);
        bench.effects.clear();
        let mut known = HashMap::from([(guest("watcher").user.clone(), Arc::<str>::from("watcher"))]);
        for step in &steps {
            play(&mut bench, &people, step);
            for effect in bench.effects.drain(..) {
                let Effect::Happened(1, _, Happening::Presence(change)) = effect else { continue };
                let Some((person, movement)) = &change.who else { continue };
                match movement {
                    hubbub_hub::presence::Movement::Leave => {
                        prop_assert_eq!(known.remove(&person.who.user), Some(person.who.name.clone()));
                    }
                    _ => {
                        known.insert(person.who.user.clone(), person.who.name.clone());
                    }
                }
            }
            bench.ask(101, &people[0], "lobby", Command::Presence);
            let Some(Effect::Reply(_, _, _, Reply::Presence(PresenceView::List(list), _))) = bench.effects.pop() else {
                panic!("the room lists who is there");
            };
            let mut keys: Vec<_> = list.iter().map(|person| name_key(&person.who.name)).collect();
            keys.sort();
            keys.dedup();
            prop_assert_eq!(keys.len(), list.len());
            let there: HashMap<_, _> = list.iter().map(|one| (one.who.user.clone(), one.who.name.clone())).collect();
            prop_assert_eq!(&there, &known);
        }
    }
}
