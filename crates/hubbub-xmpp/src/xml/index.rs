//! The flat index over the bytes of an element: one record an element, in the order of their opening tags.

use super::scope::Outer;
use super::{CLIENT, XML};

/// Where one element stands in its bytes. Positions count from the first byte of the outermost element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// Of its opening tag's `<`.
    pub(super) start: u32,
    /// What follows its opening tag's `>`.
    pub(super) inner: u32,
    /// Of its closing tag's `<`; the same as `inner` if the element is one empty tag.
    pub(super) close: u32,
    /// What follows its last `>`.
    pub(super) end: u32,
    /// The record of the first element that is not inside this one.
    pub(super) next: u32,
    /// The record of the element that this one is in; its own for the outermost.
    pub(super) parent: u32,
    /// Its namespace.
    pub(super) ns: NsRef,
    /// How its name is cut.
    pub(super) name: Name,
    /// Its tag declares a default namespace.
    pub(super) declares_default: bool,
    /// Its tag declares a prefix.
    pub(super) declares_prefix: bool,
}

/// The lengths of a name's two parts, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    /// Before the colon; 0 if there is none.
    pub(super) prefix: u16,
    /// After the colon, or all of it.
    pub(super) local: u16,
}

impl Name {
    /// The length of the whole, colon included.
    pub(super) fn len(self) -> usize {
        self.local_at() + usize::from(self.local)
    }

    /// Where the local part begins, from the beginning of the name.
    pub(super) fn local_at(self) -> usize {
        match self.prefix {
            0 => 0,
            prefix => usize::from(prefix) + 1,
        }
    }

    /// Its prefix, empty if it has none, from bytes that begin with the name.
    pub(super) fn prefix_of(self, bytes: &[u8]) -> &[u8] {
        &bytes[..usize::from(self.prefix)]
    }

    /// Its local part, from bytes that begin with the name.
    pub(super) fn local_of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.local_at()..self.len()]
    }
}

/// Where a namespace name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NsRef {
    at: u32,
    len: u16,
}

/// From here on positions mean [`NsSources::extra`].
const EXTRA: u32 = 1 << 31;
/// The values of `at` that mean no position.
const FIXED: u32 = u32::MAX;
const OUTER: u32 = u32::MAX - 1;
const OUTER_DEFAULT: u16 = u16::MAX;

impl NsRef {
    /// No namespace.
    pub(super) const NONE: Self = Self { at: FIXED, len: 0 };
    /// [`CLIENT`], which needs no declaration.
    pub(super) const CLIENT: Self = Self { at: FIXED, len: 1 };
    /// [`XML`], which the prefix `xml` always means.
    pub(super) const XML: Self = Self { at: FIXED, len: 2 };

    /// Written in the element's own bytes as it is meant. Lengths are limited before.
    pub(super) fn in_bytes(at: usize, len: usize) -> Self {
        Self { at: at as u32, len: len as u16 }
    }

    /// Written in the extra text, because the bytes have references in it.
    pub(super) fn in_extra(at: usize, len: usize) -> Self {
        Self { at: EXTRA + at as u32, len: len as u16 }
    }

    /// The default namespace around the outermost element.
    pub(super) fn outer_default(outer: &Outer) -> Self {
        match outer.default() {
            "" => Self::NONE,
            CLIENT => Self::CLIENT,
            _ => Self { at: OUTER, len: OUTER_DEFAULT },
        }
    }

    /// What a prefix means that is declared around the outermost element.
    pub(super) fn outer_prefix(index: usize) -> Self {
        Self { at: OUTER, len: index as u16 }
    }
}

/// All that namespace names can be written in.
#[derive(Clone, Copy)]
pub(super) struct NsSources<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) extra: &'a str,
    pub(super) outer: &'a Outer,
}

impl<'a> NsSources<'a> {
    pub(super) fn get(self, ns: NsRef) -> &'a [u8] {
        let len = usize::from(ns.len);
        match ns.at {
            FIXED => [&b""[..], CLIENT.as_bytes(), XML.as_bytes()][len],
            OUTER if ns.len == OUTER_DEFAULT => self.outer.default().as_bytes(),
            OUTER => self.outer.prefix(len).as_bytes(),
            at if at >= EXTRA => &self.extra.as_bytes()[(at - EXTRA) as usize..][..len],
            at => &self.bytes[at as usize..][..len],
        }
    }

    pub(super) fn same(self, one: NsRef, other: NsRef) -> bool {
        one == other || self.get(one) == self.get(other)
    }
}
