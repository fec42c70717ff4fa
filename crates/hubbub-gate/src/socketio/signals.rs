//! Signals over Socket.IO: `emit("hubbub:signal", {to, signal})` in a room's namespace, and in `/` as all that is said in a room.

use hubbub_hub::{Command, RoomName, Signalled};

use super::space::{Space, Stage};
use super::{Connection, Said};
use crate::engineio::line::Line;
use crate::problem::Problem;
use crate::session::Cx;
use crate::signals::Around;

impl Connection {
    /// Somebody in a room signals. The client is told once: in the room's namespace, or in `/` if it is there only by that.
    pub(super) fn hear(&self, room: &RoomName, signalled: &Signalled, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let hears = |space: &&Space| {
            let is_in = matches!(space.stage, Stage::Connected);
            is_in && space.listening.iter().any(|listening| listening.room == *room)
        };
        let heard = || self.spaces.iter().filter(hears);
        let Some(space) = heard().find(|space| !space.is_main()).or_else(|| heard().next()) else { return };
        let data = Around::room(room, cx).written(signalled);
        line.answer(self.wire(&space.namespace).signal(room, &data), cx);
    }
}

impl Said<'_> {
    /// A signal, by the argument `at`.
    ///
    /// # Errors
    /// It is none, or too large.
    pub(super) fn signal(&self, room: &RoomName, at: usize, cx: &Cx<'_>) -> Result<Command, Problem> {
        if !self.attachments.is_empty() {
            return Err(Problem::bad_request("A signal is JSON: nothing in it is binary."));
        }
        let data = self.event.args.get(at).copied().unwrap_or_default();
        Around::room(room, cx).read(data)
    }
}
