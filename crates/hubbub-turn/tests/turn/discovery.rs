//! NAT discovery: what RFC 5780 says of the server, and that nobody gains by it at another's expense.

use hubbub_turn::{Client, Discovery, Rate, Settings};
use stun_types::message::{MessageClass, MessageWrite, MessageWriteExt};

use crate::world::*;

const PRIMARY: &str = "192.88.97.1:3478";
const ALTERNATE: &str = "192.88.97.2:3479";
const AT: &str = "198.41.0.4:1234";

type Attributes<'a> = &'a [(u16, &'a [u8])];

fn world() -> World {
    World::new(Settings { other: discovery(PRIMARY, ALTERNATE), ..settings() })
}

fn discovery(primary: &str, alternate: &str) -> Option<Discovery> {
    Discovery::new(address(primary), address(alternate))
}

/// A client that asks at one of our addresses.
fn asking(local: &str) -> Client {
    Client { local: address(local), ..udp(AT) }
}

/// The answer to a Binding request, and who gets it from where.
fn bind(world: &mut World, from: Client, attributes: Attributes<'_>) -> (Client, Answer) {
    world.receive(from, &User::new(from).plain(BINDING, attributes));
    let (to, bytes) = world.answers.pop().expect("an answer");
    assert_eq!(world.answers, []);
    (to, Answer::read(bytes))
}

#[test]
fn an_answer_tells_where_it_comes_from_and_of_the_other_address() {
    let mut world = world();
    let (to, answer) = bind(&mut world, asking(PRIMARY), &[]);
    assert_eq!(to, asking(PRIMARY));
    assert_eq!(answer.attributes(), [XOR_MAPPED_ADDRESS, MAPPED_ADDRESS, RESPONSE_ORIGIN, OTHER_ADDRESS]);
    assert_eq!(answer.addresses(XOR_MAPPED_ADDRESS), [address(AT)]);
    assert_eq!(answer.plain_address(MAPPED_ADDRESS), address(AT));
    assert_eq!(answer.plain_address(RESPONSE_ORIGIN), address(PRIMARY));
    assert_eq!(answer.plain_address(OTHER_ADDRESS), address(ALTERNATE));
}

#[test]
fn change_request_changes_what_it_says_wherever_it_comes() {
    let (ip, port) = (["192.88.97.1", "192.88.97.2"], [3478, 3479]);
    for (nth_ip, nth_port) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let at = |change_ip: usize, change_port: usize| {
            format!("{}:{}", ip[(nth_ip + change_ip) % 2], port[(nth_port + change_port) % 2])
        };
        for (flags, change_ip, change_port) in [(0, 0, 0), (2, 0, 1), (4, 1, 0), (6, 1, 1)] {
            let request: Attributes<'_> = &[(CHANGE_REQUEST, &[0, 0, 0, flags])];
            let (to, answer) = bind(&mut world(), asking(&at(0, 0)), request);
            assert_eq!(to, asking(&at(change_ip, change_port)), "the answer leaves from there");
            assert_eq!(answer.plain_address(RESPONSE_ORIGIN), to.local);
            assert_eq!(answer.plain_address(OTHER_ADDRESS), address(&at(1, 1)), "whatever the flags say");
        }
    }
}

#[test]
fn there_is_nothing_to_discover_anywhere_else() {
    let wishes: [Attributes<'_>; 3] =
        [&[(CHANGE_REQUEST, &[0, 0, 0, 2])], &[(PADDING, &[0; 100])], &[(RESPONSE_PORT, &[0x10, 0, 0, 0])]];
    let elsewhere = asking("192.88.97.3:3478");
    let over_tcp = Client { local: address(PRIMARY), ..tcp(AT, 1) };
    for (mut world, from) in
        [(World::new(settings()), asking(PRIMARY)), (world(), elsewhere), (world(), over_tcp)]
    {
        let (to, answer) = bind(&mut world, from, &[]);
        assert_eq!((to, answer.attributes()), (from, vec![XOR_MAPPED_ADDRESS]));
        for attributes in wishes {
            let (to, answer) = bind(&mut world, from, attributes);
            assert_eq!((to, answer.code()), (from, 420), "{attributes:x?}");
        }
    }
}

#[test]
fn both_addresses_must_differ_in_both_parts() {
    assert!(discovery(PRIMARY, ALTERNATE).is_some());
    for alternate in ["192.88.97.1:3479", "192.88.97.2:3478", PRIMARY, "[2600::1]:3479"] {
        assert_eq!(discovery(PRIMARY, alternate), None, "{alternate}");
    }
    let sockets = discovery("[2600::1]:1", "[2600::2]:2").unwrap().sockets();
    assert_eq!(sockets, ["[2600::1]:1", "[2600::1]:2", "[2600::2]:1", "[2600::2]:2"].map(address));
}

#[test]
fn response_port_leads_to_another_port_of_the_same_address() {
    let mut world = world();
    let request: Attributes<'_> = &[(RESPONSE_PORT, &[0x10, 0x00, 0, 0]), (CHANGE_REQUEST, &[0, 0, 0, 6])];
    let (to, answer) = bind(&mut world, asking(PRIMARY), request);
    assert_eq!((to.remote, to.local), (address("198.41.0.4:4096"), address(ALTERNATE)));
    assert_eq!(answer.addresses(XOR_MAPPED_ADDRESS), [address(AT)]);
    let (to, _) = bind(&mut world, asking(PRIMARY), &[(RESPONSE_PORT, &[0x04, 0x00])]);
    assert_eq!(to.remote, address("198.41.0.4:1024"));
}

#[test]
fn what_is_wrong_is_refused_where_it_was_asked() {
    let wrong: [Attributes<'_>; 7] = [
        &[(CHANGE_REQUEST, &[0, 0, 6])],
        &[(RESPONSE_PORT, &[0x10])],
        &[(RESPONSE_PORT, &[0x10, 0, 0])],
        // No service below 1024 is ever spoken to.
        &[(RESPONSE_PORT, &[0x00, 0x35, 0, 0])],
        &[(RESPONSE_PORT, &[0, 0, 0, 0])],
        &[(RESPONSE_PORT, &[0x03, 0xFF, 0, 0]), (CHANGE_REQUEST, &[0, 0, 0, 6])],
        &[(RESPONSE_PORT, &[0x10, 0, 0, 0]), (PADDING, &[0; 1000])],
    ];
    for attributes in wrong {
        let (to, answer) = bind(&mut world(), asking(PRIMARY), attributes);
        assert_eq!((to, answer.code()), (asking(PRIMARY), 400), "{attributes:x?}");
    }
}

#[test]
fn padding_makes_an_answer_as_long_as_its_request_and_no_longer() {
    for length in [0, 1, 4, 50, 60, 100, 1400, 1472, 9000, 60_000] {
        for fingerprint in [false, true] {
            let padding = vec![b'x'; length];
            let mut request = User::new(udp(AT)).bare(MessageClass::Request, BINDING, &[(PADDING, &padding)]);
            if fingerprint {
                request.add_fingerprint().unwrap();
            }
            let request = request.finish();
            let answer = Settings { bindings: Rate { per_second: 0, burst: 10_000 }, ..settings() };
            let mut world = World::new(Settings { other: discovery(PRIMARY, ALTERNATE), ..answer });
            let answer = world.ask(asking(PRIMARY), &request);
            let least = 20 + 4 * 12 + 4 + if fingerprint { 8 } else { 0 };
            assert_eq!(answer.bytes.len(), request.len().max(least), "{length}");
            assert!(answer.value(PADDING).unwrap().iter().all(|byte| *byte == 0));
        }
    }
}

#[test]
fn netscout_2021_what_a_source_is_sent_is_no_more_than_by_plain_answers() {
    let bindings = Rate { per_second: 0, burst: 60 };
    let sent = |attributes: Attributes<'_>, other: Option<Discovery>| {
        let mut world = World::new(Settings { bindings, other, ..settings() });
        let request = User::new(udp(AT)).plain(BINDING, attributes);
        (0..1000).for_each(|_| world.receive(asking(PRIMARY), &request));
        world.answers.iter().map(|(_, answer)| answer.len()).sum::<usize>()
    };
    let plain = sent(&[], None);
    assert_eq!(plain, 60 * 32);
    let padding: Attributes<'_> = &[(PADDING, &[0; 1400])];
    for attributes in [&[], padding, &[(RESPONSE_PORT, &[0x10, 0, 0, 0])]] {
        let discovered = sent(attributes, discovery(PRIMARY, ALTERNATE));
        // The same number of bytes as plain answers of IPv6.
        assert!(discovered <= 60 * 44, "{discovered}");
        assert!(discovered > 0);
    }
}
