//! RFC 6455, rule by rule, through the public interface.

mod common;

use common::{MASK, Owned, WIDE, binary, config, decode, decode_both_ways, text};
use hubbub_ws::{
    CloseCode, Config, Decoder, Error, Incoming, Inflater, Kind, Limits, Opcode, Role, client, encode_close,
    encode_frame, encode_message, encode_ping,
};

/// What a client makes of a server's bytes: unmasked, so that tests can be read.
fn from_server(bytes: &[u8]) -> common::Outcome {
    decode_both_ways(config(Role::Client, None), bytes)
}

fn error_of(bytes: &[u8]) -> Option<Error> {
    from_server(bytes).1
}

#[test]
fn section_5_7_a_text_message_in_a_single_frame() {
    assert_eq!(from_server(b"\x81\x05Hello"), (vec![text("Hello")], None));
    let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(decode_both_ways(config(Role::Server, None), &masked), (vec![text("Hello")], None));
}

#[test]
fn section_5_7_a_fragmented_text_message() {
    assert_eq!(from_server(b"\x01\x03Hel\x80\x02lo"), (vec![text("Hello")], None));
}

#[test]
fn section_5_7_ping_and_pong() {
    assert_eq!(from_server(b"\x89\x05Hello").0, [Owned::Ping(b"Hello".into())]);
    let pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(decode(config(Role::Server, None), [&pong[..]]).0, [Owned::Pong(b"Hello".into())]);
}

#[test]
fn section_5_7_long_binary_messages() {
    for len in [256, 65536] {
        let mut bytes = Vec::new();
        encode_message(&mut bytes, Kind::Binary, &vec![7; len]);
        assert_eq!(from_server(&bytes), (vec![binary(&vec![7; len])], None));
    }
}

#[test]
fn empty_messages_and_fragments() {
    assert_eq!(from_server(b"\x81\x00\x82\x00").0, [text(""), binary(b"")]);
    assert_eq!(from_server(b"\x01\x00\x00\x00\x80\x00").0, [text("")]);
    assert_eq!(from_server(b"\x01\x00\x00\x01a\x80\x00\x89\x00").0, [text("a"), Owned::Ping(vec![])]);
}

#[test]
fn section_5_1_masking_is_the_clients_and_only_the_clients() {
    assert_eq!(error_of(b"\x81\x81\x00\x00\x00\x00a"), Some(Error::Masked));
    assert_eq!(decode_both_ways(config(Role::Server, None), b"\x81\x01a").1, Some(Error::Unmasked));
    assert_eq!(decode_both_ways(config(Role::Server, None), b"\x89\x00").1, Some(Error::Unmasked));
}

#[test]
fn section_5_2_reserved_bits() {
    for first in [0xc1, 0xa1, 0x91, 0xf1, 0xc9] {
        assert_eq!(error_of(&[first, 0]), Some(Error::ReservedBits), "{first:x}");
    }
}

#[test]
fn section_5_2_reserved_opcodes() {
    for opcode in [3, 7, 11, 15] {
        assert_eq!(error_of(&[0x80 | opcode, 0]), Some(Error::ReservedOpcode(opcode)));
    }
}

#[test]
fn section_5_4_control_frames_stand_between_fragments() {
    let (seen, error) = from_server(b"\x01\x03Hel\x89\x02hi\x00\x01l\x8a\x00\x80\x01o");
    assert_eq!(seen, [Owned::Ping(b"hi".into()), Owned::Pong(vec![]), text("Hello")]);
    assert_eq!(error, None);
}

#[test]
fn section_5_4_messages_do_not_mix() {
    assert_eq!(error_of(b"\x80\x01a"), Some(Error::UnexpectedContinuation));
    assert_eq!(error_of(b"\x00\x01a"), Some(Error::UnexpectedContinuation));
    assert_eq!(error_of(b"\x01\x01a\x81\x01b"), Some(Error::ExpectedContinuation));
    assert_eq!(error_of(b"\x01\x01a\x02\x01b"), Some(Error::ExpectedContinuation));
    assert_eq!(error_of(b"\x01\x01a\x80\x01b\x80\x01c"), Some(Error::UnexpectedContinuation));
}

#[test]
fn section_5_5_control_frames_are_short_and_whole() {
    assert_eq!(error_of(b"\x09\x00"), Some(Error::FragmentedControl));
    assert_eq!(error_of(b"\x89\x7e\x00\x7e"), Some(Error::LongControl));
    let mut longest = Vec::new();
    encode_ping(&mut longest, &[1; 125]);
    assert_eq!(from_server(&longest).0, [Owned::Ping(vec![1; 125])]);
}

#[test]
fn section_5_5_1_close() {
    assert_eq!(from_server(b"\x88\x00").0, [Owned::Close(None)]);
    assert_eq!(from_server(b"\x88\x05\x03\xe8bye").0, [Owned::Close(Some((1000, "bye".into())))]);
    assert_eq!(error_of(b"\x88\x01\x03"), Some(Error::ClosePayload));
    assert_eq!(error_of(b"\x88\x02\x03\xec"), Some(Error::ForbiddenCloseCode(1004)));
    assert_eq!(error_of(b"\x88\x03\x03\xe8\xff"), Some(Error::CloseReason));
}

#[test]
fn nothing_follows_a_close_or_an_error() {
    assert_eq!(from_server(b"\x88\x00\x81\x01a\xff\xff"), (vec![Owned::Close(None)], None));
    assert_eq!(from_server(b"\x81\x01a\xff\x81\x01b"), (vec![text("a")], Some(Error::ReservedBits)));
}

#[test]
fn section_8_1_text_is_utf8() {
    assert_eq!(error_of(b"\x81\x02\xc3\x28"), Some(Error::InvalidUtf8));
    assert_eq!(error_of(b"\x81\x01\xc3"), Some(Error::InvalidUtf8), "ends within a character");
    assert_eq!(error_of(b"\x01\x01\xe2\x80\x01\x82"), Some(Error::InvalidUtf8), "ends within a character");
    assert_eq!(from_server(b"\x01\x01\xe2\x00\x01\x82\x80\x01\xac").0, [text("€")]);
    assert_eq!(from_server(b"\x82\x02\xc3\x28").0, [binary(b"\xc3\x28")]);
}

/// Autobahn 6.4: the connection fails at the bad byte, not at the end of the fragment, frame or message.
#[test]
fn section_8_1_bad_text_fails_at_once() {
    let good = "κόσμε".as_bytes();
    let mut fragment = vec![0x01, 100];
    fragment.extend(good);
    assert_eq!(from_server(&fragment), (vec![], None));
    fragment.extend(b"\xf4");
    assert_eq!(error_of(&fragment), None);
    fragment.push(0x90);
    assert_eq!(error_of(&fragment), Some(Error::InvalidUtf8));
}

#[test]
fn every_error_has_its_code_and_a_reason_that_fits() {
    let codes = [
        (Error::ReservedOpcode(15), CloseCode::PROTOCOL),
        (Error::ForbiddenCloseCode(65535), CloseCode::PROTOCOL),
        (Error::Masked, CloseCode::PROTOCOL),
        (Error::InvalidUtf8, CloseCode::INVALID_DATA),
        (Error::CloseReason, CloseCode::INVALID_DATA),
        (Error::Inflate, CloseCode::INVALID_DATA),
        (Error::FrameTooBig, CloseCode::TOO_BIG),
        (Error::MessageTooBig, CloseCode::TOO_BIG),
        (Error::TooManyFragments, CloseCode::TOO_BIG),
    ];
    for (error, code) in codes {
        assert_eq!(error.close_code(), code);
        let mut out = Vec::new();
        encode_close(&mut out, error.close_code(), &error.to_string());
        assert_eq!(from_server(&out).0, [Owned::Close(Some((code.0, error.to_string())))]);
    }
}

fn limited(frame: usize, message: usize, fragments: u32) -> Config {
    Config { role: Role::Client, limits: Limits { frame, message, fragments }, deflate: None }
}

#[test]
fn limits_are_exact_and_told_from_the_header_alone() {
    let frame = |bytes: &[u8]| decode_both_ways(limited(3, 5, 3), bytes);
    assert_eq!(frame(b"\x81\x03abc").0, [text("abc")]);
    assert_eq!(frame(b"\x81\x04").1, Some(Error::FrameTooBig));
    assert_eq!(frame(b"\x01\x03abc\x80\x02de").0, [text("abcde")]);
    assert_eq!(frame(b"\x01\x03abc\x80\x03").1, Some(Error::MessageTooBig));
    assert_eq!(frame(b"\x01\x01a\x00\x01b\x80\x01c").0, [text("abc")]);
    assert_eq!(frame(b"\x01\x01a\x00\x01b\x00\x01c\x80\x00").1, Some(Error::TooManyFragments));
    assert_eq!(frame(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff").1, Some(Error::FrameTooBig));
    assert_eq!(
        frame(b"\x89\x04ping").0,
        [Owned::Ping(b"ping".into())],
        "control frames have their own limit"
    );
}

#[test]
fn fragments_are_counted_anew_for_each_message() {
    let twice = b"\x01\x01a\x80\x01b\x01\x01c\x80\x01d";
    assert_eq!(decode_both_ways(limited(9, 9, 2), twice), (vec![text("ab"), text("cd")], None));
}

#[test]
fn a_whole_message_is_a_slice_of_the_input() {
    let mut bytes = Vec::new();
    client::encode_message(&mut bytes, Kind::Binary, b"in place", MASK);
    let range = bytes.as_ptr_range();
    let mut decoder = Decoder::new(config(Role::Server, None));
    let mut inflater = Inflater::new();
    let mut input = &mut bytes[..];
    let Ok(Some(Incoming::Binary(payload))) = decoder.next(&mut input, &mut inflater) else {
        panic!("a message")
    };
    assert_eq!(payload, b"in place");
    assert!(range.contains(&payload.as_ptr()));
}

#[test]
fn the_mask_goes_on_over_the_ends_of_pieces() {
    let payload: Vec<u8> = (0..=255).collect();
    let mut bytes = Vec::new();
    encode_frame(&mut bytes, false, false, Opcode::Binary, &payload[..101], Some(MASK));
    encode_frame(&mut bytes, true, false, Opcode::Continuation, &payload[101..], Some([1, 0, 0, 0]));
    for size in 1..30 {
        let outcome = decode(Config { role: Role::Server, limits: WIDE, deflate: None }, bytes.chunks(size));
        assert_eq!(outcome, (vec![binary(&payload)], None), "pieces of {size}");
    }
}
