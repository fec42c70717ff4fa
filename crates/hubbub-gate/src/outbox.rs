//! Bytes on their way to one link: the only place where a slow receiver is felt.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use http::response;

/// What happens when a receiver's queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// The session is closed; the peer comes back and resumes from the log.
    Close,
    /// The oldest events that nothing of was sent yet are dropped.
    DropOldest,
}

/// A piece of output that is never cut by dropping.
#[derive(Debug)]
struct Chunk {
    bytes: Bytes,
    kind: Kind,
}

/// What a piece is, which decides what may become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What happens: [`WhenFull::DropOldest`] may drop it.
    Event,
    /// An answer to the peer, such as a pong. So many that the peer does not read are too many.
    Answer,
    /// A page of backlog, asked for only when the last was sent; or the whole answer of an exchange.
    Page,
}

/// What a queued answer costs beside its bytes: many are tiny.
const OVERHEAD: usize = 64;

/// Whether something fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Push {
    /// It is queued.
    Queued,
    /// It is queued; so many older events were dropped for it.
    Dropped(u32),
    /// It is not queued: the session is to be closed.
    Overrun,
}

/// The queue of one session, in order, bounded in bytes.
#[derive(Debug)]
pub struct Outbox {
    queue: VecDeque<Chunk>,
    bytes: usize,
    /// Those of them that are [`Kind::Answer`].
    answers: usize,
    head: Option<Box<response::Parts>>,
    /// Part of the first chunk has been sent.
    begun: bool,
    tell_when_drained: bool,
}

/// What an outbox may hold.
#[derive(Debug, Clone, Copy)]
pub struct OutboxLimits {
    /// Bytes queued. A single piece larger than this is taken when nothing else is queued.
    pub bytes: usize,
    /// What to do about more.
    pub when_full: WhenFull,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Outbox {
    /// An empty outbox. It allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            bytes: 0,
            answers: 0,
            head: None,
            begun: false,
            tell_when_drained: false,
        }
    }

    /// Queues an answer or a control frame: never dropped, but see [`Self::is_flooded`].
    pub fn write(&mut self, bytes: Bytes) {
        self.append(bytes, Kind::Answer);
    }

    /// Queues a page of backlog, or the whole answer of an exchange.
    pub fn write_page(&mut self, bytes: Bytes) {
        self.append(bytes, Kind::Page);
    }

    fn append(&mut self, bytes: Bytes, kind: Kind) {
        if !bytes.is_empty() {
            self.bytes += bytes.len();
            self.answers += if kind == Kind::Answer { bytes.len() + OVERHEAD } else { 0 };
            self.queue.push_back(Chunk { bytes, kind });
        }
    }

    /// Whether the peer makes us answer and does not read the answers.
    #[must_use]
    pub fn is_flooded(&self, limits: OutboxLimits) -> bool {
        self.answers > limits.bytes
    }

    /// Queues events, within `limits`.
    pub fn push(&mut self, bytes: Bytes, limits: OutboxLimits) -> Push {
        let mut dropped = 0;
        if self.bytes + bytes.len() > limits.bytes && !self.queue.is_empty() {
            if limits.when_full == WhenFull::Close {
                return Push::Overrun;
            }
            dropped = self.drop_oldest(self.bytes + bytes.len() - limits.bytes);
        }
        self.append(bytes, Kind::Event);
        if dropped == 0 { Push::Queued } else { Push::Dropped(dropped) }
    }

    fn drop_oldest(&mut self, mut excess: usize) -> u32 {
        let mut dropped = 0;
        let mut at = usize::from(self.begun);
        while excess > 0 && at < self.queue.len() {
            if self.queue[at].kind != Kind::Event {
                at += 1;
                continue;
            }
            if let Some(chunk) = self.queue.remove(at) {
                self.bytes -= chunk.bytes.len();
                excess = excess.saturating_sub(chunk.bytes.len());
                dropped += 1;
            }
        }
        dropped
    }

    /// Drops all that nothing was sent of yet.
    pub fn clear_unsent(&mut self) {
        self.queue.truncate(usize::from(self.begun));
        self.bytes = self.queue.iter().map(|chunk| chunk.bytes.len()).sum();
        self.answers = 0;
    }

    /// Sets the status and headers of an HTTP exchange. What is queued is its body, or after `101` what follows it.
    pub fn answer(&mut self, head: response::Parts) {
        self.head = Some(Box::new(head));
    }

    /// Takes the head, for the link to send.
    pub fn take_head(&mut self) -> Option<response::Parts> {
        self.head.take().map(|head| *head)
    }

    /// Whether a head waits to be taken.
    #[must_use]
    pub fn has_head(&self) -> bool {
        self.head.is_some()
    }

    /// Asks for [`crate::session::Input::Drained`] when all has been handed to the link.
    pub fn tell_when_drained(&mut self) {
        self.tell_when_drained = true;
    }

    /// Whether the session wants to be told now.
    pub fn take_drained(&mut self) -> bool {
        self.queue.is_empty() && std::mem::take(&mut self.tell_when_drained)
    }

    /// Bytes queued.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether nothing is queued.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The queued pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.queue.iter().map(|chunk| &chunk.bytes[..])
    }

    /// Takes the first piece, for a link that pulls.
    pub fn pop(&mut self) -> Option<Bytes> {
        let chunk = self.queue.pop_front()?;
        self.bytes -= chunk.bytes.len();
        self.answered(chunk.kind, chunk.bytes.len());
        self.begun = false;
        self.shrink();
        Some(chunk.bytes)
    }

    /// As [`Self::pop`], but at most so many bytes: for a link that copies what it takes before it knows whether its peer reads.
    /// What is left still waits here, is counted, and shared with all who wait for the same.
    pub fn pop_within(&mut self, most: usize) -> Option<Bytes> {
        let first = self.queue.front_mut()?;
        if first.bytes.len() <= most {
            return self.pop();
        }
        let part = first.bytes.split_to(most);
        self.begun = true;
        self.bytes -= most;
        self.answers -= if first.kind == Kind::Answer { most } else { 0 };
        Some(part)
    }

    /// The link has sent so many bytes.
    pub fn sent(&mut self, mut count: usize) {
        self.bytes -= count;
        while let Some(first) = self.queue.front_mut() {
            let (kind, len) = (first.kind, first.bytes.len());
            if count < len {
                first.bytes.advance(count);
                self.begun |= count > 0;
                self.answers -= if kind == Kind::Answer { count } else { 0 };
                return;
            }
            count -= len;
            self.begun = false;
            self.queue.pop_front();
            self.answered(kind, len);
        }
        self.shrink();
    }

    fn answered(&mut self, kind: Kind, count: usize) {
        if kind == Kind::Answer {
            self.answers = self.answers.saturating_sub(count + OVERHEAD);
        }
    }

    /// A queue that once was long does not keep its memory.
    fn shrink(&mut self) {
        if self.queue.is_empty() && self.queue.capacity() > 8 {
            self.queue = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSE: OutboxLimits = OutboxLimits { bytes: 10, when_full: WhenFull::Close };
    const DROP: OutboxLimits = OutboxLimits { bytes: 10, when_full: WhenFull::DropOldest };

    fn content(outbox: &Outbox) -> Vec<u8> {
        outbox.pieces().flatten().copied().collect()
    }

    #[test]
    fn a_full_outbox_overruns() {
        let mut outbox = Outbox::new();
        assert_eq!(outbox.push(Bytes::from_static(b"12345678"), CLOSE), Push::Queued);
        assert_eq!(outbox.push(Bytes::from_static(b"abc"), CLOSE), Push::Overrun);
        assert_eq!(content(&outbox), b"12345678");
    }

    #[test]
    fn one_large_piece_passes_when_nothing_waits() {
        let mut outbox = Outbox::new();
        assert_eq!(outbox.push(Bytes::from_static(b"0123456789abcdef"), CLOSE), Push::Queued);
    }

    #[test]
    fn dropping_spares_what_has_begun_and_what_is_no_event() {
        let mut outbox = Outbox::new();
        let _ = outbox.push(Bytes::from_static(b"1111"), DROP);
        let _ = outbox.push(Bytes::from_static(b"222"), DROP);
        outbox.write(Bytes::from_static(b"P"));
        outbox.sent(2);
        assert_eq!(outbox.push(Bytes::from_static(b"333333"), DROP), Push::Dropped(1));
        assert_eq!(content(&outbox), b"11P333333");
        assert_eq!(outbox.len(), 9);
    }

    #[test]
    fn a_piece_taken_in_parts_is_whole_and_counted_until_it_is_gone() {
        let mut outbox = Outbox::new();
        let _ = outbox.push(Bytes::from_static(b"0123456789abcdef"), CLOSE);
        assert_eq!(outbox.pop_within(7).as_deref(), Some(&b"0123456"[..]));
        assert_eq!(outbox.len(), 9);
        assert_eq!(outbox.push(Bytes::from_static(b"more"), CLOSE), Push::Overrun);
        assert_eq!(
            outbox.push(Bytes::from_static(b"more"), DROP),
            Push::Queued,
            "what has begun is not dropped"
        );
        let rest: Vec<_> = std::iter::from_fn(|| outbox.pop_within(7)).collect();
        assert_eq!(rest, [&b"789abcd"[..], b"ef", b"more"]);
        assert_eq!((outbox.len(), outbox.is_empty()), (0, true));
    }

    #[test]
    fn an_answer_taken_in_parts_is_no_flood_afterwards() {
        let mut outbox = Outbox::new();
        outbox.write(Bytes::from(vec![b'a'; 100]));
        assert!(outbox.is_flooded(CLOSE));
        while outbox.pop_within(30).is_some() {}
        assert!(!outbox.is_flooded(CLOSE));
    }

    #[test]
    fn sending_in_odd_steps_loses_nothing() {
        let mut outbox = Outbox::new();
        for piece in ["abc", "defg", "h"] {
            outbox.write(Bytes::from_static(piece.as_bytes()));
        }
        outbox.sent(4);
        assert_eq!(content(&outbox), b"efgh");
        outbox.sent(4);
        assert!(outbox.is_empty());
        assert_eq!(outbox.len(), 0);
    }
}
