//! What packets cost, counted by the allocator: nothing on their way through, and next to nothing for strangers.

#[cfg(test)]
#[path = "turn/world.rs"]
#[allow(dead_code)]
mod world;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use hubbub_turn::{Out, Settings};

use world::*;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// Counts the bytes and calls of each thread, so that tests do not see each other.
struct Counting;

fn count(bytes: isize) {
    LIVE.set(LIVE.get() + bytes);
    CALLS.set(CALLS.get() + 1);
}

// SAFETY: every call is passed on unchanged to the system's allocator; the counters are plain thread-local
// cells without destructors, which allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn packets_pass_without_an_allocation() {
    let mut world = World::new(Settings { mobility: true, ..settings() });
    let mut user = User::new(udp("198.41.0.4:1234"));
    user.allocate_with(&mut world, &[UDP, (MOBILITY_TICKET, &[])]);
    user.bind(&mut world, 0x4000, PEER);
    user.permit(&mut world, "192.88.98.8:1");
    let relay = *world.relays.keys().next().unwrap();
    let data = channel_data(0x4000, &[7; 1000]);
    let mut out: Vec<Out> = Vec::with_capacity(8);

    let before = CALLS.get();
    for _ in 0..1000 {
        out.clear();
        world.server.handle_client(user.at, &data, world.now, &mut out);
        world.server.handle_peer(relay, address(PEER), &data, world.now, &mut out);
        // Without a channel.
        world.server.handle_peer(relay, address("192.88.98.8:1"), &data, world.now, &mut out);
        // Without a permission.
        world.server.handle_peer(relay, address("192.88.98.9:1"), &data, world.now, &mut out);
        assert_eq!(out.len(), 3);
    }
    // `address` parses, which allocates nothing either.
    assert_eq!(CALLS.get(), before);
}

#[test]
fn strangers_leave_nothing() {
    let mut world = World::new(settings());
    let request = User::new(udp("198.41.0.4:1")).plain(ALLOCATE, &[UDP]);
    world.receive(udp("198.41.0.4:1"), &request);
    world.answers.clear();
    let before = LIVE.get();
    for port in 1..10_000 {
        let ip = port % 200;
        world.receive(udp(&format!("198.41.0.{ip}:{port}")), &request);
        world.answers.clear();
    }
    assert_eq!(LIVE.get(), before);
}

#[test]
fn an_allocation_takes_little() {
    const ALLOCATIONS: usize = 500;
    let mut world = World::new(Settings { allocations_per_user: ALLOCATIONS, ..settings() });
    let make = |world: &mut World, nth: usize| {
        let mut user = User::new(tcp(&format!("198.41.{}.{}:1234", nth / 100, nth % 100), nth as u64));
        user.allocate(world);
        user.bind(world, 0x4000, PEER);
        user.bind(world, 0x4001, "192.88.98.8:1");
    };
    make(&mut world, 0);
    let before = LIVE.get();
    (1..ALLOCATIONS).for_each(|nth| make(&mut world, nth));
    let each = (LIVE.get() - before) as usize / (ALLOCATIONS - 1);
    // With two channels and their permissions. A quarter of coturn's 18 KB would be three times as much.
    assert!(each < 1500, "{each} bytes");
}
