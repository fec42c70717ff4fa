//! Inflating any bytes never gives more than the limit, gives the same again, and gives back what was
//! deflated.
//!
//! Input: two bytes of limit, one of options, then the payload.
#![no_main]

use hubbub_ws::{Deflater, Error, Inflater};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [high, low, options, payload @ ..] = data else { return };
    let limit = usize::from(u16::from_be_bytes([*high, *low]));
    let mut inflater = Inflater::new();
    inflate_twice(&mut inflater, payload, limit);
    round_trip(&mut inflater, payload, *options);
});

fn inflate_twice(inflater: &mut Inflater, payload: &[u8], limit: usize) {
    let first = inflater.inflate(payload, limit).map(<[u8]>::to_vec);
    assert!(first.as_ref().is_ok_and(|bytes| bytes.len() <= limit) || first.is_err());
    let second = inflater.inflate(payload, limit).map(<[u8]>::to_vec);
    assert_eq!(first, second, "an earlier message left something behind");
}

fn round_trip(inflater: &mut Inflater, payload: &[u8], options: u8) {
    let mut deflated = Vec::new();
    Deflater::with_level(9 + options % 7, false, options >> 4).compress_message(payload, &mut deflated);
    assert_eq!(inflater.inflate(&deflated, payload.len()), Ok(payload));
    if let Some(less) = payload.len().checked_sub(1) {
        assert_eq!(inflater.inflate(&deflated, less), Err(Error::MessageTooBig));
    }
}
