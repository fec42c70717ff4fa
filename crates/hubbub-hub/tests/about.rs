//! Messages about messages: replies, edits, reactions, retractions.

mod common;

use common::{Bench, account, bench, body, guest, room};
use hubbub_hub::{
    About, Act, Command, Effect, Event, Govern, Happening, Identity, LogAnswer, LogKind, MessageId, Named,
    Opened, Reply, RoomConfig, Start, Wish,
};
use std::sync::Arc;

/// Says it in the lobby.
fn say(bench: &mut Bench, slot: u32, who: &Arc<Identity>, text: &str, act: Act, named: Named) {
    say_in(bench, slot, who, ("lobby", text), (act, named));
}

fn say_in(
    bench: &mut Bench,
    slot: u32,
    who: &Arc<Identity>,
    (to, text): (&str, &str),
    (act, named): (Act, Named),
) {
    let about = Some(Box::new(Wish { act, named, or_plain: false }));
    bench.ask(slot, who, to, Command::Publish { body: body(text), key: None, about });
}

/// Says it, and gives what everybody was told.
fn event(bench: &mut Bench, slot: u32, who: &Arc<Identity>, to: &str, text: &str) -> Arc<Event> {
    bench.publish(slot, who, to, text);
    told(bench)
}

fn told(bench: &mut Bench) -> Arc<Event> {
    let told = bench.effects.drain(..).find_map(|effect| match effect {
        Effect::Happened(_, _, Happening::Event(event)) => Some(event),
        _ => None,
    });
    told.expect("a message was told")
}

/// The last that was told.
fn told_last(bench: &mut Bench) -> Arc<Event> {
    let told = bench.effects.drain(..).filter_map(|effect| match effect {
        Effect::Happened(_, _, Happening::Event(event)) => Some(event),
        _ => None,
    });
    told.last().expect("a message was told")
}

/// A room in which Ann has said something.
fn lobby() -> (Bench, Arc<Event>) {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &account("ann"), "lobby", Start::Now);
    bench.join(1, &guest("bo"), "lobby", Start::Now);
    bench.said();
    let first = event(&mut bench, 0, &account("ann"), "lobby", "helo");
    (bench, first)
}

#[test]
fn an_answer_says_what_it_answers() {
    let (mut bench, first) = lobby();
    for named in [Named::Id(first.id), Named::At(first.at)] {
        say(&mut bench, 1, &guest("bo"), "hi", Act::Reply, named);
        let Some(About::Reply(original)) = told(&mut bench).body.about.clone() else { panic!() };
        assert_eq!((original.id, &*original.text, &*original.from.name), (first.id, "helo", "ann"));
    }
    say(&mut bench, 1, &guest("bo"), "hi", Act::Reply, Named::Id(MessageId(5)));
    assert_eq!(bench.said(), ["1 refused nosuchmessage"]);
}

#[test]
fn what_is_only_for_those_who_understand_is_said_anyway() {
    let (mut bench, _) = lobby();
    let wish = Wish { act: Act::Edit, named: Named::Own("m7".into()), or_plain: true };
    let about = Some(Box::new(wish));
    bench.ask(1, &guest("bo"), "lobby", Command::Publish { body: body("hi"), key: None, about });
    assert_eq!(told(&mut bench).body.about, None);
}

#[test]
fn only_ones_own_words_are_edited_and_always_the_first_form_is_meant() {
    let (mut bench, first) = lobby();
    say(&mut bench, 1, &guest("bo"), "x", Act::Edit, Named::Id(first.id));
    assert_eq!(bench.said(), ["1 refused notyours"]);
    say(&mut bench, 0, &account("ann"), "hello", Act::Edit, Named::Id(first.id));
    let edit = told(&mut bench);
    say(&mut bench, 0, &account("ann"), "hello!", Act::Edit, Named::Id(edit.id));
    let again = told(&mut bench);
    for edit in [edit, again] {
        let Some(About::Edit(original)) = &edit.body.about else { panic!("{edit:?}") };
        assert_eq!((original.id, &*original.text), (first.id, ""));
    }
}

#[test]
fn a_client_may_use_the_name_that_it_gave() {
    let (mut bench, _) = lobby();
    for (who, slot) in [(account("ann"), 0), (guest("bo"), 1)] {
        let mut named = body("mine");
        named.own_id = Some("m1".into());
        bench.ask(slot, &who, "lobby", Command::Publish { body: named, key: None, about: None });
    }
    bench.said();
    say(&mut bench, 0, &account("ann"), "new", Act::Edit, Named::Own("m1".into()));
    let Some(About::Edit(original)) = told(&mut bench).body.about.clone() else { panic!() };
    assert_eq!((&*original.from.name, original.own_id.as_deref()), ("ann", Some("m1")));
}

#[test]
fn what_is_taken_back_is_gone_with_its_edits_and_its_place_stays() {
    let (mut bench, first) = lobby();
    say(&mut bench, 0, &account("ann"), "hello", Act::Edit, Named::Id(first.id));
    say(&mut bench, 1, &guest("bo"), "", Act::Retract, Named::Id(first.id));
    assert!(bench.said().contains(&"1 refused notyours".to_owned()));
    say(&mut bench, 0, &account("ann"), "", Act::Retract, Named::Id(first.id));
    let retraction = told(&mut bench);
    bench.join(2, &guest("cy"), "lobby", Start::Oldest);
    let page = bench.joined().page;
    assert_eq!(page.events.len(), 3);
    for gone in &page.events[..2] {
        let Some(About::Retracted(how)) = &gone.body.about else { panic!("{gone:?}") };
        assert_eq!((how.id, gone.body.content.bytes().len()), (retraction.id, 0));
    }
    for act in [Act::Reply, Act::React, Act::Retract, Act::Edit] {
        say(&mut bench, 0, &account("ann"), "x", act, Named::Id(first.id));
        assert_eq!(bench.said(), ["0 refused nosuchmessage"]);
    }
}

#[test]
fn what_answers_a_message_that_is_taken_back_does_not_repeat_it() {
    let (mut bench, first) = lobby();
    say(&mut bench, 1, &guest("bo"), "hi", Act::Reply, Named::Id(first.id));
    say(&mut bench, 0, &account("ann"), "", Act::Retract, Named::Id(first.id));
    let Some(About::Retraction(taken)) = told_last(&mut bench).body.about.clone() else { panic!() };
    assert_eq!(&*taken.text, "");
    bench.join(2, &guest("cy"), "lobby", Start::Oldest);
    let page = bench.joined().page;
    let Some(About::Reply(answered)) = &page.events[1].body.about else { panic!() };
    assert_eq!((&*answered.text, answered.id), ("", first.id));
}

/// Anybody may take a guest's name: only the session that said something may change it.
#[test]
fn a_guest_is_known_by_his_session() {
    let (mut bench, _) = lobby();
    let mine = event(&mut bench, 1, &guest("bo"), "lobby", "mine");
    for act in [Act::Edit, Act::Retract] {
        say(&mut bench, 3, &guest("bo"), "x", act, Named::Id(mine.id));
        assert_eq!(bench.said(), ["3 refused notyours"]);
    }
    say(&mut bench, 1, &guest("bo"), "x", Act::Edit, Named::Id(mine.id));
    assert!(matches!(told(&mut bench).body.about, Some(About::Edit(_))));
}

#[test]
fn who_has_a_name_now_is_not_who_had_it_before() {
    let (mut bench, first) = lobby();
    let since_unix_ms = first.unix_ms + 1;
    let next = Arc::new(Identity { since_unix_ms, ..(*account("ann")).clone() });
    say(&mut bench, 0, &next, "x", Act::Edit, Named::Id(first.id));
    assert_eq!(bench.said(), ["0 refused notyours"]);
}

#[test]
fn what_is_on_its_way_to_the_disk_is_known_and_what_is_being_taken_back_is_gone() {
    let (mut bench, _) = durable();
    let mut named = body("helo");
    named.own_id = Some("m1".into());
    let ann = account("ann");
    bench.ask(0, &ann, "lobby", Command::Publish { body: named, key: None, about: None });
    say(&mut bench, 0, &ann, "hello", Act::Edit, Named::Own("m1".into()));
    say(&mut bench, 0, &ann, "", Act::Retract, Named::Own("m1".into()));
    say(&mut bench, 0, &ann, "hello again", Act::Edit, Named::Own("m1".into()));
    assert_eq!(bench.said(), ["append 21 helo", "append 22 hello", "append 23 ", "0 refused nosuchmessage"]);
    bench.answer(LogAnswer::Kept { room: room("lobby"), through: 23, oldest: 1 });
    bench.said();
    bench.join(1, &ann, "lobby", Start::Last(3));
    let page = bench.joined().page;
    let gone = |event: &Arc<Event>| matches!(event.body.about, Some(About::Retracted(_)));
    assert!(gone(&page.events[0]) && gone(&page.events[1]) && !gone(&page.events[2]));
}

#[test]
fn a_moderator_takes_back_what_others_said() {
    let mut bench = bench(LogKind::Memory);
    let mut join = Command::join(Start::Now, 1, hubbub_hub::command::Stay::Seated, true, None);
    if let Command::Join { claims, .. } = &mut join {
        *claims = true;
    }
    bench.ask(0, &account("ann"), "lobby", join);
    bench.ask(
        0,
        &account("ann"),
        "lobby",
        Command::Govern(Box::new(Govern::Configure(RoomConfig::default()))),
    );
    bench.join(1, &guest("bo"), "lobby", Start::Now);
    bench.said();
    let spam = event(&mut bench, 1, &guest("bo"), "lobby", "buy");
    say(&mut bench, 0, &account("ann"), "", Act::Retract, Named::Id(spam.id));
    assert!(matches!(told(&mut bench).body.about, Some(About::Retraction(_))));
}

#[test]
fn in_an_inbox_nobody_speaks_of_what_others_wrote() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &account("ann"), "@ann", Start::Now);
    bench.said();
    let secret = event(&mut bench, 1, &account("bo"), "@ann", "secret");
    say_in(&mut bench, 3, &account("eve"), ("@ann", "well"), (Act::Reply, Named::Id(secret.id)));
    assert_eq!(bench.said(), ["3 refused nosuchmessage"]);
    say_in(&mut bench, 1, &account("bo"), ("@ann", "well"), (Act::Reply, Named::Id(secret.id)));
    assert!(matches!(told(&mut bench).body.about, Some(About::Reply(_))));
}

#[test]
fn what_one_says_in_an_inbox_is_filed_in_ones_own() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &account("ann"), "@ann", Start::Now);
    bench.said();
    bench.publish(1, &account("bo"), "@ann", "hi");
    assert_eq!(bench.said(), ["ask @bo file hi to ann@localhost", "w0 hi", "1 kept 1"]);
    bench.publish(1, &guest("bo"), "@ann", "hi");
    bench.publish(0, &account("ann"), "@ann", "note");
    assert_eq!(bench.said(), ["w0 hi", "1 kept 2", "w0 note", "0 kept 3"]);
}

#[test]
fn a_copy_has_the_same_id_and_says_to_whom() {
    let mut bench = bench(LogKind::Memory);
    bench.join(0, &account("ann"), "@ann", Start::Now);
    bench.join(2, &account("bo"), "@bo", Start::Now);
    bench.said();
    bench.publish(2, &account("bo"), "@ann", "hi");
    let mut ask = None;
    let mut first = None;
    for effect in bench.effects.drain(..) {
        match effect {
            Effect::Ask(asked) => ask = Some(asked),
            Effect::Happened(_, _, Happening::Event(event)) => first = Some(event),
            _ => {}
        }
    }
    bench.hub.command(*ask.unwrap(), bench.now, &mut bench.effects);
    let (first, copy) = (first.unwrap(), told(&mut bench));
    assert_eq!((copy.id, copy.unix_ms, &copy.from), (first.id, first.unix_ms, &first.from));
    assert_eq!((copy.to.as_ref().unwrap().as_str(), first.to.is_none()), ("ann@localhost", true));
    assert_eq!(copy.room, room("@bo"));
}

/// A durable room whose log has messages up to 20, of which it holds the last five.
fn durable() -> (Bench, Vec<Arc<Event>>) {
    let (_, one) = lobby();
    let events: Vec<_> = (1..=20)
        .map(|seq| {
            let at = hubbub_hub::Offset::new(9, seq);
            Arc::new(Event { at, id: MessageId(u128::from(seq)), ..(*one).clone() })
        })
        .collect();
    let mut bench = bench(LogKind::Durable);
    bench.join(0, &account("ann"), "lobby", Start::Now);
    let log = Opened {
        epoch: 9,
        head: 20,
        oldest: 1,
        tail: events[15..].to_vec(),
        keys: Vec::new(),
        affairs: None,
    };
    bench.answer(LogAnswer::Opened { room: room("lobby"), log: Ok(Some(log)) });
    bench.said();
    (bench, events)
}

#[test]
fn what_is_not_in_memory_is_found_in_the_store_and_the_others_wait() {
    let (mut bench, events) = durable();
    say(&mut bench, 0, &account("ann"), "re 17", Act::Reply, Named::Id(events[16].id));
    assert_eq!(bench.said(), ["append 21 re 17"]);
    say(&mut bench, 0, &account("ann"), "re 3", Act::Reply, Named::Id(events[2].id));
    bench.publish(0, &account("ann"), "lobby", "after");
    assert_eq!(bench.said(), ["find #1"]);
    let event = Ok(Some(events[2].clone()));
    bench.answer(LogAnswer::Found { room: room("lobby"), ticket: 1, event });
    assert_eq!(bench.said(), ["append 22 re 3", "append 23 after"]);
    say(&mut bench, 0, &account("ann"), "re", Act::Reply, Named::At(events[3].at));
    bench.answer(LogAnswer::Found { room: room("lobby"), ticket: 2, event: Ok(None) });
    assert_eq!(bench.said(), ["find 4 #2", "0 refused nosuchmessage"]);
    say(&mut bench, 0, &account("ann"), "re", Act::Reply, Named::Id(MessageId(77)));
    let event = Err(hubbub_hub::Fault);
    bench.answer(LogAnswer::Found { room: room("lobby"), ticket: 3, event });
    assert_eq!(bench.said(), ["find #3", "0 refused logfailed"]);
}

#[test]
fn the_row_of_those_who_wait_has_an_end() {
    let (mut bench, _) = durable();
    for _ in 0..5 {
        say(&mut bench, 0, &account("ann"), "re", Act::Reply, Named::Id(MessageId(77)));
    }
    assert_eq!(bench.said(), ["find #1", "find #2", "find #3", "find #4", "0 refused busy"]);
}

#[test]
fn the_store_may_know_more_than_was_told() {
    let (mut bench, events) = durable();
    bench.ask(0, &account("ann"), "lobby", Command::Archive(Box::default()));
    assert_eq!(bench.said(), ["look up #0"]);
    let mut known = events[18..].to_vec();
    known.push(Arc::new(Event { at: hubbub_hub::Offset::new(9, 21), ..(*events[0]).clone() }));
    let found = hubbub_hub::Archive { events: known, complete: true };
    bench.answer(LogAnswer::Archive { room: room("lobby"), ticket: 0, found: Ok(Some(found)) });
    let Some(Effect::Reply(_, _, _, Reply::Archive(found))) = bench.effects.pop() else { panic!() };
    assert_eq!(found.events.len(), 2);
}
