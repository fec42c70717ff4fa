//! Many datagrams in one call: sendmmsg(2) and recvmmsg(2). To the kernel each is one by itself, without GSO and GRO, as those of
//! most clients are.
//!
//! One socket stands for several clients: each has an address of its own, which its datagrams say (IP_PKTINFO, ip(7)). So a
//! server sees as many clients as it should, and the load generator takes what many of them got in one call.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::ptr;

use libc::{c_int, c_uint, cmsghdr, in_pktinfo, iovec, mmsghdr, sockaddr_in};
use mio::net::UdpSocket;
use socket2::{Domain, Socket, Type};

use crate::failure::{Doing, Failure, Result};

/// How many go in one call.
pub(crate) const BATCH: usize = 64;
/// The largest that is received.
const LARGEST: usize = 2048;

/// A socket on a port of its own that never blocks; with the unspecified address it stands for many.
pub(crate) fn open(ip: Ipv4Addr) -> Result<UdpSocket> {
    let make = || -> io::Result<UdpSocket> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        let yes: c_int = 1;
        // SAFETY: the option's value is one `c_int`, and `yes` is one that lives until the call is over.
        let status = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::IPPROTO_IP,
                libc::IP_PKTINFO,
                (&raw const yes).cast(),
                size_of::<c_int>() as libc::socklen_t,
            )
        };
        if status != 0 {
            return Err(io::Error::last_os_error());
        }
        socket.bind(&SocketAddrV4::new(ip, 0).into())?;
        socket.set_nonblocking(true)?;
        Ok(UdpSocket::from_std(socket.into()))
    };
    make().doing(|| format!("opening a UDP socket on {ip}"))
}

/// Datagrams that are to be sent on one socket.
#[derive(Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    datagrams: Vec<Datagram>,
}

struct Datagram {
    from: Ipv4Addr,
    to: SocketAddrV4,
    /// Where it ends in the bytes.
    end: usize,
}

impl Outbox {
    /// Adds one; `write` appends its bytes. The unspecified address leaves it to the socket where it comes from.
    pub(crate) fn add(&mut self, from: Ipv4Addr, to: SocketAddrV4, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.datagrams.push(Datagram { from, to, end: self.bytes.len() });
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }
}

/// What a datagram says about the addresses of this machine, as the kernel reads and writes it (cmsg(3)).
#[repr(C)]
#[derive(Clone, Copy)]
struct Control {
    head: cmsghdr,
    info: in_pktinfo,
}

impl Control {
    /// Nothing yet, for the kernel to write.
    fn empty() -> Self {
        // SAFETY: both are structures of C that are made of integers, for which zeros are valid.
        unsafe { zeroed() }
    }

    fn from(ip: Ipv4Addr) -> Self {
        let mut control = Self::empty();
        control.head.cmsg_len = (size_of::<cmsghdr>() + size_of::<in_pktinfo>()) as _;
        control.head.cmsg_level = libc::IPPROTO_IP;
        control.head.cmsg_type = libc::IP_PKTINFO;
        control.info.ipi_spec_dst.s_addr = ip.to_bits().to_be();
        control
    }

    /// To which address a datagram came.
    fn to(&self) -> Option<Ipv4Addr> {
        let right = self.head.cmsg_level == libc::IPPROTO_IP && self.head.cmsg_type == libc::IP_PKTINFO;
        right.then(|| Ipv4Addr::from_bits(u32::from_be(self.info.ipi_addr.s_addr)))
    }
}

fn name(address: SocketAddrV4) -> sockaddr_in {
    sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr { s_addr: address.ip().to_bits().to_be() },
        sin_zero: [0; 8],
    }
}

fn address(name: &sockaddr_in) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::from_bits(u32::from_be(name.sin_addr.s_addr)), u16::from_be(name.sin_port))
}

/// What the kernel is given in one call: for each datagram a head that points to the other three.
struct Heads {
    names: Vec<sockaddr_in>,
    controls: Vec<Control>,
    pieces: Vec<iovec>,
    heads: Vec<mmsghdr>,
}

impl Heads {
    fn new() -> Self {
        Self {
            names: Vec::with_capacity(BATCH),
            controls: Vec::with_capacity(BATCH),
            pieces: Vec::with_capacity(BATCH),
            heads: Vec::with_capacity(BATCH),
        }
    }

    fn clear(&mut self) {
        self.names.clear();
        self.controls.clear();
        self.pieces.clear();
        self.heads.clear();
    }

    /// One more; `piece` is where its bytes are.
    fn push(&mut self, name: sockaddr_in, control: Control, piece: iovec) {
        self.names.push(name);
        self.controls.push(control);
        self.pieces.push(piece);
    }

    /// Makes the heads once all is in its place, and until more is pushed. With an empty control none is shown.
    fn point(&mut self, receiving: bool) -> (*mut mmsghdr, c_uint) {
        let parts = self.names.iter_mut().zip(&mut self.controls).zip(&mut self.pieces);
        self.heads.extend(parts.map(|((name, control), piece)| {
            // SAFETY: a structure of C that is made of integers and pointers, for which zeros are valid.
            let mut head: mmsghdr = unsafe { zeroed() };
            head.msg_hdr.msg_name = ptr::from_mut(name).cast();
            head.msg_hdr.msg_namelen = size_of::<sockaddr_in>() as libc::socklen_t;
            head.msg_hdr.msg_iov = piece;
            head.msg_hdr.msg_iovlen = 1;
            if receiving || control.head.cmsg_len != 0 {
                head.msg_hdr.msg_control = ptr::from_mut(control).cast();
                head.msg_hdr.msg_controllen = size_of::<Control>() as _;
            }
            head
        }));
        (self.heads.as_mut_ptr(), self.heads.len() as c_uint)
    }
}

/// Sends what outboxes have.
pub(crate) struct Sender(Heads);

impl Sender {
    /// One for all sockets.
    pub(crate) fn new() -> Self {
        Self(Heads::new())
    }

    /// Sends all of it; what the kernel has no room for stays. Answers whether nothing does.
    pub(crate) fn send(&mut self, socket: &UdpSocket, outbox: &mut Outbox) -> Result<bool> {
        let (mut gone, mut begin) = (0, 0);
        while gone < outbox.datagrams.len() {
            let sent = self.batch(socket, outbox, gone, begin).doing(|| "sending datagrams".to_owned())?;
            if sent == 0 {
                break;
            }
            gone += sent;
            begin = outbox.datagrams[gone - 1].end;
        }
        outbox.bytes.drain(..begin);
        outbox.datagrams.drain(..gone);
        outbox.datagrams.iter_mut().for_each(|datagram| datagram.end -= begin);
        Ok(outbox.is_empty())
    }

    /// One call for those from number `first` on, whose bytes begin at `begin`; answers how many have gone.
    fn batch(
        &mut self,
        socket: &UdpSocket,
        outbox: &Outbox,
        first: usize,
        mut begin: usize,
    ) -> io::Result<usize> {
        self.0.clear();
        for datagram in outbox.datagrams[first..].iter().take(BATCH) {
            let bytes = &outbox.bytes[begin..datagram.end];
            begin = datagram.end;
            let control = match datagram.from {
                Ipv4Addr::UNSPECIFIED => Control::empty(),
                ip => Control::from(ip),
            };
            // The kernel only reads what it sends.
            let piece = iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
            self.0.push(name(datagram.to), control, piece);
        }
        let (heads, count) = self.0.point(false);
        // SAFETY: there are `count` heads; all they point to belongs to `self.0` and `outbox`, which stay as they are until
        // the call is over, and is as long as they say.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), heads, count, libc::MSG_DONTWAIT) };
        result(sent)
    }
}

/// Receives datagrams, and holds them until the next call.
pub(crate) struct Receiver {
    heads: Heads,
    bytes: Vec<u8>,
}

/// One that has come.
pub(crate) struct Received<'a> {
    /// From there.
    pub(crate) from: SocketAddrV4,
    /// To this address of ours.
    pub(crate) to: Ipv4Addr,
    /// What it carries.
    pub(crate) bytes: &'a [u8],
}

impl Receiver {
    /// One for all sockets.
    pub(crate) fn new() -> Self {
        Self { heads: Heads::new(), bytes: vec![0; BATCH * LARGEST] }
    }

    /// Takes what has come, at most [`BATCH`]; answers how many. Fewer than that have emptied the socket.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> Result<usize> {
        self.heads.clear();
        for place in self.bytes.chunks_exact_mut(LARGEST) {
            let piece = iovec { iov_base: place.as_mut_ptr().cast(), iov_len: LARGEST };
            self.heads.push(name(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)), Control::empty(), piece);
        }
        let (heads, count) = self.heads.point(true);
        // SAFETY: there are `count` heads; all they point to belongs to `self`, which stays as it is until the call is over,
        // and is as long as they say. Without a time limit there is none to write to.
        let got =
            unsafe { libc::recvmmsg(socket.as_raw_fd(), heads, count, libc::MSG_DONTWAIT, ptr::null_mut()) };
        result(got).doing(|| "receiving datagrams".to_owned())
    }

    /// Number `n` of those that have come.
    pub(crate) fn datagram(&self, n: usize) -> Result<Received<'_>> {
        let head = &self.heads.heads[n];
        if head.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return Err(Failure::Protocol(format!("a datagram of more than {LARGEST} bytes")));
        }
        let to = self.heads.controls[n].to().ok_or_else(|| Failure::Protocol("no IP_PKTINFO".to_owned()))?;
        let begin = n * LARGEST;
        let bytes = &self.bytes[begin..begin + head.msg_len as usize];
        Ok(Received { from: address(&self.heads.names[n]), to, bytes })
    }
}

/// How many, none if there is nothing or no room.
fn result(count: c_int) -> io::Result<usize> {
    match usize::try_from(count) {
        Ok(count) => Ok(count),
        Err(_) => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            error => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits for so many; answers where each came from, where to, and its bytes.
    fn received(socket: &UdpSocket, count: usize) -> Vec<(SocketAddrV4, Ipv4Addr, Vec<u8>)> {
        let (mut receiver, mut found) = (Receiver::new(), Vec::new());
        while found.len() < count {
            for n in 0..receiver.receive(socket).unwrap() {
                let one = receiver.datagram(n).unwrap();
                found.push((one.from, one.to, one.bytes.to_vec()));
            }
        }
        found
    }

    fn port(socket: &UdpSocket) -> u16 {
        socket.local_addr().unwrap().port()
    }

    #[test]
    fn one_socket_stands_for_many() {
        let (many, one) = (open(Ipv4Addr::UNSPECIFIED).unwrap(), open(Ipv4Addr::LOCALHOST).unwrap());
        let to = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port(&one));
        let mut outbox = Outbox::default();
        // More than go in one call.
        let clients: Vec<Ipv4Addr> = (1..=100).map(|n| Ipv4Addr::new(127, 3, 2, n)).collect();
        for ip in &clients {
            outbox.add(*ip, to, |bytes| bytes.extend_from_slice(&ip.octets()));
        }
        assert!(Sender::new().send(&many, &mut outbox).unwrap() && outbox.is_empty());
        for (ip, (from, to, bytes)) in clients.iter().zip(received(&one, 100)) {
            assert_eq!((from, to), (SocketAddrV4::new(*ip, port(&many)), Ipv4Addr::LOCALHOST));
            assert_eq!(bytes, ip.octets());
        }
        outbox.add(Ipv4Addr::UNSPECIFIED, SocketAddrV4::new(clients[7], port(&many)), |_| ());
        Sender::new().send(&one, &mut outbox).unwrap();
        assert_eq!(received(&many, 1), [(to, clients[7], Vec::new())]);
    }

    #[test]
    fn what_is_cut_off_is_not_taken() {
        let socket = open(Ipv4Addr::LOCALHOST).unwrap();
        let to = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port(&socket));
        let mut outbox = Outbox::default();
        outbox.add(Ipv4Addr::UNSPECIFIED, to, |bytes| bytes.resize(LARGEST + 1, 0));
        Sender::new().send(&socket, &mut outbox).unwrap();
        let mut receiver = Receiver::new();
        while receiver.receive(&socket).unwrap() == 0 {}
        assert!(receiver.datagram(0).is_err());
    }
}
