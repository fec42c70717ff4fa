//! Telling everybody in a room: encoded once for each dialect, shared by all outboxes.

use std::sync::Arc;

use bytes::Bytes;
use hubbub_gate::dialect::Dialect;
use hubbub_gate::outbox::Push;
use hubbub_gate::session::{Delivery, Input};
use hubbub_hub::command::Notice;
use hubbub_hub::{Happening, Identity, IdentityKind, RoomName, SessionKey, UserAddress};

use crate::seats::{Seat, SeatRef};
use crate::worker::Worker;

impl<L> Worker<L> {
    /// Keeps what happened until the end of the turn, so that many messages become one piece of output.
    pub(crate) fn queue_happening(&mut self, room: RoomName, what: Happening) {
        let queue = self.happened.entry(room.clone()).or_default();
        if queue.is_empty() {
            self.happened_order.push(room);
        }
        queue.push(what);
    }

    pub(crate) fn fan_out(&mut self) {
        for room in std::mem::take(&mut self.happened_order) {
            self.fan_out_room(&room);
        }
    }

    pub(crate) fn fan_out_room(&mut self, room: &RoomName) {
        let Some(what) = self.happened.remove(room) else { return };
        self.happened_order.retain(|other| other != room);
        let Some(place) = self.seats.find(room) else { return };
        let mut group = 0;
        while group < self.seats.groups(place) {
            let Some(delivery) = self.seats.group(place, group).map(|group| group.delivery) else { break };
            match delivery {
                Delivery::Shared(dialect) => self.tell_all(place, group, dialect, &what),
                Delivery::Once(dialect) => {
                    if self.tell_once(place, group, dialect, &what) {
                        // The group is gone; the next has its place. So may the room be.
                        if self.seats.name(place) != Some(room) {
                            return;
                        }
                        continue;
                    }
                }
                Delivery::Personal => self.tell_each(place, group, room, &what),
            }
            group += 1;
        }
    }

    fn encode(&mut self, dialect: Dialect, what: &[Happening]) -> Bytes {
        let mut out = Vec::new();
        dialect.encode(what, &mut self.coder, &mut out);
        out.into()
    }

    fn tell_all(&mut self, room: u32, group: usize, dialect: Dialect, what: &[Happening]) {
        let bytes = self.encode(dialect, what);
        if bytes.is_empty() {
            return;
        }
        let mut slow = Vec::new();
        let mut quiet = Vec::new();
        let Some(seats) = self.seats.group(room, group).map(|group| &group.seats) else { return };
        self.counters.delivered.add((seats.len() * what.len()) as u64);
        for seat in seats {
            let Some(place) = self.slots.get_mut(seat.slot as usize) else { continue };
            if seat.quiet && speaks(what, self.id, seat.slot, place.generation) {
                quiet.push(*seat);
                continue;
            }
            match place.outbox.push(bytes.clone(), self.gate.outbox) {
                Push::Queued => {}
                Push::Dropped(count) => self.counters.dropped.add(u64::from(count)),
                Push::Overrun => slow.push(seat.slot),
            }
            if !std::mem::replace(&mut place.touched, true) {
                self.touched.push(seat.slot);
            }
        }
        for seat in quiet {
            self.tell_quiet(seat, dialect, what);
        }
        for slot in slow {
            self.handle(slot, Input::TooSlow);
        }
    }

    /// For a seat that spoke and does not want to hear itself: all but its own.
    fn tell_quiet(&mut self, seat: Seat, dialect: Dialect, what: &[Happening]) {
        let Some(generation) = self.slots.get(seat.slot as usize).map(|place| place.generation) else {
            return;
        };
        let others: Vec<_> = what
            .iter()
            .filter(|one| !speaks(std::slice::from_ref(one), self.id, seat.slot, generation))
            .cloned()
            .collect();
        let bytes = self.encode(dialect, &others);
        if bytes.is_empty() {
            return;
        }
        let limits = self.gate.outbox;
        let overrun = self.slots.get_mut(seat.slot as usize).map(|place| place.outbox.push(bytes, limits));
        match overrun {
            Some(Push::Overrun) => self.handle(seat.slot, Input::TooSlow),
            _ => self.touch(seat.slot),
        }
    }

    /// Tells seats that are told once, if this dialect has anything to say, and takes them away.
    fn tell_once(&mut self, room: u32, group: usize, dialect: Dialect, what: &[Happening]) -> bool {
        let bytes = self.encode(dialect, what);
        if bytes.is_empty() {
            return false;
        }
        let seats = self.seats.take_group(room, group);
        self.counters.delivered.add((seats.len() * what.len()) as u64);
        for seat in seats {
            if let Some(place) = self.slots.get_mut(seat.slot as usize) {
                place.seats.retain(|kept| !kept.is_in(room, Delivery::Once(dialect)));
            }
            self.handle(seat.slot, Input::Once { what, bytes: &bytes });
        }
        true
    }

    fn tell_each(&mut self, place: u32, group: usize, room: &RoomName, what: &[Happening]) {
        let Some(seats) = self.seats.group(place, group).map(|group| group.seats.clone()) else { return };
        self.counters.delivered.add((seats.len() * what.len()) as u64);
        for seat in seats {
            let Some(generation) = self.slots.get(seat.slot as usize).map(|place| place.generation) else {
                continue;
            };
            if seat.quiet && speaks(what, self.id, seat.slot, generation) {
                let of_others =
                    |one: &&Happening| !speaks(std::slice::from_ref(*one), self.id, seat.slot, generation);
                let others: Vec<_> = what.iter().filter(of_others).cloned().collect();
                self.handle(seat.slot, Input::Notice(Notice::Happened { room, what: &others }));
            } else {
                self.handle(seat.slot, Input::Notice(Notice::Happened { room, what }));
            }
            if self
                .slots
                .get(seat.slot as usize)
                .is_some_and(|place| place.outbox.len() > self.gate.outbox.bytes)
            {
                self.handle(seat.slot, Input::TooSlow);
            }
        }
    }

    pub(crate) fn unseat(&mut self, seat: SeatRef) {
        let Some((slot, was, is)) = self.seats.remove(seat) else { return };
        if let Some(place) = self.slots.get_mut(slot as usize)
            && let Some(moved) = place.seats.iter_mut().find(|seat| **seat == was)
        {
            *moved = is;
        }
    }

    /// Who takes leave: nobody asks.
    pub(crate) fn nobody(&self) -> Arc<Identity> {
        thread_local! {
            static NOBODY: Arc<Identity> = Arc::new(Identity {
                user: UserAddress::from_prepared("nobody"),
                name: "".into(),
                kind: IdentityKind::Guest,
                named: false,
                grants: None,
                expires_unix_ms: None,
            });
        }
        NOBODY.with(Arc::clone)
    }
}

/// Whether any of it was said by this session.
fn speaks(what: &[Happening], worker: u16, slot: u32, generation: u32) -> bool {
    let key = SessionKey { worker, slot, generation };
    what.iter().any(|one| matches!(one, Happening::Event(event) if event.origin == Some(key)))
}
