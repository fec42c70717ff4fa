//! Documents as plain trees, as our reader and as rxml see them, so that the two can be compared. The fuzz target
//! `xmpp_framer` does so as well.
#![allow(dead_code, reason = "not every test compares everything")]

use hubbub_xmpp::xml::{Framer, Limits, Node, Piece, XmlError};
use rxml::error::EndOrError;
use rxml::{Event, Parse, Parser};

/// What is the same in all ways of writing an element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tree {
    pub(crate) ns: String,
    pub(crate) name: String,
    /// Namespace, name, value; sorted.
    pub(crate) attributes: Vec<(String, String, String)>,
    /// The text directly inside, put together.
    pub(crate) text: String,
    pub(crate) children: Vec<Self>,
}

impl Tree {
    pub(crate) fn of(node: Node<'_>) -> Self {
        let mut attributes: Vec<_> = node
            .attrs()
            .map(|attr| (attr.ns().into_owned(), attr.name().to_owned(), attr.value().into_owned()))
            .collect();
        attributes.sort();
        Self {
            ns: node.ns().to_owned(),
            name: node.name().to_owned(),
            attributes,
            text: node.text().into_owned(),
            children: node.children().map(Self::of).collect(),
        }
    }
}

/// How reading a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    /// There could be more.
    Unfinished,
    Refused(XmlError),
}

/// What our reader sees in a stream that comes in these cuts: the head, then the stanzas.
pub(crate) fn ours(cuts: &[&[u8]], limits: Limits) -> (Vec<Tree>, End) {
    let mut framer = Framer::new(limits);
    let mut trees = Vec::new();
    for cut in cuts {
        framer.push(cut);
        loop {
            match framer.next() {
                Ok(Some(Piece::Open(element) | Piece::Stanza(element))) => {
                    trees.push(Tree::of(element.root()))
                }
                Ok(Some(Piece::Close)) => return (trees, End::Closed),
                Ok(None) => break,
                Err(error) => return (trees, End::Refused(error)),
            }
        }
    }
    (trees, End::Unfinished)
}

/// What rxml sees; `None` for a stream that it refuses. Text between stanzas is left out.
pub(crate) fn theirs(mut bytes: &[u8]) -> (Vec<Tree>, Option<End>) {
    let mut parser = Parser::new();
    let (mut trees, mut open) = (Vec::new(), Vec::<Tree>::new());
    let mut headed = false;
    loop {
        match parser.parse(&mut bytes, false) {
            Ok(Some(Event::StartElement(_, (ns, name), attributes))) => {
                let mut attributes: Vec<_> = attributes
                    .iter()
                    .map(|((ns, name), value)| {
                        (ns.as_str().to_owned(), name.as_str().to_owned(), value.clone())
                    })
                    .collect();
                attributes.sort();
                let tree = Tree {
                    ns: ns.as_str().to_owned(),
                    name: name.as_str().to_owned(),
                    attributes,
                    ..Tree::default()
                };
                if headed {
                    open.push(tree);
                } else {
                    trees.push(tree);
                    headed = true;
                }
            }
            Ok(Some(Event::Text(_, text))) => {
                if let Some(tree) = open.last_mut() {
                    tree.text.push_str(&text);
                }
            }
            Ok(Some(Event::EndElement(_))) => {
                let Some(tree) = open.pop() else { return (trees, Some(End::Closed)) };
                open.last_mut().map_or(&mut trees, |parent| &mut parent.children).push(tree);
            }
            Ok(Some(_)) => {}
            Ok(None) => return (trees, Some(End::Closed)),
            Err(EndOrError::NeedMoreData) => {
                return (trees, Some(End::Unfinished));
            }
            Err(_) => return (trees, None),
        }
    }
}

/// Whether rxml refuses a stream as soon as the token ends that it breaks off in: it judges some things only then.
fn refused_when_ended(bytes: &[u8]) -> bool {
    let ends: [&[u8]; 6] = [b"<a", b"]]>", b"'", b"\"", b";<a", b">"];
    ends.iter().any(|end| theirs(&[bytes, end].concat()).1.is_none())
}

/// Whether a tag may declare the same prefix twice: rxml takes that.
fn declares_twice(shown: &str) -> bool {
    shown.split('<').any(|tag| {
        let words = tag.split(|c: char| c.is_ascii_whitespace() || "='\"/>".contains(c));
        let mut declarations: Vec<_> = words.filter(|word| word.starts_with("xmlns")).collect();
        declarations.sort_unstable();
        declarations.windows(2).any(|two| two[0] == two[1])
    })
}

/// Whether a carriage return stands before something else than a line feed: rxml loses some of them.
fn has_lone_return(bytes: &[u8]) -> bool {
    bytes.split(|&byte| byte == b'\r').skip(1).any(|rest| !rest.starts_with(b"\n"))
}

/// Fails where the two do not agree on a stream that keeps all limits of both. They differ on purpose in this: we judge
/// a tag or a text when all of it is there, rxml at once; text between stanzas and other heads than a stream's are no
/// XMPP; rxml wants `standalone='yes'`. Where rxml itself is wrong it is not asked.
pub(crate) fn assert_same(bytes: &[u8], limits: Limits) {
    let shown = String::from_utf8_lossy(bytes);
    // It also takes no U+FFFD in a name, where XML 1.0 §2.3 has it.
    let replacement = bytes.windows(3).any(|three| three == "\u{fffd}".as_bytes());
    if has_lone_return(bytes) || declares_twice(&shown) || replacement {
        return;
    }
    let (mine, end) = ours(&[bytes], limits);
    let (oracle, oracle_end) = theirs(bytes);
    match (end, oracle_end) {
        (_, None) if shown.contains("standalone") => return,
        (End::Refused(XmlError::BadFormat | XmlError::InvalidNamespace | XmlError::TooLarge(_)), _) => return,
        (End::Refused(_), None) | (End::Unfinished, None) => {}
        (End::Closed, Some(End::Closed)) | (End::Unfinished, Some(End::Unfinished)) => {}
        (End::Refused(_), Some(End::Unfinished)) => assert!(refused_when_ended(bytes), "{end:?} for {shown}"),
        other => panic!("{other:?} for {shown}"),
    }
    assert_eq!(mine, oracle, "{shown}");
}
