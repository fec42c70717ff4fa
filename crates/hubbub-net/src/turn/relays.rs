//! The sockets that relay: one for each family of an allocation.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;

use hubbub_turn::{Family, Port, RelayId};
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::time::Timespec;

use super::ports::{OpenPorts, Protocol};
use super::settings::RelayAddress;
use crate::udp::bind_relay;

/// Ports that are tried before there is said to be none.
const TRIES: u16 = 512;
/// Relays that are looked after in a row before others have their turn.
const READY: usize = 64;

/// All of one worker's.
pub(crate) struct Relays {
    open: Vec<Option<Relay>>,
    /// Watches all of them: an entry here costs less than a task each.
    epoll: OwnedFd,
    families: Vec<Site>,
    ports: RangeInclusive<u16>,
    /// Where this server's relays are, whichever worker's.
    taken: OpenPorts,
    /// This machine's addresses, as far as they were known at the start.
    fixed: Vec<IpAddr>,
    /// And those that it has now.
    own: Vec<IpAddr>,
    rng: fastrand::Rng,
    events: Vec<epoll::Event>,
}

struct Relay {
    socket: UdpSocket,
    serial: u32,
    port: u16,
}

/// Where relays of one family are.
struct Site {
    address: RelayAddress,
    /// Our own address behind the announced one, if it is another: by it two relays reach each other, whatever is on the way outside.
    inner: Option<IpAddr>,
}

/// A relay that has something for us.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ready {
    pub(crate) relay: RelayId,
    /// Whether the network has said something of what was sent.
    pub(crate) has_error: bool,
}

impl Relays {
    /// `taken` is the same for all workers; `own` are this machine's addresses.
    pub(crate) fn new(
        addresses: &[RelayAddress],
        ports: RangeInclusive<u16>,
        taken: OpenPorts,
        own: Vec<IpAddr>,
    ) -> io::Result<Self> {
        let families = addresses.iter().map(|address| Site { address: *address, inner: inner(address) });
        Ok(Self {
            open: Vec::new(),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            families: families.collect(),
            ports,
            taken,
            fixed: own.clone(),
            own,
            rng: fastrand::Rng::new(),
            events: Vec::with_capacity(READY),
        })
    }

    /// Where this server's relays are.
    pub(crate) fn taken(&self) -> &OpenPorts {
        &self.taken
    }

    /// Which addresses the machine has now, beside those that are its own in any case. On loopback is what an operator allows by name.
    pub(crate) fn note_interfaces(&mut self, interfaces: Vec<IpAddr>) {
        let more = interfaces.into_iter().filter(|ip| !ip.is_loopback());
        self.own = self.fixed.iter().copied().chain(more).collect();
    }

    /// What becomes readable when a relay does.
    pub(crate) fn watch(&self) -> io::Result<OwnedFd> {
        self.epoll.try_clone()
    }

    /// Opens a relay; with [`Port::EvenAndNext`] two. Gives the address that is announced of it.
    pub(crate) fn open(&mut self, relay: RelayId, family: Family, port: Port) -> Option<SocketAddr> {
        let last = *self.ports.end();
        let bind = |address: SocketAddr| {
            let is_odd = !address.port().is_multiple_of(2);
            if port != Port::Any && is_odd {
                return Err(io::ErrorKind::AddrNotAvailable.into());
            }
            let first = bind_relay(address)?;
            let Port::EvenAndNext(next) = port else { return Ok((first, None)) };
            if address.port() == last {
                return Err(io::ErrorKind::AddrNotAvailable.into());
            }
            let above = bind_relay(SocketAddr::new(address.ip(), address.port() + 1))?;
            Ok((first, Some((next, above))))
        };
        let ((socket, above), announced) = self.bind_free(family, bind)?;
        self.keep(relay, socket).ok()?;
        if let Some((next, socket)) = above
            && self.keep(next, socket).is_err()
        {
            self.close(relay);
            return None;
        }
        Some(announced)
    }

    /// Binds something to a port of relays that is free. Gives the address that is announced of it, too.
    pub(crate) fn bind_free<T>(
        &mut self,
        family: Family,
        bind: impl Fn(SocketAddr) -> io::Result<T>,
    ) -> Option<(T, SocketAddr)> {
        let address = self.site(family)?.address;
        self.candidates().into_iter().find_map(|port| {
            let bound = bind(SocketAddr::new(address.bind, port)).ok()?;
            Some((bound, SocketAddr::new(address.announce, port)))
        })
    }

    /// Ports to try, from a random one on.
    fn candidates(&mut self) -> impl IntoIterator<Item = u16> + use<> {
        let (first, last) = (*self.ports.start(), *self.ports.end());
        let count = u32::from(last.saturating_sub(first)) + 1;
        let begin = self.rng.u32(..count);
        (0..count.min(TRIES.into())).map(move |step| first + ((begin + step) % count) as u16)
    }

    fn keep(&mut self, relay: RelayId, socket: UdpSocket) -> io::Result<()> {
        let data = epoll::EventData::new_u64(u64::from(relay.serial) << 32 | u64::from(relay.index));
        epoll::add(&self.epoll, &socket, data, epoll::EventFlags::IN)?;
        let index = relay.index as usize;
        if index >= self.open.len() {
            self.open.resize_with(index + 1, || None);
        }
        let port = socket.local_addr()?.port();
        self.taken.open(Protocol::Udp, port);
        self.open[index] = Some(Relay { socket, serial: relay.serial, port });
        Ok(())
    }

    /// Its port is free at once.
    pub(crate) fn close(&mut self, relay: RelayId) {
        if self.get(relay).is_some()
            && let Some(closed) = self.open[relay.index as usize].take()
        {
            self.taken.close(Protocol::Udp, closed.port);
        }
    }

    /// The socket of a relay, as long as it is open.
    pub(crate) fn get(&self, relay: RelayId) -> Option<&UdpSocket> {
        let open = self.open.get(relay.index as usize)?.as_ref()?;
        (open.serial == relay.serial).then_some(&open.socket)
    }

    /// Those that have something, as many as one look shows.
    pub(crate) fn ready(&mut self, found: &mut Vec<Ready>) -> io::Result<()> {
        self.events.clear();
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&now))?;
        found.extend(self.events.iter().map(|event| {
            let (data, flags) = (event.data.u64(), event.flags);
            let relay = RelayId { index: data as u32, serial: (data >> 32) as u32 };
            Ready { relay, has_error: flags.contains(epoll::EventFlags::ERR) }
        }));
        Ok(())
    }

    /// Where what is for `peer` goes: what is for a relay of this server takes the way within. `None`: at our own address, and no relay.
    pub(crate) fn inward(&self, protocol: Protocol, peer: SocketAddr) -> Option<SocketAddr> {
        let is_own = self.own.contains(&peer.ip());
        (!is_own || self.taken.is_open(protocol, peer.port())).then(|| {
            self.translate(peer, |site, ip| (site.address.announce == ip).then_some(site.inner).flatten())
        })
    }

    /// From whom a datagram is, as its receiver knows him.
    pub(crate) fn outward(&self, peer: SocketAddr) -> SocketAddr {
        self.translate(peer, |site, ip| (site.inner == Some(ip)).then_some(site.address.announce))
    }

    fn translate(&self, peer: SocketAddr, other: impl Fn(&Site, IpAddr) -> Option<IpAddr>) -> SocketAddr {
        let ip = self.families.iter().find_map(|site| other(site, peer.ip()));
        match ip {
            Some(ip) if self.ports.contains(&peer.port()) => SocketAddr::new(ip, peer.port()),
            _ => peer,
        }
    }

    fn site(&self, family: Family) -> Option<&Site> {
        self.families.iter().find(|site| Family::of(site.address.announce) == family)
    }
}

/// None is needed where this machine has the announced address itself.
fn inner(address: &RelayAddress) -> Option<IpAddr> {
    let is_ours = || UdpSocket::bind((address.announce, 0)).is_ok();
    match address.bind {
        bind if bind == address.announce => None,
        bind if bind.is_unspecified() && is_ours() => None,
        IpAddr::V4(bind) if bind.is_unspecified() => Some(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(bind) if bind.is_unspecified() => Some(Ipv6Addr::LOCALHOST.into()),
        bind => Some(bind),
    }
}
