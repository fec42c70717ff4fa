//! Stewards: one for a name, wherever it is written from; another when the first is done; none beyond the limit.

mod common;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use common::{House, Rules};
use hubbub_gate::session::{Close, Cx, Input, Session};
use hubbub_hub::SessionKey;

/// Counts the letters it has had, tells the writer, and is done when one says so.
struct Counter(u32);

impl Counter {
    fn appoint(_: &Arc<str>) -> Box<dyn Session> {
        Box::new(Self(0))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Word {
    Count,
    Done,
}

impl Session for Counter {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Input::Letter(from, letter) = input else { return Ok(()) };
        self.0 += 1;
        cx.write_to(from, self.0);
        match letter.downcast::<Word>() {
            Ok(word) if *word == Word::Done => Err(Close::Done),
            _ => Ok(()),
        }
    }
}

type Heard = Rc<RefCell<Vec<Result<u32, ()>>>>;

/// Writes to the steward of a name, once for each drained outbox, and notes what comes back.
struct Writer {
    name: Arc<str>,
    words: Vec<Word>,
    heard: Heard,
}

impl Session for Writer {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => {
                for word in &self.words {
                    cx.write_to_steward(self.name.clone(), Counter::appoint, *word);
                }
            }
            Input::Letter(_, letter) => {
                self.heard.borrow_mut().extend(letter.downcast::<u32>().ok().map(|count| Ok(*count)));
            }
            Input::Undelivered(_) => self.heard.borrow_mut().push(Err(())),
            _ => {}
        }
        Ok(())
    }
}

fn write(house: &mut House, worker: u16, name: &str, words: &[Word]) -> (SessionKey, Heard) {
    let heard = Heard::default();
    let writer = Writer { name: name.into(), words: words.to_vec(), heard: heard.clone() };
    let key = house.open(worker, writer);
    house.settle();
    (key, heard)
}

#[test]
fn a_name_has_one_steward_for_all_workers() {
    let mut house = House::new(3, &Rules::default());
    for worker in 0..3 {
        let (_, heard) = write(&mut house, worker, "ann", &[Word::Count, Word::Count]);
        let first = 2 * u32::from(worker) + 1;
        assert_eq!(
            *heard.borrow(),
            [Ok(first), Ok(first + 1)],
            "letters come in the order in which they were written"
        );
    }
    let (_, other) = write(&mut house, 0, "bo", &[Word::Count]);
    assert_eq!(*other.borrow(), [Ok(1)]);
}

#[test]
fn when_one_is_done_the_next_letter_begins_another() {
    let mut house = House::new(2, &Rules::default());
    let (_, heard) = write(&mut house, 0, "ann", &[Word::Count, Word::Done, Word::Count]);
    assert_eq!(*heard.borrow(), [Ok(1), Ok(2), Ok(1)]);
    let (_, heard) = write(&mut house, 1, "ann", &[Word::Done, Word::Done]);
    assert_eq!(*heard.borrow(), [Ok(2), Ok(1)]);
}

#[test]
fn where_there_is_no_room_the_writer_is_told() {
    let mut house = House::new(1, &Rules::default());
    for number in 0..100 {
        let (_, heard) = write(&mut house, 0, &format!("name-{number}"), &[Word::Count]);
        assert_eq!(*heard.borrow(), [Ok(1)]);
    }
    let (_, heard) = write(&mut house, 0, "one too many", &[Word::Count]);
    assert_eq!(*heard.borrow(), [Err(())]);
    let (_, heard) = write(&mut house, 0, "name-0", &[Word::Done]);
    assert_eq!(*heard.borrow(), [Ok(2)], "those that are there go on");
    let (_, heard) = write(&mut house, 0, "one too many", &[Word::Count]);
    assert_eq!(*heard.borrow(), [Ok(1)], "there is room again");
}
