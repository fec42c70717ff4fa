//! Checks of `[turn]`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::problem::Problem;
use crate::{Config, Turn};

/// Most addresses of one family in `turn.announce`.
const ANNOUNCE_MAX: usize = 4;

/// Longest realm (RFC 8489 §14.9).
const REALM_CHARS_MAX: usize = 127;

/// All of them. Of a server that is off only what is wrong whenever it is on.
pub(super) fn check(config: &Config) -> Vec<Problem> {
    let checks = [announce, relay_bind, realm, host, lifetimes, burst, relay_ports, other, unused_secret];
    checks
        .iter()
        .filter_map(|check| check(config))
        .map(|(setting, reason)| Problem::new(&config.place(setting), setting, reason))
        .collect()
}

/// The setting that is wrong, the reason and the mend.
type Wrong = Option<(&'static str, String)>;

/// More addresses of one family than `most`, or one that nobody can be reached by.
fn addresses(setting: &'static str, addresses: &[IpAddr], most: usize) -> Wrong {
    let odd = addresses.iter().find(|ip| ip.is_unspecified() || ip.is_multicast());
    if let Some(ip) = odd {
        return Some((setting, format!("nobody is reached at {ip}; write an address of this server")));
    }
    let count = |v4| addresses.iter().filter(|ip| ip.is_ipv4() == v4).count();
    let (v4, v6) = (count(true), count(false));
    (v4.max(v6) > most).then(|| {
        let reason =
            format!("there are {v4} addresses of IPv4 and {v6} of IPv6; keep at most {most} of each");
        (setting, reason)
    })
}

fn announce(config: &Config) -> Wrong {
    addresses("turn.announce", &config.turn.announce, ANNOUNCE_MAX)
}

fn relay_bind(config: &Config) -> Wrong {
    addresses("turn.relay_bind", &config.turn.relay_bind, 1)
}

fn realm(config: &Config) -> Wrong {
    let realm = config.turn.realm.as_deref()?;
    let fits = (1..=REALM_CHARS_MAX).contains(&realm.chars().count()) && !realm.chars().any(char::is_control);
    (!fits).then(|| {
        ("turn.realm", format!("a realm has 1 to {REALM_CHARS_MAX} characters and no control characters"))
    })
}

fn host(config: &Config) -> Wrong {
    let ip: IpAddr = config.turn.host.as_ref()?.name.parse().ok()?;
    ip.is_unspecified().then(|| {
        let mend = "write a name or an address by which clients reach this server";
        ("turn.host", format!("nobody is reached at {ip}; {mend}"))
    })
}

fn lifetimes(config: &Config) -> Wrong {
    let Turn { lifetime, lifetime_max, allocation_max, .. } = config.turn;
    let seconds = |time: Duration| time.as_secs_f64();
    match () {
        () if lifetime > lifetime_max => {
            let (least, most) = (seconds(lifetime), seconds(lifetime_max));
            let reason = format!(
                "at least {least} s and at most {most} s do not go together; make turn.lifetime less"
            );
            Some(("turn.lifetime_max", reason))
        }
        () if lifetime > allocation_max => {
            let (least, most) = (seconds(lifetime), seconds(allocation_max));
            let reason = format!(
                "an allocation that lasts {least} s cannot end after {most} s; make turn.lifetime less"
            );
            Some(("turn.allocation_max", reason))
        }
        () => None,
    }
}

fn burst(config: &Config) -> Wrong {
    let needless = config.turn.bandwidth_burst.is_some() && config.turn.bandwidth.is_none();
    needless.then(|| {
        ("turn.bandwidth_burst", "without turn.bandwidth nothing is counted; set that too".to_owned())
    })
}

/// A relay on a port that the server listens on would take its clients' packets, and peers could reach the listener through it.
fn relay_ports(config: &Config) -> Wrong {
    let ports = &config.turn.relay_ports.0;
    let mut listen = config.server.listen.iter().chain(&config.turn.other);
    let within = listen.find(|address| ports.contains(&address.port()))?;
    config.turn.enabled.then(|| {
        let (first, last) = (ports.start(), ports.end());
        let reason = format!("the server listens on {within}, which is one of {first}-{last}; leave it out");
        ("turn.relay_ports", reason)
    })
}

/// RFC 5780 §6: two addresses of one family, which differ in both parts.
fn other(config: &Config) -> Wrong {
    let (other, first) = (config.turn.other?, *config.server.listen.first()?);
    let is_real = |address: SocketAddr| !address.ip().is_unspecified() && address.port() != 0;
    let differ = other.ip() != first.ip() && other.port() != first.port();
    let fits = is_real(first) && is_real(other) && differ && other.is_ipv4() == first.is_ipv4();
    (!fits).then(|| {
        let reason = format!(
            "{first}, the first in server.listen, and {other} are no pair; write two addresses of this machine, both of IPv4 or both of IPv6, \
             with different ports"
        );
        ("turn.other", reason)
    })
}

/// The secret of somebody else's TURN server, which there is not.
fn unused_secret(config: &Config) -> Wrong {
    let unused = config.turn.enabled && config.ice.urls.is_empty() && config.ice.secret.is_some();
    unused.then(|| {
        let reason =
            "it is for the servers in ice.urls, and there are none; this server's own is turn.secret";
        ("ice.secret", reason.to_owned())
    })
}
