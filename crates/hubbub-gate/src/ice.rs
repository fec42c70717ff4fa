//! Servers that help two clients to reach each other (ICE, RFC 8445): which there are, and by which credentials somebody uses them. Not
//! of any one protocol.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hubbub_hub::{Identity, Now};

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
    /// By credentials of his own that hold for a while: a name that says when they end, and its HMAC-SHA1 (draft-uberti-behave-turn-rest-00
    /// §2.2; coturn's `use-auth-secret`).
    Minted {
        /// What the TURN servers know too.
        key: Box<hmac::Key>,
        /// For how long, in seconds.
        lifetime_s: u64,
    },
}

impl IceAccess {
    /// Credentials made from a shared `secret`, which hold for `lifetime_s` seconds.
    #[must_use]
    pub fn minted(secret: &str, lifetime_s: u64) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        Self::Minted { key: Box::new(key), lifetime_s }
    }
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

/// Which servers there are.
#[derive(Debug, Clone, Default)]
pub struct IceSettings {
    /// In the order in which they are to be told.
    pub services: Vec<IceService>,
    /// For those that relay.
    pub access: Option<IceAccess>,
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
    /// The servers for `who`, from `now` on. What he is given does not outlast what he came in by.
    #[must_use]
    pub fn servers(&self, who: &Identity, now: Now) -> Vec<IceServer> {
        let credentials = self.access.as_ref().map(|access| access.for_one(who, now));
        let server = |service: &IceService| IceServer {
            service: service.clone(),
            credentials: credentials.clone().filter(|_| service.is_relay()),
        };
        self.services.iter().map(server).collect()
    }
}

impl IceAccess {
    fn for_one(&self, who: &Identity, now: Now) -> IceCredentials {
        match self {
            Self::Shared { username, password } => {
                let (username, password) = (username.clone(), password.clone());
                IceCredentials { username, password, expires_unix_s: None }
            }
            Self::Minted { key, lifetime_s } => {
                let ends = who.expires_unix_ms.map_or(u64::MAX, |ms| ms / 1000);
                let expires = (now.unix_ms / 1000).saturating_add(*lifetime_s).min(ends);
                let username = format!("{expires}:{}", who.user);
                let password = STANDARD.encode(hmac::sign(key, username.as_bytes()));
                IceCredentials { username, password, expires_unix_s: Some(expires) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hubbub_hub::{IdentityKind, UserAddress};

    use super::*;

    const NOW: Now = Now { unix_ms: 1_433_895_918_506, mono_ms: 5 };

    fn ninefingers(expires_unix_ms: Option<u64>) -> Identity {
        let user = UserAddress::from_prepared("ninefingers");
        Identity {
            user,
            name: "N".into(),
            kind: IdentityKind::Account,
            named: true,
            grants: None,
            since_unix_ms: 0,
            expires_unix_ms,
        }
    }

    fn settings(access: Option<IceAccess>) -> IceSettings {
        let service =
            |scheme| IceService { scheme, host: "example.org".into(), port: 3478, transport: "udp" };
        IceSettings { services: vec![service("stun"), service("turn")], access }
    }

    /// By hand: `printf %s 1433982318:ninefingers | openssl dgst -sha1 -hmac north -binary | base64`.
    #[test]
    fn credentials_are_minted() {
        let [stun, turn] =
            &settings(Some(IceAccess::minted("north", 86_400))).servers(&ninefingers(None), NOW)[..]
        else {
            panic!("there are two");
        };
        assert_eq!(stun.credentials, None);
        let minted = turn.credentials.as_ref().expect("who relays wants to know for whom");
        assert_eq!(minted.username, "1433982318:ninefingers");
        assert_eq!(minted.password, "Sg6tKrlQmpp18Ql2cCY27uZ8nHU=");
        assert_eq!(minted.expires_unix_s, Some(1_433_982_318));
    }

    #[test]
    fn nobody_is_given_more_time_than_he_has() {
        let who = ninefingers(Some(NOW.unix_ms + 60_000));
        let servers = settings(Some(IceAccess::minted("north", 86_400))).servers(&who, NOW);
        let ends = servers[1].credentials.as_ref().and_then(|minted| minted.expires_unix_s);
        assert_eq!(ends, Some(1_433_895_978));
    }

    #[test]
    fn or_the_same_for_everybody_or_none() {
        let shared = IceAccess::Shared { username: "guest".into(), password: "open".into() };
        let servers = settings(Some(shared)).servers(&ninefingers(None), NOW);
        let (username, password) = ("guest".to_owned(), "open".to_owned());
        assert_eq!(servers[1].credentials, Some(IceCredentials { username, password, expires_unix_s: None }));
        assert!(settings(None).servers(&ninefingers(None), NOW).iter().all(|one| one.credentials.is_none()));
    }

    #[test]
    fn passwords_are_not_shown() {
        let shared = IceAccess::Shared { username: "guest".into(), password: "opensesame".into() };
        let servers = settings(Some(shared.clone())).servers(&ninefingers(None), NOW);
        assert!(!format!("{shared:?} {servers:?}").contains("opensesame"));
    }
}
