//! The checker: every receiver gets every message of one sender exactly once, in order, byte for byte.
//!
//! It keeps the messages that somebody still waits for and, per receiver, the number of the next one. A delivery is
//! right if its bytes are those of exactly that message: one comparison, no parsing. Only a wrong delivery is taken apart,
//! to say what is wrong with it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Nanos;
use crate::stamp::Stamp;

/// After the last message, a duplicate gets this long to show itself.
pub(crate) const AFTERMATH: Duration = Duration::from_millis(200);

/// What is wrong with a delivery.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// A later message came first: those between are lost or out of order.
    #[error("receiver {receiver} got message {got} before message {expected}: lost or out of order")]
    Skipped {
        /// Who received it.
        receiver: usize,
        /// What should have come.
        expected: u64,
        /// What came.
        got: u64,
    },
    /// A message that this receiver already has: a duplicate or out of order.
    #[error(
        "receiver {receiver} got message {got} again, having all before {expected}: duplicate or out of order"
    )]
    Repeated {
        /// Who received it.
        receiver: usize,
        /// What should have come.
        expected: u64,
        /// What came.
        got: u64,
    },
    /// Of another run, of another sender, or never sent.
    #[error("receiver {receiver} got a message that nobody sent to it: {stamp:?}")]
    Foreign {
        /// Who received it.
        receiver: usize,
        /// What it says of itself.
        stamp: Stamp,
    },
    /// The right message with other bytes, or no message of ours at all.
    #[error("receiver {receiver} got damaged bytes instead of message {expected}: {start:?}")]
    Damaged {
        /// Who received it.
        receiver: usize,
        /// What should have come.
        expected: u64,
        /// How the bytes begin.
        start: String,
    },
}

/// A message that somebody still waits for.
struct Outstanding {
    bytes: Vec<u8>,
    sent: Nanos,
    waiting: usize,
}

/// Follows one sender's messages to all of their receivers.
pub(crate) struct Checker {
    run: u64,
    sender: u32,
    size: usize,
    next: Vec<u64>,
    /// Number of the first message in `outstanding`.
    base: u64,
    outstanding: VecDeque<Outstanding>,
}

impl Checker {
    /// Nothing sent yet; `receivers` will get whatever is. Messages are `size` bytes long.
    pub(crate) fn new(run: u64, sender: u32, size: usize, receivers: usize) -> Self {
        Self { run, sender, size, next: vec![0; receivers], base: 0, outstanding: VecDeque::new() }
    }

    /// Makes the next message, sent at `now`, and remembers that all receivers wait for it.
    pub(crate) fn send(&mut self, now: Nanos) -> &[u8] {
        let stamp = Stamp { run: self.run, sender: self.sender, seq: self.sent() };
        let bytes = stamp.message(self.size);
        self.outstanding.push_back(Outstanding { bytes, sent: now, waiting: self.next.len() });
        &self.outstanding.back().expect("just pushed").bytes
    }

    /// How many messages have been sent.
    pub(crate) fn sent(&self) -> u64 {
        self.base + self.under_way()
    }

    /// How many messages somebody still waits for.
    pub(crate) fn under_way(&self) -> u64 {
        self.outstanding.len() as u64
    }

    /// Whether every receiver has every message.
    pub(crate) fn settled(&self) -> bool {
        self.outstanding.is_empty()
    }

    /// Takes a delivery; answers when the message was sent.
    ///
    /// # Errors
    /// Any [`Fault`]: the delivery is not the very next message for this receiver.
    pub(crate) fn receive(&mut self, receiver: usize, payload: &[u8]) -> Result<Nanos, Fault> {
        let expected = self.next[receiver];
        let slot = (expected - self.base) as usize;
        let Some(message) = self.outstanding.get_mut(slot).filter(|m| m.bytes == payload) else {
            return Err(self.diagnose(receiver, payload));
        };
        self.next[receiver] += 1;
        message.waiting -= 1;
        let sent = message.sent;
        while self.outstanding.front().is_some_and(|m| m.waiting == 0) {
            self.outstanding.pop_front();
            self.base += 1;
        }
        Ok(sent)
    }

    /// Says in words what has been sent and not received.
    pub(crate) fn missing(&self) -> String {
        let late: Vec<usize> = (0..self.next.len()).filter(|&r| self.next[r] < self.sent()).collect();
        let lost: u64 = late.iter().map(|&r| self.sent() - self.next[r]).sum();
        match late.first() {
            None => "nothing is missing".to_owned(),
            Some(&first) => format!(
                "{lost} deliveries are missing at {} of {} receivers; receiver {first} waits for message {} of {}",
                late.len(),
                self.next.len(),
                self.next[first],
                self.sent()
            ),
        }
    }

    fn diagnose(&self, receiver: usize, payload: &[u8]) -> Fault {
        let expected = self.next[receiver];
        let start = String::from_utf8_lossy(&payload[..payload.len().min(64)]).into_owned();
        let Some(stamp) = Stamp::parse(payload) else {
            return Fault::Damaged { receiver, expected, start };
        };
        if stamp.run != self.run || stamp.sender != self.sender || stamp.seq >= self.sent().max(expected) {
            return Fault::Foreign { receiver, stamp };
        }
        match stamp.seq.cmp(&expected) {
            std::cmp::Ordering::Less => Fault::Repeated { receiver, expected, got: stamp.seq },
            std::cmp::Ordering::Greater => Fault::Skipped { receiver, expected, got: stamp.seq },
            std::cmp::Ordering::Equal => Fault::Damaged { receiver, expected, start },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A checker for `receivers` with `sent` messages on their way, and those messages.
    fn under_way(receivers: usize, sent: u64) -> (Checker, Vec<Vec<u8>>) {
        let mut checker = Checker::new(9, 1, 64, receivers);
        let messages = (0..sent).map(|at| checker.send(at).to_vec()).collect();
        (checker, messages)
    }

    #[test]
    fn once_in_order_is_right() {
        let (mut checker, messages) = under_way(2, 3);
        for (at, message) in messages.iter().enumerate() {
            assert_eq!(checker.receive(0, message), Ok(at as u64));
        }
        assert!(!checker.settled());
        for message in &messages {
            checker.receive(1, message).unwrap();
        }
        assert!(checker.settled());
        assert_eq!(checker.missing(), "nothing is missing");
    }

    #[test]
    fn loss_shows_at_the_next_message() {
        let (mut checker, messages) = under_way(1, 3);
        checker.receive(0, &messages[0]).unwrap();
        assert_eq!(
            checker.receive(0, &messages[2]),
            Err(Fault::Skipped { receiver: 0, expected: 1, got: 2 })
        );
    }

    #[test]
    fn loss_of_the_last_message_shows_as_missing() {
        let (mut checker, messages) = under_way(2, 2);
        for receiver in 0..2 {
            checker.receive(receiver, &messages[0]).unwrap();
        }
        checker.receive(0, &messages[1]).unwrap();
        assert!(!checker.settled());
        assert_eq!(
            checker.missing(),
            "1 deliveries are missing at 1 of 2 receivers; receiver 1 waits for message 1 of 2"
        );
    }

    #[test]
    fn duplicates_show_while_others_still_wait() {
        let (mut checker, messages) = under_way(2, 2);
        checker.receive(0, &messages[0]).unwrap();
        assert_eq!(
            checker.receive(0, &messages[0]),
            Err(Fault::Repeated { receiver: 0, expected: 1, got: 0 })
        );
    }

    #[test]
    fn duplicates_show_after_all_have_received() {
        let (mut checker, messages) = under_way(1, 1);
        checker.receive(0, &messages[0]).unwrap();
        assert_eq!(
            checker.receive(0, &messages[0]),
            Err(Fault::Repeated { receiver: 0, expected: 1, got: 0 })
        );
    }

    #[test]
    fn disorder_shows_at_the_first_message_out_of_place() {
        let (mut checker, messages) = under_way(1, 2);
        assert_eq!(
            checker.receive(0, &messages[1]),
            Err(Fault::Skipped { receiver: 0, expected: 0, got: 1 })
        );
    }

    #[test]
    fn other_runs_other_senders_and_the_future_are_foreign() {
        let (mut checker, _) = under_way(1, 1);
        for stamp in [
            Stamp { run: 8, sender: 1, seq: 0 },
            Stamp { run: 9, sender: 2, seq: 0 },
            Stamp { run: 9, sender: 1, seq: 1 },
        ] {
            assert_eq!(checker.receive(0, &stamp.message(64)), Err(Fault::Foreign { receiver: 0, stamp }));
        }
    }

    #[test]
    fn damage_shows() {
        let (mut checker, messages) = under_way(1, 1);
        let mut flipped = messages[0].clone();
        flipped[60] ^= 1;
        assert!(matches!(checker.receive(0, &flipped), Err(Fault::Damaged { expected: 0, .. })));
        assert!(matches!(checker.receive(0, &messages[0][..63]), Err(Fault::Damaged { .. })));
        assert!(matches!(checker.receive(0, b""), Err(Fault::Damaged { .. })));
        checker.receive(0, &messages[0]).unwrap();
    }
}
