//! The grammar of tags (XML 1.0 §3.1, Namespaces in XML 1.0 §4), without what anything in them means.

use super::chars::{is_name, is_space, starts_name, wide_at, wide_is_name, wide_starts_name};
use super::index::Name;
use super::limits::LONGEST_NAME;
use super::reference::check_references;
use super::{Limit, XmlError};
use memchr::memchr2;

/// Why a tag was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is not all there.
    More,
    /// It is wrong.
    Fault(XmlError),
}

const MALFORMED: Stop = Stop::Fault(XmlError::NotWellFormed);

/// An attribute as it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawAttribute {
    pub(super) at: u32,
    pub(super) name: Name,
    pub(super) value_at: u32,
    pub(super) value_len: u32,
    /// The value is not what is written: it has a reference or white space that becomes a space.
    pub(super) escaped: bool,
}

impl RawAttribute {
    pub(super) fn name_in(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.at as usize..][..self.name.len()]
    }

    pub(super) fn prefix_in(self, bytes: &[u8]) -> &[u8] {
        self.name.prefix_of(&bytes[self.at as usize..])
    }

    pub(super) fn local_in(self, bytes: &[u8]) -> &[u8] {
        self.name.local_of(&bytes[self.at as usize..])
    }

    pub(super) fn value_in(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.value_at as usize..][..self.value_len as usize]
    }
}

/// An opening tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpeningTag {
    pub(super) name: Name,
    /// What follows its `>`.
    pub(super) end: usize,
    /// It ends in `/>`.
    pub(super) empty: bool,
}

/// Reads the opening tag whose `<` is at `start`, and its attributes into `attributes`, of which there may be `most`.
pub(super) fn opening_tag(
    input: &[u8],
    start: usize,
    attributes: &mut Vec<RawAttribute>,
    most: u16,
) -> Result<OpeningTag, Stop> {
    attributes.clear();
    let (name, mut at) = qualified_name(input, start + 1)?;
    loop {
        let next = skip_space(input, at);
        match input.get(next) {
            None => return Err(Stop::More),
            Some(b'>') => return Ok(OpeningTag { name, end: next + 1, empty: false }),
            Some(b'/') => return empty_tag(input, next, name),
            Some(_) if next == at => return Err(MALFORMED),
            Some(_) if attributes.len() == usize::from(most) => {
                return Err(Stop::Fault(XmlError::TooLarge(Limit::Attributes)));
            }
            Some(_) => {
                let (attribute, end) = attribute(input, next)?;
                attributes.push(attribute);
                at = end;
            }
        }
    }
}

fn empty_tag(input: &[u8], slash: usize, name: Name) -> Result<OpeningTag, Stop> {
    expect(input, slash + 1, b'>')?;
    Ok(OpeningTag { name, end: slash + 2, empty: true })
}

/// Reads the attribute at `at`; says what follows its closing quote.
fn attribute(input: &[u8], at: usize) -> Result<(RawAttribute, usize), Stop> {
    let (name, end) = qualified_name(input, at)?;
    let equals = skip_space(input, end);
    expect(input, equals, b'=')?;
    let open = skip_space(input, equals + 1);
    let quote = *input.get(open).ok_or(Stop::More)?;
    if quote != b'\'' && quote != b'"' {
        return Err(MALFORMED);
    }
    let value_at = open + 1;
    let len = memchr2(quote, b'<', &input[value_at..]).ok_or(Stop::More)?;
    let close = value_at + len;
    if input[close] == b'<' {
        return Err(MALFORMED);
    }
    let value = &input[value_at..close];
    let escaped = is_escaped(value)?;
    let attribute =
        RawAttribute { at: at as u32, name, value_at: value_at as u32, value_len: len as u32, escaped };
    Ok((attribute, close + 1))
}

/// Whether a value means something else than is written. Its references are checked on the way.
fn is_escaped(value: &[u8]) -> Result<bool, Stop> {
    let mut escaped = false;
    for &byte in value {
        escaped |= byte == b'&' || byte < b' ';
    }
    if escaped {
        check_references(value).map_err(Stop::Fault)?;
    }
    Ok(escaped)
}

/// Reads a name with at most one colon; says what follows it.
fn qualified_name(input: &[u8], at: usize) -> Result<(Name, usize), Stop> {
    let end = name_part(input, at)?;
    if input[end] != b':' {
        return Ok((Name { prefix: 0, local: (end - at) as u16 }, end));
    }
    let local = name_part(input, end + 1)?;
    if input[local] == b':' {
        return Err(MALFORMED);
    }
    Ok((Name { prefix: (end - at) as u16, local: (local - end - 1) as u16 }, local))
}

/// Where the name without a colon that begins at `start` ends; there is a byte there.
fn name_part(input: &[u8], start: usize) -> Result<usize, Stop> {
    let first = *input.get(start).ok_or(Stop::More)?;
    let mut at = start;
    if first < 0x80 {
        if !starts_name(first) {
            return Err(MALFORMED);
        }
        at += 1;
    } else {
        at += wide_name_char(input, at, wide_starts_name)?.ok_or(MALFORMED)?;
    }
    loop {
        let byte = *input.get(at).ok_or(Stop::More)?;
        if is_name(byte) {
            at += 1;
        } else if byte < 0x80 {
            break;
        } else {
            at += wide_name_char(input, at, wide_is_name)?.ok_or(MALFORMED)?;
        }
    }
    if at - start > LONGEST_NAME { Err(Stop::Fault(XmlError::TooLarge(Limit::Name))) } else { Ok(at) }
}

/// How long the character at `at` is, if it `fits`.
fn wide_name_char(input: &[u8], at: usize, fits: fn(char) -> bool) -> Result<Option<usize>, Stop> {
    let wide = wide_at(input, at).ok_or(Stop::More)?;
    Ok(fits(wide).then_some(wide.len_utf8()))
}

/// What follows the closing tag whose `<` is at `start` and whose name has to be `name`.
pub(super) fn closing_tag(input: &[u8], start: usize, name: &[u8]) -> Result<usize, Stop> {
    let at = start + 2;
    let seen = &input[at.min(input.len())..];
    if seen.len() <= name.len() {
        return Err(if name.starts_with(seen) { Stop::More } else { MALFORMED });
    }
    if !seen.starts_with(name) {
        return Err(MALFORMED);
    }
    let end = skip_space(input, at + name.len());
    expect(input, end, b'>')?;
    Ok(end + 1)
}

fn expect(input: &[u8], at: usize, byte: u8) -> Result<(), Stop> {
    match input.get(at) {
        None => Err(Stop::More),
        Some(&found) if found == byte => Ok(()),
        Some(_) => Err(MALFORMED),
    }
}

/// Where the white space that may begin at `at` ends.
pub(super) fn skip_space(input: &[u8], mut at: usize) -> usize {
    while input.get(at).is_some_and(|&byte| is_space(byte)) {
        at += 1;
    }
    at
}

/// Looks for the end of a tag over several calls, so that each byte is looked at once however a tag arrives.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct TagEnd {
    /// Up to where it was looked for.
    seen: usize,
    /// The quote that is open there, or 0.
    quote: u8,
}

impl TagEnd {
    /// Whether the tag whose `<` is at `start` is all there, or has a `<` in it, which is as good as an end: it is then
    /// known what is wrong with it.
    pub(super) fn found(&mut self, input: &[u8], start: usize) -> bool {
        let closing = input.get(start + 1) == Some(&b'/');
        self.seen = self.seen.max(start + 1);
        while let Some(next) = self.next(&input[self.seen.min(input.len())..], closing) {
            self.seen += next;
            match input[self.seen] {
                b'>' | b'<' => return true,
                quote => self.quote = if self.quote == 0 { quote } else { 0 },
            }
            self.seen += 1;
        }
        self.seen = input.len();
        false
    }

    /// Where the next byte is that matters. Only opening tags have quotes.
    fn next(self, rest: &[u8], closing: bool) -> Option<usize> {
        match self.quote {
            0 if closing => memchr2(b'>', b'<', rest),
            0 => rest.iter().position(|byte| matches!(byte, b'>' | b'<' | b'\'' | b'"')),
            quote => memchr2(quote, b'<', rest),
        }
    }

    /// Whether it was looked for already, in vain.
    pub(super) fn is_searching(self) -> bool {
        self.seen != 0
    }
}
