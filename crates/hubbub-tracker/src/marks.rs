//! Where the quotes and backslashes of a text are: all that matters in a string of JSON (RFC 8259 §7). They are looked for in 64 bytes at
//! a time, whatever stands there; a search from each to the next would begin anew with every line of a description.

/// Bytes looked at at a time.
const BLOCK: usize = 64;

/// The marks that were not asked for yet.
#[derive(Debug)]
pub(crate) struct Marks<'a> {
    /// What comes behind the block.
    rest: &'a [u8],
    /// Where the block begins.
    at: usize,
    /// Those of the block, a bit for each byte.
    found: u64,
}

impl<'a> Marks<'a> {
    /// Those of this text.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut marks = Self { rest: text.as_bytes(), at: 0, found: 0 };
        marks.look();
        marks
    }

    /// Looks at the block at the beginning of the rest.
    fn look(&mut self) {
        self.found = match self.rest.split_first_chunk() {
            Some((block, rest)) => {
                self.rest = rest;
                found(block)
            }
            None => {
                let mut block = [0; BLOCK];
                block[..self.rest.len()].copy_from_slice(self.rest);
                self.rest = &[];
                found(&block)
            }
        };
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            if self.rest.is_empty() {
                return None;
            }
            self.at += BLOCK;
            self.look();
        }
        let first = self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(self.at + first)
    }
}

/// The marks of a block: its first byte is the lowest bit. Eight bytes are looked at at once, as a number.
fn found(block: &[u8; BLOCK]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7f * EACH;
    // The highest bit of each byte that is zero.
    let zeros = |word: u64| !(((word & LOW) + LOW) | word | LOW);
    let mut found = 0;
    for (at, part) in block.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*part);
        let marks = zeros(word ^ (EACH * u64::from(b'"'))) | zeros(word ^ (EACH * u64::from(b'\\')));
        // The eight bits side by side.
        let bits = (marks >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        found |= bits << (8 * at);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_are_found_and_nothing_else(text in "[\"\\\\aé]{0,300}|[\"\\\\!#\\[\\]\u{a2}\u{22}]{0,100}|[a-z]{0,200}[\"\\\\]?") {
            let marks: Vec<_> = Marks::of(&text).collect();
            let bytes = text.bytes().enumerate();
            let expected: Vec<_> = bytes.filter(|(_, byte)| matches!(byte, b'"' | b'\\')).map(|(at, _)| at).collect();
            prop_assert_eq!(marks, expected);
        }
    }
}
