//! Binding over UDP, TCP and TLS, wherever the server should answer.

use std::net::SocketAddr;
use std::time::Duration;

use super::client::{self, Mapped, Trouble};
use super::link::{Link, Transport};
use super::report::Finding;
use super::serving::not_reached;
use super::site::{Site, Target};
use super::trust::Caller;

/// A way that leads to the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) transport: Transport,
    pub(super) target: Target,
}

/// Asks at every address in every way; where the server `runs` TCP comes through. Gives the ways by which there was an answer, too.
pub(super) fn check(site: &Site, runs: &[Target], caller: &Caller) -> (Vec<Finding>, Vec<Way>) {
    let (mut found, mut answering) = (Vec::new(), Vec::new());
    for target in &site.targets {
        let streams = target.here || runs.contains(target);
        for transport in transports(site.encrypts()).filter(|one| streams || *one == Transport::Udp) {
            let way = Way { transport, target: *target };
            let what = format!("Binding by {transport} at {target}");
            found.push(match ask(way, caller) {
                Ok(mapped) => {
                    answering.push(way);
                    Finding::good(what, seen(&mapped))
                }
                Err(why) => trouble(what, way, &why),
            });
        }
    }
    for target in discovery(site) {
        let way = Way { transport: Transport::Udp, target };
        let what = format!("NAT discovery at {target}");
        found.push(match ask(way, caller) {
            Ok(mapped) => Finding::good(what, seen(&mapped)),
            Err(why) => trouble(what, way, &why),
        });
    }
    (found, answering)
}

/// The three other addresses by which clients find out what NAT they are behind, if there is a second one (RFC 5780 section 3).
fn discovery(site: &Site) -> Vec<Target> {
    let (Some(other), Some(first)) = (site.config.turn.other, site.config.server.listen.first()) else {
        return Vec::new();
    };
    let crossed = [(first.ip(), other.port()), (other.ip(), first.port()), (other.ip(), other.port())];
    crossed.map(|(ip, port)| Target::new(SocketAddr::new(ip, port))).into()
}

/// The ways that there should be.
fn transports(encrypts: bool) -> impl Iterator<Item = Transport> {
    let all = [Transport::Udp, Transport::Tcp, Transport::Tls];
    all.into_iter().filter(move |transport| encrypts || *transport != Transport::Tls)
}

fn ask(way: Way, caller: &Caller) -> Result<Mapped, Trouble> {
    client::binding(&mut Link::open(way.transport, way.target.address, caller)?)
}

fn seen(mapped: &Mapped) -> String {
    let Mapped { seen, local, round_trip } = mapped;
    let time = millis(*round_trip);
    // Who sends from all addresses of the machine learns from the server which one it was.
    match seen.port() == local.port() {
        true => format!("we are seen as {seen}, {time}"),
        false => format!("we are seen as {seen}, through a NAT: here it is port {}, {time}", local.port()),
    }
}

/// What to do when there is no answer, or an odd one.
pub(super) fn trouble(what: String, way: Way, why: &Trouble) -> Finding {
    let Way { transport, target } = way;
    match (why, transport) {
        (Trouble::Failed(why), _) if !target.here => not_reached(what, &target, why),
        (Trouble::Silent, _) if !target.here => {
            let advice = "many routers do not turn packets back to the network they come from: try it from outside as well";
            Finding::note(what, "no answer from here", advice)
        }
        (Trouble::Silent, Transport::Udp) => {
            let advice = "a firewall drops UDP to that port, or what listens there is no TURN server: open the port for UDP";
            Finding::wrong(what, "no answer", advice)
        }
        (Trouble::Failed(why), Transport::Udp) => {
            let advice = "nothing listens there over UDP: was the server started with `[turn]` enabled? Start it again";
            Finding::wrong(what, why.to_string(), advice)
        }
        _ => {
            let advice =
                "was the server started with `[turn]` enabled, as this configuration has it? Start it again";
            Finding::wrong(what, why.to_string(), advice)
        }
    }
}

/// In milliseconds, with as many digits as say something.
pub(super) fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nat_is_told_by_its_port() {
        let mapped = |seen: &str| Mapped {
            seen: seen.parse().unwrap(),
            local: "0.0.0.0:5000".parse().unwrap(),
            round_trip: Duration::from_micros(1234),
        };
        assert_eq!(seen(&mapped("192.0.2.1:5000")), "we are seen as 192.0.2.1:5000, 1.23 ms");
        assert!(seen(&mapped("192.0.2.1:6000")).contains("NAT"));
    }
}
