//! The packets that go one way through one allocation: how many are under way, which are right, which are lost.
//!
//! A server may lose a packet, but it must not repeat one, nor change their order.

use crate::check::Fault;
use crate::clock::Nanos;
use crate::stamp::Stamp;

/// One way through one allocation.
pub(crate) struct Flow {
    /// When those that are under way were sent; as many as may be.
    times: Box<[Nanos]>,
    sent: u64,
    /// The first that has not come and is not given up.
    expected: u64,
    /// Whether anything has come since somebody asked.
    heard: bool,
    /// When something last came, or was sent while nothing was under way.
    progress: Nanos,
    /// Numbers of those that were waited for too long.
    given_up: Vec<u64>,
}

/// What a packet that has come tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// When it was sent, and how many before it will not come.
    Next(Nanos, u64),
    /// It was counted as lost.
    Late,
}

impl Flow {
    /// With at most `window` packets under way.
    pub(crate) fn new(window: usize) -> Self {
        let times = vec![0; window].into();
        Self { times, sent: 0, expected: 0, heard: false, progress: 0, given_up: Vec::new() }
    }

    /// How many are under way.
    pub(crate) fn under_way(&self) -> u64 {
        self.sent - self.expected
    }

    /// The number of the next packet, which is sent now. There are never more under way than the window has room for.
    pub(crate) fn send(&mut self, now: Nanos) -> u64 {
        if self.under_way() == 0 {
            self.progress = now;
        }
        let seq = self.sent;
        *self.time(seq) = now;
        self.sent += 1;
        seq
    }

    /// Takes a packet of `receiver`'s, whose content is what its stamp says.
    ///
    /// # Errors
    /// [`Fault::Foreign`] if none such was sent, [`Fault::Repeated`] if it has come already, or a later one has.
    pub(crate) fn receive(&mut self, receiver: usize, stamp: Stamp, now: Nanos) -> Result<Arrival, Fault> {
        let (got, expected) = (stamp.seq, self.expected);
        if got >= self.sent {
            return Err(Fault::Foreign { receiver, stamp });
        }
        if got < expected {
            let late = self.given_up.iter().position(|&seq| seq == got);
            let late = late.ok_or(Fault::Repeated { receiver, expected, got })?;
            self.given_up.swap_remove(late);
            return Ok(Arrival::Late);
        }
        self.expected = got + 1;
        self.progress = now;
        self.heard = true;
        Ok(Arrival::Next(*self.time(got), got - expected))
    }

    /// Whether anything has come since this was asked last.
    pub(crate) fn heard(&mut self) -> bool {
        std::mem::take(&mut self.heard)
    }

    /// Waits no more for what is under way if nothing has come for `pause`; answers how many that are.
    pub(crate) fn give_up(&mut self, now: Nanos, pause: Nanos) -> u64 {
        let lost = self.under_way();
        if lost == 0 || now < self.progress + pause {
            return 0;
        }
        self.given_up.extend(self.expected..self.sent);
        self.expected = self.sent;
        lost
    }

    fn time(&mut self, seq: u64) -> &mut Nanos {
        let place = seq as usize % self.times.len();
        &mut self.times[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(seq: u64) -> Stamp {
        Stamp { run: 1, sender: 4, seq }
    }

    /// With so many sent, each at a hundred times its number.
    fn sent(count: u64) -> Flow {
        let mut flow = Flow::new(4);
        (0..count).for_each(|seq| assert_eq!(flow.send(seq * 100), seq));
        flow
    }

    #[test]
    fn knows_when_each_was_sent() {
        let mut flow = sent(4);
        assert_eq!(flow.receive(0, stamp(0), 350), Ok(Arrival::Next(0, 0)));
        assert_eq!(flow.send(400), 4);
        for (seq, under_way) in [(1, 3), (2, 2), (3, 1), (4, 0)] {
            assert_eq!(flow.receive(0, stamp(seq), 450), Ok(Arrival::Next(seq * 100, 0)));
            assert_eq!(flow.under_way(), under_way);
        }
    }

    #[test]
    fn a_gap_is_a_loss() {
        let mut flow = sent(4);
        assert_eq!(flow.receive(0, stamp(2), 400), Ok(Arrival::Next(200, 2)));
        assert_eq!(flow.under_way(), 1);
    }

    #[test]
    fn duplicates_and_disorder_are_faults() {
        let mut flow = sent(4);
        flow.receive(7, stamp(1), 400).unwrap();
        for got in [0, 1] {
            let fault = Fault::Repeated { receiver: 7, expected: 2, got };
            assert_eq!(flow.receive(7, stamp(got), 400), Err(fault));
        }
    }

    #[test]
    fn the_future_is_foreign() {
        let fault = Fault::Foreign { receiver: 0, stamp: stamp(2) };
        assert_eq!(sent(2).receive(0, stamp(2), 0), Err(fault));
    }

    #[test]
    fn what_is_waited_for_too_long_may_come_once_more() {
        let mut flow = sent(3);
        flow.receive(0, stamp(0), 250).unwrap();
        assert_eq!(flow.give_up(1249, 1000), 0);
        assert_eq!(flow.give_up(1250, 1000), 2);
        assert_eq!((flow.under_way(), flow.give_up(9999, 1000)), (0, 0));
        assert_eq!((flow.heard(), flow.heard()), (true, false));
        assert_eq!(flow.receive(0, stamp(2), 9999), Ok(Arrival::Late));
        assert!(!flow.heard(), "it counts as lost");
        assert!(flow.receive(0, stamp(2), 9999).is_err(), "twice is too often");
        flow.send(9999);
        assert_eq!(flow.give_up(10_000, 1000), 0, "the pause begins when it is sent");
        assert_eq!(flow.receive(0, stamp(3), 10_001), Ok(Arrival::Next(9999, 0)));
    }
}
