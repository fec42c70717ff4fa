//! What the application wants of a WebSocket: to tell its peer something, or to end it.

use hubbub_hub::Happening;
use hubbub_ws::CloseCode;

use super::{Peer, Stage};
use crate::problem::Problem;
use crate::respond::respond_problem;
use crate::session::{Act, Close, Cx};

/// The application has ended this session.
const ENDED: CloseCode = CloseCode(4403);

impl Peer {
    pub(super) fn act(&mut self, act: Act, cx: &mut Cx<'_>) -> Result<(), Close> {
        match (act, self.stage) {
            // Before the handshake is answered it waits behind the answer.
            (Act::Emit { emission, .. }, Stage::Joining | Stage::Open) => {
                self.write_events(&[Happening::Emission(emission)], cx)
            }
            // Only sessions that can come back have names of their own.
            (Act::TakenOver, _) => Ok(()),
            (Act::Disconnect(reason), Stage::Joining) => {
                respond_problem(&Problem::forbidden(reason.to_string()), cx)
            }
            (Act::Disconnect(reason), _) => self.close(ENDED, &reason, cx),
            // A WebSocket is in its one room.
            (Act::Emit { .. } | Act::Join(_) | Act::Leave(_), _) => Ok(()),
        }
    }
}
