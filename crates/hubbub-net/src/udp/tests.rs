//! Datagrams through real sockets, on this machine.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use proptest::prelude::*;

use super::*;

fn listening(address: &str) -> UdpSocket {
    bind_listening(address.parse().unwrap(), None).unwrap()
}

fn relay() -> UdpSocket {
    bind_relay("127.0.0.1:0".parse().unwrap()).unwrap()
}

fn datagram(by: usize, to: SocketAddr, head: &[u8], body: std::ops::Range<usize>) -> Datagram<'_, usize> {
    Datagram { by, from: None, to, head, body, padding: 0, whole: false }
}

/// All that waits at a socket.
fn read_all(socket: &UdpSocket) -> Vec<(SocketAddr, Vec<u8>)> {
    let mut inbox = Inbox::new();
    let mut all = Vec::new();
    while inbox.receive(socket).is_ok() {
        let bytes = inbox.bytes();
        all.extend(
            inbox.arrivals().iter().map(|arrival| (arrival.from, bytes[arrival.place.clone()].to_vec())),
        );
    }
    all
}

#[test]
fn what_is_sent_in_a_run_comes_one_by_one() {
    let (from, to) = (relay(), listening("127.0.0.1:0"));
    let address = to.local_addr().unwrap();
    let source = b"aaabbbccc";
    let mut outgoing = Outgoing::new();
    for start in [0, 3, 6] {
        outgoing.push(Datagram { padding: 1, ..datagram(0, address, b"#", start..start + 3) });
    }
    outgoing.push(datagram(0, address, b"end", 0..0));
    assert_eq!(outgoing.flush(source, |_| Some(&from)), 0);
    let read: Vec<_> = read_all(&to).into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(read, [&b"#aaa\0"[..], b"#bbb\0", b"#ccc\0", b"end"]);
}

#[test]
fn what_is_empty_or_longest_comes_too() {
    let (from, to) = (relay(), listening("127.0.0.1:0"));
    let address = to.local_addr().unwrap();
    let source = vec![7; 65_507];
    let mut outgoing = Outgoing::new();
    for length in [0, 65_507, 0, 0, 40_000, 40_000, 1] {
        outgoing.push(datagram(0, address, b"", 0..length));
    }
    assert_eq!(outgoing.flush(&source, |_| Some(&from)), 0);
    let lengths: Vec<_> = read_all(&to).iter().map(|(_, bytes)| bytes.len()).collect();
    assert_eq!(lengths, [0, 65_507, 0, 0, 40_000, 40_000, 1]);
}

#[test]
fn too_long_for_the_way_is_lost_alone() {
    let (from, to) = (relay(), listening("127.0.0.1:0"));
    let address = to.local_addr().unwrap();
    let source = vec![7; 70_000];
    let mut outgoing = Outgoing::new();
    for length in [10, 65_508, 20] {
        outgoing.push(datagram(0, address, b"", 0..length));
    }
    assert_eq!(outgoing.flush(&source, |_| Some(&from)), 1);
    assert_eq!(read_all(&to).len(), 2);
}

#[test]
fn where_a_datagram_was_sent_to_is_where_its_answer_comes_from() {
    let (server, client) = (listening("0.0.0.0:0"), listening("127.0.0.1:0"));
    let there = SocketAddr::new([127, 0, 0, 77].into(), server.local_addr().unwrap().port());
    client.send_to(b"question", there).unwrap();
    let mut inbox = Inbox::new();
    inbox.receive(&server).unwrap();
    let [arrival] = inbox.arrivals() else { panic!("one was sent") };
    assert_eq!(arrival.to, Some(IpAddr::from([127, 0, 0, 77])));
    let mut outgoing = Outgoing::new();
    outgoing.push(Datagram { from: arrival.to, ..datagram(0, arrival.from, b"answer", 0..0) });
    assert_eq!(outgoing.flush(b"", |_| Some(&server)), 0);
    assert_eq!(read_all(&client), [(there, b"answer".to_vec())]);
}

#[test]
fn the_network_says_that_nobody_listens() {
    let from = relay();
    let nobody = listening("127.0.0.1:0").local_addr().unwrap();
    let mut outgoing = Outgoing::new();
    outgoing.push(datagram(0, nobody, b"hello", 0..0));
    outgoing.flush(b"", |_| Some(&from));
    // ICMP: destination unreachable, port unreachable.
    let error = next_error(&from).unwrap().unwrap();
    assert_eq!((error.peer, error.kind, error.code), (nobody, 3, 3));
    assert!(next_error(&from).is_err());
}

#[test]
fn an_error_of_one_datagram_costs_no_other() {
    let (from, to) = (relay(), listening("127.0.0.1:0"));
    let nobody = listening("127.0.0.1:0").local_addr().unwrap();
    for _ in 0..5 {
        let mut outgoing = Outgoing::new();
        outgoing.push(datagram(0, nobody, b"lost", 0..0));
        outgoing.push(datagram(0, to.local_addr().unwrap(), b"kept", 0..0));
        assert_eq!(outgoing.flush(b"", |_| Some(&from)), 0);
    }
    assert_eq!(read_all(&to).len(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is gathered, each flow's datagrams come whole, once and in order.
    #[test]
    fn flows_keep_their_order(sent in prop::collection::vec((0usize..2, 0usize..3, 0usize..3, 0usize..900), 0..150)) {
        let by = [relay(), relay()];
        let to = [listening("127.0.0.1:0"), listening("127.0.0.1:0"), listening("127.0.0.1:0")];
        let lengths = [120, 121, 900];
        let source: Vec<u8> = (0..2000u32).map(|number| number as u8).collect();
        let mut outgoing = Outgoing::new();
        for (number, &(by, to_place, length, start)) in sent.iter().enumerate() {
            let head = (number as u32).to_be_bytes();
            let body = start..start + lengths[length];
            outgoing.push(datagram(by, to[to_place].local_addr().unwrap(), &head, body));
        }
        prop_assert_eq!(outgoing.flush(&source, |number| by.get(number)), 0);
        for (place, socket) in to.iter().enumerate() {
            let read = read_all(socket);
            for (number, from) in by.iter().enumerate() {
                let from = from.local_addr().unwrap();
                let came: Vec<_> = read.iter().filter(|one| one.0 == from).map(|one| one.1.clone()).collect();
                let wanted = sent.iter().enumerate().filter(|(_, it)| it.0 == number && it.1 == place);
                let wanted: Vec<_> = wanted
                    .map(|(number, it)| [&(number as u32).to_be_bytes(), &source[it.3..it.3 + lengths[it.2]]].concat())
                    .collect();
                prop_assert_eq!(came, wanted);
            }
        }
    }
}
