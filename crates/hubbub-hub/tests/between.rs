//! What passes between people who are there and is not kept.

mod common;

use common::{account, bench, guest, session};
use hubbub_hub::command::Stay;
use hubbub_hub::presence::Movement;
use hubbub_hub::{Carried, Command, Effect, Govern, Happening, LogKind, Reply, RoomConfig, Start};

fn word(text: &'static str) -> Carried {
    Carried::new("form", text.into())
}

fn pass(text: &'static str) -> Command {
    Command::Pass { typing: None, what: Some(word(text)) }
}

#[test]
fn what_is_said_in_passing_is_told_and_not_kept() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    bench.join(1, &guest("bo"), "lobby", Start::Now);
    bench.said();
    bench.ask(1, &guest("bo"), "lobby", pass("typing"));
    assert_eq!(bench.said(), ["w0 in passing: typing", "w1 in passing: typing", "1 answered "]);
    bench.join(2, &guest("cy"), "lobby", Start::Oldest);
    assert!(bench.joined().page.events.is_empty());
}

#[test]
fn only_those_who_are_there_and_may_speak_say_something_in_passing() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &account("ann"), "lobby", Start::Now);
    bench.said();
    bench.ask(1, &guest("bo"), "lobby", pass("outside"));
    bench.ask(3, &guest("bo"), "nowhere", pass("outside"));
    assert_eq!(bench.said(), ["1 refused notthere", "3 refused notthere"]);
    bench.ask(
        0,
        &account("ann"),
        "lobby",
        Command::Pass { typing: None, what: Some(Carried::new("form", vec![b'x'; 4093].into())) },
    );
    assert_eq!(bench.said(), ["0 refused toolong"]);
}

#[test]
fn whoever_is_there_is_seen_to_write_and_in_an_inbox_anybody() {
    let mut bench = bench(LogKind::Memory);
    let writes = |typing| Command::Pass { typing: Some(typing), what: None };
    bench.join(0, &account("ann"), "lobby", Start::Now);
    bench.said();
    // By another session of hers, such as a request.
    bench.ask(2, &account("ann"), "lobby", writes(true));
    assert_eq!(bench.said(), ["w0 in passing: writes ", "2 answered "]);
    bench.ask(2, &account("bo"), "@ann", writes(true));
    assert_eq!(bench.said(), ["2 answered "], "she does not read there");
    bench.join(0, &account("ann"), "@ann", Start::Now);
    bench.said();
    bench.ask(2, &account("bo"), "@ann", writes(false));
    assert_eq!(bench.said(), ["w0 in passing: stops ", "2 answered "]);
}

#[test]
fn nobody_who_may_only_listen_passes_anything() {
    let mut bench = bench(LogKind::Memory);
    let mut join = Command::join(Start::Now, 1, Stay::Seated, true, None);
    if let Command::Join { claims, .. } = &mut join {
        *claims = true;
    }
    bench.ask(0, &account("ann"), "lobby", join);
    let moderated = RoomConfig { moderated: true, ..RoomConfig::default() };
    bench.ask(0, &account("ann"), "lobby", Command::Govern(Box::new(Govern::Configure(moderated))));
    bench.join(1, &guest("bo"), "lobby", Start::Now);
    bench.said();
    bench.ask(1, &guest("bo"), "lobby", pass("psst"));
    assert_eq!(bench.said(), ["1 refused novoice"]);
}

#[test]
fn those_who_are_there_learn_who_is_called_so_and_by_which_sessions() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    bench.join(3, &account("bo"), "lobby", Start::Now);
    bench.join(1, &account("bo"), "lobby", Start::Now);
    bench.said();
    let who_is = |name: &str| Command::WhoIs { name: name.into() };
    bench.ask(0, &guest("ann"), "lobby", who_is("bo"));
    let Some(Effect::Reply(_, _, _, Reply::Person(found))) = bench.effects.pop() else {
        panic!("she is told who that is")
    };
    assert_eq!(
        (found.0.who.user.clone(), found.1),
        (account("bo").user.clone(), vec![session(1), session(3)])
    );
    bench.ask(0, &guest("ann"), "lobby", who_is("cy"));
    bench.ask(5, &guest("cy"), "lobby", who_is("bo"));
    assert_eq!(bench.said(), ["0 refused nosuchperson", "5 refused notthere"]);
}

#[test]
fn a_last_word_is_told_when_the_last_session_goes() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &guest("ann"), "lobby", Start::Now);
    bench.join(1, &account("bo"), "lobby", Start::Now);
    bench.join(3, &account("bo"), "lobby", Start::Now);
    bench.said();
    let part = |text| Command::Part { word: Some(word(text)) };
    bench.ask(1, &account("bo"), "lobby", part("one of two"));
    assert!(bench.effects.is_empty(), "he is still there");
    bench.ask(3, &account("bo"), "lobby", part("good night"));
    let told: Vec<_> = bench
        .effects
        .drain(..)
        .filter_map(|effect| match effect {
            Effect::Happened(_, _, Happening::Presence(change)) => change.who.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].0.status, &told[0].1), (&Some(word("good night")), &Movement::Leave));
    bench.ask(3, &account("bo"), "lobby", Command::Leave);
    assert!(bench.effects.is_empty(), "he went once");
}
