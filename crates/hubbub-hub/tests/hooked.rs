//! Rooms with an application behind them: what waits for its word, in which order things take effect, who is told.

mod common;

use std::sync::Arc;

use bytes::Bytes;
use common::*;
use hubbub_hub::command::Stay;
use hubbub_hub::{
    Action, Command, Effect, Emission, Hello, Hook, HookAnswer, HookKind, HookName, Identity, LogAnswer,
    LogKind, MessageId, Opened, Policies, Refusal, Refused, RoomPolicy, Start, Target, Verdict,
};
use proptest::prelude::*;

fn hooked(log: LogKind, kinds: &[HookKind]) -> Bench {
    let hook = Some(Hook { name: HookName::new("app"), kinds: kinds.to_vec() });
    let policy = RoomPolicy { hook, ..policy(log) };
    bench_with(settings(), Policies::new(Vec::new(), policy, inbox(log)))
}

fn all(log: LogKind) -> Bench {
    hooked(log, &HookKind::ALL)
}

/// The ids of the questions asked since the last time, and what else was said.
fn asked(bench: &mut Bench) -> (Vec<MessageId>, Vec<String>) {
    let ids = bench.effects.iter().filter_map(|effect| match effect {
        Effect::Hook(ask) => Some(ask.id),
        _ => None,
    });
    (ids.collect(), bench.said())
}

fn only_question(bench: &mut Bench) -> MessageId {
    let (ids, said) = asked(bench);
    assert_eq!(ids.len(), 1, "{said:?}");
    ids[0]
}

fn verdict(bench: &mut Bench, id: MessageId, answer: HookAnswer) {
    bench.hub.verdict(&room("lobby"), id, answer, bench.now, &mut bench.effects);
}

fn yes(bench: &mut Bench, id: MessageId) {
    verdict(bench, id, Ok(Verdict::default()));
}

fn no() -> HookAnswer {
    let refused = Refused { message: "no".into(), data: None };
    Ok(Verdict { refuse: Some(Arc::new(refused)), ..Verdict::default() })
}

fn emit() -> Vec<Action> {
    let to = Target::All;
    vec![Action::Emit { to, except: Vec::new(), body: body("hi"), volatile: false, ack_ms: None }]
}

/// By a connection of its own.
fn connect(bench: &mut Bench, slot: u32, who: &Arc<Identity>) {
    let hello = Some(Hello::by("test"));
    let command = Command::join(Start::Now, 10, Stay::Seated, true, hello);
    bench.ask(slot, who, "lobby", command);
}

#[test]
fn nobody_is_in_before_the_application_says_so() {
    let mut bench = all(LogKind::Memory);
    connect(&mut bench, 2, &guest("ann"));
    let id = only_question(&mut bench);
    bench.ask(4, &guest("bo"), "lobby", Command::Presence);
    assert_eq!(bench.said(), ["4 presence List([])"]);
    yes(&mut bench, id);
    assert_eq!(bench.said(), ["2 joins after 0:  live"]);
    bench.join(2, &guest("ann"), "lobby", Start::Oldest);
    assert_eq!(bench.said(), ["2 joins after 0:  live"], "who is in is not asked about again");
    bench.ask(2, &guest("ann"), "lobby", Command::Leave);
    assert_eq!(bench.said(), ["ask leave ann"]);
}

#[test]
fn who_is_refused_was_never_there() {
    let mut bench = all(LogKind::Memory);
    connect(&mut bench, 2, &guest("ann"));
    let id = only_question(&mut bench);
    verdict(&mut bench, id, no());
    assert_eq!(bench.said(), ["2 refused byapplication(refused { message: \"no\", data: none })"]);
    bench.ask(2, &guest("ann"), "lobby", Command::Leave);
    assert_eq!(bench.said(), [""; 0]);
}

#[test]
fn who_left_before_the_verdict_has_left_after_it() {
    let mut bench = all(LogKind::Memory);
    connect(&mut bench, 2, &guest("ann"));
    let let_in = only_question(&mut bench);
    bench.ask(2, &guest("ann"), "lobby", Command::Leave);
    assert_eq!(bench.said(), [""; 0], "not before it is known whether she was let in");
    yes(&mut bench, let_in);
    assert_eq!(bench.said(), ["ask leave ann"]);
    connect(&mut bench, 4, &guest("bo"));
    let turned_away = only_question(&mut bench);
    bench.ask(4, &guest("bo"), "lobby", Command::Leave);
    verdict(&mut bench, turned_away, no());
    let said = bench.said();
    assert!(!said.iter().any(|said| said.contains("ask")), "{said:?}");
}

#[test]
fn who_polls_is_asked_about_when_he_comes_and_told_of_when_he_has_gone() {
    let mut bench = all(LogKind::Memory);
    bench.poll(2, &guest("lee"), "lobby");
    let id = only_question(&mut bench);
    yes(&mut bench, id);
    bench.poll(4, &guest("lee"), "lobby");
    assert_eq!(bench.said(), ["2 joins after 0: ", "4 joins after 0: "]);
    bench.later(40_000);
    assert_eq!(bench.said(), ["ask leave lee"]);
    bench.poll(6, &guest("lee"), "lobby");
    only_question(&mut bench);
}

#[test]
fn verdicts_in_any_order_messages_in_theirs() {
    let mut bench = all(LogKind::Memory);
    for (slot, text) in [(0, "a"), (2, "b"), (4, "c")] {
        bench.publish(slot, &guest("ann"), "lobby", text);
    }
    let (ids, said) = asked(&mut bench);
    assert_eq!(said, ["ask event ann a", "ask event ann b", "ask event ann c"]);
    yes(&mut bench, ids[2]);
    let rewrite = Verdict { rewrite: Some(body("B")), answer: Some("[1]".into()), ..Verdict::default() };
    verdict(&mut bench, ids[1], Ok(rewrite));
    assert_eq!(bench.said(), [""; 0]);
    yes(&mut bench, ids[0]);
    assert_eq!(bench.said(), ["0 kept 1", "2 kept 2", "4 kept 3"]);
    bench.ask(
        1,
        &Arc::new(Identity::server("localhost")),
        "lobby",
        Command::join(Start::Oldest, 10, Stay::Unseen, false, None),
    );
    assert_eq!(bench.said(), ["1 joins after 0: a B c"]);
}

#[test]
fn what_has_no_verdict_holds_nobody_back_and_nothing_comes_of_it() {
    let mut bench = all(LogKind::Memory);
    bench.publish(0, &guest("ann"), "lobby", "a");
    bench.publish(2, &guest("ann"), "lobby", "b");
    let (ids, _) = asked(&mut bench);
    verdict(&mut bench, ids[1], Err(Refusal::NoVerdict));
    assert_eq!(bench.said(), ["2 refused noverdict"]);
    yes(&mut bench, ids[0]);
    assert_eq!(bench.said(), ["0 kept 1"]);
}

#[test]
fn what_a_message_causes_comes_before_the_next() {
    let mut bench = all(LogKind::Memory);
    bench.publish(0, &guest("ann"), "lobby", "a");
    bench.publish(2, &guest("ann"), "lobby", "b");
    let (ids, _) = asked(&mut bench);
    yes(&mut bench, ids[1]);
    verdict(&mut bench, ids[0], Ok(Verdict { actions: emit(), ..Verdict::default() }));
    assert_eq!(bench.said(), ["0 kept 1", "act 1"]);
    let server = Arc::new(Identity::server("localhost"));
    bench.publish(9, &server, "lobby", "caused");
    bench.ask(9, &server, "lobby", Command::GoOn);
    assert_eq!(bench.said(), ["9 kept 2", "2 kept 3"]);
}

#[test]
fn taken_for_itself_once_and_for_all_repetitions() {
    let mut bench = all(LogKind::Memory);
    bench.publish_keyed(0, &guest("ann"), "lobby", "a", "k");
    let id = only_question(&mut bench);
    bench.publish_keyed(2, &guest("ann"), "lobby", "a", "k");
    bench.publish_keyed(4, &guest("bo"), "lobby", "a", "k");
    let bo = only_question(&mut bench);
    let taken = Verdict { publish: false, answer: Some(Bytes::from_static(b"[7]")), ..Verdict::default() };
    verdict(&mut bench, id, Ok(taken));
    assert_eq!(bench.said(), ["0 answered [7]", "2 answered [7]"]);
    bench.publish_keyed(6, &guest("ann"), "lobby", "a", "k");
    assert_eq!(bench.said(), ["6 answered [7]"]);
    verdict(&mut bench, bo, no());
    bench.said();
    bench.publish_keyed(8, &guest("bo"), "lobby", "a", "k");
    only_question(&mut bench);
}

#[test]
fn the_row_is_bounded() {
    let mut bench = all(LogKind::Memory);
    for slot in 0..5 {
        bench.publish(2 * slot, &guest("ann"), "lobby", "x");
    }
    let (ids, said) = asked(&mut bench);
    assert_eq!((ids.len(), said.last().map(String::as_str)), (4, Some("8 refused busy")));
    for slot in 0..5 {
        connect(&mut bench, 20 + 2 * slot, &guest("bo"));
    }
    let (ids, said) = asked(&mut bench);
    assert_eq!((ids.len(), said.last().map(String::as_str)), (4, Some("28 refused busy")));
}

#[test]
fn so_are_those_who_repeat_what_waits() {
    for log in [LogKind::Memory, LogKind::Durable] {
        let mut bench = hooked(log, if log == LogKind::Memory { &[HookKind::Event] } else { &[] });
        bench.publish_keyed(0, &guest("ann"), "lobby", "a", "k");
        let opened =
            Opened { epoch: 7, head: 0, oldest: 1, tail: Vec::new(), keys: Vec::new(), affairs: None };
        bench.answer(LogAnswer::Opened { room: room("lobby"), log: Ok(Some(opened)) });
        bench.said();
        for slot in 1..6 {
            bench.publish_keyed(2 * slot, &guest("ann"), "lobby", "a", "k");
        }
        assert_eq!(bench.said(), ["10 refused busy"], "{log:?}");
    }
}

#[test]
fn the_server_is_not_asked_about_and_waits_for_nobody() {
    let mut bench = all(LogKind::Memory);
    let server = Arc::new(Identity::server("localhost"));
    bench.publish(0, &guest("ann"), "lobby", "a");
    bench.said();
    connect(&mut bench, 2, &server);
    bench.publish(4, &server, "lobby", "from the server");
    let emission = Emission { room: None, body: body("unkept"), volatile: true, except: Vec::new() };
    bench.ask(4, &server, "lobby", Command::Emit(Arc::new(emission.clone())));
    assert_eq!(
        bench.said(),
        ["2 joins after 0:  live", "w0 from the server", "4 kept 1", "w0 emitted unkept", "4 answered "]
    );
    bench.ask(6, &guest("mallory"), "lobby", Command::Emit(Arc::new(emission)));
    assert_eq!(bench.said(), ["6 refused forbidden(publish)"]);
}

#[test]
fn a_log_that_fails_meanwhile() {
    let opened = |log| LogAnswer::Opened { room: room("lobby"), log };
    let new_log =
        || Opened { epoch: 7, head: 0, oldest: 1, tail: Vec::new(), keys: Vec::new(), affairs: None };
    let mut bench = hooked(LogKind::Durable, &[HookKind::Event]);
    bench.publish(0, &guest("ann"), "lobby", "a");
    bench.answer(opened(Ok(Some(new_log()))));
    let (ids, _) = asked(&mut bench);
    yes(&mut bench, ids[0]);
    assert_eq!(bench.said(), ["append 1 a"]);
    bench.publish(2, &guest("ann"), "lobby", "b");
    let b = only_question(&mut bench);
    bench.answer(LogAnswer::Failed { room: room("lobby"), from: 1 });
    assert_eq!(bench.said(), ["0 refused logfailed", "open lobby"]);
    yes(&mut bench, b);
    assert_eq!(bench.said(), [""; 0], "there is no log to keep it in");
    bench.answer(opened(Ok(Some(new_log()))));
    assert_eq!(bench.said(), ["append 1 b"]);
    bench.publish(4, &guest("ann"), "lobby", "c");
    let c = only_question(&mut bench);
    bench.answer(LogAnswer::Failed { room: room("lobby"), from: 1 });
    bench.answer(opened(Err(hubbub_hub::Fault)));
    assert_eq!(bench.said(), ["2 refused logfailed", "open lobby", "4 refused logfailed"]);
    yes(&mut bench, c);
    assert_eq!(bench.said(), ["act 0"; 0]);
}

#[test]
fn what_is_open_is_listed_by_name() {
    let mut bench = bench(LogKind::Memory);
    for name in ["c", "a", "b"] {
        bench.publish(0, &guest("ann"), name, "x");
    }
    bench.join(2, &guest("ann"), "b", Start::Now);
    bench.join(4, &guest("ann"), "b", Start::Now);
    let listed = |after: Option<&str>, limit| {
        let rooms = bench.hub.rooms(&Identity::server("localhost"), after.map(room).as_ref(), limit);
        rooms
            .iter()
            .map(|room| format!("{} {} {}", room.name, room.people, room.sessions))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(None, 2), ["a 0 0", "b 1 2"]);
    assert_eq!(listed(Some("a"), 9), ["b 1 2", "c 0 0"]);
    assert_eq!(listed(Some("c"), 9), [""; 0]);
}

proptest! {
    /// Whatever the order of the verdicts, each message is answered once, and what is kept is in the order of arrival.
    #[test]
    fn every_message_is_answered_once_and_in_order(order in Just((0..4usize).collect::<Vec<_>>()).prop_shuffle(), kinds in prop::collection::vec(0u8..4, 4)) {
        let mut bench = all(LogKind::Memory);
        for slot in 0..4 {
            bench.publish(2 * slot, &guest("ann"), "lobby", &slot.to_string());
        }
        let (ids, _) = asked(&mut bench);
        for at in order {
            let answer = match kinds[at] {
                0 => Ok(Verdict { actions: emit(), ..Verdict::default() }),
                1 => no(),
                2 => Err(Refusal::NoVerdict),
                _ => Ok(Verdict::default()),
            };
            verdict(&mut bench, ids[at], answer);
            // As the worker does after actions; also when there were none.
            bench.ask(99, &Arc::new(Identity::server("localhost")), "lobby", Command::GoOn);
        }
        for _ in 0..4 {
            bench.ask(99, &Arc::new(Identity::server("localhost")), "lobby", Command::GoOn);
        }
        let said = bench.said();
        let kept: Vec<_> = said.iter().filter(|said| said.contains("kept")).cloned().collect();
        let wanted: Vec<_> = (0..4).filter(|at| [0, 3].contains(&kinds[*at])).enumerate()
            .map(|(index, at)| format!("{} kept {}", 2 * at, index + 1)).collect();
        prop_assert_eq!(kept, wanted);
        let refused = said.iter().filter(|said| said.contains("refused")).count();
        prop_assert_eq!(refused, kinds.iter().filter(|kind| [1, 2].contains(*kind)).count());
    }
}
