//! `[xmpp]`: streams of XMPP clients.

use std::time::Duration;

use super::{HOUR, KIB, MIB, MINUTE};
use crate::section::Default::{Is, Unset};
use crate::section::section;
use crate::value::Kind;

section! {
    /// XMPP clients, on every address of `server.listen` (5222 and 5223 are only more of them) and over WebSocket at
    /// `/xmpp-websocket`.
    "xmpp" Xmpp {
        /// Whether XMPP is spoken at all.
        enabled: bool = Is("true"), Kind::Switch;
        /// Whether nobody logs in without TLS. Without it: as soon as any address in `server.listen` is beyond this machine.
        require_tls: Option<bool> = Unset("true"), Kind::Switch;
        /// The largest stanza; a larger one ends the stream with `policy-violation`. Before login 8 KiB and 32 elements.
        stanza_bytes: usize = Is("\"256 KiB\""), Kind::Bytes(10_000, 64 * MIB);
        /// Most elements in one stanza.
        stanza_elements: u32 = Is("4096"), Kind::Count("elements", 64, 1 << 20);
        /// Stanzas a second that a stream may send; 0: any number. One that goes on beyond this and `stanza_burst` is ended with
        /// `policy-violation`.
        stanza_rate: u32 = Is("200"), Kind::Count("stanzas a second", 0, 1_000_000);
        /// How many stanzas it may send at once before `stanza_rate` counts.
        stanza_burst: u32 = Is("2000"), Kind::Count("stanzas", 1, 1_000_000);
        /// How long a client may take from its first byte to its resource.
        login_timeout: Duration = Is("\"30 s\""), Kind::Time(1, 10 * MINUTE);
        /// Failed logins on one stream, after which it is closed.
        login_failures: u16 = Is("3"), Kind::Count("failures", 1, 10);
        /// Whether clients may make accounts, give their own another password and remove it (XEP-0077). Needs `server.data`, and
        /// `accounts` in `access.admit`.
        register: bool = Is("false"), Kind::Switch;
        /// Accounts that may be asked for in an hour from one address (IPv6: from one network of 64 bits); 0: any number. Behind a proxy
        /// everybody has its address.
        register_from_one: u32 = Is("5"), Kind::Count("accounts an hour", 0, 1_000_000);
        /// Accounts that may be asked for in an hour in all; 0: any number.
        register_in_all: u32 = Is("100"), Kind::Count("accounts an hour", 0, 1_000_000);
        /// Most resources of one account at a time.
        resources: usize = Is("16"), Kind::Count("resources", 1, 1024);
        /// Most rooms that one stream may be in.
        rooms: usize = Is("100"), Kind::Count("rooms", 1, 4096);
        /// Messages of history that a client gets on entering a room, unless it asks for fewer.
        history: u32 = Is("50"), Kind::Count("messages", 0, 1000);
        /// A client that is silent for so long is asked whether it is there; 0 asks nobody.
        ping_interval: Duration = Is("\"5 min\""), Kind::Time(0, 24 * HOUR);
        /// How long its answer may take.
        ping_timeout: Duration = Is("\"30 s\""), Kind::Time(1, HOUR);
        /// How long a lost stream can be resumed (XEP-0198); 0: not at all.
        resume_timeout: Duration = Is("\"5 min\""), Kind::Time(0, 24 * HOUR);
        /// Bytes that may wait for a client's acknowledgement.
        resume_bytes: usize = Is("\"1 MiB\""), Kind::Bytes(KIB, 256 * MIB);
        /// Stanzas that may wait for a client's acknowledgement.
        resume_stanzas: usize = Is("1000"), Kind::Count("stanzas", 10, 100_000);
        /// Where clients in browsers are told to connect (`/.well-known/host-meta`, XEP-0156). Without it: to the host that they
        /// asked, over TLS if they asked over TLS. Behind a proxy that ends TLS, say it here.
        websocket_url: Option<String> = Unset(r#""wss://example.org/xmpp-websocket""#), Kind::Text("a wss:// address");
    }
}
