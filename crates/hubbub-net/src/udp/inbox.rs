//! What has come in: one buffer for a batch of datagrams, one for each worker.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd};

use super::{address, control};

/// Datagrams that one call may read, each of which may be a run of several.
const SLOTS: usize = 32;
/// Bytes for each: no datagram is longer, and no run.
const SLOT: usize = 65_536;

/// A buffer for a batch of datagrams. Memory is taken as far as it was ever written to.
pub(crate) struct Inbox {
    /// They point into the vectors below, none of which ever grows.
    headers: Vec<libc::mmsghdr>,
    #[expect(dead_code, reason = "read by the kernel, through the headers")]
    vectors: Vec<libc::iovec>,
    names: Vec<libc::sockaddr_storage>,
    controls: Vec<[u8; control::SPACE]>,
    bytes: Vec<u8>,
    arrivals: Vec<Arrival>,
}

/// A datagram.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// Where it is in [`Inbox::bytes`].
    pub(crate) place: Range<usize>,
    /// Who sent it.
    pub(crate) from: SocketAddr,
    /// To which of our addresses, if the socket has several.
    pub(crate) to: Option<IpAddr>,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        let mut bytes = vec![0; SLOTS * SLOT];
        // SAFETY: addresses are integers, which may all be zero.
        let mut names: Vec<libc::sockaddr_storage> =
            (0..SLOTS).map(|_| unsafe { std::mem::zeroed() }).collect();
        let mut controls = vec![[0; control::SPACE]; SLOTS];
        let mut vectors: Vec<_> = bytes
            .chunks_exact_mut(SLOT)
            .map(|slot| libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: SLOT })
            .collect();
        let places = vectors.iter_mut().zip(&mut names).zip(&mut controls);
        let headers = places.map(|((vector, name), control)| {
            // SAFETY: integers and pointers, which may all be zero.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = std::ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = control::SPACE as _;
            header
        });
        let headers = headers.collect();
        Self { headers, vectors, names, controls, bytes, arrivals: Vec::with_capacity(SLOTS) }
    }

    /// Reads what waits at a socket, in the place of what was read before. `true`: more may wait.
    ///
    /// # Errors
    /// Nothing waits, or the socket has something else to say.
    pub(crate) fn receive(&mut self, socket: impl AsFd) -> io::Result<bool> {
        self.arrivals.clear();
        let (fd, flags) = (socket.as_fd().as_raw_fd(), libc::MSG_DONTWAIT);
        // SAFETY: each header points to a buffer, a name and a control buffer of its own, whose lengths it says and which live as
        // long as `self`; nobody else looks at them meanwhile.
        let count = unsafe {
            libc::recvmmsg(fd, self.headers.as_mut_ptr(), SLOTS as _, flags as _, std::ptr::null_mut())
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for slot in 0..count {
            self.take(slot);
        }
        Ok(count == SLOTS)
    }

    /// Notes what came in one slot, and makes the slot ready for the next.
    fn take(&mut self, slot: usize) {
        let header = &mut self.headers[slot];
        let length = header.msg_len as usize;
        let said: usize = header.msg_hdr.msg_controllen as _;
        header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        header.msg_hdr.msg_controllen = control::SPACE as _;
        let Some(from) = address::read(&self.names[slot]) else { return };
        let (mut to, mut segment) = (None, length);
        for said in control::read(&self.controls[slot][..said.min(control::SPACE)]) {
            match (said.level, said.kind) {
                (libc::SOL_UDP, libc::UDP_GRO) => segment = run_of(said.data).unwrap_or(length),
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => to = sent_to_v4(said.data),
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => to = sent_to_v6(said.data),
                _ => {}
            }
        }
        let (start, end) = (slot * SLOT, slot * SLOT + length);
        for place in (start..end.max(start + 1)).step_by(segment.max(1)) {
            self.arrivals.push(Arrival { place: place..(place + segment).min(end), from, to });
        }
    }

    /// What came, in order.
    pub(crate) fn arrivals(&self) -> &[Arrival] {
        &self.arrivals
    }

    /// The bytes of all.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// How long each datagram of a run is.
fn run_of(data: &[u8]) -> Option<usize> {
    usize::try_from(i32::from_ne_bytes(*data.first_chunk()?)).ok().filter(|bytes| *bytes > 0)
}

/// The header's destination address: the last field of `in_pktinfo`.
fn sent_to_v4(data: &[u8]) -> Option<IpAddr> {
    data.get(8..12)?.first_chunk().map(|octets: &[u8; 4]| Ipv4Addr::from_octets(*octets).into())
}

fn sent_to_v6(data: &[u8]) -> Option<IpAddr> {
    data.first_chunk().map(|octets: &[u8; 16]| Ipv6Addr::from_octets(*octets).into())
}
