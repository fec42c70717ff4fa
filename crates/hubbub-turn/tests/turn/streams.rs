//! Messages in a byte stream, and a whole conversation over one.

use hubbub_turn::{Framed, NotTurn, next_message};

use crate::world::*;

const MOST: usize = 2048;

#[test]
fn messages_are_found_wherever_they_are_cut() {
    let user = User::new(tcp("198.41.0.4:1234", 1));
    let messages = [user.plain(ALLOCATE, &[UDP]), channel_data(0x4000, b"abc"), channel_data(0x4001, b"")];
    let mut stream = Vec::new();
    for message in &messages {
        stream.extend(message);
        stream.resize(stream.len().next_multiple_of(4), 0);
    }
    for piece in 1..stream.len() {
        let (mut buffer, mut found) = (Vec::new(), Vec::new());
        for bytes in stream.chunks(piece) {
            buffer.extend(bytes);
            while let Framed::Message { length, taken } = next_message(&buffer, MOST).unwrap() {
                found.push(buffer[..length].to_vec());
                buffer.drain(..taken);
            }
        }
        assert_eq!((&found[..], buffer.len()), (&messages[..], 0));
    }
}

#[test]
fn what_is_wanted_is_what_is_missing() {
    let whole = channel_data(0x4000, b"abcde");
    assert_eq!(next_message(&[], MOST), Ok(Framed::Part { wanted: 4 }));
    assert_eq!(next_message(&whole[..3], MOST), Ok(Framed::Part { wanted: 4 }));
    assert_eq!(next_message(&whole, MOST), Ok(Framed::Part { wanted: 12 }), "the padding is part of it");
    let padded = [&whole[..], &[0; 3]].concat();
    assert_eq!(next_message(&padded, MOST), Ok(Framed::Message { length: 9, taken: 12 }));
}

#[test]
fn what_is_something_else_is_known_at_once() {
    for bytes in [&b"GET / HTTP/1.1"[..], b"\x16\x03\x01", b"<", b"\x80"] {
        assert_eq!(next_message(bytes, MOST), Err(NotTurn), "{bytes:?}");
    }
    let mut request = User::new(tcp("198.41.0.4:1", 1)).plain(BINDING, &[]);
    request[4] = 0;
    assert_eq!(next_message(&request[..5], MOST), Err(NotTurn), "the cookie");
    request[4] = 0x21;
    request[3] = 2;
    assert_eq!(next_message(&request, MOST), Err(NotTurn), "no multiple of four");
}

#[test]
fn no_message_is_longer_than_allowed() {
    assert_eq!(next_message(&channel_data(0x4000, &[0; 96]), 99), Err(NotTurn));
    assert!(next_message(&channel_data(0x4000, &[0; 96]), 100).is_ok());
    assert_eq!(next_message(&[0, 1, 0xFF, 0xFC], MOST), Err(NotTurn));
}

#[test]
fn a_conversation_over_tcp() {
    let mut world = World::new(settings());
    let mut user = User::new(tcp("198.41.0.4:1234", 7));
    let relay = user.allocate(&mut world);
    assert_eq!(user.bind(&mut world, 0x4000, PEER), 0);
    let got = world.arrive(relay, PEER, b"hello").unwrap();
    assert_eq!(next_message(&got, MOST), Ok(Framed::Message { length: 9, taken: 12 }));
}
