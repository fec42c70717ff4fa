//! What the workers' shares of TURN say to each other: a client that has moved is sent on by the system to another worker than
//! the one that has its allocation (RFC 8016), and a link that is for a connection to a peer (RFC 6062 §5.4) may be accepted by any.

use std::net::TcpStream;
use std::sync::Arc;

use hubbub_turn::{Client, ConnectionId};
use tokio::sync::{mpsc, oneshot};

/// Packets that may wait for one worker; what comes then is lost, as on a full link.
const PACKETS: usize = 1024;
/// Other words that may: each goes back to a request, or to a piece of a connection whose next piece waits for the answer.
const WORDS: usize = 1 << 16;
/// Bits of a link's number that say which of a worker's links it is; those above say whose it is.
const LINK_BITS: u32 = 48;

/// One word.
pub(crate) enum Word {
    /// A packet for this worker's machine, which came to another.
    Packet { from: Client, via: u16, packet: Vec<u8> },
    /// What a client is answered whose packet came to this worker and was another's: it hears of that no sooner than this worker does.
    Answer { to: Client, message: Vec<u8> },
    /// What this client sends is for another worker, until then.
    Redirect { client: Client, worker: u16, until_ms: u64 },
    /// The link of a client whose allocation is this worker's is lost.
    LinkGone { client: Client },
    /// A message for a client whose link is here.
    Send { link: u64, message: Vec<u8> },
    /// A client's link, which is here, and a connection to a peer are one from now on.
    Splice { link: u64, stream: TcpStream, call: Call },
    /// They are one no longer.
    Cut { link: u64 },
    /// So much has passed through a connection of this worker's; for how long is it to rest?
    Passed { connection: ConnectionId, to_peer: u64, to_client: u64, rest_ms: oneshot::Sender<u64> },
    /// A connection of this worker's has ended.
    Gone { connection: ConnectionId },
}

impl Word {
    /// Whether it is a packet with somebody's payload, of which any may be lost: ChannelData, or an indication (RFC 8489 §5).
    fn is_data(&self) -> bool {
        match self {
            Self::Packet { packet, .. } => !matches!(packet[..], [0..=3, second, ..] if second & 0x10 == 0),
            _ => false,
        }
    }
}

/// A connection to a peer, and the worker whose machine knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) connection: ConnectionId,
    pub(crate) home: u16,
}

/// How one worker reaches the others.
pub(crate) struct Neighbours {
    /// Its own number.
    pub(crate) own: u16,
    all: Arc<[Ear]>,
}

/// What is said to one worker.
struct Ear {
    packets: mpsc::Sender<Word>,
    words: mpsc::Sender<Word>,
}

/// What one worker hears.
pub(crate) struct Heard {
    packets: mpsc::Receiver<Word>,
    words: mpsc::Receiver<Word>,
}

impl Heard {
    /// The next; packets last.
    pub(crate) async fn next(&mut self) -> Option<Word> {
        tokio::select! {
            biased;
            word = self.words.recv() => word,
            packet = self.packets.recv() => packet,
        }
    }
}

/// One for each worker, and what it hears.
pub(crate) fn neighbours(workers: u16) -> Vec<(Neighbours, Heard)> {
    let pair = |_| {
        let (says_packets, packets) = mpsc::channel(PACKETS);
        let (says_words, words) = mpsc::channel(WORDS);
        (Ear { packets: says_packets, words: says_words }, Heard { packets, words })
    };
    let (says, hears): (Vec<_>, Vec<_>) = (0..workers).map(pair).unzip();
    let all: Arc<[_]> = says.into();
    hears.into_iter().zip(0..).map(|(hears, own)| (Neighbours { own, all: all.clone() }, hears)).collect()
}

impl Neighbours {
    /// How many workers there are.
    pub(crate) fn count(&self) -> u16 {
        self.all.len() as u16
    }

    /// Says it to a worker. `false`: it is lost, for there is none, or too much waits for it already.
    pub(crate) fn tell(&self, worker: u16, word: Word) -> bool {
        self.all.get(usize::from(worker)).is_some_and(|ear| {
            let row = if word.is_data() { &ear.packets } else { &ear.words };
            row.try_send(word).is_ok()
        })
    }

    /// The number of this worker's link that has `place` among them.
    pub(crate) fn link(&self, place: u64) -> u64 {
        u64::from(self.own) << LINK_BITS | place
    }
}

/// Whose link it is.
pub(crate) fn home_of(link: u64) -> u16 {
    (link >> LINK_BITS) as u16
}
