//! What the configuration comes to, as far as the doctor looks at it.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

use hubbub_config::Config;
use hubbub_turn::RestSecrets;

use super::place::is_here;
use crate::turn;
use crate::turn::addresses::{self, Addresses};

/// The server that there should be.
pub(super) struct Site {
    pub(super) config: Config,
    /// What to try.
    pub(super) targets: Vec<Target>,
    /// STUN and TURN, if they are on.
    pub(super) turn: Option<Turn>,
}

/// What is known of the server's TURN.
pub(super) struct Turn {
    pub(super) addresses: Addresses,
    pub(super) ports: RangeInclusive<u16>,
    /// What credentials are made from.
    pub(super) secrets: Result<RestSecrets, Unknown>,
}

/// Why the doctor does not know a secret.
#[derive(Debug, Clone)]
pub(super) struct Unknown {
    pub(super) why: String,
    pub(super) advice: &'static str,
}

impl Turn {
    /// Nothing if it is off.
    ///
    /// # Errors
    /// The system does not tell the addresses of this machine, or gives no randomness.
    pub(super) fn of(config: &Config) -> Result<Option<Self>, Box<dyn Error>> {
        if !config.turn.enabled {
            return Ok(None);
        }
        let secrets = match signing_key(config) {
            Ok(key) => Ok(turn::secrets(config, key)?),
            Err(unknown) => Err(unknown),
        };
        let (addresses, ports) = (addresses::find(config)?, config.turn.relay_ports.0.clone());
        Ok(Some(Self { addresses, ports, secrets }))
    }
}

/// What the secret is made from, if it is not configured.
fn signing_key(config: &Config) -> Result<Option<[u8; 32]>, Unknown> {
    let unknown = |why: String, advice| Unknown { why, advice };
    let dir = match (&config.turn.secret, &config.server.data) {
        (Some(_), _) => return Ok(None),
        (None, Some(dir)) => dir,
        (None, None) => {
            let advice = "set server.data (then it is kept there) or turn.secret_file: other programs cannot make credentials either";
            return Err(unknown(
                "without a data folder the server makes its secret up at each start".into(),
                advice,
            ));
        }
    };
    match hubbub_store::kept_signing_key(dir) {
        Ok(Some(key)) => Ok(Some(key)),
        Ok(None) => {
            Err(unknown(format!("there is no secret in {} yet", dir.display()), "start the server once"))
        }
        Err(why) => Err(unknown(why.to_string(), "ask the doctor as the user that the server runs as")),
    }
}

/// An address to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    /// Whether this machine has it. Else packets must go out and be turned back, which not every router does.
    pub(super) here: bool,
}

impl Target {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, here: is_here(address.ip()) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)
    }
}

impl Site {
    pub(super) fn new(config: Config, turn: Option<Turn>) -> Self {
        let announced = turn.as_ref().map_or(&[][..], |turn| &turn.addresses.announced);
        let outside = config.turn.host.as_ref().and_then(|host| host.port);
        let targets = targets(&config.server.listen, announced, outside);
        Self { config, targets, turn }
    }

    /// Whether the server can be reached from this machine only.
    pub(super) fn is_closed(&self) -> bool {
        self.config.server.listen.iter().all(|address| address.ip().to_canonical().is_loopback())
    }

    /// Whether it encrypts.
    pub(super) fn encrypts(&self) -> bool {
        !self.config.tls.certificate_files.is_empty() || self.config.signs_for_itself()
    }

    /// The name that clients are told, if it is one for the world.
    pub(super) fn host(&self) -> Option<&str> {
        let told =
            self.config.turn.host.as_ref().filter(|_| self.turn.is_some()).map(|host| host.name.as_str());
        let host = told.unwrap_or(&self.config.server.domain);
        (host.contains('.') && host.parse::<IpAddr>().is_err()).then_some(host)
    }

    /// The ports it listens on.
    pub(super) fn ports(&self) -> BTreeSet<u16> {
        self.config.server.listen.iter().map(SocketAddr::port).collect()
    }
}

/// Where the server should answer: every address it listens on, and those it announces. Port 0 is known to the running server alone.
fn targets(listen: &[SocketAddr], announced: &[IpAddr], outside: Option<u16>) -> Vec<Target> {
    let known = listen.iter().filter(|address| address.port() != 0);
    let near = known.clone().map(|address| match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => *address,
    });
    let port_of =
        |ip: &IpAddr| known.clone().find(|address| address.is_ipv4() == ip.is_ipv4()).map(SocketAddr::port);
    let far = announced.iter().filter_map(|ip| Some(SocketAddr::new(*ip, outside.or_else(|| port_of(ip))?)));
    let mut found: Vec<Target> = Vec::new();
    for address in near.chain(far) {
        if found.iter().all(|target| target.address != address) {
            found.push(Target::new(address));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(listen: &[&str], announced: &[&str], outside: Option<u16>) -> Vec<String> {
        let listen: Vec<_> = listen.iter().map(|text| text.parse().unwrap()).collect();
        let announced: Vec<_> = announced.iter().map(|text| text.parse().unwrap()).collect();
        targets(&listen, &announced, outside).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_tried() {
        assert_eq!(tried(&["127.0.0.1:80", "127.0.0.1:0"], &[], None), ["127.0.0.1:80"]);
        assert_eq!(
            tried(&["0.0.0.0:80", "[::]:81"], &["192.0.2.1", "2001:db8::1"], None),
            ["127.0.0.1:80", "[::1]:81", "192.0.2.1:80", "[2001:db8::1]:81"]
        );
        assert_eq!(tried(&["192.0.2.1:80"], &["192.0.2.1", "2001:db8::1"], None), ["192.0.2.1:80"]);
        assert_eq!(tried(&["192.0.2.1:80"], &["192.0.2.1"], Some(3478)), ["192.0.2.1:80", "192.0.2.1:3478"]);
    }
}
