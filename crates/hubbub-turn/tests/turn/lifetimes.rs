//! How long things last: allocations, permissions of five minutes, channels of ten.

use hubbub_turn::Settings;

use crate::world::*;

const AT: &str = "198.41.0.4:1234";

#[test]
fn a_lifetime_is_what_was_asked_within_limits() {
    for (asked, granted) in [(0, 600), (1, 600), (600, 600), (700, 700), (3600, 3600), (u32::MAX, 3600)] {
        let mut world = World::new(settings());
        let mut user = User::new(udp(AT));
        let answer = user.allocate_with(&mut world, &[UDP, (LIFETIME, &u32::to_be_bytes(asked))]);
        assert_eq!(answer.lifetime(), granted);
        world.pass(u64::from(granted) * 1000 - 1);
        assert_eq!(world.held(), (1, 1, 0));
        world.pass(1);
        assert_eq!((world.held(), world.relays.len()), ((0, 0, 0), 0));
    }
}

#[test]
fn a_refresh_begins_anew() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    for _ in 0..5 {
        world.pass(599_999);
        assert_eq!(user.refresh(&mut world, 600).lifetime(), 600);
    }
    let answer = user.ask(&mut world, REFRESH, &[]);
    assert_eq!(answer.lifetime(), 600);
    assert_eq!(user.ask(&mut world, REFRESH, &[(LIFETIME, &[0; 5])]).code(), 400);
}

#[test]
fn zero_ends_an_allocation_at_once() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    assert_eq!(user.refresh(&mut world, 0).lifetime(), 0);
    assert_eq!((world.held(), world.server.deadline()), ((0, 0, 0), None));
    assert_eq!(user.refresh(&mut world, 600).code(), 437);
    assert_eq!(user.permit(&mut world, PEER), 437);
    assert_eq!(user.bind(&mut world, 0x4000, PEER), 437);
    user.allocate(&mut world);
}

#[test]
fn no_allocation_lives_for_ever() {
    let mut world = World::new(Settings { allocation_most_ms: 1_000_000, ..settings() });
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    world.pass(500_000);
    assert_eq!(user.refresh(&mut world, 3600).lifetime(), 500);
    world.pass(499_500);
    assert_eq!(user.refresh(&mut world, 3600).lifetime(), 0);
    assert_eq!(world.held(), (0, 0, 0));
}

#[test]
fn a_permission_lasts_five_minutes_and_data_does_not_renew_it() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let relay = user.allocate(&mut world);
    assert_eq!(user.permit(&mut world, PEER), 0);
    world.pass(299_999);
    assert!(user.send(&mut world, PEER, b"hi").is_some());
    assert!(world.arrive(relay, PEER, b"hi").is_some());
    world.pass(1);
    assert_eq!(user.send(&mut world, PEER, b"hi"), None);
    assert_eq!(world.arrive(relay, PEER, b"hi"), None);
    assert_eq!(user.permit(&mut world, PEER), 0);
    assert!(world.arrive(relay, PEER, b"hi").is_some());
}

#[test]
fn a_channel_lasts_ten_minutes_and_its_permission_five() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let relay = user.allocate_with(&mut world, &[UDP, (LIFETIME, &3600u32.to_be_bytes())]).relayed();
    assert_eq!(user.bind(&mut world, 0x4000, PEER), 0);
    world.pass(300_000);
    assert_eq!(world.arrive(relay, PEER, b"hi"), None);
    assert!(user.say(&mut world, 0x4000, b"hi").is_some());
    world.pass(299_999);
    assert!(user.say(&mut world, 0x4000, b"hi").is_some());
    world.pass(1);
    assert_eq!(user.say(&mut world, 0x4000, b"hi"), None);
    // The number is free for another, and the peer for another number.
    assert_eq!(user.bind(&mut world, 0x4000, "192.88.98.8:1"), 0);
    assert_eq!(user.bind(&mut world, 0x4001, PEER), 0);
    let data = world.arrive(relay, PEER, b"hi").unwrap();
    assert_eq!(data[..2], [0x40, 0x01]);
}

#[test]
fn binding_again_renews_channel_and_permission() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let relay = user.allocate_with(&mut world, &[UDP, (LIFETIME, &3600u32.to_be_bytes())]).relayed();
    for _ in 0..5 {
        assert_eq!(user.bind(&mut world, 0x4000, PEER), 0);
        world.pass(299_999);
        assert!(world.arrive(relay, PEER, b"hi").is_some());
    }
}

#[test]
fn places_of_what_has_ended_are_free_again() {
    let mut world = World::new(Settings { permissions: 2, channels: 2, ..settings() });
    let mut user = User::new(udp(AT));
    user.allocate_with(&mut world, &[UDP, (LIFETIME, &3600u32.to_be_bytes())]);
    for round in 0..2u16 {
        let peer = |nth: u16| format!("192.88.98.{}:1", round * 3 + nth);
        assert_eq!(user.bind(&mut world, 0x4000, &peer(0)), 0);
        assert_eq!(user.bind(&mut world, 0x4001, &peer(1)), 0);
        assert_eq!(user.bind(&mut world, 0x4002, &peer(1).replace(":1", ":2")), 508);
        assert_eq!(user.permit(&mut world, &peer(2)), 508);
        assert_eq!(user.bind(&mut world, 0x4001, &peer(1)), 0, "renewing needs no place");
        assert_eq!(user.permit(&mut world, &peer(0)), 0);
        world.pass(600_000);
    }
}
