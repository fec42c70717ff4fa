//! Telling everybody in a room: encoded once for each dialect, shared by all outboxes.

use std::sync::Arc;

use bytes::Bytes;
use hubbub_gate::dialect::Dialect;
use hubbub_gate::outbox::Push;
use hubbub_gate::session::{Delivery, Input};
use hubbub_hub::command::Notice;
use hubbub_hub::{Carried, Happening, Identity, IdentityKind, RoomName, SessionKey, UserAddress};

use crate::seats::{Seat, SeatRef};
use crate::slot::Slot;
use crate::worker::Worker;

impl<L: Default> Worker<L> {
    /// Keeps what happened until the end of the turn, so that many messages become one piece of output.
    pub(crate) fn queue_happening(&mut self, room: RoomName, what: Happening) {
        self.told += weight(&what);
        self.note_veil(&room, &what);
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
        // What the log does not keep is not for everybody, and goes out by itself; what stands between goes out together.
        let is_emission = |one: &Happening| matches!(one, Happening::Emission(_));
        for piece in what.chunk_by(|one, next| !is_emission(one) && !is_emission(next)) {
            match piece {
                [Happening::Emission(emission)] => self.fan_out_emission(room, emission),
                log => self.fan_out_log(room, log),
            }
        }
    }

    fn fan_out_log(&mut self, room: &RoomName, what: &[Happening]) {
        let veiled = self.veiled(room, what);
        let shown = veiled.as_deref().unwrap_or(what);
        // Telling one group may end sessions, and with them other groups: each is looked up when its turn comes.
        for delivery in self.seats.deliveries(room) {
            match delivery {
                Delivery::Shared(dialect) => self.tell_all(room, dialect, shown),
                Delivery::Once(dialect) => self.tell_once(room, dialect, shown),
                Delivery::Each(dialect) => self.tell_pieces(room, dialect, what),
                Delivery::Personal => self.tell_each(room, what, shown),
            }
        }
    }

    /// Tells the seats for which `may` holds; those who are told once stay seated, for the log.
    pub(crate) fn tell_some(
        &mut self,
        room: &RoomName,
        delivery: Delivery,
        what: &[Happening],
        may: impl Fn(u32, &Slot<L>) -> bool,
    ) {
        let bytes = match delivery {
            Delivery::Shared(dialect) => self.encode(room, dialect, what),
            Delivery::Once(_) => return,
            Delivery::Each(_) | Delivery::Personal => Bytes::new(),
        };
        let seats = self.seats.of(room, delivery).to_vec();
        for Seat { slot, .. } in seats {
            let Some(place) = self.slots.get_mut(slot as usize).filter(|place| may(slot, place)) else {
                continue;
            };
            self.counters.delivered.add(1);
            if matches!(delivery, Delivery::Each(_) | Delivery::Personal) {
                self.handle(slot, Input::Notice(Notice::Happened { room, what }));
                continue;
            }
            place.note_backlog();
            match place.outbox.push(bytes.clone(), self.gate.outbox) {
                Push::Overrun => {
                    self.handle(slot, Input::TooSlow);
                    continue;
                }
                Push::Dropped(count) => self.counters.dropped.add(u64::from(count)),
                Push::Queued => {}
            }
            self.touch(slot);
        }
    }

    fn encode(&mut self, room: &RoomName, dialect: Dialect, what: &[Happening]) -> Bytes {
        let mut out = Vec::new();
        dialect.encode(room, what, &mut self.coder, &mut out);
        out.into()
    }

    fn tell_all(&mut self, room: &RoomName, dialect: Dialect, what: &[Happening]) {
        let bytes = self.encode(room, dialect, what);
        if bytes.is_empty() {
            return;
        }
        let mut slow = Vec::new();
        let mut quiet = Vec::new();
        let seats = self.seats.of(room, Delivery::Shared(dialect));
        self.counters.delivered.add((seats.len() * what.len()) as u64);
        for seat in seats {
            let Some(place) = self.slots.get_mut(seat.slot as usize) else { continue };
            if seat.quiet && speaks(what, self.id, seat.slot, place.generation) {
                quiet.push(*seat);
                continue;
            }
            place.note_backlog();
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
            self.tell_quiet(room, seat, dialect, what);
        }
        for slot in slow {
            self.handle(slot, Input::TooSlow);
        }
    }

    /// For a seat that spoke and does not want to hear itself: all but its own.
    fn tell_quiet(&mut self, room: &RoomName, seat: Seat, dialect: Dialect, what: &[Happening]) {
        let Some(generation) = self.slots.get(seat.slot as usize).map(|place| place.generation) else {
            return;
        };
        let bytes = self.encode(room, dialect, &self.others(seat.slot, generation, what));
        let limits = self.gate.outbox;
        let Some(place) = self.slots.get_mut(seat.slot as usize).filter(|_| !bytes.is_empty()) else {
            return;
        };
        match place.outbox.push(bytes, limits) {
            Push::Overrun => return self.handle(seat.slot, Input::TooSlow),
            Push::Dropped(count) => self.counters.dropped.add(u64::from(count)),
            Push::Queued => {}
        }
        self.touch(seat.slot);
    }

    /// Tells seats that are told once, if this dialect has anything to say, and takes them away.
    fn tell_once(&mut self, room: &RoomName, dialect: Dialect, what: &[Happening]) {
        let bytes = self.encode(room, dialect, what);
        if bytes.is_empty() {
            return;
        }
        let (place, seats) = self.seats.take(room, Delivery::Once(dialect));
        self.counters.delivered.add((seats.len() * what.len()) as u64);
        for seat in seats {
            if let Some(slot) = self.slots.get_mut(seat.slot as usize) {
                slot.seats.retain(|kept| !kept.is_in(place, Delivery::Once(dialect)));
            }
            self.handle(seat.slot, Input::Once { what, bytes: &bytes });
        }
    }

    /// Tells sessions that write a beginning of their own before what all of them share.
    fn tell_pieces(&mut self, room: &RoomName, dialect: Dialect, what: &[Happening]) {
        let pieces: Vec<_> =
            what.iter().map(|one| self.encode(room, dialect, std::slice::from_ref(one))).collect();
        let seats = self.seats.of(room, Delivery::Each(dialect)).to_vec();
        self.counters.delivered.add((seats.len() * what.len()) as u64);
        for seat in seats {
            self.handle(seat.slot, Input::Each { room, what, pieces: &pieces });
        }
    }

    /// Tells sessions that write it themselves; `shown` is what happened for those who do not see addresses.
    fn tell_each(&mut self, room: &RoomName, what: &[Happening], shown: &[Happening]) {
        let seats = self.seats.of(room, Delivery::Personal).to_vec();
        self.counters.delivered.add((seats.len() * what.len()) as u64);
        for seat in seats {
            let Some(place) = self.slots.get(seat.slot as usize) else { continue };
            let generation = place.generation;
            let sees = place.session.as_ref().is_some_and(|session| session.sees_addresses());
            let what = if sees { what } else { shown };
            if seat.quiet && speaks(what, self.id, seat.slot, generation) {
                let others = self.others(seat.slot, generation, what);
                self.handle(seat.slot, Input::Notice(Notice::Happened { room, what: &others }));
            } else {
                self.handle(seat.slot, Input::Notice(Notice::Happened { room, what }));
            }
        }
    }

    /// What others said.
    fn others(&self, slot: u32, generation: u32, what: &[Happening]) -> Vec<Happening> {
        let of_others = |one: &&Happening| !speaks(std::slice::from_ref(*one), self.id, slot, generation);
        what.iter().filter(of_others).cloned().collect()
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
                since_unix_ms: 0, expires_unix_ms: None,
            });
        }
        NOBODY.with(Arc::clone)
    }
}

/// About how many bytes it takes to tell it.
fn weight(what: &Happening) -> usize {
    match what {
        Happening::Event(event) => event.weight(),
        Happening::Presence(_) | Happening::Affair(_) => 160,
        Happening::Passing(passing) => passing.what.as_ref().map_or(0, Carried::weight) + 160,
        Happening::Emission(emission) => emission.body.weight() + 160,
    }
}

/// Whether any of it was said by this session.
fn speaks(what: &[Happening], worker: u16, slot: u32, generation: u32) -> bool {
    let key = SessionKey { worker, slot, generation };
    what.iter().any(|one| matches!(one, Happening::Event(event) if event.origin == Some(key)))
}
