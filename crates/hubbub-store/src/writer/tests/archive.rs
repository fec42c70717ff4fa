//! Looking things up in a log on disk: the same answers as going through all that is kept would give, whatever is asked.

use std::sync::Arc;

use hubbub_hub::{
    About, Archive, ArchiveAsk, Body, Carried, Content, Event, EventName, Fault, Find, Keep, LogAnswer,
    LogAsk, MessageId, Offset, Original, RoomName, Sender, UserAddress,
};
use proptest::prelude::*;
use proptest::sample::Index;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::{ALL, Bench, EPOCH};
use crate::lookup;

const PEOPLE: [&str; 4] = ["ann@localhost", "bo@localhost", "cy@guest.localhost", "nobody@localhost"];

fn inbox() -> RoomName {
    RoomName::inbox_of("ann")
}

fn address(user: usize) -> UserAddress {
    UserAddress::from_prepared(PEOPLE[user])
}

/// A message of ann's inbox; from herself it is a copy of what she said to Bo.
fn message(seq: u64, unix_ms: u64, user: usize) -> Event {
    Event {
        room: inbox(),
        at: Offset::new(EPOCH, seq),
        id: MessageId(u128::from(unix_ms) << 80 | 7 << 76 | u128::from(seq)),
        unix_ms,
        from: Sender { user: address(user), name: "x".into() },
        to: (user == 0).then(|| address(1)),
        body: Body::new(EventName::default(), Content::Text(format!("{seq}").into())),
        origin: None,
    }
}

fn open(keep: Keep) -> LogAsk {
    LogAsk::Open {
        room: inbox(),
        only_for_account: None,
        keep,
        tail_count: 0,
        tail_bytes: 0,
        keys_since_ms: 0,
        new_epoch: EPOCH,
    }
}

fn append(event: &Event) -> LogAsk {
    LogAsk::Append { event: Arc::new(event.clone()), key: None }
}

/// A log with these messages, of which the newest `count` are kept.
fn bench(events: &[Event], count: u64) -> Bench {
    let mut bench = Bench::new();
    bench.ask(vec![open(Keep { count, ..ALL })]);
    bench.ask(events.iter().map(append).collect());
    bench
}

fn look(bench: &Bench, what: &ArchiveAsk, through: u64) -> Result<Option<Archive>, Fault> {
    let ask = LogAsk::Archive { room: inbox(), what: Box::new(what.clone()), through, ticket: 9 };
    match lookup::answer(&bench.writer.connection, &ask).unwrap() {
        Some(LogAnswer::Archive { room, ticket: 9, found }) if room == inbox() => found,
        other => panic!("{other:?}"),
    }
}

type Found = Option<(Vec<u64>, bool)>;

fn places(found: Option<Archive>) -> Found {
    found.map(|found| (found.events.iter().map(|event| event.at.seq).collect(), found.complete))
}

/// What going through all of `kept` finds.
fn plainly(kept: &[Event], ask: &ArchiveAsk) -> Found {
    let place = |id: &MessageId| kept.iter().find(|event| event.id == *id).map(|event| event.at.seq);
    let all = |ids: &[MessageId]| ids.iter().map(place).collect::<Option<Vec<u64>>>();
    let (after, before) = (all(&ask.after)?, all(&ask.before)?);
    all(ask.ids.as_deref().unwrap_or_default())?;
    let lies = |seq: u64| after.iter().all(|one| seq > *one) && before.iter().all(|one| seq < *one);
    let mut seqs: Vec<u64> = kept
        .iter()
        .filter(|event| lies(event.at.seq) && ask.takes(event))
        .map(|event| event.at.seq)
        .collect();
    let limit = ask.limit as usize;
    let complete = seqs.len() <= limit;
    if ask.newest {
        seqs = seqs.split_off(seqs.len().saturating_sub(limit));
    } else {
        seqs.truncate(limit);
    }
    Some((seqs, complete))
}

/// A question about a log that nobody has seen yet: messages are named by where they are in it, or not at all.
#[derive(Debug, Clone)]
struct Question {
    with: Option<usize>,
    span: (Option<u64>, Option<u64>),
    after: Vec<Index>,
    before: Vec<Index>,
    ids: Option<Vec<Index>>,
    newest: bool,
    limit: u32,
}

impl Question {
    fn about(&self, events: &[Event]) -> ArchiveAsk {
        // One of all is not there.
        let stranger = MessageId(0);
        let id = |at: &Index| events.get(at.index(events.len() + 1)).map_or(stranger, |event| event.id);
        let ids = |all: &[Index]| all.iter().map(id).collect::<Vec<_>>();
        ArchiveAsk {
            with: self.with.map(address),
            start_ms: self.span.0,
            end_ms: self.span.1,
            after: ids(&self.after),
            before: ids(&self.before),
            ids: self.ids.as_deref().map(ids),
            newest: self.newest,
            limit: self.limit,
        }
    }
}

fn question() -> impl Strategy<Value = Question> {
    let named = || prop::collection::vec(any::<Index>(), 0..2);
    let moment = || prop::option::weighted(0.3, 0_u64..700);
    let ids = prop::option::weighted(0.2, prop::collection::vec(any::<Index>(), 0..6));
    let parts = (prop::option::of(0..PEOPLE.len()), (moment(), moment()), named(), named(), ids);
    (parts, any::<bool>(), 0..40_u32).prop_map(|((with, span, after, before, ids), newest, limit)| Question {
        with,
        span,
        after,
        before,
        ids,
        newest,
        limit,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_index_finds_what_going_through_all_would_find(
        said in prop::collection::vec((0..40_u64, 0..3_usize), 0..60),
        count in prop_oneof![Just(u64::MAX), 0..50_u64],
        questions in prop::collection::vec(question(), 12),
    ) {
        // About in the order of their times, as messages are that were filed from elsewhere.
        let events: Vec<Event> = (1..)
            .zip(said)
            .map(|(seq, (skew, user))| message(seq, seq * 10 + skew, user))
            .collect();
        let bench = bench(&events, count);
        let gone = events.len() - usize::try_from(count).unwrap_or(usize::MAX).min(events.len());
        let kept = &events[gone..];
        for question in questions {
            let ask = question.about(&events);
            let found = look(&bench, &ask, u64::MAX).expect("nothing is damaged");
            prop_assert_eq!(places(found), plainly(kept, &ask), "{:?}", ask);
        }
    }
}

#[test]
fn what_was_not_told_yet_is_not_found() {
    let events: Vec<Event> = (1..=5).map(|seq| message(seq, seq * 10, 1)).collect();
    let bench = bench(&events, u64::MAX);
    let newest = ArchiveAsk { newest: true, limit: 1, ..ArchiveAsk::default() };
    assert_eq!(places(look(&bench, &newest, 3).unwrap()), Some((vec![3], false)));
    let last = ArchiveAsk { ids: Some(vec![events[3].id]), limit: 1, ..ArchiveAsk::default() };
    assert_eq!(places(look(&bench, &last, 3).unwrap()), Some((vec![], true)));
}

#[test]
fn a_log_that_was_never_opened_is_empty() {
    let bench = Bench::new();
    assert_eq!(places(look(&bench, &ArchiveAsk::default(), 0).unwrap()), Some((vec![], true)));
    for ask in [
        ArchiveAsk { after: vec![MessageId(1)], ..ArchiveAsk::default() },
        ArchiveAsk { before: vec![MessageId(1)], ..ArchiveAsk::default() },
        ArchiveAsk { ids: Some(vec![MessageId(1)]), ..ArchiveAsk::default() },
    ] {
        assert_eq!(places(look(&bench, &ask, 0).unwrap()), None, "{ask:?}");
    }
}

#[test]
fn a_page_of_large_messages_ends_before_its_limit() {
    let large = |seq| {
        let content = Content::Binary(vec![0; 600_000].into());
        Event { body: Body::new(EventName::default(), content), ..message(seq, seq, 1) }
    };
    let events: Vec<Event> = (1..=3).map(large).collect();
    let bench = bench(&events, u64::MAX);
    for (newest, seq) in [(false, 1), (true, 3)] {
        let ask = ArchiveAsk { newest, limit: 10, ..ArchiveAsk::default() };
        assert_eq!(places(look(&bench, &ask, u64::MAX).unwrap()), Some((vec![seq], false)));
        let ids = ArchiveAsk { ids: Some(events.iter().map(|event| event.id).collect()), ..ask };
        assert_eq!(places(look(&bench, &ids, u64::MAX).unwrap()), Some((vec![seq], false)));
    }
}

#[test]
fn what_is_taken_back_is_gone_from_the_disk_with_its_edits() {
    let original = |event: &Event| {
        Arc::new(Original { id: event.id, own_id: None, from: event.from.clone(), text: "".into() })
    };
    let about = |seq, about| {
        let event = message(seq, seq * 10, 1);
        Event { body: Body { about: Some(about), ..event.body.clone() }, ..event }
    };
    let mut first = message(1, 10, 1);
    first.body.content = Content::Text("a secret".into());
    first.body.carried = Some(Carried::new("odd", "the same secret".into()));
    first.body.own_id = Some("own".into());
    let other = message(2, 20, 1);
    let edit = about(3, About::Edit(original(&first)));
    let reply = about(4, About::Reply(original(&first)));
    let quoting = Original { text: "a secret".into(), ..(*original(&first)).clone() };
    let quoted = Event {
        body: Body { about: Some(About::Reply(Arc::new(quoting))), ..reply.body.clone() },
        ..reply.clone()
    };
    let retraction = about(5, About::Retraction(original(&first)));
    let bench = bench(&[first.clone(), other.clone(), edit.clone(), quoted, retraction.clone()], u64::MAX);
    let all = ArchiveAsk { limit: 9, ..ArchiveAsk::default() };
    let found = look(&bench, &all, u64::MAX).unwrap().unwrap().events;
    let expected = [first.tombstone(&retraction), other, edit.tombstone(&retraction), reply, retraction];
    assert_eq!(found.iter().map(|event| (**event).clone()).collect::<Vec<_>>(), expected);
    let secrets = "SELECT count(*) FROM events WHERE instr(content, 'secret')
        OR instr(carried, 'secret') OR instr(about, 'secret')";
    let left: i64 = bench.writer.connection.query_row(secrets, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[test]
fn one_message_by_its_id_or_place() {
    let events: Vec<Event> = (1..=5).map(|seq| message(seq, seq * 10, 1)).collect();
    let bench = bench(&events, 3);
    let find = |what| {
        let ask = LogAsk::Find { room: inbox(), what, ticket: 4 };
        match lookup::answer(&bench.writer.connection, &ask).unwrap() {
            Some(LogAnswer::Found { ticket: 4, event: Ok(event), .. }) => event.map(|event| event.at.seq),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(find(Find::Id(events[3].id)), Some(4));
    assert_eq!(find(Find::Seq(5)), Some(5));
    for what in [Find::Id(events[1].id), Find::Seq(2), Find::Seq(6), Find::Id(MessageId(1))] {
        assert_eq!(find(what), None, "{what:?}");
    }
}

#[test]
fn damaged_rows_are_no_answer() {
    let bench = bench(&[message(1, 10, 1)], u64::MAX);
    bench.sql("UPDATE events SET kind = 99");
    let all = ArchiveAsk { limit: 9, ..ArchiveAsk::default() };
    assert!(look(&bench, &all, u64::MAX).is_err());
}

#[test]
fn each_question_has_an_index() {
    let bench = bench(&[], 0);
    let plan = |sql: &str, values: Vec<Value>| {
        let mut statement = bench.writer.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ")
    };
    let of = |ask: &ArchiveAsk| {
        let (sql, values) = lookup::statement(1, ask, 2..9);
        plan(&sql, values)
    };
    for newest in [false, true] {
        let all = ArchiveAsk { newest, start_ms: Some(1), end_ms: Some(9), ..ArchiveAsk::default() };
        let with = ArchiveAsk { with: Some(address(1)), ..all.clone() };
        for (plan, index) in
            [(of(&all), "PRIMARY KEY (log=? AND seq>? AND seq<?)"), (of(&with), "events_by_peer")]
        {
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{index}: {plan}");
        }
    }
}
