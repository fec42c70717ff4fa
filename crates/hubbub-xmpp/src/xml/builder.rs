//! Reads one element, tag by tag, as it arrives, and makes its index.

use super::element::Element;
use super::index::{NsRef, NsSources, Record};
use super::limits::LONGEST_NAME;
use super::reference::{attribute_value, check_text};
use super::scope::{Binding, Outer, Scope};
use super::syntax::{OpeningTag, RawAttribute, Stop, TagEnd, closing_tag, opening_tag};
use super::{CLIENT, Limit, Limits, XML, XMLNS, XmlError, canonical};
use memchr::{memchr, memmem};
use std::borrow::Cow;

const CDATA: &[u8] = b"<![CDATA[";
const CDATA_END: &[u8] = b"]]>";

/// What holds around the element that is read.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) outer: &'a Outer,
    pub(super) limits: &'a Limits,
}

/// The state of reading one element.
///
/// Its input is always all of the element that has arrived, from its first byte, UTF-8 and legal characters. What it
/// decides depends on those bytes alone and not on how they were cut: a token is judged when all of it is there.
#[derive(Debug, Default)]
pub(super) struct Builder {
    records: Vec<Record>,
    open: Vec<Open>,
    scope: Scope,
    /// Those of the tag that was read last; kept for its memory, as is `prefixed`.
    attributes: Vec<RawAttribute>,
    prefixed: Vec<(RawAttribute, NsRef)>,
    /// Namespace names that are not written as they are meant.
    extra: String,
    /// Where the token begins that is being read.
    at: usize,
    /// Up to where the end of that token was looked for, if it is text.
    seen: usize,
    /// The same if it is a tag.
    tag_end: TagEnd,
    /// The bytes do not stand alone: the element has to be written anew.
    leans: bool,
}

/// An element that was opened and not closed yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    record: u32,
    /// How many bindings there were before it.
    scope: usize,
    default: DefaultNs,
}

/// The default namespace somewhere, and how deep the element that declares it is; 0 is outside.
#[derive(Debug, Clone, Copy)]
struct DefaultNs {
    ns: NsRef,
    depth: u16,
}

/// Reading: one token after the other.
impl Builder {
    /// Begins a new element.
    pub(super) fn reset(&mut self) {
        self.records.clear();
        self.open.clear();
        self.scope.truncate(0);
        self.extra.clear();
        self.leans = false;
        self.step_to(0);
    }

    /// Reads on. Says where the element ends when it has ended; `input` then has what follows behind that.
    pub(super) fn advance(&mut self, input: &[u8], rules: Rules<'_>) -> Result<Option<usize>, XmlError> {
        while let Some(next) = self.token(input, rules)? {
            self.step_to(next);
            if self.open.is_empty() {
                return within(next, rules.limits).map(Some);
            }
        }
        Ok(None)
    }

    /// Reads the outermost opening tag and no more. Says where it ends and whether it is closed in itself.
    pub(super) fn head(&mut self, input: &[u8], rules: Rules<'_>) -> Result<Option<(usize, bool)>, XmlError> {
        let Some(end) = self.token(input, rules)? else { return Ok(None) };
        within(end, rules.limits)?;
        Ok(Some((end, self.open.is_empty())))
    }

    /// Reads the closing tag of something that was read before, at the start of `input`. Says where it ends.
    pub(super) fn closing_tag_of(&mut self, input: &[u8], name: &[u8]) -> Result<Option<usize>, XmlError> {
        let tag = closing_tag(input, 0, name);
        self.settle(input, tag)
    }

    fn step_to(&mut self, at: usize) {
        self.at = at;
        self.seen = at;
        self.tag_end = TagEnd::default();
    }

    /// Reads the token at `self.at`; says what follows it. `None`: it is not all there.
    fn token(&mut self, input: &[u8], rules: Rules<'_>) -> Result<Option<usize>, XmlError> {
        match input[self.at.min(input.len())..] {
            [b'<', b'/', ..] if !self.open.is_empty() => self.closing(input),
            [b'<', b'!', ..] => self.cdata(input),
            [b'<', b'?', ..] => Err(XmlError::RestrictedXml),
            [b'<', _, ..] => self.opening(input, rules),
            [] | [b'<'] => Ok(None),
            _ => self.text(input),
        }
    }

    fn text(&mut self, input: &[u8]) -> Result<Option<usize>, XmlError> {
        let Some(len) = memchr(b'<', &input[self.seen..]) else {
            self.seen = input.len();
            return Ok(None);
        };
        let end = self.seen + len;
        check_text(&input[self.at..end])?;
        Ok(Some(end))
    }

    /// A CDATA section. Nothing else that begins with `<!` is allowed.
    fn cdata(&mut self, input: &[u8]) -> Result<Option<usize>, XmlError> {
        let rest = &input[self.at..];
        if !rest.starts_with(CDATA) {
            return if CDATA.starts_with(rest) { Ok(None) } else { Err(XmlError::RestrictedXml) };
        }
        if self.open.is_empty() {
            return Err(XmlError::BadFormat);
        }
        let from = self.seen.max(self.at + CDATA.len());
        if let Some(len) = memmem::find(&input[from..], CDATA_END) {
            return Ok(Some(from + len + CDATA_END.len()));
        }
        self.seen = from.max(input.len() - (CDATA_END.len() - 1));
        Ok(None)
    }

    fn opening(&mut self, input: &[u8], rules: Rules<'_>) -> Result<Option<usize>, XmlError> {
        if self.tag_end.is_searching() && !self.tag_end.found(input, self.at) {
            return Ok(None);
        }
        let tag = opening_tag(input, self.at, &mut self.attributes, rules.limits.attributes);
        let Some(tag) = self.settle(input, tag)? else { return Ok(None) };
        self.open_element(input, tag, rules)?;
        if tag.empty {
            self.close_element(tag.end, tag.end);
        }
        Ok(Some(tag.end))
    }

    fn closing(&mut self, input: &[u8]) -> Result<Option<usize>, XmlError> {
        let open = self.open.last().expect("a closing tag is looked for only inside an element");
        let record = &self.records[open.record as usize];
        let name = &input[record.start as usize + 1..][..record.name.len()];
        let tag = closing_tag(input, self.at, name);
        let end = self.settle(input, tag)?;
        if let Some(end) = end {
            self.close_element(self.at, end);
        }
        Ok(end)
    }

    /// What comes of a tag. What is wrong with it is said only when it is all there, however its bytes came.
    fn settle<T>(&mut self, input: &[u8], tag: Result<T, Stop>) -> Result<Option<T>, XmlError> {
        match tag {
            Ok(tag) => Ok(Some(tag)),
            Err(_) if !self.tag_end.found(input, self.at) => Ok(None),
            Err(Stop::Fault(fault)) => Err(fault),
            Err(Stop::More) => Err(XmlError::NotWellFormed),
        }
    }
}

/// Indexing: elements and their namespaces.
impl Builder {
    fn open_element(&mut self, input: &[u8], tag: OpeningTag, rules: Rules<'_>) -> Result<(), XmlError> {
        let Limits { depth: deepest, elements, .. } = *rules.limits;
        if self.open.len() >= usize::from(deepest) {
            return Err(XmlError::TooLarge(Limit::Depth));
        }
        if self.records.len() >= elements as usize {
            return Err(XmlError::TooLarge(Limit::Elements));
        }
        self.check_unique_names(input)?;
        let index = self.records.len() as u32;
        let depth = self.open.len() as u16 + 1;
        let outside = self.open.last().map_or_else(
            || DefaultNs { ns: NsRef::outer_default(rules.outer), depth: 0 },
            |open| open.default,
        );
        let (scope, default) = (self.scope.len(), self.declarations(input, outside, depth, rules.limits)?);
        let mut record = Record {
            start: self.at as u32,
            inner: tag.end as u32,
            close: 0,
            end: 0,
            next: 0,
            parent: self.open.last().map_or(0, |open| open.record),
            ns: default.ns,
            name: tag.name,
            declares_default: default.depth == depth,
            declares_prefix: self.scope.len() > scope,
        };
        record.ns = self.element_ns(input, record, default, rules.outer)?;
        self.check_prefixed_attributes(input, rules.outer)?;
        self.records.push(record);
        self.open.push(Open { record: index, scope, default });
        Ok(())
    }

    fn close_element(&mut self, close: usize, end: usize) {
        let open = self.open.pop().expect("it was opened");
        self.scope.truncate(open.scope);
        let next = self.records.len() as u32;
        let record = &mut self.records[open.record as usize];
        (record.close, record.end, record.next) = (close as u32, end as u32, next);
    }

    /// No two attributes of a tag are called the same (XML 1.0 §3.1).
    fn check_unique_names(&self, input: &[u8]) -> Result<(), XmlError> {
        for (i, one) in self.attributes.iter().enumerate().skip(1) {
            let same =
                |other: &&RawAttribute| one.name == other.name && one.name_in(input) == other.name_in(input);
            if self.attributes[..i].iter().find(same).is_some() {
                return Err(XmlError::NotWellFormed);
            }
        }
        Ok(())
    }

    /// Takes the namespace declarations out of the attributes (Namespaces in XML 1.0 §3).
    fn declarations(
        &mut self,
        input: &[u8],
        outside: DefaultNs,
        depth: u16,
        limits: &Limits,
    ) -> Result<DefaultNs, XmlError> {
        let mut default = outside;
        for i in 0..self.attributes.len() {
            let attribute = self.attributes[i];
            if input[attribute.at as usize] != b'x' {
                continue;
            }
            if attribute.prefix_in(input) == b"xmlns" {
                self.declare_prefix(input, attribute, depth)?;
            } else if attribute.name_in(input) == b"xmlns" {
                default = DefaultNs { ns: self.namespace_name(input, attribute, b"")?, depth };
            }
        }
        if self.scope.len() > usize::from(limits.attributes) {
            return Err(XmlError::TooLarge(Limit::Attributes));
        }
        Ok(default)
    }

    fn declare_prefix(&mut self, input: &[u8], attribute: RawAttribute, depth: u16) -> Result<(), XmlError> {
        let prefix = attribute.local_in(input);
        let ns = self.namespace_name(input, attribute, prefix)?;
        if prefix == b"xml" {
            return Ok(());
        }
        if prefix == b"xmlns" || ns == NsRef::NONE {
            return Err(XmlError::NotWellFormed);
        }
        let prefix_at = attribute.at + attribute.name.local_at() as u32;
        self.scope.push(Binding { prefix_at, prefix_len: attribute.name.local, depth, ns });
        Ok(())
    }

    /// The namespace that a declaration of `prefix` names. Two names are reserved: one for `xml` alone, one for nobody
    /// (Namespaces in XML 1.0 §3).
    fn namespace_name(
        &mut self,
        input: &[u8],
        attribute: RawAttribute,
        prefix: &[u8],
    ) -> Result<NsRef, XmlError> {
        let raw = str::from_utf8(attribute.value_in(input)).map_err(|_| XmlError::UnsupportedEncoding)?;
        let name = if attribute.escaped { attribute_value(raw) } else { Cow::Borrowed(raw) };
        if (*name == *XML) != (prefix == b"xml") || *name == *XMLNS {
            return Err(XmlError::NotWellFormed);
        }
        if name.len() > LONGEST_NAME {
            return Err(XmlError::TooLarge(Limit::Name));
        }
        Ok(match &*name {
            "" => NsRef::NONE,
            CLIENT => NsRef::CLIENT,
            _ if !attribute.escaped => NsRef::in_bytes(attribute.value_at as usize, name.len()),
            _ => {
                self.extra.push_str(&name);
                NsRef::in_extra(self.extra.len() - name.len(), name.len())
            }
        })
    }

    /// The namespace of an element, where `default` is the default one.
    fn element_ns(
        &mut self,
        input: &[u8],
        record: Record,
        default: DefaultNs,
        outer: &Outer,
    ) -> Result<NsRef, XmlError> {
        let inside = !self.open.is_empty();
        if record.name.prefix == 0 {
            let alone = if inside { 2 } else { 1 };
            self.leans |= default.depth < alone && default.ns != NsRef::CLIENT;
            return Ok(default.ns);
        }
        let prefix = record.name.prefix_of(&input[record.start as usize + 1..]);
        let (ns, depth) = self.scope.find(prefix, input, outer).ok_or(XmlError::BadNamespacePrefix)?;
        self.leans |= depth < 2 || !inside;
        Ok(ns)
    }

    /// Attributes with a prefix: it is declared, and no two of them mean the same (Namespaces in XML 1.0 §6.3).
    fn check_prefixed_attributes(&mut self, input: &[u8], outer: &Outer) -> Result<(), XmlError> {
        self.prefixed.clear();
        let alone = if self.open.is_empty() { 1 } else { 2 };
        for attribute in self.attributes.iter().filter(|attribute| attribute.name.prefix != 0) {
            let prefix = attribute.prefix_in(input);
            if prefix == b"xmlns" || prefix == b"xml" {
                continue;
            }
            let (ns, depth) = self.scope.find(prefix, input, outer).ok_or(XmlError::BadNamespacePrefix)?;
            self.leans |= depth < alone;
            self.prefixed.push((*attribute, ns));
        }
        let sources = NsSources { bytes: input, extra: &self.extra, outer };
        for (i, (one, ns)) in self.prefixed.iter().enumerate().skip(1) {
            let same = |(other, other_ns): &&(RawAttribute, NsRef)| {
                one.local_in(input) == other.local_in(input) && sources.same(*ns, *other_ns)
            };
            if self.prefixed[..i].iter().find(same).is_some() {
                return Err(XmlError::NotWellFormed);
            }
        }
        Ok(())
    }
}

/// Handing over what was read.
impl Builder {
    /// The element, of whose `bytes` all were read. Written anew if they do not stand alone.
    pub(super) fn finish(&self, bytes: &[u8], rules: Rules<'_>) -> Result<Element, XmlError> {
        if !self.leans {
            return Ok(Element::new(bytes, &self.records, &self.extra));
        }
        let sources = NsSources { bytes, extra: &self.extra, outer: rules.outer };
        let written = canonical::write(&self.records, sources, rules.limits.bytes())?;
        let mut again = Self::default();
        let alone = Rules { outer: &Outer::CLIENT, ..rules };
        again.advance(&written, alone)?.ok_or(XmlError::NotWellFormed)?;
        Ok(Element::new(&written, &again.records, &again.extra))
    }

    /// The outermost opening tag alone, as an element without children.
    pub(super) fn finish_head(&self, tag: &[u8]) -> Element {
        let name = tag.strip_suffix(b"/>").unwrap_or(&tag[..tag.len() - 1]);
        let bytes = [name, b"/>"].concat();
        let len = bytes.len() as u32;
        let record = Record { inner: len, close: len, end: len, next: 1, ..self.records[0] };
        Element::head(&bytes, record, &self.extra)
    }

    /// What the outermost opening tag, which begins `bytes`, declares for all that is inside it.
    pub(super) fn declared(&self, bytes: &[u8]) -> Outer {
        let sources = NsSources { bytes, extra: &self.extra, outer: &Outer::NOTHING };
        let text = |ns| String::from_utf8_lossy(sources.get(ns)).into_owned();
        let default = self.open.first().map_or(NsRef::NONE, |open| open.default.ns);
        let mut outer = Outer::new(text(default));
        for binding in self.scope.bindings() {
            outer.add(binding.prefix(bytes), &text(binding.ns));
        }
        outer
    }
}

fn within(end: usize, limits: &Limits) -> Result<usize, XmlError> {
    if end > limits.bytes() { Err(XmlError::TooLarge(Limit::Bytes)) } else { Ok(end) }
}
