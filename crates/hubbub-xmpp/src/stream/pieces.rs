//! One stanza in up to three pieces, of which some are shared.

use bytes::{Bytes, BytesMut};

/// One element on its way to a client: up to three pieces that are written one after the other. Cloning counts references.
///
/// A stanza for many receivers is a head for each and a rest that all share.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    parts: [Bytes; 3],
    since_ms: u64,
}

impl Pieces {
    /// A head, what stands between, and the end.
    pub fn new(head: impl Into<Bytes>, body: impl Into<Bytes>, tail: impl Into<Bytes>) -> Self {
        [head.into(), body.into(), tail.into()].into()
    }

    /// The same, remembering when it came, in milliseconds since 1970: who is not heard of any more may be told with a delay.
    #[must_use]
    pub fn since(self, unix_ms: u64) -> Self {
        Self { since_ms: unix_ms, ..self }
    }

    /// When it came, in milliseconds since 1970; 0 if nobody has said.
    pub fn since_ms(&self) -> u64 {
        self.since_ms
    }

    /// The pieces that are not empty, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.parts.iter().filter(|piece| !piece.is_empty())
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(Bytes::is_empty)
    }

    /// All in one: without a copy where there is one piece.
    pub fn to_bytes(&self) -> Bytes {
        let mut pieces = self.iter();
        match (pieces.next(), pieces.next()) {
            (None, _) => Bytes::new(),
            (Some(one), None) => one.clone(),
            _ => self.joined(),
        }
    }

    fn joined(&self) -> Bytes {
        let mut all = BytesMut::with_capacity(self.len());
        self.iter().for_each(|piece| all.extend_from_slice(piece));
        all.freeze()
    }
}

impl IntoIterator for Pieces {
    type Item = Bytes;
    type IntoIter = std::iter::Filter<std::array::IntoIter<Bytes, 3>, fn(&Bytes) -> bool>;

    fn into_iter(self) -> Self::IntoIter {
        self.parts.into_iter().filter(|piece| !piece.is_empty())
    }
}

impl From<Bytes> for Pieces {
    fn from(bytes: Bytes) -> Self {
        [bytes, Bytes::new(), Bytes::new()].into()
    }
}

impl From<Vec<u8>> for Pieces {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<[Bytes; 3]> for Pieces {
    fn from(parts: [Bytes; 3]) -> Self {
        Self { parts, since_ms: 0 }
    }
}
