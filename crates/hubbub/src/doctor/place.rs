//! Where addresses lead: what kind they are of, which this machine has, what names resolve to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;

use super::link::PATIENCE;

/// From where an address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No address of anybody: all that this machine has.
    Unspecified,
    /// From this machine only.
    Loopback,
    /// From the same link only.
    LinkLocal,
    /// From the same network only (RFC 1918, RFC 4193).
    Private,
    /// From within a provider's network only (RFC 6598).
    Carrier,
    /// From nowhere: it is for examples (RFC 5737, RFC 3849).
    Example,
    /// From the Internet.
    Public,
}

impl Kind {
    pub(super) fn of(ip: IpAddr) -> Self {
        let ip = ip.to_canonical();
        match ip {
            _ if ip.is_unspecified() => Self::Unspecified,
            _ if ip.is_loopback() => Self::Loopback,
            IpAddr::V4(ip) if ip.is_private() => Self::Private,
            IpAddr::V4(ip) if ip.is_link_local() => Self::LinkLocal,
            IpAddr::V4(ip) if ip.is_documentation() => Self::Example,
            IpAddr::V4(ip) if ip.to_bits() >> 22 == Ipv4Addr::new(100, 64, 0, 0).to_bits() >> 22 => {
                Self::Carrier
            }
            IpAddr::V6(ip) if ip.is_unique_local() => Self::Private,
            IpAddr::V6(ip) if ip.is_unicast_link_local() => Self::LinkLocal,
            IpAddr::V6(ip) if ip.segments()[..2] == [0x2001, 0xdb8] => Self::Example,
            _ => Self::Public,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "every address of this machine",
            Self::Loopback => "reachable from this machine only",
            Self::LinkLocal => "reachable from the same link only",
            Self::Private => "private: reachable from the same network only",
            Self::Carrier => "behind a provider's NAT: not reachable from the Internet",
            Self::Example => "for examples: reachable from nowhere",
            Self::Public => "public",
        })
    }
}

/// Whether a socket of this machine can have this address.
pub(super) fn is_here(ip: IpAddr) -> bool {
    std::net::UdpSocket::bind(SocketAddr::new(ip, 0)).is_ok()
}

/// What a name resolves to. Whoever is asked may be far away and silent: then nothing, after a while.
pub(super) fn resolve(host: &str) -> Result<Vec<IpAddr>, String> {
    if let Ok(ip) = host.parse() {
        return Ok(vec![ip]);
    }
    let (tell, told) = mpsc::channel();
    let name = host.to_owned();
    thread::spawn(move || tell.send((&*name, 0).to_socket_addrs().map(Vec::from_iter)));
    match told.recv_timeout(PATIENCE) {
        Ok(Ok(found)) => {
            let mut addresses: Vec<_> = found.into_iter().map(|address| address.ip()).collect();
            addresses.sort_unstable();
            addresses.dedup();
            Ok(addresses)
        }
        Ok(Err(why)) => Err(why.to_string()),
        Err(_) => Err("nobody answers".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for (ip, kind) in [
            ("0.0.0.0", Kind::Unspecified),
            ("::", Kind::Unspecified),
            ("127.9.9.9", Kind::Loopback),
            ("::ffff:127.0.0.1", Kind::Loopback),
            ("10.0.0.1", Kind::Private),
            ("::ffff:10.0.0.1", Kind::Private),
            ("100.64.0.1", Kind::Carrier),
            ("100.127.255.255", Kind::Carrier),
            ("100.128.0.0", Kind::Public),
            ("169.254.1.1", Kind::LinkLocal),
            ("fe80::1", Kind::LinkLocal),
            ("fd00::1", Kind::Private),
            ("203.0.113.5", Kind::Example),
            ("2001:db8::1", Kind::Example),
            ("2001:db9::1", Kind::Public),
            ("9.9.9.9", Kind::Public),
        ] {
            assert_eq!(Kind::of(ip.parse().unwrap()), kind, "{ip}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(resolve("192.0.2.1"), Ok(vec![IpAddr::from([192, 0, 2, 1])]));
        assert!(resolve("localhost").unwrap().iter().all(IpAddr::is_loopback));
    }

    #[test]
    fn addresses_of_this_machine() {
        assert!(is_here(IpAddr::from([127, 0, 0, 1])));
        assert!(!is_here(IpAddr::from([198, 51, 100, 7])));
    }
}
