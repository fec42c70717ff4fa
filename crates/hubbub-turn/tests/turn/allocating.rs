//! Allocate: RFC 8656 section 7.2, one check after the other.

use hubbub_turn::{Family, Settings};

use crate::world::*;

const AT: &str = "198.41.0.4:1234";

type Attributes<'a> = &'a [(u16, &'a [u8])];

/// The answer to an Allocate request with these attributes.
fn allocate(world: &mut World, attributes: &[(u16, &[u8])]) -> Answer {
    let mut user = User::new(udp(AT));
    user.learn_nonce(world);
    user.ask(world, ALLOCATE, attributes)
}

#[test]
fn an_allocation_has_an_address_and_a_lifetime() {
    let mut world = World::new(settings());
    let answer = allocate(&mut world, &[UDP]);
    assert_eq!(answer.attributes(), [XOR_RELAYED_ADDRESS, XOR_MAPPED_ADDRESS, LIFETIME, MESSAGE_INTEGRITY]);
    assert_eq!(answer.addresses(XOR_MAPPED_ADDRESS), [address(AT)]);
    assert_eq!(answer.relayed(), *world.relays.values().next().unwrap());
    assert_eq!(answer.lifetime(), 600);
    let views: Vec<_> = world.server.allocations().collect();
    assert_eq!((views.len(), &*views[0].user, &*views[0].relays), (1, "ann", &[answer.relayed()][..]));
}

#[test]
fn what_is_wrong_gets_the_code_that_says_so() {
    let v4: &[u8] = &[1, 0, 0, 0];
    let v6: &[u8] = &[2, 0, 0, 0];
    let token: &[u8] = &[9; 8];
    let cases: [(Attributes<'_>, u16); 19] = [
        (&[], 400),
        (&[(REQUESTED_TRANSPORT, &[17])], 400),
        (&[(REQUESTED_TRANSPORT, &[6, 0, 0, 0])], 442),
        (&[UDP, (DONT_FRAGMENT, &[])], 420),
        (&[UDP, (0x7FFF, &[])], 420),
        (&[UDP, (RESERVATION_TOKEN, token)], 508),
        (&[UDP, (RESERVATION_TOKEN, &[9; 7])], 400),
        (&[UDP, (RESERVATION_TOKEN, token), (EVEN_PORT, &[0])], 400),
        (&[UDP, (RESERVATION_TOKEN, token), (REQUESTED_ADDRESS_FAMILY, v4)], 400),
        (&[UDP, (RESERVATION_TOKEN, token), (ADDITIONAL_ADDRESS_FAMILY, v6)], 400),
        (&[UDP, (EVEN_PORT, &[0, 0])], 400),
        (&[UDP, (REQUESTED_ADDRESS_FAMILY, &[3, 0, 0, 0])], 440),
        (&[UDP, (REQUESTED_ADDRESS_FAMILY, &[1])], 400),
        (&[UDP, (REQUESTED_ADDRESS_FAMILY, v4), (ADDITIONAL_ADDRESS_FAMILY, v6)], 400),
        (&[UDP, (ADDITIONAL_ADDRESS_FAMILY, v4)], 400),
        (&[UDP, (ADDITIONAL_ADDRESS_FAMILY, v6), (EVEN_PORT, &[0x80])], 400),
        (&[UDP, (LIFETIME, &[0, 0, 1])], 400),
        (&[UDP, (EVEN_PORT, &[0])], 0),
        (&[UDP, (REQUESTED_ADDRESS_FAMILY, v6)], 0),
    ];
    for (attributes, code) in cases {
        let mut world = World::new(settings());
        assert_eq!(allocate(&mut world, attributes).code(), code, "{attributes:x?}");
        let left = usize::from(code == 0);
        assert_eq!(world.held(), (left, left, 0), "{attributes:x?}");
    }
}

#[test]
fn the_same_request_again_gets_the_same_answer() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.learn_nonce(&mut world);
    let request = user.signed(ALLOCATE, &[UDP, (EVEN_PORT, &[0x80])]);
    let first = world.ask(user.at, &request);
    assert!(first.is_success());
    assert_eq!(world.ask(user.at, &request), first);
    user.transaction += 1;
    let other = user.signed(ALLOCATE, &[UDP]);
    assert_eq!(world.ask(user.at, &other).code(), 437);
    assert_eq!(world.held(), (1, 2, 0));
}

#[test]
fn sockets_may_take_their_time() {
    let mut world = World::new(settings());
    world.slow = true;
    let mut user = User::new(udp(AT));
    user.learn_nonce(&mut world);
    let request = user.signed(ALLOCATE, &[UDP]);
    assert_eq!(world.try_ask(user.at, &request), None);
    assert_eq!(world.try_ask(user.at, &request), None);
    assert_eq!(user.refresh(&mut world, 0).code(), 437);
    world.open_late();
    let answer = world.take_answer(user.at).unwrap();
    assert!(answer.is_success() && answer.is_signed_by(&user));
}

#[test]
fn sockets_that_come_too_late_are_closed() {
    for attributes in [&[UDP][..], &[UDP, (EVEN_PORT, &[0x80])]] {
        let mut world = World::new(settings());
        world.slow = true;
        let mut user = User::new(udp(AT));
        user.learn_nonce(&mut world);
        assert_eq!(world.try_ask(user.at, &user.signed(ALLOCATE, attributes)), None);
        world.pass(10_000);
        assert_eq!(world.server.held(), (0, 0, 0));
        world.open_late();
        assert_eq!((world.held(), world.relays.len(), world.answers.len()), ((0, 0, 0), 0, 0));
    }
}

#[test]
fn a_client_may_go_while_its_sockets_are_opened() {
    let mut world = World::new(settings());
    world.slow = true;
    let mut user = User::new(tcp(AT, 1));
    user.learn_nonce(&mut world);
    assert_eq!(world.try_ask(user.at, &user.signed(ALLOCATE, &[UDP, (EVEN_PORT, &[0x80])])), None);
    world.lose(&user.at);
    world.open_late();
    assert_eq!(world.server.held().0, 0);
    world.pass(40_000);
    assert_eq!((world.held(), world.relays.len()), ((0, 0, 0), 0));
}

#[test]
fn no_socket_is_insufficient_capacity() {
    for attributes in [&[UDP][..], &[UDP, (EVEN_PORT, &[0x80])]] {
        let mut world = World::new(settings());
        world.broken = vec![Family::V4];
        assert_eq!(allocate(&mut world, attributes).code(), 508);
        assert_eq!((world.held(), world.server.deadline()), ((0, 0, 0), None));
    }
}

#[test]
fn an_even_port_and_the_next() {
    let mut world = World::new(settings());
    let mut rtp = User::new(udp(AT));
    let answer = rtp.allocate_with(&mut world, &[UDP, (EVEN_PORT, &[0x80])]);
    assert_eq!(answer.relayed().port() % 2, 0);
    let token = answer.value(RESERVATION_TOKEN).unwrap();

    // Somebody else who learns the token has nothing of it.
    let mut thief = User::named(udp("198.41.0.4:666"), "bo");
    thief.learn_nonce(&mut world);
    assert_eq!(thief.ask(&mut world, ALLOCATE, &[UDP, (RESERVATION_TOKEN, &token)]).code(), 508);

    let mut rtcp = User::new(udp("198.41.0.4:1235"));
    let next = rtcp.allocate_with(&mut world, &[UDP, (RESERVATION_TOKEN, &token)]);
    assert_eq!(next.relayed(), std::net::SocketAddr::new(answer.relayed().ip(), answer.relayed().port() + 1));
    assert_eq!(world.held(), (2, 2, 0));
    // Once.
    let mut again = User::new(udp("198.41.0.4:1236"));
    again.learn_nonce(&mut world);
    assert_eq!(again.ask(&mut world, ALLOCATE, &[UDP, (RESERVATION_TOKEN, &token)]).code(), 508);
    world.pass(600_000);
    assert_eq!((world.held(), world.relays.len()), ((0, 0, 0), 0));
}

#[test]
fn a_reservation_ends_after_thirty_seconds() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let token =
        user.allocate_with(&mut world, &[UDP, (EVEN_PORT, &[0x80])]).value(RESERVATION_TOKEN).unwrap();
    assert_eq!(world.arrive_anywhere(), 2);
    world.pass(30_000);
    assert_eq!((world.held(), world.relays.len()), ((1, 1, 0), 1));
    let mut late = User::new(udp("198.41.0.4:1235"));
    late.learn_nonce(&mut world);
    assert_eq!(late.ask(&mut world, ALLOCATE, &[UDP, (RESERVATION_TOKEN, &token)]).code(), 508);
}

#[test]
fn a_user_has_a_quota_whatever_name_he_is_minted() {
    let mut world = World::new(Settings { allocations_per_user: 2, ..settings() });
    for port in 1..=3u64 {
        let minted = settings().rest.mint("ann", BEGIN_S + 1000 + port).unwrap();
        let mut user =
            User::with_password(udp(&format!("198.41.0.4:{port}")), &minted.username, &minted.password);
        user.learn_nonce(&mut world);
        let code = user.ask(&mut world, ALLOCATE, &[UDP]).code();
        assert_eq!(code, if port <= 2 { 0 } else { 486 });
    }
    let mut other = User::named(udp("198.41.0.4:9"), "bo");
    other.allocate(&mut world);
    assert_eq!(world.held(), (3, 3, 0));
}

#[test]
fn a_reservation_counts_as_an_allocation() {
    let mut world = World::new(Settings { allocations_per_user: 1, ..settings() });
    assert_eq!(allocate(&mut world, &[UDP, (EVEN_PORT, &[0x80])]).code(), 486);
    let mut world = World::new(Settings { allocations: 1, ..settings() });
    assert_eq!(allocate(&mut world, &[UDP, (EVEN_PORT, &[0x80])]).code(), 508);
    assert_eq!(world.held(), (0, 0, 0));
}

#[test]
fn when_the_server_is_full_it_says_so() {
    let mut world = World::new(Settings { allocations: 1, ..settings() });
    let mut first = User::new(udp(AT));
    first.allocate(&mut world);
    let mut second = User::named(udp("198.41.0.4:9"), "bo");
    second.learn_nonce(&mut world);
    assert_eq!(second.ask(&mut world, ALLOCATE, &[UDP]).code(), 508);
    first.refresh(&mut world, 0);
    assert!(second.ask(&mut world, ALLOCATE, &[UDP]).is_success());
}

#[test]
fn a_connection_takes_its_allocation_with_it() {
    let mut world = World::new(settings());
    let mut user = User::new(tcp(AT, 1));
    user.allocate(&mut world);
    // The same addresses once more are another client.
    let mut next = User { at: tcp(AT, 2), ..user.clone() };
    assert_eq!(next.refresh(&mut world, 600).code(), 437);
    world.lose(&user.at);
    world.lose(&next.at);
    assert_eq!((world.held(), world.relays.len(), world.server.deadline()), ((0, 0, 0), 0, None));
}
