//! What prefixes mean, and where (Namespaces in XML 1.0 §6).

use super::CLIENT;
use super::index::NsRef;
use std::borrow::Cow;

/// What is declared around an outermost element: by the stream's head, for one.
#[derive(Debug, Clone)]
pub(super) struct Outer {
    default: Cow<'static, str>,
    prefixes: Vec<(Box<[u8]>, Box<str>)>,
}

impl Outer {
    /// The default namespace is [`CLIENT`], and there are no prefixes.
    pub(super) const CLIENT: Self = Self::with_default(CLIENT);
    /// Nothing is declared.
    pub(super) const NOTHING: Self = Self::with_default("");

    const fn with_default(default: &'static str) -> Self {
        Self { default: Cow::Borrowed(default), prefixes: Vec::new() }
    }

    pub(super) fn new(default: String) -> Self {
        Self { default: Cow::Owned(default), prefixes: Vec::new() }
    }

    pub(super) fn add(&mut self, prefix: &[u8], ns: &str) {
        self.prefixes.push((prefix.into(), ns.into()));
    }

    pub(super) fn default(&self) -> &str {
        &self.default
    }

    pub(super) fn prefix(&self, index: usize) -> &str {
        &self.prefixes[index].1
    }

    pub(super) fn find(&self, prefix: &[u8]) -> Option<usize> {
        self.prefixes.iter().position(|(known, _)| **known == *prefix)
    }
}

/// The prefixes that are declared at the place that is being read, innermost last.
#[derive(Debug, Default)]
pub(super) struct Scope {
    bindings: Vec<Binding>,
}

/// One prefix and what it means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Binding {
    pub(super) prefix_at: u32,
    pub(super) prefix_len: u16,
    /// How deep the element that declares it is; 1 is the outermost.
    pub(super) depth: u16,
    pub(super) ns: NsRef,
}

impl Binding {
    pub(super) fn prefix(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.prefix_at as usize..][..usize::from(self.prefix_len)]
    }
}

impl Scope {
    pub(super) fn len(&self) -> usize {
        self.bindings.len()
    }

    pub(super) fn push(&mut self, binding: Binding) {
        self.bindings.push(binding);
    }

    /// Forgets all but the first `len` bindings.
    pub(super) fn truncate(&mut self, len: usize) {
        self.bindings.truncate(len);
    }

    pub(super) fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What `prefix` means here and how deep that is declared: 0 is outside, and so is the prefix `xml`'s meaning, which
    /// needs no declaration (its depth is given as `u16::MAX`).
    pub(super) fn find(&self, prefix: &[u8], bytes: &[u8], outer: &Outer) -> Option<(NsRef, u16)> {
        if prefix == b"xml" {
            return Some((NsRef::XML, u16::MAX));
        }
        if let Some(binding) = self.bindings.iter().rev().find(|binding| binding.prefix(bytes) == prefix) {
            return Some((binding.ns, binding.depth));
        }
        Some((NsRef::outer_prefix(outer.find(prefix)?), 0))
    }
}
