//! A byte stream in any pieces: the messages found are the same, none is longer than allowed, what is wanted is always more
//! than what is there, and what is no message at the beginning stays none.
//!
//! Input: the longest message, the length of the pieces, the stream.
#![no_main]

use hubbub_turn::{Framed, NotTurn, next_message};
use libfuzzer_sys::fuzz_target;

/// What was found: messages with what they take, and whether the stream broke.
type Found = (Vec<(Vec<u8>, usize)>, bool);

fuzz_target!(|input: (u16, u8, &[u8])| {
    let (longest, piece, stream) = (usize::from(input.0), usize::from(input.1).max(1), input.2);
    let whole = read(stream, stream.len().max(1), longest);
    assert_eq!(read(stream, piece, longest), whole);
});

fn read(stream: &[u8], piece: usize, longest: usize) -> Found {
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    for bytes in stream.chunks(piece) {
        buffer.extend_from_slice(bytes);
        loop {
            match next_message(&buffer, longest) {
                Ok(Framed::Message { length, taken }) => {
                    assert!(
                        length <= taken && taken <= longest && taken < length + 4 && taken <= buffer.len()
                    );
                    found.push((buffer[..length].to_vec(), taken));
                    buffer.drain(..taken);
                }
                Ok(Framed::Part { wanted }) => {
                    assert!(wanted > buffer.len() && wanted <= longest.max(4));
                    break;
                }
                Err(NotTurn) => return (found, true),
            }
        }
    }
    (found, false)
}
