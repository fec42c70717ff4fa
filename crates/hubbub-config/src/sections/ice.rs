//! `[ice]`: servers that help two clients to reach each other.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{DAY, MINUTE, Secret};
use crate::land::{FromText, land_text};
use crate::section::Default::{Is, Unset};
use crate::section::section;
use crate::value::Kind;

section! {
    /// STUN and TURN servers elsewhere that clients are told of for calls (at `/api/ice`, and over XMPP by XEP-0215), after this server's
    /// own (`[turn]`) if that is on. TURN servers want credentials: minted from a secret that they share with this server (coturn's
    /// `use-auth-secret`), or the same for everybody.
    "ice" Ice {
        /// Where they are: `stun:`, `stuns:` (RFC 7064), `turn:` and `turns:` (RFC 7065), as `RTCPeerConnection` takes them.
        urls: Vec<IceUrl> = Is("[]"), Kind::Texts("addresses such as \"turn:turn.example.org?transport=udp\"");
        /// The secret shared with the TURN servers, at least 32 bytes (coturn: `static-auth-secret`). From it everybody gets
        /// credentials of his own.
        secret: Option<Secret> = Unset(r#""at-least-32-bytes-from-a-good-random-source""#), Kind::Secret("a string of 32 bytes or more");
        /// The file that holds this secret; white space around it does not count. Not both.
        secret_file: Option<PathBuf> = Unset(r#""/etc/hubbub/turn.secret""#), Kind::Text("a path");
        /// How long such credentials hold. A call that begins within that time goes on.
        lifetime: Duration = Is("\"1 d\""), Kind::Time(MINUTE, 30 * DAY);
        /// The name that everybody uses at the TURN servers, in the place of a secret.
        username: Option<String> = Unset(r#""guest""#), Kind::Text("a name");
        /// The password that goes with it.
        password: Option<Hidden> = Unset(r#""an open secret""#), Kind::Secret("a password");
    }
}

/// A STUN or TURN server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceUrl {
    /// `stun`, `stuns`, `turn` or `turns`.
    pub scheme: &'static str,
    /// A name or an address, without brackets.
    pub host: String,
    /// Its port: 3478, with TLS 5349, if none is said.
    pub port: u16,
    /// `udp` or `tcp`: as it is said, or else as the scheme has it.
    pub transport: &'static str,
}

impl IceUrl {
    /// Whether it relays, for which it wants credentials.
    #[must_use]
    pub fn is_turn(&self) -> bool {
        self.scheme.starts_with("turn")
    }
}

/// Each scheme, with its port and transport (RFC 7064 §3.2, RFC 7065 §3.2).
const SCHEMES: [(&str, u16, &str); 4] =
    [("stun", 3478, "udp"), ("stuns", 5349, "tcp"), ("turn", 3478, "udp"), ("turns", 5349, "tcp")];

impl FromText for IceUrl {
    fn from_text(text: &str) -> Result<Self, String> {
        parse(text).ok_or_else(|| {
            format!(
                "\"{text}\" is no STUN or TURN server; write one such as \"stun:stun.example.org\" or \
                 \"turns:turn.example.org:5349?transport=tcp\""
            )
        })
    }

    fn blank() -> Self {
        Self { scheme: "stun", host: String::new(), port: 0, transport: "udp" }
    }
}

fn parse(text: &str) -> Option<IceUrl> {
    let (scheme, rest) = text.split_once(':')?;
    let (scheme, port, transport) =
        SCHEMES.into_iter().find(|(name, ..)| scheme.eq_ignore_ascii_case(name))?;
    let (place, transport) = match rest.split_once('?') {
        None => (rest, transport),
        Some((place, "transport=udp")) if scheme == "turn" => (place, "udp"),
        Some((place, "transport=tcp")) if scheme.starts_with("turn") => (place, "tcp"),
        Some(_) => return None,
    };
    let (host, said) = host_and_port(place)?;
    Some(IceUrl { scheme, host: host.to_owned(), port: said.unwrap_or(port), transport })
}

/// RFC 3986 §3.2.2, as far as servers are called so.
pub(super) fn host_and_port(place: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => {
            let (host, port) = place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            (!host.is_empty() && host.bytes().all(fits)).then_some((host, port))?
        }
    };
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|port| digits && *port > 0)
    };
    Some((host, port.map(|port| number(port).ok_or(())).transpose().ok()?))
}

/// A password for somebody else's server. It is never shown: `Debug` says only that there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

impl FromText for Hidden {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("a password cannot be empty".to_owned()) } else { Ok(Self(text.to_owned())) }
    }

    fn blank() -> Self {
        Self(String::new())
    }
}
land_text!(Hidden);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        for (text, scheme, host, port, transport) in [
            ("stun:stun.example.org", "stun", "stun.example.org", 3478, "udp"),
            ("stuns:192.0.2.1", "stuns", "192.0.2.1", 5349, "tcp"),
            ("turn:turn.example.org:80", "turn", "turn.example.org", 80, "udp"),
            ("TURN:[2001:db8::1]:3479?transport=tcp", "turn", "2001:db8::1", 3479, "tcp"),
            ("turn:[::1]?transport=udp", "turn", "::1", 3478, "udp"),
            ("turns:turn.example.org?transport=tcp", "turns", "turn.example.org", 5349, "tcp"),
        ] {
            let wanted = IceUrl { scheme, host: host.to_owned(), port, transport };
            assert_eq!(IceUrl::from_text(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn no_servers() {
        for text in [
            "",
            "stun",
            "stun:",
            "turn://turn.example.org",
            "http:example.org",
            "stun:a?transport=udp",
            "turn:a:0",
            "turn:a:65536",
            "turn:a:+80",
            "turn:a:",
            "turn:a b",
            "turn:u@a",
            "turn:[a]",
            "turn:[::1",
            "turn:[::1]80",
            "turn:a?transport=sctp",
            "turns:a?transport=udp",
            "turn:a?x=y",
            "turn:::1",
        ] {
            assert!(IceUrl::from_text(text).is_err(), "{text}");
        }
    }
}
