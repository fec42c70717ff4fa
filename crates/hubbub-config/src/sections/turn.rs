//! `[turn]`: this server's own STUN and TURN.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use hubbub_turn::Net;

use super::ice::host_and_port;
use super::{DAY, GIB, KIB, MIB, MINUTE, Secret};
use crate::land::{FromText, land_text};
use crate::section::Default::{Is, Unset};
use crate::section::section;
use crate::value::Kind;

section! {
    /// STUN and TURN of this server's own (docs/turn.md), on every address in `server.listen`: over UDP on the same port, over TCP and
    /// TLS beside everything else. Clients are told where they are, with credentials, at `/api/ice` and over XMPP (XEP-0215).
    "turn" Turn {
        /// Whether they are on.
        enabled: bool = Is("false"), Kind::Switch;
        /// Whether guests are given credentials for relaying; they are always told of STUN. Without it: as long as every address in
        /// `server.listen` is on this machine. A relay that is open to guests is open to the world.
        guests: Option<bool> = Unset("true"), Kind::Switch;
        /// The addresses of this server as clients and peers reach it, public ones first; behind NAT or in a container this is not what
        /// the machine itself has. Relays are announced by the first of their family. Without it: `relay_bind`, else the address that
        /// the server listens on or, if it listens on all, the one that the machine has towards the Internet.
        announce: Vec<IpAddr> = Is("[]"), Kind::Texts("addresses such as \"198.51.100.7\" or \"2001:db8::7\"");
        /// Under which name clients are told of this server, with a port if they reach it by another than it listens on. Without it:
        /// `server.domain`, or if that has no dot the announced addresses.
        host: Option<Host> = Unset(r#""turn.example.org""#), Kind::Text("a name such as \"turn.example.org\" or \"turn.example.org:3478\"");
        /// The addresses of this machine that relays are bound to, one of a family. Without it: the one that is announced if the machine
        /// has it, else the one that the server listens on.
        relay_bind: Vec<IpAddr> = Is("[]"), Kind::Texts("addresses of this machine");
        /// The ports of relays, which clients' peers must be able to reach over UDP: each takes one at random.
        relay_ports: Ports = Is(r#""49152-65535""#), Kind::Text("two ports such as \"49152-65535\"");
        /// Peers that clients may reach even though they are not on the public Internet. Everything private, loopback, link-local,
        /// multicast, reserved, or that stands for such an address in another form, is refused otherwise.
        allow: Vec<Net> = Is("[]"), Kind::Texts("addresses or blocks such as \"10.1.0.0/16\"");
        /// Peers that clients may never reach. It goes before `allow`.
        deny: Vec<Net> = Is("[]"), Kind::Texts("addresses or blocks such as \"203.0.113.0/24\"");
        /// Whether clients may reach nobody but those in `allow`.
        only_allowed: bool = Is("false"), Kind::Switch;
        /// The realm that clients are told. Without it: `server.domain`.
        realm: Option<String> = Unset(r#""example.org""#), Kind::Text("at most 127 characters");
        /// The secret from which credentials are made, for applications that make some themselves (coturn: `static-auth-secret`).
        /// Without it: one made from the signing key in the data folder; without that, one made up at each start.
        secret: Option<Secret> = Unset(r#""at-least-32-bytes-from-a-good-random-source""#), Kind::Secret("a string of 32 bytes or more");
        /// The file that holds this secret; white space around it does not count. Not both.
        secret_file: Option<PathBuf> = Unset(r#""/etc/hubbub/turn.secret""#), Kind::Text("a path");
        /// Secrets of before, whose credentials still hold: put the former one here for `credentials_lifetime` when you change it.
        old_secrets: Vec<Secret> = Is("[]"), Kind::Secrets("strings of 32 bytes or more");
        /// How long credentials hold that this server makes, but no longer than the token that somebody came with. What was
        /// allocated by then goes on until `allocation_max`.
        credentials_lifetime: Duration = Is("\"1 d\""), Kind::Time(MINUTE, 30 * DAY);
        /// How long an allocation lasts if its client does not say, and at least. Clients refresh it.
        lifetime: Duration = Is("\"10 min\""), Kind::Time(1, DAY);
        /// How long an allocation may be asked to last without being refreshed.
        lifetime_max: Duration = Is("\"1 h\""), Kind::Time(1, DAY);
        /// When an allocation ends however often it is refreshed.
        allocation_max: Duration = Is("\"1 d\""), Kind::Time(1, 30 * DAY);
        /// Most allocations of the whole server, which the workers share alike: a worker that has its share answers 508. An allocation
        /// has one relay, or one of each family: each takes a port and an open file.
        allocations: usize = Is("10000"), Kind::Count("allocations", 1, 1_000_000);
        /// Most allocations of one user, for each worker: the system spreads a user's connections over the workers. All guests of one
        /// address (IPv6: of one network of 64 bits) are one user.
        allocations_per_user: usize = Is("32"), Kind::Count("allocations", 1, 1_000_000);
        /// Addresses that one allocation may exchange packets with at a time.
        permissions: usize = Is("64"), Kind::Count("addresses", 1, 65536);
        /// Channels that one allocation may have at a time.
        channels: usize = Is("64"), Kind::Count("channels", 1, 16384);
        /// Bytes a second that one user may have relayed, both ways together, for each worker; what is more is dropped, as a full link
        /// would do. Without it: any number.
        bandwidth: Option<u64> = Unset("\"1 MiB\""), Kind::Bytes(KIB, 1 << 40);
        /// Bytes that a user may have relayed at once before `bandwidth` counts. Without it: those of one second.
        bandwidth_burst: Option<u64> = Unset("\"4 MiB\""), Kind::Bytes(64 * KIB, 1 << 40);
        /// Requests without good credentials that are answered, a second and for each source address (IPv6: network of 64 bits) and
        /// worker; six times as many at once. Others get no answer.
        challenges_per_second: u32 = Is("10"), Kind::Count("answers a second", 1, 1_000_000);
        /// Binding requests of STUN over UDP that are answered, counted alike; four times as many at once.
        bindings_per_second: u32 = Is("50"), Kind::Count("answers a second", 1, 1_000_000);
        /// How long a client may use a nonce before it is given another.
        nonce_lifetime: Duration = Is("\"1 h\""), Kind::Time(1, DAY);
        /// Whether clients may use the channel numbers 0x5000 to 0x7FFF, as RFC 5766 had it.
        old_channels: bool = Is("false"), Kind::Switch;
        /// A second address of this machine, with another IP and another port than the first in `server.listen`, for clients that find
        /// out what NAT they are behind (RFC 5780). UDP is answered there too, and at each IP with the other's port. Clients must be able
        /// to reach all four as they are, so none may be behind NAT.
        other: Option<SocketAddr> = Unset(r#""198.51.100.8:3479""#), Kind::Text("an address such as \"198.51.100.8:3479\"");
        /// Whether an allocation that was asked for over UDP may go with its client to another address (RFC 8016).
        mobility: bool = Is("false"), Kind::Switch;
        /// Whether clients on TCP and TLS may have relays of TCP (RFC 6062), which make and take connections. Networks are scanned by such
        /// relays: leave this off unless you need it. Ports below 1024 are refused to them whatever `allow` says.
        tcp_relays: bool = Is("false"), Kind::Switch;
        /// Connections to peers that one relay of TCP may have at a time.
        connections: usize = Is("16"), Kind::Count("connections", 1, 1024);
        /// Bytes that may wait for one client on TCP or TLS; what a peer sends it beyond that is dropped.
        stream_bytes: usize = Is("\"256 KiB\""), Kind::Bytes(64 * KIB, 64 * MIB);
        /// Bytes that the system may hold for each socket of UDP that clients send to. Without it: what the system holds for any.
        socket_bytes: Option<usize> = Unset("\"4 MiB\""), Kind::Bytes(64 * KIB, GIB);
    }
}

/// Ports from one to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports(pub RangeInclusive<u16>);

/// Ports below are for services that everybody knows.
const PORT_MIN: u16 = 1024;

impl FromText for Ports {
    fn from_text(text: &str) -> Result<Self, String> {
        let ends = text.split_once('-').and_then(|(first, last)| {
            Some(first.trim().parse::<u16>().ok()?..=last.trim().parse::<u16>().ok()?)
        });
        match ends {
            // A client may ask for a pair.
            Some(ports) if *ports.start() >= PORT_MIN && ports.len() > 1 => Ok(Self(ports)),
            _ => Err(format!(
                "\"{text}\" are no ports for relays; write two or more from {PORT_MIN} on, such as \"49152-65535\""
            )),
        }
    }

    fn blank() -> Self {
        Self(0..=0)
    }
}
land_text!(Ports);

/// Where clients are told that a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// A name or an address, without brackets.
    pub name: String,
    /// Its port, if it is another than the server knows of.
    pub port: Option<u16>,
}

impl FromText for Host {
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("\"{text}\" is no host; write one such as \"turn.example.org\" or \"[2001:db8::7]:3478\"")
        };
        let (name, port) = host_and_port(text).ok_or_else(wrong)?;
        Ok(Self { name: name.to_owned(), port })
    }

    fn blank() -> Self {
        Self { name: String::new(), port: None }
    }
}
land_text!(Host);

impl FromText for IpAddr {
    fn from_text(text: &str) -> Result<Self, String> {
        let mend = "write one such as \"198.51.100.7\" or \"2001:db8::7\"";
        text.parse().map_err(|_| format!("\"{text}\" is not an address; {mend}"))
    }

    fn blank() -> Self {
        Self::from([0; 4])
    }
}

impl FromText for Net {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }

    fn blank() -> Self {
        Self::new(IpAddr::blank(), 32).expect("IPv4 addresses have 32 bits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        assert_eq!(Ports::from_text("49152-65535"), Ok(Ports(49152..=65535)));
        assert_eq!(Ports::from_text(" 1024 - 1025 "), Ok(Ports(1024..=1025)));
    }

    #[test]
    fn hosts() {
        let host = |text| Host::from_text(text).map(|host| (host.name, host.port));
        assert_eq!(host("turn.example.org"), Ok(("turn.example.org".into(), None)));
        assert_eq!(host("[2001:db8::7]:443"), Ok(("2001:db8::7".into(), Some(443))));
        assert!(host("2001:db8::7").is_err() && host("turn:a").is_err() && host("a b").is_err());
    }

    #[test]
    fn no_ports() {
        for text in
            ["", "-", "5000", "5000-5000", "6000-5000", "80-2000", "5000-65536", "5000-6000-7000", "a-b"]
        {
            assert!(Ports::from_text(text).is_err(), "{text}");
        }
    }
}
