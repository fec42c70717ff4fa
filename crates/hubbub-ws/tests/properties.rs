//! Properties that hold for every input.

mod common;

use common::{Owned, config, decode, deflate};
use hubbub_ws::{
    Config, Deflate, Deflater, Kind, Limits, Opcode, Role, apply_mask, client, encode_close, encode_frame,
    encode_ping, encode_pong,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// One thing a peer sends.
#[derive(Debug, Clone)]
enum Step {
    /// A message, where to cut it into fragments, and whether to compress it if that was agreed on.
    Message {
        kind: Kind,
        payload: Vec<u8>,
        cuts: Vec<prop::sample::Index>,
        compress: bool,
    },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    let text = "\\PC{0,300}".prop_map(|text| (Kind::Text, text.into_bytes()));
    let binary = vec(any::<u8>(), 0..2000).prop_map(|bytes| (Kind::Binary, bytes));
    let message = (prop_oneof![text, binary], vec(any::<prop::sample::Index>(), 0..4), any::<bool>())
        .prop_map(|((kind, payload), cuts, compress)| Step::Message { kind, payload, cuts, compress });
    prop_oneof![
        3 => message,
        1 => vec(any::<u8>(), 0..=125).prop_map(Step::Ping),
        1 => vec(any::<u8>(), 0..=125).prop_map(Step::Pong),
    ]
}

/// The writing side of a connection, which puts a ping into every gap between fragments.
struct Peer {
    mask: Option<[u8; 4]>,
    deflater: Option<Deflater>,
    bytes: Vec<u8>,
    expected: Vec<Owned>,
}

impl Peer {
    fn new(role: Role, deflate: Option<Deflate>) -> Self {
        Self {
            mask: (role == Role::Client).then_some(common::MASK),
            deflater: deflate.map(|deflate| {
                let (bits, takeover) = deflate.sending(role);
                Deflater::new(bits, takeover)
            }),
            bytes: Vec::new(),
            expected: Vec::new(),
        }
    }

    fn send(&mut self, step: &Step) {
        match step {
            Step::Ping(payload) => self.control(Opcode::Ping, payload, Owned::Ping(payload.clone())),
            Step::Pong(payload) => self.control(Opcode::Pong, payload, Owned::Pong(payload.clone())),
            Step::Message { kind, payload, cuts, compress } => {
                let mut wire = payload.clone();
                let compressed = *compress && self.deflater.is_some();
                if let (true, Some(deflater)) = (compressed, &mut self.deflater) {
                    wire.clear();
                    deflater.compress_message(payload, &mut wire);
                }
                self.fragments(*kind, compressed, &wire, cuts);
                self.expected.push(Owned::Message(*kind, payload.clone()));
            }
        }
    }

    fn fragments(&mut self, kind: Kind, compressed: bool, wire: &[u8], cuts: &[prop::sample::Index]) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(wire.len());
        let mut start = 0;
        for (i, &end) in cuts.iter().enumerate() {
            let (first, last) = (i == 0, i + 1 == cuts.len());
            let opcode = if first { kind.into() } else { Opcode::Continuation };
            encode_frame(&mut self.bytes, last, first && compressed, opcode, &wire[start..end], self.mask);
            start = end;
            if !last {
                self.control(Opcode::Ping, b"between", Owned::Ping(b"between".into()));
            }
        }
    }

    fn control(&mut self, opcode: Opcode, payload: &[u8], expected: Owned) {
        match (opcode, self.mask) {
            (Opcode::Ping, None) => encode_ping(&mut self.bytes, payload),
            (Opcode::Ping, Some(mask)) => client::encode_ping(&mut self.bytes, payload, mask),
            (_, None) => encode_pong(&mut self.bytes, payload),
            (_, Some(mask)) => client::encode_pong(&mut self.bytes, payload, mask),
        }
        self.expected.push(expected);
    }

    fn close(&mut self, reason: &str) {
        match self.mask {
            None => encode_close(&mut self.bytes, 1000u16, reason),
            Some(mask) => client::encode_close(&mut self.bytes, 1000u16, reason, mask),
        }
        self.expected.push(Owned::Close(Some((1000, reason.into()))));
    }
}

fn other(role: Role) -> Role {
    if role == Role::Server { Role::Client } else { Role::Server }
}

/// Cuts `bytes` into pieces of the given sizes, again and again.
fn chop<'b>(mut bytes: &'b [u8], sizes: &[usize]) -> Vec<&'b [u8]> {
    let mut pieces = Vec::new();
    for &size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(size.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

fn roles() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Server), Just(Role::Client)]
}

fn agreements() -> impl Strategy<Value = Option<Deflate>> {
    let bits = 9..=15u8;
    let some =
        (bits.clone(), bits, any::<bool>(), any::<bool>()).prop_map(|(server, client, alone, alone_too)| {
            Deflate {
                server_max_window_bits: server,
                client_max_window_bits: client,
                server_no_context_takeover: alone,
                client_no_context_takeover: alone_too,
            }
        });
    prop_oneof![1 => Just(None), 3 => some.prop_map(Some)]
}

/// Bytes that often look like frames: short payloads behind plausible headers, masked or not.
fn frame_like() -> impl Strategy<Value = Vec<u8>> {
    let frame = (any::<u8>(), any::<bool>(), 0..130u8, any::<[u8; 4]>(), vec(any::<u8>(), 0..130)).prop_map(
        |(first, masked, len, mask, payload)| {
            let mut bytes = vec![first & 0xcb, len | if masked { 0x80 } else { 0 }];
            bytes.extend(masked.then_some(mask).into_iter().flatten());
            bytes.extend(payload);
            bytes
        },
    );
    prop_oneof![vec(frame, 0..6).prop_map(|frames| frames.concat()), vec(any::<u8>(), 0..300)]
}

/// Bytes of which a fair share is UTF-8, and most of the rest fails late.
fn nearly_utf8() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![any::<u8>(), 0x80..=0xbfu8, Just(b'a'), Just(0xe2), Just(0xf0)], 0..24)
}

proptest! {
    #[test]
    fn what_is_sent_is_received(
        sender in roles(),
        agreed in agreements(),
        steps in vec(step(), 0..8),
        reason in "\\PC{0,30}",
        sizes in vec(1..200usize, 1..8),
    ) {
        let mut peer = Peer::new(sender, agreed);
        steps.iter().for_each(|step| peer.send(step));
        peer.close(&reason);
        let (seen, error) = decode(config(other(sender), agreed), chop(&peer.bytes, &sizes));
        prop_assert_eq!(error, None);
        prop_assert_eq!(seen, peer.expected);
    }

    #[test]
    fn cutting_changes_nothing(
        role in roles(),
        agreed in agreements(),
        bytes in frame_like(),
        sizes in vec(1..40usize, 1..6),
    ) {
        let limits = Limits { frame: 100, message: 150, fragments: 3 };
        let config = Config { role, limits, deflate: agreed };
        let whole = decode(config, [&bytes[..]]);
        prop_assert_eq!(&decode(config, chop(&bytes, &sizes)), &whole);
        for incoming in &whole.0 {
            if let Owned::Message(_, payload) = incoming {
                prop_assert!(payload.len() <= limits.message);
            }
        }
    }

    /// Text cut anywhere is accepted if, and only if, the whole of it is UTF-8.
    #[test]
    fn text_is_what_the_standard_library_says(
        bytes in nearly_utf8(),
        cut in any::<prop::sample::Index>(),
        size in 1..9usize,
    ) {
        let cut = cut.index(bytes.len() + 1);
        let mut frames = Vec::new();
        encode_frame(&mut frames, false, false, Opcode::Text, &bytes[..cut], None);
        encode_frame(&mut frames, true, false, Opcode::Continuation, &bytes[cut..], None);
        let (seen, error) = decode(config(Role::Client, None), frames.chunks(size));
        match std::str::from_utf8(&bytes) {
            Ok(text) => prop_assert_eq!(seen, [common::text(text)]),
            Err(_) => prop_assert_eq!(error, Some(hubbub_ws::Error::InvalidUtf8)),
        }
    }

    /// A bad byte is found when it comes, and not before (RFC 6455 §8.1, as Autobahn 6.4 tests it).
    #[test]
    fn bad_text_fails_at_its_first_bad_byte(good in "\\PC{0,20}", bad in vec(any::<u8>(), 1..6)) {
        let bytes = [good.as_bytes(), &bad].concat();
        let frame = [&[0x81, 125][..], &bytes].concat();
        let first_bad = (0..=bytes.len()).find(|&len| {
            std::str::from_utf8(&bytes[..len]).is_err_and(|fault| fault.error_len().is_some())
        });
        for len in 0..=bytes.len() {
            let (_, error) = decode(config(Role::Client, None), frame[..2 + len].chunks(1));
            let expected = first_bad.is_some_and(|first| len >= first);
            prop_assert_eq!(error.is_some(), expected, "after {} bytes", len);
        }
    }

    #[test]
    fn masking_twice_is_nothing(bytes in vec(any::<u8>(), 0..200), key in any::<[u8; 4]>()) {
        let mut masked = bytes.clone();
        apply_mask(&mut masked, key);
        apply_mask(&mut masked, key);
        prop_assert_eq!(masked, bytes);
    }

    #[test]
    fn any_header_can_be_negotiated(header in "[ -~]{0,60}", policy in any::<bool>()) {
        let policy = hubbub_ws::DeflatePolicy { context_takeover: policy, window_bits: 12 };
        let header = format!("permessage-deflate; {header}");
        if let Some((agreed, answer)) = hubbub_ws::negotiate([header.as_str()].into_iter(), &policy) {
            prop_assert!((9..=15).contains(&agreed.server_max_window_bits));
            prop_assert!((8..=15).contains(&agreed.client_max_window_bits));
            prop_assert!(answer.starts_with("permessage-deflate"));
        }
    }
}

/// Both directions of one agreement at once, as a connection has them.
#[test]
fn both_roles_share_an_agreement() {
    let agreed = Deflate { server_max_window_bits: 9, client_max_window_bits: 12, ..deflate(true) };
    for role in [Role::Server, Role::Client] {
        let mut peer = Peer::new(role, Some(agreed));
        let payload = b"again and again, ".repeat(100);
        for _ in 0..3 {
            let (cuts, payload) = (vec![], payload.clone());
            peer.send(&Step::Message { kind: Kind::Text, payload, cuts, compress: true });
        }
        assert!(peer.bytes.len() < payload.len(), "three take less than one");
        let (seen, error) = decode(config(other(role), Some(agreed)), [&peer.bytes[..]]);
        assert_eq!((seen, error), (peer.expected, None));
    }
}
