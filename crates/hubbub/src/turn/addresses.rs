//! Which addresses relays have, and which are the server's own.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use hubbub_config::Config;
use hubbub_net::turn::RelayAddress;
use hubbub_turn::PeerPolicy;

/// Somewhere on the Internet (root servers of DNS), to see by which address this machine would go there. Nothing is sent.
const FAR_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 41, 0, 4));
const FAR_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30));

/// The addresses of this server, as STUN and TURN need to know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// Where relays are; a family without has none.
    pub(crate) relays: Vec<RelayAddress>,
    /// By which clients reach the server, the best first.
    pub(crate) announced: Vec<IpAddr>,
    /// All that are this server's, but loopback, which is never reached without leave anyway: what listens there is not for
    /// clients of a relay.
    pub(crate) own: Vec<IpAddr>,
}

/// Finds them.
///
/// # Errors
/// The system does not tell the addresses of this machine.
pub(crate) fn find(config: &Config) -> io::Result<Addresses> {
    let interfaces = interfaces()?;
    Ok(of(config, &interfaces, towards, can_bind))
}

/// The addresses of this machine.
///
/// # Errors
/// The system does not tell them.
pub(crate) fn interfaces() -> io::Result<Vec<IpAddr>> {
    Ok(if_addrs::get_if_addrs()?.iter().map(if_addrs::Interface::ip).collect())
}

/// The address by which this machine would reach another, if there is a way.
fn towards(far: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(SocketAddr::new(unspecified(far.is_ipv4()), 0)).ok()?;
    socket.connect(SocketAddr::new(far, 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified() && !ip.is_loopback()).then_some(ip)
}

/// Whether this machine has the address.
fn can_bind(ip: IpAddr) -> bool {
    UdpSocket::bind(SocketAddr::new(ip, 0)).is_ok()
}

fn unspecified(v4: bool) -> IpAddr {
    if v4 { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() }
}

/// As [`find`], by what the machine says of itself.
fn of(
    config: &Config,
    interfaces: &[IpAddr],
    towards: impl Fn(IpAddr) -> Option<IpAddr>,
    can_bind: impl Fn(IpAddr) -> bool,
) -> Addresses {
    let listen: Vec<_> = config.server.listen.iter().map(|address| address.ip().to_canonical()).collect();
    let said = &config.turn.announce;
    let relay = |(v4, far)| {
        let listen: Vec<_> = listen.iter().copied().filter(|ip| ip.is_ipv4() == v4).collect();
        let of_family = |ips: &[IpAddr]| ips.iter().copied().find(|ip| ip.is_ipv4() == v4);
        let bind = of_family(&config.turn.relay_bind);
        let announce = of_family(said).or(bind).or_else(|| announced(&listen, || towards(far)))?;
        let bind = bind.unwrap_or_else(|| bound(announce, &listen, &can_bind));
        Some(RelayAddress { bind, announce })
    };
    let relays: Vec<_> = [(true, FAR_V4), (false, FAR_V6)].into_iter().filter_map(relay).collect();
    let found = relays.iter().map(|relay| relay.announce);
    let announced = distinct(said.iter().copied().chain(found));
    let all = announced.iter().chain(&listen).chain(interfaces).map(IpAddr::to_canonical);
    let own = distinct(all.filter(|ip| !ip.is_loopback() && !ip.is_unspecified()));
    Addresses { relays, announced, own }
}

/// What relays of one family are announced by if nothing says so, when the server listens on these addresses of it.
fn announced(listen: &[IpAddr], towards: impl Fn() -> Option<IpAddr>) -> Option<IpAddr> {
    let listens_on = |fits: fn(&IpAddr) -> bool| listen.iter().copied().find(fits);
    listens_on(|ip| !ip.is_unspecified() && !ip.is_loopback())
        .or_else(|| listens_on(IpAddr::is_unspecified).and_then(|_| towards()))
        .or_else(|| listens_on(IpAddr::is_loopback))
}

/// What relays are bound to if nothing says so.
fn bound(announce: IpAddr, listen: &[IpAddr], can_bind: impl Fn(IpAddr) -> bool) -> IpAddr {
    if can_bind(announce) {
        return announce;
    }
    let specific = listen.iter().copied().find(|ip| !ip.is_unspecified() && !ip.is_loopback());
    specific.unwrap_or_else(|| unspecified(announce.is_ipv4()))
}

fn distinct(all: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let mut seen = Vec::new();
    for ip in all {
        if !seen.contains(&ip) {
            seen.push(ip);
        }
    }
    seen
}

impl Addresses {
    /// What is probably wrong with them, and what to do.
    pub(crate) fn doubt(&self, config: &Config) -> Option<String> {
        let beyond = config.server.listen.iter().any(|address| !address.ip().to_canonical().is_loopback());
        let mend = "set turn.announce to the addresses by which clients reach this server";
        if self.relays.is_empty() {
            return Some(format!(
                "TURN relays nothing: this machine has no address towards the Internet; {mend}"
            ));
        }
        let is_public = |relay: &RelayAddress| PeerPolicy::default().may_permit(relay.announce);
        if !beyond || self.relays.iter().any(is_public) {
            return None;
        }
        let told: Vec<_> = self.relays.iter().map(|relay| relay.announce.to_string()).collect();
        let told = told.join(" and ");
        Some(format!("relays are announced as {told}, which nobody reaches from the Internet; {mend}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn ips(list: &[&str]) -> Vec<IpAddr> {
        list.iter().map(|text| ip(text)).collect()
    }

    fn config(listen: &[&str], announce: &[&str]) -> Config {
        let mut config = Config::default();
        config.server.listen = listen.iter().map(|text| text.parse().unwrap()).collect();
        config.turn.announce = ips(announce);
        config
    }

    /// A machine that has these addresses, and goes out by the first private one of IPv4.
    const MACHINE: [&str; 4] = ["127.0.0.1", "::1", "10.0.0.5", "fe80::1"];

    fn on_machine(config: &Config) -> Addresses {
        let has = ips(&MACHINE);
        of(config, &has, |far| far.is_ipv4().then(|| ip("10.0.0.5")), |ip| has.contains(&ip))
    }

    fn relays(config: &Config) -> Vec<(String, String)> {
        let relays = on_machine(config).relays;
        relays.iter().map(|relay| (relay.announce.to_string(), relay.bind.to_string())).collect()
    }

    fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
        wanted.iter().map(|(announce, bind)| ((*announce).to_owned(), (*bind).to_owned())).collect()
    }

    #[test]
    fn where_relays_are() {
        type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a [(&'a str, &'a str)]);
        let table: &[Row<'_>] = &[
            (&["127.0.0.1:80"], &[], &[("127.0.0.1", "127.0.0.1")]),
            (&["127.0.0.1:80", "10.0.0.5:80"], &[], &[("10.0.0.5", "10.0.0.5")]),
            (&["0.0.0.0:80"], &[], &[("10.0.0.5", "10.0.0.5")]),
            (&["[::]:80"], &[], &[]),
            (&["0.0.0.0:80", "[::1]:80"], &[], &[("10.0.0.5", "10.0.0.5"), ("::1", "::1")]),
            // Behind NAT.
            (&["0.0.0.0:80"], &["198.51.100.7"], &[("198.51.100.7", "0.0.0.0")]),
            (&["10.0.0.5:80"], &["198.51.100.7", "10.0.0.5"], &[("198.51.100.7", "10.0.0.5")]),
            (&["127.0.0.1:80"], &["198.51.100.7"], &[("198.51.100.7", "0.0.0.0")]),
            (&["0.0.0.0:80"], &["2001:db8::7"], &[("10.0.0.5", "10.0.0.5"), ("2001:db8::7", "::")]),
        ];
        for (listen, announce, wanted) in table {
            assert_eq!(relays(&config(listen, announce)), pairs(wanted), "{listen:?} {announce:?}");
        }
    }

    #[test]
    fn they_are_bound_where_the_operator_says() {
        let mut config = config(&["0.0.0.0:80"], &["198.51.100.7"]);
        config.turn.relay_bind = ips(&["10.0.0.5", "::1"]);
        assert_eq!(relays(&config), pairs(&[("198.51.100.7", "10.0.0.5"), ("::1", "::1")]));
    }

    #[test]
    fn loopback_is_nobodys_own() {
        let found = on_machine(&config(&["0.0.0.0:80", "127.0.0.1:81"], &["198.51.100.7", "192.0.2.1"]));
        assert_eq!(found.own, ips(&["198.51.100.7", "192.0.2.1", "10.0.0.5", "fe80::1"]));
        assert_eq!(found.announced, ips(&["198.51.100.7", "192.0.2.1"]));
    }

    #[test]
    fn what_is_doubtful() {
        let doubt = |listen: &[&str], announce: &[&str]| {
            let config = config(listen, announce);
            on_machine(&config).doubt(&config)
        };
        assert_eq!(doubt(&["127.0.0.1:80"], &[]), None);
        assert_eq!(doubt(&["0.0.0.0:80"], &["8.8.8.8"]), None);
        assert!(doubt(&["0.0.0.0:80"], &[]).is_some_and(|text| text.contains("10.0.0.5")));
        assert!(doubt(&["[::]:80"], &[]).is_some_and(|text| text.contains("relays nothing")));
    }

    #[test]
    fn this_machine_has_addresses() {
        assert!(interfaces().unwrap().iter().any(IpAddr::is_loopback));
        assert!(can_bind(ip("127.0.0.1")) && !can_bind(ip("198.51.100.7")));
    }
}
