//! One order per room: whoever reads from a position, by whatever wire form and on whichever worker, gets exactly what
//! follows it, however the workers' turns fall.

mod common;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use common::sessions::{Sayer, Seen, Witness};
use common::{House, Rules, messages};
use hubbub_gate::session::Input;
use hubbub_hub::{Offset, SessionKey, Start};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// Somebody on this worker says something.
    Say(Index),
    /// Somebody comes to this worker and reads on, from a position known by now or from now on.
    Join { worker: Index, stream: bool, after: Option<Index> },
    /// One of the readers goes.
    Go(Index),
    /// One worker has its turn.
    Turn(Index),
    /// A link takes what is queued for it.
    Read(Index),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        4 => index().prop_map(Step::Say),
        2 => (index(), any::<bool>(), prop::option::of(index()))
            .prop_map(|(worker, stream, after)| Step::Join { worker, stream, after }),
        1 => index().prop_map(Step::Go),
        6 => index().prop_map(Step::Turn),
        1 => index().prop_map(Step::Read),
    ]
}

/// Somebody who reads.
struct Reader {
    key: SessionKey,
    start: Start,
    by: By,
    gone: bool,
}

/// How he is told.
enum By {
    /// Event by event, written down by the session.
    Notice(Rc<RefCell<Seen>>),
    /// In an event stream's bytes.
    Stream(String),
}

struct Play {
    house: House,
    sayers: Vec<SessionKey>,
    said: usize,
    epoch: u32,
    first: Rc<RefCell<Seen>>,
    readers: Vec<Reader>,
}

impl Play {
    fn new(workers: u16) -> Self {
        let mut house = House::new(workers, &Rules::default());
        let sayers = (0..workers).map(|worker| house.open(worker, Sayer)).collect();
        let (witness, first) = Witness::new(Start::Now);
        house.open(0, witness);
        house.settle();
        let epoch = first.borrow().epoch;
        Self { house, sayers, said: 0, epoch, first, readers: Vec::new() }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Say(worker) => {
                let sayer = *worker.get(&self.sayers);
                let mut text = format!("{} {}", sayer.worker, self.said).into_bytes();
                self.said += 1;
                self.house.input(sayer, Input::Stream(&mut text));
            }
            Step::Join { worker, stream, after } => self.join(worker, *stream, after.as_ref()),
            Step::Go(reader) if !self.readers.is_empty() => {
                let index = reader.index(self.readers.len());
                self.read(index);
                self.readers[index].gone = true;
                self.house.release(self.readers[index].key);
            }
            Step::Turn(worker) => self.house.turn(worker.index(self.sayers.len()) as u16),
            Step::Read(reader) if !self.readers.is_empty() => self.read(reader.index(self.readers.len())),
            Step::Go(_) | Step::Read(_) => {}
        }
    }

    fn join(&mut self, worker: &Index, stream: bool, after: Option<&Index>) {
        let worker = worker.index(self.sayers.len()) as u16;
        let start = match after {
            Some(after) => {
                let seq = after.index(self.first.borrow().messages.len() + 1) as u64;
                Start::After(Offset::new(self.epoch, seq))
            }
            None => Start::Now,
        };
        let (key, by) = if stream {
            let since = match start {
                Start::After(offset) => format!("&since={offset}"),
                _ => String::new(),
            };
            let key = self.house.stream(worker, &format!("/rooms/lobby/messages?name=Ann{since}"));
            (key, By::Stream(String::new()))
        } else {
            let (witness, seen) = Witness::new(start);
            (self.house.open(worker, witness), By::Notice(seen))
        };
        self.readers.push(Reader { key, start, by, gone: false });
    }

    fn read(&mut self, index: usize) {
        let reader = &mut self.readers[index];
        if let By::Stream(text) = &mut reader.by {
            text.push_str(&self.house.sent_text(reader.key));
        }
    }

    fn finish(&mut self) {
        self.house.settle();
        (0..self.readers.len()).for_each(|index| self.read(index));
    }
}

impl Reader {
    /// The position it began at, if it got so far, and what it was told.
    fn told(&self) -> (Option<u64>, Vec<(u64, String)>) {
        match &self.by {
            By::Notice(seen) => (seen.borrow().from, seen.borrow().messages.clone()),
            By::Stream(text) => {
                let joined = text.split_once("id: ").and_then(|(_, rest)| rest.split_once('\n'));
                let from = joined.and_then(|(id, _)| id.split_once('-')?.1.parse().ok());
                (from, messages(text).collect())
            }
        }
    }
}

fn check(play: &Play) -> Result<(), TestCaseError> {
    let order: BTreeMap<u64, String> = play.first.borrow().messages.iter().cloned().collect();
    let all = 1..=play.said as u64;
    prop_assert!(order.keys().copied().eq(all), "the first reader: {order:?}");
    for sayer in &play.sayers {
        let mine = format!("{} ", sayer.worker);
        let numbers = order.values().filter_map(|text| text.strip_prefix(&mine)?.parse::<usize>().ok());
        prop_assert!(numbers.is_sorted(), "a sayer's messages changed places: {order:?}");
    }
    for reader in &play.readers {
        let (from, told) = reader.told();
        let Some(from) = from else {
            prop_assert!(reader.gone, "never let in");
            continue;
        };
        if let Start::After(offset) = reader.start {
            prop_assert_eq!(from, offset.seq);
        }
        let suffix: Vec<_> = order.range(from + 1..).map(|(seq, text)| (*seq, text.clone())).collect();
        let expected = if reader.gone { &suffix[..told.len().min(suffix.len())] } else { &suffix[..] };
        prop_assert_eq!(&told[..], expected);
    }
    Ok(())
}

proptest! {
    #[test]
    fn every_reader_gets_the_rooms_order_from_where_it_began(workers in 1u16..4, steps in vec(step(), 1..80)) {
        let mut play = Play::new(workers);
        steps.iter().for_each(|step| play.take(step));
        play.finish();
        check(&play)?;
    }
}
