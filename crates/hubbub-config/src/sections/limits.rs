//! `[limits]`: what one client, one room and one worker may cost at most.

use std::time::Duration;

use super::{GIB, HOUR, KIB, MIB, MINUTE};
use crate::land::words;
use crate::section::Default::{Is, Unset};
use crate::section::section;
use crate::value::Kind;

section! {
    /// What one client, one room and one worker may cost at most. Nothing is unbounded.
    "limits" Limits {
        /// The largest message, after inflating. A larger one is refused: HTTP 413, WebSocket close code 1009.
        message_bytes: usize = Is("\"1 MiB\""), Kind::Bytes(KIB, GIB);
        /// The largest WebSocket frame; a larger one closes the connection with 1009. Without it, the size of a message.
        frame_bytes: Option<usize> = Unset("\"64 KiB\""), Kind::Bytes(KIB, GIB);
        /// Most frames that one WebSocket message may come in. One more closes the connection with 1009.
        fragments: u32 = Is("131072"), Kind::Count("frames", 1, 1 << 31);
        /// Bytes that may wait for one receiver who does not read; then `when_full` happens. When nothing waits, one
        /// message is taken even if it is larger.
        outbox_bytes: usize = Is("\"1 MiB\""), Kind::Bytes(16 * KIB, GIB);
        /// What happens when they are full. `close`: the receiver is closed with 1013 and may resume where it was.
        /// `drop-oldest`: it stays and misses the oldest messages that wait.
        when_full: WhenFull = Is(r#""close""#), Kind::Choice(WhenFull::WORDS);
        /// The largest head of an HTTP request (request line and headers). A larger one gets 431.
        header_bytes: usize = Is("\"16 KiB\""), Kind::Bytes(8 * KIB, MIB);
        /// How long the first bytes of a connection, with the handshake of TLS if there is one, and then the head of each
        /// request, may take to arrive; then the connection is closed.
        header_timeout: Duration = Is("\"10 s\""), Kind::Time(1, 10 * MINUTE);
        /// How long the body of a request may take to arrive; then it gets 408.
        body_timeout: Duration = Is("\"20 s\""), Kind::Time(1, HOUR);
        /// How long an HTTP connection may wait for its next request; then it is closed.
        idle_timeout: Duration = Is("\"75 s\""), Kind::Time(1, 24 * HOUR);
        /// How long the server itself may take to let someone in (password, room, history) or to answer a request; then it
        /// gets `503 unavailable`.
        answer_timeout: Duration = Is("\"10 s\""), Kind::Time(1, 10 * MINUTE);
        /// Most exchanges under way at once on one HTTP/2 connection.
        http2_streams: u32 = Is("256"), Kind::Count("streams", 1, 65536);
        /// Most connections of one worker; further ones are closed at once. The limit of the operating system on open
        /// files (`ulimit -n`) may make it less. As many sessions of Socket.IO may be polling; further ones get 503.
        connections: usize = Is("18000"), Kind::Count("connections", 1, 10_000_000);
        /// Most rooms open at home on one worker. Who asks for one more is told `503 unavailable`.
        rooms: usize = Is("100000"), Kind::Count("rooms", 1, 100_000_000);
        /// How long an empty room without history is remembered; then it is forgotten, and its offsets begin a new epoch.
        room_idle: Duration = Is("\"5 min\""), Kind::Time(1, 365 * 24 * HOUR);
        /// Most messages that wait between two workers; then their senders are told `503 unavailable`.
        mailbox: usize = Is("65536"), Kind::Count("messages", 64, 1 << 24);
        /// Most messages of one room that wait for the disk, and most requests that wait for its log to open; further
        /// ones get `503 unavailable`.
        pending: usize = Is("10000"), Kind::Count("messages", 1, 1 << 24);
        /// Most bytes of the messages of one room that wait for the disk.
        pending_bytes: usize = Is("\"64 MiB\""), Kind::Bytes(MIB, 64 * GIB);
        /// Messages a second that one WebSocket may publish, on average; a raw one that sends more is closed with 1013, one with
        /// `hubbub.json` is told `429 too-many`. 0: as many as it likes. A POST is not counted: it carries one message.
        publish_rate: u32 = Is("0"), Kind::Count("messages a second", 0, 1_000_000);
        /// How many messages a WebSocket may publish at once before `publish_rate` counts.
        publish_burst: u32 = Is("100"), Kind::Count("messages", 1, 1_000_000);
        /// Largest signal from one session to another, such as the offer of a call ([signals](signals.md)).
        signal_bytes: usize = Is("\"64 KiB\""), Kind::Bytes(KIB, GIB);
        /// Signals a second that one session may send, on average; one counts as another for each 4 KiB it is long. 0: as many as it
        /// likes.
        signal_rate: u32 = Is("50"), Kind::Count("signals a second", 0, 1_000_000);
        /// How many signals a session may send at once before `signal_rate` counts: a call begins with some twenty.
        signal_burst: u32 = Is("200"), Kind::Count("signals", 1, 1_000_000);
        /// Bytes of signals a second that one session may be told in each room, on average, by all who are there; each counts 256 more than
        /// it is long, and twice the address and the name of who says it. Half of `outbox_bytes` may come at once. Whoever sends more is told `503 unavailable`. 0: as many as are sent.
        signal_heard: usize = Is("\"1 MiB\""), Kind::Bytes(0, GIB);
    }
}

words! {
    /// What happens when a receiver's outbox is full.
    WhenFull {
        /// The receiver is closed and may resume.
        Close = "close",
        /// It misses the oldest.
        DropOldest = "drop-oldest",
    }
}
