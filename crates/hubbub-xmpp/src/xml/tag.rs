//! Building what a server itself has to say.

use super::node::Node;
use super::{escape_attr, escape_text};

/// An element being built: for answers. What goes to many is written once as bytes instead.
///
/// What is inside is written at once, under the namespace of this element, so a tag is two buffers however much it holds.
#[derive(Debug, Clone)]
pub struct Tag {
    name: &'static str,
    ns: &'static str,
    attributes: Vec<u8>,
    inner: Vec<u8>,
}

impl Tag {
    /// An element called `name` in the namespace `ns`. `name` may have a prefix that is declared where it will stand, as
    /// `stream:features` has; `ns` is then the default namespace at that place.
    pub fn new(name: &'static str, ns: &'static str) -> Self {
        Self { name, ns, attributes: Vec::new(), inner: Vec::new() }
    }

    /// Adds an attribute. It must not have been added before.
    #[must_use]
    pub fn attr(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        push_attribute(&mut self.attributes, name, value.as_ref());
        self
    }

    /// Adds an attribute if there is a value for it.
    #[must_use]
    pub fn attr_opt(self, name: &'static str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// Adds text.
    #[must_use]
    pub fn text(mut self, text: impl AsRef<str>) -> Self {
        escape_text(&mut self.inner, text.as_ref());
        self
    }

    /// Adds an element.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is made where it is added, and of no use afterwards"
    )]
    pub fn child(mut self, child: Self) -> Self {
        child.write(&mut self.inner, self.ns);
        self
    }

    /// Adds elements.
    #[must_use]
    pub fn children(self, children: impl IntoIterator<Item = Self>) -> Self {
        children.into_iter().fold(self, Self::child)
    }

    /// Adds an element that was received, with the declarations it needs here.
    #[must_use]
    pub fn node(mut self, node: Node<'_>) -> Self {
        node.write(&mut self.inner, self.ns);
        self
    }

    /// Adds what is XML already and means here what it should: its elements declare their namespaces, or are in this one's.
    #[must_use]
    pub fn raw(mut self, xml: impl AsRef<[u8]>) -> Self {
        self.inner.extend_from_slice(xml.as_ref());
        self
    }

    /// Appends it, for a place where the default namespace is `parent_ns`.
    pub fn write(&self, out: &mut Vec<u8>, parent_ns: &str) {
        out.push(b'<');
        out.extend_from_slice(self.name.as_bytes());
        if self.ns != parent_ns {
            push_attribute(out, "xmlns", self.ns);
        }
        out.extend_from_slice(&self.attributes);
        if self.inner.is_empty() {
            out.extend_from_slice(b"/>");
            return;
        }
        out.push(b'>');
        out.extend_from_slice(&self.inner);
        out.extend_from_slice(b"</");
        out.extend_from_slice(self.name.as_bytes());
        out.push(b'>');
    }

    /// The same as bytes of its own.
    pub fn to_vec(&self, parent_ns: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.attributes.len() + self.inner.len() + 64);
        self.write(&mut out, parent_ns);
        out
    }
}

fn push_attribute(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"='");
    escape_attr(out, value);
    out.push(b'\'');
}
