//! To whom packets may be relayed. By default: to nobody who is not on the public Internet.
//!
//! A relay that reaches its operator's own network is a hole in his firewall. So addresses are first brought to the form
//! that the network will see (an IPv4 address inside an IPv6 one counts as both), and then checked against everything
//! that IANA's registries of special-purpose addresses set apart.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A block of addresses, as in `10.0.0.0/8` or `fc00::/7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    ip: IpAddr,
    bits: u8,
}

impl Net {
    /// The block of all addresses that have the first `bits` bits in common with `ip`. `None` if `ip` has fewer.
    pub fn new(ip: IpAddr, bits: u8) -> Option<Self> {
        let most = if ip.is_ipv4() { 32 } else { 128 };
        (bits <= most).then_some(Self { ip, bits })
    }

    /// Whether `ip` is in the block. An IPv4 address is never in a block of IPv6.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.ip, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => in_v4(ip, net, self.bits),
            (IpAddr::V6(net), IpAddr::V6(ip)) => in_v6(ip, net, self.bits),
            _ => false,
        }
    }
}

impl FromStr for Net {
    type Err = String;

    /// An address is the block of itself.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not an address or a block such as 10.0.0.0/8");
        let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
        let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
        let bits =
            bits.map_or(Ok(if ip.is_ipv4() { 32 } else { 128 }), |bits| bits.parse().map_err(|_| wrong()))?;
        Self::new(ip, bits).ok_or_else(wrong)
    }
}

/// Whom clients may write to and hear from. Asked at CreatePermission, at ChannelBind and at every Send.
///
/// In this order: what is denied is refused; our own addresses are refused but for relays; what is allowed is accepted;
/// special addresses are refused; everything else is accepted, unless `only_allowed`.
#[derive(Debug, Clone, Default)]
pub struct PeerPolicy {
    /// Blocks that are refused in any case.
    pub denied: Vec<Net>,
    /// Blocks that are accepted even if they are special.
    pub allowed: Vec<Net>,
    /// Whether everything that is not allowed is refused: no.
    pub only_allowed: bool,
    /// Our own addresses, announced and real: whatever listens there is not for clients of the relay.
    pub own: Vec<IpAddr>,
    /// Ports of our relays, the only ones at our own addresses that are accepted: two clients of one relay meet there.
    /// `None`: they do not.
    pub relay_ports: Option<RangeInclusive<u16>>,
}

impl PeerPolicy {
    /// Whether datagrams may go to this address.
    pub fn may_reach(&self, peer: SocketAddr) -> bool {
        peer.port() != 0
            && self.may_permit(peer.ip())
            && (!self.is_own(peer.ip()) || self.is_relay(peer.port()))
    }

    /// Whether there may be a permission for this address, which is for all ports.
    pub fn may_permit(&self, ip: IpAddr) -> bool {
        // What the network makes of the address must be harmless as well.
        let inner = embedded(ip).is_none_or(|inner| self.accepts(inner.into()));
        !is_mapped(ip) && inner && self.accepts(ip)
    }

    fn accepts(&self, ip: IpAddr) -> bool {
        let within = |blocks: &[Net]| blocks.iter().any(|block| block.contains(ip));
        if within(&self.denied) {
            return false;
        }
        if self.is_own(ip) {
            return self.relay_ports.is_some();
        }
        within(&self.allowed) || (!self.only_allowed && !is_special(ip))
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        self.own.contains(&ip)
    }

    fn is_relay(&self, port: u16) -> bool {
        self.relay_ports.as_ref().is_some_and(|ports| ports.contains(&port))
    }
}

fn in_v4(ip: Ipv4Addr, net: Ipv4Addr, bits: u8) -> bool {
    let differ = ip.to_bits() ^ net.to_bits();
    differ.checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
}

fn in_v6(ip: Ipv6Addr, net: Ipv6Addr, bits: u8) -> bool {
    let differ = ip.to_bits() ^ net.to_bits();
    differ.checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
}

fn is_mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some())
}

/// The IPv4 address that an IPv6 one stands for, whoever translates it.
fn embedded(ip: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(ip) = ip else { return None };
    let low = Ipv4Addr::from_bits(ip.to_bits() as u32);
    let [a, b, c, ..] = ip.segments();
    match (a, b) {
        // Teredo, RFC 4380: the client's address is inverted.
        (0x2001, 0) => Some(Ipv4Addr::from_bits(!low.to_bits())),
        // 6to4, RFC 3056.
        (0x2002, _) => Some(Ipv4Addr::from_bits(u32::from(b) << 16 | u32::from(c))),
        // NAT64, RFC 6052 and RFC 8215.
        (0x64, 0xff9b) => Some(low),
        // These look like compatible ones and are none (RFC 4291 section 2.5.5.1).
        (0, 0) if ip.is_unspecified() || ip.is_loopback() => None,
        // Compatible, mapped and translated: RFC 4291, RFC 2765.
        (0, 0) => Some(low),
        _ => None,
    }
}

/// Whether IANA's registries set the address apart (RFC 6890 and what came after it).
fn is_special(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => SPECIAL_V4.iter().any(|&(net, bits)| in_v4(ip, Ipv4Addr::from_octets(net), bits)),
        IpAddr::V6(ip) => {
            let is_global = in_v6(ip, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
            let within = |&(a, b, bits)| in_v6(ip, Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), bits);
            !is_global || SPECIAL_V6.iter().any(within)
        }
    }
}

const SPECIAL_V4: [([u8; 4], u8); 15] = [
    ([0, 0, 0, 0], 8),       // this network: reaches loopback on Linux
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // behind a carrier's NAT
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local, and the metadata of clouds
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // assignments of the IETF
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 88, 99, 0], 24),  // relays of 6to4
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarks
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, broadcast
];

/// Within 2000::/3; everything outside it is special.
const SPECIAL_V6: [(u16, u16, u8); 4] = [
    (0x2001, 0, 23),      // assignments of the IETF: Teredo, benchmarks, ORCHID
    (0x2001, 0x0db8, 32), // documentation
    (0x2002, 0, 16),      // 6to4
    (0x3fff, 0, 20),      // documentation
];
