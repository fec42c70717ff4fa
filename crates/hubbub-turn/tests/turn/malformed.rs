//! Bytes that are no message, or almost one.

use stun_types::message::{IntegrityAlgorithm, MessageClass, MessageWrite, MessageWriteExt};

use crate::world::*;

const AT: &str = "198.41.0.4:1234";

/// Nothing is answered and nothing is kept.
fn is_dropped(world: &mut World, packet: &[u8]) {
    assert_eq!(world.try_ask(udp(AT), packet), None, "{packet:x?}");
    assert_eq!(world.held(), (0, 0, 0));
}

#[test]
fn what_is_not_stun_is_dropped() {
    let mut world = World::new(settings());
    let whole = User::new(udp(AT)).plain(ALLOCATE, &[UDP]);
    for length in 0..whole.len() {
        is_dropped(&mut world, &whole[..length]);
    }
    is_dropped(&mut world, &[&whole[..], &[0; 4]].concat());
    // RFC 3489 had no cookie.
    let mut old = User::new(udp(AT)).plain(BINDING, &[]);
    old[4] = 0;
    is_dropped(&mut world, &old);
    for first in 0x50..=0xFF {
        is_dropped(&mut world, &[first; 40]);
    }
    assert!(world.server.counters().malformed > 0);
}

#[test]
fn methods_and_classes_that_mean_nothing_here_are_dropped() {
    let mut world = World::new(settings());
    let user = User::new(udp(AT));
    // SharedSecret, Data, and the TCP relaying of RFC 6062, which would let clients scan ports.
    for method in [0, 2, 5, 7, 0xA, 0xB, 0xC, 0xFFF] {
        is_dropped(&mut world, &user.plain(method, &[]));
    }
    for method in [ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND] {
        for class in [MessageClass::Indication, MessageClass::Success, MessageClass::Error] {
            is_dropped(&mut world, &user.bare(class, method, &[UDP]).finish());
        }
    }
    is_dropped(&mut world, &user.plain(SEND, &[]));
}

#[test]
fn cve_2026_40613_attributes_at_odd_places_do_no_harm() {
    let mut world = World::new(settings());
    let whole = User::new(udp(AT)).plain(ALLOCATE, &[UDP, (USERNAME, b"abc"), (LIFETIME, &[0, 0, 2, 88])]);
    for position in [22, 23, 30, 31, 38, 39] {
        for value in 0..=255 {
            let mut packet = whole.clone();
            packet[position] = value;
            world.receive(udp(AT), &packet);
            world.answers.clear();
        }
    }
    // Lengths of the message that are no multiple of four.
    for odd in 1..4 {
        let mut packet = [&whole[..], &[0; 4][..odd]].concat();
        packet[3] += odd as u8;
        is_dropped(&mut world, &packet);
    }
}

#[test]
fn cve_2026_43994_long_nonces_are_stale_and_no_more() {
    let mut world = World::new(settings());
    for length in [0, 1, 22, 34, 36, 127, 128, 763, 764, 3500] {
        let user = User { nonce: vec![b'A'; length], ..User::new(udp(AT)) };
        assert_eq!(world.ask(user.at, &user.signed(ALLOCATE, &[UDP])).code(), 438, "{length}");
    }
}

#[test]
fn no_request_is_longer_than_4096_bytes() {
    let mut world = World::new(settings());
    for length in [4096, 60_000] {
        let user = User { nonce: vec![b'A'; length], ..User::new(udp(AT)) };
        assert_eq!(world.ask(user.at, &user.signed(ALLOCATE, &[UDP])).code(), 400, "{length}");
    }
    // A Send indication may be as long as a datagram.
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    user.permit(&mut world, PEER);
    assert_eq!(user.send(&mut world, PEER, &[7; 60_000]).unwrap().payload.len(), 60_000);
}

#[test]
fn cve_2020_4067_padding_is_zero() {
    for realm in ["a", "ab", "abc", "abcd"] {
        let mut world = World::new(hubbub_turn::Settings { realm: realm.into(), ..settings() });
        let answer = world.ask(udp(AT), &User::new(udp(AT)).plain(ALLOCATE, &[UDP]));
        let at = 28 + 4 + realm.len();
        let padding = (4 - realm.len() % 4) % 4;
        assert_eq!(answer.bytes[at..at + padding], [0; 3][..padding]);
    }
}

#[test]
fn a_wrong_fingerprint_is_no_message() {
    let mut world = World::new(settings());
    let mut message = User::new(udp(AT)).bare(MessageClass::Request, BINDING, &[]);
    message.add_fingerprint().unwrap();
    let mut packet = message.finish();
    *packet.last_mut().unwrap() ^= 1;
    is_dropped(&mut world, &packet);
}

#[test]
fn what_follows_the_protection_does_not_count() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    user.transaction += 1;
    let mut packet = user.signed(REFRESH, &[]);
    // LIFETIME 0 by somebody on the path.
    packet.extend([0, 0x0D, 0, 4, 0, 0, 0, 0]);
    let length = packet.len() as u16 - 20;
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    let answer = world.ask(user.at, &packet);
    assert_eq!((answer.code(), answer.lifetime()), (0, 600));
}

#[test]
fn every_bit_that_is_protected_counts() {
    let mut world = World::new(settings());
    let mut user = User { algorithm: IntegrityAlgorithm::Sha256, ..User::new(tcp(AT, 1)) };
    user.allocate(&mut world);
    user.transaction += 1;
    let peer = user.peer(PEER);
    let packet = user.signed(CREATE_PERMISSION, &[(XOR_PEER_ADDRESS, &peer)]);
    for position in 20..packet.len() {
        let mut forged = packet.clone();
        forged[position] ^= 0x10;
        world.pass(1000);
        let answer = world.try_ask(user.at, &forged);
        assert!(answer.is_none_or(|answer| !answer.is_success()), "{position}");
        if world.server.held().0 == 0 {
            user.allocate(&mut world);
        }
    }
    let view = world.server.allocations().next().unwrap();
    assert_eq!(view.permissions, 0);
}

#[test]
fn a_short_code_is_no_code() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.learn_nonce(&mut world);
    for length in [0, 1, 16, 19, 21, 31] {
        let code = vec![0; length];
        for attribute in [MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256] {
            let attributes: [(u16, &[u8]); 5] = [
                UDP,
                (USERNAME, user.name.as_bytes()),
                (REALM, b"example.org"),
                (NONCE, &user.nonce),
                (attribute, &code),
            ];
            let answer = world.try_ask(user.at, &user.plain(ALLOCATE, &attributes));
            assert!(answer.is_none_or(|answer| answer.code() == 401));
            world.pass(1000);
        }
    }
}

#[test]
fn addresses_of_a_wrong_length_are_bad_requests() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    for value in [
        &[][..],
        &[0, 1],
        &[0, 1, 0, 0],
        &[0, 1, 0, 0, 1, 2, 3],
        &[0, 2, 0, 0, 1, 2, 3, 4],
        &[0; 8],
        &[1; 21],
    ] {
        assert_eq!(user.ask(&mut world, CREATE_PERMISSION, &[(XOR_PEER_ADDRESS, value)]).code(), 400);
        let attributes: [(u16, &[u8]); 2] = [(CHANNEL_NUMBER, &[0x40, 0, 0, 0]), (XOR_PEER_ADDRESS, value)];
        assert_eq!(user.ask(&mut world, CHANNEL_BIND, &attributes).code(), 400);
        assert_eq!(user.indicate(&mut world, &[(XOR_PEER_ADDRESS, value), (DATA, b"")]), None);
    }
}
