//! Any bytes, decoded by both roles, with and without compression: nothing panics, no message exceeds its
//! limit, nothing follows an end, and it does not matter how the bytes are cut.
//!
//! Input: one byte of options, one that says how to cut, then what the peer sends.
#![no_main]

use hubbub_ws::{Config, Decoder, Deflate, Error, Incoming, Inflater, Limits, Role};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { frame: 2000, message: 3000, fragments: 5 };

fuzz_target!(|data: &[u8]| {
    let [options, cut, bytes @ ..] = data else { return };
    let config = config(*options);
    let whole = decode(config, &[bytes]);
    assert_eq!(decode(config, &pieces(bytes, *cut)), whole);
});

fn config(options: u8) -> Config {
    let role = if options & 1 == 0 { Role::Server } else { Role::Client };
    let deflate = Deflate {
        server_max_window_bits: 8 + (options >> 4) % 8,
        client_max_window_bits: 8 + (options >> 4) % 8,
        server_no_context_takeover: options & 4 == 0,
        client_no_context_takeover: options & 8 == 0,
    };
    Config { role, limits: LIMITS, deflate: (options & 2 != 0).then_some(deflate) }
}

/// Pieces of 1 to 16 bytes that follow from `cut`.
fn pieces(mut bytes: &[u8], mut cut: u8) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        cut = cut.wrapping_mul(5).wrapping_add(1);
        let (piece, rest) = bytes.split_at((1 + usize::from(cut >> 4)).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// All that was decoded, in words, and the error it ended with.
fn decode(config: Config, pieces: &[&[u8]]) -> (Vec<String>, Option<Error>) {
    let (mut decoder, mut inflater) = (Decoder::new(config), Inflater::new());
    let (mut seen, mut failed) = (Vec::new(), None);
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        loop {
            let ended = decoder.is_closed();
            match decoder.next(&mut input, &mut inflater) {
                Ok(Some(incoming)) => {
                    assert!(!ended, "{incoming:?} after the end");
                    check(&incoming);
                    seen.push(format!("{incoming:?}"));
                }
                Ok(None) => break,
                Err(error) => {
                    assert!(!ended, "{error} after the end");
                    assert!(error.to_string().len() <= 123);
                    failed = Some(error);
                }
            }
        }
        assert!(input.is_empty());
    }
    (seen, failed)
}

fn check(incoming: &Incoming<'_>) {
    match incoming {
        Incoming::Text(text) => assert!(text.len() <= LIMITS.message),
        Incoming::Binary(bytes) => assert!(bytes.len() <= LIMITS.message),
        Incoming::Ping(payload) | Incoming::Pong(payload) => assert!(payload.len() <= 125),
        Incoming::Close(frame) => assert!(frame.is_none_or(|frame| frame.reason.len() <= 123)),
    }
}
