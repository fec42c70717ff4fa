//! How large what a peer sends may be.

use std::fmt;

/// The longest name, prefix or namespace name, in bytes. Real ones have less than a hundred.
pub(super) const LONGEST_NAME: usize = 1024;
/// Positions in an element are kept in 32 bits, the upper half of which means other things.
const MOST_BYTES: usize = 1 << 30;

/// The limits of one stanza, one stream head or one document. They hold while it is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes from its first to its last angle bracket; at most 1 GiB, more means that.
    pub bytes: usize,
    /// How deep elements may be nested; the outermost one counts.
    pub depth: u16,
    /// Elements, the outermost one included.
    pub elements: u32,
    /// Attributes of one element, namespace declarations included; also how many prefixes may be declared at one place.
    pub attributes: u16,
}

impl Limits {
    /// For what one has written oneself, of parts that were within limits when they came in: only the depth is held to.
    pub const OWN: Self = Self { bytes: usize::MAX, depth: 1024, elements: u32::MAX, attributes: u16::MAX };

    /// What a peer may send before it has said who it is: small and flat, because anybody can (CVE-2026-43507).
    pub const BEFORE_AUTH: Self = Self { bytes: 8192, depth: 16, elements: 32, attributes: 32 };

    pub(super) fn bytes(&self) -> usize {
        self.bytes.min(MOST_BYTES)
    }
}

impl Default for Limits {
    /// 256 KiB, 64 deep, 4,096 elements, 64 attributes each.
    fn default() -> Self {
        Self { bytes: 256 << 10, depth: 64, elements: 4096, attributes: 64 }
    }
}

/// Which of the [`Limits`] was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// `Limits.bytes`.
    Bytes,
    /// [`Limits::depth`].
    Depth,
    /// [`Limits::elements`].
    Elements,
    /// [`Limits::attributes`].
    Attributes,
    /// A name, a prefix or a namespace name is longer than 1,024 bytes.
    Name,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Depth => "levels",
            Self::Elements => "elements",
            Self::Attributes => "attributes",
            Self::Name => "bytes in a name",
        })
    }
}
