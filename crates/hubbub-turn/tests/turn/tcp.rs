//! Relays of TCP: what RFC 6062 says of the server, one check after the other.

use hubbub_turn::{Client, ConnectionId, Rate, Settings};

use crate::world::*;

const AT: &str = "198.41.0.4:1234";

type Attributes<'a> = &'a [(u16, &'a [u8])];

fn settings() -> Settings {
    Settings { tcp_relays: true, ..crate::world::settings() }
}

/// A user with a relay of TCP.
fn begin(settings: Settings) -> (World, User) {
    let mut world = World::new(settings);
    let mut user = User::new(tcp(AT, 1));
    user.allocate_tcp(&mut world);
    (world, user)
}

/// The same user on another link.
fn on_link(user: &User, link: u64) -> User {
    User { at: tcp(&format!("198.41.0.4:{}", 2000 + link), link), ..user.clone() }
}

/// A connection that a peer has taken.
fn connected(world: &mut World, user: &mut User, peer: &str) -> ConnectionId {
    let connection = user.connect(world, peer).expect("it may be called");
    world.connected(connection, true);
    let answer = world.take_answer(user.at).expect("an answer");
    assert!(answer.is_success() && answer.is_signed_by(user));
    assert_eq!(answer.value(CONNECTION_ID).unwrap(), connection.0.to_be_bytes());
    connection
}

#[test]
fn a_client_calls_a_peer_and_joins_with_a_second_link() {
    let (mut world, mut user) = begin(settings());
    let relay = *world.relays.values().next().unwrap();
    let connection = connected(&mut world, &mut user, PEER);
    assert_eq!((world.calls[&connection].relay, world.calls[&connection].peer), (relay, address(PEER)));

    let mut data = on_link(&user, 2);
    assert_eq!(data.join(&mut world, connection), 0);
    assert_eq!(world.calls[&connection].link, Some(data.at));
    assert_eq!(world.server.connections(), 1);
    // It lasts as long as its allocation.
    world.pass(599_999);
    assert_eq!(world.calls.len(), 1);
    world.pass(1);
    assert_eq!((world.calls.len(), world.server.connections(), world.held()), (0, 0, (0, 0, 0)));
    assert_eq!(world.server.deadline(), None);
}

#[test]
fn a_peer_calls_and_the_client_is_told() {
    let (mut world, mut user) = begin(settings());
    let relay = *world.relays.values().next().unwrap();
    assert_eq!(world.call(relay, PEER), None, "there is no permission");
    assert_eq!(world.server.counters().unwanted, 1);
    assert_eq!(user.permit(&mut world, PEER), 0);
    let connection = world.call(relay, "192.88.98.7:9").expect("a permission is for all ports");
    let told = world.take_answer(user.at).expect("an indication");
    assert_eq!(told.bytes[..2], [0x00, 0x1C]);
    assert_eq!(told.attributes(), [XOR_PEER_ADDRESS, CONNECTION_ID]);
    assert_eq!(told.addresses(XOR_PEER_ADDRESS), [address("192.88.98.7:9")]);
    assert_eq!(told.value(CONNECTION_ID).unwrap(), connection.0.to_be_bytes());
    assert_eq!(on_link(&user, 2).join(&mut world, connection), 0);
    // A permission is for those who call, not for what lasts.
    world.pass(300_000);
    assert_eq!(world.call(relay, "192.88.98.7:10"), None);
    assert_eq!(world.calls.len(), 1);
}

#[test]
fn relays_of_tcp_are_for_streams_and_for_those_who_offer_them() {
    let cases: [(bool, Client, Attributes<'_>, u16); 10] = [
        (false, tcp(AT, 1), &[TCP], 442),
        (true, udp(AT), &[TCP], 400),
        (true, Client { transport: hubbub_turn::Transport::Dtls, ..udp(AT) }, &[TCP], 400),
        (true, tcp(AT, 1), &[TCP, (EVEN_PORT, &[0])], 400),
        (true, tcp(AT, 1), &[TCP, (RESERVATION_TOKEN, &[0; 8])], 400),
        (true, tcp(AT, 1), &[TCP, (DONT_FRAGMENT, &[])], 400),
        (true, tcp(AT, 1), &[(REQUESTED_TRANSPORT, &[132, 0, 0, 0])], 442),
        (true, tcp(AT, 1), &[TCP], 0),
        (true, tcp(AT, 1), &[TCP, (REQUESTED_ADDRESS_FAMILY, &[2, 0, 0, 0])], 0),
        (true, Client { transport: hubbub_turn::Transport::Tls, ..tcp(AT, 1) }, &[TCP], 0),
    ];
    for (tcp_relays, at, attributes, code) in cases {
        let mut world = World::new(Settings { tcp_relays, dont_fragment: true, ..settings() });
        let mut user = User::new(at);
        user.learn_nonce(&mut world);
        assert_eq!(user.ask(&mut world, ALLOCATE, attributes).code(), code, "{attributes:x?}");
    }
}

#[test]
fn what_is_not_on_offer_is_not_answered() {
    let mut world = World::new(Settings { tcp_relays: false, ..settings() });
    let mut user = User::new(tcp(AT, 1));
    user.allocate(&mut world);
    for method in [CONNECT, CONNECTION_BIND] {
        user.transaction += 1;
        assert_eq!(world.try_ask(user.at, &user.signed(method, &[])), None);
    }
}

#[test]
fn connect_is_refused_with_the_code_that_says_why() {
    let (mut world, mut user) = begin(Settings { connections: 2, ..settings() });
    for (peer, code) in
        [(PEER_V6, 443), ("192.88.98.7:80", 403), ("192.88.98.7:1023", 403), ("10.0.0.1:4000", 403)]
    {
        assert_eq!(user.connect(&mut world, peer), Err(code), "{peer}");
    }
    assert_eq!(user.ask(&mut world, CONNECT, &[]).code(), 400);
    assert_eq!(user.ask(&mut world, CONNECT, &[(XOR_PEER_ADDRESS, &[0, 1, 2])]).code(), 400);

    let connection = user.connect(&mut world, PEER).unwrap();
    assert_eq!(user.connect(&mut world, PEER), Err(446), "it is being made");
    world.connected(connection, true);
    world.answers.clear();
    assert_eq!(user.connect(&mut world, PEER), Err(446), "it waits");
    assert_eq!(on_link(&user, 2).join(&mut world, connection), 0);
    assert_eq!(user.connect(&mut world, PEER), Err(446), "it is there");
    assert!(user.connect(&mut world, "192.88.98.7:4001").is_ok());
    assert_eq!(user.connect(&mut world, "192.88.98.7:4002"), Err(508), "two are enough");
    world.hang_up(connection);
    assert!(user.connect(&mut world, PEER).is_ok());

    let mut other = User::named(tcp("198.41.0.5:1", 7), "bo");
    other.learn_nonce(&mut world);
    assert_eq!(other.connect(&mut world, PEER), Err(437), "no allocation");
    other.allocate(&mut world);
    assert_eq!(other.connect(&mut world, PEER), Err(437), "none of TCP");
}

#[test]
fn ports_below_1024_are_refused_whatever_is_allowed() {
    let mut settings = settings();
    settings.peers.allowed = vec!["0.0.0.0/0".parse().unwrap()];
    let (mut world, mut user) = begin(settings);
    assert!(user.connect(&mut world, "10.0.0.1:4000").is_ok(), "the operator allows it");
    for port in [1, 22, 25, 80, 443, 1023] {
        assert_eq!(user.connect(&mut world, &format!("10.0.0.1:{port}")), Err(403));
    }
    assert!(user.connect(&mut world, "10.0.0.1:1024").is_ok());
}

#[test]
fn who_cannot_be_reached_is_447() {
    let (mut world, mut user) = begin(settings());
    let connection = user.connect(&mut world, PEER).unwrap();
    world.connected(connection, false);
    let answer = world.take_answer(user.at).unwrap();
    assert_eq!((answer.code(), answer.is_signed_by(&user)), (447, true));

    let connection = user.connect(&mut world, PEER).unwrap();
    world.pass(29_999);
    assert_eq!(world.answers, []);
    world.pass(1);
    assert_eq!(world.take_answer(user.at).unwrap().code(), 447);
    assert_eq!((world.calls.len(), world.server.connections()), (0, 0));
    // Word of it comes late.
    let mut out = Vec::new();
    world.server.tcp_connected(connection, true, world.now, &mut out);
    assert_eq!(out, []);
}

#[test]
fn nobody_waits_longer_than_half_a_minute() {
    let (mut world, mut user) = begin(settings());
    let relay = *world.relays.values().next().unwrap();
    assert_eq!(user.permit(&mut world, PEER), 0);
    let called = connected(&mut world, &mut user, "192.88.98.8:4000");
    let caller = world.call(relay, PEER).unwrap();
    world.answers.clear();
    world.pass(29_999);
    assert_eq!(world.calls.len(), 2);
    assert_eq!(on_link(&user, 2).join(&mut world, caller), 0);
    world.pass(1);
    assert_eq!(world.calls.keys().collect::<Vec<_>>(), [&caller]);
    assert_eq!(on_link(&user, 3).join(&mut world, called), 400);
    assert_eq!(world.answers, [], "nobody is told");
}

#[test]
fn only_a_new_link_of_the_same_user_may_join() {
    let (mut world, mut user) = begin(settings());
    let connection = connected(&mut world, &mut user, PEER);
    assert_eq!(user.join(&mut world, connection), 400, "the link of the allocation");
    let over_udp = udp("198.41.0.4:2002");
    assert_eq!(User { at: over_udp, ..user.clone() }.join(&mut world, connection), 400, "no stream");
    let mut stranger = User::named(tcp("198.41.0.4:2003", 3), "bo");
    assert_eq!(stranger.join(&mut world, connection), 441, "somebody else");
    let wrong = ConnectionId(connection.0 ^ 1 << 31);
    assert_eq!(on_link(&user, 4).join(&mut world, wrong), 400, "no such connection");
    for value in [&[0; 3][..], &[0; 8]] {
        assert_eq!(user.ask(&mut world, CONNECTION_BIND, &[(CONNECTION_ID, value)]).code(), 400);
    }
    assert_eq!(user.ask(&mut world, CONNECTION_BIND, &[]).code(), 400);
    let pending = user.connect(&mut world, "192.88.98.8:4000").unwrap();
    assert_eq!(on_link(&user, 5).join(&mut world, pending), 400, "not made yet");

    assert_eq!(on_link(&user, 6).join(&mut world, connection), 0);
    assert_eq!(on_link(&user, 7).join(&mut world, connection), 400, "taken");
    let mut twice = on_link(&user, 6);
    world.connected(pending, true);
    world.answers.clear();
    assert_eq!(twice.join(&mut world, pending), 400, "a link is one with one connection");
    assert_eq!(world.calls[&connection].link.map(|link| link.link), Some(6));
}

#[test]
fn strangers_cannot_join() {
    let (mut world, mut user) = begin(settings());
    let connection = connected(&mut world, &mut user, PEER);
    let stranger = User::new(tcp("198.41.0.9:1", 9));
    let id: Attributes<'_> = &[(CONNECTION_ID, &connection.0.to_be_bytes())];
    assert_eq!(world.ask(stranger.at, &stranger.plain(CONNECTION_BIND, id)).code(), 401);
    assert_eq!(world.calls[&connection].link, None);
}

#[test]
fn what_ends_takes_with_it_what_hangs_on_it() {
    let (mut world, mut user) = begin(settings());
    let connection = connected(&mut world, &mut user, PEER);
    let mut data = on_link(&user, 2);
    assert_eq!(data.join(&mut world, connection), 0);
    world.lose(&data.at);
    assert_eq!((world.calls.len(), world.server.connections()), (0, 0), "the client's end");

    let connection = connected(&mut world, &mut user, PEER);
    assert_eq!(data.join(&mut world, connection), 0);
    world.hang_up(connection);
    assert_eq!(world.server.connections(), 0, "both ends");

    let first = connected(&mut world, &mut user, PEER);
    assert_eq!(data.join(&mut world, first), 0);
    connected(&mut world, &mut user, "192.88.98.8:4000");
    user.connect(&mut world, "192.88.98.8:4001").unwrap();
    assert_eq!((world.calls.len(), world.server.connections()), (3, 3));
    world.lose(&user.at);
    assert_eq!((world.calls.len(), world.server.connections()), (0, 0), "the allocation's link");
    assert_eq!((world.held(), world.server.deadline()), ((0, 0, 0), None));
}

#[test]
fn datagrams_have_no_place_here() {
    let (mut world, mut user) = begin(settings());
    assert_eq!(user.permit(&mut world, PEER), 0);
    assert_eq!(user.bind(&mut world, 0x4000, PEER), 400);
    assert_eq!(user.send(&mut world, PEER, b"hi"), None);
    assert_eq!(user.say(&mut world, 0x4000, b"hi"), None);
}

#[test]
fn callers_count_and_come_once() {
    let (mut world, mut user) = begin(Settings { connections: 2, ..settings() });
    let relay = *world.relays.values().next().unwrap();
    assert_eq!(user.permit(&mut world, PEER), 0);
    for (peer, is_taken) in
        [("192.88.98.7:1", true), ("192.88.98.7:1", false), ("192.88.98.7:2", true), ("192.88.98.7:3", false)]
    {
        assert_eq!(world.call(relay, peer).is_some(), is_taken, "{peer}");
        world.answers.clear();
    }
    let mut other = User::named(tcp("198.41.0.5:1", 7), "bo");
    let datagrams = other.allocate(&mut world);
    assert_eq!(other.permit(&mut world, PEER), 0);
    assert_eq!(world.call(datagrams, PEER), None);
}

#[test]
fn bytes_are_counted_and_held_back_when_they_are_too_many() {
    let bandwidth = Some(Rate { per_second: 1000, burst: 5000 });
    let (mut world, mut user) = begin(Settings { bandwidth, ..settings() });
    let connection = connected(&mut world, &mut user, PEER);
    assert_eq!(on_link(&user, 2).join(&mut world, connection), 0);
    assert_eq!(world.server.tcp_passed(connection, 3000, 2000, world.now), 0);
    assert_eq!(world.server.tcp_passed(connection, 500, 0, world.now), 500);
    world.pass(500);
    assert_eq!(world.server.tcp_passed(connection, 0, 0, world.now), 0);
    assert_eq!(world.server.tcp_passed(connection, 0, 1, world.now), 1);
    let view = world.server.allocations().next().unwrap();
    assert_eq!((view.bytes_to_peers, view.bytes_to_clients), (3500, 2001));
    let counters = world.server.counters();
    assert_eq!((counters.bytes_to_peers, counters.bytes_to_clients), (3500, 2001));
}

#[test]
fn a_link_that_came_to_another_worker_is_handed_over() {
    let (mut world, mut user) = begin(settings());
    world.server = hubbub_turn::Server::new(
        std::sync::Arc::new(settings()),
        hubbub_turn::Seeds { secret: [7; 32], rng: 5 },
    )
    .numbered(3, 4);
    world.relays.clear();
    user.allocate_tcp(&mut world);
    let connection = connected(&mut world, &mut user, PEER);
    assert_eq!(connection.0 & 1023, 3);

    let mut second = World::new(settings());
    let mut data = on_link(&user, 2);
    data.learn_nonce(&mut second);
    data.transaction += 1;
    let request = data.signed(CONNECTION_BIND, &[(CONNECTION_ID, &connection.0.to_be_bytes())]);
    assert_eq!(second.try_ask(data.at, &request), None);
    assert_eq!(second.elsewhere, [(3, data.at, request.clone())]);
    let mut out = Vec::new();
    world.server.handle_moved(data.at, 0, &request, world.now, &mut out);
    assert_eq!(out.len(), 2);
    // A stranger's request is refused where it is.
    let stranger = User::new(tcp("198.41.0.9:1", 9));
    let id: Attributes<'_> = &[(CONNECTION_ID, &connection.0.to_be_bytes())];
    assert_eq!(second.ask(stranger.at, &stranger.plain(CONNECTION_BIND, id)).code(), 401);
}
