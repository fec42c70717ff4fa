//! Any bytes as a stream and as a document: nothing panics, limits hold, cuts make no difference, what comes out stands
//! alone, and rxml sees the same.
//!
//! Input: one byte of options, one that says how to cut, then what the peer sends.
#![no_main]

#[path = "../../crates/hubbub-xmpp/tests/xml_tree/mod.rs"]
mod xml_tree;

use hubbub_xmpp::xml::{CLIENT, Element, Framer, Limits, Piece, parse, parse_under};
use libfuzzer_sys::fuzz_target;
use xml_tree::{Tree, assert_same, ours};

const HEAD: &[u8] = b"<stream:stream xmlns='jabber:client' xmlns:o='urn:outer' \
    xmlns:stream='http://etherx.jabber.org/streams'>";
/// rxml's own limits begin at 8,192 bytes.
const MOST: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let [options, cut, bytes @ ..] = data else { return };
    let bytes = &bytes[..bytes.len().min(MOST)];
    let stream = if options & 1 == 0 { bytes.to_vec() } else { [HEAD, bytes].concat() };
    let limits = if options & 2 == 0 {
        Limits::default()
    } else {
        Limits { bytes: 200, depth: 4, elements: 8, attributes: 4 }
    };
    assert_eq!(ours(&pieces(&stream, *cut), limits), ours(&[&stream], limits));
    bounded(&stream, limits);
    assert_same(&stream, Limits::default());
    if let Ok(element) = parse(bytes, &limits) {
        stands_alone(&element);
    }
});

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

/// No piece is larger than allowed, and no more is kept for one.
fn bounded(stream: &[u8], limits: Limits) {
    let mut framer = Framer::new(limits);
    for byte in stream.chunks(1) {
        framer.push(byte);
        match framer.next() {
            Ok(Some(Piece::Stanza(stanza))) => {
                assert!(stanza.bytes().len() <= limits.bytes);
                stands_alone(&stanza);
            }
            Ok(_) => {}
            Err(_) => return assert_eq!(framer.buffered(), 0),
        }
        // What may be left of a character that is not whole is not counted yet.
        assert!(framer.buffered() <= limits.bytes + 3);
    }
}

fn stands_alone(element: &Element) {
    let tree = Tree::of(element.root());
    let limits = Limits::default();
    let again = parse_under(element.bytes(), CLIENT, &limits).expect("it stands alone");
    assert_eq!(Tree::of(again.root()), tree);
    let moved = [b"<m>", &element.inner()[..], b"</m>"].concat();
    let moved = Tree::of(parse_under(&moved, CLIENT, &limits).expect("so does what is inside").root());
    assert_eq!((moved.text, moved.children), (tree.text.clone(), tree.children.clone()));
    let mut out = Vec::new();
    element.write(&mut out, "urn:elsewhere");
    let there = parse_under(&out, "urn:elsewhere", &Limits { attributes: u16::MAX, ..limits });
    assert_eq!(Tree::of(there.expect("it is written for where it goes").root()), tree);
}
