//! Views of the elements inside an [`Element`].

use super::XML;
use super::element::Element;
use super::escape::escape_attr;
use super::index::Record;
use super::reference::{attribute_value, is_plain, push_text};
use super::syntax::skip_space;
use memchr::memchr;
use std::borrow::Cow;
use std::fmt;

/// What was checked when it was read, and cut at ASCII characters.
fn utf8(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("only UTF-8 was let through")
}

/// One element inside an [`Element`], which it borrows from.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    element: &'a Element,
    index: u32,
}

impl<'a> Node<'a> {
    pub(super) fn new(element: &'a Element, index: u32) -> Self {
        Self { element, index }
    }

    fn record(self) -> &'a Record {
        self.element.record(self.index)
    }

    fn all(self) -> &'a [u8] {
        self.element.bytes()
    }

    fn between(self, start: u32, end: u32) -> &'a [u8] {
        &self.all()[start as usize..end as usize]
    }

    fn local(self) -> &'a [u8] {
        let record = self.record();
        record.name.local_of(&self.all()[record.start as usize + 1..])
    }

    fn ns_bytes(self) -> &'a [u8] {
        self.element.sources().get(self.record().ns)
    }

    /// Where its attributes begin, if it has any: what follows its name.
    fn after_name(self) -> usize {
        let record = self.record();
        record.start as usize + 1 + record.name.len()
    }

    /// All attributes as they are written, namespace declarations too.
    fn raw_attrs(self) -> RawAttrs<'a> {
        RawAttrs { rest: &self.all()[self.after_name()..self.record().inner as usize] }
    }

    /// Its name without a prefix.
    pub fn name(&self) -> &'a str {
        utf8(self.local())
    }

    /// Its name as it is written, with its prefix if it has one.
    pub(super) fn written_name(self) -> &'a [u8] {
        self.between(self.record().start + 1, self.after_name() as u32)
    }

    /// Its namespace; empty if it is in none.
    pub fn ns(&self) -> &'a str {
        utf8(self.ns_bytes())
    }

    /// Whether it is called so in that namespace.
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.local() == name.as_bytes() && self.ns_bytes() == ns.as_bytes()
    }

    /// What the attribute of this name says. It has no prefix, or the prefix `xml`; for others there is
    /// [`attrs`](Self::attrs).
    pub fn attr(&self, name: &str) -> Option<Cow<'a, str>> {
        let plain = name != "xmlns" && !name.contains(':');
        if plain || name.starts_with("xml:") { self.raw_attr(name) } else { None }
    }

    fn raw_attr(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut attrs = self.raw_attrs();
        let (_, value) = attrs.find(|(written, _)| *written == name.as_bytes())?;
        Some(attribute_value(utf8(value)))
    }

    /// What `xml:lang` on this very element says. It holds for all that is inside (XML 1.0 §2.12).
    pub fn lang(&self) -> Option<Cow<'a, str>> {
        self.raw_attr("xml:lang")
    }

    /// Its attributes in the order they are written, without namespace declarations.
    pub fn attrs(&self) -> Attrs<'a> {
        Attrs { node: *self, raw: self.raw_attrs() }
    }

    /// The elements directly inside.
    pub fn children(&self) -> Children<'a> {
        Children { element: self.element, index: self.index + 1, end: self.record().next }
    }

    /// The first element directly inside that is called so in that namespace.
    pub fn child(&self, name: &str, ns: &str) -> Option<Self> {
        self.children().find(|child| child.is(name, ns))
    }

    /// The element that it is directly inside; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        (self.index != 0).then(|| Node::new(self.element, self.record().parent))
    }

    /// The text directly inside, as it is meant. What stands around elements is put together.
    pub fn text(&self) -> Cow<'a, str> {
        let mut text = Cow::Borrowed("");
        let mut at = self.record().inner;
        for child in self.children() {
            push_run(&mut text, utf8(self.between(at, child.record().start)));
            at = child.record().end;
        }
        push_run(&mut text, utf8(self.between(at, self.record().close)));
        text
    }

    /// Its bytes, from the first to the last angle bracket. They may lean on namespaces declared around it; see
    /// [`write`](Self::write).
    pub fn raw(&self) -> &'a [u8] {
        self.between(self.record().start, self.record().end)
    }

    /// The default namespace inside it. That of a stream's head is the stream's content namespace (RFC 6120 §4.8.2).
    pub fn default_ns(&self) -> Cow<'a, str> {
        let declaring = self.and_around().find(|node| node.record().declares_default);
        let declared = declaring.and_then(|node| node.raw_attr("xmlns"));
        declared.unwrap_or(Cow::Borrowed(self.element.outside()))
    }

    /// Itself, what it is in, what that is in, up to the root.
    fn and_around(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), Self::parent)
    }

    /// Appends the element as it stands, for a place where the default namespace is `parent_ns`. Declarations that it leans on
    /// are added to its tag.
    pub fn write(&self, out: &mut Vec<u8>, parent_ns: &str) {
        let record = self.record();
        let name_end = self.after_name() as u32;
        out.extend_from_slice(self.between(record.start, name_end));
        if !record.declares_default {
            let default = self.default_ns();
            if *default != *parent_ns {
                push_attribute(out, b"xmlns", &default);
            }
        }
        self.write_prefixes(out);
        out.extend_from_slice(self.between(name_end, record.end));
    }

    /// Declares the prefixes that are declared around it and not by itself.
    fn write_prefixes(self, out: &mut Vec<u8>) {
        let own = self.record().declares_prefix;
        let mut done: Vec<&[u8]> =
            if own { self.declarations().map(|(name, _)| name).collect() } else { vec![] };
        for node in self.and_around().skip(1).filter(|node| node.record().declares_prefix) {
            for (name, value) in node.declarations().filter(|(name, _)| *name != b"xmlns:xml") {
                if !done.contains(&name) {
                    done.push(name);
                    push_attribute(out, name, &attribute_value(utf8(value)));
                }
            }
        }
    }

    /// The prefixes it declares: names that begin with `xmlns:`, and what is between the quotes.
    fn declarations(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.raw_attrs().filter(|(name, _)| name.starts_with(b"xmlns:"))
    }

    fn prefix_ns(self, prefix: &str) -> Option<Cow<'a, str>> {
        let declared = |(name, _): &(&[u8], &[u8])| &name[b"xmlns:".len()..] == prefix.as_bytes();
        let mut found = self.and_around().filter_map(|node| node.declarations().find(declared));
        found.next().map(|(_, value)| attribute_value(utf8(value)))
    }
}

/// Its name and its size, as for [`Element`].
impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} xmlns='{}'> of {} bytes", self.name(), self.ns(), self.raw().len())
    }
}

fn push_attribute(out: &mut Vec<u8>, name: &[u8], value: &str) {
    out.push(b' ');
    out.extend_from_slice(name);
    out.extend_from_slice(b"='");
    escape_attr(out, value);
    out.push(b'\'');
}

/// Adds a run of text to what came before it, without a copy where it is the first and is meant as it is written.
fn push_run<'a>(text: &mut Cow<'a, str>, raw: &'a str) {
    if raw.is_empty() {
    } else if text.is_empty() && is_plain(raw) {
        *text = Cow::Borrowed(raw);
    } else {
        push_text(text.to_mut(), raw);
    }
}

/// The elements directly inside another one.
#[derive(Clone)]
pub struct Children<'a> {
    element: &'a Element,
    index: u32,
    end: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        let node = (self.index < self.end).then(|| Node::new(self.element, self.index))?;
        self.index = node.record().next;
        Some(node)
    }
}

/// An attribute.
#[derive(Clone, Copy)]
pub struct Attr<'a> {
    node: Node<'a>,
    name: &'a str,
    raw: &'a str,
}

impl<'a> Attr<'a> {
    /// Its name as it is written, with its prefix if it has one.
    pub fn qualified_name(&self) -> &'a str {
        self.name
    }

    /// Its name without a prefix.
    pub fn name(&self) -> &'a str {
        self.name.split_once(':').map_or(self.name, |(_, local)| local)
    }

    /// Its namespace; empty if it has no prefix.
    pub fn ns(&self) -> Cow<'a, str> {
        match self.name.split_once(':') {
            None => Cow::Borrowed(""),
            Some(("xml", _)) => Cow::Borrowed(XML),
            Some((prefix, _)) => self.node.prefix_ns(prefix).expect("prefixes were checked"),
        }
    }

    /// What it says.
    pub fn value(&self) -> Cow<'a, str> {
        attribute_value(self.raw)
    }
}

/// The attributes of an element, without namespace declarations.
#[derive(Clone)]
pub struct Attrs<'a> {
    node: Node<'a>,
    raw: RawAttrs<'a>,
}

impl<'a> Iterator for Attrs<'a> {
    type Item = Attr<'a>;

    fn next(&mut self) -> Option<Attr<'a>> {
        let declares = |name: &[u8]| name == b"xmlns" || name.starts_with(b"xmlns:");
        let (name, raw) = self.raw.find(|(name, _)| !declares(name))?;
        Some(Attr { node: self.node, name: utf8(name), raw: utf8(raw) })
    }
}

/// The attributes in a tag that was checked: names, and what stands between the quotes.
#[derive(Clone)]
struct RawAttrs<'a> {
    /// From behind the name, or the last quote, up to the `>`.
    rest: &'a [u8],
}

impl<'a> Iterator for RawAttrs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.rest[skip_space(self.rest, 0)..];
        // In the tag's end, `>` or `/>`, there is none.
        let equals = memchr(b'=', rest)?;
        let name = rest[..equals].trim_ascii_end();
        let value = &rest[skip_space(rest, equals + 1)..];
        let (quote, value) = value.split_first()?;
        let end = memchr(*quote, value)?;
        self.rest = &value[end + 1..];
        Some((name, &value[..end]))
    }
}
