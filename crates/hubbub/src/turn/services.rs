//! What clients are told of this server's own STUN and TURN.

use std::net::SocketAddr;

use hubbub_config::Config;
use hubbub_gate::ice::IceService;

use super::addresses::Addresses;

/// Each with its transport; the last only where there is TLS.
const KINDS: [(&str, &str); 4] = [("stun", "udp"), ("turn", "udp"), ("turn", "tcp"), ("turns", "tcp")];

/// All of them, when the server is `bound` there.
pub(crate) fn own(
    config: &Config,
    addresses: &Addresses,
    bound: &[SocketAddr],
    tls: bool,
) -> Vec<IceService> {
    let port = config.turn.host.as_ref().and_then(|host| host.port).or_else(|| Some(front(bound)?.port()));
    let Some(port) = port else { return Vec::new() };
    let relays = !addresses.relays.is_empty();
    let kinds = KINDS.iter().filter(|(scheme, _)| match *scheme {
        "stun" => true,
        "turns" => relays && tls,
        _ => relays,
    });
    let hosts = hosts(config, addresses);
    let at = |host: &String| {
        let service = |&(scheme, transport): &(&'static str, &'static str)| IceService {
            scheme,
            host: host.clone(),
            port,
            transport,
        };
        kinds.clone().map(service).collect::<Vec<_>>()
    };
    hosts.iter().flat_map(at).collect()
}

/// The address that clients are meant to use: the first that is beyond this machine.
fn front(bound: &[SocketAddr]) -> Option<&SocketAddr> {
    bound.iter().find(|address| !address.ip().to_canonical().is_loopback()).or(bound.first())
}

/// By which names or addresses they find the server.
fn hosts(config: &Config, addresses: &Addresses) -> Vec<String> {
    let domain = &config.server.domain;
    match &config.turn.host {
        Some(host) => vec![host.name.clone()],
        // Others mean nothing elsewhere.
        None if domain.contains('.') => vec![domain.clone()],
        None => addresses.announced.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use hubbub_net::turn::RelayAddress;

    use super::*;

    fn told(config: &Config, announced: &[&str], bound: &[&str], tls: bool) -> Vec<String> {
        let announced: Vec<_> = announced.iter().map(|text| text.parse().unwrap()).collect();
        let relays = announced.iter().map(|ip| RelayAddress { bind: *ip, announce: *ip }).collect();
        let addresses = Addresses { relays, announced, own: Vec::new() };
        let bound: Vec<_> = bound.iter().map(|text| text.parse().unwrap()).collect();
        own(config, &addresses, &bound, tls).iter().map(IceService::url).collect()
    }

    #[test]
    fn by_address() {
        let wanted = [
            "stun:127.0.0.1:5000",
            "turn:127.0.0.1:5000?transport=udp",
            "turn:127.0.0.1:5000?transport=tcp",
            "turns:127.0.0.1:5000?transport=tcp",
        ];
        let config = Config::default();
        assert_eq!(told(&config, &["127.0.0.1"], &["127.0.0.1:5000", "[::1]:5001"], true), wanted);
        assert_eq!(told(&config, &["127.0.0.1"], &["127.0.0.1:5000"], false), wanted[..3]);
        let both = told(&config, &["192.0.2.1", "2001:db8::1"], &["0.0.0.0:80"], false);
        assert_eq!((both.len(), both[3].as_str()), (6, "stun:[2001:db8::1]:80"));
    }

    #[test]
    fn by_name() {
        let mut config = Config::default();
        config.server.domain = "example.org".into();
        let first = |config: &Config, bound: &[&str]| told(config, &["192.0.2.1"], bound, true)[0].clone();
        assert_eq!(first(&config, &["0.0.0.0:443"]), "stun:example.org:443");
        assert_eq!(first(&config, &["127.0.0.1:8080", "0.0.0.0:443"]), "stun:example.org:443");
        let mut named = config;
        named.turn.host = Some(hubbub_config::Host { name: "turn.example.org".into(), port: None });
        assert_eq!(first(&named, &["0.0.0.0:443"]), "stun:turn.example.org:443");
        named.turn.host = Some(hubbub_config::Host { name: "turn.example.org".into(), port: Some(3478) });
        assert_eq!(first(&named, &["0.0.0.0:443"]), "stun:turn.example.org:3478");
    }

    #[test]
    fn without_relays_there_is_stun() {
        let mut config = Config::default();
        config.server.domain = "example.org".into();
        assert_eq!(told(&config, &[], &["[::]:443"], true), ["stun:example.org:443"]);
    }
}
