//! `[socketio]`: Engine.IO and Socket.IO.

use std::time::Duration;

use super::{DAY, GIB, HOUR, KIB, MINUTE};
use crate::land::words;
use crate::section::Default::{Is, Unset};
use crate::section::section;
use crate::value::Kind;

section! {
    /// Socket.IO (`/socket.io/`) and Engine.IO alone (`/engine.io/`). The first four are what the reference server calls
    /// `pingInterval`, `pingTimeout`, `maxPayload` and `connectTimeout`, and are told to clients.
    "socketio" SocketIo {
        /// How often a client is sent a heartbeat (with Engine.IO 3: how often it sends one).
        ping_interval: Duration = Is("\"25 s\""), Kind::Time(1, HOUR);
        /// How long its answer may take; then the session is closed.
        ping_timeout: Duration = Is("\"20 s\""), Kind::Time(1, HOUR);
        /// The largest body of a `POST` and the largest WebSocket message. A larger one gets 413, or closes the socket with 1009.
        max_payload: u32 = Is("1000000"), Kind::Bytes(KIB, GIB);
        /// How long a client may be connected without a namespace; then it is closed.
        connect_timeout: Duration = Is("\"45 s\""), Kind::Time(1, HOUR);
        /// How long an upgrade from polling to WebSocket may take; then the client goes on polling.
        upgrade_timeout: Duration = Is("\"10 s\""), Kind::Time(1, 10 * MINUTE);
        /// Whether clients of Engine.IO 3 (Socket.IO 1.x and 2.x) may come too.
        eio3: bool = Is("false"), Kind::Switch;
        /// Who is told offsets and can resume where it was (connection state recovery). An offset is one more argument of
        /// each event, which some clients cannot bear. `auto`: all but clients known not to recover; a client says which with
        /// `recovery=true` or `false` in its query. `always`; `never`.
        recovery: Recovery = Is(r#""auto""#), Kind::Choice(Recovery::WORDS);
        /// How long after it first connected a session can be restored with its id, as far as the rooms' history reaches.
        session_lifetime: Duration = Is("\"7 d\""), Kind::Time(1, 365 * DAY);
        /// Most namespaces of one connection. One more gets a connect error.
        namespaces: usize = Is("32"), Kind::Count("namespaces", 1, 4096);
        /// Most rooms that one connection may join by `emit("join", …)`.
        rooms: usize = Is("64"), Kind::Count("rooms", 1, 4096);
        /// Most binary attachments of one event. More close the connection.
        attachments: usize = Is("64"), Kind::Count("attachments", 0, 65536);
        /// Most packets in one `POST` of a polling client.
        packets: u32 = Is("4096"), Kind::Count("packets", 1, 1 << 20);
        /// The application behind the namespace `/`: the `name` of a `[[webhook]]`. It is asked about `connect` and `event` there;
        /// what is in rooms is the affair of the rooms' own (`room.webhook`).
        webhook: Option<String> = Unset(r#""app""#), Kind::Text("the name of a [[webhook]]");
    }
}

words! {
    /// Who is told offsets.
    Recovery {
        /// All but those known not to recover.
        Auto = "auto",
        /// All.
        Always = "always",
        /// Nobody.
        Never = "never",
    }
}
