//! What clients are told: the `iceServers` of `/api/ice`, and where these addresses lead.

use std::collections::HashMap;
use std::net::IpAddr;

use hubbub_gate::ice::IceService;
use serde::Deserialize;

use super::http;
use super::place::{self, Kind};
use super::report::Finding;
use super::site::{Site, Target, Turn};
use crate::turn::services;

/// What names have resolved to.
type Names = HashMap<String, Result<Vec<IpAddr>, String>>;

/// What `/api/ice` says, as far as it is looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    ice_servers: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    urls: Vec<String>,
}

/// What this configuration comes to, and what the server says to a guest.
pub(super) fn check(site: &Site, turn: &Turn, runs: &[Target]) -> Vec<Finding> {
    let own = services::own(&site.config, &turn.addresses, &site.config.server.listen, site.encrypts());
    let urls: Vec<_> = own.iter().map(IceService::url).collect();
    let mut names = Names::new();
    let mut found: Vec<_> = urls.iter().map(|url| one(site, url, &mut names)).collect();
    found.extend(runs.first().map(|target| told(*target, &urls)));
    found
}

/// Asks as a guest does.
fn told(target: Target, expected: &[String]) -> Finding {
    let what = "/api/ice";
    let answer = match http::get(target.address, "/api/ice", None) {
        Ok(answer) => answer,
        Err(why) => return Finding::wrong(what, why.to_string(), "look into the server's log"),
    };
    if matches!(answer.status, 401 | 403) {
        return Finding::good(what, "for those who have logged in: access.admit has no guests");
    }
    let Ok(told) = serde_json::from_str::<Told>(&answer.body) else {
        return Finding::wrong(what, format!("answers {}", answer.status), "look into the server's log");
    };
    let urls: Vec<_> = told.ice_servers.into_iter().flat_map(|entry| entry.urls).collect();
    if urls.is_empty() {
        let advice = "start the running server again with this configuration";
        return Finding::wrong(what, "the running server tells of none".to_owned(), advice);
    }
    let is_relay = |url: &&String| url.starts_with("turn");
    if expected.iter().filter(|url| !is_relay(url)).any(|url| !urls.contains(url)) {
        let advice = "the running server has another configuration: start it again with this one";
        return Finding::wrong(what, format!("guests are told otherwise: {}", urls.join(", ")), advice);
    }
    if !urls.iter().any(|url| url.starts_with("turn")) && expected.iter().any(|url| is_relay(&url)) {
        let advice = "if everybody may relay, set turn.guests = true; who logs in with an account or a token is told of TURN";
        return Finding::note(what, "guests are told of STUN, not of TURN", advice);
    }
    Finding::good(what, "says so, with credentials")
}

fn one(site: &Site, url: &str, names: &mut Names) -> Finding {
    let what = "clients are told";
    let Some(host) = host(url) else {
        return Finding::wrong(
            what,
            format!("{url}, which is no address"),
            "look into turn.host and ice.urls",
        );
    };
    // All are told by the same few hosts.
    let found = match names.entry(host.to_owned()).or_insert_with(|| place::resolve(host)) {
        Ok(found) => found,
        Err(why) => {
            let advice = "make A and AAAA records for it in DNS, or tell clients addresses (turn.announce without a server.domain)";
            return Finding::wrong(what, format!("{url}, which does not resolve: {why}"), advice);
        }
    };
    let public = |ip: &IpAddr| Kind::of(*ip) == Kind::Public;
    if site.is_closed() || found.iter().any(public) {
        return Finding::good(what, url);
    }
    let kind = found.first().map_or(Kind::Unspecified, |ip| Kind::of(*ip));
    let advice = "clients elsewhere cannot reach it: write the public address first into turn.announce, or the public name into turn.host";
    Finding::note(what, format!("{url}, {kind}"), advice)
}

/// The host of a `stun:` or `turn:` address (RFC 7064, RFC 7065).
fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once(':')?;
    let place = rest.split('?').next()?;
    let host = match place.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => place.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (url, wanted) in [
            ("stun:a.example:3478", Some("a.example")),
            ("turn:192.0.2.1:3478?transport=udp", Some("192.0.2.1")),
            ("turns:[2001:db8::1]:443?transport=tcp", Some("2001:db8::1")),
            ("turn:a.example", Some("a.example")),
            ("turn:", None),
            ("turn", None),
        ] {
            assert_eq!(host(url), wanted, "{url}");
        }
    }
}
