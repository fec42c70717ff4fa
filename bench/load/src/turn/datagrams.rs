//! Many datagrams in one call: sendmmsg(2) and recvmmsg(2). To the kernel each is one by itself, without GSO and GRO, as those of
//! most clients are; or, for [`Card::Cutting`], those of one flow that are equally long are one piece until they come to their
//! receiver, as behind a network card that cuts what is sent and joins what it receives (udp(7), UDP_SEGMENT and UDP_GRO).
//!
//! One socket stands for several clients: each has an address of its own, which its datagrams say (IP_PKTINFO, ip(7)). So a
//! server sees as many clients as it should, and the load generator takes what many of them got in one call.

use std::io;
use std::mem::{align_of, offset_of, size_of, zeroed};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::Range;
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
/// Datagrams in one piece at most, and their bytes.
const JOINED: (usize, usize) = (64, 65_000);

/// What is between the load generator and the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Card {
    /// Every datagram by itself.
    #[default]
    Plain,
    /// Equal ones of a flow in one piece.
    Cutting,
}

/// A socket on a port of its own that never blocks; with the unspecified address it stands for many.
pub(crate) fn open(ip: Ipv4Addr, card: Card) -> Result<UdpSocket> {
    let make = || -> io::Result<UdpSocket> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        switch_on(&socket, libc::IPPROTO_IP, libc::IP_PKTINFO)?;
        if card == Card::Cutting {
            switch_on(&socket, libc::SOL_UDP, libc::UDP_GRO)?;
        }
        socket.bind(&SocketAddrV4::new(ip, 0).into())?;
        socket.set_nonblocking(true)?;
        Ok(UdpSocket::from_std(socket.into()))
    };
    make().doing(|| format!("opening a UDP socket on {ip}"))
}

fn switch_on(socket: &Socket, level: c_int, option: c_int) -> io::Result<()> {
    let yes: c_int = 1;
    // SAFETY: the option's value is one `c_int`, and `yes` is one that lives until the call is over.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const yes).cast(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
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

/// What goes with a datagram, as the kernel reads and writes it (cmsg(3)): our address, and how long the parts of a piece are.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control {
    bytes: [u8; 64],
    length: usize,
}

impl Control {
    /// Nothing yet, for the kernel to write.
    const EMPTY: Self = Self { bytes: [0; 64], length: 0 };

    /// From this address; the unspecified one says nothing.
    fn from(ip: Ipv4Addr) -> Self {
        let mut control = Self::EMPTY;
        if !ip.is_unspecified() {
            let mut info = [0; size_of::<in_pktinfo>()];
            info[offset_of!(in_pktinfo, ipi_spec_dst)..][..4].copy_from_slice(&ip.octets());
            control.add(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
        }
        control
    }

    /// A piece whose parts are so long.
    fn of_parts(mut self, bytes: usize) -> Self {
        self.add(libc::SOL_UDP, libc::UDP_SEGMENT, &(bytes as u16).to_ne_bytes());
        self
    }

    fn add(&mut self, level: c_int, kind: c_int, data: &[u8]) {
        let length = size_of::<cmsghdr>() + data.len();
        let bytes = [&length.to_ne_bytes()[..], &level.to_ne_bytes(), &kind.to_ne_bytes(), data].concat();
        self.bytes[self.length..][..bytes.len()].copy_from_slice(&bytes);
        self.length = (self.length + bytes.len()).next_multiple_of(align_of::<usize>());
    }

    /// What the kernel has written in the first `length` bytes: each kind, and where its data begins.
    fn said(&self, length: usize) -> impl Iterator<Item = (c_int, c_int, &[u8])> {
        let mut rest = &self.bytes[..length.min(self.bytes.len())];
        std::iter::from_fn(move || {
            let (size, after) = rest.split_first_chunk::<{ size_of::<usize>() }>()?;
            let (level, after) = after.split_first_chunk::<4>()?;
            let (kind, _) = after.split_first_chunk::<4>()?;
            let size = usize::from_ne_bytes(*size);
            let data = rest.get(size_of::<cmsghdr>()..size)?;
            rest = rest.get(size.next_multiple_of(align_of::<usize>())..).unwrap_or_default();
            Some((c_int::from_ne_bytes(*level), c_int::from_ne_bytes(*kind), data))
        })
    }

    /// To which address a datagram came.
    fn to(&self, length: usize) -> Option<Ipv4Addr> {
        let info = self.said(length).find(|said| (said.0, said.1) == (libc::IPPROTO_IP, libc::IP_PKTINFO));
        let octets = info?.2.get(offset_of!(in_pktinfo, ipi_addr)..)?.first_chunk()?;
        Some(Ipv4Addr::from_octets(*octets))
    }

    /// How long the parts of a piece are.
    fn parts(&self, length: usize) -> Option<usize> {
        let said = self.said(length).find(|said| (said.0, said.1) == (libc::SOL_UDP, libc::UDP_GRO));
        usize::try_from(c_int::from_ne_bytes(*said?.2.first_chunk()?)).ok()
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
            let room = if receiving { control.bytes.len() } else { control.length };
            if room > 0 {
                head.msg_hdr.msg_control = control.bytes.as_mut_ptr().cast();
                head.msg_hdr.msg_controllen = room as _;
            }
            head
        }));
        (self.heads.as_mut_ptr(), self.heads.len() as c_uint)
    }
}

/// Sends what outboxes have.
pub(crate) struct Sender {
    heads: Heads,
    /// How many datagrams are in each piece.
    counts: Vec<usize>,
    card: Card,
}

impl Sender {
    /// One for all sockets.
    pub(crate) fn new(card: Card) -> Self {
        Self { heads: Heads::new(), counts: Vec::with_capacity(BATCH), card }
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
        self.heads.clear();
        self.counts.clear();
        let mut left = &outbox.datagrams[first..];
        while self.counts.len() < BATCH
            && let Some(datagram) = left.first()
        {
            let length = datagram.end - begin;
            let count = self.joined(left, begin);
            let bytes = &outbox.bytes[begin..left[count - 1].end];
            begin += bytes.len();
            left = &left[count..];
            let control = Control::from(datagram.from);
            let control = if count > 1 { control.of_parts(length) } else { control };
            // The kernel only reads what it sends.
            let piece = iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
            self.heads.push(name(datagram.to), control, piece);
            self.counts.push(count);
        }
        let (heads, count) = self.heads.point(false);
        // SAFETY: there are `count` heads; all they point to belongs to `self.heads` and `outbox`, which stay as they are until
        // the call is over, and is as long as they say.
        let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), heads, count, libc::MSG_DONTWAIT) };
        Ok(self.counts[..result(sent)?].iter().sum())
    }

    /// How many of these, whose bytes begin at `begin`, go in one piece.
    fn joined(&self, datagrams: &[Datagram], begin: usize) -> usize {
        let Some(first) = datagrams.first().filter(|_| self.card == Card::Cutting) else { return 1 };
        let ((most, most_bytes), length) = (JOINED, first.end - begin);
        let mut before = begin;
        let alike = datagrams.iter().take(most).take_while(|one| {
            let is_alike = (one.from, one.to, one.end - before) == (first.from, first.to, length);
            before = one.end;
            is_alike && one.end - begin <= most_bytes
        });
        if length == 0 { 1 } else { alike.count() }
    }
}

/// Receives datagrams, and holds them until the next call.
pub(crate) struct Receiver {
    heads: Heads,
    bytes: Vec<u8>,
    /// How many bytes there are for each piece.
    slot: usize,
    /// The datagrams: in which piece each is, and where in the bytes.
    found: Vec<(usize, Range<usize>)>,
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
    pub(crate) fn new(card: Card) -> Self {
        let slot = if card == Card::Cutting { 1 << 16 } else { LARGEST };
        Self { heads: Heads::new(), bytes: vec![0; BATCH * slot], slot, found: Vec::with_capacity(BATCH) }
    }

    /// Takes what has come, at most [`BATCH`] pieces. `true`: more may be there.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> Result<bool> {
        self.heads.clear();
        self.found.clear();
        for place in self.bytes.chunks_exact_mut(self.slot) {
            let piece = iovec { iov_base: place.as_mut_ptr().cast(), iov_len: self.slot };
            self.heads.push(name(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)), Control::EMPTY, piece);
        }
        let (heads, count) = self.heads.point(true);
        // SAFETY: there are `count` heads; all they point to belongs to `self`, which stays as it is until the call is over,
        // and is as long as they say. Without a time limit there is none to write to.
        let got =
            unsafe { libc::recvmmsg(socket.as_raw_fd(), heads, count, libc::MSG_DONTWAIT, ptr::null_mut()) };
        let got = result(got).doing(|| "receiving datagrams".to_owned())?;
        (0..got).for_each(|piece| self.cut(piece));
        Ok(got == BATCH)
    }

    /// Finds the datagrams of a piece.
    fn cut(&mut self, piece: usize) {
        let head = &self.heads.heads[piece];
        let (begin, length) = (piece * self.slot, head.msg_len as usize);
        let parts = self.heads.controls[piece].parts(head.msg_hdr.msg_controllen as _).unwrap_or(length);
        let (end, step) = (begin + length, parts.max(1));
        // One of nothing is one as well.
        let starts = (begin..end.max(begin + 1)).step_by(step);
        self.found.extend(starts.map(|start| (piece, start..(start + step).min(end))));
    }

    /// How many datagrams have come.
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// Number `n` of those that have come.
    pub(crate) fn datagram(&self, n: usize) -> Result<Received<'_>> {
        let (piece, place) = &self.found[n];
        let head = &self.heads.heads[*piece].msg_hdr;
        if head.msg_flags & libc::MSG_TRUNC != 0 {
            return Err(Failure::Protocol(format!("a datagram of more than {} bytes", self.slot)));
        }
        let to = self.heads.controls[*piece].to(head.msg_controllen as _);
        let to = to.ok_or_else(|| Failure::Protocol("no IP_PKTINFO".to_owned()))?;
        Ok(Received { from: address(&self.heads.names[*piece]), to, bytes: &self.bytes[place.clone()] })
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
        let (mut receiver, mut found) = (Receiver::new(Card::Cutting), Vec::new());
        while found.len() < count {
            receiver.receive(socket).unwrap();
            for n in 0..receiver.count() {
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
        let (many, one) = (
            open(Ipv4Addr::UNSPECIFIED, Card::Plain).unwrap(),
            open(Ipv4Addr::LOCALHOST, Card::Plain).unwrap(),
        );
        let to = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port(&one));
        let mut outbox = Outbox::default();
        // More than go in one call.
        let clients: Vec<Ipv4Addr> = (1..=100).map(|n| Ipv4Addr::new(127, 3, 2, n)).collect();
        for ip in &clients {
            outbox.add(*ip, to, |bytes| bytes.extend_from_slice(&ip.octets()));
        }
        assert!(Sender::new(Card::Plain).send(&many, &mut outbox).unwrap() && outbox.is_empty());
        for (ip, (from, to, bytes)) in clients.iter().zip(received(&one, 100)) {
            assert_eq!((from, to), (SocketAddrV4::new(*ip, port(&many)), Ipv4Addr::LOCALHOST));
            assert_eq!(bytes, ip.octets());
        }
        outbox.add(Ipv4Addr::UNSPECIFIED, SocketAddrV4::new(clients[7], port(&many)), |_| ());
        Sender::new(Card::Plain).send(&one, &mut outbox).unwrap();
        assert_eq!(received(&many, 1), [(to, clients[7], Vec::new())]);
    }

    #[test]
    fn what_is_cut_off_is_not_taken() {
        let socket = open(Ipv4Addr::LOCALHOST, Card::Plain).unwrap();
        let to = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port(&socket));
        let mut outbox = Outbox::default();
        outbox.add(Ipv4Addr::UNSPECIFIED, to, |bytes| bytes.resize(LARGEST + 1, 0));
        Sender::new(Card::Plain).send(&socket, &mut outbox).unwrap();
        let mut receiver = Receiver::new(Card::Plain);
        while receiver.count() == 0 {
            receiver.receive(&socket).unwrap();
        }
        assert!(receiver.datagram(0).is_err());
    }

    #[test]
    fn equal_ones_of_a_flow_go_as_one_piece() {
        let (from, to) = (
            open(Ipv4Addr::UNSPECIFIED, Card::Cutting).unwrap(),
            open(Ipv4Addr::LOCALHOST, Card::Cutting).unwrap(),
        );
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port(&to));
        let mut outbox = Outbox::default();
        let ip = Ipv4Addr::new(127, 3, 2, 1);
        let sent: Vec<Vec<u8>> = (0..100u8).map(|n| vec![n; if n % 40 == 39 { 7 } else { 300 }]).collect();
        sent.iter().for_each(|bytes| outbox.add(ip, address, |out| out.extend_from_slice(bytes)));
        let mut sender = Sender::new(Card::Cutting);
        assert!(sender.send(&from, &mut outbox).unwrap());
        assert_eq!(sender.counts, [39, 1, 39, 1, 20]);
        for (one, (whose, to, bytes)) in sent.iter().zip(received(&to, 100)) {
            assert_eq!((whose, to), (SocketAddrV4::new(ip, port(&from)), Ipv4Addr::LOCALHOST));
            assert_eq!(bytes, *one);
        }
    }
}
