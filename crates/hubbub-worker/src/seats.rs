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

    pub(crate) fn groups(&self, room: u32) -> usize {
        self.rooms.get(room as usize).map_or(0, |room| room.groups.len())
    }

    pub(crate) fn group(&self, room: u32, group: usize) -> Option<&Group> {
        self.rooms.get(room as usize)?.groups.get(group)
    }

    pub(crate) fn name(&self, room: u32) -> Option<&RoomName> {
        self.rooms.get(room as usize).map(|room| &room.name)
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
            if room.groups.is_empty() {
                let room = self.rooms.remove(seat.room as usize);
                self.by_name.remove(&room.name);
            }
        }
        moved
    }

    /// Takes a whole group away: seats that are told once.
    pub(crate) fn take_group(&mut self, room: u32, group: usize) -> Vec<Seat> {
        let Some(seats) = self.rooms.get_mut(room as usize) else { return Vec::new() };
        let group = seats.groups.remove(group);
        if seats.groups.is_empty() {
            let room = self.rooms.remove(room as usize);
            self.by_name.remove(&room.name);
        }
        group.seats
    }
}
