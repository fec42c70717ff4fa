//! What the tests share: decoding to values that can be kept and compared.
#![allow(dead_code, reason = "each test binary uses its part")]

use hubbub_ws::{Config, Decoder, Deflate, Error, Incoming, Inflater, Kind, Limits, Role};

/// Limits that nothing but a test of limits meets.
pub(crate) const WIDE: Limits = Limits { frame: 1 << 24, message: 1 << 24, fragments: 10_000 };

/// Any key; real ones are random.
pub(crate) const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// An [`Incoming`] that owns what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owned {
    Message(Kind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
}

impl From<Incoming<'_>> for Owned {
    fn from(incoming: Incoming<'_>) -> Self {
        match incoming {
            Incoming::Text(text) => Self::Message(Kind::Text, text.into()),
            Incoming::Binary(bytes) => Self::Message(Kind::Binary, bytes.into()),
            Incoming::Ping(payload) => Self::Ping(payload.into()),
            Incoming::Pong(payload) => Self::Pong(payload.into()),
            Incoming::Close(frame) => Self::Close(frame.map(|frame| (frame.code, frame.reason.into()))),
        }
    }
}

pub(crate) fn text(text: &str) -> Owned {
    Owned::Message(Kind::Text, text.into())
}

pub(crate) fn binary(bytes: &[u8]) -> Owned {
    Owned::Message(Kind::Binary, bytes.into())
}

pub(crate) fn config(role: Role, deflate: Option<Deflate>) -> Config {
    Config { role, limits: WIDE, deflate }
}

/// permessage-deflate with or without context takeover, both ways.
pub(crate) fn deflate(takeover: bool) -> Deflate {
    Deflate {
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        server_no_context_takeover: !takeover,
        client_no_context_takeover: !takeover,
    }
}

/// What came out, and the error it ended with.
pub(crate) type Outcome = (Vec<Owned>, Option<Error>);

/// Feeds `pieces` one after the other to a new decoder.
pub(crate) fn decode<'p>(config: Config, pieces: impl IntoIterator<Item = &'p [u8]>) -> Outcome {
    let mut decoder = Decoder::new(config);
    let mut inflater = Inflater::new();
    let (mut seen, mut failed) = (Vec::new(), None);
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        loop {
            match decoder.next(&mut input, &mut inflater) {
                Ok(Some(incoming)) => seen.push(incoming.into()),
                Ok(None) => break,
                Err(error) => assert_eq!(failed.replace(error), None, "one error is the last"),
            }
        }
        assert!(input.is_empty(), "everything is consumed");
    }
    (seen, failed)
}

/// All at once, and byte by byte, which has to be the same.
pub(crate) fn decode_both_ways(config: Config, bytes: &[u8]) -> Outcome {
    let whole = decode(config, [bytes]);
    assert_eq!(decode(config, bytes.chunks(1)), whole, "byte by byte");
    whole
}
