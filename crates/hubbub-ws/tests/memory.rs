//! What a connection holds, counted by the allocator: nothing between messages, and never more than its
//! limits.

mod common;

use common::{MASK, deflate};
use hubbub_ws::{
    Config, Decoder, Deflater, Incoming, Inflater, Kind, Limits, Opcode, Role, client, encode_frame,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// Counts the bytes and calls of each thread, so that tests do not see each other.
struct Counting;

fn count(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
    CALLS.set(CALLS.get() + 1);
}

// SAFETY: every call is passed on unchanged to the system's allocator; the counters are plain thread-local
// cells without destructors, which allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Live bytes, and the number of calls so far, on this thread.
fn now() -> (isize, usize) {
    (LIVE.get(), CALLS.get())
}

/// The most bytes that were live while `run` ran, beyond what was live before.
fn peak(run: impl FnOnce()) -> isize {
    let before = LIVE.get();
    PEAK.set(before);
    run();
    PEAK.get() - before
}

fn server(message: usize) -> Config {
    let limits = Limits { frame: message, message, fragments: 100 };
    Config { role: Role::Server, limits, deflate: Some(deflate(false)) }
}

fn drain(decoder: &mut Decoder, inflater: &mut Inflater, bytes: &mut [u8]) -> usize {
    let (mut input, mut count) = (bytes, 0);
    while let Ok(Some(_)) = decoder.next(&mut input, inflater) {
        count += 1;
    }
    count
}

#[test]
fn whole_messages_allocate_nothing() {
    let mut bytes = Vec::new();
    for _ in 0..10 {
        client::encode_message(&mut bytes, Kind::Text, "grüezi ".repeat(50).as_bytes(), MASK);
        client::encode_ping(&mut bytes, b"ping", MASK);
    }
    let (mut decoder, mut inflater) = (Decoder::new(server(1000)), Inflater::new());
    let before = now();
    assert_eq!(drain(&mut decoder, &mut inflater, &mut bytes), 20);
    assert_eq!(now(), before);
}

#[test]
fn an_idle_connection_holds_nothing() {
    let mut bytes = Vec::new();
    client::encode_message(&mut bytes, Kind::Binary, &[1; 500], MASK);
    client::encode_pong(&mut bytes, &[2; 100], MASK);
    encode_frame(&mut bytes, false, false, Opcode::Binary, &[3; 300], Some(MASK));
    encode_frame(&mut bytes, true, false, Opcode::Continuation, &[4; 300], Some(MASK));
    let (mut decoder, mut inflater) = (Decoder::new(server(1000)), Inflater::new());
    let before = LIVE.get();
    let messages: usize = bytes.chunks_mut(33).map(|piece| drain(&mut decoder, &mut inflater, piece)).sum();
    assert_eq!(messages, 3);
    assert_eq!(LIVE.get(), before);
}

#[test]
fn a_header_in_pieces_holds_nothing() {
    let mut bytes = Vec::new();
    client::encode_message(&mut bytes, Kind::Binary, &[1; 500], MASK);
    let (mut decoder, mut inflater) = (Decoder::new(server(1000)), Inflater::new());
    let before = now();
    for byte in bytes[..8].chunks_mut(1) {
        assert_eq!(drain(&mut decoder, &mut inflater, byte), 0);
    }
    assert_eq!(now(), before);
}

#[test]
fn a_compressed_message_leaves_its_state_in_the_inflater() {
    let mut deflated = Vec::new();
    Deflater::new(15, false).compress_message(&[7; 900], &mut deflated);
    let mut bytes = Vec::new();
    client::encode_deflated(&mut bytes, Kind::Binary, &deflated, MASK);
    let mut again = bytes.clone();
    let (mut decoder, mut inflater) = (Decoder::new(server(1000)), Inflater::new());
    assert_eq!(drain(&mut decoder, &mut inflater, &mut bytes), 1);
    let mut second = Decoder::new(server(1000));
    let before = LIVE.get();
    assert_eq!(drain(&mut second, &mut inflater, &mut again), 1);
    assert_eq!(LIVE.get(), before, "the second connection uses what the first one needed");
}

#[test]
fn announcing_much_costs_little() {
    let mut bytes = Vec::new();
    encode_frame(&mut bytes, true, false, Opcode::Binary, &[0; 1 << 20], Some(MASK));
    let (mut decoder, mut inflater) = (Decoder::new(server(1 << 20)), Inflater::new());
    let held = peak(|| {
        assert_eq!(drain(&mut decoder, &mut inflater, &mut bytes[..100]), 0);
    });
    assert!(held < 400, "{held}");
}

#[test]
fn a_message_in_pieces_stays_within_the_limit() {
    const MESSAGE: usize = 100_000;
    let mut bytes = Vec::new();
    for i in 0..100 {
        let opcode = if i == 0 { Opcode::Binary } else { Opcode::Continuation };
        encode_frame(&mut bytes, i == 99, false, opcode, &[5; MESSAGE / 100], Some(MASK));
    }
    let (mut decoder, mut inflater) = (Decoder::new(server(MESSAGE)), Inflater::new());
    let mut longest = 0;
    let held = peak(|| {
        for piece in bytes.chunks_mut(777) {
            let mut input = piece;
            while let Ok(Some(Incoming::Binary(payload))) = decoder.next(&mut input, &mut inflater) {
                longest = payload.len();
            }
        }
    });
    assert_eq!(longest, MESSAGE);
    // The old and the new buffer, while one is copied to the other.
    assert!(held < 2 * MESSAGE as isize, "{held}");
}

#[test]
fn a_bomb_stays_within_the_limit() {
    let mut deflated = Vec::new();
    Deflater::new(15, false).compress_message(&vec![0; 2 << 20], &mut deflated);
    let mut bytes = Vec::new();
    client::encode_deflated(&mut bytes, Kind::Binary, &deflated, MASK);
    let (mut decoder, mut inflater) = (Decoder::new(server(100_000)), Inflater::new());
    let held = peak(|| {
        let mut input = &mut bytes[..];
        assert!(decoder.next(&mut input, &mut inflater).is_err());
    });
    assert!(held < 300_000, "{held}");
}
