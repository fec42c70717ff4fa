//! A stanza on its way: immutable, cheap to clone, ready to be written to any number of streams.

use std::sync::Arc;

use bytes::Bytes;
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::{Condition, StanzaKind, error_reply};
use hubbub_xmpp::stream::Pieces;
use hubbub_xmpp::xml::{self, Element, Limits, Node, Tag, escape_attr};

/// A stanza with its addresses, written once.
#[derive(Debug, Clone)]
pub(super) struct Parcel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: StanzaKind,
    from: Jid,
    to: Jid,
    element: Element,
    /// All that follows the element's name on the wire, from its attributes to its end.
    rest: Bytes,
}

impl Parcel {
    /// What a client sent, stamped with its address. Attributes beside the five that RFC 6120 §8.1 knows do not go on.
    pub(super) fn new(kind: StanzaKind, element: Element, from: Jid, to: Jid) -> Self {
        let rest = rest(kind, &element, from.as_str(), to.as_str());
        Self(Arc::new(Inner { kind, from, to, element, rest }))
    }

    /// What the server itself says, in somebody's name.
    pub(super) fn made(kind: StanzaKind, tag: &Tag, from: &Jid, to: &Jid) -> Option<Self> {
        let element = xml::parse(&tag.to_vec(""), &Limits::OWN).ok()?;
        Some(Self::new(kind, element, from.clone(), to.clone()))
    }

    pub(super) fn kind(&self) -> StanzaKind {
        self.0.kind
    }

    pub(super) fn from(&self) -> &Jid {
        &self.0.from
    }

    pub(super) fn to(&self) -> &Jid {
        &self.0.to
    }

    /// What was sent. Its own `from` and `to` do not count.
    pub(super) fn element(&self) -> &Element {
        &self.0.element
    }

    /// What stands at the end of these names, each within the one before.
    pub(super) fn within(&self, path: &[(&str, &str)]) -> Option<Node<'_>> {
        path.iter().try_fold(self.element().root(), |node, (name, ns)| node.child(name, ns))
    }

    /// The `type` attribute; empty without one.
    pub(super) fn kind_of(&self) -> std::borrow::Cow<'_, str> {
        self.0.element.root().attr("type").unwrap_or_default()
    }

    /// As it goes on a stream, after `head`: the beginning of its element.
    pub(super) fn pieces(&self, head: &'static str) -> Pieces {
        Pieces::new(Bytes::from_static(head.as_bytes()), self.0.rest.clone(), Bytes::new())
    }

    /// As it is written after its element's name.
    pub(super) fn written(&self) -> &[u8] {
        &self.0.rest
    }

    /// The same for another receiver.
    pub(super) fn readdressed(&self, to: &Jid) -> Self {
        Self::new(self.0.kind, self.0.element.clone(), self.0.from.clone(), to.clone())
    }

    /// The error that answers this, from whom it was for to whom it was from. Errors, results and the like have none
    /// (RFC 6120 §8.3.1).
    pub(super) fn refused(&self, why: Condition, text: Option<&str>) -> Option<Self> {
        let tag = error_reply(&self.0.element, None, why.default_type(), why, text)?;
        Self::made(self.0.kind, &tag, &self.0.to, &self.0.from)
    }
}

fn rest(kind: StanzaKind, element: &Element, from: &str, to: &str) -> Bytes {
    let (root, inner) = (element.root(), element.inner());
    let mut out = Vec::with_capacity(inner.len() + from.len() + to.len() + 96);
    let mut attribute = |name: &str, value: &str| {
        out.push(b' ');
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"='");
        escape_attr(&mut out, value);
        out.push(b'\'');
    };
    attribute("from", from);
    attribute("to", to);
    for name in ["id", "type"] {
        if let Some(value) = root.attr(name) {
            attribute(name, &value);
        }
    }
    if let Some(lang) = root.lang() {
        attribute("xml:lang", &lang);
    }
    if inner.is_empty() {
        out.extend_from_slice(b"/>");
    } else {
        out.push(b'>');
        out.extend_from_slice(&inner);
        out.extend_from_slice(b"</");
        out.extend_from_slice(kind.as_str().as_bytes());
        out.push(b'>');
    }
    out.into()
}
