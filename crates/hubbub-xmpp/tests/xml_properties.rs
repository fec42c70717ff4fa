//! What holds for every stream: cuts make no difference, everything stands alone, and an independent reader sees the same.

mod xml_tree;

use hubbub_xmpp::xml::{
    CLIENT, Element, Framer, Limits, Piece, Tag, escape_attr, escape_text, parse, parse_under,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use xml_tree::{Tree, assert_same, ours};

const HEAD: &str = "<stream:stream xmlns='jabber:client' xmlns:o='urn:outer' \
    xmlns:stream='http://etherx.jabber.org/streams' to='example.org'>";
const NAMESPACES: [&str; 5] = [CLIENT, "", "urn:a", "urn:b&amp;c", "urn:outer"];
const PREFIXES: [&str; 4] = ["", "o:", "p:", "stream:"];

fn escaped(escape: fn(&mut Vec<u8>, &str), text: &str) -> String {
    let mut out = Vec::new();
    escape(&mut out, text);
    String::from_utf8(out).expect("UTF-8 stays UTF-8")
}

/// A text as somebody may write it.
fn written_text() -> impl Strategy<Value = String> {
    vec(
        prop_oneof![
            "[a-z ]{1,8}",
            "\\PC{1,5}".prop_map(|text| escaped(escape_text, &text)),
            select(vec!["&amp;", "&#233;", "\r\n", "\t", "<![CDATA[<&]]]]>", "&#13;", "&apos;"])
                .prop_map(str::to_owned),
        ],
        0..3,
    )
    .prop_map(|parts| parts.concat())
}

/// An attribute value as somebody may write it, without its quotes.
fn written_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,8}",
        "\\PC{0,5}".prop_map(|text| escaped(escape_attr, &text)),
        select(vec!["a&#10;b", "a\nb", "&quot;\t>"]).prop_map(str::to_owned),
    ]
}

/// An element with all kinds of namespaces; prefixes `o` and `stream` come from outside, `p` from somewhere.
fn written_element() -> impl Strategy<Value = String> {
    let leaf = (written_tag(), written_text()).prop_map(|(tag, text)| written(&tag, &text));
    leaf.prop_recursive(4, 24, 4, |inner| {
        (written_tag(), vec((written_text(), inner), 0..4), written_text()).prop_map(
            |(tag, children, tail)| {
                let children: String = children.into_iter().map(|(text, child)| text + &child).collect();
                written(&tag, &(children + &tail))
            },
        )
    })
}

/// Prefix, name, default namespace, whether it declares `p`, an attribute.
type WrittenTag = (&'static str, String, Option<&'static str>, bool, Option<(&'static str, String)>);

fn written_tag() -> impl Strategy<Value = WrittenTag> {
    let ns = proptest::option::of(select(NAMESPACES.to_vec()));
    let attribute = (select(vec!["x", "xml:lang", "p:y", "o:y"]), written_value());
    (select(PREFIXES.to_vec()), "[a-d]", ns, any::<bool>(), proptest::option::of(attribute))
}

fn written(tag: &WrittenTag, inside: &str) -> String {
    let (prefix, name, ns, declares, attribute) = tag;
    let mut out = format!("<{prefix}{name}");
    if let Some(ns) = ns {
        out.push_str(&format!(" xmlns='{ns}'"));
    }
    let uses_p = *prefix == "p:" || attribute.as_ref().is_some_and(|(name, _)| name.starts_with("p:"));
    if *declares || uses_p && inside.len().is_multiple_of(2) {
        out.push_str(" xmlns:p = \"urn:p\"");
    }
    if let Some((name, value)) = attribute {
        out.push_str(&format!("\n{name}='{value}'"));
    }
    if inside.is_empty() { out + "/>" } else { format!("{out}>{inside}</{prefix}{name} >") }
}

fn stanzas(stream: &str) -> Vec<Element> {
    let mut framer = Framer::new(Limits::default());
    framer.push(stream.as_bytes());
    let mut stanzas = Vec::new();
    while let Ok(Some(piece)) = framer.next() {
        if let Piece::Stanza(stanza) = piece {
            stanzas.push(stanza);
        }
    }
    stanzas
}

fn client(bytes: &[u8]) -> Tree {
    let parsed = parse_under(bytes, CLIENT, &Limits::default());
    Tree::of(parsed.unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(bytes))).root())
}

/// A stream that is mostly sound, some bytes of which were exchanged for others.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<Index>(), select(b"<>&;'\"=/:!?[] x\0\xff\xc3p-".to_vec()));
    (vec(written_element(), 0..4), vec(damage, 0..4), any::<bool>()).prop_map(|(elements, damages, end)| {
        let mut bytes =
            format!("{HEAD}{}{}", elements.concat(), if end { "</stream:stream>" } else { "" }).into_bytes();
        for (at, byte) in damages {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn cuts_make_no_difference(bytes in damaged(), cuts in vec(any::<Index>(), 0..6), limit in 100..2000usize) {
        let limits = Limits { bytes: limit, elements: 12, depth: 5, attributes: 4 };
        let whole = ours(&[&bytes], limits);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        prop_assert_eq!(&ours(&pieces, limits), &whole);
        let each: Vec<_> = bytes.chunks(1).collect();
        prop_assert_eq!(ours(&each, limits), whole);
    }

    #[test]
    fn rxml_sees_the_same(bytes in damaged()) {
        assert_same(&bytes, Limits::default());
    }

    #[test]
    fn everything_stands_alone(element in written_element()) {
        for stanza in stanzas(&format!("{HEAD}{element}")) {
            let tree = Tree::of(stanza.root());
            prop_assert_eq!(&client(stanza.bytes()), &tree);
            prop_assert!(stanza.root().name() == tree.name && !stanza.bytes().starts_with(b"<o:"));

            let moved = client(&[b"<m>", &stanza.inner()[..], b"</m>"].concat());
            prop_assert_eq!(&moved.children, &tree.children);
            prop_assert_eq!(&moved.text, &tree.text);
        }
    }

    #[test]
    fn nodes_are_written_for_where_they_go(element in written_element(), ns in select(vec![CLIENT, "", "urn:a", "urn:z"])) {
        for stanza in stanzas(&format!("{HEAD}{element}")) {
            let mut nodes = vec![stanza.root()];
            while let Some(node) = nodes.pop() {
                nodes.extend(node.children());
                let mut out = Vec::new();
                node.write(&mut out, ns);
                let there = parse_under(&out, ns, &Limits::default()).unwrap();
                prop_assert_eq!(Tree::of(there.root()), Tree::of(node));
                let held = Tag::new("holder", "urn:z").node(node).to_vec(CLIENT);
                prop_assert_eq!(&client(&held).children, &[Tree::of(node)]);
            }
        }
    }

    #[test]
    fn tags_are_read_as_they_were_meant(value in any::<String>(), text in any::<String>(), inner in "\\PC{0,10}") {
        let tag = Tag::new("iq", CLIENT)
            .attr("id", &value)
            .attr_opt("to", Some(&inner))
            .attr_opt("from", None::<&str>)
            .child(Tag::new("query", "urn:q?a&b").text(&text).child(Tag::new("item", "urn:q?a&b")))
            .children([Tag::new("x", CLIENT), Tag::new("y", "")]);
        let legal = |text: &str| -> String {
            let illegal = |c: char| c < ' ' && !"\t\n\r".contains(c) || c == '\u{fffe}' || c == '\u{ffff}';
            text.chars().map(|c| if illegal(c) { '\u{fffd}' } else { c }).collect()
        };
        for (bytes, iq) in [
            (tag.to_vec(CLIENT), parse_under(&tag.to_vec(CLIENT), CLIENT, &Limits::default()).unwrap()),
            (tag.to_vec(""), parse(&tag.to_vec(""), &Limits::default()).unwrap()),
        ] {
            prop_assert_eq!(&bytes[..], &iq.bytes()[..], "what a tag writes stands alone");
            prop_assert!(iq.is("iq", CLIENT));
            let read = |name| iq.attr(name).map(|value| value.into_owned());
            prop_assert_eq!(read("id"), Some(legal(&value)));
            prop_assert_eq!(read("to"), Some(legal(&inner)));
            prop_assert_eq!(read("from"), None);
            let query = iq.child("query", "urn:q?a&b").unwrap();
            prop_assert_eq!(query.text().into_owned(), legal(&text));
            prop_assert!(query.child("item", "urn:q?a&b").is_some());
            prop_assert!(iq.child("x", CLIENT).is_some() && iq.child("y", "").is_some());
        }
    }
}
