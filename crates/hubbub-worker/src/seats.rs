//! Who on this worker is told what happens in which room.

use std::collections::HashMap;

use hubbub_gate::session::Delivery;
use hubbub_hub::RoomName;
use slab::Slab;

/// One seat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat {
    pub(crate) slot: u32,
    /// Does not want to hear itself.
    pub(crate) quiet: bool,
}

/// All seats of a room that are told in the same way.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) delivery: Delivery,
    pub(crate) seats: Vec<Seat>,
}

/// A room's seats here.
#[derive(Debug)]
pub(crate) struct RoomSeats {
    pub(crate) name: RoomName,
    pub(crate) groups: Vec<Group>,
}

/// Where a session's seat is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeatRef {
    pub(crate) room: u32,
    delivery: Delivery,
    index: u32,
}

impl SeatRef {
    pub(crate) fn is_in(&self, room: u32, delivery: Delivery) -> bool {
        self.room == room && self.delivery == delivery
    }
}

/// All seats of one worker.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    rooms: Slab<RoomSeats>,
    by_name: HashMap<RoomName, u32>,
}

impl Seats {
    pub(crate) fn find(&self, room: &RoomName) -> Option<u32> {
        self.by_name.get(room).copied()
    }

    /// The ways in which seats of this room are told.
    pub(crate) fn deliveries(&self, room: &RoomName) -> Vec<Delivery> {
        let room = self.find(room).and_then(|room| self.rooms.get(room as usize));
        room.map(|room| room.groups.iter().map(|group| group.delivery).collect()).unwrap_or_default()
    }

    /// The seats that are told in this way.
    pub(crate) fn of(&self, room: &RoomName, delivery: Delivery) -> &[Seat] {
        let room = self.find(room).and_then(|room| self.rooms.get(room as usize));
        let group = room.and_then(|room| room.groups.iter().find(|group| group.delivery == delivery));
        group.map(|group| &group.seats[..]).unwrap_or_default()
    }

    pub(crate) fn add(&mut self, name: &RoomName, delivery: Delivery, seat: Seat) -> SeatRef {
        let room = self.find(name).unwrap_or_else(|| {
            let room = self.rooms.insert(RoomSeats { name: name.clone(), groups: Vec::new() }) as u32;
            self.by_name.insert(name.clone(), room);
            room
        });
        let groups = &mut self.rooms[room as usize].groups;
        let at = groups.iter().position(|group| group.delivery == delivery).unwrap_or_else(|| {
            groups.push(Group { delivery, seats: Vec::new() });
            groups.len() - 1
        });
        let seats = &mut groups[at].seats;
        seats.push(seat);
        SeatRef { room, delivery, index: seats.len() as u32 - 1 }
    }

    /// Takes a seat away. The last seat of the group moves to its place: gives that one's slot and its old and new position.
    pub(crate) fn remove(&mut self, seat: SeatRef) -> Option<(u32, SeatRef, SeatRef)> {
        let room = self.rooms.get_mut(seat.room as usize)?;
        let group = room.groups.iter_mut().find(|group| group.delivery == seat.delivery)?;
        group.seats.swap_remove(seat.index as usize);
        let moved = group.seats.get(seat.index as usize).map(|moved| {
            let was = SeatRef { index: group.seats.len() as u32, ..seat };
            (moved.slot, was, seat)
        });
        if group.seats.is_empty() {
            room.groups.retain(|group| !group.seats.is_empty());
            self.forget_if_empty(seat.room);
        }
        moved
    }

    /// Takes all seats that are told in this way. Gives them, and where the room was.
    pub(crate) fn take(&mut self, room: &RoomName, delivery: Delivery) -> (u32, Vec<Seat>) {
        let Some(place) = self.find(room) else { return (u32::MAX, Vec::new()) };
        let groups = &mut self.rooms[place as usize].groups;
        let Some(at) = groups.iter().position(|group| group.delivery == delivery) else {
            return (place, Vec::new());
        };
        let seats = groups.remove(at).seats;
        self.forget_if_empty(place);
        (place, seats)
    }

    fn forget_if_empty(&mut self, place: u32) {
        if self.rooms.get(place as usize).is_some_and(|room| room.groups.is_empty()) {
            let room = self.rooms.remove(place as usize);
            self.by_name.remove(&room.name);
        }
    }
}
