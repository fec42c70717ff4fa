//! Signals: who may send them, and whom they reach.

mod common;
mod governed;

use std::sync::Arc;

use common::{Bench, account, bench, bench_with, guest, policies, policy, session, settings};
use governed::{claim, claimed, configure, set_role};
use hubbub_hub::command::Stay;
use hubbub_hub::{
    Command, HeardPace, Hears, HubSettings, Identity, LogKind, Policies, PresenceMode, Role, RoomPolicy,
    SessionName, Signal, SignalTo, Start, UserAddress, Whois,
};

fn user(name: &str) -> UserAddress {
    UserAddress::from_prepared(&format!("{name}@guest.localhost"))
}

fn all_of(name: &str) -> SignalTo {
    SignalTo::User(user(name))
}

fn one_of(name: &str, resource: &str) -> SignalTo {
    SignalTo::Session(user(name), resource.into())
}

fn key(slot: u32) -> String {
    SessionName::from(session(slot)).as_str().to_owned()
}

fn join(bench: &mut Bench, slot: u32, who: &Arc<Identity>, way: Hears) {
    let mut join = Command::join(Start::Now, 100, Stay::Seated, true, None);
    if let Command::Join { hears, .. } = &mut join {
        *hears = way;
    }
    bench.ask(slot, who, "lobby", join);
    bench.said();
}

fn signal(bench: &mut Bench, slot: u32, who: &Arc<Identity>, to: SignalTo) -> Vec<String> {
    let what = Command::Signal(Box::new(Signal { to, body: Some("1".into()), counts: 1 }));
    bench.ask(slot, who, "lobby", what);
    bench.said()
}

/// Ann by one session, Bo by two that hear, in two ways, and by one that does not.
fn ann_and_bo() -> Bench {
    let mut bench = bench(LogKind::Memory);
    join(&mut bench, 0, &guest("ann"), Hears::ByKey);
    join(&mut bench, 1, &guest("bo"), Hears::ByKey);
    join(&mut bench, 2, &guest("bo"), Hears::ByName("phone".into()));
    join(&mut bench, 3, &guest("bo"), Hears::Nothing);
    bench
}

#[test]
fn one_rings_all_of_somebody_s_sessions_and_goes_on_with_one() {
    let mut bench = ann_and_bo();
    let ann = format!("ann@guest.localhost/{}", key(0));
    let rung = signal(&mut bench, 0, &guest("ann"), all_of("bo"));
    assert_eq!(rung, [format!("2 hears 1 of {ann}"), format!("1 hears 1 of {ann}"), "0 signalled 2".into()]);
    let back = signal(&mut bench, 2, &guest("bo"), one_of("ann", &key(0)));
    assert_eq!(back, ["0 hears 1 of bo@guest.localhost/phone", "2 signalled 1"]);
    let on = signal(&mut bench, 0, &guest("ann"), one_of("bo", "phone"));
    assert_eq!(on, [format!("2 hears 1 of {ann}"), "0 signalled 1".into()]);
    let by_key = signal(&mut bench, 0, &guest("ann"), one_of("bo", &key(1)));
    assert_eq!(by_key, [format!("1 hears 1 of {ann}"), "0 signalled 1".into()]);
    let by_name = signal(&mut bench, 0, &guest("ann"), SignalTo::Named("bo".into()));
    assert_eq!(by_name.len(), 3);
}

#[test]
fn a_signal_of_which_nothing_is_left_is_answered_as_any_and_nobody_hears_it() {
    let mut bench = ann_and_bo();
    let mut nothing = |slot, to| {
        let what = Command::Signal(Box::new(Signal { to, body: None, counts: 1 }));
        bench.ask(slot, &guest("ann"), "lobby", what);
        bench.said()
    };
    assert_eq!(nothing(0, all_of("bo")), ["0 signalled 2"]);
    assert_eq!(nothing(0, all_of("cy")), ["0 refused nosuchperson"]);
    assert_eq!(nothing(4, all_of("bo")), ["4 refused notthere"]);
}

#[test]
fn nobody_hears_himself_but_his_other_sessions_may() {
    let mut bench = ann_and_bo();
    assert_eq!(signal(&mut bench, 0, &guest("ann"), all_of("ann")), ["0 refused deaf"]);
    let bo = format!("bo@guest.localhost/{}", key(1));
    let told = signal(&mut bench, 1, &guest("bo"), all_of("bo"));
    assert_eq!(told, [format!("2 hears 1 of {bo}"), "1 signalled 1".into()]);
}

#[test]
fn whoever_is_gone_or_cannot_hear_is_said_to_be() {
    let mut bench = ann_and_bo();
    let mut to = |to| signal(&mut bench, 0, &guest("ann"), to);
    assert_eq!(to(all_of("cy")), ["0 refused nosuchperson"]);
    assert_eq!(to(one_of("bo", "laptop")), ["0 refused nosuchperson"]);
    assert_eq!(to(one_of("bo", &key(3))), ["0 refused nosuchperson"]);
    assert_eq!(to(one_of("bo", &key(0))), ["0 refused nosuchperson"], "a session of somebody else's");
    assert_eq!(to(SignalTo::Named("cy".into())), ["0 refused nosuchperson"]);
    for slot in [1, 2] {
        bench.ask(slot, &guest("bo"), "lobby", Command::Leave);
    }
    bench.said();
    assert_eq!(signal(&mut bench, 0, &guest("ann"), all_of("bo")), ["0 refused deaf"]);
    bench.ask(3, &guest("bo"), "lobby", Command::Leave);
    bench.said();
    assert_eq!(signal(&mut bench, 0, &guest("ann"), all_of("bo")), ["0 refused nosuchperson"]);
}

#[test]
fn whoever_is_not_there_tells_nobody_anything() {
    let mut bench = ann_and_bo();
    assert_eq!(signal(&mut bench, 4, &guest("cy"), all_of("bo")), ["4 refused notthere"]);
    // Nor does another session of somebody who is there.
    assert_eq!(signal(&mut bench, 4, &guest("ann"), all_of("bo")), ["4 refused notthere"]);
    bench.ask(
        4,
        &guest("cy"),
        "nowhere",
        Command::Signal(Box::new(Signal { to: all_of("bo"), body: Some("1".into()), counts: 1 })),
    );
    assert_eq!(bench.said(), ["4 refused notthere"]);
}

#[test]
fn a_session_that_goes_on_elsewhere_is_reached_there() {
    let mut bench = ann_and_bo();
    bench.ask(4, &guest("bo"), "lobby", Command::Succeed { former: session(2) });
    bench.said();
    let told = signal(&mut bench, 0, &guest("ann"), one_of("bo", "phone"));
    assert_eq!(told, [format!("4 hears 1 of ann@guest.localhost/{}", key(0)), "0 signalled 1".into()]);
    assert_eq!(signal(&mut bench, 2, &guest("bo"), all_of("ann")), ["2 refused notthere"]);
}

#[test]
fn whoever_may_not_speak_or_is_where_nobody_signals_is_refused() {
    let mut bench = claimed();
    join(&mut bench, 1, &guest("bo"), Hears::ByKey);
    join(&mut bench, 2, &guest("cy"), Hears::ByKey);
    configure(&mut bench, 0, &account("ann"), |config| config.moderated = true);
    set_role(&mut bench, 0, &account("ann"), "bo", Role::Visitor);
    bench.said();
    assert_eq!(signal(&mut bench, 1, &guest("bo"), all_of("cy")), ["1 refused novoice"]);
    let with = |change: fn(&mut RoomPolicy)| {
        let mut room = policy(LogKind::Memory);
        change(&mut room);
        let mut bench = bench_with(settings(), Policies::new(Vec::new(), room.clone(), room));
        join(&mut bench, 1, &guest("bo"), Hears::ByKey);
        join(&mut bench, 2, &guest("cy"), Hears::ByKey);
        signal(&mut bench, 1, &guest("bo"), all_of("cy"))
    };
    assert_eq!(with(|room| room.signals = false), ["1 refused signalsoff"]);
    assert_eq!(with(|room| room.publish.clear()), ["1 refused forbidden(publish)"]);
    assert_eq!(with(|room| room.presence = PresenceMode::Off), ["1 refused presenceoff"]);
    assert_eq!(with(|room| room.presence = PresenceMode::Count).len(), 2);
}

#[test]
fn where_people_are_hidden_they_are_reached_by_name_alone() {
    let mut bench = bench_with(settings(), policies(LogKind::Memory));
    claim(&mut bench, 0, &account("ann"), "lobby");
    configure(&mut bench, 0, &account("ann"), |config| config.whois = Whois::Moderators);
    join(&mut bench, 1, &guest("bo"), Hears::ByKey);
    join(&mut bench, 2, &guest("cy"), Hears::ByKey);
    assert_eq!(signal(&mut bench, 1, &guest("bo"), all_of("cy")), ["1 refused nosuchperson"]);
    assert_eq!(signal(&mut bench, 1, &guest("bo"), one_of("cy", &key(2))), ["1 refused nosuchperson"]);
    let by_name = signal(&mut bench, 1, &guest("bo"), SignalTo::Named("cy".into()));
    assert_eq!(by_name, ["2 hears 1 of bo", "1 signalled 1"]);
    // Who sees addresses may use them.
    let moderator = signal(&mut bench, 0, &account("ann"), all_of("cy"));
    assert_eq!(moderator, ["2 hears 1 of ann", "0 signalled 1"]);
}

#[test]
fn whoever_has_many_sessions_is_reached_by_the_oldest_and_the_newest() {
    let mut bench = bench(LogKind::Memory);
    join(&mut bench, 0, &guest("ann"), Hears::ByKey);
    (1..=40).for_each(|slot| join(&mut bench, slot, &guest("bo"), Hears::ByKey));
    let told = signal(&mut bench, 0, &guest("ann"), all_of("bo"));
    assert_eq!(told.len(), 33);
    let slots = told[..32].iter().map(|told| told.split(' ').next().unwrap().parse::<u32>().unwrap());
    assert_eq!(slots.collect::<Vec<_>>(), (25..=40).rev().chain((1..=16).rev()).collect::<Vec<_>>());
    assert_eq!(told[32], "0 signalled 32");
    let one_between = signal(&mut bench, 0, &guest("ann"), one_of("bo", &key(20)));
    assert_eq!(one_between.last().unwrap(), "0 signalled 1");
}

#[test]
fn a_session_that_is_there_as_somebody_else_signals_nobody() {
    let mut bench = ann_and_bo();
    join(&mut bench, 0, &guest("zoe"), Hears::Nothing);
    assert_eq!(signal(&mut bench, 0, &guest("zoe"), all_of("bo")), ["0 refused notthere"]);
    // And as who it is there it hears as before.
    let told = signal(&mut bench, 1, &guest("bo"), all_of("ann"));
    assert_eq!(told[0], format!("0 hears 1 of bo@guest.localhost/{}", key(1)));
}

/// A signal of 800 bytes counts as some 1130, a small one as some 310: names count, too.
#[test]
fn who_is_told_too_much_hears_no_more_and_whoever_sends_it_is_told() {
    let heard = HeardPace { rate: 1000, burst: 2400 };
    let mut bench = bench_with(HubSettings { heard, ..settings() }, policies(LogKind::Memory));
    for (slot, name) in ["ann", "mallory", "mallory", "bo", "bo"].into_iter().enumerate() {
        join(&mut bench, slot as u32, &guest(name), Hears::ByKey);
    }
    let large = |bench: &mut Bench, slot, to| {
        let body = Some(vec![b'1'; 800].into());
        let signal = Signal { to, body, counts: 800 };
        bench.ask(slot, &guest("mallory"), "lobby", Command::Signal(Box::new(signal)));
        bench.said().pop().unwrap()
    };
    let one_of_bo = || one_of("bo", &key(3));
    let told = [1, 2, 1, 2].map(|slot| large(&mut bench, slot, one_of_bo()));
    let refused = |slot| format!("{slot} refused heardenough");
    let wanted = ["1 signalled 1".into(), "2 signalled 1".into(), refused(1), refused(2)];
    assert_eq!(told, wanted, "it counts what he is told, not who says it");
    assert_eq!(signal(&mut bench, 0, &guest("ann"), one_of_bo()), [refused(0)]);
    let all = signal(&mut bench, 0, &guest("ann"), all_of("bo"));
    assert_eq!((all.len(), all[0].starts_with("4 hears"), &*all[1]), (2, true, "0 signalled 1"));
    assert_eq!(signal(&mut bench, 3, &guest("bo"), all_of("ann")).last().unwrap(), "3 signalled 1");
    bench.now.mono_ms += 300;
    assert_eq!(signal(&mut bench, 0, &guest("ann"), one_of_bo()).last().unwrap(), "0 signalled 1");
}
