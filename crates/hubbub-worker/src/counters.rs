//! What a worker counts. Written by its thread alone, read by whoever scrapes.

use std::sync::atomic::{AtomicU64, Ordering};

/// One number that its worker changes and anybody reads.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `count`. Only the owning worker may call this: it costs no locked instruction.
    pub fn add(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    /// Sets a gauge.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The present value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ident,)+) => {
        /// All that one worker counts.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $name: Counter,)+
        }

        impl Counters {
            /// Each counter's name, meaning and kind, with how to read it.
            pub const ALL: &[(&str, &str, Kind, fn(&Self) -> u64)] =
                &[$((stringify!($name), concat!($($doc),+), Kind::$kind, |counters| counters.$name.get()),)+];
        }
    };
}

/// Whether a number only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It does.
    Counter,
    /// It also falls.
    Gauge,
}

counters! {
    /// Connections accepted.
    connections_accepted: Counter,
    /// Connections refused because the limit was reached.
    connections_refused: Counter,
    /// Connections whose first bytes no protocol spoken here begins with.
    unrecognised: Counter,
    /// Handshakes of TLS that were completed.
    tls_handshakes: Counter,
    /// Handshakes of TLS that failed; each cost its connection.
    tls_failures: Counter,
    /// Connections open now.
    connections: Gauge,
    /// Sessions open now.
    sessions: Gauge,
    /// Sessions begun.
    sessions_opened: Counter,
    /// Sessions that ended because the peer broke its protocol.
    closed_protocol: Counter,
    /// Sessions that ended because the peer read too slowly.
    closed_slow: Counter,
    /// Sessions that ended because the peer was silent.
    closed_timeout: Counter,
    /// Sessions that were refused.
    closed_refused: Counter,
    /// Sessions lost to a fault of the server.
    session_panics: Counter,
    /// Rooms at home here.
    rooms: Gauge,
    /// Messages published in rooms at home here.
    published: Counter,
    /// Messages handed to receivers.
    delivered: Counter,
    /// Messages dropped for slow receivers.
    dropped: Counter,
    /// Bytes received from links.
    received_bytes: Counter,
    /// Bytes sent to links.
    sent_bytes: Counter,
    /// Turns run.
    turns: Counter,
    /// Mail waiting for this worker when it last looked.
    mail_waiting: Gauge,
}
