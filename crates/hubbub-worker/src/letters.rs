//! Letters: what sessions tell each other. Some protocols are spoken over several links at once or in turn; a session of
//! such a protocol has no link of its own, and those that carry its words write to it.

use hubbub_gate::session::{Delivery, Input, Letter};
use hubbub_hub::{RoomName, SessionKey};

use crate::mail::Mail;
use crate::seats::SeatRef;
use crate::slot::Slot;
use crate::worker::Worker;

impl<L: Default> Worker<L> {
    /// Hands over the letters between sessions here.
    pub(crate) fn deliver_letters(&mut self) {
        // What these make others write comes in the next round.
        for (from, to, letter) in std::mem::take(&mut self.letters) {
            self.deliver(from, to, letter);
        }
    }

    /// Hands a letter over; its sender is told if nobody is there to take it.
    pub(crate) fn deliver(&mut self, from: SessionKey, to: SessionKey, letter: Letter) {
        if to.worker == self.id && self.slot(to).is_some_and(Slot::is_taken) {
            self.input(to, Input::Letter(from, letter));
        } else if from.worker == self.id {
            self.input(from, Input::Undelivered(to));
        } else {
            self.mail(from.worker, Mail::Undelivered(from, to));
        }
    }

    /// Gives up the places of sessions without links. At the end of a turn, when nobody is about to look at them.
    pub(crate) fn clear_vacated(&mut self) {
        for key in std::mem::take(&mut self.vacated) {
            if self.slot(key).is_some() {
                self.detached -= 1;
                self.slots.remove(key.slot as usize);
            }
        }
        self.counters.sessions.set(self.slots.len() as u64);
    }

    /// Takes a session's seats in one room away: that which is told in this way, or all.
    pub(crate) fn unseat_from(&mut self, slot: u32, room: &RoomName, delivery: Option<Delivery>) {
        let Some(at) = self.seats.find(room) else { return };
        let Some(place) = self.slots.get_mut(slot as usize) else { return };
        let leaves = |seat: &SeatRef| match delivery {
            Some(delivery) => seat.is_in(at, delivery),
            None => seat.room == at,
        };
        let (gone, kept): (Vec<_>, _) = place.seats.drain(..).partition(leaves);
        place.seats = kept;
        gone.into_iter().for_each(|seat| self.unseat(seat));
    }
}
