//! A session that goes on without its link: letters reach it, its link is closed, its place is given up when it ends.

mod common;

use common::{House, Rules};
use hubbub_gate::session::{Close, Cx, Input, Session};
use hubbub_hub::SessionKey;

/// Goes on without its link when that is lost, or when somebody says so; answers words; ends at `"end"`.
struct Stayer;

impl Session for Stayer {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::LinkLost => cx.part(),
            Input::Letter(from, letter) => match *letter.downcast::<&'static str>().expect("only words come")
            {
                "part" => cx.part(),
                "end" => return Err(Close::Done),
                word => cx.write_to(from, word),
            },
            _ => {}
        }
        Ok(())
    }
}

/// Writes to the other when it is opened; sends what it hears on its link.
struct Writer(SessionKey, &'static str);

impl Session for Writer {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => cx.write_to(self.0, self.1),
            Input::Letter(_, word) => {
                let word = word.downcast::<&'static str>().expect("only words come");
                cx.out.write(word.as_bytes().into());
            }
            Input::Undelivered(_) => cx.out.write((&b"nobody"[..]).into()),
            _ => {}
        }
        Ok(())
    }
}

fn say(house: &mut House, to: SessionKey, word: &'static str) -> String {
    let writer = house.open(1, Writer(to, word));
    house.settle();
    let heard = house.sent_text(writer);
    house.release(writer);
    heard
}

#[test]
fn a_session_stays_when_its_link_is_lost() {
    let mut house = House::new(2, &Rules::default());
    let key = house.open(0, Stayer);
    house.release(key);
    house.release(key);
    house.settle();
    assert_eq!(say(&mut house, key, "hello"), "hello");
    say(&mut house, key, "end");
    assert_eq!(say(&mut house, key, "hello"), "nobody");
}

#[test]
fn the_link_of_who_parts_is_closed() {
    let mut house = House::new(2, &Rules::default());
    let key = house.open(0, Stayer);
    assert!(!house.is_over(key));
    say(&mut house, key, "part");
    assert!(house.is_over(key), "its link is to be closed");
    assert_eq!(say(&mut house, key, "hello"), "hello");
    house.release(key);
    house.settle();
    assert_eq!(say(&mut house, key, "hello"), "hello");
}

#[test]
fn there_are_as_many_as_there_may_be() {
    let mut house = House::new(2, &Rules::default());
    let stayers: Vec<_> = (0..101).map(|_| house.open(0, Stayer)).collect();
    stayers.iter().for_each(|key| house.release(*key));
    house.settle();
    assert_eq!(say(&mut house, stayers[99], "hello"), "hello");
    assert_eq!(say(&mut house, stayers[100], "hello"), "nobody");
    say(&mut house, stayers[0], "end");
    let another = house.open(0, Stayer);
    house.release(another);
    house.settle();
    assert_eq!(say(&mut house, another, "hello"), "hello", "there is room again");
}
