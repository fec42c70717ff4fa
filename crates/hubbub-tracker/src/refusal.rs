//! What a tracker says no to, in the words that the peer is told (`failure reason`).

use std::fmt;

/// Why an announce of a known swarm is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody else has this peer id in this swarm, and is there.
    PeerIdTaken,
    /// The swarm has as many peers as it may.
    SwarmFull,
    /// There are as many swarms as there may be.
    TrackerFull,
    /// This peer was given no such offer, or too long ago, or it has answered, or whoever made it has gone.
    NoSuchOffer,
}

impl Refusal {
    /// What the peer is told.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::PeerIdTaken => "another connection has this peer_id in this swarm",
            Self::SwarmFull => "the swarm has as many peers as it may",
            Self::TrackerFull => "the tracker has as many swarms as it may",
            Self::NoSuchOffer => "no such offer: it was answered, its time is over, or its peer has gone",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}
