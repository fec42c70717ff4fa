//! Whether there is room: ports, open files; which ports the firewall must let through; and secrets that everybody knows.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};

use hubbub_config::Config;
use hubbub_net::turn::RelayAddress;

use super::report::Finding;
use super::site::{Site, Turn};

/// So many ports of the range are tried.
const SAMPLES: usize = 64;
/// Fewer ports than this are a narrow range.
const FEW: usize = 100;
/// A secret with fewer different characters than this was not made by chance.
const DIFFERENT_MIN: usize = 12;

/// Secrets that stand in documents.
const KNOWN: [&str; 4] = [
    "at-least-32-bytes-from-a-good-random-source",
    "0123456789abcdef0123456789abcdef",
    "a-secret-of-at-least-thirty-two-bytes",
    "change-me-change-me-change-me-change-me",
];

/// All of them.
pub(super) fn check(site: &Site) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(turn) = &site.turn {
        found.push(range(turn, site.config.turn.allocations));
        found.extend(turn.addresses.relays.iter().map(|relay| bindable(relay, turn)));
    }
    found.push(open_files(site));
    found.push(firewall(site));
    found.extend(secrets(&site.config));
    found
}

fn range(turn: &Turn, allocations: usize) -> Finding {
    let (first, last, size) = (turn.ports.start(), turn.ports.end(), turn.ports.len());
    let (what, seen) = ("turn.relay_ports", format!("{first}-{last}: {size} ports"));
    if size >= allocations {
        return Finding::good(what, format!("{seen}, for {allocations} allocations"));
    }
    let advice = "make the range wider, or turn.allocations smaller, so that clients are told early";
    let seen = format!("{seen}, which are fewer than the {allocations} allocations of turn.allocations");
    match size < FEW {
        true => Finding::note(what, format!("{seen}; a call takes two to four"), advice),
        false => Finding::note(what, seen, advice),
    }
}

/// Tries ports all over the range. One that is taken may be a relay in use.
fn bindable(relay: &RelayAddress, turn: &Turn) -> Finding {
    let what = format!("ports at {}", relay.bind);
    let step = turn.ports.len().div_ceil(SAMPLES);
    let tried: Vec<u16> = turn.ports.clone().step_by(step).collect();
    let (mut taken, mut odd) = (0, None);
    for port in &tried {
        match UdpSocket::bind(SocketAddr::new(relay.bind, *port)) {
            Ok(_) => {}
            Err(why) if why.kind() == ErrorKind::AddrInUse => taken += 1,
            Err(why) => odd = Some((*port, why)),
        }
    }
    let count = tried.len();
    match odd {
        Some((port, why)) => {
            let advice = "relays cannot be made there: name an address of this machine in turn.relay_bind, and ports the server may use \
                          in turn.relay_ports";
            Finding::wrong(what, format!("port {port} cannot be had: {why}"), advice)
        }
        None if taken * 2 > count => {
            let advice =
                "other programs or many relays have them: choose other ports in turn.relay_ports, or more";
            Finding::note(what, format!("{taken} of {count} tried are taken"), advice)
        }
        None => Finding::good(what, format!("{} of {count} tried are free", count - taken)),
    }
}

/// A relay is an open file, and so is a connection.
fn open_files(site: &Site) -> Finding {
    let what = "open files";
    let Ok((_, hard)) = rlimit::Resource::NOFILE.get() else {
        return Finding::note(what, "the system does not say how many", "look at `ulimit -Hn`");
    };
    let relays =
        site.turn.as_ref().map_or(0, |turn| site.config.turn.allocations * turn.addresses.relays.len());
    let least = relays as u64 + 1024;
    if hard >= least {
        return Finding::good(
            what,
            format!("{hard} for one program, for {relays} relays and the connections"),
        );
    }
    let advice = format!(
        "raise it to {} or more (LimitNOFILE= in a systemd unit), or lower turn.allocations",
        least * 2
    );
    Finding::note(
        what,
        format!("{hard} for one program, too few for {relays} relays beside the connections"),
        advice,
    )
}

fn firewall(site: &Site) -> Finding {
    let what = "firewall";
    let ports = listed(&site.ports());
    if site.is_closed() {
        return Finding::good(what, "no port need be open: nobody reaches this server from outside");
    }
    let Some(turn) = &site.turn else {
        return Finding::good(what, format!("open TCP {ports}"));
    };
    let (first, last) = (turn.ports.start(), turn.ports.end());
    Finding::good(
        what,
        format!("open TCP {ports}, UDP {ports} and UDP {first}-{last}, at the provider as well as here"),
    )
}

fn listed(ports: &BTreeSet<u16>) -> String {
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn secrets(config: &Config) -> Vec<Finding> {
    let all = [
        ("token.hmac_secret", config.token.hmac_secret.as_ref()),
        ("api.token", config.api.token.as_ref()),
        ("ice.secret", config.ice.secret.as_ref()),
        ("turn.secret", config.turn.secret.as_ref()),
    ];
    let set = all.into_iter().filter_map(|(name, secret)| Some((name, secret?.expose())));
    let hooks =
        config.webhooks.iter().filter_map(|hook| Some(("webhook.secret", hook.secret.as_ref()?.expose())));
    let old = config.turn.old_secrets.iter().map(|secret| ("turn.old_secrets", secret.expose()));
    let weak = set.chain(hooks).chain(old).filter(|(_, secret)| is_weak(secret));
    let advice =
        "whoever guesses it can be anybody, or relay at your cost: make one with `openssl rand -base64 32`";
    weak.map(|(name, _)| {
        Finding::wrong(name, "one that stands in documents, or was not made by chance", advice)
    })
    .collect()
}

fn is_weak(secret: &str) -> bool {
    let different: BTreeSet<char> = secret.chars().collect();
    KNOWN.contains(&secret) || different.len() < DIFFERENT_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_documents() {
        for weak in KNOWN {
            assert!(is_weak(weak), "{weak}");
        }
        assert!(is_weak(&"a".repeat(40)));
        assert!(is_weak(&"north".repeat(8)));
    }

    #[test]
    fn secrets_made_by_chance() {
        // As `openssl rand -base64 32` and `-hex 32` make them.
        assert!(!is_weak("pD7z0o6fPjP2kX1uM5cB8nq3sVYt4wLhRgEaJxKi9U0="));
        assert!(!is_weak("8f3c1e0b7d5a42968f0e1d2c3b4a5968778695a4b3c2d1e0f1e2d3c4b5a69788"));
    }
}
