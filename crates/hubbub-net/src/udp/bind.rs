//! Sockets for datagrams, and what they are told.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use socket2::{Domain, Protocol, Socket, Type};

/// One that shares its address with those of the other workers: the kernel gives all datagrams of one peer to the same.
///
/// # Errors
/// The address cannot be bound.
pub(crate) fn bind_listening(address: SocketAddr, buffer: Option<usize>) -> io::Result<UdpSocket> {
    let socket = new(address)?;
    socket.set_reuse_port(true)?;
    if let Some(bytes) = buffer {
        // More than the system allows is cut down to that without a word.
        socket.set_recv_buffer_size(bytes)?;
        socket.set_send_buffer_size(bytes)?;
    }
    // At an unspecified address, to answer from where a datagram was sent to.
    if address.ip().is_unspecified() {
        let (level, option) = match address {
            SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_PKTINFO),
            SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
        };
        set(&socket, level, option, 1)?;
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// One that relays: it is told of what its datagrams run into (`ip(7)`, IP_RECVERR), and they may be fragmented (RFC 8656 §14).
///
/// # Errors
/// The address cannot be bound.
pub(crate) fn bind_relay(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = new(address)?;
    let (level, option) = match address {
        SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_RECVERR),
        SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
    };
    set(&socket, level, option, 1)?;
    may_fragment(&socket, address.is_ipv4(), true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Whether datagrams may be fragmented from here on.
///
/// # Errors
/// The system does not know the option.
pub(super) fn may_fragment(socket: &impl AsRawFd, ipv4: bool, may: bool) -> io::Result<()> {
    match (ipv4, may) {
        (true, true) => set(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DONT),
        (true, false) => set(socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_DO),
        (false, true) => set(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_DONT),
        (false, false) => set(socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_DO),
    }
}

fn new(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Kernels before 5.0 do not know it, and give datagrams one by one.
    let _ = set(&socket, libc::SOL_UDP, libc::UDP_GRO, 1);
    Ok(socket)
}

fn set(socket: &impl AsRawFd, level: i32, option: i32, value: i32) -> io::Result<()> {
    let (pointer, size) = (std::ptr::from_ref(&value).cast(), size_of::<i32>() as libc::socklen_t);
    // SAFETY: the descriptor is open as long as `socket` is borrowed, and the value lives until the call returns.
    match unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, pointer, size) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
