//! Who speaks to the server: the 5-tuple that names an allocation.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

/// How a client reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Plain datagrams. The only transport whose source address may be forged.
    Udp,
    /// A plain byte stream.
    Tcp,
    /// A byte stream inside TLS.
    Tls,
    /// Datagrams inside DTLS.
    Dtls,
}

impl Transport {
    /// Whether messages are parts of a byte stream, where ChannelData is padded to four bytes (RFC 8656 section 12.5).
    pub fn is_stream(self) -> bool {
        matches!(self, Self::Tcp | Self::Tls)
    }

    /// Whether the other end has shown that it receives what is sent to its address.
    pub fn is_proven(self) -> bool {
        self != Self::Udp
    }
}

/// A client: its 5-tuple (RFC 8656 section 3.2), and which of our links it is.
///
/// Two links with the same addresses, one after the other, are two clients: an allocation never outlives its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// How it reaches us.
    pub transport: Transport,
    /// Our address, where its packets arrive.
    pub local: SocketAddr,
    /// Its address, as we see it.
    pub remote: SocketAddr,
    /// A number the caller gives: 0 for UDP, otherwise unique for each connection.
    pub link: u64,
}

impl Hash for Client {
    /// Of the parts that differ in practice: this is done for every packet.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.remote.ip() {
            IpAddr::V4(ip) => state.write_u64(u64::from(ip.to_bits()) << 16 | u64::from(self.remote.port())),
            IpAddr::V6(ip) => {
                state.write_u128(ip.to_bits());
                state.write_u16(self.remote.port());
            }
        }
        state.write_u64(self.link);
    }
}

/// An address family, as REQUESTED-ADDRESS-FAMILY and others say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4, 0x01.
    V4,
    /// IPv6, 0x02.
    V6,
}

impl Family {
    /// Both, in the order in which they are kept.
    pub(crate) const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// That of an address. A mapped address is IPv6: ask about the canonical one.
    pub fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// By its number on the wire.
    pub(crate) fn from_wire(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::V4),
            2 => Some(Self::V6),
            _ => None,
        }
    }

    /// Its number on the wire.
    pub(crate) fn to_wire(self) -> u8 {
        match self {
            Self::V4 => 1,
            Self::V6 => 2,
        }
    }

    /// Its place in arrays that have one for each.
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// An address without what is no part of it on the wire: mapped addresses as IPv4, no scope, no flow.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
