//! To whom nothing is relayed. Every row is a hole that somebody had.

use hubbub_turn::{Net, PeerPolicy, Settings};

use crate::world::*;

const AT: &str = "198.41.0.4:1234";

/// What leads where no client of a relay should be.
const FORBIDDEN: &[(&str, &str)] = &[
    // Slack 2018: into the provider's private network, and to the metadata of its cloud.
    ("10.0.0.1", "private"),
    ("172.16.0.1", "private"),
    ("172.31.255.254", "private"),
    ("192.168.1.1", "private"),
    ("100.64.0.1", "behind a carrier's NAT"),
    ("169.254.169.254", "metadata"),
    ("fc00::1", "unique local"),
    ("fd12:3456::1", "unique local"),
    ("fe80::1", "link-local"),
    ("fec0::1", "site-local"),
    // CVE-2020-26262: loopback by another name.
    ("0.0.0.0", "this host"),
    ("0.1.2.3", "this network"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.255", "loopback"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    // CVE-2026-27624: IPv4 inside IPv6.
    ("::ffff:127.0.0.1", "mapped"),
    ("::ffff:10.0.0.1", "mapped"),
    ("::ffff:198.41.0.9", "mapped"),
    ("::127.0.0.1", "compatible"),
    ("::ffff:0:10.0.0.1", "translated"),
    ("64:ff9b::10.0.0.1", "NAT64"),
    ("64:ff9b::198.41.0.9", "NAT64"),
    ("64:ff9b:1::10.0.0.1", "NAT64 of the operator"),
    ("2002:0a00:0001::1", "6to4"),
    ("2002:c629:0009::1", "6to4"),
    ("2001:0:4136:e378:8000:63bf:f5ff:fffe", "Teredo"),
    // What else is set apart.
    ("192.0.0.8", "IETF"),
    ("192.0.2.1", "documentation"),
    ("198.51.100.1", "documentation"),
    ("203.0.113.1", "documentation"),
    ("192.88.99.1", "6to4 relay"),
    ("198.18.0.1", "benchmarks"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.250", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("ff02::1", "multicast"),
    ("2001:db8::1", "documentation"),
    ("3fff::1", "documentation"),
    ("100::1", "discard"),
    ("5f00::1", "segment routing"),
    ("4000::1", "unassigned"),
];

fn with_port(ip: &str) -> String {
    if ip.contains(':') { format!("[{ip}]:4000") } else { format!("{ip}:4000") }
}

fn user(world: &mut World) -> User {
    let mut user = User::new(udp(AT));
    user.allocate_with(world, &[UDP, (ADDITIONAL_ADDRESS_FAMILY, &[2, 0, 0, 0])]);
    user
}

#[test]
fn slack_2018_cve_2020_26262_cve_2026_27624_special_addresses_are_forbidden() {
    let mut world = World::new(settings());
    let mut user = user(&mut world);
    for (ip, what) in FORBIDDEN {
        let peer = with_port(ip);
        assert_eq!(user.permit(&mut world, &peer), 403, "{ip} is {what}");
        assert_eq!(user.bind(&mut world, 0x4000, &peer), 403, "{ip} is {what}");
        assert_eq!(user.send(&mut world, &peer, b"hi"), None, "{ip} is {what}");
    }
    assert_eq!(world.server.counters().peers_refused, FORBIDDEN.len() as u64 * 3);
    for peer in [PEER, PEER_V6, "172.32.0.1:1", "100.128.0.1:1", "[2001:4860:4860::8888]:53"] {
        assert_eq!(user.permit(&mut world, peer), 0, "{peer}");
    }
}

/// A policy and what it says of some peers.
fn check(policy: &PeerPolicy, peers: &[(&str, bool)]) {
    for (peer, may) in peers {
        assert_eq!(policy.may_reach(address(peer)), *may, "{peer}");
    }
}

fn nets(texts: &[&str]) -> Vec<Net> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn coturn_1946_our_own_addresses_are_for_relays_only() {
    let own = vec![address("192.88.97.1:0").ip(), address("10.1.1.1:0").ip()];
    let policy = PeerPolicy { own, allowed: nets(&["10.0.0.0/8"]), ..PeerPolicy::default() };
    check(&policy, &[("192.88.97.1:50000", false), ("10.1.1.1:50000", false), ("10.1.1.2:1", true)]);
    check(
        &PeerPolicy { relay_ports: Some(50_000..=60_000), ..policy },
        &[("192.88.97.1:50000", true), ("192.88.97.1:443", false), ("192.88.97.1:3478", false)],
    );
}

#[test]
fn a_send_to_our_own_port_is_dropped_though_the_address_has_a_permission() {
    let peers = PeerPolicy {
        own: vec![address("192.88.97.1:0").ip()],
        relay_ports: Some(50_000..=60_000),
        ..PeerPolicy::default()
    };
    let mut world = World::new(Settings { peers, ..settings() });
    let mut user = user(&mut world);
    assert_eq!(user.permit(&mut world, "192.88.97.1:50002"), 0);
    assert!(user.send(&mut world, "192.88.97.1:50002", b"hi").is_some());
    assert_eq!(user.send(&mut world, "192.88.97.1:443", b"hi"), None);
    assert_eq!(user.bind(&mut world, 0x4000, "192.88.97.1:443"), 403);
}

#[test]
fn what_is_denied_is_denied_and_what_is_allowed_allowed() {
    let policy = PeerPolicy {
        denied: nets(&["192.88.98.0/24", "10.9.9.9", "2600:1::/32"]),
        allowed: nets(&["10.0.0.0/8", "127.0.0.0/8", "64:ff9b::/96", "fd00::/8", "::1"]),
        ..PeerPolicy::default()
    };
    check(
        &policy,
        &[
            (PEER, false),
            ("192.88.97.255:1", true),
            ("10.9.9.9:1", false),
            ("10.9.9.8:1", true),
            ("127.0.0.1:1", true),
            ("127.0.0.1:0", false),
            ("192.168.0.1:1", false),
            ("[2600:1::1]:1", false),
            ("[2600:2::1]:1", true),
            ("[fd00::1]:1", true),
            ("[::1]:1", true),
            ("[::2]:1", false),
            ("[::]:1", false),
            // Translated addresses are as good as what they are translated to.
            ("[64:ff9b::10.0.0.1]:1", true),
            ("[64:ff9b::10.9.9.9]:1", false),
            ("[64:ff9b::192.168.0.1]:1", false),
            ("[64:ff9b::198.41.0.9]:1", true),
            ("[::ffff:10.0.0.1]:1", false),
        ],
    );
}

#[test]
fn nothing_allows_a_mapped_address() {
    let policy = PeerPolicy { allowed: nets(&["::/0", "0.0.0.0/0"]), ..PeerPolicy::default() };
    check(&policy, &[("[::ffff:198.41.0.9]:1", false), ("[fe80::1]:1", true), ("127.0.0.1:1", true)]);
}

#[test]
fn ghost_calls_a_relay_may_serve_one_peer_only() {
    let policy = PeerPolicy { only_allowed: true, allowed: nets(&["192.88.98.7"]), ..PeerPolicy::default() };
    check(&policy, &[(PEER, true), ("192.88.98.8:1", false), (PEER_V6, false)]);
}

#[test]
fn blocks_are_read_as_they_are_written() {
    for wrong in
        ["", "10.0.0.0/33", "fc00::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "a/8", "10.0.0.0/8/8"]
    {
        assert!(wrong.parse::<Net>().is_err(), "{wrong}");
    }
    let all: Net = "0.0.0.0/0".parse().unwrap();
    assert!(all.contains(address("255.255.255.255:1").ip()) && !all.contains(address("[::1]:1").ip()));
    let all: Net = "::/0".parse().unwrap();
    assert!(all.contains(address("[ff::1]:1").ip()) && !all.contains(address("1.1.1.1:1").ip()));
    let one: Net = "::1/128".parse().unwrap();
    assert!(one.contains(address("[::1]:1").ip()) && !one.contains(address("[::2]:1").ip()));
}
