//! Streams that nobody resumed in time: how much of what their clients said was taken, for clients that come too late and would say it again
//! (XEP-0198 §5). One steward remembers those of the whole server, as many as it may.

use std::collections::VecDeque;
use std::sync::Arc;

use hubbub_xmpp::jid::Jid;

use super::resume::Passing;
use crate::session::{Close, Cx, Input, Session};
use crate::session_id::SessionId;

/// The steward's name.
const OFFICE: &str = "xmpp streams that are over";

/// Most streams that are remembered; the oldest are forgotten.
const MOST: usize = 4096;

/// A stream that is over.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: SessionId,
    /// Whose it was: the bare address.
    pub(super) user: Jid,
    /// How many stanzas of its client were taken, modulo 2^32.
    pub(super) handled: u32,
}

/// To the steward.
enum ToMemory {
    Note(Ended),
    /// How much of this user's stream was taken? Answered by [`Passing::TooLate`].
    Asked(SessionId, Jid),
}

/// Has it remembered.
pub(super) fn note(ended: Ended, cx: &mut Cx<'_>) {
    cx.write_to_steward(OFFICE.into(), appoint, ToMemory::Note(ended));
}

/// Asks how much was taken.
pub(super) fn ask(id: SessionId, user: Jid, cx: &mut Cx<'_>) {
    cx.write_to_steward(OFFICE.into(), appoint, ToMemory::Asked(id, user));
}

fn appoint(_: &Arc<str>) -> Box<dyn Session> {
    Box::new(Memory::default())
}

#[derive(Default)]
struct Memory(VecDeque<Ended>);

impl Memory {
    fn note(&mut self, ended: Ended) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(ended);
    }

    fn handled(&self, id: SessionId, user: &Jid) -> Option<u32> {
        self.0.iter().rev().find(|one| one.id == id && one.user == *user).map(|one| one.handled)
    }
}

impl Session for Memory {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Letter(from, letter) => match letter.downcast().map(|letter| *letter) {
                Ok(ToMemory::Note(ended)) => self.note(ended),
                Ok(ToMemory::Asked(id, user)) => {
                    cx.write_to(from, Passing::TooLate(self.handled(id, &user)));
                }
                Err(_) => {}
            },
            Input::Shutdown => return Err(Close::Done),
            _ => return Ok(()),
        }
        if self.0.is_empty() { Err(Close::Done) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hubbub_hub::SessionKey;

    #[test]
    fn the_newest_are_remembered_for_whose_they_were() {
        let jid = |text| Jid::parse(text).expect("an address");
        let (romeo, juliet) = (jid("romeo@a.org"), jid("juliet@a.org"));
        let id = |slot| SessionId { host: SessionKey { worker: 0, slot, generation: 3 }, since_unix_ms: 9 };
        let mut memory = Memory::default();
        for slot in 0..=4096 {
            memory.note(Ended { id: id(slot), user: romeo.clone(), handled: slot * 2 });
        }
        assert_eq!(memory.handled(id(0), &romeo), None, "too long ago");
        assert_eq!(memory.handled(id(1), &romeo), Some(2));
        assert_eq!(memory.handled(id(4096), &romeo), Some(8192));
        assert_eq!(memory.handled(id(4096), &juliet), None, "it was not hers");
        let other = SessionId { since_unix_ms: 10, ..id(7) };
        assert_eq!(memory.handled(other, &romeo), None, "another stream at the same place");
    }
}
