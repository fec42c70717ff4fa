//! Which addresses the server has, and from where they can be reached.

use std::net::{IpAddr, SocketAddr};

use super::place::{self, Kind};
use super::report::Finding;
use super::site::{Site, Turn};

/// Everything about addresses that can be said without a server.
pub(super) fn check(site: &Site) -> Vec<Finding> {
    let mut found: Vec<_> = site.config.server.listen.iter().map(|address| listens(*address)).collect();
    if site.is_closed() {
        found.push(closed());
    }
    found.extend(interfaces());
    if let Some(turn) = &site.turn {
        found.extend(announced(site, turn));
        found.extend(turn.addresses.relays.iter().map(|relay| {
            let what = format!("relays of {}", family(relay.announce));
            let (bind, announce) = (relay.bind, relay.announce);
            let (first, last) = (turn.ports.start(), turn.ports.end());
            Finding::good(what, format!("bound to {bind}, announced as {announce}, UDP ports {first}-{last}"))
        }));
    }
    found.push(domain(site));
    found
}

fn listens(address: SocketAddr) -> Finding {
    let (what, kind) = ("listens on", Kind::of(address.ip()));
    if address.port() == 0 {
        let advice = "nobody can know it: say --listen with the port that the server printed when it started";
        return Finding::note(what, format!("{address}: any free port"), advice);
    }
    if kind != Kind::Unspecified && !place::is_here(address.ip()) {
        let advice = "the server cannot start like this: name an address of this machine in server.listen, or 0.0.0.0 for all";
        return Finding::wrong(what, format!("{address}, which this machine does not have"), advice);
    }
    Finding::good(what, format!("{address}, {kind}"))
}

fn closed() -> Finding {
    let advice = "that is right for development, or behind a proxy for HTTP; TURN cannot be behind one: for clients elsewhere \
                  listen on 0.0.0.0:PORT and [::]:PORT";
    Finding::note("from outside", "nobody reaches it: it listens on loopback addresses only", advice)
}

fn interfaces() -> Vec<Finding> {
    let mut all = if_addrs::get_if_addrs().unwrap_or_default();
    all.retain(|interface| !interface.is_loopback());
    let one = |interface: &if_addrs::Interface| {
        let ip = interface.ip();
        Finding::good(format!("interface {}", interface.name), format!("{ip}, {}", Kind::of(ip)))
    };
    match all.is_empty() {
        true => vec![Finding::note(
            "interfaces",
            "none but loopback",
            "nobody else can reach this machine: connect it to a network",
        )],
        false => all.iter().map(one).collect(),
    }
}

fn family(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "IPv4" } else { "IPv6" }
}

/// What clients and peers are told.
fn announced(site: &Site, turn: &Turn) -> Vec<Finding> {
    let (what, all) = ("announces", &turn.addresses.announced);
    let mut found: Vec<_> = all.iter().map(|ip| announces(*ip)).collect();
    let public = |ip: &IpAddr| Kind::of(*ip) == Kind::Public;
    if !site.is_closed() && !all.is_empty() && !all.iter().any(public) {
        let advice = "if clients come from the Internet, write the public address first into turn.announce";
        found.push(Finding::note(what, "no public address: only this network can use the relays", advice));
    }
    if turn.addresses.relays.is_empty() {
        let advice =
            "this machine has no address towards the Internet: name those of the server in turn.announce";
        found.push(Finding::wrong(what, "nothing, so there are no relays", advice));
    }
    found
}

fn announces(ip: IpAddr) -> Finding {
    let (what, kind) = ("announces", Kind::of(ip));
    let here = place::is_here(ip);
    if kind == Kind::Example && !here {
        return Finding::wrong(what, format!("{ip}, {kind}"), "write the real address into turn.announce");
    }
    let whose =
        if place::is_here(ip) { "of this machine" } else { "not of this machine: there must be a NAT" };
    Finding::good(what, format!("{ip}, {kind}; {whose}"))
}

/// Whether the server's name leads to it.
fn domain(site: &Site) -> Finding {
    let domain = &site.config.server.domain;
    let what = "server.domain";
    if domain == "localhost" {
        let advice = "on a public server set server.domain to its name";
        let seen = "localhost: clients are told addresses instead of a name";
        return if site.is_closed() {
            Finding::good(what, domain)
        } else {
            Finding::note(what, seen, advice)
        };
    }
    let found = match place::resolve(domain) {
        Ok(found) => found,
        Err(why) => {
            let advice = "clients that are told this name will not find the server: make A and AAAA records for it in DNS";
            return Finding::note(what, format!("{domain} does not resolve: {why}"), advice);
        }
    };
    let announced = site.turn.as_ref().map_or(&[][..], |turn| &turn.addresses.announced);
    let known = |ip: &IpAddr| place::is_here(*ip) || announced.contains(ip);
    let list = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if found.iter().any(known) {
        return Finding::good(what, format!("{domain} is {list}"));
    }
    let advice = "if a NAT or a proxy is in between that is right (with TURN write the address into turn.announce); else mend DNS";
    Finding::note(what, format!("{domain} is {list}, which this server neither has nor announces"), advice)
}
