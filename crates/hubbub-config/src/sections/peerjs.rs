//! `[peerjs]`: the server of PeerJS.

use std::time::Duration;

use super::{Candidates, DAY, GIB, HOUR, KIB, MIB};
use crate::section::Default::Is;
use crate::section::section;
use crate::value::Kind;

section! {
    /// PeerJS (`/peerjs`, docs/peerjs.md): what `new Peer(…)` of the npm package `peerjs` talks to. Where the reference server has such a
    /// setting, it is named here.
    "peerjs" PeerJs {
        /// Whether it is spoken at all.
        enabled: bool = Is("true"), Kind::Switch;
        /// The key that clients bring (`key`). It is no secret: every page has it.
        key: String = Is(r#""peerjs""#), Kind::Text("a word such as \"peerjs\"");
        /// Whether those who may come in may also ask who is there: `peer.listAllPeers()` (`allow_discovery`).
        discovery: bool = Is("false"), Kind::Switch;
        /// Which ICE candidates pass in offers, answers and candidates. `relay`: nobody's own address is told to others by them, and
        /// calls go through a TURN server or not at all ([peerjs.md](peerjs.md#relays)).
        candidates: Candidates = Is(r#""all""#), Kind::Choice(Candidates::WORDS);
        /// Most peers at a time, on the whole server (`concurrent_limit`). One more is told so.
        peers: usize = Is("100000"), Kind::Count("peers", 1, 10_000_000);
        /// The largest message. A larger one closes the socket with 1009.
        message_bytes: usize = Is("\"64 KiB\""), Kind::Bytes(KIB, 16 * MIB);
        /// Messages a second that a peer may send; one counts as another for each 4 KiB it is long. 0 for any number. One more closes its
        /// socket.
        rate: u32 = Is("100"), Kind::Count("messages a second", 0, 1_000_000);
        /// How many of them may come at once: a call has some thirty, and a page may begin several.
        burst: u32 = Is("1000"), Kind::Count("messages", 1, 1_000_000);
        /// A peer that has said nothing for so long loses its id (`alive_timeout`). Clients send a heartbeat every five seconds; browsers
        /// let pages that nobody sees do so once a minute.
        alive: Duration = Is("\"90 s\""), Kind::Time(1, DAY);
        /// How long messages wait for an id that nobody has; then their senders are told (`expire_timeout`).
        expire: Duration = Is("\"5 s\""), Kind::Time(1, HOUR);
        /// Most messages that wait for one id.
        waiting: usize = Is("256"), Kind::Count("messages", 1, 65536);
        /// Most bytes of messages of one peer that wait, for whatever ids; one message may wait whatever its size. The peer is told of more
        /// at once that nobody is there.
        waiting_share: usize = Is("\"256 KiB\""), Kind::Bytes(KIB, 64 * GIB);
        /// Most bytes of messages that wait for all ids together. When they are full, what peers have said that are gone makes room, then
        /// what those have said of whom most waits. Senders are told at once that nobody is there.
        waiting_bytes: usize = Is("\"64 MiB\""), Kind::Bytes(MIB, 64 * GIB);
    }
}
