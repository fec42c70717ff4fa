//! Writing an element anew, without prefixes, so that it and all its children stand alone.
//!
//! Every element declares its namespace if it is not the default one where it stands. Prefixes stay on attributes only,
//! and are declared on the same tag. Declarations that nobody uses are left out; everything else stays as it was written.

use super::index::{NsSources, Record};
use super::syntax::{RawAttribute, opening_tag};
use super::{CLIENT, Limit, XML, XmlError, escape_attr};

/// Writes the element that `records` index so that it stands alone where the default namespace is [`CLIENT`], and what
/// is inside it as well. At most about `most` bytes.
pub(super) fn write(records: &[Record], sources: NsSources<'_>, most: usize) -> Result<Vec<u8>, XmlError> {
    let mut writer =
        Writer { records, sources, out: Vec::new(), copied: 0, open: Vec::new(), declared: Vec::new() };
    for index in 0..records.len() {
        writer.close_until(index);
        writer.open(index);
        if writer.out.len() > most {
            return Err(XmlError::TooLarge(Limit::Bytes));
        }
    }
    writer.close_until(records.len());
    Ok(writer.out)
}

struct Writer<'a> {
    records: &'a [Record],
    sources: NsSources<'a>,
    out: Vec<u8>,
    /// Up to where the original has been copied.
    copied: usize,
    open: Vec<Open<'a>>,
    /// The prefixes that the original declares at this place: the prefix, and its declaration as it is written.
    declared: Vec<(&'a [u8], &'a [u8])>,
}

struct Open<'a> {
    record: Record,
    /// The default namespace inside it.
    default: &'a [u8],
    /// How many prefixes were declared before it.
    declared: usize,
}

impl<'a> Writer<'a> {
    /// Copies up to the end of all open elements that the element with this index is not in.
    fn close_until(&mut self, index: usize) {
        while let Some(open) = self.open.pop_if(|open| open.record.next as usize <= index) {
            self.copy_to(open.record.close);
            if !self.is_empty_tag(open.record) {
                self.out.extend_from_slice(b"</");
                self.name(open.record);
                self.out.push(b'>');
            }
            self.copied = open.record.end as usize;
            self.declared.truncate(open.declared);
        }
    }

    fn open(&mut self, index: usize) {
        let record = self.records[index];
        let mut attributes = Vec::new();
        let tag = opening_tag(self.sources.bytes, record.start as usize, &mut attributes, u16::MAX);
        debug_assert!(tag.is_ok_and(|tag| tag.end == record.inner as usize));
        let declared = self.declared.len();
        self.declare(&attributes);
        self.copy_to(record.start);
        self.out.push(b'<');
        self.name(record);
        let default = self.default_ns(record);
        self.attributes(&attributes);
        let close: &[u8] = if self.is_empty_tag(record) { b"/>" } else { b">" };
        self.out.extend_from_slice(close);
        self.copied = record.inner as usize;
        self.open.push(Open { record, default, declared });
    }

    fn is_empty_tag(&self, record: Record) -> bool {
        record.inner == record.end
    }

    fn copy_to(&mut self, end: u32) {
        self.out.extend_from_slice(&self.sources.bytes[self.copied..end as usize]);
    }

    fn name(&mut self, record: Record) {
        let name = &self.sources.bytes[record.start as usize + 1..];
        if self.is_xml(record) {
            self.out.extend_from_slice(b"xml:");
        }
        self.out.extend_from_slice(record.name.local_of(name));
    }

    /// The namespace of the prefix `xml` must not be made the default one.
    fn is_xml(&self, record: Record) -> bool {
        self.sources.get(record.ns) == XML.as_bytes()
    }

    /// Declares the default namespace if that is needed; says what it is inside. What stands directly in the outermost
    /// element declares its own unless it is [`CLIENT`], so that it can be moved under another head.
    fn default_ns(&mut self, record: Record) -> &'a [u8] {
        let outside = self.open.last().map_or(CLIENT.as_bytes(), |open| open.default);
        if self.is_xml(record) {
            return outside;
        }
        let ns = self.sources.get(record.ns);
        if ns != outside || self.open.len() == 1 && ns != CLIENT.as_bytes() {
            self.out.extend_from_slice(b" xmlns='");
            escape_attr(&mut self.out, &String::from_utf8_lossy(ns));
            self.out.push(b'\'');
        }
        ns
    }

    fn declare(&mut self, attributes: &[RawAttribute]) {
        let bytes = self.sources.bytes;
        for attribute in attributes.iter().filter(|attribute| attribute.prefix_in(bytes) == b"xmlns") {
            self.declared.push((attribute.local_in(bytes), written(*attribute, bytes)));
        }
    }

    /// Copies the attributes that are no declarations, and declares their prefixes.
    fn attributes(&mut self, attributes: &[RawAttribute]) {
        let bytes = self.sources.bytes;
        let mut done: Vec<&[u8]> = vec![b"", b"xml"];
        for attribute in attributes {
            let prefix = attribute.prefix_in(bytes);
            if prefix == b"xmlns" || attribute.name_in(bytes) == b"xmlns" {
                continue;
            }
            if !done.contains(&prefix) {
                done.push(prefix);
                self.declaration(prefix);
            }
            self.out.push(b' ');
            self.out.extend_from_slice(written(*attribute, bytes));
        }
    }

    fn declaration(&mut self, prefix: &[u8]) {
        self.out.push(b' ');
        if let Some((_, written)) = self.declared.iter().rev().find(|(known, _)| *known == prefix) {
            return self.out.extend_from_slice(written);
        }
        let ns = self.sources.outer.find(prefix).map_or("", |index| self.sources.outer.prefix(index));
        self.out.extend_from_slice(b"xmlns:");
        self.out.extend_from_slice(prefix);
        self.out.extend_from_slice(b"='");
        escape_attr(&mut self.out, ns);
        self.out.push(b'\'');
    }
}

/// An attribute from its name to its closing quote.
fn written(attribute: RawAttribute, bytes: &[u8]) -> &[u8] {
    &bytes[attribute.at as usize..(attribute.value_at + attribute.value_len) as usize + 1]
}
