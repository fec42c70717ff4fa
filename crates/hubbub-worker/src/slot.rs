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
    /// Messages it may publish now, in thousandths, and when that was reckoned.
    pub(crate) allowance: (u64, u64),
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
