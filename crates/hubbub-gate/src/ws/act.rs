//! What the application wants of a WebSocket: to tell its peer something, or to end it.

use hubbub_hub::Happening;
use hubbub_ws::CloseCode;

use super::control::{ENDED, NOBODY};
use super::{Peer, Stage};
use crate::problem::Problem;
use crate::respond::respond_problem;
use crate::session::{Act, Close, Cx};

impl Peer {
    /// Somebody has ended this session: the application, or those who decide in the room.
    pub(super) fn put_out(&mut self, problem: &Problem, cx: &mut Cx<'_>) -> Result<(), Close> {
        self.end_with(ENDED, problem, cx)
    }

    fn end_with(&mut self, code: CloseCode, problem: &Problem, cx: &mut Cx<'_>) -> Result<(), Close> {
        match self.stage {
            Stage::Joining => respond_problem(problem, cx),
            _ => self.close(code, &problem.detail, cx),
        }
    }

    pub(super) fn act(&mut self, act: Act, cx: &mut Cx<'_>) -> Result<(), Close> {
        match (act, self.stage) {
            // Before the handshake is answered it waits behind the answer.
            (Act::Emit { emission, .. }, Stage::Joining | Stage::Open) => {
                self.write_events(&[Happening::Emission(emission)], cx)
            }
            // Only sessions that can come back have names of their own.
            (Act::TakenOver, _) => Ok(()),
            (Act::Disconnect(reason), _) => self.put_out(&Problem::forbidden(reason.to_string()), cx),
            (Act::Removed, _) => self.end_with(NOBODY, &Problem::account_removed(), cx),
            // A WebSocket is in its one room.
            (Act::Emit { .. } | Act::Join(_) | Act::Leave(_), _) => Ok(()),
        }
    }
}
