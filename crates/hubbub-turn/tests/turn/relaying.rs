//! Packets between clients and peers: RFC 8656 sections 10 to 12.

use hubbub_turn::{Client, IcmpError, Out, Rate, Settings, Transport};

use crate::world::*;

const AT: &str = "198.41.0.4:1234";

#[test]
fn without_permission_nothing_passes() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let relay = user.allocate(&mut world);
    assert_eq!(user.send(&mut world, PEER, b"hi"), None);
    assert_eq!(world.arrive(relay, PEER, b"hi"), None);
    assert_eq!(world.server.counters().unwanted, 2);
}

#[test]
fn a_permission_is_for_all_ports_of_an_address() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let relay = user.allocate(&mut world);
    assert_eq!(user.permit(&mut world, "192.88.98.7:0"), 0);
    for peer in [PEER, "192.88.98.7:1"] {
        let sent = user.send(&mut world, peer, b"hi").unwrap();
        assert_eq!(
            sent,
            Datagram { relay, peer: address(peer), payload: b"hi".to_vec(), dont_fragment: false }
        );
        assert!(world.arrive(relay, peer, b"ho").is_some());
    }
    assert_eq!(world.arrive(relay, "192.88.98.8:4000", b"ho"), None);
    // Nobody sends to port 0.
    assert_eq!(user.send(&mut world, "192.88.98.7:0", b"hi"), None);
}

#[test]
fn one_request_may_have_many_peers_and_all_or_none_are_permitted() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let relay = user.allocate(&mut world);
    let mut ask = |world: &mut World, peers: &[&str]| {
        user.transaction += 1;
        let values: Vec<_> = peers.iter().map(|peer| user.peer(peer)).collect();
        user.transaction -= 1;
        let attributes: Vec<_> = values.iter().map(|value| (XOR_PEER_ADDRESS, &value[..])).collect();
        user.ask(world, CREATE_PERMISSION, &attributes).code()
    };
    assert_eq!(ask(&mut world, &[]), 400);
    assert_eq!(ask(&mut world, &["192.88.98.1:1", "10.0.0.1:1"]), 403);
    assert_eq!(world.arrive(relay, "192.88.98.1:1", b""), None);
    assert_eq!(ask(&mut world, &["192.88.98.1:1", "192.88.98.2:1"]), 0);
    assert!(world.arrive(relay, "192.88.98.1:1", b"").is_some());
    assert!(world.arrive(relay, "192.88.98.2:1", b"").is_some());
}

#[test]
fn a_data_indication_carries_peer_and_payload() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let relay = user.allocate(&mut world);
    user.permit(&mut world, PEER);
    for length in 0..9 {
        let payload = vec![7; length];
        let bytes = world.arrive(relay, PEER, &payload).unwrap();
        assert_eq!(bytes[..2], [0, 0x17]);
        assert!(bytes.ends_with(&[0; 3][..(4 - length % 4) % 4]), "padding is zero");
        let data = Answer::read(bytes);
        assert_eq!(data.attributes(), [XOR_PEER_ADDRESS, DATA]);
        assert_eq!(data.addresses(XOR_PEER_ADDRESS), [address(PEER)]);
        assert_eq!(data.value(DATA).unwrap(), payload);
    }
}

#[test]
fn a_channel_takes_four_bytes() {
    let dtls = Client { transport: Transport::Dtls, ..udp(AT) };
    let tls = Client { transport: Transport::Tls, ..tcp(AT, 1) };
    for (at, padded) in [(udp(AT), 3), (dtls, 3), (tcp(AT, 1), 4), (tls, 4)] {
        let mut world = World::new(settings());
        let mut user = User::new(at);
        let relay = user.allocate(&mut world);
        assert_eq!(user.bind(&mut world, 0x4FFF, PEER), 0);
        let sent = user.say(&mut world, 0x4FFF, b"abc").unwrap();
        assert_eq!((sent.relay, sent.peer, &sent.payload[..]), (relay, address(PEER), &b"abc"[..]));
        let got = world.arrive(relay, PEER, b"xyz").unwrap();
        assert_eq!(got[..4], [0x4F, 0xFF, 0, 3]);
        assert_eq!(got[4..], b"xyz\0"[..padded]);
        // Another port of the same address has no channel.
        assert_eq!(world.arrive(relay, "192.88.98.7:1", b"xyz").unwrap()[..2], [0, 0x17]);
        assert_eq!(world.server.counters().bytes_to_peers, 3);
        assert_eq!(world.server.counters().bytes_to_clients, 6);
    }
}

#[test]
fn a_peer_by_its_mapped_address_is_the_same_peer() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let relay = user.allocate(&mut world);
    user.bind(&mut world, 0x4000, PEER);
    assert_eq!(world.arrive(relay, "[::ffff:192.88.98.7]:4000", b"x").unwrap()[..2], [0x40, 0]);
}

#[test]
fn numbers_and_peers_belong_together() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    assert_eq!(user.bind(&mut world, 0x4000, PEER), 0);
    assert_eq!(user.bind(&mut world, 0x4000, PEER), 0);
    assert_eq!(user.bind(&mut world, 0x4001, PEER), 400);
    assert_eq!(user.bind(&mut world, 0x4000, "192.88.98.7:4001"), 400);
    assert_eq!(user.bind(&mut world, 0x4001, "192.88.98.7:4001"), 0);
}

#[test]
fn channel_numbers_are_those_of_rfc_8656() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    for number in [0, 0x3FFF, 0x5000, 0x7FFE, 0x7FFF, 0x8000, 0xFFFF] {
        assert_eq!(user.bind(&mut world, number, PEER), 400, "{number:#x}");
    }
    let peer = user.peer(PEER);
    assert_eq!(user.ask(&mut world, CHANNEL_BIND, &[(XOR_PEER_ADDRESS, &peer)]).code(), 400);
    assert_eq!(user.ask(&mut world, CHANNEL_BIND, &[(CHANNEL_NUMBER, &[0x40, 0, 0, 0])]).code(), 400);
}

#[test]
fn old_clients_may_have_the_numbers_of_rfc_5766() {
    let mut world = World::new(Settings { old_channels: true, ..settings() });
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    for number in [0x3FFF, 0x7FFF, 0x8000] {
        assert_eq!(user.bind(&mut world, number, PEER), 400, "{number:#x}");
    }
    assert_eq!(user.bind(&mut world, 0x7FFE, PEER), 0);
    assert_eq!(user.say(&mut world, 0x7FFE, b"hi").unwrap().peer, address(PEER));
}

#[test]
fn what_is_no_channel_is_dropped() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    user.bind(&mut world, 0x4000, PEER);
    assert_eq!(user.say(&mut world, 0x4001, b"hi"), None);
    let stranger = User::new(udp("198.41.0.4:9"));
    assert_eq!(stranger.say(&mut world, 0x4000, b"hi"), None);
    // Datagrams may be padded, never cut.
    world.receive(user.at, &[0x40, 0, 0, 1, 7, 0, 0, 0]);
    assert_eq!(world.datagrams.pop().unwrap().payload, [7]);
    for cut in [&[0x40][..], &[0x40, 0, 0], &[0x40, 0, 0, 1], &[0x40, 0, 0xFF, 0xFF, 1, 2]] {
        world.receive(user.at, cut);
    }
    assert_eq!((world.datagrams.len(), world.answers.len()), (0, 0));
}

#[test]
fn a_send_indication_needs_all_its_parts() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    user.permit(&mut world, PEER);
    let peer = user.peer(PEER);
    let data: (u16, &[u8]) = (DATA, b"hi");
    let peer: (u16, &[u8]) = (XOR_PEER_ADDRESS, &peer);
    assert_eq!(user.indicate(&mut world, &[peer]), None);
    assert_eq!(user.indicate(&mut world, &[data]), None);
    assert_eq!(user.indicate(&mut world, &[peer, data, (0x7FFF, &[])]), None);
    assert_eq!(user.indicate(&mut world, &[peer, data, (DONT_FRAGMENT, &[])]), None);
    assert_eq!(user.indicate(&mut world, &[peer, data, (0xFFFF, &[])]).unwrap().payload, b"hi");
    assert_eq!(user.indicate(&mut world, &[peer, (DATA, b"")]).unwrap().payload, b"");
}

#[test]
fn datagrams_stay_whole_where_that_can_be_done() {
    let mut world = World::new(Settings { dont_fragment: true, ..settings() });
    let mut user = User::new(udp(AT));
    user.allocate_with(&mut world, &[UDP, (DONT_FRAGMENT, &[])]);
    user.permit(&mut world, PEER);
    let peer = user.peer(PEER);
    let attributes: [(u16, &[u8]); 3] = [(XOR_PEER_ADDRESS, &peer), (DATA, b"hi"), (DONT_FRAGMENT, &[])];
    assert!(user.indicate(&mut world, &attributes).unwrap().dont_fragment);
    assert!(!user.indicate(&mut world, &attributes[..2]).unwrap().dont_fragment);
}

#[test]
fn of_two_attributes_the_first_counts() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    user.permit(&mut world, PEER);
    user.permit(&mut world, "192.88.98.8:1");
    let (first, second) = (user.peer(PEER), user.peer("192.88.98.8:1"));
    let attributes: [(u16, &[u8]); 4] =
        [(XOR_PEER_ADDRESS, &first), (XOR_PEER_ADDRESS, &second), (DATA, b"1"), (DATA, b"2")];
    let sent = user.indicate(&mut world, &attributes).unwrap();
    assert_eq!((sent.peer, &sent.payload[..]), (address(PEER), &b"1"[..]));
}

#[test]
fn errors_of_the_network_are_told() {
    let cases = [
        (PEER, (3, 1), Some([0, 0, 0x06, 1, 0, 0, 0, 0])),
        (PEER, (3, 4), Some([0, 0, 0x06, 4, 0, 0, 5, 0])),
        (PEER, (11, 0), Some([0, 0, 0x16, 0, 0, 0, 0, 0])),
        (PEER, (8, 0), None),
        (PEER_V6, (2, 0), Some([0, 0, 0x04, 0, 0, 0, 5, 0])),
        (PEER_V6, (1, 4), Some([0, 0, 0x02, 4, 0, 0, 0, 0])),
        (PEER_V6, (128, 0), None),
        ("192.88.98.9:1", (3, 1), None),
    ];
    for (peer, (kind, code), told) in cases {
        let mut world = World::new(settings());
        let mut user = User::new(udp(AT));
        user.allocate_with(&mut world, &[UDP, (ADDITIONAL_ADDRESS_FAMILY, &[2, 0, 0, 0])]);
        user.permit(&mut world, PEER);
        user.permit(&mut world, PEER_V6);
        let is_relay = |relay: &&std::net::SocketAddr| relay.is_ipv4() == address(peer).is_ipv4();
        let (relay, _) = world.relays.iter().find(|(_, relay)| is_relay(relay)).unwrap();
        let mut out = Vec::new();
        let error = IcmpError { kind, code, mtu: 1280 };
        world.server.handle_icmp(*relay, address(peer), error, world.now, &mut out);
        let got = out.pop().map(|out| match out {
            Out::Send { to, message } if to == user.at => Answer::read(message),
            other => panic!("{other:?}"),
        });
        assert_eq!(got.as_ref().and_then(|got| got.value(ICMP)), told.map(Vec::from), "{peer} {kind}");
        assert!(got.is_none_or(|got| got.addresses(XOR_PEER_ADDRESS) == [address(peer)]));
    }
}

#[test]
fn a_user_has_so_much_bandwidth_over_all_his_allocations() {
    let bandwidth = Some(Rate { per_second: 1000, burst: 3000 });
    let mut world = World::new(Settings { bandwidth, ..settings() });
    let mut users =
        [User::new(udp(AT)), User::new(udp("198.41.0.4:2")), User::named(udp("198.41.0.4:3"), "bo")];
    let relays = users.each_mut().map(|user| {
        let relay = user.allocate(&mut world);
        user.bind(&mut world, 0x4000, PEER);
        relay
    });
    assert!(users[0].say(&mut world, 0x4000, &[0; 1000]).is_some());
    assert!(users[1].say(&mut world, 0x4000, &[0; 1000]).is_some());
    assert!(world.arrive(relays[0], PEER, &[0; 1000]).is_some());
    assert!(users[1].say(&mut world, 0x4000, &[0; 1000]).is_none());
    assert!(world.arrive(relays[1], PEER, &[0; 1000]).is_none());
    assert!(users[2].say(&mut world, 0x4000, &[0; 1000]).is_some());
    world.pass(1000);
    assert!(users[1].say(&mut world, 0x4000, &[0; 1000]).is_some());
    assert_eq!(world.server.counters().over_bandwidth, 2);
}

#[test]
fn two_clients_of_one_relay_meet() {
    let mut world = World::new(settings());
    let mut ann = User::named(udp(AT), "ann");
    let mut bo = User::named(udp("198.41.0.5:1"), "bo");
    let (here, there) = (ann.allocate(&mut world), bo.allocate(&mut world));
    assert_eq!(ann.bind(&mut world, 0x4000, &there.to_string()), 0);
    assert_eq!(bo.bind(&mut world, 0x4000, &here.to_string()), 0);
    let sent = ann.say(&mut world, 0x4000, b"hi").unwrap();
    let got = world.arrive(sent.peer, &sent.relay.to_string(), &sent.payload).unwrap();
    assert_eq!(got, channel_data(0x4000, b"hi"));
}
