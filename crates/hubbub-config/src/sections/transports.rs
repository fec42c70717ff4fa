//! `[http]` and `[websocket]`: how each way into a room behaves.

use std::time::Duration;

use super::{HOUR, MIB, MINUTE};
use crate::section::Default::Is;
use crate::section::section;
use crate::value::Kind;

section! {
    /// Polling, long polling and event streams; and, for WebSockets too, which pages may connect.
    "http" Http {
        /// Pages of these origins may connect too; `"*"` means any. A page of the server's own origin always may.
        /// A request that carries another `Origin` gets 403.
        origins: Vec<String> = Is("[]"), Kind::Texts("origins such as \"https://app.example.org\"");
        /// The longest a poll may wait (`wait=`); who asks for more waits this long.
        long_poll_max: Duration = Is("\"60 s\""), Kind::Time(1, HOUR);
        /// Most messages in one answer (`limit=`); who asks for more gets these and `"more": true`.
        poll_limit_max: u32 = Is("1000"), Kind::Count("messages", 1, 100_000);
        /// How often a silent event stream is sent a comment, so that nothing on the way takes it for dead.
        sse_heartbeat: Duration = Is("\"15 s\""), Kind::Time(1, HOUR);
        /// How long a browser is told to wait before it opens a broken event stream again (`retry:`).
        sse_retry: Duration = Is("\"2 s\""), Kind::Time(0, HOUR);
        /// How long someone with a name stays present after his last poll.
        poll_presence: Duration = Is("\"30 s\""), Kind::Time(0, HOUR);
    }
}

section! {
    /// WebSockets (RFC 6455), also over HTTP/2 (RFC 8441).
    "websocket" WebSocket {
        /// Whether to compress for clients that offer it (permessage-deflate, RFC 7692).
        deflate: bool = Is("true"), Kind::Switch;
        /// Messages smaller than this are sent as they are.
        deflate_min_bytes: usize = Is("256"), Kind::Bytes(0, MIB);
        /// Whether a client may compress what it sends with a window that spans messages: smaller, but the
        /// connection then holds its window (32 KiB) as long as it lives.
        context_takeover: bool = Is("false"), Kind::Switch;
        /// How long a connection may be silent before it is pinged.
        ping_interval: Duration = Is("\"25 s\""), Kind::Time(1, HOUR);
        /// How long the pong may then take; after it the connection is closed with 4408.
        pong_wait: Duration = Is("\"20 s\""), Kind::Time(1, 10 * MINUTE);
        /// How long the peer's half of the closing handshake may take; then the connection is cut.
        close_wait: Duration = Is("\"5 s\""), Kind::Time(0, 10 * MINUTE);
    }
}
