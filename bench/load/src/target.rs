//! Addresses on the command line, and where our ends of the connections are bound.

use std::net::{Ipv4Addr, SocketAddrV4};

use crate::failure::{Failure, Result};

/// Connections bound to one client address; far below the 28,000 ephemeral ports that each address has.
const PER_SOURCE: usize = 5000;

/// A server's address and the path to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Where to connect.
    pub(crate) address: SocketAddrV4,
    path: String,
}

impl Target {
    /// Reads `ws://`, `http://`, `xmpp://` and `turn://` addresses with an IPv4 host and a port.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let wrong =
            || Failure::Usage(format!("`{url}`: expected ws://HOST:PORT/PATH, http://, xmpp:// or turn://"));
        let schemes = ["ws://", "http://", "xmpp://", "turn://"];
        let rest = schemes.iter().find_map(|scheme| url.strip_prefix(scheme)).ok_or_else(wrong)?;
        let (authority, path) = rest.split_once('/').ok_or_else(wrong)?;
        let address = authority.parse().map_err(|_| wrong())?;
        Ok(Self { address, path: format!("/{path}") })
    }

    /// The path for connection number `n`, which stands where the address has `#`: a fragment is never sent
    /// (RFC 3986 §3.5), so no path can need that sign.
    pub(crate) fn path(&self, n: usize) -> String {
        self.path.replace('#', &n.to_string())
    }

    /// What follows the first slash: in `xmpp://` addresses the domain that streams are opened to.
    pub(crate) fn name(&self) -> &str {
        &self.path[1..]
    }
}

/// The loopback address that connection `n` of a run comes from. Each run uses others than the one before it,
/// so ports that rest in TIME_WAIT are nobody's concern.
pub(crate) fn source(run: u64, n: usize) -> SocketAddrV4 {
    let third = 1 + (run % 250) as u8;
    let fourth = 1 + (n / PER_SOURCE) as u8;
    SocketAddrV4::new(Ipv4Addr::new(127, 0, third, fourth), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_the_path() {
        let target = Target::parse("ws://127.0.0.1:21000/rooms/echo-#/ws?name=n#").unwrap();
        assert_eq!(target.address, "127.0.0.1:21000".parse().unwrap());
        assert_eq!(target.path(12), "/rooms/echo-12/ws?name=n12");
    }

    #[test]
    fn refuses_other_addresses() {
        for url in
            ["127.0.0.1:1/", "wss://127.0.0.1:1/", "ws://localhost:1/", "ws://127.0.0.1/", "ws://127.0.0.1:1"]
        {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn sources_change_with_run_and_number() {
        assert_ne!(source(1, 0), source(2, 0));
        assert_eq!(source(1, 0), source(1, PER_SOURCE - 1));
        assert_ne!(source(1, 0), source(1, PER_SOURCE));
    }
}
