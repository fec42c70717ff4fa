//! Mobility: what RFC 8016 says of the server, on one worker and on several.

use hubbub_turn::{Client, Out, Seeds, Server, Settings};

use crate::world::*;

const AT: &str = "198.41.0.4:1234";
const NEW: &str = "198.41.7.7:4321";
const THIRD: &str = "[2600::5]:99";
const WANTED: (u16, &[u8]) = (MOBILITY_TICKET, &[]);

fn settings() -> Settings {
    Settings { mobility: true, nonce_ms: 7_200_000, ..crate::world::settings() }
}

/// A user with an allocation that may move, its relay and its ticket; a channel and a permission are there.
fn begin() -> (World, User, std::net::SocketAddr, Vec<u8>) {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    let answer = user.allocate_with(&mut world, &[UDP, WANTED]);
    assert_eq!(user.bind(&mut world, 0x4000, PEER), 0);
    assert_eq!(user.permit(&mut world, "192.88.98.8:1"), 0);
    (world, user, answer.relayed(), answer.value(MOBILITY_TICKET).expect("a ticket"))
}

/// The same user elsewhere.
fn moved(user: &User, to: &str, world: &mut World) -> User {
    let mut user = User { at: udp(to), ..user.clone() };
    user.learn_nonce(world);
    user
}

fn refresh(user: &mut User, world: &mut World, ticket: &[u8]) -> Answer {
    user.ask(world, REFRESH, &[(MOBILITY_TICKET, ticket)])
}

/// To whom a packet of the peer goes.
fn reached(world: &mut World, relay: std::net::SocketAddr) -> Option<Client> {
    let id = *world.relays.iter().find(|(_, address)| **address == relay)?.0;
    let mut out = Vec::new();
    world.server.handle_peer(id, address(PEER), b"hi", world.now, &mut out);
    match out.pop()? {
        Out::Deliver { to, .. } => Some(to),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_allocation_moves_with_all_that_it_has() {
    let (mut world, mut user, relay, ticket) = begin();
    let mut there = moved(&user, NEW, &mut world);
    let answer = refresh(&mut there, &mut world, &ticket);
    assert_eq!((answer.code(), answer.lifetime()), (0, 600));
    assert_ne!(answer.value(MOBILITY_TICKET).unwrap(), ticket, "a new ticket");

    // Until the client speaks from there it is where it was.
    assert_eq!(reached(&mut world, relay), Some(user.at));
    assert!(user.say(&mut world, 0x4000, b"hi").is_some());
    assert_eq!(reached(&mut world, relay), Some(user.at));
    let sent = there.say(&mut world, 0x4000, b"hi").expect("the channel is there");
    assert_eq!((sent.relay, sent.peer), (relay, address(PEER)));
    assert_eq!(reached(&mut world, relay), Some(there.at));
    assert!(there.send(&mut world, "192.88.98.8:1", b"hi").is_some(), "the permission is there");

    assert_eq!(user.say(&mut world, 0x4000, b"hi"), None);
    assert_eq!(user.refresh(&mut world, 600).code(), 437);
    assert_eq!(there.refresh(&mut world, 600).code(), 0);
    assert_eq!(world.held(), (1, 1, 0));
    let views: Vec<_> = world.server.allocations().collect();
    assert_eq!((views.len(), views[0].client), (1, there.at));
    world.pass(600_000);
    assert_eq!((world.held(), world.server.deadline()), ((0, 0, 0), None));
}

#[test]
fn whatever_may_be_said_from_there_completes_a_move() {
    type Says = fn(&mut User, &mut World) -> bool;
    let says: [(Says, bool); 6] = [
        (|user, world| user.send(world, PEER, b"hi").is_some(), true),
        (|user, world| user.permit(world, PEER) == 0, true),
        (|user, world| user.bind(world, 0x4001, "192.88.98.9:1") == 0, true),
        (|user, world| user.refresh(world, 600).is_success(), true),
        // A channel that is not there, a peer without permission.
        (|user, world| user.say(world, 0x4ABC, b"hi").is_none(), false),
        (|user, world| user.send(world, "192.88.98.9:1", b"hi").is_none(), false),
    ];
    for (nth, (say, completes)) in says.into_iter().enumerate() {
        let (mut world, user, relay, ticket) = begin();
        let mut there = moved(&user, NEW, &mut world);
        assert_eq!(refresh(&mut there, &mut world, &ticket).code(), 0);
        assert!(say(&mut there, &mut world), "{nth}");
        let expected = if completes { there.at } else { user.at };
        assert_eq!(reached(&mut world, relay), Some(expected), "{nth}");
    }
}

#[test]
fn a_refresh_that_is_sent_again_gets_the_same_answer() {
    let (mut world, user, relay, ticket) = begin();
    let mut there = moved(&user, NEW, &mut world);
    there.transaction += 1;
    let request = there.signed(REFRESH, &[(MOBILITY_TICKET, &ticket)]);
    let first = world.ask(there.at, &request);
    assert!(first.is_success());
    assert_eq!(world.ask(there.at, &request), first);
    assert!(there.say(&mut world, 0x4000, b"hi").is_some());
    assert_eq!(world.ask(there.at, &request), first, "it was late");
    assert_eq!(reached(&mut world, relay), Some(there.at));
    // The old ticket is good for nothing else.
    assert_eq!(refresh(&mut there, &mut world, &ticket).code(), 400);
    assert_eq!(refresh(&mut moved(&user, THIRD, &mut world), &mut world, &ticket).code(), 400);
}

#[test]
fn a_client_may_move_on_and_back() {
    let (mut world, mut user, relay, ticket) = begin();
    let mut there = moved(&user, NEW, &mut world);
    let second = refresh(&mut there, &mut world, &ticket).value(MOBILITY_TICKET).unwrap();
    // It has said nothing from there, and is gone already.
    let mut third = moved(&user, THIRD, &mut world);
    let next = refresh(&mut third, &mut world, &second).value(MOBILITY_TICKET).unwrap();
    assert_eq!(there.refresh(&mut world, 600).code(), 437, "that address is nobody's any more");
    assert_eq!(reached(&mut world, relay), Some(user.at));
    // Back home.
    let last = refresh(&mut user, &mut world, &next).value(MOBILITY_TICKET).unwrap();
    assert_eq!(third.refresh(&mut world, 600).code(), 437);
    assert_eq!(refresh(&mut user, &mut world, &last).code(), 400, "it is there");
    assert_eq!(reached(&mut world, relay), Some(user.at));
    for ticket in [&ticket, &second, &next] {
        assert_eq!(refresh(&mut moved(&user, NEW, &mut world), &mut world, ticket).code(), 400, "an old one");
    }
    assert_eq!(refresh(&mut moved(&user, NEW, &mut world), &mut world, &last).code(), 0);
    assert_eq!(user.refresh(&mut world, 0).code(), 0);
    assert_eq!((world.held(), world.server.deadline()), ((0, 0, 0), None));
    assert_eq!(moved(&user, NEW, &mut world).refresh(&mut world, 600).code(), 437);
}

#[test]
fn an_allocation_may_be_ended_from_elsewhere() {
    let (mut world, user, _, ticket) = begin();
    let mut there = moved(&user, NEW, &mut world);
    let attributes: [(u16, &[u8]); 2] = [(MOBILITY_TICKET, &ticket), (LIFETIME, &[0; 4])];
    let answer = there.ask(&mut world, REFRESH, &attributes);
    assert_eq!((answer.lifetime(), answer.has(MOBILITY_TICKET)), (0, false));
    assert_eq!(world.held(), (0, 0, 0));
    assert_eq!(refresh(&mut there, &mut world, &ticket).code(), 437, "there is nothing any more");
}

#[test]
fn who_may_not_move_is_told_why() {
    let cases: [(bool, Client, &[u8], u16); 5] = [
        (true, udp(AT), &[], 0),
        (true, udp(AT), &[1], 400),
        (false, udp(AT), &[], 405),
        (true, tcp(AT, 1), &[], 405),
        (false, tcp(AT, 1), &[], 405),
    ];
    for (mobility, at, ticket, code) in cases {
        let mut world = World::new(Settings { mobility, ..settings() });
        let mut user = User::new(at);
        user.learn_nonce(&mut world);
        let answer = user.ask(&mut world, ALLOCATE, &[UDP, (MOBILITY_TICKET, ticket)]);
        assert_eq!((answer.code(), answer.has(MOBILITY_TICKET)), (code, code == 0));
    }
    let mut world = World::new(Settings { mobility: false, ..settings() });
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    assert_eq!(refresh(&mut user, &mut world, &[9; 30]).code(), 405);
}

#[test]
fn nobody_moves_what_is_not_his() {
    let (mut world, user, relay, ticket) = begin();
    let mut thief = User::named(udp(NEW), "bo");
    thief.learn_nonce(&mut world);
    assert_eq!(refresh(&mut thief, &mut world, &ticket).code(), 441, "other credentials");
    let stranger = User::new(udp(THIRD));
    let request = stranger.plain(REFRESH, &[(MOBILITY_TICKET, &ticket)]);
    assert_eq!(world.ask(stranger.at, &request).code(), 401);

    // A request that was seen on its way is good from no other address: its nonce is another's.
    let mut there = moved(&user, NEW, &mut world);
    there.transaction += 1;
    let request = there.signed(REFRESH, &[(MOBILITY_TICKET, &ticket)]);
    assert_eq!(world.ask(udp(THIRD), &request).code(), 438);
    for at in 0..ticket.len() {
        let mut wrong = ticket.clone();
        wrong[at] ^= 1;
        assert_eq!(refresh(&mut there, &mut world, &wrong).code(), 400, "byte {at}");
    }
    for wrong in [&ticket[1..], &[]] {
        assert_eq!(refresh(&mut there, &mut world, wrong).code(), 400);
    }
    assert_eq!(reached(&mut world, relay), Some(user.at));
    // Nor to where another allocation is.
    there.allocate(&mut world);
    assert_eq!(refresh(&mut there, &mut world, &ticket).code(), 437);
    assert_eq!(world.held(), (2, 2, 0));
}

#[test]
fn credentials_may_have_expired_by_then() {
    let (mut world, mut user, _, ticket) = begin();
    for _ in 0..7 {
        world.pass(599_999);
        assert_eq!(user.refresh(&mut world, 600).code(), 0);
    }
    let mut there = moved(&user, NEW, &mut world);
    assert_eq!(refresh(&mut there, &mut world, &ticket).code(), 0);
}

#[test]
fn what_comes_to_another_worker_is_handed_over() {
    let (mut world, user, _, _) = begin();
    let numbered =
        |nth| Server::new(settings().into(), Seeds { secret: [7; 32], rng: nth }).numbered(nth as u16, 8);
    // The same again, on worker 5.
    world.server = numbered(5);
    world.relays.clear();
    let mut user = User { at: udp(AT), ..user };
    let answer = user.allocate_with(&mut world, &[UDP, WANTED]);
    let (relay, ticket) = (answer.relayed(), answer.value(MOBILITY_TICKET).unwrap());
    assert_eq!(user.bind(&mut world, 0x4000, PEER), 0);

    let mut second = World::new(settings());
    second.server = numbered(2);
    let mut there = moved(&user, NEW, &mut second);
    there.transaction += 1;
    let request = there.signed(REFRESH, &[(MOBILITY_TICKET, &ticket)]);
    assert_eq!(second.try_ask(there.at, &request), None);
    assert_eq!(second.elsewhere.pop(), Some((5, there.at, request.clone())));
    // It is worker 5 that says whether it is right.
    let answer = world.hand_over(there.at, 2, &request).expect("an answer");
    assert!(answer.is_success() && answer.is_signed_by(&there));
    let (via, client, until_ms) = world.redirects.pop().expect("worker 2 is told");
    assert_eq!((via, client, until_ms), (2, there.at, world.now.mono_ms + 600_000));

    let data = channel_data(0x4000, b"hi");
    second.receive(there.at, &data);
    assert_eq!(second.elsewhere, [], "it is not told yet");
    second.server.redirect(client, 5, until_ms, second.now);
    second.receive(there.at, &data);
    assert_eq!(second.elsewhere.pop(), Some((5, there.at, data.clone())));
    assert_eq!(world.hand_over(there.at, 2, &data), None);
    assert_eq!(world.datagrams.pop().expect("it is relayed").relay, relay);
    assert_eq!(reached(&mut world, relay), Some(there.at));

    // A refresh goes the same way, and is heard of.
    there.transaction += 1;
    let request = there.signed(REFRESH, &[]);
    second.receive(there.at, &request);
    assert_eq!(second.elsewhere.pop(), Some((5, there.at, request.clone())));
    assert!(world.hand_over(there.at, 2, &request).expect("an answer").is_success());
    assert_eq!(world.redirects.len(), 1);
    // When the time is over the client is a stranger.
    second.pass(600_000);
    assert_eq!(there.refresh(&mut second, 600).code(), 437);
    assert_eq!(second.elsewhere, []);
}

#[test]
fn what_another_worker_has_reserved_is_taken_there() {
    let numbered =
        |nth| Server::new(settings().into(), Seeds { secret: [7; 32], rng: nth }).numbered(nth as u16, 4);
    let mut world = World::new(settings());
    world.server = numbered(3);
    let mut user = User::new(udp(AT));
    let answer = user.allocate_with(&mut world, &[UDP, (EVEN_PORT, &[0x80])]);
    let (even, token) = (answer.relayed(), answer.value(RESERVATION_TOKEN).unwrap());

    let mut second = World::new(settings());
    second.server = numbered(1);
    let mut there = moved(&user, NEW, &mut second);
    there.transaction += 1;
    let request = there.signed(ALLOCATE, &[UDP, (RESERVATION_TOKEN, &token)]);
    assert_eq!(second.try_ask(there.at, &request), None);
    assert_eq!(second.elsewhere.pop(), Some((3, there.at, request.clone())));
    let answer = world.hand_over(there.at, 1, &request).expect("an answer");
    assert_eq!(answer.relayed().port(), even.port() + 1);
    let (via, client, _) = world.redirects.pop().expect("worker 1 is told");
    assert_eq!((via, client), (1, there.at));

    // There is no such worker.
    let nowhere = [0, 4, 1, 2, 3, 4, 5, 6];
    let mut other = moved(&user, THIRD, &mut second);
    assert_eq!(other.ask(&mut second, ALLOCATE, &[UDP, (RESERVATION_TOKEN, &nowhere)]).code(), 508);
}

#[test]
fn strangers_have_nothing_handed_over() {
    let (mut world, user, _, _) = begin();
    world.server = Server::new(settings().into(), Seeds { secret: [7; 32], rng: 5 }).numbered(5, 8);
    world.relays.clear();
    let mut user = User { at: udp(AT), ..user };
    let ticket = user.allocate_with(&mut world, &[UDP, WANTED]).value(MOBILITY_TICKET).unwrap();

    let mut second = World::new(settings());
    let mut there = User { at: udp(NEW), ..user.clone() };
    there.transaction += 1;
    // With the nonce of another address.
    let request = there.signed(REFRESH, &[(MOBILITY_TICKET, &ticket)]);
    assert_eq!(second.ask(there.at, &request).code(), 438);
    assert_eq!(second.ask(there.at, &there.plain(REFRESH, &[(MOBILITY_TICKET, &ticket)])).code(), 401);
    // With an allocation here.
    there.allocate(&mut second);
    assert_eq!(refresh(&mut there, &mut second, &ticket).code(), 437);
    assert_eq!(second.elsewhere, []);
    // A request that is handed over and refused changes nothing where it came from.
    let mut thief = User::named(udp(THIRD), "bo");
    thief.learn_nonce(&mut second);
    thief.transaction += 1;
    let request = thief.signed(REFRESH, &[(MOBILITY_TICKET, &ticket)]);
    assert_eq!(second.try_ask(thief.at, &request), None);
    assert_eq!(world.hand_over(thief.at, 0, &request).expect("an answer").code(), 441);
    assert_eq!(world.redirects, []);
}

#[test]
fn redirects_are_no_more_than_allocations_may_be() {
    let mut world = World::new(Settings { allocations: 2, ..settings() });
    let user = |nth: u64| User::new(udp(&format!("198.41.0.4:{}", 1000 + nth)));
    for nth in 0..3 {
        let until_ms = world.now.mono_ms + 100 + nth;
        world.server.redirect(user(nth).at, 1, until_ms, world.now);
    }
    let handed = |world: &mut World| {
        (0..4).for_each(|nth| world.receive(user(nth).at, &channel_data(0x4000, b"hi")));
        let all = std::mem::take(&mut world.elsewhere);
        all.into_iter().map(|(_, from, _)| from.remote.port()).collect::<Vec<_>>()
    };
    assert_eq!(handed(&mut world), [1000, 1001]);
    world.pass(100);
    let until_ms = world.now.mono_ms + 100;
    world.server.redirect(user(3).at, 1, until_ms, world.now);
    assert_eq!(handed(&mut world), [1001, 1003]);
}
