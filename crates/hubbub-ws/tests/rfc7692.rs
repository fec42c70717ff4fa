//! RFC 7692, rule by rule, through the public interface.

mod common;

use common::{Owned, binary, config, decode_both_ways, deflate, text};
use hubbub_ws::{
    Config, Deflater, Error, Kind, Limits, Opcode, Role, encode_deflated, encode_frame, encode_message,
};

fn from_server(takeover: bool, bytes: &[u8]) -> common::Outcome {
    decode_both_ways(config(Role::Client, Some(deflate(takeover))), bytes)
}

#[test]
fn section_7_2_3_1_one_block_in_one_frame_or_two() {
    assert_eq!(from_server(false, b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00").0, [text("Hello")]);
    assert_eq!(from_server(false, b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00").0, [text("Hello")]);
}

#[test]
fn section_7_2_3_2_the_window_is_shared_if_agreed() {
    let bytes = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00";
    assert_eq!(from_server(true, bytes), (vec![text("Hello"), text("Hello")], None));
    assert_eq!(from_server(false, bytes), (vec![text("Hello")], Some(Error::Inflate)));
}

#[test]
fn section_7_2_3_3_to_6() {
    assert_eq!(from_server(false, b"\xc1\x0b\x00\x05\x00\xfa\xffHello\x00").0, [text("Hello")]);
    assert_eq!(from_server(false, b"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00").0, [text("Hello")]);
    let two_blocks = b"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00";
    assert_eq!(from_server(false, two_blocks).0, [text("Hello")]);
    assert_eq!(from_server(false, b"\xc2\x01\x00").0, [binary(b"")]);
}

#[test]
fn section_6_1_rsv1_is_for_the_first_frame_of_a_message() {
    assert_eq!(from_server(false, b"\x01\x01a\xc0\x01b").1, Some(Error::CompressedContinuation));
    assert_eq!(
        from_server(false, b"\x41\x03\xf2\x48\xcd\xc0\x04\xc9\xc9\x07\x00").1,
        Some(Error::CompressedContinuation)
    );
    for control in [0xc8, 0xc9, 0xca] {
        assert_eq!(from_server(false, &[control, 0]).1, Some(Error::CompressedControl));
    }
    assert_eq!(from_server(false, b"\xa1\x00").1, Some(Error::ReservedBits));
}

#[test]
fn section_6_messages_may_be_sent_uncompressed() {
    let (seen, error) =
        from_server(false, b"\x81\x01a\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x01\x01b\x80\x01c");
    assert_eq!((seen, error), (vec![text("a"), text("Hello"), text("bc")], None));
}

#[test]
fn control_frames_stand_between_compressed_fragments() {
    let (seen, _) = from_server(false, b"\x41\x03\xf2\x48\xcd\x89\x01p\x80\x04\xc9\xc9\x07\x00");
    assert_eq!(seen, [Owned::Ping(b"p".into()), text("Hello")]);
}

#[test]
fn compressed_text_is_utf8() {
    let mut deflated = Vec::new();
    Deflater::new(15, false).compress_message(b"caf\xe9", &mut deflated);
    let mut bytes = Vec::new();
    encode_deflated(&mut bytes, Kind::Text, &deflated);
    assert_eq!(from_server(false, &bytes).1, Some(Error::InvalidUtf8));
    bytes[0] = 0xc2;
    assert_eq!(from_server(false, &bytes).0, [binary(b"caf\xe9")]);
}

#[test]
fn what_does_not_inflate_is_refused() {
    assert_eq!(from_server(false, b"\xc2\x02\xff\xff").1, Some(Error::Inflate));
    assert_eq!(from_server(true, b"\xc2\x02\xff\xff").1, Some(Error::Inflate));
}

/// Any window a peer may have compressed with can be read, also that of 8 bits, and each role reads the
/// other's.
#[test]
fn all_windows_both_ways() {
    let message = b"abcabcabc, and so on. ".repeat(300);
    for takeover in [false, true] {
        for bits in 8..=15 {
            let mut agreed = deflate(takeover);
            agreed.server_max_window_bits = bits;
            let mut deflater = Deflater::new(bits.max(9), takeover);
            let mut bytes = Vec::new();
            for _ in 0..3 {
                let mut deflated = Vec::new();
                deflater.compress_message(&message, &mut deflated);
                encode_deflated(&mut bytes, Kind::Binary, &deflated);
            }
            let outcome = decode_both_ways(config(Role::Client, Some(agreed)), &bytes);
            assert_eq!(outcome, (vec![binary(&message); 3], None), "{bits} {takeover}");
        }
    }
}

fn limited(message: usize) -> Config {
    let limits = Limits { frame: 1 << 20, message, fragments: 10 };
    Config { role: Role::Client, limits, deflate: Some(deflate(false)) }
}

#[test]
fn the_limit_is_on_the_inflated_size() {
    let mut deflated = Vec::new();
    Deflater::new(15, false).compress_message(&[0; 1000], &mut deflated);
    let mut bytes = Vec::new();
    encode_deflated(&mut bytes, Kind::Binary, &deflated);
    assert_eq!(decode_both_ways(limited(1000), &bytes).0, [binary(&[0; 1000])]);
    assert_eq!(decode_both_ways(limited(999), &bytes).1, Some(Error::MessageTooBig));
}

/// Stored blocks take a little more on the wire than inflated, which is no reason to refuse a message.
#[test]
fn data_that_does_not_compress_fits_the_same_limit() {
    let noise: Vec<u8> =
        (0..100_000u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u8).collect();
    let mut deflated = Vec::new();
    Deflater::with_level(15, false, 0).compress_message(&noise, &mut deflated);
    assert!(deflated.len() > noise.len());
    let mut bytes = Vec::new();
    encode_frame(&mut bytes, false, true, Opcode::Binary, &deflated[..50], None);
    encode_frame(&mut bytes, true, false, Opcode::Continuation, &deflated[50..], None);
    assert_eq!(decode_both_ways(limited(noise.len()), &bytes).0, [binary(&noise)]);
}

#[test]
fn what_is_far_beyond_the_limit_is_refused_before_it_arrives() {
    let mut bytes = Vec::new();
    encode_frame(&mut bytes, false, true, Opcode::Binary, &[0; 1190], None);
    assert_eq!(decode_both_ways(limited(1000), &bytes[..4]).1, Some(Error::MessageTooBig));
    bytes.clear();
    encode_message(&mut bytes, Kind::Binary, &[0; 1001]);
    assert_eq!(decode_both_ways(limited(1000), &bytes[..4]).1, Some(Error::MessageTooBig), "uncompressed");
}
