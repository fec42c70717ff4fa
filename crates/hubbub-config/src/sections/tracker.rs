//! `[tracker]`: WebTorrent's tracker.

use std::time::Duration;

use super::{Candidates, DAY, HOUR, KIB, MIB};
use crate::section::Default::Is;
use crate::section::section;
use crate::value::Kind;

section! {
    /// WebTorrent's tracker at `/tracker` (docs/tracker.md): pages that share a file find each other through it. Whoever may come in
    /// (`access.admit`) may use it.
    "tracker" Tracker {
        /// Whether there is one.
        enabled: bool = Is("true"), Kind::Switch;
        /// Which ICE candidates pass in offers and answers. `relay`: nobody's own address is told to others by them, and
        /// files go through a TURN server or not at all ([tracker.md](tracker.md#addresses-that-nobody-is-to-know)).
        candidates: Candidates = Is(r#""all""#), Kind::Choice(Candidates::WORDS);
        /// How often clients are told to announce themselves in a swarm.
        interval: Duration = Is("\"2 min\""), Kind::Time(1, DAY);
        /// How long a peer stays in a swarm after it has announced itself there. It must be longer than `interval`. Whoever leaves, or
        /// whose connection ends, is gone at once.
        peer_timeout: Duration = Is("\"6 min\""), Kind::Time(1, 7 * DAY);
        /// How long an offer may be answered by the peer that it was given to.
        offer_timeout: Duration = Is("\"1 min\""), Kind::Time(1, HOUR);
        /// The largest message: with all the offers of an announce. A larger one closes the connection with 1009.
        message_bytes: usize = Is("\"64 KiB\""), Kind::Bytes(KIB, MIB);
        /// Most offers of one announce, each of which goes to another peer. More are refused.
        offers: usize = Is("10"), Kind::Count("offers", 0, 82);
        /// Most hashes of one scrape. More are refused.
        scrape: usize = Is("64"), Kind::Count("hashes", 1, 128);
        /// Most swarms that one connection may be in. One more is refused.
        hashes: usize = Is("128"), Kind::Count("swarms", 1, 1024);
        /// Most peers of one swarm. One more is refused.
        peers: usize = Is("10000"), Kind::Count("peers", 1, 10_000_000);
        /// Most swarms of the whole server. One more is refused.
        swarms: usize = Is("100000"), Kind::Count("swarms", 1, 10_000_000);
        /// Messages a second that one connection may send; 0 for any number. More are refused, and many more close it with 1008.
        message_rate: u32 = Is("50"), Kind::Count("messages a second", 0, 1_000_000);
        /// How many of them may come at once.
        message_burst: u32 = Is("500"), Kind::Count("messages", 1, 1_000_000);
        /// Offers a second that one connection may make in one swarm; 0 for any number. More go to nobody, though the announce counts.
        offer_rate: u32 = Is("1"), Kind::Count("offers a second", 0, 1_000_000);
        /// How many of them may be made at once: clients make a few with each announce, and announce themselves some times when they begin.
        offer_burst: u32 = Is("60"), Kind::Count("offers", 1, 1_000_000);
        /// Offers a second that one connection is told of, in all its swarms; 0 for any number. It is not told of more: a browser makes a
        /// connection for each, and can make only so many.
        told_rate: u32 = Is("10"), Kind::Count("offers a second", 0, 1_000_000);
        /// How many of them it may be told of at once.
        told_burst: u32 = Is("100"), Kind::Count("offers", 1, 1_000_000);
    }
}

/// What is said of a `peer_timeout` that is too short.
pub(crate) const TOO_SHORT: &str = "peers would be gone before they are to announce again; write more than tracker.interval, such as three times as much";

impl Tracker {
    /// Whether peers that announce when they are told to stay.
    pub(crate) fn keeps_peers(&self) -> bool {
        self.peer_timeout > self.interval
    }
}
