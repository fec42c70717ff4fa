//! The writer against a model of it that is plain to see: whatever happens to a log, both keep the same.

use std::sync::Arc;

use hubbub_hub::{Event, Keep, LogAsk};
use proptest::prelude::*;

use super::{ALL, Bench, append, event, lobby, words};
use crate::reader;

/// What may happen to a log.
#[derive(Debug, Clone, Copy)]
enum Step {
    Append { count: u64, bytes: usize, later_ms: u64 },
    Hole,
    Open(Keep),
    Restart,
}

fn keep() -> impl Strategy<Value = Keep> {
    let limit = |most: u64| prop_oneof![Just(u64::MAX), 0..most];
    (limit(40), limit(8000), limit(400)).prop_map(|(count, bytes, age_ms)| Keep { count, bytes, age_ms })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..60_u64, 0..300_usize, 0..30_u64)
            .prop_map(|(count, bytes, later_ms)| Step::Append { count, bytes, later_ms }),
        1 => Just(Step::Hole),
        2 => keep().prop_map(Step::Open),
        1 => Just(Step::Restart),
    ]
}

/// The same log as a plain list: all that the policy keeps of it.
struct Model {
    kept: Vec<Arc<Event>>,
    head: u64,
    keep: Keep,
    now_ms: u64,
}

impl Model {
    fn trim(&mut self) {
        let since = self.now_ms.saturating_sub(self.keep.age_ms);
        let weight = |kept: &[Arc<Event>]| kept.iter().map(|event| event.weight() as u64).sum::<u64>();
        while let Some(first) = self.kept.first() {
            let over = self.kept.len() as u64 > self.keep.count || weight(&self.kept) > self.keep.bytes;
            if !over && first.unix_ms >= since {
                break;
            }
            self.kept.remove(0);
        }
    }

    fn oldest(&self) -> u64 {
        self.head + 1 - self.kept.len() as u64
    }
}

fn play(bench: &mut Bench, model: &mut Model, step: &Step) {
    match *step {
        Step::Append { count, bytes, later_ms } => {
            model.now_ms += later_ms;
            let events: Vec<_> = (1..=count).map(|n| event(model.head + n, model.now_ms, bytes)).collect();
            model.head += count;
            model.kept.extend(events.iter().cloned());
            model.trim();
            let asks = events.into_iter().map(|event| LogAsk::Append { event, key: None });
            assert_eq!(words(&bench.ask(asks.collect())), [format!("+{}/{}", model.head, model.oldest())]);
        }
        Step::Hole => {
            let seq = model.head + 2;
            assert_eq!(words(&bench.ask(vec![append(seq, model.now_ms)])), [format!("-{seq}")]);
        }
        Step::Open(keep) => {
            model.keep = keep;
            model.trim();
            let opened = bench.open(keep);
            assert_eq!((opened.head, opened.oldest), (model.head, model.oldest()));
            assert_eq!(opened.tail, model.kept);
        }
        Step::Restart => {
            // The clock is not kept: a new writer learns the time from what it is asked.
            let clock = bench.writer.clock_ms;
            bench.reopen();
            bench.writer.clock_ms = clock;
        }
    }
    let page = reader::page(&bench.writer.connection, &lobby(), 0, u32::MAX).unwrap();
    assert_eq!(page.unwrap(), model.kept);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn behaves_like_a_plain_list(steps in prop::collection::vec(step(), 1..24)) {
        let mut bench = Bench::new();
        bench.sql("PRAGMA synchronous = off");
        bench.open(ALL);
        let mut model = Model { kept: Vec::new(), head: 0, keep: ALL, now_ms: 1000 };
        for step in steps {
            play(&mut bench, &mut model, &step);
        }
    }
}
