//! Whether a server is running there, by HTTP and HTTPS.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};

use hubbub_config::Config;
use hubbub_hub::Now;

use super::http;
use super::place::is_here;
use super::report::Finding;
use super::site::{Site, Target};
use super::trust::{Caller, Objection, Shown};
use crate::certificates;

/// What `/health` of this server says.
const HEALTHY: &str = "\"status\":\"ok\"";
/// A certificate that ends within this time is worth a note, in seconds.
const SOON_S: i64 = 14 * 24 * 3600;

/// What was found, and where this server answers.
pub(super) fn check(site: &Site, caller: &Caller, now: Now) -> (Vec<Finding>, Vec<Target>) {
    let mut found = Vec::new();
    let mut runs = Vec::new();
    for target in &site.targets {
        let answer = http::get(target.address, "/health", None);
        if matches!(&answer, Ok(answer) if answer.body.contains(HEALTHY)) {
            runs.push(*target);
        }
        // Who does not come through once is not waited for a second time.
        let goes_on = answer.is_ok() || target.here;
        found.push(of_http(target, answer));
        if goes_on && site.encrypts() {
            found.push(of_https(target, http::get(target.address, "/health", Some(caller))));
        }
    }
    if runs.is_empty() {
        found.extend(site.config.server.listen.iter().filter_map(|address| can_listen(*address)));
    }
    found.push(certificate(site, caller, now));
    (found, runs)
}

fn of_http(target: &Target, answer: io::Result<http::Answer>) -> Finding {
    let what = format!("HTTP at {target}");
    match answer {
        Ok(answer) => answered(what, &answer),
        Err(why) => not_reached(what, target, &why),
    }
}

fn of_https(target: &Target, answer: io::Result<http::Answer>) -> Finding {
    let what = format!("HTTPS at {target}");
    match answer {
        Ok(answer) => answered(what, &answer),
        Err(why) if target.here && why.kind() != ErrorKind::ConnectionRefused => {
            let advice = "the running server does not encrypt as this configuration says: start it again, or look into its log";
            Finding::wrong(what, format!("no TLS: {why}"), advice)
        }
        Err(why) => not_reached(what, target, &why),
    }
}

fn answered(what: String, answer: &http::Answer) -> Finding {
    if answer.body.contains(HEALTHY) {
        return Finding::good(what, "answers");
    }
    let advice = "something else has this port: stop it, or listen on another in server.listen";
    Finding::wrong(what, format!("something answers {}, but not this server", answer.status), advice)
}

/// An announced address need not be reachable from inside.
pub(super) fn not_reached(what: String, target: &Target, why: &io::Error) -> Finding {
    if target.here {
        let advice = "start the server with this configuration, then ask the doctor again";
        return Finding::wrong(what, format!("nothing answers: {why}"), advice);
    }
    let advice =
        "many routers do not turn packets back to the network they come from: try it from outside as well";
    Finding::note(what, format!("not reached from here: {why}"), advice)
}

/// Whether the server could listen there, over both TCP and UDP.
fn can_listen(address: SocketAddr) -> Option<Finding> {
    if address.port() == 0 || (!address.ip().is_unspecified() && !is_here(address.ip())) {
        return None;
    }
    let tried = TcpListener::bind(address).map(drop).and_then(|()| UdpSocket::bind(address).map(drop));
    let what = format!("port {}", address.port());
    Some(match tried {
        Ok(()) => Finding::good(what, format!("free: the server could listen on {address}")),
        Err(why) => {
            let advice = match why.kind() {
                ErrorKind::PermissionDenied => {
                    "ports below 1024 are for root: give the server CAP_NET_BIND_SERVICE (AmbientCapabilities= in a systemd unit)"
                }
                _ => "find out who has it (`ss -lntup`), or listen on another in server.listen",
            };
            Finding::wrong(what, format!("the server cannot listen on {address}: {why}"), advice)
        }
    })
}

/// What the server has shown; if it has not, what it would.
fn certificate(site: &Site, caller: &Caller, now: Now) -> Finding {
    let what = "certificate";
    if !site.encrypts() {
        let advice = "name a certificate in tls.certificate_files: browsers want HTTPS for calls, and `turns:` gets through where \
                      nothing else does";
        return Finding::note(what, "none: nothing is encrypted", advice);
    }
    let now_s = i64::try_from(now.unix_ms / 1000).unwrap_or(i64::MAX);
    match caller.shown() {
        Some(shown) => judged(site, caller, &shown, now_s),
        None => from_files(&site.config, now_s),
    }
}

fn judged(site: &Site, caller: &Caller, shown: &Shown, now_s: i64) -> Finding {
    let what = "certificate";
    let host = caller.host().unwrap_or_else(|| "its address".to_owned());
    let bad = |seen: String, advice: &str| match site.config.signs_for_itself() && site.is_closed() {
        // Nobody was promised anything else.
        true => Finding::note(what, seen, advice),
        false => Finding::wrong(what, seen, advice),
    };
    let renew = "renew it, then send the server SIGHUP";
    match shown.objection {
        None if shown.expires_s - now_s <= SOON_S => Finding::note(
            what,
            format!("trusted for {host}, but only until {}", certificates::date(shown.expires_s)),
            renew,
        ),
        None => {
            Finding::good(what, format!("trusted for {host} until {}", certificates::date(shown.expires_s)))
        }
        Some(Objection::Expired) => {
            bad(format!("it has expired on {}", certificates::date(shown.expires_s)), renew)
        }
        Some(Objection::NotYetValid) => {
            bad("by this machine's clock it is not valid yet".into(), "set the clock, or wait")
        }
        Some(Objection::OtherHost) => bad(
            format!("it does not name {host}"),
            "get one for that name, or tell clients the name that it has (server.domain, turn.host)",
        ),
        Some(Objection::Untrusted) if site.config.signs_for_itself() => bad(
            "signed by the server itself: browsers refuse it, for `turns:` in silence".into(),
            "good enough to develop with; for others name one of an authority in tls.certificate_files",
        ),
        Some(Objection::Untrusted) => bad(
            "nobody whom browsers or this machine trust vouches for it".into(),
            "name the file with the whole chain (fullchain.pem) in tls.certificate_files; an authority of your own must be known to \
             every client",
        ),
        Some(Objection::Other) => bad("a browser would refuse it".into(), "get another one"),
    }
}

fn from_files(config: &Config, now_s: i64) -> Finding {
    let what = "certificate";
    match certificates::configured(config) {
        Err(why) => Finding::wrong(what, why.to_string(), "mend it: the server does not start like this"),
        Ok(all) if all.is_empty() => Finding::good(what, "the server will sign one for itself"),
        Ok(all) => {
            let first = all.iter().map(|one| one.expires_s()).min().unwrap_or_default();
            let seen = format!("valid until {}", certificates::date(first));
            match first - now_s {
                ..=0 => Finding::wrong(what, format!("expired on {}", certificates::date(first)), "renew it"),
                1..=SOON_S => Finding::note(what, seen, "renew it soon"),
                _ => Finding::good(what, seen),
            }
        }
    }
}
