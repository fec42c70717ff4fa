//! The first bytes of a connection: what they are taken for never changes when more come, and enough of them are
//! always taken for something.
//!
//! Input: what a peer sends first.
#![no_main]

use hubbub_net::recognise::{Spoken, recognise};
use libfuzzer_sys::fuzz_target;

/// As many bytes as are ever looked at: 4 of empty lines, a method of 20, and the one after it.
const ENOUGH: usize = 25;

fuzz_target!(|bytes: &[u8]| {
    let whole = recognise(bytes);
    let mut answer = None;
    for cut in 0..=bytes.len().min(64) {
        let now = recognise(&bytes[..cut]);
        assert!(answer.is_none() || now == answer, "{answer:?} became {now:?} at byte {cut}");
        answer = now;
    }
    assert!(answer.is_none() || whole == answer);
    assert!(whole.is_some() || bytes.len() < ENOUGH, "{} bytes are taken for nothing", bytes.len());
    assert!(whole != Some(Spoken::Http2) || bytes.starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
});
