//! What strangers and users may not do to the server, or with it to others.

use hubbub_turn::{Rate, Settings};

use crate::world::*;

const AT: &str = "198.41.0.4:1234";

#[test]
fn coturn_1999_spoofed_requests_leave_nothing_behind() {
    let mut world = World::new(settings());
    for port in 1..5000 {
        let user =
            User { nonce: vec![b'x'; 35], ..User::new(udp(&format!("198.41.0.{}:{port}", port % 250))) };
        world.receive(user.at, &user.plain(ALLOCATE, &[UDP]));
        world.receive(user.at, &user.signed(ALLOCATE, &[UDP]));
        world.answers.clear();
    }
    assert_eq!((world.held(), world.server.deadline()), ((0, 0, 0), None));
    assert_eq!(world.asked, []);
}

#[test]
fn coturn_1957_challenges_are_counted_for_each_source() {
    let challenges = Rate { per_second: 2, burst: 5 };
    let mut world = World::new(Settings { challenges, ..settings() });
    let burst = |world: &mut World, ip: &str| {
        let ask = |port| {
            let user = User::new(udp(&format!("{ip}:{port}")));
            world.try_ask(user.at, &user.plain(ALLOCATE, &[UDP]))
        };
        (1..100).filter_map(ask).count()
    };
    assert_eq!(burst(&mut world, "198.41.0.4"), 5);
    world.pass(1000);
    assert_eq!(burst(&mut world, "198.41.0.4"), 2);
    // 64 bits of IPv6 are one source.
    assert_eq!(burst(&mut world, "[2600::1]") + burst(&mut world, "[2600::2]"), 5);
    assert!(world.server.counters().over_budget > 300);
}

#[test]
fn stale_nonces_cost_as_much_as_none() {
    let mut world = World::new(Settings { challenges: Rate { per_second: 1, burst: 3 }, ..settings() });
    let user = User { nonce: b"stale".to_vec(), ..User::new(udp(AT)) };
    let answers: Vec<_> =
        (0..9).filter_map(|_| world.try_ask(user.at, &user.signed(ALLOCATE, &[UDP]))).collect();
    assert_eq!(answers.iter().map(Answer::code).collect::<Vec<_>>(), [438; 3]);
}

#[test]
fn passwords_are_not_to_be_tried_out() {
    let mut world = World::new(Settings { challenges: Rate { per_second: 1, burst: 4 }, ..settings() });
    let mut user = User { password: "wrong".into(), ..User::new(tcp(AT, 1)) };
    user.learn_nonce(&mut world);
    let tries = (0..50).filter_map(|_| world.try_ask(user.at, &user.signed(ALLOCATE, &[UDP])));
    assert_eq!(tries.count(), 4);
}

#[test]
fn nor_are_names() {
    let challenges = Rate { per_second: 1, burst: 10 };
    let mut world = World::new(Settings { accounts: true, challenges, ..settings() });
    for port in 0..50 {
        let mut user = User::with_password(udp(&format!("198.41.0.4:{}", 1000 + port)), "romeo", "moon");
        world.receive(user.at, &user.plain(ALLOCATE, &[UDP]));
        let Some((_, challenge)) = world.answers.pop() else { break };
        user.nonce = Answer::read(challenge).value(NONCE).unwrap();
        world.receive(user.at, &user.signed(ALLOCATE, &[UDP]));
    }
    assert_eq!(world.asked.len(), 5);
}

#[test]
fn only_so_many_questions_wait() {
    let challenges = Rate { per_second: 0, burst: 1000 };
    let mut world = World::new(Settings { accounts: true, pending: 3, challenges, ..settings() });
    for port in 1000..1010 {
        let mut user = User::with_password(udp(&format!("198.41.0.4:{port}")), "romeo", "moon");
        user.learn_nonce(&mut world);
        world.receive(user.at, &user.signed(ALLOCATE, &[UDP]));
    }
    assert_eq!((world.asked.len(), world.held()), (3, (0, 0, 3)));
}

#[test]
fn netscout_2021_an_answer_is_a_poor_weapon() {
    let mut world = World::new(settings());
    let at = udp(AT);
    let request = User::new(at).plain(BINDING, &[]);
    assert_eq!((request.len(), world.ask(at, &request).bytes.len()), (20, 32));
    let at = udp("[2600::4]:1");
    assert_eq!(world.ask(at, &request).bytes.len(), 44);
    // The longest answer to a stranger who asks for an allocation.
    let request = User::new(at).plain(ALLOCATE, &[UDP]);
    let answer = world.ask(at, &request);
    assert!(answer.bytes.len() <= 100, "{}", answer.bytes.len());
    assert_eq!(answer.value(ERROR_CODE).unwrap().len(), 4, "not a word");
}

#[test]
fn netscout_2021_binding_is_counted_for_each_source() {
    let bindings = Rate { per_second: 10, burst: 20 };
    let mut world = World::new(Settings { bindings, ..settings() });
    let burst = |world: &mut World, at| {
        let request = User::new(at).plain(BINDING, &[]);
        (0..100).filter_map(|_| world.try_ask(at, &request)).count()
    };
    assert_eq!(burst(&mut world, udp(AT)), 20);
    world.pass(500);
    assert_eq!(burst(&mut world, udp("198.41.0.4:9")), 5);
    // Whoever has a connection is who he says.
    assert_eq!(burst(&mut world, tcp(AT, 1)), 100);
}

#[test]
fn coturn_2017_peers_of_an_allocation_are_limited() {
    let mut world = World::new(Settings { permissions: 10, channels: 5, ..settings() });
    let mut user = User::new(udp(AT));
    user.allocate(&mut world);
    let permitted = (0..200).filter(|n| user.permit(&mut world, &format!("192.88.98.{n}:1")) == 0).count();
    assert_eq!(permitted, 10);
    let bound =
        (0..50u16).filter(|n| user.bind(&mut world, 0x4000 + n, &format!("192.88.98.0:{}", n + 1)) == 0);
    assert_eq!(bound.count(), 5);
    let view = world.server.allocations().next().unwrap();
    assert_eq!((view.permissions, view.channels), (10, 5));
}

#[test]
fn a_burst_of_rate_zero_is_all_there_is() {
    let mut world = World::new(Settings { bindings: Rate { per_second: 0, burst: 1 }, ..settings() });
    let at = udp(AT);
    let request = User::new(at).plain(BINDING, &[]);
    assert!(world.try_ask(at, &request).is_some());
    world.pass(86_400_000);
    assert_eq!(world.try_ask(at, &request), None);
}
