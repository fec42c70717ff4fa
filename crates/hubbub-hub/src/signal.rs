//! Signals: what one session tells another in the same room and nothing keeps, such as the offers, answers and candidates by which two
//! browsers find each other (WebRTC, JSEP, RFC 9429 §4.1). The hub does not look into them.

use std::sync::Arc;

use bytes::Bytes;

use crate::address::UserAddress;
use crate::event::Sender;

/// By which resource signals reach a session: the last part of its address, behind the user's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Hears {
    /// By none: it has no words for them.
    #[default]
    Nothing,
    /// By its key.
    ByKey,
    /// By a name of its own, such as the resource of an XMPP stream.
    ByName(Arc<str>),
}

/// To whom a signal goes: to those in the room who hear signals, and never to the session that sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalTo {
    /// To all of a user's sessions.
    User(UserAddress),
    /// To one session, by its resource.
    Session(UserAddress, Arc<str>),
    /// To all sessions of whoever is called so in the room.
    Named(Arc<str>),
}

/// A signal that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// To whom.
    pub to: SignalTo,
    /// What: JSON. `None`: nobody is told, because nothing is left of it that may be; whoever sends it is answered as for any other.
    pub body: Option<Bytes>,
    /// Bytes that it counts as: those that its sender wrote, or those written for whoever hears it in the longest form, if they are more.
    pub counts: usize,
}

/// A signal that somebody hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signalled {
    /// Whose.
    pub from: Sender,
    /// Which of his sessions', unless the room hides who people are: then he is known by his name there alone.
    pub resource: Option<Arc<str>>,
    /// What: JSON.
    pub body: Bytes,
}

/// How much one session may be told in signals, whoever sends them: one that reads what it is told, if slowly, is not to be ended by
/// others who have many sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardPace {
    /// Bytes a second, on average; 0 for any number.
    pub rate: u64,
    /// Bytes that may come at once.
    pub burst: u64,
}

/// What a signal counts beside its bytes: about as much is written around it, and many are small.
const AROUND: u64 = 256;

/// What one session has been told in signals and may not have read yet, as far as a room knows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Heard {
    /// In thousandths of bytes.
    waits: u64,
    /// When that was reckoned, in process time.
    reckoned_ms: u64,
}

impl Heard {
    /// Counts a signal of so many bytes, if it may be told now. One may whatever its size, when none before it is counted any more.
    pub(crate) fn tell(&mut self, bytes: usize, pace: HeardPace, now_ms: u64) -> bool {
        if pace.rate == 0 {
            return true;
        }
        let read = now_ms.saturating_sub(self.reckoned_ms).saturating_mul(pace.rate);
        let waits = self.waits.saturating_sub(read);
        let then = waits + (bytes as u64 + AROUND) * 1000;
        let may = waits == 0 || then <= pace.burst.saturating_mul(1000);
        *self = Self { waits: if may { then } else { waits }, reckoned_ms: now_ms };
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: HeardPace = HeardPace { rate: 1000, burst: 3 * (AROUND + 44) };

    #[test]
    fn as_much_at_once_as_may_be_and_then_by_and_by() {
        let mut heard = Heard::default();
        let mut told = |now_ms| (0..10).filter(|_| heard.tell(44, PACE, now_ms)).count();
        assert_eq!([told(5000), told(5299), told(5300), told(5300), told(60_000)], [3, 0, 1, 0, 3]);
    }

    #[test]
    fn one_may_be_larger_than_all_that_may_come_at_once() {
        let mut heard = Heard::default();
        let larger = 2000 - AROUND as usize;
        assert!(heard.tell(larger, PACE, 5000) && !heard.tell(larger, PACE, 6999));
        assert!(heard.tell(larger, PACE, 7000) && !heard.tell(0, PACE, 7000));
    }

    #[test]
    fn without_a_rate_there_is_no_end() {
        let mut heard = Heard::default();
        assert!((0..1000).all(|_| heard.tell(1 << 20, HeardPace { rate: 0, burst: 1 }, 1)));
    }
}
