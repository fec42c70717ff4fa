//! Ids by which clients come back to a session: sealed, so that nobody can make one up, and naming the session's place, so that any
//! worker finds it.
//!
//! Whoever knows an id can speak for the session; it is never shown to anybody but its owner.

use hubbub_auth::Doorman;
use hubbub_hub::SessionKey;

/// Which session is meant: its place, and when it came there, because places are used again, also by the next process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionId {
    /// Where it is.
    pub(crate) host: SessionKey,
    /// Milliseconds since 1970.
    pub(crate) since_unix_ms: u64,
}

impl SessionId {
    /// As clients know it: 46 characters of base64url, good for one `purpose` only. Nothing if the server has no secret to seal with.
    pub(crate) fn seal(self, purpose: &str, doorman: &Doorman) -> Option<String> {
        let SessionKey { worker, slot, generation } = self.host;
        let mut note = Vec::with_capacity(18);
        note.extend_from_slice(&worker.to_be_bytes());
        note.extend_from_slice(&slot.to_be_bytes());
        note.extend_from_slice(&generation.to_be_bytes());
        note.extend_from_slice(&self.since_unix_ms.to_be_bytes());
        doorman.seal(purpose, &note)
    }

    /// Reads an id that a client brings for `purpose`.
    pub(crate) fn unseal(text: &str, purpose: &str, doorman: &Doorman) -> Option<Self> {
        let note: [u8; 18] = doorman.unseal(purpose, text)?.try_into().ok()?;
        let (worker, rest) = note.split_first_chunk::<2>()?;
        let (slot, rest) = rest.split_first_chunk::<4>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let (since, _) = rest.split_first_chunk::<8>()?;
        let host = SessionKey {
            worker: u16::from_be_bytes(*worker),
            slot: u32::from_be_bytes(*slot),
            generation: u32::from_be_bytes(*generation),
        };
        Some(Self { host, since_unix_ms: u64::from_be_bytes(*since) })
    }
}
