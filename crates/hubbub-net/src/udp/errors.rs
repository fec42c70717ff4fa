//! What the network said of datagrams that were sent (`ip(7)`, IP_RECVERR).

use std::io;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, UdpSocket};

use socket2::{MaybeUninitSlice, MsgHdrMut, SockAddr, SockAddrStorage, SockRef};

use super::control;

/// An ICMP message about a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NetworkError {
    /// To whom it was sent.
    pub(crate) peer: SocketAddr,
    /// Type and code, of the version that fits the address.
    pub(crate) kind: u8,
    pub(crate) code: u8,
    /// What more it says: the MTU of a hop.
    pub(crate) info: u32,
}

/// Takes the next message from a socket's error queue.
///
/// # Errors
/// None waits.
pub(crate) fn next_error(socket: &UdpSocket) -> io::Result<Option<NetworkError>> {
    let storage = SockAddrStorage::zeroed();
    let length = storage.size_of();
    // SAFETY: an address of no family, which holds nothing.
    let mut peer = unsafe { SockAddr::new(storage, length) };
    let mut control = [MaybeUninit::new(0); control::SPACE];
    // The datagram itself is not wanted.
    let mut nothing = [MaybeUninit::uninit(); 1];
    let mut buffers = [MaybeUninitSlice::new(&mut nothing)];
    let mut header =
        MsgHdrMut::new().with_addr(&mut peer).with_buffers(&mut buffers).with_control(&mut control);
    SockRef::from(socket).recvmsg(&mut header, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT)?;
    let said = header.control_len().min(control::SPACE);
    // SAFETY: all were zero, and so many were written since.
    let said = unsafe { std::slice::from_raw_parts(control.as_ptr().cast::<u8>(), said) };
    Ok(peer.as_socket().and_then(|peer| control::read(said).find_map(|said| read(&said, peer))))
}

fn read(said: &control::Said<'_>, peer: SocketAddr) -> Option<NetworkError> {
    let ours = [(libc::IPPROTO_IP, libc::IP_RECVERR), (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)];
    // `struct sock_extended_err`: the number of the error, where it comes from, its type and code, padding, and the info.
    let &[e0, e1, e2, e3, origin, kind, code, _, i0, i1, i2, i3] = said.data.first_chunk()?;
    if !ours.contains(&(said.level, said.kind)) {
        return None;
    }
    let info = u32::from_ne_bytes([i0, i1, i2, i3]);
    match origin {
        libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6 => Some(NetworkError { peer, kind, code, info }),
        // Our own network says that a datagram is too long, in the place of the next hop.
        libc::SO_EE_ORIGIN_LOCAL if i32::from_ne_bytes([e0, e1, e2, e3]) == libc::EMSGSIZE => {
            let (kind, code) = if peer.is_ipv4() { (3, 4) } else { (2, 0) };
            Some(NetworkError { peer, kind, code, info })
        }
        _ => None,
    }
}
