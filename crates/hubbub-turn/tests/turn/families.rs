//! Both families of addresses in one allocation (RFC 8656 sections 7.2, 8.2 and 18.11).

use hubbub_turn::{Family, Settings};

use crate::world::*;

const AT: &str = "198.41.0.4:1234";
const BOTH: [(u16, &[u8]); 2] = [UDP, (ADDITIONAL_ADDRESS_FAMILY, &[2, 0, 0, 0])];

fn refresh(user: &mut User, world: &mut World, family: u8, lifetime: u32) -> Answer {
    let family = [family, 0, 0, 0];
    user.ask(world, REFRESH, &[(LIFETIME, &lifetime.to_be_bytes()), (REQUESTED_ADDRESS_FAMILY, &family)])
}

#[test]
fn an_allocation_may_have_an_address_of_each() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let answer = user.allocate_with(&mut world, &BOTH);
    let relays = answer.addresses(XOR_RELAYED_ADDRESS);
    assert!(relays.len() == 2 && relays[0].is_ipv4() && relays[1].is_ipv6());
    for (peer, relay) in [(PEER, relays[0]), (PEER_V6, relays[1])] {
        assert_eq!(user.permit(&mut world, peer), 0);
        assert_eq!(user.send(&mut world, peer, b"hi").unwrap().relay, relay);
        let data = world.arrive(relay, peer, b"there").unwrap();
        assert_eq!(Answer::read(data).addresses(XOR_PEER_ADDRESS), [address(peer)]);
    }
}

#[test]
fn one_of_two_is_better_than_none() {
    for broken in [Family::V4, Family::V6] {
        let mut world = World::new(settings());
        world.broken = vec![broken];
        let mut user = User::new(udp(AT));
        let answer = user.allocate_with(&mut world, &BOTH);
        assert_eq!(answer.addresses(XOR_RELAYED_ADDRESS).len(), 1);
        let error = answer.value(ADDRESS_ERROR_CODE).unwrap();
        assert_eq!(error[..4], [if broken == Family::V4 { 1 } else { 2 }, 0, 5, 8]);
        assert_eq!(world.held(), (1, 1, 0));
    }
}

#[test]
fn a_family_that_is_not_offered_is_named() {
    let mut world = World::new(Settings { ipv6: false, ..settings() });
    let mut user = User::new(udp(AT));
    let answer = user.allocate_with(&mut world, &BOTH);
    assert_eq!(answer.value(ADDRESS_ERROR_CODE).unwrap()[..4], [2, 0, 4, 40]);
    let mut other = User::new(udp("198.41.0.4:2"));
    other.learn_nonce(&mut world);
    let only: [(u16, &[u8]); 2] = [UDP, (REQUESTED_ADDRESS_FAMILY, &[2, 0, 0, 0])];
    assert_eq!(other.ask(&mut world, ALLOCATE, &only).code(), 440);
}

#[test]
fn peers_must_be_of_a_family_that_is_there() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    assert_eq!(user.permit(&mut world, PEER_V6), 443);
    assert_eq!(user.bind(&mut world, 0x4000, PEER_V6), 443);
    assert_eq!(user.send(&mut world, PEER_V6, b"hi"), None);
}

#[test]
fn one_family_may_end_before_the_other() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate_with(&mut world, &BOTH);
    assert_eq!(user.bind(&mut world, 0x4000, PEER), 0);
    assert_eq!(refresh(&mut user, &mut world, 1, 0).lifetime(), 0);
    assert_eq!(world.held(), (1, 1, 0));
    assert_eq!(user.say(&mut world, 0x4000, b"hi"), None);
    assert_eq!(refresh(&mut user, &mut world, 1, 0).code(), 443);
    assert_eq!(refresh(&mut user, &mut world, 3, 0).code(), 443);
    assert_eq!(refresh(&mut user, &mut world, 2, 0).lifetime(), 0);
    assert_eq!((world.held(), world.server.deadline()), ((0, 0, 0), None));
}

#[test]
fn each_family_has_its_own_lifetime() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let relays = user.allocate_with(&mut world, &BOTH).addresses(XOR_RELAYED_ADDRESS);
    world.pass(400_000);
    assert_eq!(refresh(&mut user, &mut world, 2, 900).lifetime(), 900);
    world.pass(200_000);
    assert_eq!(world.relays.values().copied().collect::<Vec<_>>(), [relays[1]]);
    world.pass(700_000);
    assert_eq!(world.held(), (0, 0, 0));
}
