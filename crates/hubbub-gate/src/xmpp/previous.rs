//! Ids by which a stream is resumed (XEP-0198 §5): sealed, so that nobody can make one up, and naming the place of its session,
//! which stays where it is whatever link it speaks over.

use hubbub_auth::Doorman;
use hubbub_hub::SessionKey;

/// Seals hold for one purpose.
const PURPOSE: &str = "xmpp session";

/// Which session is meant: its place, and when it came there, because places are used again, also by the next process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Previous {
    /// Where it is.
    pub(super) host: SessionKey,
    /// Milliseconds since 1970.
    pub(super) begun_unix_ms: u64,
}

impl Previous {
    /// As clients know it. Nothing if the server has no secret to seal with.
    pub(super) fn seal(self, doorman: &Doorman) -> Option<String> {
        let SessionKey { worker, slot, generation } = self.host;
        let mut note = Vec::with_capacity(18);
        note.extend_from_slice(&worker.to_be_bytes());
        note.extend_from_slice(&slot.to_be_bytes());
        note.extend_from_slice(&generation.to_be_bytes());
        note.extend_from_slice(&self.begun_unix_ms.to_be_bytes());
        doorman.seal(PURPOSE, &note)
    }

    /// Reads an id that a client brings.
    pub(super) fn unseal(text: &str, doorman: &Doorman) -> Option<Self> {
        let note: [u8; 18] = doorman.unseal(PURPOSE, text)?.try_into().ok()?;
        let (worker, rest) = note.split_first_chunk::<2>()?;
        let (slot, rest) = rest.split_first_chunk::<4>()?;
        let (generation, begun) = rest.split_first_chunk::<4>()?;
        let host = SessionKey {
            worker: u16::from_be_bytes(*worker),
            slot: u32::from_be_bytes(*slot),
            generation: u32::from_be_bytes(*generation),
        };
        Some(Self { host, begun_unix_ms: u64::from_be_bytes(begun.try_into().ok()?) })
    }
}
