//! What is counted and kept for stream management (XEP-0198): it outlives the stream, and moves to the one that resumes it.

use super::{Kind, Pieces};
use crate::jid::Jid;
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

/// The namespace of stream management.
pub(super) const NS_SM: &str = "urn:xmpp:sm:3";
/// After so many stanzas the client is asked to acknowledge them ...
const ASK_AFTER: u32 = 10;
/// ... or after so many bytes.
const ASK_AFTER_BYTES: usize = 32 * 1024;
/// Most stanzas of a client that somebody is about to keep; what was before them counts as kept.
const UNKEPT: usize = 4096;
/// What a stanza costs on the queue besides its bytes.
const ENTRY: usize = size_of::<Pieces>();

/// The stream management of one session: how many stanzas went each way, and those that the client has not acknowledged.
///
/// It can be sent to another thread. While no stream carries the session, [`push`](Self::push) keeps what comes for it.
#[derive(Debug)]
pub struct SmState {
    id: String,
    jid: Jid,
    /// What the queued stanzas were written for.
    kind: Kind,
    /// How long it waits for its client, in seconds; `None`: it cannot be resumed.
    max_s: Option<u32>,
    /// Stanzas of the client that came, modulo 2^32.
    came: u32,
    /// Those of them that somebody is still about to keep, by their numbers.
    unkept: VecDeque<(u32, Weak<()>)>,
    /// Stanzas sent, ...
    sent: u64,
    /// ... and those of them that the client has handled.
    acked: u64,
    queue: VecDeque<Pieces>,
    bytes: usize,
    limits: (usize, usize),
    /// Stanzas and bytes sent since the client was asked.
    unasked: (u32, usize),
}

/// On a stanza that is to be kept: until all of it is dropped, the client is not told that the stanza was handled (XEP-0198 §4: the
/// server has taken responsibility for it). Whoever loses a stanza on the way drops its claim with it.
#[derive(Debug, Clone)]
#[must_use]
pub struct Claim(#[expect(dead_code, reason = "it is only counted")] Arc<()>);

/// The queue is longer than it may be. What was pushed is on it all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much waits for the client's acknowledgement")]
pub struct Full;

/// What came of an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acked {
    /// So many stanzas are off the queue.
    Gone,
    /// More than was sent (XEP-0198 §4).
    TooHigh,
}

impl SmState {
    pub(super) fn new(id: String, jid: Jid, kind: Kind, max_s: Option<u32>, limits: (usize, usize)) -> Self {
        Self {
            id,
            jid,
            kind,
            max_s,
            came: 0,
            unkept: VecDeque::new(),
            sent: 0,
            acked: 0,
            queue: VecDeque::new(),
            bytes: 0,
            limits,
            unasked: (0, 0),
        }
    }

    /// The id by which the client resumes it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The full address of the session.
    pub fn jid(&self) -> &Jid {
        &self.jid
    }

    /// How long it waits for its client, in seconds; `None`: it cannot be resumed.
    pub fn max_s(&self) -> Option<u32> {
        self.max_s
    }

    /// How many stanzas of the client have been handled, modulo 2^32: all before the first that somebody is still about to keep.
    pub fn handled(&self) -> u32 {
        let unkept = self.unkept.iter().find(|(_, claim)| claim.strong_count() > 0);
        unkept.map_or(self.came, |(number, _)| number.wrapping_sub(1))
    }

    /// How many stanzas of the client have come, modulo 2^32.
    pub(super) fn came(&self) -> u32 {
        self.came
    }

    /// How many stanzas wait for an acknowledgement.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether more than half of what may wait does.
    pub fn is_pressed(&self) -> bool {
        self.bytes > self.limits.0 / 2 || self.queue.len() > self.limits.1 / 2
    }

    /// Keeps a stanza until the client says that it has handled it.
    ///
    /// # Errors
    ///
    /// If more waits than may: it is time to give the session up.
    pub fn push(&mut self, stanza: impl Into<Pieces>) -> Result<(), Full> {
        let stanza = stanza.into();
        self.sent += 1;
        self.bytes += stanza.len() + ENTRY;
        self.unasked.0 += 1;
        self.unasked.1 += stanza.len();
        self.queue.push_back(stanza);
        if self.bytes > self.limits.0 || self.queue.len() > self.limits.1 { Err(Full) } else { Ok(()) }
    }

    /// What the client has not acknowledged, oldest first.
    pub fn into_unacked(self) -> Vec<Pieces> {
        self.queue.into()
    }

    pub(super) fn unacked(&self) -> impl Iterator<Item = &Pieces> {
        self.queue.iter()
    }

    pub(super) fn take_unacked(&mut self) -> Vec<Pieces> {
        self.bytes = 0;
        self.acked = self.sent;
        self.queue.drain(..).collect()
    }

    /// It cannot be resumed any more.
    pub(super) fn finish(&mut self) {
        self.max_s = None;
    }

    /// A stanza has come. If it may be one to keep, it does not count as handled as long as the claim is held.
    pub(super) fn stanza_came(&mut self, is_message: bool) -> Option<Claim> {
        self.came = self.came.wrapping_add(1);
        while self.unkept.len() >= UNKEPT
            || self.unkept.front().is_some_and(|(_, one)| one.strong_count() == 0)
        {
            self.unkept.pop_front();
        }
        if !is_message {
            return None;
        }
        let claim = Arc::new(());
        self.unkept.push_back((self.came, Arc::downgrade(&claim)));
        Some(Claim(claim))
    }

    /// How many stanzas were sent, as the client counts them.
    pub(super) fn sent(&self) -> u32 {
        self.sent as u32
    }

    /// Whether it is time to ask the client for an acknowledgement; then it counts as asked.
    pub(super) fn wants_to_ask(&mut self) -> bool {
        let due = self.unasked.0 >= ASK_AFTER || self.unasked.1 >= ASK_AFTER_BYTES;
        if due {
            self.asked();
        }
        due
    }

    pub(super) fn asked(&mut self) {
        self.unasked = (0, 0);
    }

    /// The client says it has handled `h` stanzas, modulo 2^32 (XEP-0198 §4). To say again what it said before changes
    /// nothing.
    pub(super) fn acknowledge(&mut self, h: u32) -> Acked {
        let ahead = h.wrapping_sub(self.acked as u32);
        if ahead as usize > self.queue.len() {
            let behind = u64::from((self.acked as u32).wrapping_sub(h));
            let said_before = behind <= self.acked && behind < 1 << 31;
            return if said_before { Acked::Gone } else { Acked::TooHigh };
        }
        for stanza in self.queue.drain(..ahead as usize) {
            self.bytes -= stanza.len() + ENTRY;
        }
        self.acked += u64::from(ahead);
        Acked::Gone
    }

    /// The session goes on over a stream of this kind: where the stanzas were written for another, they are mended. On TCP
    /// a root without `xmlns` has the namespace of the stream; on WebSocket it must name it (RFC 7395 §3.3.3).
    pub fn carry_over(&mut self, kind: Kind) {
        if self.kind == Kind::Tcp && kind == Kind::WebSocket {
            self.queue.iter_mut().for_each(|stanza| {
                *stanza = Pieces::from(standing_alone(&stanza.to_bytes())).since(stanza.since_ms());
            });
        }
        self.kind = kind;
        self.bytes = self.queue.iter().map(|stanza| stanza.len() + ENTRY).sum();
    }
}

/// The stanza with `xmlns` on its root, where it has none: as it can be read by itself.
pub fn standing_alone(stanza: &Bytes) -> Bytes {
    const NAMESPACE: &[u8] = b" xmlns='jabber:client'";
    let head = stanza.iter().position(|byte| *byte == b'>').unwrap_or(stanza.len());
    if memchr::memmem::find(&stanza[..head], b" xmlns=").is_some() {
        return stanza.clone();
    }
    let name = stanza.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>'));
    let (name, rest) = stanza.split_at(name.unwrap_or(stanza.len()));
    let mut mended = BytesMut::with_capacity(stanza.len() + NAMESPACE.len());
    mended.put_slice(name);
    mended.put_slice(NAMESPACE);
    mended.put_slice(rest);
    mended.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> SmState {
        let jid = Jid::parse("juliet@example.org/balcony").unwrap();
        SmState::new("x".to_owned(), jid, Kind::Tcp, Some(300), (1 << 20, 100))
    }

    fn stanza() -> Pieces {
        Bytes::from_static(b"<message/>").into()
    }

    #[test]
    fn what_is_acknowledged_leaves_the_queue() {
        let mut state = state();
        (0..3).for_each(|_| state.push(stanza()).unwrap());
        assert_eq!(state.acknowledge(2), Acked::Gone);
        assert_eq!(state.waiting(), 1);
        assert_eq!(state.acknowledge(1), Acked::Gone, "said before");
        assert_eq!(state.waiting(), 1);
        assert_eq!(state.acknowledge(4), Acked::TooHigh);
        assert_eq!(state.acknowledge(u32::MAX), Acked::TooHigh);
        assert_eq!(state.acknowledge(3), Acked::Gone);
        assert_eq!((state.waiting(), state.bytes), (0, 0));
    }

    #[test]
    fn counters_go_round() {
        let mut state = state();
        state.sent = u64::from(u32::MAX) - 1;
        state.acked = state.sent;
        state.came = u32::MAX;
        assert!(state.stanza_came(false).is_none());
        assert_eq!(state.handled(), 0);
        (0..4).for_each(|_| state.push(stanza()).unwrap());
        assert_eq!(state.sent(), 2);
        assert_eq!(state.acknowledge(3), Acked::TooHigh);
        assert_eq!(state.acknowledge(1), Acked::Gone);
        assert_eq!(state.waiting(), 1);
        assert_eq!(state.acknowledge(u32::MAX), Acked::Gone, "said before");
        assert_eq!(state.waiting(), 1);
        assert_eq!(state.acknowledge(2), Acked::Gone);
        assert_eq!(state.waiting(), 0);
    }

    #[test]
    fn the_queue_is_bounded_both_ways() {
        let mut state = state();
        (0..100).for_each(|_| state.push(stanza()).unwrap());
        assert_eq!(state.push(stanza()), Err(Full));
        assert_eq!(state.waiting(), 101, "it is not lost");
        let mut state = self::state();
        assert_eq!(state.push(vec![b' '; 1 << 20]), Err(Full));
    }

    #[test]
    fn the_namespace_is_added_once() {
        for (before, after) in [
            ("<message/>", "<message xmlns='jabber:client'/>"),
            ("<iq id='1'><q xmlns='x'/></iq>", "<iq xmlns='jabber:client' id='1'><q xmlns='x'/></iq>"),
            ("<presence>x</presence>", "<presence xmlns='jabber:client'>x</presence>"),
            ("<message xmlns='jabber:client'/>", "<message xmlns='jabber:client'/>"),
        ] {
            assert_eq!(standing_alone(&Bytes::from_static(before.as_bytes())), after.as_bytes());
        }
    }
}
