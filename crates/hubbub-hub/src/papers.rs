//! Papers: small things that somebody keeps here beside his messages, such as a contact list or a card with his name.
//! As data: questions that leave, answers that come back. The hub itself keeps none.

use bytes::Bytes;

/// One thing that is kept: `value` under `key` on a shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// Which kind of thing it is. Named by the code that keeps it, never by a peer.
    pub shelf: &'static str,
    /// Which of its kind.
    pub key: String,
    /// What it says.
    pub value: Bytes,
}

/// What is to stand under a key of a shelf from now on: a value, or nothing.
pub type PaperChange = (&'static str, String, Option<Bytes>);

/// What is asked of the store about papers. An owner is the prepared localpart of a user of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PapersAsk {
    /// All of a shelf, in the order of the keys' bytes. Answered by [`PapersAnswer::Found`].
    Read {
        /// Whose.
        owner: String,
        /// Which.
        shelf: &'static str,
    },
    /// One paper, if it is there. Answered by [`PapersAnswer::Found`] with one or none.
    Get {
        /// Whose.
        owner: String,
        /// On which shelf.
        shelf: &'static str,
        /// Under which key.
        key: String,
    },
    /// All of these changes, in this order, or none. Answered by [`PapersAnswer::Kept`] when they are on disk: who reads
    /// before that may find what was there.
    Write {
        /// Whose.
        owner: String,
        /// What.
        changes: Vec<PaperChange>,
    },
}

impl PapersAsk {
    /// What it weighs while it waits, in bytes, with something for its own.
    #[must_use]
    pub fn weight(&self) -> usize {
        const OWN: usize = 256;
        let content = match self {
            Self::Read { owner, .. } => owner.len(),
            Self::Get { owner, key, .. } => owner.len() + key.len(),
            Self::Write { owner, changes } => {
                let weight =
                    |(_, key, value): &PaperChange| OWN + key.len() + value.as_ref().map_or(0, Bytes::len);
                owner.len() + changes.iter().map(weight).sum::<usize>()
            }
        };
        OWN + content
    }
}

/// What the store answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PapersAnswer {
    /// What there is of what was asked for.
    Found(Vec<Paper>),
    /// The changes are kept.
    Kept,
    /// None of the changes is: the owner would have more than he may.
    Full,
    /// Nobody can say, or nothing could be kept: try again later.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_weighed_with_its_content() {
        let get = PapersAsk::Get { owner: "ann".to_owned(), shelf: "card", key: "main".to_owned() };
        assert_eq!(get.weight(), 256 + 7);
        let changes = vec![
            ("card", "main".to_owned(), Some(Bytes::from_static(b"12345"))),
            ("card", "old".to_owned(), None),
        ];
        let write = PapersAsk::Write { owner: "ann".to_owned(), changes };
        assert_eq!(write.weight(), 3 * 256 + 3 + 4 + 5 + 3);
    }
}
