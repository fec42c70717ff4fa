//! A session's place in its worker.

use hubbub_gate::outbox::Outbox;
use hubbub_gate::session::Session;
use hubbub_hub::RoomName;

use crate::seats::SeatRef;

/// One session, its outbox and its link. The outbox outlives the session until the link has sent it.
pub struct Slot<L> {
    pub(crate) generation: u32,
    pub(crate) session: Option<Box<dyn Session>>,
    /// Bytes for the link.
    pub outbox: Outbox,
    /// What the shell needs to send them; the worker does not look at it.
    pub link: L,
    /// Whether a link holds this place; otherwise it is given up when the session ends.
    pub(crate) linked: bool,
    /// Already among the touched of this turn.
    pub(crate) touched: bool,
    /// The earliest alarm set for it; later ones of its own are stale.
    pub(crate) armed_ms: u64,
    /// Rooms it has asked to join, which are told when it goes.
    pub(crate) rooms: Vec<RoomName>,
    pub(crate) seats: Vec<SeatRef>,
    /// Messages it may publish now, in thousandths, and when that was reckoned.
    pub(crate) allowance: (u64, u64),
}

impl<L> Slot<L> {
    /// Whether the session is over and only what it left in the outbox is still to be sent.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.session.is_none()
    }
}
