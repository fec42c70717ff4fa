//! Where others ask what a worker relays, and read what it has counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hubbub_turn::{AllocationView, Server};
use hubbub_worker::counters::Kind;
use tokio::sync::mpsc;

use super::neighbours::{Heard, Neighbours, neighbours};
use crate::metrics::Reading;

/// A question to all workers. Cheap to clone; may be asked on any thread.
#[derive(Clone)]
pub struct TurnDesk(Arc<[Reader]>);

struct Reader {
    ask: mpsc::UnboundedSender<Ask>,
    tallies: Arc<Tallies>,
}

/// What a worker is asked: it adds its allocations, and whoever does so last gives the answer.
pub(crate) type Ask = Arc<Gathering>;

/// One worker's end of it.
pub struct Place {
    pub(crate) asked: mpsc::UnboundedReceiver<Ask>,
    pub(crate) tallies: Arc<Tallies>,
    pub(crate) neighbours: Neighbours,
    pub(crate) heard: Heard,
}

/// A desk for so many workers, and a place for each.
#[must_use]
pub fn desk(workers: u16) -> (TurnDesk, Vec<Place>) {
    let pair = |(neighbours, heard)| {
        let (ask, asked) = mpsc::unbounded_channel();
        let tallies = Arc::new(Tallies::default());
        (Reader { ask, tallies: tallies.clone() }, Place { asked, tallies, neighbours, heard })
    };
    let (readers, places): (Vec<_>, Vec<_>) = neighbours(workers).into_iter().map(pair).unzip();
    (TurnDesk(readers.into()), places)
}

impl TurnDesk {
    /// Has `answer` called, on a worker's thread, with every allocation there is. It must not wait.
    pub fn allocations(&self, answer: impl FnOnce(Vec<AllocationView>) + Send + 'static) {
        let gathering =
            Arc::new(Gathering { found: Mutex::default(), answer: Mutex::new(Some(Box::new(answer))) });
        for reader in &*self.0 {
            // A worker that has ended has none.
            let _ = reader.ask.send(gathering.clone());
        }
    }

    /// What the workers have counted.
    #[must_use]
    pub fn readings(&self) -> Vec<Reading> {
        let one = |index: usize, &(name, help, kind): &(&'static str, &'static str, Kind)| {
            self.0.iter().enumerate().map(move |(worker, reader)| Reading {
                name,
                help,
                kind,
                label: ("worker", worker.to_string()),
                value: reader.tallies.0[index].load(Ordering::Relaxed),
            })
        };
        TALLIES.iter().enumerate().flat_map(|(index, tally)| one(index, tally)).collect()
    }
}

type Answer = Box<dyn FnOnce(Vec<AllocationView>) + Send>;

/// Allocations found so far. When the last who holds it lets go, the answer is given.
pub(crate) struct Gathering {
    found: Mutex<Vec<AllocationView>>,
    answer: Mutex<Option<Answer>>,
}

impl Gathering {
    pub(crate) fn add(&self, more: impl Iterator<Item = AllocationView>) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).extend(more);
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        let found = std::mem::take(self.found.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Some(answer) = self.answer.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            answer(found);
        }
    }
}

/// The numbers of one worker: written by its thread alone, after each batch.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Tallies([AtomicU64; TALLIES.len()]);

/// Each with its name and meaning, in the order of [`Tallies::note`].
const TALLIES: [(&str, &str, Kind); 17] = [
    ("turn_packets_to_peers", "Packets relayed from clients to peers.", Kind::Counter),
    ("turn_bytes_to_peers", "Bytes of their payload.", Kind::Counter),
    ("turn_packets_to_clients", "Packets relayed from peers to clients.", Kind::Counter),
    ("turn_bytes_to_clients", "Bytes of their payload.", Kind::Counter),
    ("turn_bindings", "Binding requests of STUN answered.", Kind::Counter),
    ("turn_allocations_made", "Allocations of TURN made.", Kind::Counter),
    ("turn_challenges", "Requests answered 401 or 438.", Kind::Counter),
    ("turn_bad_credentials", "Requests with a good nonce and wrong credentials.", Kind::Counter),
    ("turn_errors", "Requests answered with any other error.", Kind::Counter),
    ("turn_peers_refused", "Peers refused by the policy.", Kind::Counter),
    (
        "turn_over_budget",
        "Requests left unanswered because their source had used up its budget.",
        Kind::Counter,
    ),
    ("turn_over_bandwidth", "Packets dropped because their user had used up his bandwidth.", Kind::Counter),
    (
        "turn_unwanted",
        "Packets dropped because no allocation, permission or channel is for them.",
        Kind::Counter,
    ),
    ("turn_malformed", "Packets that were no message of STUN or TURN.", Kind::Counter),
    ("turn_dropped", "Packets dropped because a socket or a client's link was full.", Kind::Counter),
    ("turn_allocations", "Allocations of TURN that there are now.", Kind::Gauge),
    ("turn_relays", "Relay sockets open now.", Kind::Gauge),
];

impl Tallies {
    /// Takes over what the machine has counted, and what the shell has `dropped`.
    pub(crate) fn note(&self, server: &Server, dropped: u64) {
        let counted = server.counters();
        let (allocations, relays, _) = server.held();
        let numbers = [
            counted.packets_to_peers,
            counted.bytes_to_peers,
            counted.packets_to_clients,
            counted.bytes_to_clients,
            counted.bindings,
            counted.allocations,
            counted.challenges,
            counted.bad_credentials,
            counted.errors,
            counted.peers_refused,
            counted.over_budget,
            counted.over_bandwidth,
            counted.unwanted,
            counted.malformed,
            dropped,
            allocations as u64,
            relays as u64,
        ];
        for (place, number) in self.0.iter().zip(numbers) {
            place.store(number, Ordering::Relaxed);
        }
    }
}
