//! Servers that help two clients to reach each other (ICE, RFC 8445): which there are, and by which credentials somebody uses them. Not
//! of any one protocol.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, OnceLock};

use hubbub_hub::{Identity, IdentityKind, Now};
use hubbub_turn::RestSecrets;

#[cfg(test)]
mod tests;

/// A STUN or TURN server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceService {
    /// The scheme of its URI, which is also its type in XEP-0215: `stun`, `stuns`, `turn`, `turns` (RFC 7064, RFC 7065).
    pub scheme: &'static str,
    /// A name or an address; of IPv6 without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `udp` or `tcp`, with TLS below or without.
    pub transport: &'static str,
}

impl IceService {
    /// Whether it relays, and so wants to know for whom.
    #[must_use]
    pub fn is_relay(&self) -> bool {
        self.scheme.starts_with("turn")
    }

    /// Its URI (RFC 7064 §3.1, RFC 7065 §3.1): only those that relay say how they are reached.
    #[must_use]
    pub fn url(&self) -> String {
        let Self { scheme, host, port, transport } = self;
        let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
        let place = format!("{scheme}:{open}{host}{close}:{port}");
        if self.is_relay() { format!("{place}?transport={transport}") } else { place }
    }
}

/// How somebody shows a TURN server that he may use it.
#[derive(Clone)]
pub enum IceAccess {
    /// By a name and a password that everybody has.
    Shared {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// By credentials of his own that hold for a while (draft-uberti-behave-turn-rest-00 §2.2; coturn's `use-auth-secret`).
    Minted {
        /// What the TURN servers know too.
        secrets: RestSecrets,
        /// For how long, in seconds.
        lifetime_s: u64,
    },
}

/// Shows no password.
impl fmt::Debug for IceAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared { username, .. } => write!(f, "Shared({username})"),
            Self::Minted { lifetime_s, .. } => write!(f, "Minted({lifetime_s} s)"),
        }
    }
}

/// Servers that one uses by the same credentials.
#[derive(Debug, Clone, Default)]
pub struct IceGroup {
    /// In the order in which they are to be told. Where this server itself is, is said when it is bound; until then there are none.
    pub services: Arc<OnceLock<Vec<IceService>>>,
    /// For those that relay.
    pub access: Option<IceAccess>,
    /// Whether guests too may use those that relay.
    pub guests: bool,
}

/// Which servers there are.
#[derive(Debug, Clone, Default)]
pub struct IceSettings {
    /// This server's own, if STUN and TURN are on.
    pub own: Option<IceGroup>,
    /// Those elsewhere.
    pub others: IceGroup,
}

/// What somebody needs to use a server: what `RTCPeerConnection` calls an `RTCIceServer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceServer {
    /// Which.
    pub service: IceService,
    /// For a server that relays.
    pub credentials: Option<IceCredentials>,
}

/// A name and a password at a TURN server.
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
    /// When they end, in seconds since 1970, if they do.
    pub expires_unix_s: Option<u64>,
}

/// Shows no password.
impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IceCredentials({}, until {:?})", self.username, self.expires_unix_s)
    }
}

impl IceSettings {
    /// Whether there are none at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups().all(|group| group.services().is_empty())
    }

    /// The servers for `who`, who asks at `now` and comes `from` there. What he is given does not outlast what he came in by.
    #[must_use]
    pub fn servers(&self, who: &Identity, from: IpAddr, now: Now) -> Vec<IceServer> {
        self.groups().flat_map(|group| group.servers(who, from, now)).collect()
    }

    /// Whether there are relays that `who` may not use.
    #[must_use]
    pub fn withholds(&self, who: &Identity) -> bool {
        self.groups().any(|group| !group.relays_for(who) && group.services().iter().any(IceService::is_relay))
    }

    fn groups(&self) -> impl Iterator<Item = &IceGroup> {
        self.own.iter().chain([&self.others])
    }
}

impl IceGroup {
    fn services(&self) -> &[IceService] {
        self.services.get().map_or(&[], Vec::as_slice)
    }

    fn relays_for(&self, who: &Identity) -> bool {
        self.guests || who.kind != IdentityKind::Guest
    }

    fn servers(&self, who: &Identity, from: IpAddr, now: Now) -> impl Iterator<Item = IceServer> {
        let relays = self.relays_for(who);
        let access = self.access.as_ref().filter(|_| relays);
        let credentials = access.and_then(|access| access.for_one(who, from, now));
        let told = self.services().iter().filter(move |service| relays || !service.is_relay());
        told.map(move |service| IceServer {
            service: service.clone(),
            credentials: credentials.clone().filter(|_| service.is_relay()),
        })
    }
}

impl IceAccess {
    /// `None` if there is no secret to make them from.
    fn for_one(&self, who: &Identity, from: IpAddr, now: Now) -> Option<IceCredentials> {
        match self {
            Self::Shared { username, password } => {
                let (username, password) = (username.clone(), password.clone());
                Some(IceCredentials { username, password, expires_unix_s: None })
            }
            Self::Minted { secrets, lifetime_s } => {
                let ends = who.expires_unix_ms.map_or(u64::MAX, |ms| ms / 1000);
                let expires = (now.unix_ms / 1000).saturating_add(*lifetime_s).min(ends);
                let minted = secrets.mint(&user(who, from), expires)?;
                Some(IceCredentials {
                    username: minted.username,
                    password: minted.password,
                    expires_unix_s: Some(expires),
                })
            }
        }
    }
}

/// Longest name in a username. RFC 8489 §14.3 has at most 508 bytes for all of it.
const USER_MAX: usize = 480;

/// Who the TURN server is told uses it; it counts by that. A guest may call himself anything, so he goes by where he comes from.
fn user(who: &Identity, from: IpAddr) -> String {
    let name = who.user.as_str();
    match who.kind {
        IdentityKind::Guest => format!("{}@{}", place(from), who.user.host()),
        _ if name.len() > USER_MAX => name[..name.floor_char_boundary(USER_MAX)].to_owned(),
        _ => name.to_owned(),
    }
}

/// The network that is one person, as far as can be seen: of IPv6 the first 64 bits, within which anybody has as many addresses as he
/// likes.
fn place(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("{}/64", Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
    }
}
