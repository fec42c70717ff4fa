//! An element that was received: its bytes and the index over them.

use super::CLIENT;
use super::index::{NsSources, Record};
use super::node::{Attrs, Children, Node};
use super::scope::Outer;
use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

static CLIENT_OUTSIDE: Outer = Outer::CLIENT;

/// An element: immutable, cheap to clone and to send to another thread.
///
/// It reads like its outermost [`Node`].
#[derive(Clone)]
pub struct Element {
    bytes: Bytes,
    records: Arc<[Record]>,
    extra: Option<Arc<str>>,
    /// What the default namespace is outside: none for the head of a stream.
    outside: &'static str,
}

impl Element {
    pub(super) fn new(bytes: &[u8], records: &[Record], extra: &str) -> Self {
        let extra = (!extra.is_empty()).then(|| extra.into());
        Self { bytes: Bytes::copy_from_slice(bytes), records: records.into(), extra, outside: CLIENT }
    }

    pub(super) fn head(bytes: &[u8], record: Record, extra: &str) -> Self {
        Self { outside: "", ..Self::new(bytes, &[record], extra) }
    }

    pub(super) fn record(&self, index: u32) -> &Record {
        &self.records[index as usize]
    }

    pub(super) fn sources(&self) -> NsSources<'_> {
        let extra = self.extra.as_deref().unwrap_or_default();
        NsSources { bytes: &self.bytes, extra, outer: &CLIENT_OUTSIDE }
    }

    pub(super) fn outside(&self) -> &'static str {
        self.outside
    }

    /// The outermost element.
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// All of it. Stands alone where the default namespace is [`CLIENT`]: it uses no prefix that is declared outside.
    /// Its root has no prefix, except in the head of a stream, whose tag is given closed in itself.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What stands between the opening and the closing tag of the root: a slice that shares the memory of all. It stands
    /// alone where the default namespace is [`CLIENT`], so that it can be sent on under another opening tag.
    pub fn inner(&self) -> Bytes {
        let root = self.record(0);
        self.bytes.slice(root.inner as usize..root.close as usize)
    }

    /// [`Node::name`] of the root.
    pub fn name(&self) -> &str {
        self.root().name()
    }

    /// [`Node::ns`] of the root.
    pub fn ns(&self) -> &str {
        self.root().ns()
    }

    /// [`Node::is`] of the root.
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.root().is(name, ns)
    }

    /// [`Node::attr`] of the root.
    pub fn attr(&self, name: &str) -> Option<Cow<'_, str>> {
        self.root().attr(name)
    }

    /// [`Node::lang`] of the root.
    pub fn lang(&self) -> Option<Cow<'_, str>> {
        self.root().lang()
    }

    /// [`Node::attrs`] of the root.
    pub fn attrs(&self) -> Attrs<'_> {
        self.root().attrs()
    }

    /// [`Node::children`] of the root.
    pub fn children(&self) -> Children<'_> {
        self.root().children()
    }

    /// [`Node::child`] of the root.
    pub fn child(&self, name: &str, ns: &str) -> Option<Node<'_>> {
        self.root().child(name, ns)
    }

    /// [`Node::text`] of the root.
    pub fn text(&self) -> Cow<'_, str> {
        self.root().text()
    }

    /// [`Node::write`] of the root.
    pub fn write(&self, out: &mut Vec<u8>, parent_ns: &str) {
        self.root().write(out, parent_ns);
    }
}

/// Its name and its size. What it says may be a password, and has no place in a log.
impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} xmlns='{}'> of {} bytes", self.name(), self.ns(), self.bytes.len())
    }
}
