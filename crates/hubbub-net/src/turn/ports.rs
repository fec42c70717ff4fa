//! Which ports have a relay now: one set for all workers. At this machine's own addresses nothing else may be reached, and whoever
//! listens there with a port of the same range, on loopback maybe, is nobody's peer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Ports with a relay, of each protocol.
#[derive(Clone)]
pub(crate) struct OpenPorts(Arc<[[AtomicU64; WORDS]; 2]>);

const WORDS: usize = (1 << 16) / 64;

/// Of which protocol a relay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Udp,
    Tcp,
}

impl Default for OpenPorts {
    fn default() -> Self {
        Self(Arc::new([const { [const { AtomicU64::new(0) }; WORDS] }; 2]))
    }
}

impl OpenPorts {
    /// A relay is there.
    pub(crate) fn open(&self, protocol: Protocol, port: u16) {
        self.word(protocol, port).fetch_or(bit(port), Ordering::Relaxed);
    }

    /// It is not any more.
    pub(crate) fn close(&self, protocol: Protocol, port: u16) {
        self.word(protocol, port).fetch_and(!bit(port), Ordering::Relaxed);
    }

    pub(crate) fn is_open(&self, protocol: Protocol, port: u16) -> bool {
        self.word(protocol, port).load(Ordering::Relaxed) & bit(port) != 0
    }

    fn word(&self, protocol: Protocol, port: u16) -> &AtomicU64 {
        &self.0[protocol as usize][usize::from(port) / 64]
    }
}

fn bit(port: u16) -> u64 {
    1 << (port % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_is_its_own() {
        let (ports, other) = (OpenPorts::default(), OpenPorts::default());
        for port in [0, 63, 64, 49_152, 65_535] {
            ports.open(Protocol::Udp, port);
            assert!(ports.clone().is_open(Protocol::Udp, port) && !ports.is_open(Protocol::Tcp, port));
            assert!(!ports.is_open(Protocol::Udp, port ^ 1) && !other.is_open(Protocol::Udp, port));
        }
        ports.close(Protocol::Udp, 64);
        assert!(!ports.is_open(Protocol::Udp, 64) && ports.is_open(Protocol::Udp, 63));
    }
}
