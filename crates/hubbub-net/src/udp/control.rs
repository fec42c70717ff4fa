//! What goes beside datagrams (`cmsg(3)`).

use std::net::IpAddr;

/// Each begins at a multiple of this.
const ALIGN: usize = size_of::<usize>();
/// Bytes before the data of each.
const HEADER: usize = size_of::<libc::cmsghdr>().next_multiple_of(ALIGN);
/// Bytes for all that is asked for or given: a segment size and one of our addresses, and room for what a kernel adds.
pub(super) const SPACE: usize = 128;

/// What is said of datagrams that are sent.
#[derive(Default)]
pub(super) struct Control {
    bytes: Vec<u8>,
}

impl Control {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// They lie one after the other, each of so many bytes (`udp(7)`).
    pub(super) fn segments(&mut self, bytes: u16) {
        self.push(libc::SOL_UDP, libc::UDP_SEGMENT, &bytes.to_ne_bytes());
    }

    /// They leave from this address of ours (`ip(7)`, RFC 3542 §6).
    pub(super) fn source(&mut self, ip: IpAddr) {
        match ip {
            // The index of an interface, the address to leave from, and one that counts only on the way in.
            IpAddr::V4(ip) => {
                let mut info = [0; 12];
                info[4..8].copy_from_slice(&ip.octets());
                self.push(libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
            }
            // The address, and the index of an interface.
            IpAddr::V6(ip) => {
                let mut info = [0; 20];
                info[..16].copy_from_slice(&ip.octets());
                self.push(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &info);
            }
        }
    }

    fn push(&mut self, level: i32, kind: i32, data: &[u8]) {
        // SAFETY: of integers only, which may all be zero.
        let mut header: libc::cmsghdr = unsafe { std::mem::zeroed() };
        header.cmsg_len = (HEADER + data.len()) as _;
        header.cmsg_level = level;
        header.cmsg_type = kind;
        let pointer = std::ptr::from_ref(&header).cast::<u8>();
        // SAFETY: so many bytes are there, and all of them were written above.
        let header = unsafe { std::slice::from_raw_parts(pointer, size_of::<libc::cmsghdr>()) };
        let start = self.bytes.len();
        self.bytes.resize(start + HEADER + data.len().next_multiple_of(ALIGN), 0);
        self.bytes[start..start + header.len()].copy_from_slice(header);
        self.bytes[start + HEADER..start + HEADER + data.len()].copy_from_slice(data);
    }
}

/// One thing that the kernel says of what it gave.
pub(super) struct Said<'a> {
    pub(super) level: i32,
    pub(super) kind: i32,
    pub(super) data: &'a [u8],
}

/// Reads all that is said.
pub(super) fn read(mut bytes: &[u8]) -> impl Iterator<Item = Said<'_>> {
    std::iter::from_fn(move || {
        let header = bytes.get(..size_of::<libc::cmsghdr>())?;
        // SAFETY: so many bytes are there; they need not be aligned, and integers may be anything.
        let header = unsafe { header.as_ptr().cast::<libc::cmsghdr>().read_unaligned() };
        let length = header.cmsg_len as usize;
        let data = bytes.get(HEADER..length)?;
        bytes = bytes.get(length.next_multiple_of(ALIGN)..).unwrap_or_default();
        Some(Said { level: header.cmsg_level, kind: header.cmsg_type, data })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut control = Control::default();
        control.segments(1200);
        control.source("192.0.2.7".parse().unwrap());
        control.source("2001:db8::7".parse().unwrap());
        let said: Vec<_> =
            read(control.bytes()).map(|said| (said.level, said.kind, said.data.to_vec())).collect();
        assert_eq!(said[0], (libc::SOL_UDP, libc::UDP_SEGMENT, 1200u16.to_ne_bytes().to_vec()));
        assert_eq!(said[1].2[4..8], [192, 0, 2, 7]);
        assert_eq!((said[2].0, said[2].2.len()), (libc::IPPROTO_IPV6, 20));
        assert_eq!(said.len(), 3);
        assert!(control.bytes().len() <= SPACE);
    }

    #[test]
    fn what_is_cut_off_is_not_read() {
        let mut control = Control::default();
        control.segments(1200);
        for length in 0..HEADER {
            assert_eq!(read(&control.bytes()[..length]).count(), 0);
        }
    }
}
