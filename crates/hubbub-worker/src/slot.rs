//! A session's place in its worker.

use std::sync::Arc;

use hubbub_gate::outbox::Outbox;
use hubbub_gate::session::Session;
use hubbub_hub::{Identity, RoomName, SessionName, UserAddress};

use crate::seats::SeatRef;

/// One session, its outbox and its link. The outbox outlives the session until the link has sent it.
pub struct Slot<L> {
    pub(crate) generation: u32,
    pub(crate) session: Option<Box<dyn Session>>,
    /// Bytes for the link.
    pub outbox: Outbox,
    /// What the shell needs to send them; the worker does not look at it.
    pub link: L,
    /// The session wants its link encrypted once the outbox is empty; the shell sees to it, and takes this back.
    pub securing: bool,
    /// Whether a link holds this place; otherwise it is given up when the session ends.
    pub(crate) linked: bool,
    /// The session outlives its link, which is to be closed; see [`Deed::Part`](hubbub_gate::session::Deed::Part).
    pub(crate) parting: bool,
    /// Already among the touched of this turn.
    pub(crate) touched: bool,
    /// The earliest alarm set for it; later ones of its own are stale.
    pub(crate) armed_ms: u64,
    /// Rooms it has asked to join, which are told when it goes.
    pub(crate) rooms: Vec<RoomName>,
    pub(crate) seats: Vec<SeatRef>,
    /// Its public name, if it has registered one.
    pub(crate) name: Option<SessionName>,
    /// Who it is, once actions may reach it.
    pub(crate) who: Option<Arc<Identity>>,
    /// The accounts whose it is: it ends with any of them.
    pub(crate) accounts: Vec<UserAddress>,
    /// Its peer had not read all when this turn first came to it.
    pub(crate) behind: bool,
    /// Messages it may publish now.
    pub(crate) messages: Allowance,
    /// Signals it may send now.
    pub(crate) signals: Allowance,
}

/// How much somebody may do at once; it fills with time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// In thousandths.
    left: u64,
    /// When that was reckoned, in process time.
    reckoned_ms: u64,
}

impl Allowance {
    /// A whole one.
    pub(crate) fn full(now_ms: u64) -> Self {
        Self { left: u64::MAX, reckoned_ms: now_ms }
    }

    /// Spends `count`, if there are as many: `rate` come back in a second (0: there is no limit), up to `burst`. Who wants more than
    /// there ever are takes all.
    pub(crate) fn spend(&mut self, count: u64, rate: u64, burst: u64, now_ms: u64) -> bool {
        if rate == 0 {
            return true;
        }
        let gained = now_ms.saturating_sub(self.reckoned_ms).saturating_mul(rate);
        let most = burst.max(1) * 1000;
        let (left, wanted) = (self.left.saturating_add(gained).min(most), (count * 1000).min(most));
        let may = left >= wanted;
        *self = Self { left: if may { left - wanted } else { left }, reckoned_ms: now_ms };
        may
    }
}

impl<L> Slot<L> {
    /// Looks whether the peer reads what it is sent, unless this turn has written already.
    pub(crate) fn note_backlog(&mut self) {
        if !self.touched {
            self.behind = !self.outbox.is_empty();
        }
    }

    /// Whether the peer has not read yet what it was sent in earlier turns.
    pub(crate) fn is_behind(&self) -> bool {
        if self.touched { self.behind } else { !self.outbox.is_empty() }
    }

    /// Whether the link is to be closed, once what is left in the outbox has been sent: the session is over, or goes on without.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.session.is_none() || self.parting
    }

    /// Whether a session is here that letters reach, with a link or without.
    pub(crate) fn is_taken(&self) -> bool {
        self.session.is_some()
    }
}
